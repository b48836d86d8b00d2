/* test_windows.c: what the checker says of who suppressed whom: I11. */
#include "tests/proof/tale.h"

#include <criterion/criterion.h>

#define BOTH TO_NOTICE | TO_SOAR
#define OPEN(offset_, id_, ...) PRODUCED(offset_, id_, .targets = TO_SOAR, __VA_ARGS__)
#define DONE(offset_, id_, ...) OPEN(offset_, id_, __VA_ARGS__), EXECUTED(SOAR, id_)
#define CLAIMED(id_, ...) KEY(id_, "-", "C", __VA_ARGS__)
#define HANDED(target_, from_, to_) \
    { .fact = { .kind = FACT_HANDED, .worker = 1, .target = (target_) }, .id = (to_), .other = (from_) }
#define OPENED(target_, id_, ...) { .fact = { .kind = FACT_OPENED, .worker = 1, .target = (target_), __VA_ARGS__ }, .id = (id_) }
#define FAILED(offset_, id_, ...) OPEN(offset_, id_, __VA_ARGS__), PARKED(SOAR, offset_, id_)

Test(proof_windows, a_leader_was_delivered)
{
    static const struct tale tales[] = {
        { "the leader first", SOUND, 0, { DONE(0, "a"), OPEN(1, "b"), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "the leader was itself suppressed by one that was delivered", SOUND, 0,
          { DONE(0, "a"), OPEN(1, "b"), OPEN(2, "c"), SUPPRESSED(SOAR, 1, "b", "a"), SUPPRESSED(SOAR, 2, "c", "b") } },
        { "the leader was itself suppressed by one that was not", 11, 0,
          { OPEN(0, "a"), PARKED(SOAR, 0, "a"), OPEN(1, "b"), PARKED(SOAR, 1, "b"), OPEN(2, "c"), PARKED(SOAR, 2, "c"),
            SUPPRESSED(SOAR, 1, "b", "a"), SUPPRESSED(SOAR, 2, "c", "b") } },
        { "two suppress each other", 11, 0,
          { OPEN(0, "a"), PARKED(SOAR, 0, "a"), OPEN(1, "b"), PARKED(SOAR, 1, "b"), SUPPRESSED(SOAR, 1, "b", "a"),
            SUPPRESSED(SOAR, 0, "a", "b") } },
        { "the leader was suppressed afterwards", 11, 0,
          { DONE(0, "a"), OPEN(1, "b"), OPEN(2, "c"), PARKED(SOAR, 2, "c"), SUPPRESSED(SOAR, 2, "c", "b"),
            SUPPRESSED(SOAR, 1, "b", "a") } },
        { "the leader is only claimed", 11, 0,
          { OPEN(0, "a"), OPEN(1, "b"), PARKED(SOAR, 1, "b"), SUPPRESSED(SOAR, 1, "b", "a"), EXECUTED(SOAR, "a") } },
        { "the leader was parked", 11, 0,
          { OPEN(0, "a"), PARKED(SOAR, 0, "a"), OPEN(1, "b"), PARKED(SOAR, 1, "b"), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "the leader was delivered at another target", 11, 0,
          { PRODUCED(0, "a", .targets = TO_NOTICE), EXECUTED(NOTICE, "a"), OPEN(1, "b"), PARKED(SOAR, 1, "b"),
            SUPPRESSED(SOAR, 1, "b", "a") } },
    };
    EXPECT_TALES(11, tales);
}

Test(proof_windows, both_are_of_one_window)
{
    static const struct tale tales[] = {
        { "of one", SOUND, 0, { DONE(0, "a", .keys = 2), OPEN(1, "b", .keys = 2), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "at the target where both have it", SOUND, 0,
          { DONE(0, "a", .windows = TO_SOAR), PRODUCED(1, "b", .targets = BOTH, .windows = TO_SOAR), EXECUTED(NOTICE, "b"),
            SUPPRESSED(SOAR, 1, "b", "a") } },
        { "of two", 11, 0, { DONE(0, "a", .keys = 1), OPEN(1, "b", .keys = 2), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "of none", 11, 0, { DONE(0, "a", .keys = 0), OPEN(1, "b", .keys = 0), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "the leader of none", 11, 0, { DONE(0, "a", .keys = 0), OPEN(1, "b"), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "which is the other target's", 11, 0,
          { DONE(0, "a", .windows = TO_NOTICE), OPEN(1, "b", .windows = TO_NOTICE), SUPPRESSED(SOAR, 1, "b", "a") } },
    };
    EXPECT_TALES(11, tales);
}

/* The first fact of a tale is at 10 ms, each next one a step behind; a window lasts 1,000 ms. */
Test(proof_windows, a_window_comes_to_an_end)
{
    static const struct tale tales[] = {
        { "claimed on its last moment", SOUND, 0,
          { OPEN(0, "a"), CLAIMED("a", .at = 20), CALLED(SOAR, "a", .at = 30), EXECUTED(SOAR, "a"), OPEN(1, "b"),
            CLAIMED("b", .at = 1030), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "told late", SOUND, 0,
          { OPEN(0, "a"), CALLED(SOAR, "a", .at = 30), EXECUTED(SOAR, "a"), OPEN(1, "b"), CLAIMED("b", .at = 1030),
            FROZEN(5000), { .fact = { .kind = FACT_JOURNALED, .at = 6000, .worker = 1, .target = SOAR, .offset = 1 }, .id = "b",
                            .word = "duplicate", .other = "a" } } },
        { "the leader was called again, and may have opened it then", SOUND, 0,
          { OPEN(0, "a"), CALLED(SOAR, "a", .at = 30), ANSWERED(SOAR, "not_sent", .at = 40), CALLED(SOAR, "a", .at = 5000),
            EXECUTED(SOAR, "a"), OPEN(1, "b"), CLAIMED("b", .at = 6000), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "opened late", SOUND, 0,
          { OPEN(0, "a"), CLAIMED("a", .at = 20), CALLED(SOAR, "a", .at = 30), EXECUTED(SOAR, "a"), OPENED(SOAR, "a", .at = 5000),
            OPEN(1, "b"), CLAIMED("b", .at = 6000), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "opened late, and over", 11, 0,
          { OPEN(0, "a"), CLAIMED("a", .at = 20), CALLED(SOAR, "a", .at = 30), EXECUTED(SOAR, "a"), OPENED(SOAR, "a", .at = 5000),
            OPEN(1, "b"), CLAIMED("b", .at = 6001), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "opened late at the other target", 11, 0,
          { OPEN(0, "a"), CLAIMED("a", .at = 20), CALLED(SOAR, "a", .at = 30), EXECUTED(SOAR, "a"),
            OPENED(NOTICE, "a", .at = 5000), OPEN(1, "b"), CLAIMED("b", .at = 6000), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "opened late by one that had not claimed", 11, 0,
          { OPEN(0, "a"), CALLED(SOAR, "a", .at = 30), EXECUTED(SOAR, "a"), OPENED(SOAR, "a", .at = 5000), OPEN(1, "b"),
            CLAIMED("b", .at = 6000), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "opened late under another claim", 11, 0,
          { OPEN(0, "a"), CLAIMED("a", .at = 20, .hash = 7), CALLED(SOAR, "a", .at = 30), EXECUTED(SOAR, "a"),
            OPENED(SOAR, "a", .at = 5000, .hash = 8), OPEN(1, "b"), CLAIMED("b", .at = 6000), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "the store's clock jumped meanwhile", SOUND, 0,
          { OPEN(0, "a"), CALLED(SOAR, "a", .at = 30), EXECUTED(SOAR, "a"), JUMPED(.at = 40), OPEN(1, "b"),
            CLAIMED("b", .at = 9000), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "claimed behind it", 11, 0,
          { OPEN(0, "a"), CLAIMED("a", .at = 20), CALLED(SOAR, "a", .at = 30), EXECUTED(SOAR, "a"), OPEN(1, "b"),
            CLAIMED("b", .at = 1031), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "produced behind it", 11, 0,
          { OPEN(0, "a"), CALLED(SOAR, "a", .at = 30), EXECUTED(SOAR, "a"), OPEN(1, "b", .at = 1031),
            SUPPRESSED(SOAR, 1, "b", "a") } },
        { "the store lost a key meanwhile", 11, 0,
          { OPEN(0, "a"), CALLED(SOAR, "a", .at = 30), EXECUTED(SOAR, "a"), FORGOT(.at = 40), OPEN(1, "b"),
            CLAIMED("b", .at = 9000), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "the store's clock jumped before the leader came", 11, 0,
          { JUMPED(.at = 5), OPEN(0, "a"), CALLED(SOAR, "a", .at = 30), EXECUTED(SOAR, "a"), OPEN(1, "b"),
            CLAIMED("b", .at = 9000), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "its own claim was renewed", SOUND, 0,
          { OPEN(0, "a"), CALLED(SOAR, "a", .at = 30), EXECUTED(SOAR, "a"), OPEN(1, "b"), CLAIMED("b", .at = 100),
            KEY("b", "C", "C", .at = 2000), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "the leader's claim was renewed", 11, 0,
          { OPEN(0, "a"), CLAIMED("a", .at = 20), KEY("a", "C", "C", .at = 2000), EXECUTED(SOAR, "a"), OPEN(1, "b"),
            CLAIMED("b", .at = 2010), SUPPRESSED(SOAR, 1, "b", "a") } },
        { "another worker had claimed it in time", 11, 0,
          { OPEN(0, "a"), CALLED(SOAR, "a", .at = 30), EXECUTED(SOAR, "a"), OPEN(1, "b"), CLAIMED("b", .at = 100, .worker = 2),
            KEY("b", "C", "C", .at = 2 * LEASE_MS), SUPPRESSED(SOAR, 1, "b", "a") } },
    };
    EXPECT_TALES(11, tales);
}

/* The window is older than who leads it, and so is what the store's clock did to it. */
Test(proof_windows, a_window_that_is_handed_over_is_as_old_as_it_was)
{
    static const struct tale tales[] = {
        { "the store's clock jumped under the leader before", SOUND, 0,
          { FAILED(0, "o"), JUMPED(), OPEN(1, "a"), HANDED(SOAR, "o", "a"), EXECUTED(SOAR, "a"), OPEN(2, "b"),
            CLAIMED("b", .at = 9000), SUPPRESSED(SOAR, 2, "b", "a") } },
        { "under the one before that", SOUND, 0,
          { FAILED(0, "o"), JUMPED(), FAILED(1, "p"), HANDED(SOAR, "o", "p"), OPEN(2, "a"), HANDED(SOAR, "p", "a"),
            EXECUTED(SOAR, "a"), OPEN(3, "b"), CLAIMED("b", .at = 9000), SUPPRESSED(SOAR, 3, "b", "a") } },
        { "before any of them came", 11, 0,
          { JUMPED(), FAILED(0, "o"), OPEN(1, "a"), HANDED(SOAR, "o", "a"), EXECUTED(SOAR, "a"), OPEN(2, "b"),
            CLAIMED("b", .at = 9000), SUPPRESSED(SOAR, 2, "b", "a") } },
        { "not at all", 11, 0,
          { FAILED(0, "o"), OPEN(1, "a"), HANDED(SOAR, "o", "a"), EXECUTED(SOAR, "a"), OPEN(2, "b"),
            CLAIMED("b", .at = 9000), SUPPRESSED(SOAR, 2, "b", "a") } },
        { "and nothing was handed over", 11, 0,
          { FAILED(0, "o"), JUMPED(), OPEN(1, "a"), EXECUTED(SOAR, "a"), OPEN(2, "b"), CLAIMED("b", .at = 9000),
            SUPPRESSED(SOAR, 2, "b", "a") } },
        { "handed over to another", 11, 0,
          { FAILED(0, "o"), JUMPED(), OPEN(1, "a"), FAILED(2, "c"), HANDED(SOAR, "o", "c"), EXECUTED(SOAR, "a"),
            OPEN(3, "b"), CLAIMED("b", .at = 9000), SUPPRESSED(SOAR, 3, "b", "a") } },
        { "handed over the other way", 11, 0,
          { FAILED(0, "o"), JUMPED(), OPEN(1, "a"), HANDED(SOAR, "a", "o"), EXECUTED(SOAR, "a"), OPEN(2, "b"),
            CLAIMED("b", .at = 9000), SUPPRESSED(SOAR, 2, "b", "a") } },
        { "that of another target", 11, 0,
          { FAILED(0, "o"), JUMPED(), OPEN(1, "a"), HANDED(NOTICE, "o", "a"), EXECUTED(SOAR, "a"), OPEN(2, "b"),
            CLAIMED("b", .at = 9000), SUPPRESSED(SOAR, 2, "b", "a") } },
        { "by one of another window", 11, 0,
          { FAILED(0, "o", .keys = 2), JUMPED(), OPEN(1, "a"), HANDED(SOAR, "o", "a"), EXECUTED(SOAR, "a"), OPEN(2, "b"),
            CLAIMED("b", .at = 9000), SUPPRESSED(SOAR, 2, "b", "a") } },
        { "after it had suppressed", 11, 0,
          { FAILED(0, "o"), JUMPED(), OPEN(1, "a"), EXECUTED(SOAR, "a"), OPEN(2, "b"), CLAIMED("b", .at = 9000),
            SUPPRESSED(SOAR, 2, "b", "a"), HANDED(SOAR, "o", "a") } },
    };
    EXPECT_TALES(11, tales);
}

/* test_replays.c: what the checker says of records that were put back, and of what a store forgot. */
#include "tests/proof/tale.h"

#include <criterion/criterion.h>

#define OPEN(offset_, id_) PRODUCED(offset_, id_, .targets = TO_SOAR)
#define REPLAYED(offset_, id_, ...) PRODUCED(offset_, id_, .targets = TO_SOAR, .flags = PRODUCED_REPLAY, __VA_ARGS__)
#define DONE(id_) KEY(id_, "-", "C"), CALLED(SOAR, id_), EXECUTED(SOAR, id_, .worker = 1), KEY(id_, "C", "D")
#define AGAIN(id_) CALLED(SOAR, id_, .worker = 2), EXECUTED(SOAR, id_, .worker = 2)
#define RESENT(id_) JOURNALED(SOAR, 1, id_, "resend")       /* it hides nothing here, and keeps I7 quiet */

Test(proof_replays, what_is_done_is_not_carried_out_again)
{
    static const struct tale tales[] = {
        { "it is a duplicate", SOUND, 0,
          { OPEN(0, "a"), REPLAYED(1, "b"), DONE("a"), REPLAYED(2, "a"), JOURNALED(SOAR, 2, "a", "duplicate"), DONE("b") } },
        { "the store forgot", SOUND, 0,
          { OPEN(0, "a"), DONE("a"), FORGOT(), REPLAYED(1, "a"), RESENT("a"), AGAIN("a") } },
        { "the store forgot while it was claimed", SOUND, 0,
          { OPEN(0, "a"), REPLAYED(1, "a"), FORGOT(), DONE("a"), RESENT("a"), AGAIN("a") } },
        { "the other call was under way", SOUND, 0,
          { OPEN(0, "a"), REPLAYED(1, "a"), CALLED(SOAR, "a", .worker = 2), DONE("a"), RESENT("a"),
            EXECUTED(SOAR, "a", .worker = 2) } },
        { "called for and never begun", SOUND, 0,
          { OPEN(0, "a"), REPLAYED(1, "a"), DONE("a"), CALLED(SOAR, "a", .worker = 2) } },
        { "it goes on without the store", SOUND, TARGET_DEGRADES,
          { OPEN(0, "a"), DONE("a"), REPLAYED(1, "a"), RESENT("a"), AGAIN("a") } },
        { "no replay: the rule of re-sends judges that", 7, 0,
          { REPLAYED(0, "b"), DONE("b"), OPEN(1, "a"), DONE("a"), CALLED(SOAR, "a", .worker = 2),
            EXECUTED(SOAR, "a", .worker = 2) } },
        { "it is carried out again", 15, 0, { OPEN(0, "a"), DONE("a"), REPLAYED(1, "a"), RESENT("a"), AGAIN("a") } },
        { "it is put back before the first is done", 15, 0,
          { OPEN(0, "a"), REPLAYED(1, "a"), DONE("a"), RESENT("a"), AGAIN("a") } },
        { "the store forgot a lease before it was done", 15, 0,
          { OPEN(0, "a"), FORGOT(), REPLAYED(1, "a", .at = 2 * LEASE_MS), DONE("a"), RESENT("a"), AGAIN("a") } },
    };
    EXPECT_TALES(15, tales);
}

Test(proof_replays, without_sight_of_the_store_the_journal_tells_what_is_done)
{
    static const struct tale tales[] = {
        { "told after the replay", SOUND, 0,
          { OPEN(0, "a"), EXECUTED(SOAR, "a"), REPLAYED(1, "a"), JOURNALED(SOAR, 0, "a", "delivered"), RESENT("a"),
            EXECUTED(SOAR, "a") } },
        { "the store was away when it was told", SOUND, 0,
          { OPEN(0, "a"), MISSED(50), EXECUTED(SOAR, "a"), JOURNALED(SOAR, 0, "a", "delivered"), REPLAYED(1, "a"), RESENT("a"),
            EXECUTED(SOAR, "a") } },
        { "told, put back, carried out again", 15, 0,
          { OPEN(0, "a"), EXECUTED(SOAR, "a"), JOURNALED(SOAR, 0, "a", "delivered"), REPLAYED(1, "a"), RESENT("a"),
            EXECUTED(SOAR, "a") } },
        { "the store was away afterwards only", 15, 0,
          { OPEN(0, "a"), EXECUTED(SOAR, "a"), JOURNALED(SOAR, 0, "a", "delivered"), REPLAYED(1, "a"), MISSED(50), RESENT("a"),
            EXECUTED(SOAR, "a") } },
    };
    EXPECT_TALES(15, tales);
}

Test(proof_replays, what_was_parked_is_tried_anew)
{
    static const struct tale tales[] = {
        { "delivered this time", SOUND, 0, { OPEN(0, "a"), PARKED(SOAR, 0, "a"), REPLAYED(1, "a"), EXECUTED(SOAR, "a") } },
        { "parked once more", SOUND, 0,
          { OPEN(0, "a"), PARKED(SOAR, 0, "a"), REPLAYED(1, "a"), PARKED(SOAR, 1, "a"), REPLAYED(2, "a"),
            PARKED(SOAR, 2, "a") } },
        { "suppressed by one delivered", SOUND, 0,
          { OPEN(0, "a"), PARKED(SOAR, 0, "a"), OPEN(1, "b"), EXECUTED(SOAR, "b"), REPLAYED(2, "a"),
            SUPPRESSED(SOAR, 2, "a", "b") } },
        { "nothing comes of it", 15, 0, { OPEN(0, "a"), PARKED(SOAR, 0, "a"), REPLAYED(1, "a") } },
        { "nothing comes of the second one", 15, 0,
          { OPEN(0, "a"), PARKED(SOAR, 0, "a"), REPLAYED(1, "a"), PARKED(SOAR, 1, "a"), REPLAYED(2, "a") } },
    };
    EXPECT_TALES(15, tales);
}

#define CLAIMED(id_, ...) KEY(id_, "-", "C", .flags = KEY_ASKED, __VA_ARGS__)
#define CLAIMED_LATE(id_) KEY(id_, "-", "C", .flags = KEY_ASKED | KEY_LATE, .hash = 1)
#define HELD(offset_, id_) \
    { .fact = { .kind = FACT_PARKED, .worker = 1, .target = SOAR, .offset = (offset_), .hash = HASH(offset_) }, .id = (id_), \
      .word = "unconfirmed" }

Test(proof_replays, under_on_amnesia_hold_no_key_says_nothing_of_what_was_produced_before)
{
    static const struct tale tales[] = {
        { "held", SOUND, TARGET_HOLDS_AMNESIA,
          { OPEN(0, "a"), OPEN(1, "b"), CLAIMED("b"), CALLED(SOAR, "b"), EXECUTED(SOAR, "b"), FORGOT(), WARNED(100), CLAIMED("a"),
            HELD(0, "a") } },
        { "produced since", SOUND, TARGET_HOLDS_AMNESIA,
          { FORGOT(), WARNED(20), PRODUCED(0, "a", .targets = TO_SOAR, .at = 50), CLAIMED("a"), CALLED(SOAR, "a"),
            EXECUTED(SOAR, "a") } },
        { "it does not know yet", SOUND, TARGET_HOLDS_AMNESIA,
          { OPEN(0, "a"), FORGOT(), WARNED(100, .worker = 2), CLAIMED("a"), CALLED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "a claim was there", SOUND, TARGET_HOLDS_AMNESIA,
          { OPEN(0, "a"), FORGOT(), WARNED(100), CLAIMED("a"), KEY("a", "C", "C", .worker = 2, .number = 1, .at = 100 + LEASE_MS),
            CALLED(SOAR, "a", .worker = 2), EXECUTED(SOAR, "a") } },
        { "its own claim, renewed", SOUND, TARGET_HOLDS_AMNESIA,
          { OPEN(0, "a"), CLAIMED("a"), FORGOT(), WARNED(100), KEY("a", "-", "C"), CALLED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "held, and called for by a copy that claimed it before", SOUND, TARGET_HOLDS_AMNESIA,
          { OPEN(0, "a"), CLAIMED("a", .hash = 1), OPEN(1, "a"), LOST_KEY(SOAR, "a"), WARNED(100), CLAIMED("a", .hash = 2),
            CALLED(SOAR, "a", .hash = 1), EXECUTED(SOAR, "a") } },
        { "claimed before, and its first command once more, late", SOUND, TARGET_HOLDS_AMNESIA,
          { OPEN(0, "a"), CLAIMED("a", .hash = 1), LOST_KEY(SOAR, "a"), WARNED(100), CLAIMED_LATE("a"),
            CALLED(SOAR, "a", .hash = 1), EXECUTED(SOAR, "a") } },
        { "a person put it back", SOUND, TARGET_HOLDS_AMNESIA,
          { OPEN(0, "b"), CALLED(SOAR, "b"), EXECUTED(SOAR, "b"), REPLAYED(1, "a"), FORGOT(), WARNED(100), CLAIMED("a"),
            CALLED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "the policy is to go on", SOUND, 0,
          { OPEN(0, "a"), FORGOT(), WARNED(100), CLAIMED("a"), CALLED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "renewed, and called for", 7, TARGET_HOLDS_AMNESIA,
          { OPEN(0, "a"), FORGOT(), WARNED(100), CLAIMED("a"), KEY("a", "C", "C"), CALLED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "claimed late only, and called for", 7, TARGET_HOLDS_AMNESIA,
          { OPEN(0, "a"), FORGOT(), WARNED(100), CLAIMED_LATE("a"), KEY("a", "C", "C", .hash = 1, .flags = KEY_ASKED),
            CALLED(SOAR, "a", .hash = 1), EXECUTED(SOAR, "a") } },
        { "called for", 7, TARGET_HOLDS_AMNESIA,
          { OPEN(0, "a"), FORGOT(), WARNED(100), CLAIMED("a"), CALLED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "called for by the copy that met nothing", 7, TARGET_HOLDS_AMNESIA,
          { OPEN(0, "a"), CLAIMED("a", .hash = 1), OPEN(1, "a"), LOST_KEY(SOAR, "a"), WARNED(100), CLAIMED("a", .hash = 2),
            CALLED(SOAR, "a", .hash = 2), EXECUTED(SOAR, "a") } },
        { "renewed, and called for by the copy that met nothing", 7, TARGET_HOLDS_AMNESIA,
          { OPEN(0, "a"), CLAIMED("a", .hash = 1), OPEN(1, "a"), LOST_KEY(SOAR, "a"), WARNED(100), CLAIMED("a", .hash = 2),
            KEY("a", "C", "C", .hash = 2), CALLED(SOAR, "a", .hash = 2), EXECUTED(SOAR, "a") } },
        { "called for after a second warning of less", 7, TARGET_HOLDS_AMNESIA,
          { OPEN(0, "a"), FORGOT(), WARNED(100), WARNED(5), CLAIMED("a"), CALLED(SOAR, "a"), EXECUTED(SOAR, "a") } },
    };
    EXPECT_TALES(7, tales);
}

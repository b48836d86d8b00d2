/* test_state.c: what the checker says of keys, of the workers' own numbers, and of facts that make no sense: I10 I12 I13. */
#include "tests/proof/tale.h"

#include <criterion/criterion.h>
#include <string.h>

#define OPEN_A PRODUCED(0, "a", .targets = TO_SOAR)
#define DONE(offset_, id_) PRODUCED(offset_, id_, .targets = TO_SOAR), EXECUTED(SOAR, id_)

Test(proof_state, keys_follow_the_table)
{
    static const struct tale tales[] = {
        { "claimed, done", SOUND, 0, { KEY("a", "-", "C"), KEY("a", "C", "D") } },
        { "lost and claimed again", SOUND, 0,
          { KEY("a", "-", "C"), KEY("a", "C", "D"), LOST_KEY(SOAR, "a"), KEY("a", "-", "C"), FORGOT(), KEY("a", "-", "D") } },
        { "lost at a moment that nobody saw", SOUND, 0,
          { FORGOT(.number = 100), KEY("a", "-", "C"), KEY("a", "-", "C", .worker = 2) } },
        { "lost before, and all saw when", 10, 0,
          { FORGOT(), KEY("a", "-", "C"), KEY("a", "-", "C", .worker = 2, .at = 20 + LEASE_MS) } },
        { "an older state came back", SOUND, 0,
          { KEY("a", "-", "C"), KEY("a", "C", "D"), LOST_KEY(SOAR, "a"), KEY("a", "C", "C", .worker = 2) } },
        { "released, claimed again, dead", SOUND, 0, { KEY("a", "C", "R"), KEY("a", "R", "C"), KEY("a", "C", "X") } },
        { "an acknowledgement comes after all", SOUND, 0, { KEY("a", "C", "U"), KEY("a", "U", "D"), KEY("b", "X", "D") } },
        { "a claim is given back unused", SOUND, 0, { KEY("a", "-", "C"), KEY("a", "C", "-"), KEY("a", "-", "C") } },
        { "replayed", SOUND, 0, { KEY("a", "X", "C", .flags = 1), KEY("b", "U", "C", .flags = 1) } },
        { "idle, and done", SOUND, 0, { KEY("a", "C", "I"), KEY("a", "I", "I", .number = 1), KEY("a", "I", "D") } },
        { "idle, and taken over", SOUND, 0, { KEY("a", "C", "I"), KEY("a", "I", "C", .worker = 2, .at = 20 + LEASE_MS) } },
        { "a forgotten key is renewed as idle", SOUND, 0, { KEY("a", "C", "I"), FORGOT(), KEY("a", "-", "I") } },
        { "released, then idle", 10, 0, { KEY("a", "C", "R"), KEY("a", "R", "I") } },
        { "held, then idle", 10, 0, { KEY("a", "C", "U"), KEY("a", "U", "I") } },
        { "idle is erased", 10, 0, { KEY("a", "C", "I"), KEY("a", "I", "-") } },
        { "done is left for a claim", 10, 0, { KEY("a", "-", "C"), KEY("a", "C", "D"), KEY("a", "D", "C") } },
        { "done is overwritten by dead", 10, 0, { KEY("a", "C", "D"), KEY("a", "D", "X") } },
        { "done is left in a replay", 10, 0, { KEY("a", "D", "C", .flags = 1) } },
        { "done is gone", 10, 0, { KEY("a", "-", "C"), KEY("a", "C", "D"), KEY("a", "-", "C") } },
        { "done is gone, and another key was lost", 10, 0,
          { KEY("a", "-", "C"), KEY("a", "C", "D"), LOST_KEY(SOAR, "b"), KEY("a", "-", "C") } },
        { "done is gone, and it was lost before", 10, 0,
          { KEY("a", "-", "C"), LOST_KEY(SOAR, "a"), KEY("a", "-", "C"), KEY("a", "C", "D"), KEY("a", "-", "C") } },
        { "done is erased", 10, 0, { KEY("a", "D", "-") } },
        { "dead begins again without a replay", 10, 0, { KEY("a", "X", "C") } },
        { "held begins again without a replay", 10, 0, { KEY("a", "U", "C") } },
        { "held is released", 10, 0, { KEY("a", "U", "R") } },
        { "dead is held", 10, 0, { KEY("a", "X", "U") } },
        { "dead is erased", 10, 0, { KEY("a", "X", "-") } },
    };
    EXPECT_TALES(10, tales);
}

Test(proof_state, what_is_marked_as_not_carried_out_was_not)
{
    static const struct tale tales[] = {
        { "dead", SOUND, 0, { OPEN_A, KEY("a", "-", "C"), PARKED(SOAR, 0, "a"), KEY("a", "C", "X") } },
        { "held", SOUND, 0, { DONE(0, "a"), KEY("a", "-", "C"), PARKED(SOAR, 0, "a"), KEY("a", "C", "U", .number = 1) } },
        { "carried out in a replay", SOUND, 0,
          { OPEN_A, KEY("a", "C", "X"), KEY("a", "X", "C", .flags = KEY_REPLAY), EXECUTED(SOAR, "a"), KEY("a", "C", "U") } },
        { "another one was carried out", SOUND, 0, { DONE(0, "b"), KEY("a", "C", "X"), KEY("c", "C", "R") } },
        { "who was carried out was forgotten", SOUND, 0,
          { DONE(0, "a"), KEY("a", "-", "C"), LOST_KEY(SOAR, "a"), KEY("a", "-", "C"), KEY("a", "C", "X") } },
        { "it goes on without the store", SOUND, TARGET_DEGRADES, { DONE(0, "a"), KEY("a", "-", "C"), KEY("a", "C", "X") } },
        { "dead, and carried out", 10, 0, { DONE(0, "a"), KEY("a", "-", "C"), KEY("a", "C", "X") } },
        { "dead in a replay, and carried out", 10, 0,
          { DONE(0, "a"), KEY("a", "C", "U", .number = 1), KEY("a", "U", "C", .flags = KEY_REPLAY, .number = 1),
            KEY("a", "C", "X") } },
        { "released, and carried out", 10, 0, { DONE(0, "a"), KEY("a", "-", "C"), KEY("a", "C", "R") } },
        { "released while idle, and carried out", 10, 0, { DONE(0, "a"), KEY("a", "C", "I"), KEY("a", "I", "R") } },
        { "another one was forgotten", 10, 0,
          { DONE(0, "a"), DONE(1, "b"), KEY("a", "-", "C"), LOST_KEY(SOAR, "b"), KEY("a", "C", "X") } },
        { "it was forgotten more than a lease before", 10, 0,
          { FORGOT(.at = 1), OPEN_A, EXECUTED(SOAR, "a", .at = LEASE_MS + 2), KEY("a", "-", "C"), KEY("a", "C", "X") } },
    };
    EXPECT_TALES(10, tales);
}

Test(proof_state, under_a_call_its_key_stays_claimed)
{
    static const struct tale tales[] = {
        { "claimed still", SOUND, 0, { OPEN_A, CALLED(SOAR, "a"), KEY("a", "C", "C", .number = 1), EXECUTED(SOAR, "a") } },
        { "done before the answer is heard", SOUND, 0,
          { OPEN_A, KEY("a", "-", "C"), CALLED(SOAR, "a"), EXECUTED(SOAR, "a"), KEY("a", "C", "D") } },
        { "idle once it was answered", SOUND, 0,
          { OPEN_A, CALLED(SOAR, "a"), ANSWERED(SOAR, "not_sent"), KEY("a", "C", "I"), EXECUTED(SOAR, "a") } },
        { "another's call", SOUND, 0, { OPEN_A, CALLED(SOAR, "a", .worker = 2), KEY("a", "C", "I"), EXECUTED(SOAR, "a") } },
        { "by a copy of it in the same worker", SOUND, 0,
          { OPEN_A, CALLED(SOAR, "a", .hash = 1), KEY("a", "C", "U", .hash = 2), EXECUTED(SOAR, "a") } },
        { "the store lost its key", SOUND, 0,
          { OPEN_A, CALLED(SOAR, "a"), LOST_KEY(SOAR, "a"), KEY("a", "-", "I"), EXECUTED(SOAR, "a") } },
        { "it goes on without the store", SOUND, TARGET_DEGRADES,
          { OPEN_A, CALLED(SOAR, "a"), KEY("a", "C", "I"), EXECUTED(SOAR, "a") } },
        { "idle", 10, 0, { OPEN_A, CALLED(SOAR, "a"), KEY("a", "C", "I"), EXECUTED(SOAR, "a") } },
        { "given up", 10, 0, { OPEN_A, CALLED(SOAR, "a"), KEY("a", "C", "I", .flags = KEY_GIVEN_UP), EXECUTED(SOAR, "a") } },
        { "given back", 10, 0, { OPEN_A, CALLED(SOAR, "a"), KEY("a", "C", "-"), EXECUTED(SOAR, "a") } },
        { "released", 10, 0, { OPEN_A, CALLED(SOAR, "a"), KEY("a", "C", "R"), EXECUTED(SOAR, "a") } },
        { "the store lost another key", 10, 0,
          { OPEN_A, CALLED(SOAR, "a"), LOST_KEY(SOAR, "b"), KEY("a", "C", "I"), EXECUTED(SOAR, "a") } },
    };
    EXPECT_TALES(10, tales);
}

Test(proof_state, who_says_that_nothing_is_under_way_calls_only_after_it_took_that_back)
{
    static const struct tale tales[] = {
        { "taken back", SOUND, 0, { OPEN_A, KEY("a", "C", "I"), KEY("a", "I", "C"), CALLED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "another worker calls", SOUND, 0,
          { OPEN_A, KEY("a", "C", "I"), CALLED(SOAR, "a", .worker = 2), EXECUTED(SOAR, "a") } },
        { "another id", SOUND, 0, { OPEN_A, KEY("b", "C", "I"), CALLED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "the store forgot it", SOUND, 0, { OPEN_A, KEY("a", "C", "I"), FORGOT(), CALLED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "the target goes on without the store", SOUND, TARGET_DEGRADES,
          { OPEN_A, KEY("a", "C", "I"), CALLED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "called as idle", 10, 0, { OPEN_A, KEY("a", "C", "I"), CALLED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "idle again, and called", 10, 0,
          { OPEN_A, KEY("a", "C", "I"), KEY("a", "I", "C"), KEY("a", "C", "I"), CALLED(SOAR, "a"), EXECUTED(SOAR, "a") } },
    };
    EXPECT_TALES(10, tales);
}

Test(proof_state, windows_are_bounded)
{
    static const struct tale tales[] = {
        { "up to the limit", SOUND, 0, { GAUGED("records", 10, 10), GAUGED("bytes", 0, 10) } },
        { "one more", 12, 0, { GAUGED("records", 11, 10) } },
        { "bytes", 12, 0, { GAUGED("records", 1, 10), GAUGED("bytes", 1025, 1024) } },
    };
    EXPECT_TALES(12, tales);
}

Test(proof_state, nothing_is_read_after_all_have_drained)
{
    static const struct tale tales[] = {
        { "nothing", SOUND, 0, { GAUGED("again", 0, 0) } },
        { "one record", 18, 0, { GAUGED("again", 1, 0) } },
        { "the second one to look finds some", 18, 0, { GAUGED("again", 0, 0), GAUGED("again", 7, 0) } },
    };
    EXPECT_TALES(18, tales);
}

Test(proof_state, recovery_is_bounded)
{
    static const struct tale tales[] = {
        { "in time", SOUND, 0, { GAUGED("takeover", 6999, 7000), GAUGED("exit", 10000, 10000), GAUGED("back", 0, 1000) } },
        { "the claims of one killed are left too long", 17, 0, { GAUGED("takeover", 7001, 7000) } },
        { "it does not leave", 17, 0, { GAUGED("exit", 10000, 10000), GAUGED("exit", 10001, 10000) } },
        { "nobody noticed that the store is back", 17, 0, { GAUGED("back", 1001, 1000) } },
    };
    EXPECT_TALES(17, tales);
}

Test(proof_state, what_is_counted_is_what_was_journaled)
{
    static const struct tale tales[] = {
        { "nothing", SOUND, 0, { COUNTED(SOAR, "delivered", 0) } },
        { "one", SOUND, 0, { DONE(0, "a"), JOURNALED(SOAR, 0, "a", "delivered"), COUNTED(SOAR, "delivered", 1) } },
        { "another worker's", SOUND, 0,
          { DONE(0, "a"), JOURNALED(SOAR, 0, "a", "delivered"), COUNTED(SOAR, "delivered", 0, .worker = 2) } },
        { "another target's", SOUND, 0,
          { DONE(0, "a"), JOURNALED(SOAR, 0, "a", "delivered"), COUNTED(NOTICE, "delivered", 0) } },
        { "another word", SOUND, 0,
          { DONE(0, "a"), JOURNALED(SOAR, 0, "a", "resend", .number = 1), COUNTED(SOAR, "delivered", 0),
            COUNTED(SOAR, "resend", 1) } },
        { "journaled after it was told", SOUND, 0,
          { DONE(0, "a"), COUNTED(SOAR, "delivered", 0), JOURNALED(SOAR, 0, "a", "delivered") } },
        { "journaled and not counted", 13, 0,
          { DONE(0, "a"), JOURNALED(SOAR, 0, "a", "delivered"), COUNTED(SOAR, "delivered", 0) } },
        { "counted and not journaled", 13, 0, { COUNTED(SOAR, "delivered", 1) } },
        { "counted twice", 13, 0, { DONE(0, "a"), JOURNALED(SOAR, 0, "a", "delivered"), COUNTED(SOAR, "delivered", 2) } },
        { "counted as something else", 13, 0,
          { DONE(0, "a"), JOURNALED(SOAR, 0, "a", "delivered"), COUNTED(SOAR, "delivered", 1), COUNTED(SOAR, "duplicate", 1) } },
        { "a re-send that is not counted", 13, 0,
          { DONE(0, "a"), JOURNALED(SOAR, 0, "a", "resend", .number = 1), COUNTED(SOAR, "resend", 0) } },
    };
    EXPECT_TALES(13, tales);
}

Test(proof_state, opened_is_accounted_for)
{
    static const struct tale tales[] = {
        { "equal", SOUND, 0, { GAUGED("opened", 5, 5) } },
        { "one is missing", 13, 0, { GAUGED("opened", 5, 5), GAUGED("opened", 6, 5) } },
        { "one is counted twice", 13, 0, { GAUGED("opened", 5, 6) } },
    };
    EXPECT_TALES(13, tales);
}

Test(proof_state, facts_that_point_nowhere_are_refused)
{
    static const struct tale tales[] = {
        { "sound", SOUND, 0, { DONE(0, "a") } },
        { "a target beyond all", 0, 0, { CALLED(FACT_TARGETS_MAX, "a") } },
        { "executed nowhere", 0, 0, { EXECUTED(-1, "a") } },
        { "a target of which nothing is said", 0, 0, { EXECUTED(SOAR + 1, "a") } },
        { "a content beyond all", 0, 0, { DONE(0, "a"), EXECUTED(SOAR, "a", .content = FACT_CONTENTS_MAX) } },
        { "a worker beyond all", 0, 0, { STOPPED("killed", .worker = FACT_WORKERS_MAX) } },
        { "produced into no partition", 0, 0, { PRODUCED(0, "a", .partition = -1) } },
        { "a partition beyond all", 0, 0, { POLLED(0, .partition = FACT_PARTITIONS_MAX) } },
    };
    for (size_t i = 0; i < sizeof(tales) / sizeof(tales[0]); i++) {
        struct history history;
        struct findings findings;
        history_init(&history);
        tale_tell(&tales[i], &history);
        history_check(&history, &findings);
        history_release(&history);
        cr_expect_eq(findings.n, i == 0 ? 0 : 1, "%s", tales[i].name);
        cr_expect_eq(findings.violations[0], i == 0 ? 0 : 1, "%s", tales[i].name);
    }
}

Test(proof_state, each_invariant_has_its_line)
{
    for (int i = 0; i < INVARIANT_COUNT; i++)
        cr_expect(invariant_text(i) && strlen(invariant_text(i)) > 10, "I%d", i);
}

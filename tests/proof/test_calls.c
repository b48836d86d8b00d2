/* test_calls.c: what the checker says of users, batches, repeats, lanes, owners and told waits: I6 I7 I8 I9 I16. */
#include "tests/proof/tale.h"

#include <criterion/criterion.h>

#define OPEN(offset_, id_) PRODUCED(offset_, id_, .targets = TO_SOAR)
#define DONE(offset_, id_) OPEN(offset_, id_), EXECUTED(SOAR, id_)
#define NOTED(offset_, id_) PRODUCED(offset_, id_, .targets = TO_NOTICE), EXECUTED(NOTICE, id_)
#define RESENT JOURNALED(SOAR, 0, "a", "resend"), EXECUTED(SOAR, "a")
#define IN_LANE(offset_, id_, lane_) \
    { .fact = { .kind = FACT_PRODUCED, .target = -1, .offset = (offset_), .targets = TO_SOAR, .hash = HASH(offset_) }, \
      .id = (id_), .lane = (lane_) }

Test(proof_calls, no_user_sees_a_message_twice)
{
    static const struct tale tales[] = {
        { "each user once", SOUND, 0, { NOTED(0, "a"), NOTED(1, "b"), SHOWN("a", "u"), SHOWN("a", "v"), SHOWN("b", "u") } },
        { "a full batch", SOUND, 0, 
          { NOTED(0, "a"), NOTED(1, "b"), CALLED(NOTICE, "a", .limit = 100), CALLED(NOTICE, "b", .limit = 100) } },
        { "the same id in the next call", SOUND, 0,
          { NOTED(0, "a"), CALLED(NOTICE, "a"), ANSWERED(NOTICE, "throttled"), CALLED(NOTICE, "a", .number = 2) } },
        { "twice to one", 6, 0, { NOTED(0, "a"), SHOWN("a", "u"), SHOWN("a", "v"), SHOWN("a", "u") } },
        { "twice as the portal counts", 6, 0, { NOTED(0, "a"), SHOWN("a", "u", .number = 1), SHOWN("a", "w", .number = 2) } },
        { "one content to this one, another to that one", 6, 0,
          { NOTED(0, "a"), PRODUCED(1, "a", .content = 1, .targets = TO_NOTICE), PARKED(NOTICE, 1, "a"), SHOWN("a", "u"),
            SHOWN("a", "v", .content = 1) } },
        { "a batch of 101", 6, 0, { NOTED(0, "a"), CALLED(NOTICE, "a", .limit = 101) } },
        { "an id twice in a batch", 6, 0,
          { NOTED(0, "a"), NOTED(1, "b"), CALLED(NOTICE, "a", .limit = 3), CALLED(NOTICE, "b", .limit = 3),
            CALLED(NOTICE, "a", .limit = 3) } },
    };
    EXPECT_TALES(6, tales);
}

Test(proof_calls, a_second_execution_was_announced)
{
    static const struct tale tales[] = {
        { "once", SOUND, 0, { DONE(0, "a") } },
        { "announced, then again", SOUND, 0, { DONE(0, "a"), JOURNALED(SOAR, 0, "a", "resend"), EXECUTED(SOAR, "a") } },
        { "announced, not carried out", SOUND, TARGET_HOLDS, { JOURNALED(SOAR, 0, "a", "resend"), DONE(0, "a") } },
        { "the store forgot in between", SOUND, 0, { DONE(0, "a"), FORGOT(), EXECUTED(SOAR, "a") } },
        { "the store lost its key in between", SOUND, 0, { DONE(0, "a"), LOST_KEY(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "the store forgot twice", SOUND, 0,
          { DONE(0, "a"), FORGOT(), EXECUTED(SOAR, "a"), LOST_KEY(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "announced once, and the store forgot once", SOUND, 0,
          { DONE(0, "a"), FORGOT(), EXECUTED(SOAR, "a"), JOURNALED(SOAR, 0, "a", "resend"), EXECUTED(SOAR, "a") } },
        { "the store forgot between claim and call", SOUND, 0,
          { OPEN(0, "a"), KEY("a", "-", "C"), FORGOT(), EXECUTED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "the store forgot once, nobody saw when", SOUND, 0, { DONE(0, "a"), FORGOT(.number = 100), EXECUTED(SOAR, "a") } },
        { "what was written while it forgot may be lost", SOUND, 0,
          { FORGOT(.at = 1, .number = 2 * LEASE_MS), PRODUCED(0, "a", .targets = TO_SOAR, .at = LEASE_MS + 100),
            EXECUTED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "a loss that lasts is not hidden by a short one behind it", SOUND, 0,
          { FORGOT(.at = 1, .number = 2 * LEASE_MS), FORGOT(.at = 50),
            PRODUCED(0, "a", .targets = TO_SOAR, .at = LEASE_MS + 100), EXECUTED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "in doubt as often as may be, and once more that often after a loss", SOUND, 0,
          { DONE(0, "a"), FORGOT(.number = 100), EXECUTED(SOAR, "a"), RESENT, RESENT, RESENT, RESENT } },
        { "under hold, when somebody replays it", SOUND, TARGET_HOLDS,
          { DONE(0, "a"), PRODUCED(1, "a", .targets = TO_SOAR, .flags = PRODUCED_REPLAY), JOURNALED(SOAR, 1, "a", "resend"),
            EXECUTED(SOAR, "a") } },
        { "the store was away and it went on without", SOUND, TARGET_DEGRADES,
          { DONE(0, "a"), MISSED(100), EXECUTED(SOAR, "a") } },
        { "not announced", 7, 0, { DONE(0, "a"), EXECUTED(SOAR, "a") } },
        { "the store lost another key", 7, 0, { DONE(0, "a"), DONE(1, "b"), LOST_KEY(SOAR, "b"), EXECUTED(SOAR, "a") } },
        { "the store lost its key for another target", 7, 0, { DONE(0, "a"), LOST_KEY(NOTICE, "a"), EXECUTED(SOAR, "a") } },
        { "the store lost its key, and it was carried out twice since", 7, 0,
          { DONE(0, "a"), LOST_KEY(SOAR, "a"), EXECUTED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "the store forgot once, nobody saw when, and it was carried out twice since", 7, 0,
          { DONE(0, "a"), FORGOT(.number = 100), EXECUTED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "a loss that had ended long before, and a long one before that", 7, 0,
          { FORGOT(.at = 1, .number = 2 * LEASE_MS), FORGOT(.at = 2 * LEASE_MS, .number = 100),
            PRODUCED(0, "a", .targets = TO_SOAR, .at = 4 * LEASE_MS), EXECUTED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "in doubt more often than one loss allows", 7, 0,
          { DONE(0, "a"), FORGOT(.number = 100), EXECUTED(SOAR, "a"), RESENT, RESENT, RESENT, RESENT, RESENT } },
        { "the store forgot before its first claim", 7, 0,
          { OPEN(0, "a"), FORGOT(), KEY("a", "-", "C"), EXECUTED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "the store's clock jumped", 7, 0, { DONE(0, "a"), JUMPED(), EXECUTED(SOAR, "a") } },
        { "under hold the store forgot once", 7, TARGET_HOLDS,
          { DONE(0, "a"), FORGOT(), EXECUTED(SOAR, "a"), JOURNALED(SOAR, 0, "a", "resend"), EXECUTED(SOAR, "a") } },
        { "announced too late", 7, 0, { DONE(0, "a"), EXECUTED(SOAR, "a"), JOURNALED(SOAR, 0, "a", "resend") } },
        { "announced once, repeated twice", 7, 0,
          { DONE(0, "a"), JOURNALED(SOAR, 0, "a", "resend"), EXECUTED(SOAR, "a"), EXECUTED(SOAR, "a") } },
        { "announced for another id", 7, 0,
          { DONE(0, "a"), DONE(1, "b"), JOURNALED(SOAR, 1, "b", "resend"), EXECUTED(SOAR, "a") } },
        { "announced for another target", 7, 0, { DONE(0, "a"), JOURNALED(NOTICE, 0, "a", "resend"), EXECUTED(SOAR, "a") } },
        { "held, and announced", 7, TARGET_HOLDS, { DONE(0, "a"), JOURNALED(SOAR, 0, "a", "resend"), EXECUTED(SOAR, "a") } },
        { "the store forgot long before", 7, 0,
          { FORGOT(.at = 1), PRODUCED(0, "a", .targets = TO_SOAR, .at = LEASE_MS + 100), EXECUTED(SOAR, "a"),
            EXECUTED(SOAR, "a") } },
        { "the store forgot afterwards", 7, 0, { DONE(0, "a"), EXECUTED(SOAR, "a"), FORGOT() } },
        { "the store was away, which pauses it", 7, 0, { DONE(0, "a"), MISSED(100), EXECUTED(SOAR, "a") } },
    };
    EXPECT_TALES(7, tales);
}

Test(proof_calls, ids_touched_by_a_loss_of_memory_are_listed_apart)
{
    static const struct tale tale = { "twice", SOUND, 0,
                                      { DONE(0, "a"), DONE(1, "b"), FORGOT(), EXECUTED(SOAR, "a"), EXECUTED(SOAR, "b"), FORGOT(),
                                        EXECUTED(SOAR, "a"), JOURNALED(SOAR, 1, "b", "resend"), EXECUTED(SOAR, "b") } };
    struct history history;
    struct findings findings;
    history_init(&history);
    tale_tell(&tale, &history);
    history_check(&history, &findings);
    history_release(&history);
    cr_expect_eq(findings.n, 0);
    cr_expect_eq(findings.executed, 6);
    cr_expect_eq(findings.repeated, 4);
    cr_expect_eq(findings.excused, 3);
    cr_expect_eq(findings.apart, 2);
}

Test(proof_calls, lanes_keep_their_order)
{
    static const struct tale tales[] = {
        { "one after the other", SOUND, TARGET_KEEPS_ORDER,
          { IN_LANE(0, "a", "k"), IN_LANE(1, "b", "k"), EXECUTED(SOAR, "a"), EXECUTED(SOAR, "b") } },
        { "behind a parked one", SOUND, TARGET_KEEPS_ORDER,
          { IN_LANE(0, "a", "k"), IN_LANE(1, "b", "k"), PARKED(SOAR, 0, "a"), EXECUTED(SOAR, "b") } },
        { "two lanes", SOUND, TARGET_KEEPS_ORDER,
          { IN_LANE(0, "a", "k"), IN_LANE(1, "b", "m"), EXECUTED(SOAR, "b"), EXECUTED(SOAR, "a"), IN_LANE(2, "c", "m"),
            EXECUTED(SOAR, "c") } },
        { "overtaken", 8, TARGET_KEEPS_ORDER,
          { IN_LANE(0, "a", "k"), IN_LANE(1, "b", "k"), EXECUTED(SOAR, "b"), EXECUTED(SOAR, "a") } },
        { "overtaken by the one behind the next", 8, TARGET_KEEPS_ORDER,
          { IN_LANE(0, "a", "k"), IN_LANE(1, "b", "k"), IN_LANE(2, "c", "k"), EXECUTED(SOAR, "b"), EXECUTED(SOAR, "c"),
            PARKED(SOAR, 0, "a") } },
        { "sent before the dead letter is there", 8, TARGET_KEEPS_ORDER,
          { IN_LANE(0, "a", "k"), IN_LANE(1, "b", "k"), EXECUTED(SOAR, "b"), PARKED(SOAR, 0, "a") } },
        { "past a parked one that had overtaken", 8, TARGET_KEEPS_ORDER,
          { IN_LANE(0, "a", "k"), IN_LANE(1, "b", "k"), IN_LANE(2, "c", "k"), PARKED(SOAR, 1, "b"), EXECUTED(SOAR, "c"),
            PARKED(SOAR, 0, "a") } },
        { "overtaken over other lanes", 8, TARGET_KEEPS_ORDER,
          { IN_LANE(0, "a", "k"), IN_LANE(1, "b", "m"), IN_LANE(2, "c", "k"), EXECUTED(SOAR, "b"), EXECUTED(SOAR, "c"),
            EXECUTED(SOAR, "a") } },
    };
    static const struct tale free_order = {
        "overtaken where no order is kept", SOUND, 0,
        { IN_LANE(0, "a", "k"), IN_LANE(1, "b", "k"), EXECUTED(SOAR, "b"), EXECUTED(SOAR, "a") },
    };
    struct history history;
    struct findings findings;
    EXPECT_TALES(8, tales);
    history_init(&history);
    tale_tell(&free_order, &history);
    history_check(&history, &findings);
    history_release(&history);
    cr_expect_eq(findings.n, 0);
}

#define MARGIN_OVER 2100

#define SENT(target_, id_, ...) CALLED(target_, id_, __VA_ARGS__), BEGUN(target_, __VA_ARGS__)

Test(proof_calls, one_call_for_an_id_at_a_time)
{
    static const struct tale tales[] = {
        { "one after the other", SOUND, 0,
          { DONE(0, "a"), SENT(SOAR, "a"), ANSWERED(SOAR, "throttled"), SENT(SOAR, "a", .worker = 2) } },
        { "of two targets", SOUND, 0,
          { PRODUCED(0, "a", .targets = TO_SOAR | TO_NOTICE), EXECUTED(SOAR, "a"), EXECUTED(NOTICE, "a"), SENT(SOAR, "a"),
            SENT(NOTICE, "a", .worker = 2) } },
        { "the first is dead", SOUND, 0, { DONE(0, "a"), SENT(SOAR, "a"), STOPPED("killed"), SENT(SOAR, "a", .worker = 2) } },
        { "the first stood still", SOUND, 0,
          { DONE(0, "a"), SENT(SOAR, "a"), FROZEN(MARGIN_OVER), SENT(SOAR, "a", .worker = 2) } },
        { "the store forgot", SOUND, 0, { DONE(0, "a"), SENT(SOAR, "a"), FORGOT(), SENT(SOAR, "a", .worker = 2) } },
        { "it goes on without the store", SOUND, TARGET_DEGRADES,
          { DONE(0, "a"), SENT(SOAR, "a"), SENT(SOAR, "a", .worker = 2) } },
        { "the other member's answer frees both", SOUND, 0,
          { NOTED(0, "a"), NOTED(1, "b"), CALLED(NOTICE, "a"), CALLED(NOTICE, "b"), BEGUN(NOTICE),
            ANSWERED(NOTICE, "in_doubt"),
            SENT(NOTICE, "a", .worker = 2), SENT(NOTICE, "b", .worker = 3) } },
        { "decided by two, begun by one", SOUND, 0,
          { DONE(0, "a"), CALLED(SOAR, "a"), CALLED(SOAR, "a", .number = 2), BEGUN(SOAR), ANSWERED(SOAR, "not_sent", .number = 2),
            ANSWERED(SOAR, "throttled"), SENT(SOAR, "a", .number = 3) } },
        { "decided one after the other, begun together", 9, 0,
          { DONE(0, "a"), CALLED(SOAR, "a"), CALLED(SOAR, "a", .worker = 2), BEGUN(SOAR, .worker = 2), BEGUN(SOAR) } },
        { "another member of the call is called for elsewhere", 9, 0,
          { NOTED(0, "a"), NOTED(1, "b"), CALLED(NOTICE, "a"), CALLED(NOTICE, "b"), BEGUN(NOTICE),
            SENT(NOTICE, "a", .worker = 2) } },
        { "the store's clock jumped", SOUND, 0, { DONE(0, "a"), SENT(SOAR, "a"), JUMPED(), SENT(SOAR, "a", .worker = 2) } },
        { "the store lost its key", SOUND, 0,
          { DONE(0, "a"), SENT(SOAR, "a"), LOST_KEY(SOAR, "a"), SENT(SOAR, "a", .worker = 2) } },
        { "the store lost another key", 9, 0,
          { DONE(0, "a"), DONE(1, "b"), SENT(SOAR, "a"), LOST_KEY(SOAR, "b"), SENT(SOAR, "a", .worker = 2) } },
        { "two at once", 9, 0, { DONE(0, "a"), SENT(SOAR, "a"), SENT(SOAR, "a", .worker = 2) } },
        { "the second stood still with its claim", 9, 0,
          { DONE(0, "a"), FROZEN(MARGIN_OVER, .worker = 2), SENT(SOAR, "a", .at = 2200), SENT(SOAR, "a", .worker = 2) } },
        { "two calls of one worker", 9, 0, { DONE(0, "a"), SENT(SOAR, "a"), SENT(SOAR, "a", .number = 2) } },
        { "it stood still, but not for long", 9, 0,
          { DONE(0, "a"), SENT(SOAR, "a"), FROZEN(100), SENT(SOAR, "a", .worker = 2) } },
        { "it stood still before it called", 9, 0,
          { DONE(0, "a"), FROZEN(MARGIN_OVER), SENT(SOAR, "a", .at = 5000), SENT(SOAR, "a", .worker = 2) } },
        { "somebody else stood still", 9, 0,
          { DONE(0, "a"), SENT(SOAR, "a"), FROZEN(MARGIN_OVER, .worker = 3), SENT(SOAR, "a", .worker = 2) } },
        { "another call was answered", 9, 0,
          { DONE(0, "a"), DONE(1, "b"), SENT(SOAR, "a"), SENT(SOAR, "b", .number = 2),
            ANSWERED(SOAR, "delivered", .number = 2), SENT(SOAR, "a", .worker = 2) } },
        { "the store forgot long before", 9, 0,
          { FORGOT(.at = 1), PRODUCED(0, "a", .targets = TO_SOAR, .at = LEASE_MS + 100), EXECUTED(SOAR, "a"),
            SENT(SOAR, "a"), SENT(SOAR, "a", .worker = 2) } },
    };
    EXPECT_TALES(9, tales);
}

Test(proof_calls, a_told_wait_is_kept)
{
    static const struct tale tales[] = {
        { "until it is over", SOUND, 0,
          { DONE(0, "a"), CALLED(SOAR, "a", .at = 100), ANSWERED(SOAR, "throttled", .at = 110, .limit = 1000),
            CALLED(SOAR, "a", .at = 1110, .number = 2) } },
        { "for as long as is followed", SOUND, 0,
          { DONE(0, "a"), CALLED(SOAR, "a", .at = 100), ANSWERED(SOAR, "throttled", .at = 110, .limit = 60000),
            CALLED(SOAR, "a", .at = 110 + RETRY_AFTER_MAX_MS, .number = 2) } },
        { "the other target was not told", SOUND, 0,
          { DONE(0, "a"), NOTED(1, "b"), CALLED(SOAR, "a", .at = 100), ANSWERED(SOAR, "throttled", .at = 110, .limit = 1000),
            CALLED(NOTICE, "b", .number = 2) } },
        { "the other worker was not told", SOUND, 0,
          { DONE(0, "a"), CALLED(SOAR, "a", .at = 100), ANSWERED(SOAR, "throttled", .at = 110, .limit = 1000),
            CALLED(SOAR, "a", .worker = 2) } },
        { "on its way in that moment", SOUND, 0,
          { DONE(0, "a"), DONE(1, "b"), CALLED(SOAR, "a", .at = 100), ANSWERED(SOAR, "throttled", .at = 110, .limit = 1000),
            CALLED(SOAR, "b", .at = 110, .number = 2) } },
        { "too early", 16, 0,
          { DONE(0, "a"), CALLED(SOAR, "a", .at = 100), ANSWERED(SOAR, "throttled", .at = 110, .limit = 1000),
            CALLED(SOAR, "a", .at = 1109, .number = 2) } },
        { "with another event", 16, 0,
          { DONE(0, "a"), DONE(1, "b"), CALLED(SOAR, "a", .at = 100), ANSWERED(SOAR, "throttled", .at = 110, .limit = 1000),
            CALLED(SOAR, "b", .at = 120, .number = 2) } },
        { "a shorter wait does not end a longer one", 16, 0,
          { DONE(0, "a"), DONE(1, "b"), CALLED(SOAR, "a", .at = 100), CALLED(SOAR, "b", .number = 2),
            ANSWERED(SOAR, "throttled", .at = 200, .limit = 1000), ANSWERED(SOAR, "throttled", .number = 2, .limit = 20),
            CALLED(SOAR, "b", .at = 600, .number = 3) } },
    };
    EXPECT_TALES(16, tales);
}

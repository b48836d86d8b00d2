/* test_doubts.c: what the checker says of calls for what may have been carried out: I7. */
#include "tests/proof/tale.h"

#include <criterion/criterion.h>

#define OPEN(offset_, id_) PRODUCED(offset_, id_, .targets = TO_SOAR)
#define NOTED(offset_, id_) PRODUCED(offset_, id_, .targets = TO_NOTICE), EXECUTED(NOTICE, id_)
#define TAKEN(id_, from_, ...) KEY(id_, from_, "C", .flags = KEY_BEGINS, __VA_ARGS__)
#define ALONE(target_, id_) { .fact = { .kind = FACT_ALONE, .worker = 1, .target = (target_) }, .id = (id_) }
#define TRIED(id_, word_, ...) CALLED(SOAR, id_, __VA_ARGS__), ANSWERED(SOAR, word_, __VA_ARGS__)
#define LATER (2 * LEASE_MS)
#define SENT(target_, id_, ...) CALLED(target_, id_, __VA_ARGS__), BEGUN(target_, __VA_ARGS__)
#define RESENT(id_, doubt_, ...) JOURNALED(SOAR, 0, id_, "resend", .number = (doubt_), __VA_ARGS__)
#define IN_DOUBT(id_) TAKEN(id_, "-"), CALLED(SOAR, id_), EXECUTED(SOAR, id_), ANSWERED(SOAR, "in_doubt")
#define DELIVERED(id_, ...) TRIED(id_, "delivered", __VA_ARGS__)
#define ENDED(id_) TAKEN(id_, "-"), EXECUTED(SOAR, id_), DELIVERED(id_)

Test(proof_doubts, a_call_in_doubt_was_announced)
{
    static const struct tale tales[] = {
        { "after an answer in doubt", SOUND, 0, 
          { OPEN(0, "a"), IN_DOUBT("a"), RESENT("a", 1), KEY("a", "C", "C", .number = 1), SENT(SOAR, "a", .number = 2) } },
        { "once for each doubt", SOUND, 0,
          { OPEN(0, "a"), IN_DOUBT("a"), RESENT("a", 1), KEY("a", "C", "C", .number = 1), TRIED("a", "throttled", .number = 2),
            TRIED("a", "in_doubt", .number = 3), RESENT("a", 2), KEY("a", "C", "C", .number = 2),
            SENT(SOAR, "a", .number = 4) } },
        { "by whoever takes over", SOUND, 0,
          { OPEN(0, "a"), TAKEN("a", "-"), CALLED(SOAR, "a"), EXECUTED(SOAR, "a"),
            TAKEN("a", "C", .worker = 2, .at = LATER, .number = 1), RESENT("a", 1, .worker = 2),
            SENT(SOAR, "a", .worker = 2) } },
        { "by whoever takes over what was given up in doubt", SOUND, 0,
          { OPEN(0, "a"), IN_DOUBT("a"), KEY("a", "C", "I", .number = 1),
            TAKEN("a", "I", .worker = 2, .at = LATER, .number = 1, .limit = 1),
            RESENT("a", 1, .worker = 2), SENT(SOAR, "a", .worker = 2) } },
        { "not after what was surely not carried out", SOUND, 0,
          { OPEN(0, "a"), TAKEN("a", "-"), TRIED("a", "not_sent"), TRIED("a", "not_executed", .number = 2),
            SENT(SOAR, "a", .number = 3), EXECUTED(SOAR, "a") } },
        { "not where the other was idle", SOUND, 0,
          { OPEN(0, "a"), TAKEN("a", "-"), KEY("a", "C", "I"), TAKEN("a", "I", .worker = 2, .at = LATER),
            SENT(SOAR, "a", .worker = 2),
            EXECUTED(SOAR, "a") } },
        { "not for a call that is not begun", SOUND, 0, { OPEN(0, "a"), IN_DOUBT("a"), CALLED(SOAR, "a", .number = 2) } },
        { "a notice", SOUND, 0,
          { NOTED(0, "a"), CALLED(NOTICE, "a"), ANSWERED(NOTICE, "in_doubt"), JOURNALED(NOTICE, 0, "a", "resend", .number = 1),
            SENT(NOTICE, "a", .number = 2) } },
        { "it does without the store", SOUND, TARGET_DEGRADES,
          { NOTED(0, "a"), ALONE(NOTICE, "a"), CALLED(NOTICE, "a"), ANSWERED(NOTICE, "in_doubt"),
            SENT(NOTICE, "a", .number = 2) } },
        { "not by who met no key, which was lost", SOUND, 0,
          { OPEN(0, "a"), IN_DOUBT("a"), LOST_KEY(SOAR, "a"), TAKEN("a", "-", .worker = 2), SENT(SOAR, "a", .worker = 2) } },
        { "not by the other custody of one worker, when the key of the first was lost", SOUND, 0,
          { OPEN(0, "a"), TAKEN("a", "-"), LOST_KEY(SOAR, "a"), CALLED(SOAR, "a"), TAKEN("a", "-"), EXECUTED(SOAR, "a"),
            ANSWERED(SOAR, "in_doubt"), SENT(SOAR, "a", .number = 2) } },
        { "not announced", 7, 0, { OPEN(0, "a"), IN_DOUBT("a"), SENT(SOAR, "a", .number = 2) } },
        { "announced too late", 7, 0, { OPEN(0, "a"), IN_DOUBT("a"), SENT(SOAR, "a", .number = 2), RESENT("a", 1) } },
        { "announced by another worker", 7, 0,
          { OPEN(0, "a"), IN_DOUBT("a"), TAKEN("a", "C", .worker = 2, .at = LATER, .number = 1), RESENT("a", 1, .worker = 2),
            KEY("a", "C", "I", .worker = 2, .number = 1, .flags = KEY_GIVEN_UP), TAKEN("a", "I", .number = 1, .limit = 1),
            SENT(SOAR, "a", .number = 2) } },
        { "the second doubt is not", 7, 0,
          { OPEN(0, "a"), IN_DOUBT("a"), RESENT("a", 1), KEY("a", "C", "C", .number = 1), TRIED("a", "in_doubt", .number = 2),
            SENT(SOAR, "a", .number = 3) } },
        { "not announced by whoever takes over", 7, 0,
          { OPEN(0, "a"), TAKEN("a", "-"), CALLED(SOAR, "a"), TAKEN("a", "C", .worker = 2, .at = LATER, .number = 1),
            SENT(SOAR, "a", .worker = 2), EXECUTED(SOAR, "a") } },
        { "a notice, not announced", 7, 0,
          { NOTED(0, "a"), CALLED(NOTICE, "a"), ANSWERED(NOTICE, "in_doubt"), SENT(NOTICE, "a", .number = 2) } },
        { "one of a batch of notices", 7, 0,
          { NOTED(0, "a"), NOTED(1, "b"), CALLED(NOTICE, "a", .limit = 2), CALLED(NOTICE, "b", .limit = 2),
            ANSWERED(NOTICE, "in_doubt"), JOURNALED(NOTICE, 1, "b", "resend", .number = 1), SENT(NOTICE, "b", .number = 2),
            SENT(NOTICE, "a", .number = 3) } },
        { "another does without the store", 7, TARGET_DEGRADES,
          { NOTED(0, "a"), ALONE(NOTICE, "b"), CALLED(NOTICE, "a"), ANSWERED(NOTICE, "in_doubt"),
            SENT(NOTICE, "a", .number = 2) } },
        { "another key was lost", 7, 0,
          { OPEN(0, "a"), TAKEN("a", "-"), LOST_KEY(SOAR, "b"), EXECUTED(SOAR, "a"), TRIED("a", "in_doubt"),
            SENT(SOAR, "a", .number = 2) } },
        { "its key was lost, which its worker has in mind", 7, 0,
          { OPEN(0, "a"), IN_DOUBT("a"), LOST_KEY(SOAR, "a"), SENT(SOAR, "a", .number = 2) } },
    };
    EXPECT_TALES(7, tales);
}

Test(proof_doubts, what_is_announced_has_a_cause)
{
    static const struct tale tales[] = {
        { "an answer in doubt", SOUND, 0, { OPEN(0, "a"), IN_DOUBT("a"), RESENT("a", 1) } },
        { "a claim that was not idle", SOUND, 0,
          { OPEN(0, "a"), TAKEN("a", "-"), EXECUTED(SOAR, "a"), TAKEN("a", "C", .worker = 2, .at = LATER, .number = 1),
            RESENT("a", 1, .worker = 2) } },
        { "one doubt, announced in each custody", SOUND, 0,
          { OPEN(0, "a"), IN_DOUBT("a"), RESENT("a", 1), KEY("a", "C", "I", .number = 1),
            TAKEN("a", "I", .worker = 2, .at = LATER, .number = 1, .limit = 1), RESENT("a", 1, .worker = 2) } },
        { "it was held, and a person put it back", SOUND, 0,
          { OPEN(0, "a"), IN_DOUBT("a"), KEY("a", "C", "U", .number = 1),
            TAKEN("a", "U", .flags = KEY_REPLAY | KEY_BEGINS, .number = 1, .limit = 1), RESENT("a", 1) } },
        { "its own doubt of before, the key being lost", SOUND, 0,
          { OPEN(0, "a"), IN_DOUBT("a"), LOST_KEY(SOAR, "a"), TAKEN("a", "-", .number = 1), RESENT("a", 1) } },
        { "it does without the store", SOUND, TARGET_DEGRADES,
          { OPEN(0, "a"), OPEN(1, "b"), ENDED("b"), ALONE(SOAR, "a"), EXECUTED(SOAR, "a"), RESENT("a", 1) } },
        { "none", 7, 0, { OPEN(0, "a"), TAKEN("a", "-"), EXECUTED(SOAR, "a"), TRIED("a", "throttled"), RESENT("a", 1) } },
        { "an acknowledgement", 7, 0, { OPEN(0, "a"), ENDED("a"), RESENT("a", 1) } },
        { "another's answer in doubt", 7, 0,
          { OPEN(0, "a"), OPEN(1, "b"), IN_DOUBT("b"), TAKEN("a", "-"), EXECUTED(SOAR, "a"), RESENT("a", 1) } },
        { "twice for one doubt", 7, 0, { OPEN(0, "a"), IN_DOUBT("a"), RESENT("a", 1), RESENT("a", 1) } },
        { "more than the doubt there is", 7, 0, { OPEN(0, "a"), IN_DOUBT("a"), RESENT("a", 2) } },
        { "a claim that was idle", 7, 0,
          { OPEN(0, "a"), TAKEN("a", "-"), KEY("a", "C", "I"), EXECUTED(SOAR, "a"),
            TAKEN("a", "I", .worker = 2, .at = LATER, .number = 1) } },
        { "a claim that was idle in doubt", 7, 0,
          { OPEN(0, "a"), IN_DOUBT("a"), KEY("a", "C", "I", .number = 1),
            TAKEN("a", "I", .worker = 2, .at = LATER, .number = 2, .limit = 1) } },
        { "a claim that was not idle, twice as much", 7, 0,
          { OPEN(0, "a"), TAKEN("a", "-"), EXECUTED(SOAR, "a"), TAKEN("a", "C", .worker = 2, .at = LATER, .number = 2) } },
        { "a claim that was not idle, and nothing said of it", 7, 0,
          { OPEN(0, "a"), TAKEN("a", "-"), EXECUTED(SOAR, "a"), TAKEN("a", "C", .worker = 2, .at = LATER) } },
        { "a doubt that is lost when what was idle is taken over", 7, 0,
          { OPEN(0, "a"), IN_DOUBT("a"), KEY("a", "C", "I", .number = 1),
            TAKEN("a", "I", .worker = 2, .at = LATER, .limit = 1) } },
        { "a doubt that is lost in a replay", 7, 0,
          { OPEN(0, "a"), IN_DOUBT("a"), KEY("a", "C", "U", .number = 1),
            TAKEN("a", "U", .flags = KEY_REPLAY | KEY_BEGINS, .limit = 1) } },
        { "what was released", 7, 0,
          { OPEN(0, "a"), TAKEN("a", "-"), KEY("a", "C", "R"), TAKEN("a", "R", .worker = 2, .number = 1), EXECUTED(SOAR, "a") } },
        { "no key", 7, 0, { OPEN(0, "a"), TAKEN("a", "-", .number = 1), EXECUTED(SOAR, "a") } },
    };
    EXPECT_TALES(7, tales);
}

Test(proof_doubts, what_was_acknowledged_is_not_called_for_again)
{
    static const struct tale tales[] = {
        { "once", SOUND, 0, { OPEN(0, "a"), ENDED("a"), KEY("a", "C", "D") } },
        { "another id", SOUND, 0,
          { OPEN(0, "a"), OPEN(1, "b"), ENDED("a"), EXECUTED(SOAR, "b"), SENT(SOAR, "b", .number = 2) } },
        { "at another target", SOUND, 0,
          { PRODUCED(0, "a", .targets = TO_SOAR | TO_NOTICE), ENDED("a"), EXECUTED(NOTICE, "a"),
            SENT(NOTICE, "a", .number = 2) } },
        { "by another worker, that did not hear of it", SOUND, 0,
          { OPEN(0, "a"), ENDED("a"), TAKEN("a", "C", .worker = 2, .at = LATER, .number = 1), RESENT("a", 1, .worker = 2),
            SENT(SOAR, "a", .worker = 2) } },
        { "it was refused", SOUND, 0,
          { OPEN(0, "a"), TAKEN("a", "-"), TRIED("a", "auth"), SENT(SOAR, "a", .number = 2), EXECUTED(SOAR, "a") } },
        { "the key was lost, and claimed once more", SOUND, 0,
          { OPEN(0, "a"), ENDED("a"), KEY("a", "C", "D"), LOST_KEY(SOAR, "a"), TAKEN("a", "-"),
            SENT(SOAR, "a", .number = 2) } },
        { "the key was lost and claimed once more, then acknowledged", SOUND, 0,
          { OPEN(0, "a"), TAKEN("a", "-"), CALLED(SOAR, "a"), LOST_KEY(SOAR, "a"), TAKEN("a", "-"), EXECUTED(SOAR, "a"),
            ANSWERED(SOAR, "delivered"), SENT(SOAR, "a", .number = 2) } },
        { "its partition was given back before the store heard of it", SOUND, 0,
          { OPEN(0, "a"), ASSIGNED(), ENDED("a"), REVOKED(), TAKEN("a", "C", .number = 1), RESENT("a", 1),
            SENT(SOAR, "a", .number = 2) } },
        { "it does without the store", SOUND, TARGET_DEGRADES,
          { OPEN(0, "a"), ENDED("a"), ALONE(SOAR, "a"), SENT(SOAR, "a", .number = 2) } },
        { "again", 7, 0, { OPEN(0, "a"), ENDED("a"), SENT(SOAR, "a", .number = 2) } },
        { "again, its partition being given back and not claimed anew", 7, 0,
          { OPEN(0, "a"), ASSIGNED(), ENDED("a"), REVOKED(), SENT(SOAR, "a", .number = 2) } },
        { "again, its partition being given back before", 7, 0,
          { OPEN(0, "a"), ASSIGNED(), REVOKED(), ENDED("a"), TAKEN("a", "C", .number = 1), RESENT("a", 1),
            SENT(SOAR, "a", .number = 2) } },
        { "again, announced", 7, 0,
          { OPEN(0, "a"), ENDED("a"), TAKEN("a", "C", .number = 1), RESENT("a", 1), SENT(SOAR, "a", .number = 2) } },
        { "a notice", 7, 0,
          { NOTED(0, "a"), CALLED(NOTICE, "a"), ANSWERED(NOTICE, "delivered"), SENT(NOTICE, "a", .number = 2) } },
        { "the key was lost, and not claimed", 7, 0,
          { OPEN(0, "a"), ENDED("a"), LOST_KEY(SOAR, "a"), SENT(SOAR, "a", .number = 2) } },
        { "the key was lost before", 7, 0,
          { OPEN(0, "a"), LOST_KEY(SOAR, "a"), ENDED("a"), SENT(SOAR, "a", .number = 2) } },
        { "another key was lost", 7, 0,
          { OPEN(0, "a"), ENDED("a"), LOST_KEY(SOAR, "b"), SENT(SOAR, "a", .number = 2) } },
        { "the key was lost once, and it was acknowledged twice", 7, 0,
          { OPEN(0, "a"), ENDED("a"), LOST_KEY(SOAR, "a"), TAKEN("a", "-"), DELIVERED("a", .number = 2),
            SENT(SOAR, "a", .number = 3) } },
    };
    EXPECT_TALES(7, tales);
}

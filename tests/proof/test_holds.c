/* test_holds.c: what the checker says of who holds a claim, how long it lasts, and how late a call may begin under it: I9. */
#include "tests/proof/tale.h"

#include <criterion/criterion.h>

#define OPEN_A PRODUCED(0, "a", .targets = TO_SOAR)
#define DONE_A OPEN_A, EXECUTED(SOAR, "a")
#define CLAIM(from_, at_, ...) KEY("a", from_, "C", .at = (at_), __VA_ARGS__)
#define SENT(at_, ...) CALLED(SOAR, "a", __VA_ARGS__), BEGUN(SOAR, .at = (at_), __VA_ARGS__)

Test(proof_holds, a_claim_is_left_alone_for_its_lease)
{
    static const struct tale tales[] = {
        { "taken over when it is over", SOUND, 0, { CLAIM("-", 100), CLAIM("C", 100 + LEASE_MS, .worker = 2) } },
        { "given up", SOUND, 0,
          { CLAIM("-", 100), KEY("a", "C", "C", .flags = KEY_GIVEN_UP), KEY("a", "C", "C", .worker = 2) } },
        { "released", SOUND, 0, { CLAIM("-", 100), KEY("a", "C", "R"), KEY("a", "R", "C", .worker = 2) } },
        { "its own, by its next try", SOUND, 0, { CLAIM("-", 100), CLAIM("C", 120, .number = 1) } },
        { "the store forgot", SOUND, 0, { CLAIM("-", 100), FORGOT(), CLAIM("-", 120, .worker = 2) } },
        { "the store lost its key", SOUND, 0, { CLAIM("-", 100), LOST_KEY(SOAR, "a"), CLAIM("-", 120, .worker = 2) } },
        { "the store's clock jumped", SOUND, 0, { CLAIM("-", 100), JUMPED(), CLAIM("C", 120, .worker = 2) } },
        { "another id", SOUND, 0, { CLAIM("-", 100), KEY("b", "-", "C", .worker = 2) } },
        { "another target", SOUND, 0, { CLAIM("-", 100), KEY("a", "-", "C", .worker = 2, .target = NOTICE) } },
        { "a little early", 9, 0, { CLAIM("-", 100), CLAIM("C", 99 + LEASE_MS, .worker = 2) } },
        { "idle is no less claimed", 9, 0, { CLAIM("-", 100), KEY("a", "C", "I"), CLAIM("I", 99 + LEASE_MS, .worker = 2) } },
        { "counted from the last renewal", 9, 0,
          { CLAIM("-", 100), CLAIM("C", 5000), CLAIM("C", 100 + LEASE_MS, .worker = 2) } },
        { "the store's clock jumped before it was renewed", 9, 0,
          { CLAIM("-", 100), JUMPED(.at = 150), CLAIM("C", 200), CLAIM("C", 5000, .worker = 2) } },
        { "given up, and claimed again", 9, 0,
          { CLAIM("-", 100), KEY("a", "C", "C", .flags = KEY_GIVEN_UP), CLAIM("C", 200), CLAIM("C", 5000, .worker = 2) } },
        { "the store forgot before it was claimed", 9, 0, { FORGOT(.at = 50), CLAIM("-", 100), CLAIM("C", 5000, .worker = 2) } },
        { "the store lost another key", 9, 0, { CLAIM("-", 100), LOST_KEY(SOAR, "b"), CLAIM("C", 120, .worker = 2) } },
        { "its owner stood still", 9, 0, { CLAIM("-", 100), FROZEN(5000), CLAIM("C", 5200, .worker = 2) } },
        { "the target goes on without the store", 9, TARGET_DEGRADES, { CLAIM("-", 100), CLAIM("C", 5000, .worker = 2) } },
    };
    EXPECT_TALES(9, tales);
}

Test(proof_holds, no_call_begins_when_its_lease_is_nearly_over)
{
    static const struct tale tales[] = {
        { "at the last moment", SOUND, 0, { DONE_A, CLAIM("-", 100), SENT(100 + SAFE_MS) } },
        { "later, as it was renewed", SOUND, 0, { DONE_A, CLAIM("-", 100), CLAIM("C", 3000), SENT(3000 + SAFE_MS) } },
        { "another claimed before", SOUND, 0,
          { DONE_A, CLAIM("-", 100), CLAIM("C", 100 + LEASE_MS, .worker = 2), SENT(200 + LEASE_MS, .worker = 2) } },
        { "the target goes on without the store", SOUND, TARGET_DEGRADES, { DONE_A, CLAIM("-", 100), SENT(101 + SAFE_MS) } },
        { "a moment later", 9, 0, { DONE_A, CLAIM("-", 100), SENT(101 + SAFE_MS) } },
        { "it stood still", 9, 0, { DONE_A, CLAIM("-", 100), FROZEN(SAFE_MS), SENT(101 + SAFE_MS) } },
        { "the store forgot", 9, 0, { DONE_A, CLAIM("-", 100), FORGOT(), SENT(101 + SAFE_MS) } },
        { "one member's claim is older", 9, 0,
          { DONE_A, PRODUCED(1, "b", .targets = TO_SOAR), EXECUTED(SOAR, "b"), KEY("b", "-", "C"), CLAIM("-", 200),
            CALLED(SOAR, "a"), CALLED(SOAR, "b"), BEGUN(SOAR, .at = 100 + SAFE_MS) } },
    };
    EXPECT_TALES(9, tales);
}

Test(proof_holds, no_call_begins_under_a_claim_of_another)
{
    static const struct tale tales[] = {
        { "the other ended it", SOUND, 0,
          { DONE_A, CLAIM("-", 100), FORGOT(), KEY("a", "-", "C", .worker = 2), KEY("a", "C", "D", .worker = 2), SENT(200) } },
        { "it was claimed back", SOUND, 0,
          { DONE_A, KEY("a", "-", "C", .worker = 2, .at = 100), KEY("a", "C", "C", .worker = 2, .flags = KEY_GIVEN_UP),
            CLAIM("C", 200), SENT(300) } },
        { "the store forgot in between", SOUND, 0,
          { DONE_A, CLAIM("-", 100), FORGOT(), KEY("a", "-", "C", .worker = 2), SENT(200) } },
        { "the other gave it up", SOUND, 0,
          { OPEN_A, CLAIM("-", 100), KEY("a", "C", "R"), KEY("a", "R", "C", .worker = 2),
            KEY("a", "C", "C", .worker = 2, .flags = KEY_GIVEN_UP), SENT(200), EXECUTED(SOAR, "a") } },
        { "without a claim", 9, 0, { DONE_A, KEY("a", "-", "C", .worker = 2), SENT(200) } },
        { "without a claim, and the store forgot", 9, 0, { DONE_A, FORGOT(), KEY("a", "-", "C", .worker = 2), SENT(200) } },
        { "it had released its own", 9, 0,
          { OPEN_A, CLAIM("-", 100), KEY("a", "C", "R"), KEY("a", "R", "C", .worker = 2), SENT(200), EXECUTED(SOAR, "a") } },
        { "it stood still meanwhile", 9, 0,
          { OPEN_A, CLAIM("-", 100), KEY("a", "C", "R"), FROZEN(3000), KEY("a", "R", "C", .worker = 2), SENT(3200),
            EXECUTED(SOAR, "a") } },
        { "the store forgot before it claimed", 9, 0,
          { OPEN_A, FORGOT(.at = 50), CLAIM("-", 100), KEY("a", "C", "R"), KEY("a", "R", "C", .worker = 2), SENT(200),
            EXECUTED(SOAR, "a") } },
    };
    EXPECT_TALES(9, tales);
}

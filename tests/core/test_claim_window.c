/* test_claim_window.c: the table of repeats within a window, walked whole: every state of the leader, age, lease and own key. */
#include "bridge/core/claim.h"

#include <criterion/criterion.h>

enum { LEASE_MS = 30000, OTHER_LEASE_MS = 5000, TTL_MS = 86400000 };

static const uint64_t own = 0xA11CE, fp = 0x1234567890abcdef;

static struct claim_order
an_order(void)
{
    static const struct claim_window window = { .route = 1, .hash = { 3, 4 }, .window_ms = 600000 };
    return (struct claim_order){ .id = SLICE("twin"), .fp = fp, .dispatch = 7, .attempt = 1, .lease_ms = LEASE_MS,
                                 .ttl_ms = TTL_MS, .window = &window };
}

static struct claim_value
a_leader(enum claim_state state, int64_t lease_ms)
{
    return (struct claim_value){ .state = state, .attempt = 2, .doubt = 1, .owner = 0xB0B, .dispatch = 9, .lease_ms = lease_ms,
                                 .ttl_ms = TTL_MS, .fp = 5 };
}

Test(claim_window, only_a_leader_that_is_done_suppresses_and_only_one_that_may_still_be_delivered_is_waited_for)
{
    static const struct {
        enum claim_state state;
        int64_t lease_ms;
        ms_t age_ms;
        enum twin_fate fate;
    } rows[] = {
        { CLAIM_STATE_DONE, 0, 0, TWIN_SUPPRESSED },
        { CLAIM_STATE_DONE, 0, TTL_MS, TWIN_SUPPRESSED },
        { CLAIM_STATE_CLAIMED, OTHER_LEASE_MS, 0, TWIN_WAITS },
        { CLAIM_STATE_CLAIMED, OTHER_LEASE_MS, OTHER_LEASE_MS + 1, TWIN_WAITS },
        { CLAIM_STATE_CLAIMED, OTHER_LEASE_MS, 2 * OTHER_LEASE_MS, TWIN_WAITS },
        { CLAIM_STATE_CLAIMED, OTHER_LEASE_MS, 2 * OTHER_LEASE_MS + 1, TWIN_PROMOTED },
        { CLAIM_STATE_CLAIMED, 0, 0, TWIN_WAITS },              /* given up in doubt: read again soon */
        { CLAIM_STATE_CLAIMED, 0, 2 * LEASE_MS, TWIN_WAITS },
        { CLAIM_STATE_CLAIMED, 0, 2 * LEASE_MS + 1, TWIN_PROMOTED },
        { CLAIM_STATE_RELEASED, 0, 0, TWIN_WAITS },
        { CLAIM_STATE_RELEASED, 0, 2 * LEASE_MS, TWIN_WAITS },
        { CLAIM_STATE_RELEASED, 0, 2 * LEASE_MS + 1, TWIN_PROMOTED },
        { CLAIM_STATE_UNCONFIRMED, 0, 0, TWIN_PROMOTED },
        { CLAIM_STATE_UNCONFIRMED, 0, TTL_MS, TWIN_PROMOTED },
        { CLAIM_STATE_DEAD, 0, 0, TWIN_PROMOTED },
        { CLAIM_STATE_DEAD, 0, TTL_MS, TWIN_PROMOTED },
        { CLAIM_STATE_NONE, 0, 0, TWIN_PROMOTED },
        { CLAIM_STATE_NONE, 0, TTL_MS, TWIN_PROMOTED },
    };
    struct claim_order order = an_order();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct claim_value leader = a_leader(rows[i].state, rows[i].lease_ms);
        cr_expect_eq(claim_meet_leader(&order, &leader, rows[i].age_ms), rows[i].fate, "row %zu", i);
    }
    cr_expect_eq(claim_meet_leader(&order, NULL, 0), TWIN_PROMOTED, "no key at all");
}

Test(claim_window, what_is_given_back_is_what_was_there_and_never_a_claim_that_is_held)
{
    static const struct {
        struct claim_value met;
        ms_t age_ms;
        enum claim_state left;
        uint32_t attempt, doubt;
    } rows[] = {
        { { .state = CLAIM_STATE_NONE }, 0, CLAIM_STATE_NONE, 0, 0 },
        { { .state = CLAIM_STATE_RELEASED, .attempt = 1, .fp = fp }, 0, CLAIM_STATE_RELEASED, 1, 0 },
        { { .state = CLAIM_STATE_RELEASED, .attempt = 6, .fp = fp }, 0, CLAIM_STATE_RELEASED, 6, 0 },
        { { .state = CLAIM_STATE_DEAD, .fp = fp }, 0, CLAIM_STATE_DEAD, 0, 0 },
        { { .state = CLAIM_STATE_UNCONFIRMED, .doubt = 3, .fp = fp }, 0, CLAIM_STATE_UNCONFIRMED, 0, 3 },
        { { .state = CLAIM_STATE_CLAIMED, .attempt = 4, .doubt = 2, .lease_ms = 0, .ttl_ms = TTL_MS, .fp = fp }, 0,
          CLAIM_STATE_CLAIMED, 4, 2 },
        { { .state = CLAIM_STATE_CLAIMED, .attempt = 1, .owner = 9, .lease_ms = LEASE_MS, .ttl_ms = TTL_MS, .fp = fp },
          LEASE_MS + 1, CLAIM_STATE_CLAIMED, 1, 1 },
        { { .state = CLAIM_STATE_CLAIMED, .attempt = 1, .owner = own, .dispatch = 7, .lease_ms = LEASE_MS, .ttl_ms = TTL_MS,
            .fp = fp }, 5, CLAIM_STATE_NONE, 0, 0 },
        { { .state = CLAIM_STATE_CLAIMED, .attempt = 3, .owner = own, .dispatch = 7, .lease_ms = LEASE_MS, .ttl_ms = TTL_MS,
            .fp = fp }, 5, CLAIM_STATE_RELEASED, 2, 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct claim_order order = an_order();
        struct claim_answer answer;
        struct claim_value write;
        order.replay = true;
        claim_meet(&order, own, &rows[i].met, rows[i].age_ms, false, &answer, &write);
        cr_assert_eq(write.state, CLAIM_STATE_CLAIMED, "row %zu: it becomes ours first", i);
        claim_give_back(&order, own, &answer, &write);
        cr_expect_eq(write.state, rows[i].left, "row %zu: %c", i, (char)write.state);
        cr_expect_eq(write.attempt, rows[i].attempt, "row %zu: attempt %u", i, write.attempt);
        cr_expect_eq(write.doubt, rows[i].doubt, "row %zu: doubt %u", i, write.doubt);
        cr_expect_eq(write.lease_ms, 0, "row %zu", i);
        cr_expect(write.state == CLAIM_STATE_NONE || write.fp == fp, "row %zu", i);
    }
}

Test(claim_window, the_first_of_a_window_opens_it_and_asking_again_changes_nothing)
{
    struct claim_order order = an_order();
    struct claim_answer answer = { .verdict = CLAIM_FREE, .attempt = 1 };
    struct claim_value write = { .state = CLAIM_STATE_CLAIMED };
    cr_expect_eq(claim_meet_window(&order, own, (struct slice){ 0 }, NULL, 0, &answer, &write), WINDOW_OPEN);
    cr_expect_eq(claim_meet_window(&order, own, SLICE("twin"), &write, 0, &answer, &write), WINDOW_KEEP);
    cr_expect_eq(answer.verdict, CLAIM_FREE);
    cr_expect_eq(write.state, CLAIM_STATE_CLAIMED);
    cr_expect_null(answer.leader.at);
}

Test(claim_window, each_fate_says_what_becomes_of_the_window_of_the_answer_and_of_the_own_key)
{
    static const struct {
        enum claim_state leader;
        enum window_write window;
        enum claim_verdict verdict;
        enum claim_state own_key;
    } rows[] = {
        { CLAIM_STATE_DONE, WINDOW_KEEP, CLAIM_REPEAT, CLAIM_STATE_CLAIMED },
        { CLAIM_STATE_RELEASED, WINDOW_KEEP, CLAIM_TWIN, CLAIM_STATE_RELEASED },
        { CLAIM_STATE_DEAD, WINDOW_HAND_OVER, CLAIM_RETRY, CLAIM_STATE_CLAIMED },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct claim_order order = an_order();
        struct claim_answer answer = { .verdict = CLAIM_RETRY, .attempt = 3, .met = CLAIM_STATE_RELEASED };
        struct claim_value write = { .state = CLAIM_STATE_CLAIMED, .lease_ms = LEASE_MS }, leader = a_leader(rows[i].leader, 0);
        cr_expect_eq(claim_meet_window(&order, own, SLICE("leader"), &leader, 0, &answer, &write), rows[i].window, "row %zu", i);
        cr_expect_eq(answer.verdict, rows[i].verdict, "row %zu", i);
        cr_expect_eq(write.state, rows[i].own_key, "row %zu", i);
        cr_expect_eq(slice_is(answer.leader, "leader"), rows[i].verdict == CLAIM_REPEAT, "row %zu", i);
    }
}

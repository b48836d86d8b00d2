/* test_fairness.c: targets do not wait for each other, but through a full window that they share. */
#include "tests/story/story.h"

#include <criterion/criterion.h>
#include <stdio.h>

static void
receive_alerts(int from, int n)
{
    for (int i = from; i < from + n; i++) {
        char id[16];
        snprintf(id, sizeof(id), "s-%d", i);
        receive_alert(41 + i, id, id);
    }
}

static void
receive_notices(int from, int n)
{
    for (int i = from; i < from + n; i++) {
        char id[16];
        snprintf(id, sizeof(id), "p-%d", i);
        receive(41 + i, id, id);
    }
}

static uint64_t
delivered(uint32_t target)
{
    return stats()->targets[target].terminal[TERMINAL_DELIVERED];
}

/* Rounds of 10 ms with four notices, which the portal takes in 10 ms. */
static uint64_t
notices_in_a_second(bool beside_a_slow_one)
{
    stage()->window_records = 1000;
    story_begin();
    if (beside_a_slow_one)
        slow_target(1, 2000);
    int offset = 0;
    for (int round = 0; round < 100; round++) {
        receive_notices(offset, 4);
        offset += 4;
        if (beside_a_slow_one)
            receive_alerts(offset++, 1);
        pass(10);
    }
    return delivered(0);
}

Test(story, a_target_that_takes_two_seconds_does_not_slow_down_one_that_answers_at_once)
{
    uint64_t alone = notices_in_a_second(false), beside = notices_in_a_second(true);
    cr_expect_geq(alone, 390);
    cr_expect_geq(10 * beside, 9 * alone, "%lu beside a slow one, %lu alone", beside, alone);
    cr_expect_leq(delivered(1), 4, "which was slow indeed");
}

Test(story, a_slow_target_holds_back_another_only_once_their_window_is_full)
{
    stage()->window_records = 64;
    story_begin();
    calls_hang();
    receive_alerts(0, 63);
    pass(10);
    cr_expect_not(is_paused());
    receive_notices(63, 1);
    pass(10);
    cr_expect_eq(stats()->targets[0].calls_inflight, 1, "the last place of the window went to the fast one, at once");
    cr_expect(is_paused());
}

Test(story, throttling_slows_its_own_target_only)
{
    stage();
    story_begin();
    reply_is(OUTCOME_THROTTLED, 429, "Throttling.User", 1000);
    receive_alerts(0, 40);
    pass(100);
    cr_expect_lt(stats()->targets[1].calls_limit, 4);
    cr_expect_gt(stats()->targets[1].rate_per_hour, 0);
    cr_expect_eq(stats()->targets[0].calls_limit, 4);
    cr_expect_eq(stats()->targets[0].rate_per_hour, 0);
    receive_notices(40, 8);
    pass(30);
    cr_expect_eq(delivered(0), 8);
    pass(120000);
    cr_expect_eq(delivered(1), 40);
    cr_expect_eq(stats()->targets[1].calls_limit, 4, "it has come back");
    everything_adds_up();
}

Test(story, one_burst_of_timeouts_lowers_the_limit_once)
{
    stage()->targets[1].concurrency = 8;
    story_begin();
    for (int i = 0; i < 4; i++)
        reply_is(OUTCOME_IN_DOUBT, 0, "", 0);
    receive_alerts(0, 8);
    pass(10);
    cr_expect_eq(stats()->targets[1].calls_limit, 6);
    expect_line("too much, 6 at once, not 8");
}

Test(story, refused_connections_and_a_healthy_target_leave_the_limit_alone)
{
    stage()->targets[1].concurrency = 8;
    story_begin();
    for (int i = 0; i < 3; i++)
        reply_is(OUTCOME_NOT_SENT, 0, "", 0);
    receive_alerts(0, 60);
    pass(5000);
    cr_expect_eq(stats()->targets[1].calls_limit, 8);
    cr_expect_eq(delivered(1), 60);
}

/* test_budgets.c: what uses up a retry budget and what does not, breakers, and holding: docs/semantics.md, "Retries, budgets,
 * outages". */
#include "tests/story/story.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct target_policy *
two_attempts(void)
{
    struct target_policy *policy = &stage()->targets[1];
    policy->max_attempts = 2;
    policy->breaker_failures = 100;
    policy->retry_max_ms = 300;
    return policy;
}

static void
fail_with(int status, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++)
        reply_is(status ? OUTCOME_NOT_EXECUTED : OUTCOME_NOT_SENT, status, "", 0);
}

Test(story, an_answered_error_of_the_only_delivery_uses_up_its_budget)
{
    two_attempts();
    story_begin();
    fail_with(408, 50);
    receive_alert(41, "a", "1");
    pass(10000);
    cr_expect_eq(calls_seen(), 2);
    cr_expect_eq(parked_seen("budget"), 1);
    cr_expect_eq(committed(), 42);
}

Test(story, a_transport_failure_of_the_only_delivery_uses_up_nothing)
{
    two_attempts();
    story_begin();
    fail_with(0, 20);
    receive_alert(41, "a", "1");
    pass(60000);
    cr_expect_eq(calls_seen(), 21);
    cr_expect_eq(parked_seen("budget"), 0);
    cr_expect_eq(committed(), 42);
}

Test(story, errors_of_two_deliveries_use_up_nothing_while_neither_is_delivered)
{
    two_attempts();
    story_begin();
    fail_with(408, 30);
    receive_alert(41, "a", "1");
    receive_alert(42, "b", "2");
    pass(60000);
    cr_expect_eq(parked_seen("budget"), 0);
    cr_expect_eq(committed(), 43);
}

Test(story, copies_that_wait_for_a_delivery_do_not_keep_its_errors_from_counting)
{
    struct target_policy *policy = two_attempts();
    policy->order = ORDER_NONE;
    policy->concurrency = 1;
    policy->breaker_failures = 1;
    policy->breaker_every_ms = 1000;
    story_begin();
    fail_with(408, 30);
    claim_says("a", CLAIM_FREE, 0);
    for (int i = 0; i < 100; i++)
        claim_says("a", CLAIM_BUSY, 0);
    for (int i = 0; i < 3; i++)
        receive_alert(41 + i, "a", "1");
    pass(20000);
    cr_expect_eq(parked_seen("budget"), 1);
}

Test(story, copies_that_wait_do_not_take_the_tries_of_others)
{
    struct target_policy *policy = &stage()->targets[1];
    policy->order = ORDER_NONE;
    policy->concurrency = 1;
    policy->breaker_failures = 1;
    policy->breaker_every_ms = 1000;
    story_begin();
    fail_for("sick");
    claim_says("sick", CLAIM_FREE, 0);
    for (int i = 0; i < 100; i++)
        claim_says("sick", CLAIM_BUSY, 0);
    for (int i = 0; i < 3; i++)
        receive_alert(41 + i, "sick", "1");
    receive_alert(44, "b", "2");
    pass(6000);
    cr_expect_eq(stats()->targets[1].terminal[TERMINAL_DELIVERED], 1);
}

Test(story, gateway_errors_use_up_nothing_while_the_breaker_is_open)
{
    static const int statuses[] = { 502, 503, 504 };
    for (size_t i = 0; i < 3; i++) {
        struct target_policy *policy = two_attempts();
        policy->breaker_failures = 1;
        policy->breaker_every_ms = 1000;
        story_begin();
        fail_with(statuses[i], 30);
        receive_alert(41, "a", "1");
        pass(60000);
        cr_expect_eq(parked_seen("budget"), 0, "%d", statuses[i]);
        cr_expect_eq(committed(), 42);
    }
}

Test(story, max_elapsed_parks_what_is_called_and_waits_for_so_long)
{
    struct target_policy *policy = two_attempts();
    policy->max_attempts = 1000;
    policy->max_elapsed_ms = 5000;
    policy->retry_base_ms = policy->retry_max_ms = 1000;
    story_begin();
    fail_with(408, 200);
    receive_alert(41, "a", "1");
    pass(60000);
    cr_expect_eq(parked_seen("budget"), 1);
    cr_expect_lt(calls_seen(), 100u);
}

Test(story, max_elapsed_counts_neither_throttling_nor_pauses_nor_a_silent_store)
{
    struct target_policy *policy = two_attempts();
    policy->max_attempts = 1000;
    policy->max_elapsed_ms = 5000;
    story_begin();
    fail_with(408, 1);
    for (int i = 0; i < 3; i++)
        reply_is(OUTCOME_THROTTLED, 429, "", 60000);
    fail_with(408, 1);
    receive_alert(41, "a", "1");
    pass(200000);
    store_is_silent(true);
    receive_alert(42, "b", "2");
    pass(60000);
    store_is_silent(false);
    pass(5000);
    cr_expect_eq(parked_seen("budget"), 0);
    cr_expect_eq(committed(), 43);
}

Test(story, what_is_sent_again_goes_before_what_is_new)
{
    two_attempts()->concurrency = 1;
    story_begin();
    fail_with(408, 1);
    calls_hang();
    receive_alert(41, "old", "1");
    receive_alert(42, "next", "2");
    pass(5);
    calls_return();
    pass(1);
    calls_hang();                   /* "next" is out while "old" waits for its turn to be sent again */
    receive_alert(43, "new", "3");
    pass(1000);
    forget();
    calls_return();
    pass(5);
    expect_line("call 1: old");
    expect_no_line("call 1: new");
}

/* More of them than are asked for in the second after which each is asked for again. */
Test(story, an_open_breaker_is_probed_with_the_leader_though_its_repeats_are_always_next)
{
    struct engine_config *config = stage();
    config->targets[0].breaker_failures = 1;
    config->targets[0].breaker_every_ms = 1000;
    config->routes[0].window_ms = 600000;
    store_is_truthful();
    story_begin();
    claims_take(50);
    replies(OUTCOME_NOT_EXECUTED, OUTCOME_DELIVERED, OUTCOME_COUNT);
    for (int i = 0; i < 40; i++) {
        char id[16];
        snprintf(id, sizeof(id), "n%d", i);
        receive_repeat(41 + i, id, id, "k");
    }
    pass(20000);
    cr_expect_eq(calls_seen(), 2);
    cr_expect_eq(stats()->targets[0].suppressed, 39);
    cr_expect_eq(committed(), 81);
}

Test(story, an_open_breaker_probes_with_another_delivery_each_time)
{
    struct target_policy *policy = two_attempts();
    policy->concurrency = 1;
    policy->breaker_failures = 1;
    policy->breaker_every_ms = 1000;
    story_begin();
    fail_with(0, 6);
    receive_alert(41, "a", "1");
    receive_alert(42, "b", "2");
    receive_alert(43, "c", "3");
    pass(2990);
    expect_line("[   0] soar     call 1: a");
    expect_line("[1010] soar     call 1: b");
    expect_line("[2020] soar     call 1: c");
    pass(60000);
    cr_expect_eq(committed(), 44);
}

static void
a_poison_opens_the_breaker(void)
{
    struct target_policy *policy = &stage()->targets[1];
    policy->concurrency = 1;
    policy->breaker_failures = 1;
    story_begin();
    fail_for("poison");
    receive_alert(41, "poison", "p");
}

Test(story, a_poison_does_not_keep_a_healthy_target_shut)
{
    a_poison_opens_the_breaker();
    for (int i = 0; i < 5; i++) {
        char id[16];
        snprintf(id, sizeof(id), "n-%d", i);
        receive_alert(42 + i, id, id);
    }
    pass(200000);                   /* one probe each 30 s; it fails once after each that was delivered */
    cr_expect_eq(stats()->targets[1].terminal[TERMINAL_DELIVERED], 5);
}

/* They are read again after a restart by the thousand; one of them a probe, and a healthy target stays shut for hours. */
Test(story, duplicates_do_not_take_the_probes_of_an_open_breaker)
{
    a_poison_opens_the_breaker();
    pass(1000);
    for (int i = 0; i < 20; i++) {
        char id[24];
        snprintf(id, sizeof(id), "done-%d", i);
        claim_says(id, CLAIM_DUPLICATE, 0);
        receive_alert(42 + i, id, id);
    }
    receive_alert(62, "healthy", "h");
    pass(31000);
    cr_expect_eq(stats()->targets[1].terminal[TERMINAL_DUPLICATE], 20);
    cr_expect_eq(stats()->targets[1].terminal[TERMINAL_DELIVERED], 1);
}

Test(story, a_notice_in_doubt_is_sent_again_without_a_limit)
{
    stage()->targets[0].breaker_failures = 100;
    story_begin();
    for (int i = 0; i < 12; i++)
        reply_is(OUTCOME_IN_DOUBT, 0, "", 0);
    receive(41, "a", "1");
    pass(600000);
    cr_expect_eq(calls_seen(), 13);
    cr_expect_eq(parked_seen("unconfirmed"), 0);
    cr_expect_eq(committed(), 42);
}

Test(story, max_ambiguous_0_holds_at_the_first_doubt)
{
    stage()->targets[1].max_ambiguous = 0;
    story_begin();
    replies(OUTCOME_IN_DOUBT, OUTCOME_COUNT);
    receive_alert(41, "a", "1");
    pass(3000);
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(parked_seen("unconfirmed"), 1);
}

Test(story, without_an_order_events_of_one_incident_do_not_wait_for_each_other)
{
    stage()->targets[1].order = ORDER_NONE;
    story_begin();
    receive_alert(41, "inc-1", "same");
    receive_alert(42, "inc-2", "same");
    pass(5);
    expect("[   0] soar     call 1: inc-1\n"
           "[   0] soar     call 1: inc-2\n");
}

Test(story, a_dead_letter_for_an_event_in_the_lane_lets_the_next_one_go_when_its_end_is_written)
{
    stage();
    story_begin();
    reply_is(OUTCOME_REJECTED, 400, "InvalidParameter", 0);
    parks_fail(1);
    receive_alert(41, "inc-1", "same");
    receive_alert(42, "inc-2", "same");
    pass(900);
    expect_no_line("call 1: inc-2");
    pass(2000);
    expect_line("delivered 1: inc-2");
    cr_expect_eq(committed(), 43);
}

Test(story, an_outage_longer_than_max_age_parks_as_expired_what_nobody_wants_any_more)
{
    struct engine_config *config = stage();
    config->targets[1].max_age_ms = 60000;
    story_begin();
    fail_with(0, 8);
    receive_alert(41, "a", "1");
    pass(3600000);
    cr_expect_eq(parked_seen("expired"), 1);
    cr_expect_eq(parked_seen("budget"), 0);
    cr_expect_eq(committed(), 42);
}

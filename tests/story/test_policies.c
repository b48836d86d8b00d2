/* test_policies.c: doubt, budgets, throttling, breakers, refused credentials. */
#include "tests/story/story.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(story, an_ambiguous_call_is_sent_again_and_counted_where_the_backend_does_not_filter)
{
    stage();
    story_begin();
    replies(OUTCOME_IN_DOUBT, OUTCOME_DELIVERED, OUTCOME_COUNT);
    receive_alert(41, "inc-1", "i1");
    pass(3000);
    cr_expect_eq(calls_seen(), 2);
    cr_expect_eq(stats()->targets[1].possible_duplicates, 1);
    cr_expect_eq(committed(), 42);
}

Test(story, doubt_is_written_before_the_second_send)
{
    stage();
    story_begin();
    replies(OUTCOME_IN_DOUBT, OUTCOME_DELIVERED, OUTCOME_COUNT);
    receive_alert(41, "inc-1", "i1");
    pass(11);
    store_is_silent(true);
    pass(5000);
    cr_expect_eq(calls_seen(), 1, "no second send while the doubt cannot be written");
    store_is_silent(false);
    pass(3000);
    cr_expect_eq(calls_seen(), 2);
}

Test(story, hold_parks_a_delivery_in_doubt_as_unconfirmed)
{
    stage()->targets[1].on_ambiguous = AMBIGUOUS_HOLD;
    story_begin();
    replies(OUTCOME_IN_DOUBT, OUTCOME_COUNT);
    receive_alert(41, "inc-1", "i1");
    pass(3000);
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(parked_seen("unconfirmed"), 1);
    cr_expect_eq(committed(), 42);
}

Test(story, a_takeover_under_hold_is_not_sent_a_second_time)
{
    stage()->targets[1].on_ambiguous = AMBIGUOUS_HOLD;
    story_begin();
    claim_says("inc-1", CLAIM_TAKEOVER, 1);
    receive_alert(41, "inc-1", "i1");
    pass(3000);
    cr_expect_eq(calls_seen(), 0);
    cr_expect_eq(parked_seen("unconfirmed"), 1);
}

Test(story, more_doubt_than_max_ambiguous_is_held)
{
    stage()->targets[1].max_ambiguous = 2;
    story_begin();
    replies(OUTCOME_IN_DOUBT, OUTCOME_IN_DOUBT, OUTCOME_IN_DOUBT, OUTCOME_COUNT);
    receive_alert(41, "inc-1", "i1");
    pass(10000);
    cr_expect_eq(calls_seen(), 3);
    cr_expect_eq(parked_seen("unconfirmed"), 1);
}

Test(story, throttling_waits_as_told_and_uses_up_no_attempts)
{
    stage()->targets[1].max_attempts = 2;
    story_begin();
    for (int i = 0; i < 5; i++)
        reply_is(OUTCOME_THROTTLED, 429, "Throttling.User", 2000);
    receive_alert(41, "inc-1", "i1");
    pass(9000);
    cr_expect_eq(calls_seen(), 5);
    pass(3000);
    cr_expect_eq(calls_seen(), 6);
    cr_expect_eq(committed(), 42);
    cr_expect_eq(parked_seen("budget"), 0);
}

Test(story, a_retry_after_is_cut_at_its_maximum)
{
    stage()->targets[1].retry_after_max_ms = 5000;
    story_begin();
    reply_is(OUTCOME_THROTTLED, 429, "", 3600000);
    receive_alert(41, "inc-1", "i1");
    pass(6000);
    cr_expect_eq(calls_seen(), 2);
}

Test(story, an_outage_of_an_hour_parks_nothing)
{
    stage();
    story_begin();
    for (int i = 0; i < 200; i++)
        reply_is(OUTCOME_NOT_SENT, 0, "", 0);
    for (int i = 0; i < 20; i++) {
        char id[16];
        snprintf(id, sizeof(id), "n-%d", i);
        receive_alert(41 + i, id, id);
    }
    pass(3600000);
    cr_expect_eq(parked_seen("budget"), 0);
    cr_expect_eq(committed(), -1);
    cr_expect_lt(calls_seen(), 200u, "single probes only, not a storm: %u", calls_seen());
    pass(3600000);
    cr_expect_eq(committed(), 61);
    everything_adds_up();
}

Test(story, a_poison_that_fails_while_others_are_delivered_spends_its_budget_and_is_parked)
{
    struct engine_config *config = stage();
    config->targets[1].max_attempts = 3;
    config->targets[1].concurrency = 1;
    config->targets[1].breaker_failures = 100;
    story_begin();
    for (int i = 0; i < 40; i++)
        reply_is(i % 2 == 0 ? OUTCOME_NOT_EXECUTED : OUTCOME_DELIVERED, i % 2 == 0 ? 500 : 200, "", 0);
    receive_alert(41, "poison", "p");
    for (int i = 0; i < 30; i++) {
        char id[16];
        snprintf(id, sizeof(id), "n-%d", i);
        receive_alert(42 + i, id, id);
        pass(200);
    }
    pass(60000);
    cr_expect_geq(parked_seen("budget"), 1);
    everything_adds_up();
}

Test(story, the_breaker_opens_after_five_failures_and_one_probe_closes_it)
{
    stage()->targets[1].concurrency = 1;
    story_begin();
    for (int i = 0; i < 5; i++)
        reply_is(OUTCOME_NOT_SENT, 0, "", 0);
    for (int i = 0; i < 8; i++) {
        char id[16];
        snprintf(id, sizeof(id), "n-%d", i);
        receive_alert(41 + i, id, id);
    }
    pass(29000);
    expect_line("breaker open");
    uint32_t before = calls_seen();
    pass(5000);
    expect_line("breaker closed");
    cr_expect_gt(calls_seen(), before);
    pass(5000);
    cr_expect_eq(committed(), 49);
}

Test(story, refused_credentials_are_fetched_once_more_and_the_event_is_sent_again)
{
    stage();
    story_begin();
    reply_is(OUTCOME_AUTH, 401, "1203", 0);
    receive(41, "a", "1");
    pass(2000);
    expect_line("credential ready");
    cr_expect_eq(calls_seen(), 2);
    cr_expect_eq(committed(), 42);
}

Test(story, two_different_events_refused_in_a_row_pause_the_target_and_park_nothing)
{
    stage();
    story_begin();
    for (int i = 0; i < 50; i++)
        reply_is(OUTCOME_AUTH, 403, "SignatureDoesNotMatch", 0);
    receive_alert(41, "a", "1");
    receive_alert(42, "b", "2");
    pass(600000);
    expect_line("paused, auth");
    cr_expect_lt(calls_seen(), 40u);
    cr_expect_eq(parked_seen("auth"), 0);
    cr_expect_eq(committed(), -1);
    everything_adds_up();
}

/* A token that is replaced by another worker, or ends early, takes all calls under way with it. */
Test(story, a_token_that_ends_under_several_calls_is_fetched_once_and_does_not_pause_the_target)
{
    stage();
    story_begin();
    for (int i = 0; i < 4; i++)
        reply_is(OUTCOME_AUTH, 401, "1203", 0);
    for (int i = 0; i < 4; i++) {
        char id[16];
        snprintf(id, sizeof(id), "n-%d", i);
        receive_alert(41 + i, id, id);
    }
    pass(3000);
    cr_expect_eq(calls_seen(), 8, "each once more, with the new token");
    expect_no_line("paused");
    cr_expect_eq(committed(), 45);
    everything_adds_up();
}

Test(story, a_paused_target_tries_at_once_after_a_rotation)
{
    stage();
    story_begin();
    for (int i = 0; i < 4; i++)
        reply_is(OUTCOME_AUTH, 403, "SignatureDoesNotMatch", 0);
    receive_alert(41, "a", "1");
    receive_alert(42, "b", "2");
    pass(3000);
    expect_line("paused, auth");
    uint32_t before = calls_seen();
    rotate(1);
    pass(15);
    cr_expect_gt(calls_seen(), before, "not after thirty seconds: now");
    pass(120000);
    cr_expect_eq(committed(), 43);
}

Test(story, a_paused_target_tries_another_delivery_after_one_that_failed)
{
    static const char *const ids[] = { "a", "b", "c" };
    for (size_t sick = 0; sick < 3; sick++) {
        stage()->targets[1].concurrency = 1;
        story_begin();
        for (int i = 0; i < 6; i++)
            reply_is(OUTCOME_AUTH, 403, "SignatureDoesNotMatch", 0);
        for (int i = 0; i < 3; i++)
            receive_alert(41 + i, ids[i], ids[i]);
        pass(95000);
        expect_line("paused, auth");
        expect_no_line("goes on");
        fail_for(ids[sick]);
        pass(61000);                /* two tries, and the first may be its */
        cr_expect_eq(stats()->targets[1].terminal[TERMINAL_DELIVERED], 2, "row %zu", sick);
    }
}

/* After a rebalance nothing that was refused is left to try with; what is read again was delivered by others meanwhile. */
Test(story, a_duplicate_does_not_use_up_the_one_try_of_a_paused_target)
{
    stage()->targets[1].concurrency = 1;
    story_begin();
    for (int i = 0; i < 3; i++)
        reply_is(OUTCOME_AUTH, 403, "SignatureDoesNotMatch", 0);
    receive_alert(41, "a", "1");
    receive_alert(42, "b", "2");
    pass(5000);
    expect_line("paused, auth");
    revoke();
    pass(10);
    assign(41);
    for (int i = 0; i < 20; i++) {
        char id[16];
        snprintf(id, sizeof(id), "n-%d", i);
        claim_says(id, i < 19 ? CLAIM_DUPLICATE : CLAIM_FREE, 0);
        receive_alert(41 + i, id, id);
    }
    pass(31000);
    expect_line("goes on");
    pass(1000);
    cr_expect_eq(committed(), 61);
}

Test(story, one_event_with_a_foreign_account_does_not_stop_the_rest_and_is_parked_alone)
{
    static const struct { enum outcome outcome; const char *reason, *other; } rows[] = {
        { OUTCOME_AUTH, "auth", "config" },
        { OUTCOME_CONFIG, "config", "auth" },
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        struct engine_config *config = stage();
        config->targets[1].concurrency = 1;
        story_begin();
        refuse_for("foreign", rows[row].outcome);
        receive_alert(41, "foreign", "f");
        for (int i = 0; i < 10; i++) {
            char id[16];
            snprintf(id, sizeof(id), "n-%d", i);
            receive_alert(42 + i, id, id);
            pass(500);
        }
        pass(60000);
        cr_expect_eq(parked_seen(rows[row].reason), 1, "row %zu", row);
        cr_expect_eq(parked_seen(rows[row].other), 0, "row %zu", row);
        cr_expect_eq(committed(), 52, "row %zu", row);
        everything_adds_up();
    }
}

Test(story, a_credential_that_is_over_when_it_arrives_is_none_and_is_asked_for_again)
{
    stage();
    credentials_live(-1);
    story_begin();
    receive_alert(41, "a", "1");
    pass(10000);
    expect_line("credential not had");
    cr_expect_eq(calls_seen(), 0);
    credentials_live(3600000);
    pass(40000);
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(committed(), 42);
    everything_adds_up();
}

Test(story, a_lease_is_renewed_while_a_batch_rests)
{
    struct engine_config *config = stage();
    config->targets[1].retry_after_max_ms = 300000;
    story_begin();
    reply_is(OUTCOME_NOT_EXECUTED, 503, "ServiceUnavailable", 120000);
    receive_alert(41, "a", "1");
    pass(125000);
    cr_expect_eq(calls_seen(), 2, "and on_call checks that the lease was alive");
    cr_expect_eq(committed(), 42);
}

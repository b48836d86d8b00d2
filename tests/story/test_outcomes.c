/* test_outcomes.c: what becomes of a delivery after each outcome of its call: docs/semantics.md, "Outcomes of a call". */
#include "tests/story/story.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(story, delivered_is_settled_and_committed)
{
    stage();
    story_begin();
    reply_is(OUTCOME_DELIVERED, 200, "", 0);
    receive_alert(41, "inc-1", "i1");
    pass(2000);
    cr_expect_eq(stats()->targets[1].terminal[TERMINAL_DELIVERED], 1);
    cr_expect_eq(committed(), 42);
}

Test(story, not_sent_and_not_executed_are_sent_again_and_are_no_possible_duplicates)
{
    static const enum outcome outcomes[] = { OUTCOME_NOT_SENT, OUTCOME_NOT_EXECUTED };
    for (size_t i = 0; i < 2; i++) {
        stage()->targets[1].on_ambiguous = AMBIGUOUS_HOLD;
        story_begin();
        replies(outcomes[i], OUTCOME_DELIVERED, OUTCOME_COUNT);
        receive_alert(41, "inc-1", "i1");
        pass(3000);
        cr_expect_eq(calls_seen(), 2);
        cr_expect_eq(stats()->targets[1].possible_duplicates, 0);
        cr_expect_eq(parked_seen("unconfirmed"), 0, "and there is nothing to hold");
        cr_expect_eq(committed(), 42);
    }
}

Test(story, throttled_holds_back_the_whole_target_and_the_same_event_comes_first_afterwards)
{
    stage()->targets[1].concurrency = 1;
    story_begin();
    reply_is(OUTCOME_THROTTLED, 429, "Throttling.User", 3000);
    receive_alert(41, "inc-1", "i1");
    receive_alert(42, "inc-2", "i2");
    pass(4000);
    expect("[   0] soar     call 1: inc-1\n"
           "[  10] soar     throttled 1, code 429/Throttling.User\n"
           "[  10] soar     throttled for 3000 ms\n"
           "[3010] soar     call 1: inc-1\n"
           "[3020] soar     delivered 1: inc-1\n"
           "[3816] soar     call 1: inc-2\n"           /* at a lower rate now */
           "[3826] soar     delivered 1: inc-2\n");
}

Test(story, a_wait_that_is_told_while_a_claim_is_under_way_holds_back_its_call)
{
    stage()->targets[1].concurrency = 2;
    story_begin();
    claims_take(8);
    reply_is(OUTCOME_THROTTLED, 429, "Throttling.User", 3000);
    receive_alert(41, "inc-1", "i1");
    pass(12);
    receive_alert(42, "inc-2", "i2");       /* claimed at 20, told to wait at 18 */
    pass(2900);
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(stats()->targets[1].inflight[STAGE_BACKOFF], 2, "both are kept");
    pass(3000);
    cr_expect_eq(calls_seen(), 3);
    cr_expect_eq(committed(), 43);
}

Test(story, a_wait_that_is_told_during_a_revoke_is_kept_in_the_next_assignment)
{
    stage();
    story_begin();
    reply_is(OUTCOME_THROTTLED, 429, "Throttling.User", 3000);
    receive_alert(41, "inc-1", "i1");
    pass(5);
    revoke();
    pass(10);
    cr_expect_eq(drained_seen(), 1);
    assign(41);
    receive_alert(41, "inc-1", "i1");
    pass(2500);
    cr_expect_eq(calls_seen(), 1);
    pass(3000);
    cr_expect_eq(calls_seen(), 2);
    cr_expect_eq(committed(), 42);
}

Test(story, a_throttled_target_lets_the_other_target_work)
{
    stage();
    story_begin();
    reply_is(OUTCOME_THROTTLED, 429, "", 60000);
    receive_alert(41, "inc-1", "i1");
    pass(100);
    receive(42, "note", "n");
    pass(100);
    expect_line("portal   delivered 1: note");
}

Test(story, a_rejected_event_is_parked_alone_and_never_sent_again)
{
    stage();
    story_begin();
    reply_is(OUTCOME_REJECTED, 400, "InvalidParameter", 0);
    receive_alert(41, "inc-1", "i1");
    pass(3000);
    expect_line("inc-1    rejected alone, park rejected, code 400/InvalidParameter");
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(parked_seen("rejected"), 1);
    cr_expect_eq(committed(), 42);
}

Test(story, a_request_that_is_too_large_alone_is_parked)
{
    stage();
    story_begin();
    reply_is(OUTCOME_TOO_LARGE, 413, "", 0);
    receive_alert(41, "inc-1", "i1");
    pass(3000);
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(parked_seen("too_large"), 1);
    cr_expect_eq(committed(), 42);
}

Test(story, a_batch_that_is_too_large_is_halved_and_nothing_is_parked)
{
    stage()->targets[0].batch_messages = 3;
    story_begin();
    reply_is(OUTCOME_TOO_LARGE, 200, "31415", 0);
    receive(41, "a", "1");
    receive(42, "b", "2");
    receive(43, "c", "3");
    pass(3000);
    expect_line("too_large 3, halve 2 + 1");
    cr_expect_eq(stats()->targets[0].splits[1], 1);
    cr_expect_eq(parked_seen("too_large"), 0);
    cr_expect_eq(committed(), 44);
}

Test(story, two_different_events_that_meet_a_wrong_configuration_pause_the_target_and_park_nothing)
{
    stage();
    story_begin();
    for (int i = 0; i < 50; i++)
        reply_is(OUTCOME_CONFIG, 404, "InvalidApi.NotFound", 0);
    receive_alert(41, "a", "1");
    receive_alert(42, "b", "2");
    pass(600000);
    expect_line("paused, config");
    cr_expect_eq(parked_seen("config"), 0);
    cr_expect_eq(committed(), -1);
    everything_adds_up();
}

Test(story, one_event_that_is_refused_alone_does_not_pause_its_target)
{
    static const enum outcome outcomes[] = { OUTCOME_AUTH, OUTCOME_CONFIG };
    for (size_t i = 0; i < 2; i++) {
        stage();
        story_begin();
        for (int j = 0; j < 4; j++)
            reply_is(outcomes[i], 403, "Forbidden", 0);
        receive_alert(41, "a", "1");
        pass(60000);
        expect_no_line("paused");
        cr_expect_eq(parked_seen(i == 0 ? "auth" : "config"), 0, "nothing else was delivered meanwhile");
        cr_expect_eq(committed(), 42);
    }
}

Test(story, a_paused_target_tries_one_delivery_each_thirty_seconds)
{
    stage();
    story_begin();
    for (int i = 0; i < 200; i++)
        reply_is(OUTCOME_CONFIG, 302, "", 0);
    for (int i = 0; i < 10; i++) {
        char id[16];
        snprintf(id, sizeof(id), "n-%d", i);
        receive_alert(41 + i, id, id);
    }
    pass(5000);
    expect_line("paused, config");
    uint32_t before = calls_seen();
    pass(300000);
    cr_expect_eq(calls_seen() - before, 10, "%u in five minutes", calls_seen() - before);
}

Test(story, a_paused_target_tries_at_once_when_it_is_resumed_and_goes_on_when_it_is_taken)
{
    stage();
    story_begin();
    for (int i = 0; i < 5; i++)
        reply_is(OUTCOME_CONFIG, 404, "InvalidAction", 0);
    receive_alert(41, "a", "1");
    receive_alert(42, "b", "2");
    pass(3000);
    expect_line("paused, config");
    forget();
    resume();
    pass(500);
    expect_line("config 1");
    for (int i = 0; i < 5; i++) {
        resume();
        pass(500);
    }
    expect_line("goes on");
    pass(3000);
    cr_expect_eq(committed(), 43);
}

Test(story, what_the_portal_did_not_decide_is_sent_again_with_the_same_ids)
{
    static const enum outcome outcomes[] = { OUTCOME_IN_DOUBT, OUTCOME_NOT_EXECUTED };
    for (size_t i = 0; i < 2; i++) {
        stage()->targets[0].batch_messages = 2;
        story_begin();
        replies(outcomes[i], OUTCOME_DELIVERED, OUTCOME_COUNT);
        receive(41, "a", "1");
        receive(42, "b", "2");
        pass(3000);
        expect_line("call 2: a b");
        expect_line("delivered 2: a b");
        cr_expect_eq(calls_seen(), 2);
        cr_expect_eq(stats()->targets[0].possible_duplicates, 0, "the portal filters users who have it");
    }
}

Test(story, a_shutdown_waits_for_no_retry)
{
    stage();
    story_begin();
    reply_is(OUTCOME_THROTTLED, 429, "", 300000);
    receive_alert(41, "inc-1", "i1");
    pass(50);
    drain();
    pass(50);
    cr_expect_eq(drained_seen(), 1);
    expect_line("inc-1    given up, doubt 0");
    cr_expect_eq(committed(), -1);
}

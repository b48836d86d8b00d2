/* test_delivery.c: the main way of a delivery, and what may meet it on the way. */
#include "tests/story/story.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(story, an_event_is_claimed_called_settled_and_then_committed)
{
    stage();
    story_begin();
    receive_alert(41, "inc-1", "i1");
    pass(20);
    expect("[   0] soar     call 1: inc-1\n"
           "[  10] soar     delivered 1: inc-1\n");
    cr_expect_eq(committed(), -1, "nothing is committed before its second is over");
    pass(1000);
    expect("[1010] alerts   3 commit 42\n");
    cr_expect_eq(committed(), 42);
    cr_expect_eq(freed(), 1);
    everything_adds_up();
}

Test(story, a_duplicate_ends_without_a_call)
{
    stage();
    story_begin();
    claim_says("inc-1", CLAIM_DUPLICATE, 0);
    receive_alert(41, "inc-1", "i1");
    pass(2000);
    expect_line("claim duplicate");
    cr_expect_eq(calls_seen(), 0);
    cr_expect_eq(committed(), 42);
    everything_adds_up();
}

Test(story, another_owners_claim_is_asked_for_again_until_it_is_done)
{
    stage();
    story_begin();
    claim_says("inc-1", CLAIM_BUSY, 0);
    claim_says("inc-1", CLAIM_BUSY, 0);
    claim_says("inc-1", CLAIM_DUPLICATE, 0);
    receive_alert(41, "inc-1", "i1");
    pass(100);
    expect("[   0] inc-1    claim busy\n"
           "[  20] inc-1    claim busy\n"
           "[  60] inc-1    claim duplicate\n");
    cr_expect_eq(calls_seen(), 0);
}

Test(story, a_failed_call_is_sent_again_after_a_wait)
{
    stage();
    story_begin();
    replies(OUTCOME_NOT_SENT, OUTCOME_DELIVERED, OUTCOME_COUNT);
    receive_alert(41, "inc-1", "i1");
    pass(5000);
    expect_line("not_sent 1, code 0/-");
    expect_line("delivered 1: inc-1");
    cr_expect_eq(calls_seen(), 2);
    cr_expect_eq(committed(), 42);
}

Test(story, events_of_one_lane_go_one_after_the_other_and_other_lanes_do_not_wait)
{
    stage();
    story_begin();
    receive_alert(41, "inc-1", "same");
    receive_alert(42, "inc-2", "same");
    receive_alert(43, "inc-3", "other");
    pass(30);
    expect("[   0] soar     call 1: inc-1\n"
           "[   0] soar     call 1: inc-3\n"
           "[  10] soar     delivered 1: inc-1\n"
           "[  10] soar     delivered 1: inc-3\n"
           "[  10] soar     call 1: inc-2\n"
           "[  20] soar     delivered 1: inc-2\n");
}

Test(story, a_later_record_that_is_done_does_not_move_the_commit_past_an_open_one)
{
    stage()->targets[1].max_attempts = 1000;
    story_begin();
    replies(OUTCOME_NOT_SENT, OUTCOME_DELIVERED, OUTCOME_COUNT);
    calls_hang();
    receive_alert(41, "inc-1", "i1");
    pass(1);
    receive_alert(42, "inc-2", "i2");
    pass(3000);
    cr_expect_eq(committed(), -1);
    calls_return();
    pass(5000);
    cr_expect_eq(committed(), 43);
}

Test(story, an_event_for_two_targets_holds_the_offset_until_both_are_done)
{
    struct engine_config *config = stage();
    config->routes[0].kinds = 0;
    story_begin();
    calls_hang();
    receive_alert(41, "inc-1", "i1");
    pass(5000);
    cr_expect_eq(calls_seen(), 2);
    cr_expect_eq(committed(), -1);
    calls_return();
    pass(2000);
    cr_expect_eq(committed(), 42);
    cr_expect_eq(freed(), 1);
    everything_adds_up();
}

Test(story, a_record_of_several_events_is_finished_when_all_of_them_are)
{
    stage();
    story_begin();
    replies(OUTCOME_DELIVERED, OUTCOME_REJECTED, OUTCOME_DELIVERED, OUTCOME_COUNT);
    receive_text(41, "[{\"v\":1,\"id\":\"a\",\"kind\":\"notice\",\"title\":\"t\"},"
                     "{\"v\":1,\"id\":\"b\",\"kind\":\"notice\",\"title\":\"t\"},"
                     "{\"v\":1,\"id\":\"c\",\"kind\":\"notice\",\"title\":\"t\"}]");
    pass(2000);
    cr_expect_eq(parked_seen("rejected"), 1);
    cr_expect_eq(committed(), 42);
    cr_expect_eq(freed(), 1);
    everything_adds_up();
}

Test(story, a_record_that_cannot_be_read_is_parked_and_the_next_one_goes_on)
{
    stage();
    story_begin();
    receive_text(41, "{\"v\":1,");
    receive_alert(42, "inc-2", "i2");
    pass(2000);
    cr_expect_eq(parked_seen("bad_input"), 1);
    cr_expect_eq(committed(), 43);
    everything_adds_up();
}

Test(story, an_event_without_a_route_is_parked)
{
    stage()->n_routes = 1;
    story_begin();
    receive_alert(41, "inc-1", "i1");
    pass(2000);
    expect_line("no route for inc-1");
    cr_expect_eq(parked_seen("no_route"), 1);
    cr_expect_eq(committed(), 42);
}

Test(story, an_offset_does_not_move_before_its_dead_letter_is_acknowledged)
{
    stage();
    story_begin();
    parks_fail(3);
    receive_text(41, "nonsense");
    pass(2500);
    cr_expect_eq(committed(), -1);
    pass(3000);
    cr_expect_eq(committed(), 42);
    cr_expect_eq(parked_seen("bad_input"), 1);
}

Test(story, the_same_id_with_another_content_is_parked_as_a_conflict)
{
    stage();
    story_begin();
    claim_says("inc-1", CLAIM_CONFLICT, 0);
    receive_alert(41, "inc-1", "i1");
    pass(2000);
    cr_expect_eq(parked_seen("conflict"), 1);
    cr_expect_eq(calls_seen(), 0);
    cr_expect_eq(committed(), 42);
}

Test(story, a_silent_store_lets_nothing_through_and_loses_nothing)
{
    stage();
    story_begin();
    store_is_silent(true);
    receive_alert(41, "inc-1", "i1");
    pass(60000);
    cr_expect_eq(calls_seen(), 0);
    cr_expect_eq(committed(), -1);
    store_is_silent(false);
    pass(3000);
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(committed(), 42);
}

Test(story, a_done_mark_that_gets_no_answer_is_written_again_before_the_commit)
{
    stage();
    story_begin();
    settles_say(SETTLE_UNKNOWN, 3);
    receive_alert(41, "inc-1", "i1");
    pass(60);
    cr_expect_eq(freed(), 0, "the record is still open");
    pass(3000);
    cr_expect_eq(committed(), 42);
    cr_expect_eq(calls_seen(), 1);
}

Test(story, a_full_window_pauses_the_partition_and_half_of_it_resumes)
{
    stage()->window_records = 64;
    story_begin();
    calls_hang();
    for (int64_t i = 0; i < 64; i++) {
        char id[16];
        snprintf(id, sizeof(id), "n-%d", (int)i);
        receive_alert(41 + i, id, id);
    }
    pass(1);
    cr_expect(is_paused());
    calls_return();
    pass(2000);
    cr_expect_not(is_paused());
    cr_expect_eq(committed(), 105);
}

Test(story, an_expired_event_is_parked_and_not_sent)
{
    stage();
    story_begin();
    receive_text(41, "{\"v\":1,\"id\":\"a\",\"kind\":\"notice\",\"title\":\"t\",\"expiresAt\":1000}");
    pass(2000);
    cr_expect_eq(parked_seen("expired"), 1);
    cr_expect_eq(calls_seen(), 0);
}

Test(story, an_expired_event_that_was_delivered_before_is_a_duplicate_and_no_dead_letter)
{
    stage();
    story_begin();
    claim_says("a", CLAIM_DUPLICATE, 0);
    receive_text(41, "{\"v\":1,\"id\":\"a\",\"kind\":\"notice\",\"title\":\"t\",\"expiresAt\":1000}");
    pass(2000);
    cr_expect_eq(parked_seen("expired"), 0);
    cr_expect_eq(stats()->targets[0].terminal[TERMINAL_DUPLICATE], 1);
    cr_expect_eq(committed(), 42);
}

Test(story, an_event_ends_at_its_own_time_or_at_the_age_its_target_allows_whichever_is_first)
{
    static const struct { ms_t max_age_ms; const char *expires; uint32_t calls; } rows[] = {    /* received at ...322000000 */
        { 60000, ",\"expiresAt\":1767325600000", 2 },
        { 3600000, ",\"expiresAt\":1767322060000", 2 },
        { 0, ",\"expiresAt\":1767322060000", 2 },
        { 60000, "", 2 },
        { 3600000, ",\"expiresAt\":1767325600000", 3 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char json[200];
        struct engine_config *config = stage();
        config->targets[0].max_age_ms = rows[i].max_age_ms;
        story_begin();
        reply_is(OUTCOME_NOT_EXECUTED, 503, "", 50000);
        reply_is(OUTCOME_NOT_EXECUTED, 503, "", 50000);
        snprintf(json, sizeof(json), "{\"v\":1,\"id\":\"a\",\"kind\":\"notice\",\"title\":\"t\"%s}", rows[i].expires);
        receive_text(41, json);
        pass(200000);
        cr_expect_eq(calls_seen(), rows[i].calls, "row %zu: %u calls", i, calls_seen());
        cr_expect_eq(parked_seen("expired"), rows[i].calls < 3, "row %zu", i);
        cr_expect_eq(committed(), 42, "row %zu", i);
        everything_adds_up();
    }
}

Test(story, an_event_that_expires_while_it_waits_to_be_sent_again_is_parked_and_not_sent)
{
    struct engine_config *config = stage();
    config->targets[0].max_age_ms = 60000;
    config->targets[0].batch_messages = 2;
    story_begin();
    reply_is(OUTCOME_NOT_EXECUTED, 503, "", 30000);
    reply_is(OUTCOME_NOT_EXECUTED, 503, "", 120000);
    receive(41, "old", "1");
    receive_text(42, "{\"v\":1,\"id\":\"older\",\"kind\":\"notice\",\"title\":\"t\",\"expiresAt\":1767322010000}");
    pass(35000);
    cr_expect_eq(parked_seen("expired"), 1, "the one whose own time is over; the other goes on alone");
    expect_line("call 1: old");
    pass(120000);
    cr_expect_eq(parked_seen("expired"), 2, "max_age");
    cr_expect_eq(calls_seen(), 2);
    cr_expect_eq(committed(), 43);
    everything_adds_up();
}

Test(story, who_waited_in_its_lane_comes_before_what_was_received_after_it)
{
    stage()->targets[1].concurrency = 1;
    story_begin();
    receive_alert(41, "first", "same");
    receive_alert(42, "second", "same");
    receive_alert(43, "third", "other");
    receive_alert(44, "fourth", "another");
    pass(45);
    expect("[   0] soar     call 1: first\n"
           "[  10] soar     delivered 1: first\n"
           "[  10] soar     call 1: third\n"           /* the slot is free before the first one's done mark is written */
           "[  20] soar     delivered 1: third\n"
           "[  20] soar     call 1: second\n"
           "[  30] soar     delivered 1: second\n"
           "[  30] soar     call 1: fourth\n"
           "[  40] soar     delivered 1: fourth\n");
}

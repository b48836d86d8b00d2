/* test_journal.c: what the journal is told, and when: an end in front of its mark, a re-send in doubt in front of its call. */
#include "tests/story/story.h"
#include "tests/story/story_world.h"

#include <criterion/criterion.h>

static const char notice_to_drop[] =
    "{\"v\":1,\"id\":\"n-1\",\"kind\":\"notice\",\"incidentID\":\"1\",\"title\":\"t\"}";

Test(story, a_delivered_event_is_journaled_once_and_in_front_of_its_done_mark)
{
    stage();
    story_begin();
    receive_alert(41, "inc-1", "i1");
    pass(2000);
    expect_order("claim inc-1\ncall 1\njournal delivered\nsettle inc-1\nfree\n");
    expect_journal("delivered inc-1 soar by soar, doubt 0, 1 calls, 200/-, alerts/3/41\n");
    everything_adds_up();
}

Test(story, a_call_in_doubt_is_announced_before_the_doubt_is_written_and_sent_again_after_that)
{
    stage();
    story_begin();
    replies(OUTCOME_IN_DOUBT, OUTCOME_COUNT);
    receive_alert(41, "inc-1", "i1");
    pass(2000);
    expect_order("claim inc-1\ncall 1\nidle inc-1\njournal resend\nrenew inc-1\ncall 1\n"
                 "journal delivered\nsettle inc-1\nfree\n");
    expect_journal("resend inc-1 soar by soar, doubt 1, 1 calls, 500/-, alerts/3/41\n"
                   "delivered inc-1 soar by soar, doubt 1, 2 calls, 200/-, alerts/3/41\n");
    cr_expect_eq(stats()->targets[1].possible_duplicates, 1);
}

Test(story, each_message_of_a_batch_in_doubt_is_announced)
{
    stage()->targets[0].batch_messages = 2;
    story_begin();
    replies(OUTCOME_IN_DOUBT, OUTCOME_COUNT);
    receive(41, "a", "1");
    receive(42, "b", "2");
    pass(2000);
    expect_order("claim a\nclaim b\ncall 2\nidle a\nidle b\njournal resend\nrenew a\njournal resend\nrenew b\ncall 2\n"
                 "journal delivered\nsettle a\njournal delivered\nsettle b\nfree\nfree\n");
    cr_expect_eq(stats()->targets[0].possible_duplicates, 0, "the portal filters repeats");
}

Test(story, a_claim_taken_over_in_doubt_is_announced_before_its_call)
{
    stage();
    story_begin();
    claim_says("inc-1", CLAIM_TAKEOVER, 2);
    receive_alert(41, "inc-1", "i1");
    pass(2000);
    expect_order("claim inc-1\njournal resend\ncall 1\njournal delivered\nsettle inc-1\nfree\n");
    expect_journal("resend inc-1 soar by soar, doubt 2, 0 calls, -, alerts/3/41\n"
                   "delivered inc-1 soar by soar, doubt 2, 1 calls, 200/-, alerts/3/41\n");
    cr_expect_eq(stats()->targets[1].possible_duplicates, 1);
}

Test(story, what_was_surely_not_carried_out_adds_no_entry)
{
    stage();
    story_begin();
    replies(OUTCOME_IN_DOUBT, OUTCOME_NOT_SENT, OUTCOME_NOT_EXECUTED, OUTCOME_IN_DOUBT, OUTCOME_COUNT);
    receive_alert(41, "inc-1", "i1");
    pass(10000);
    expect_journal("resend inc-1 soar by soar, doubt 1, 1 calls, 500/-, alerts/3/41\n"
                   "resend inc-1 soar by soar, doubt 2, 4 calls, 500/-, alerts/3/41\n"
                   "delivered inc-1 soar by soar, doubt 2, 5 calls, 200/-, alerts/3/41\n");
    cr_expect_eq(stats()->targets[1].possible_duplicates, 2);
}

Test(story, a_doubt_after_a_fence_is_a_new_one)
{
    stage();
    story_begin();
    replies(OUTCOME_IN_DOUBT, OUTCOME_IN_DOUBT, OUTCOME_COUNT);
    claim_says("inc-1", CLAIM_FREE, 0);
    claim_says("inc-1", CLAIM_RETRY, 0);
    receive_alert(41, "inc-1", "i1");
    pass(10);
    settles_say(SETTLE_FENCED, 1);          /* the renewal in front of the second call */
    pass(5000);
    expect_order("claim inc-1\ncall 1\nidle inc-1\njournal resend\nrenew inc-1\n"
                 "claim inc-1\ncall 1\nidle inc-1\njournal resend\nrenew inc-1\ncall 1\njournal delivered\nsettle inc-1\nfree\n");
}

Test(story, an_entry_goes_out_again_with_what_it_belongs_to_when_no_answer_came)
{
    stage();
    story_begin();
    replies(OUTCOME_IN_DOUBT, OUTCOME_COUNT);
    settles_say(SETTLE_UNKNOWN, 1);         /* of the renewal that writes the doubt */
    receive_alert(41, "inc-1", "i1");
    pass(2000);
    expect_journal("resend inc-1 soar by soar, doubt 1, 1 calls, 500/-, alerts/3/41\n"
                   "again resend inc-1 soar by soar, doubt 1, 1 calls, 500/-, alerts/3/41\n"
                   "delivered inc-1 soar by soar, doubt 1, 2 calls, 200/-, alerts/3/41\n");
    cr_expect_eq(stats()->targets[1].possible_duplicates, 1);
    settles_say(SETTLE_UNKNOWN, 1);         /* of the done mark */
    receive_alert(42, "inc-2", "i2");
    pass(2000);
    expect_journal("delivered inc-2 soar by soar, doubt 0, 1 calls, 200/-, alerts/3/42\n"
                   "again delivered inc-2 soar by soar, doubt 0, 1 calls, 200/-, alerts/3/42\n");
}

Test(story, what_ends_without_a_mark_is_journaled_before_its_record_is_given_back)
{
    struct engine_config *config = stage();
    config->routes[0].target = TARGET_DROP;
    config->routes[0].stop = true;
    story_begin();
    claim_says("inc-1", CLAIM_DUPLICATE, 0);
    claim_says("inc-2", CLAIM_CONFLICT, 0);
    receive_alert(41, "inc-1", "i1");
    receive_alert(42, "inc-2", "i2");
    receive_text(43, "{]");
    receive_text(44, notice_to_drop);
    pass(2000);
    expect_journal("dropped n-1 _drop by portal, doubt 0, 0 calls, -, alerts/3/44\n"
                   "parked  _none by -, bad_input.syntax, doubt 0, 0 calls, -, alerts/3/43\n"
                   "duplicate inc-1 soar by soar, doubt 0, 0 calls, -, alerts/3/41\n"
                   "parked inc-2 soar by soar, conflict, doubt 0, 0 calls, -, alerts/3/42\n");
    expect_order("journal dropped\nfree\nclaim inc-1\nclaim inc-2\njournal parked\nfree\njournal duplicate\nfree\n"
                 "journal parked\nfree\n");
    cr_expect_eq(committed(), 45);
    everything_adds_up();
}

Test(story, a_conflict_that_is_ignored_is_a_duplicate_and_says_why)
{
    stage()->targets[1].on_conflict = CONFLICT_IGNORE;
    story_begin();
    claim_says("inc-1", CLAIM_CONFLICT, 0);
    receive_alert(41, "inc-1", "i1");
    pass(100);
    expect_journal("duplicate inc-1 soar by soar, conflict, doubt 0, 0 calls, -, alerts/3/41\n");
}

Test(story, an_event_that_no_route_takes_is_journaled)
{
    stage()->n_routes = 0;
    story_begin();
    receive_alert(41, "inc-1", "i1");
    pass(100);
    expect_journal("parked inc-1 _none by -, no_route, doubt 0, 0 calls, -, alerts/3/41\n");
}

Test(story, a_parked_event_is_journaled_once_its_dead_letter_is_written_and_in_front_of_its_mark)
{
    stage();
    story_begin();
    reply_is(OUTCOME_REJECTED, 200, "31400", 0);
    parks_fail(1);
    receive_alert(41, "inc-1", "i1");
    pass(500);
    expect_order("claim inc-1\ncall 1\n");
    pass(2000);
    expect_order("journal parked\nsettle inc-1\nfree\n");
    expect_journal("parked inc-1 soar by soar, rejected, doubt 0, 1 calls, 200/31400, alerts/3/41\n");
}

Test(story, what_is_given_up_is_not_journaled)
{
    stage()->targets[1].retry_base_ms = 100000;
    story_begin();
    replies(OUTCOME_IN_DOUBT, OUTCOME_COUNT);
    receive_alert(41, "inc-1", "i1");
    pass(20);
    revoke();
    pass(2000);
    expect_order("claim inc-1\ncall 1\nidle inc-1\nsettle inc-1\nfree\n");
    expect_journal("");
    cr_expect_eq(stats()->targets[1].terminal[TERMINAL_ABANDONED], 1);
    everything_adds_up();
}

/* ---- what a replay has to know -------------------------------------------------------------------------------------------- */

Test(story, a_replay_of_a_held_event_is_sent_and_announced)
{
    stage()->targets[0].on_ambiguous = AMBIGUOUS_HOLD;
    story_begin();
    claim_says("n-1", CLAIM_RETRY, 1);
    receive_replay(41, "n-1", "1");
    pass(2000);
    expect_order("claim n-1\njournal resend\ncall 1\njournal delivered\nsettle n-1\nfree\n");
}

Test(story, a_replay_that_another_worker_began_is_held_like_anything_in_doubt)
{
    stage()->targets[0].on_ambiguous = AMBIGUOUS_HOLD;
    story_begin();
    claim_says("n-1", CLAIM_TAKEOVER, 2);
    receive_replay(41, "n-1", "1");
    pass(2000);
    cr_expect_eq(calls_seen(), 0);
    cr_expect_eq(parked_seen("unconfirmed"), 1);
}

Test(story, a_doubt_outlives_a_dead_letter_of_another_reason)
{
    stage();
    story_begin();
    replies(OUTCOME_IN_DOUBT, OUTCOME_REJECTED, OUTCOME_COUNT);
    receive_alert(41, "inc-1", "i1");
    pass(2000);
    cr_expect_eq(parked_seen("rejected"), 1);
    cr_expect_eq(last_end("inc-1"), CLAIM_STATE_UNCONFIRMED, "X would say that it was never carried out");
    reply_is(OUTCOME_REJECTED, 200, "31400", 0);
    receive_alert(42, "inc-2", "i2");
    pass(2000);
    cr_expect_eq(last_end("inc-2"), CLAIM_STATE_DEAD);
}

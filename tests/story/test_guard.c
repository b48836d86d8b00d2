/* test_guard.c: floods of dead letters are held until they are over, and nothing else is. */
#include "tests/story/story.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { MIN_RECORDS = 10, MANY = 40 };

static struct engine_config *
guarded(void)
{
    struct engine_config *config = stage();
    config->guard = (struct guard_policy){ .share_permille = 500, .min_records = MIN_RECORDS, .window_ms = 60000 };
    config->targets[1].concurrency = 1;
    return config;
}

static void
receive_alerts(int from, int n)
{
    for (int i = from; i < from + n; i++) {
        char id[16];
        snprintf(id, sizeof(id), "n-%d", i);
        receive_alert(41 + i, id, id);
    }
}

/* All that was received is refused: the first few are parked, the rest is held. */
static void
flood(void)
{
    refuse_all(true);
    receive_alerts(0, MANY);
    pass(MANY * 10 + 10);
}

Test(story, a_backend_that_refuses_everything_does_not_empty_the_topic_into_the_dead_letters)
{
    guarded();
    story_begin();
    flood();
    expect_line("soar     guard on");
    expect_line("n-39     held, rejected");
    cr_expect_eq(parked_seen("rejected"), MIN_RECORDS - 1);
    cr_expect(is_paused(), "no more is read into it");
    cr_expect(stats()->targets[1].guarded);
    cr_expect_eq(stats()->targets[1].held, MANY - MIN_RECORDS + 1);
    pass(3600000);
    cr_expect_eq(parked_seen("rejected"), MIN_RECORDS - 1, "an hour later as well");
    cr_expect_eq(calls_seen(), MANY + 360, "one is called again each ten seconds");
    everything_adds_up();
}

Test(story, five_in_a_row_that_are_taken_end_the_guard_and_what_was_held_is_delivered)
{
    guarded();
    story_begin();
    flood();
    pass(60000);
    refuse_all(false);
    pass(45000);
    expect_no_line("guard off");
    pass(10000);
    expect_line("guard off");
    pass(5000);
    cr_expect_eq(parked_seen("rejected"), MIN_RECORDS - 1);
    cr_expect_eq(committed(), 41 + MANY);
    cr_expect_not(is_paused());
    cr_expect_eq(stats()->targets[1].held, 0);
    everything_adds_up();
}

Test(story, one_that_is_refused_again_begins_the_row_anew)
{
    guarded();
    story_begin();
    flood();
    refuse_all(false);
    pass(40000);
    refuse_all(true);
    pass(10000);
    refuse_all(false);
    pass(40000);
    expect_no_line("guard off");
    pass(15000);
    expect_line("guard off");
}

Test(story, the_claims_of_what_is_held_are_kept)
{
    guarded();
    story_begin();
    flood();
    pass(600000);
    cr_expect_eq(stats()->targets[1].claims[CLAIM_FREE], MANY, "asked for once");
    refuse_all(false);
    pass(120000);       /* and on_call checks that each lease was alive */
    cr_expect_eq(committed(), 41 + MANY);
}

Test(story, a_worker_killed_while_it_holds_a_flood_leaves_doubt_about_nothing_but_the_call_under_way)
{
    guarded();
    store_is_truthful();
    story_begin();
    flood();
    cr_expect_eq(stats()->targets[1].held, MANY - MIN_RECORDS + 1);
    cr_expect_eq(doubt_if_killed(), 0);
    pass(60000);
    cr_expect_eq(doubt_if_killed(), 0, "renewed, and called again one by one");
    calls_hang();
    pass(10000);
    cr_expect_eq(stats()->targets[1].calls_inflight, 1);
    cr_expect_eq(doubt_if_killed(), 1);
}

Test(story, an_operator_lets_go_what_is_held_and_what_is_refused_again_is_parked)
{
    guarded();
    story_begin();
    flood();
    operator_says(CONTROL_RESUME);
    pass(MANY * 10 + 1000);
    cr_expect_eq(parked_seen("rejected"), MANY, "the operator's word stands for these");
    cr_expect_eq(calls_seen(), 2 * MANY - MIN_RECORDS + 1, "each was called once more first");
    cr_expect_not(is_paused());
    cr_expect_eq(committed(), 41 + MANY);
    everything_adds_up();
}

Test(story, below_the_share_nothing_is_held)
{
    guarded();
    story_begin();
    refuse_whatever_holds("n-", 99);
    for (int i = 0; i < 60; i++)
        replies(i % 2 ? OUTCOME_REJECTED : OUTCOME_DELIVERED, OUTCOME_COUNT);
    receive_alerts(0, 60);
    pass(5000);
    expect_no_line("guard on");
    cr_expect_eq(parked_seen("rejected"), 30);
    cr_expect_eq(committed(), 101);
}

Test(story, records_that_cannot_be_read_are_parked_however_many)
{
    guarded();
    story_begin();
    for (int i = 0; i < MANY; i++)
        receive_text(41 + i, "nonsense");
    pass(2000);
    cr_expect_eq(parked_seen("bad_input"), MANY);
    expect_no_line("guard on");
}

Test(story, what_has_expired_is_parked_however_much_and_a_held_one_expires_too)
{
    struct engine_config *config = guarded();
    config->targets[1].max_age_ms = 300000;
    story_begin();
    flood();
    pass(4000000);
    cr_expect_eq(parked_seen("expired"), MANY - MIN_RECORDS + 1, "as each comes to be called again");
    cr_expect_eq(committed(), 41 + MANY);
    everything_adds_up();
}

Test(story, what_no_route_matches_is_held_until_an_operator_resumes)
{
    guarded()->n_routes = 1;
    story_begin();
    receive_alerts(0, MANY);
    pass(60000);
    expect_line("_none    guard on");
    cr_expect_eq(parked_seen("no_route"), MIN_RECORDS - 1);
    cr_expect(is_paused());
    operator_says(CONTROL_RESUME);
    pass(2000);
    cr_expect_eq(parked_seen("no_route"), MANY);
    cr_expect_eq(committed(), 41 + MANY);
    everything_adds_up();
}

Test(story, a_shutdown_does_not_wait_for_what_is_held)
{
    guarded();
    story_begin();
    flood();
    drain();
    pass(100);
    cr_expect_eq(drained_seen(), 1);
    cr_expect(drained_complete());
    expect_line("n-39     given up, doubt 0");
    cr_expect_eq(committed(), 41 + MIN_RECORDS - 1, "what was parked, and nothing behind it");
    everything_adds_up();
}

Test(story, a_revoke_gives_up_what_is_held_and_the_guard_stays_on)
{
    guarded();
    story_begin();
    flood();
    revoke();
    pass(100);
    cr_expect_eq(drained_seen(), 1);
    assign(41 + MIN_RECORDS - 1);
    receive_alerts(MIN_RECORDS - 1, 5);
    pass(1000);
    cr_expect_eq(parked_seen("rejected"), MIN_RECORDS - 1);
    cr_expect(is_paused());
    refuse_all(false);
    pass(70000);
    expect_line("guard off");
    cr_expect_eq(committed(), 41 + MIN_RECORDS - 1 + 5);
    everything_adds_up();
}

Test(story, a_lost_assignment_gives_up_what_is_held)
{
    guarded();
    story_begin();
    flood();
    lose();
    pass(100);
    cr_expect_eq(freed(), MANY);
    cr_expect_eq(stats()->targets[1].held, 0);
    everything_adds_up();
}

Test(story, a_held_one_whose_claim_another_took_waits_for_the_others_end)
{
    guarded();
    story_begin();
    flood();
    forget();
    settles_say(SETTLE_FENCED, MANY);       /* at the next renewal */
    for (int i = MIN_RECORDS - 1; i < MANY; i++) {
        char id[16];
        snprintf(id, sizeof(id), "n-%d", i);
        claim_says(id, CLAIM_DUPLICATE, 0);
    }
    pass(15000);
    expect_line("n-39     fenced");
    pass(2000);
    cr_expect_eq(parked_seen("rejected"), MIN_RECORDS - 1);
    cr_expect_eq(committed(), 41 + MANY);
    cr_expect_not(is_paused());
    everything_adds_up();
}

Test(story, what_other_targets_get_is_neither_counted_nor_held)
{
    guarded()->routes[1].kinds = 1u << EVENT_INCIDENT_GENERATED;
    story_begin();
    for (int i = 0; i < 20; i++) {
        char id[16];
        snprintf(id, sizeof(id), "p-%d", i);
        receive(41 + i, id, id);
    }
    pass(1000);
    refuse_all(true);
    receive_alerts(20, 20);
    pass(1000);
    expect_line("soar     guard on");
    cr_expect_not(stats()->targets[0].guarded);
    refuse_all(false);
    receive(81, "last", "last");
    pass(5);
    cr_expect_eq(stats()->targets[0].calls_inflight, 1, "the portal is called at once");
    pass(100);
    cr_expect_eq(stats()->targets[0].terminal[TERMINAL_DELIVERED], 21);
}

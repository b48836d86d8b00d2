/* test_windows.c: repeats within a window: each sentence of docs/semantics.md, "Repeats within a window". */
#include "tests/story/story.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { LEASE_MS = 30000, WINDOW_MS = 600000 };

/* A window of ten minutes at portal, on a store that follows the tables. */
static struct engine_config *
stage_with_window(void)
{
    struct engine_config *config = stage();
    config->routes[0].window_ms = WINDOW_MS;
    store_is_truthful();
    return config;
}

Test(story, a_repeat_is_suppressed_only_once_its_leader_is_done)
{
    stage_with_window();
    story_begin();
    calls_hang();
    receive_repeat(41, "first", "1", "disk full");
    receive_repeat(42, "again", "2", "disk full");
    pass(1000);
    expect_line("again    claim twin");
    expect_no_line("repeat of");
    cr_expect_eq(stats()->targets[0].terminal[TERMINAL_DUPLICATE], 0);
    calls_return();
    pass(2000);
    expect_line("again    repeat of first");
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(committed(), 43);
    cr_expect_eq(key_state("again"), CLAIM_STATE_DONE, "it has its own done mark: read again, it is a duplicate");
    cr_expect_eq(stats()->targets[0].suppressed, 1);
    cr_expect_eq(stats()->targets[0].terminal[TERMINAL_DUPLICATE], 1);
    everything_adds_up();
}

Test(story, the_journal_names_the_leader_of_a_suppressed_repeat)
{
    stage_with_window();
    story_begin();
    receive_repeat(41, "first", "1", "k");
    receive_repeat(42, "again", "2", "k");
    pass(1000);
    expect_journal("delivered first portal by portal, doubt 0, 1 calls, 200/-, alerts/3/41\n"
                   "duplicate again portal by portal, doubt 0, 0 calls, -, alerts/3/42, repeat of first\n");
}

Test(story, a_duplicate_of_the_same_id_does_not_count_as_suppressed)
{
    stage_with_window();
    story_begin();
    receive_repeat(41, "first", "1", "k");
    pass(1000);
    receive_repeat(42, "first", "1", "k");
    pass(1000);
    cr_expect_eq(stats()->targets[0].terminal[TERMINAL_DUPLICATE], 1);
    cr_expect_eq(stats()->targets[0].suppressed, 0);
}

Test(story, while_its_leader_backs_off_a_twin_waits)
{
    stage_with_window();
    story_begin();
    replies(OUTCOME_NOT_SENT, OUTCOME_NOT_SENT, OUTCOME_NOT_SENT, OUTCOME_DELIVERED, OUTCOME_COUNT);
    receive_repeat(41, "first", "1", "k");
    receive_repeat(42, "again", "2", "k");
    pass(60000);
    expect_no_line("call 1: again");
    expect_line("delivered 1: first");
    expect_line("again    repeat of first");
    cr_expect_eq(calls_seen(), 4);
    cr_expect_eq(committed(), 43);
    everything_adds_up();
}

Test(story, when_the_leader_is_parked_one_twin_is_promoted_and_the_next_wait_for_it)
{
    stage_with_window();
    story_begin();
    replies(OUTCOME_REJECTED, OUTCOME_DELIVERED, OUTCOME_COUNT);
    receive_repeat(41, "first", "1", "k");
    receive_repeat(42, "second", "2", "k");
    receive_repeat(43, "third", "3", "k");
    pass(3000);
    cr_expect_eq(parked_seen("rejected"), 1);
    cr_expect_eq(calls_seen(), 2);
    expect_line("delivered 1: second");
    expect_line("third    repeat of second");
    cr_expect_eq(stats()->targets[0].suppressed, 1);
    cr_expect_eq(committed(), 44);
    everything_adds_up();
}

Test(story, a_leader_whose_claim_nobody_renews_is_waited_for_two_leases_and_no_longer)
{
    stage_with_window();
    story_begin();
    window_is_led_by("ghost", CLAIM_STATE_CLAIMED, 0);
    receive_repeat(41, "again", "1", "k");
    pass(2 * LEASE_MS - 1);
    cr_expect_eq(calls_seen(), 0);
    pass(2000);
    expect_line("delivered 1: again");
    receive_repeat(42, "later", "2", "k");
    pass(1000);
    expect_line("later    repeat of again");
}

Test(story, a_leader_that_was_released_and_is_not_read_again_is_waited_for_two_leases_and_no_longer)
{
    stage_with_window();
    story_begin();
    window_is_led_by("ghost", CLAIM_STATE_RELEASED, 0);
    receive_repeat(41, "again", "1", "k");
    pass(2 * LEASE_MS - 1);
    cr_expect_eq(calls_seen(), 0);
    pass(2000);
    expect_line("delivered 1: again");
}

Test(story, a_leader_that_is_gone_dead_or_held_is_not_waited_for)
{
    static const enum claim_state states[] = { CLAIM_STATE_NONE, CLAIM_STATE_DEAD, CLAIM_STATE_UNCONFIRMED };
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        stage_with_window();
        story_begin();
        window_is_led_by("ghost", states[i], 0);
        receive_repeat(41, "again", "1", "k");
        pass(20);
        cr_expect_eq(calls_seen(), 1, "row %zu", i);
        expect_no_line("twin");
    }
}

Test(story, the_window_is_counted_from_the_first_and_repeats_do_not_prolong_it)
{
    stage_with_window()->routes[0].window_ms = 10000;
    story_begin();
    receive_repeat(41, "a", "1", "k");
    pass(6000);
    receive_repeat(42, "b", "2", "k");
    pass(3900);
    receive_repeat(43, "c", "3", "k");
    pass(200);
    receive_repeat(44, "d", "4", "k");
    pass(1000);
    expect_line("b        repeat of a");
    expect_line("c        repeat of a");
    expect_line("delivered 1: d");
    cr_expect_eq(calls_seen(), 2);
}

Test(story, a_promoted_twin_leads_for_what_is_left_of_the_window)
{
    stage_with_window()->routes[0].window_ms = 10000;
    story_begin();
    replies(OUTCOME_REJECTED, OUTCOME_DELIVERED, OUTCOME_COUNT);
    receive_repeat(41, "a", "1", "k");
    pass(6000);
    receive_repeat(42, "b", "2", "k");
    pass(4100);
    receive_repeat(43, "c", "3", "k");
    pass(1000);
    expect_line("delivered 1: c");
    cr_expect_eq(calls_seen(), 3);
}

Test(story, an_event_that_is_read_again_opens_no_window)
{
    stage_with_window()->routes[0].window_ms = 10000;
    story_begin();
    receive_repeat(41, "a", "1", "k");
    pass(11000);
    receive_repeat(42, "a", "1", "k");
    receive_repeat(43, "b", "2", "k");
    pass(1000);
    expect_line("a        claim duplicate");
    expect_line("delivered 1: b");
}

Test(story, an_event_without_a_key_is_not_deduplicated)
{
    stage_with_window();
    story_begin();
    receive(41, "a", "1");
    receive(42, "b", "2");
    pass(2000);
    cr_expect_eq(calls_seen(), 2);
}

Test(story, other_keys_and_routes_without_a_window_are_left_alone)
{
    stage_with_window()->routes[0].kinds = 0;
    story_begin();
    receive_repeat(41, "a", "1", "k");
    receive_repeat(42, "b", "2", "other");
    receive_alert(43, "c", "3");
    receive_alert(44, "d", "4");
    pass(2000);
    cr_expect_eq(calls_seen(), 6, "two notices, and two incidents for both targets, of which none has a dedupKey");
}

Test(story, the_listed_fields_make_the_key_instead_of_dedupKey)
{
    struct engine_config *config = stage_with_window();
    config->routes[0].window_keys[0] = "incidentID";
    config->routes[0].n_window_keys = 1;
    story_begin();
    receive_repeat(41, "a", "same", "k");
    receive_repeat(42, "b", "same", "other");
    receive_repeat(43, "c", "another", "k");
    pass(2000);
    expect_line("b        repeat of a");
    cr_expect_eq(calls_seen(), 2);
}

Test(story, a_storm_of_a_thousand_twins_makes_one_call)
{
    struct engine_config *config = stage_with_window();
    config->window_records = 2000;
    config->window_bytes = 1 << 24;
    story_begin();
    tell_nothing();
    char id[24], incident[24];
    for (int i = 0; i < 1000; i++) {
        snprintf(id, sizeof(id), "twin-%d", i);
        snprintf(incident, sizeof(incident), "i%d", i);
        receive_repeat(41 + i, id, incident, "storm");
    }
    pass(5000);
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(committed(), 1041);
    cr_expect_eq(stats()->targets[0].suppressed, 999);
    everything_adds_up();
}

Test(story, leader_and_twin_of_one_batch_make_a_call_of_one)
{
    stage_with_window()->targets[0].batch_messages = 10;
    story_begin();
    receive_repeat(41, "a", "1", "k");
    receive_repeat(42, "b", "2", "k");
    receive_repeat(43, "c", "3", "other");
    pass(2000);
    expect_line("call 2: a c");
    expect_line("b        repeat of a");
    cr_expect_eq(calls_seen(), 1);
}

Test(story, a_twin_that_waits_holds_neither_the_only_slot_nor_its_claim)
{
    stage_with_window()->targets[0].concurrency = 1;
    story_begin();
    window_is_led_by("ghost", CLAIM_STATE_CLAIMED, 0);
    receive_repeat(41, "again", "1", "k");
    pass(1000);
    cr_expect_eq(key_state("again"), CLAIM_STATE_NONE);
    receive(42, "other", "2");
    pass(1000);
    expect_line("delivered 1: other");
    cr_expect_eq(committed(), -1, "the twin's offset is not passed over");
    revoke();
    pass(1);
    cr_expect_eq(drained_seen(), 1, "it does not hold up a revoke");
    cr_expect(drained_complete());
    everything_adds_up();
}

/* After a restart a lane may be read in another order than it was claimed in: here its second event led the window before. */
Test(story, a_twin_in_front_of_its_own_leader_is_promoted_in_the_end)
{
    stage_with_window();
    story_begin();
    window_is_led_by("leader", CLAIM_STATE_RELEASED, 0);
    receive_repeat(41, "twin", "same", "k");
    receive_repeat(42, "leader", "same", "k");
    pass(3 * LEASE_MS);
    expect_line("delivered 1: twin");
    expect_line("leader   repeat of twin");
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(committed(), 43);
    everything_adds_up();
}

Test(story, a_leader_that_was_given_up_with_its_partition_leads_again_when_it_is_read_again)
{
    stage_with_window();
    story_begin();
    replies(OUTCOME_NOT_SENT, OUTCOME_DELIVERED, OUTCOME_COUNT);
    receive_repeat(41, "first", "1", "k");
    receive_repeat(42, "again", "2", "k");
    pass(11);
    revoke();
    pass(1000);
    cr_expect_eq(key_state("first"), CLAIM_STATE_RELEASED);
    assign(41);
    receive_repeat(42, "again", "2", "k");
    pass(1000);
    expect_line("again    claim twin");
    receive_repeat(43, "first", "1", "k");
    pass(2000);
    expect_line("delivered 1: first");
    expect_line("again    repeat of first");
    cr_expect_eq(calls_seen(), 2);
    everything_adds_up();
}

Test(story, a_repeat_in_doubt_is_suppressed_and_not_held)
{
    const struct claim_value dead_workers = { .state = CLAIM_STATE_CLAIMED, .attempt = 1, .owner = 98, .dispatch = 4,
                                              .lease_ms = LEASE_MS, .ttl_ms = 86400000, .fp = 0 };
    stage_with_window()->targets[0].on_ambiguous = AMBIGUOUS_HOLD;
    story_begin();
    window_is_led_by("ghost", CLAIM_STATE_DONE, 0);
    key_is("again", &dead_workers, LEASE_MS + 1);
    receive_repeat(41, "again", "1", "k");
    pass(2000);
    expect_line("again    repeat of ghost");
    cr_expect_eq(parked_seen("unconfirmed"), 0);
    cr_expect_eq(calls_seen(), 0);
    cr_expect_eq(committed(), 42);
}

Test(story, a_twin_taken_over_in_doubt_is_given_back_with_its_doubt_and_it_does_not_grow)
{
    const struct claim_value dead_workers = { .state = CLAIM_STATE_CLAIMED, .attempt = 1, .owner = 98, .dispatch = 4,
                                              .lease_ms = LEASE_MS, .ttl_ms = 86400000, .fp = 0 };
    stage_with_window()->targets[0].max_ambiguous = 1;
    story_begin();
    window_is_led_by("ghost", CLAIM_STATE_CLAIMED, 0);
    key_is("again", &dead_workers, LEASE_MS + 1);
    receive_repeat(41, "again", "1", "k");
    pass(2 * LEASE_MS + 2000);
    cr_expect_eq(parked_seen("unconfirmed"), 0, "doubt 1 after sixty questions");
    expect_line("delivered 1: again");
}

Test(story, a_replayed_event_is_a_repeat_as_any_other)
{
    const struct claim_value dead = { .state = CLAIM_STATE_DEAD };
    struct engine_config *config = stage_with_window();
    config->routes[0].window_keys[0] = "kind";
    config->routes[0].n_window_keys = 1;
    story_begin();
    window_is_led_by("ghost", CLAIM_STATE_CLAIMED, 0);
    key_is("again", &dead, 1000);
    receive_replay(41, "again", "1");
    pass(100);
    cr_expect_eq(key_state("again"), CLAIM_STATE_DEAD, "while it waits its key is what it was");
    key_is("ghost", &(struct claim_value){ .state = CLAIM_STATE_DONE }, 0);
    pass(2000);
    expect_line("again    repeat of ghost");
    cr_expect_eq(calls_seen(), 0);
}

Test(story, a_held_event_that_is_replayed_is_sent_when_it_is_promoted_after_it_waited)
{
    const struct claim_value held = { .state = CLAIM_STATE_UNCONFIRMED, .doubt = 1 };
    struct engine_config *config = stage_with_window();
    config->targets[0].on_ambiguous = AMBIGUOUS_HOLD;
    config->routes[0].window_keys[0] = "kind";
    config->routes[0].n_window_keys = 1;
    story_begin();
    window_is_led_by("ghost", CLAIM_STATE_CLAIMED, 0);
    key_is("again", &held, 1000);
    receive_replay(41, "again", "1");
    pass(100);
    cr_expect_eq(key_state("again"), CLAIM_STATE_UNCONFIRMED);
    key_is("ghost", &(struct claim_value){ .state = CLAIM_STATE_DEAD }, 0);
    pass(2000);
    expect_line("delivered 1: again");
    cr_expect_eq(parked_seen("unconfirmed"), 0, "a person decided it");
}

Test(story, a_silent_store_neither_suppresses_nor_promotes)
{
    stage_with_window();
    story_begin();
    store_is_silent(true);
    receive_repeat(41, "a", "1", "k");
    receive_repeat(42, "b", "2", "k");
    pass(5000);
    cr_expect_eq(calls_seen(), 0);
    cr_expect_eq(committed(), -1);
    store_is_silent(false);
    pass(3000);
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(committed(), 43);
}

/* test_shutdown.c: a shutdown while the group moves: a revoke before or within it, a loss, partitions that come. */
#include "tests/story/story.h"

#include <criterion/criterion.h>

/* An alert whose call takes so long is under way; time 0 of the stories here. */
static void
begin_call(ms_t takes_ms, ms_t drain_ms)
{
    struct engine_config *config = stage();
    config->drain_ms = drain_ms;
    config->targets[1].call_timeout_ms = 20000;
    config->targets[1].claim_lease_ms = 60000;
    story_begin();
    slow_target(1, takes_ms);
    receive_alert(41, "inc-1", "i1");
    pass(0);
}

/* ---- partitions that are lost ---------------------------------------------------------------------------------------------- */

Test(story, a_shutdown_is_not_complete_when_its_partitions_are_lost_with_a_call_under_way)
{
    stage();
    story_begin();
    receive_alert(41, "inc-1", "i1");
    pass(1);
    drain();
    lose();
    pass(100);
    expect_line("delivered 1: inc-1");
    cr_expect_eq(drained_seen(), 1, "the call is waited for all the same");
    cr_expect_not(drained_complete(), "another worker will read it again");
    everything_adds_up();
}

Test(story, a_shutdown_is_not_complete_when_its_partitions_are_lost_before_its_last_commit)
{
    stage();
    story_begin();
    receive_alert(41, "inc-1", "i1");
    pass(100);
    commits_say(COMMIT_FAILED, 1000);
    drain();
    pass(50);
    lose();
    pass(100);
    cr_expect_eq(drained_seen(), 1);
    cr_expect_not(drained_complete());
}

Test(story, a_shutdown_is_complete_when_partitions_are_lost_of_which_all_is_committed_or_was_never_begun)
{
    struct engine_config *config = stage();
    config->targets[1].concurrency = 1;
    config->targets[1].retry_base_ms = 60000;
    story_begin();
    replies(OUTCOME_DELIVERED, OUTCOME_NOT_SENT, OUTCOME_COUNT);
    receive_alert(41, "inc-1", "i1");
    pass(2000);
    cr_expect_eq(committed(), 42);
    receive_alert(42, "inc-2", "i2");
    pass(15);
    drain();
    lose();
    pass(100);
    expect_line("inc-2    given up, doubt 0");
    cr_expect_eq(drained_seen(), 1);
    cr_expect(drained_complete());
    everything_adds_up();
}

Test(story, a_shutdown_goes_on_to_its_own_bound_when_partitions_are_lost)
{
    static const struct { ms_t revoke_at, lose_at; } rows[] = { { 0, 1000 }, { 1000, 3000 }, { 2000, 6999 } };
    for (size_t i = 0; i < 3; i++) {
        begin_call(15000, 40000);
        drain();
        pass(rows[i].revoke_at);
        revoke();
        pass(rows[i].lose_at - rows[i].revoke_at);
        lose();
        pass(14999 - rows[i].lose_at);
        cr_expect_eq(drained_seen(), 0, "row %zu: the revoke is over without an answer", i);
        pass(1);
        cr_expect_eq(last_end("inc-1"), CLAIM_STATE_DONE, "row %zu", i);
        cr_expect_eq(drained_seen(), 1, "row %zu", i);
        cr_expect_not(drained_complete(), "row %zu: its offset was not committed", i);
        everything_adds_up();
    }
}

/* ---- partitions that are asked back ---------------------------------------------------------------------------------------- */

Test(story, a_revoke_during_a_shutdown_is_answered_too)
{
    stage();
    story_begin();
    receive_alert(41, "inc-1", "i1");
    pass(1);
    drain();
    revoke();
    pass(100);
    cr_expect_eq(drained_seen(), 2);
}

Test(story, a_shutdown_is_not_complete_when_a_revoke_within_it_could_not_commit)
{
    static const struct { enum commit_result result; bool complete; } rows[] = { { COMMIT_OK, true }, { COMMIT_FAILED, false } };
    for (size_t i = 0; i < 2; i++) {
        stage();
        story_begin();
        commits_say(rows[i].result, 1000);
        receive_alert(41, "inc-1", "i1");
        pass(1);
        drain();
        revoke();
        pass(5000);
        cr_expect_eq(drained_seen(), 2, "row %zu", i);
        cr_expect_eq(drained_complete(), rows[i].complete, "row %zu", i);
    }
}

Test(story, a_shutdown_with_a_revoke_waits_for_its_calls_by_its_own_bound)
{
    static const struct { void (*first)(void), (*second)(void); ms_t takes_ms, answered_ms; } rows[] = {
        { drain, revoke, 7500, 6000 }, { drain, revoke, 15000, 6000 },
        { revoke, drain, 7500, 5000 }, { revoke, drain, 15000, 5000 },
    };
    for (size_t i = 0; i < 4; i++) {
        begin_call(rows[i].takes_ms, 40000);
        rows[i].first();
        pass(1000);
        rows[i].second();
        pass(rows[i].answered_ms - 1001);
        cr_expect_eq(drained_seen(), 0, "row %zu: what is given back is waited for", i);
        pass(1);
        cr_expect_eq(drained_seen(), 1, "row %zu: other members wait no longer", i);
        expect_line("1 abandoned");
        forget();
        pass(rows[i].takes_ms - rows[i].answered_ms - 1);
        cr_expect_eq(drained_seen(), 1, "row %zu: nobody waits for the shutdown", i);
        pass(1);
        cr_expect_eq(last_end("inc-1"), CLAIM_STATE_DONE, "row %zu: its next owner will not call again", i);
        cr_expect_eq(drained_seen(), 2, "row %zu", i);
        expect_line("0 abandoned");
        cr_expect_not(drained_complete(), "row %zu: its offset was not committed, and is not ours any more", i);
        everything_adds_up();
    }
}

Test(story, a_shutdown_ends_at_its_bound_whatever_the_group_does)
{
    static const struct { ms_t revoke_at; uint32_t drained_before; } rows[] = { { 1000, 1 }, { 8000, 0 }, { 9999, 0 } };
    for (size_t i = 0; i < 3; i++) {
        begin_call(15000, 10000);
        drain();
        pass(rows[i].revoke_at);
        revoke();
        pass(9999 - rows[i].revoke_at);
        cr_expect_eq(drained_seen(), rows[i].drained_before, "row %zu", i);
        pass(1);
        cr_expect_eq(drained_seen(), 2, "row %zu: a revoke has no more time than the shutdown", i);
        cr_expect_not(drained_complete(), "row %zu", i);
        expect_line("1 abandoned");
        pass(10000);
        cr_expect_eq(last_end("inc-1"), CLAIM_STATE_DONE, "row %zu: should the process still be there", i);
        everything_adds_up();
    }
}

Test(story, a_second_word_to_leave_moves_no_bound)
{
    static void (*const happens[])(void) = { drain, revoke, lose };
    for (size_t i = 0; i < 3; i++) {
        begin_call(15000, 10000);
        drain();
        happens[i]();
        pass(4000);
        drain();
        pass(4000);
        drain();
        pass(1999);
        cr_expect_eq(drained_seen(), i == 1, "row %zu", i);
        pass(1);
        cr_expect_eq(drained_seen(), 1 + (i == 1), "row %zu", i);
        cr_expect_not(drained_complete(), "row %zu", i);
        pass(5000);
        drain();
        pass(1000);
        cr_expect_eq(drained_seen(), 1 + (i == 1), "row %zu: it has left", i);
    }
}

Test(story, a_shutdown_ends_when_its_last_commit_does_also_behind_a_revoke)
{
    stage();
    story_begin();
    receive_alert(41, "inc-1", "i1");
    pass(100);
    commits_say(COMMIT_FAILED, 1000);
    drain();
    pass(1000);
    revoke();
    pass(999);
    cr_expect_eq(drained_seen(), 0);
    pass(1);
    cr_expect_eq(drained_seen(), 2, "two seconds for a commit, not once for each");
    cr_expect_not(drained_complete());
}

/* ---- partitions that come -------------------------------------------------------------------------------------------------- */

Test(story, what_is_assigned_in_a_shutdown_is_paused_and_holds_nobody_up)
{
    begin_call(15000, 40000);
    drain();
    revoke();
    pass(5000);
    assign(41);
    pass(0);
    cr_expect(is_paused());
    receive_alert(41, "inc-1", "i1");
    pass(1000);
    cr_expect_eq(freed(), 1, "left to whoever has it next");
    cr_expect_eq(calls_seen(), 1);
    forget();
    revoke();
    cr_expect_eq(drained_seen(), 2, "nothing of it is under way");
    expect_line("0 abandoned");
    assign(41);
    pass(8999);
    cr_expect_eq(drained_seen(), 2);
    pass(1);
    cr_expect_eq(last_end("inc-1"), CLAIM_STATE_DONE);
    cr_expect_eq(drained_seen(), 3);
    everything_adds_up();
}

Test(story, a_shutdown_is_complete_whatever_an_assignment_before_it_left)
{
    begin_call(7500, 40000);
    revoke();
    pass(5000);
    assign(42);
    pass(1000);
    drain();
    lose();
    pass(1499);
    cr_expect_eq(drained_seen(), 1, "its call is waited for");
    pass(1);
    cr_expect_eq(drained_seen(), 2);
    cr_expect(drained_complete(), "what was given back in the last one was all finished");
}

/* ---- a revoke alone -------------------------------------------------------------------------------------------------------- */

Test(story, a_revoke_waits_for_no_call_of_an_assignment_before)
{
    begin_call(15000, 40000);
    revoke();
    pass(5000);
    assign(42);
    pass(100);
    forget();
    revoke();
    cr_expect_eq(drained_seen(), 2);
    cr_expect(drained_complete());
    expect_line("0 abandoned");
    pass(9900);
    cr_expect_eq(last_end("inc-1"), CLAIM_STATE_DONE);
    everything_adds_up();
}

Test(story, a_revoke_ends_no_mark_of_an_assignment_before)
{
    begin_call(7000, 40000);
    slow_target(0, 20000);
    revoke();
    pass(5000);
    assign(42);
    receive(42, "n1", "i2");
    pass(1000);
    store_is_silent(true);
    pass(1500);
    revoke();
    pass(5000);
    cr_expect_eq(drained_seen(), 2, "the notice's call is given up");
    expect_no_line("done without its mark");
    store_is_silent(false);
    pass(2000);
    cr_expect_eq(last_end("inc-1"), CLAIM_STATE_DONE);
    cr_expect_eq(stats()->marks_missing, 0);
}

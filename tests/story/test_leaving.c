/* test_leaving.c: revoke, loss, shutdown: what is begun is finished, what is not is left to the next owner. */
#include "tests/story/story.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(story, a_revoke_waits_for_the_calls_under_way_and_commits_them)
{
    stage();
    story_begin();
    receive_alert(41, "inc-1", "i1");
    pass(1);
    revoke();
    cr_expect_eq(drained_seen(), 0, "the call is still out");
    pass(100);
    cr_expect_eq(drained_seen(), 1);
    cr_expect(drained_complete());
    cr_expect_eq(committed(), 42, "committed before the partition is given back");
    everything_adds_up();
}

Test(story, a_revoke_does_not_wait_for_what_was_not_begun)
{
    stage()->targets[1].concurrency = 1;
    story_begin();
    receive_alert(41, "inc-1", "i1");
    receive_alert(42, "inc-2", "i2");
    pass(1);
    revoke();
    pass(100);
    cr_expect_eq(drained_seen(), 1);
    cr_expect_eq(calls_seen(), 1, "the second was never sent");
    cr_expect_eq(committed(), 42, "and is not committed");
    cr_expect_eq(freed(), 2);
    everything_adds_up();
}

Test(story, a_revoke_gives_up_after_five_seconds_and_the_late_answer_still_writes_done)
{
    stage();
    story_begin();
    calls_hang();
    receive_alert(41, "inc-1", "i1");
    pass(1);
    revoke();
    pass(6000);
    cr_expect_eq(drained_seen(), 1);
    cr_expect_not(drained_complete());
    assign(41);
    calls_return();
    pass(3000);
    expect_line("delivered 1: inc-1");
    cr_expect_eq(committed(), -1, "its window is gone: the next reading of it finds the done mark");
    cr_expect_eq(freed(), 1);
    everything_adds_up();
}

Test(story, a_lost_partition_is_neither_waited_for_nor_committed)
{
    stage();
    story_begin();
    calls_hang();
    receive_alert(41, "inc-1", "i1");
    pass(1);
    lose();
    calls_return();
    pass(3000);
    cr_expect_eq(drained_seen(), 0);
    cr_expect_eq(committed(), -1);
    cr_expect_eq(freed(), 1);
    everything_adds_up();
}

Test(story, a_batch_in_backoff_is_released_on_revoke_with_what_is_known)
{
    stage();
    story_begin();
    replies(OUTCOME_NOT_SENT, OUTCOME_COUNT);
    receive_alert(41, "inc-1", "i1");
    pass(11);
    revoke();
    pass(10);
    expect_line("given up, doubt 0");
    cr_expect_eq(drained_seen(), 1);
    cr_expect_eq(committed(), -1);
    everything_adds_up();
}

Test(story, a_shutdown_finishes_calls_commits_and_takes_nothing_new)
{
    stage();
    story_begin();
    receive_alert(41, "inc-1", "i1");
    pass(1);
    drain();
    receive_alert(42, "inc-2", "i2");
    pass(100);
    cr_expect_eq(drained_seen(), 1);
    cr_expect(drained_complete());
    cr_expect_eq(committed(), 42);
    cr_expect_eq(calls_seen(), 1);
    cr_expect(is_paused());
    cr_expect_eq(freed(), 2);
}

Test(story, a_shutdown_with_nothing_open_ends_at_once)
{
    stage();
    story_begin();
    drain();
    pass(0);
    cr_expect_eq(drained_seen(), 1);
    cr_expect(drained_complete());
}

Test(story, a_shutdown_while_the_store_is_away_counts_what_was_acknowledged_as_terminal)
{
    stage();
    story_begin();
    receive_alert(41, "inc-1", "i1");
    pass(1);
    store_is_silent(true);
    drain();
    pass(41000);
    cr_expect_eq(drained_seen(), 1);
    cr_expect_eq(committed(), 42);
    cr_expect_eq(stats()->marks_missing, 1);
    cr_expect_not(drained_complete(), "its bound was passed");
    everything_adds_up();
}

Test(story, a_commit_of_another_generation_is_dropped_and_never_repeated)
{
    stage();
    story_begin();
    commits_say(COMMIT_STALE, 1);
    receive_alert(41, "inc-1", "i1");
    pass(5000);
    cr_expect_eq(committed(), -1);
    cr_expect_eq(stats()->commits[COMMIT_STALE], 1);
    cr_expect_eq(stats()->commits[COMMIT_OK], 0);
}

Test(story, a_commit_that_failed_is_asked_again)
{
    stage();
    story_begin();
    commits_say(COMMIT_FAILED, 2);
    receive_alert(41, "inc-1", "i1");
    pass(5000);
    cr_expect_eq(committed(), 42);
    cr_expect_eq(stats()->commits[COMMIT_FAILED], 2);
}

Test(story, a_drain_asks_again_for_its_last_commit_with_a_wait_between_and_not_for_ever)
{
    stage();
    story_begin();
    commits_say(COMMIT_FAILED, 3);
    receive_alert(41, "inc-1", "i1");
    pass(1);
    drain();
    pass(250);
    cr_expect_eq(stats()->commits[COMMIT_FAILED], 3);
    cr_expect_eq(drained_seen(), 0, "each 100 ms");
    pass(100);
    cr_expect_eq(committed(), 42);
    cr_expect_eq(drained_seen(), 1);

    stage();
    story_begin();
    commits_say(COMMIT_FAILED, 1000);
    receive_alert(41, "inc-1", "i1");
    pass(1);
    revoke();
    pass(2200);
    cr_expect_leq(stats()->commits[COMMIT_FAILED], 20);
    cr_expect_geq(stats()->commits[COMMIT_FAILED], 15);
    cr_expect_eq(drained_seen(), 1, "the partitions are given back all the same");
    cr_expect_not(drained_complete(), "but what is done will be read again, and that is said");
    cr_expect_eq(committed(), -1);
}

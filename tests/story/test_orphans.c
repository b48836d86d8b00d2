/* test_orphans.c: dead letters of partitions that were lost, or are given back, hold up neither the next owner nor this worker.
 *
 * Lease 30 s: what waits is renewed each 10 s. */
#include "tests/story/story.h"

#include <criterion/criterion.h>

enum { LEASE_MS = 30000, FLOOD = 1600 };

/* A notice that is refused for good; its dead letter is not written yet. */
static void
a_notice_is_parked(void)
{
    store_is_truthful();
    refuse_all(true);
    receive(41, "n-1", "i1");
    pass(100);
    cr_assert_eq(calls_seen(), 1);
}

Test(story, a_dead_letter_that_is_refused_after_its_partition_was_lost_is_left_to_the_next_owner)
{
    stage();
    story_begin();
    parks_fail(UINT32_MAX);
    a_notice_is_parked();
    lose();
    parks_fail(0);
    pass(1000);
    expect_line("n-1      given up, doubt 0");
    cr_expect_eq(parked_seen("rejected"), 0, "it is not tried again");
    cr_expect_eq(key_state("n-1"), CLAIM_STATE_RELEASED, "the next owner claims it at once, and without a doubt");
    cr_expect_eq(freed(), 1);
    cr_expect_eq(committed(), -1);
    cr_expect_eq(stats()->targets[0].terminal[TERMINAL_ABANDONED], 1);
    everything_adds_up();
}

Test(story, a_revoke_does_not_wait_for_a_dead_letter_that_is_refused)
{
    stage();
    story_begin();
    parks_fail(UINT32_MAX);
    a_notice_is_parked();
    receive_text(42, "nonsense");
    pass(100);
    revoke();
    pass(1000);
    cr_expect_eq(drained_seen(), 1, "instead of 5 s");
    cr_expect_eq(committed(), -1);
    cr_expect_eq(freed(), 2);
    cr_expect_eq(key_state("n-1"), CLAIM_STATE_RELEASED);
    everything_adds_up();
}

Test(story, what_is_in_doubt_and_cannot_be_parked_is_left_with_its_doubt)
{
    stage()->targets[0].on_ambiguous = AMBIGUOUS_HOLD;
    story_begin();
    parks_fail(UINT32_MAX);
    store_is_truthful();
    replies(OUTCOME_IN_DOUBT, OUTCOME_COUNT);
    receive(41, "n-1", "i1");
    pass(100);
    lose();
    pass(1000);
    expect_line("n-1      given up, doubt 1");
    cr_expect_eq(key_state("n-1"), CLAIM_STATE_CLAIMED);
    cr_expect_eq(doubt_if_killed(), 1, "one doubt as before, and none for giving it up");
    cr_expect_eq(freed(), 1);
    everything_adds_up();
}

/* Redis forgot whether it was sent before: R would say that it surely was not. */
Test(story, what_redis_forgot_and_cannot_be_parked_is_left_in_doubt)
{
    stage()->targets[0].on_amnesia = AMNESIA_HOLD;
    story_begin();
    parks_fail(UINT32_MAX);
    store_is_truthful();
    claims_take(10);
    receive(41, "n-1", "i1");
    pass(5);
    store_forgets();
    pass(95);
    lose();
    pass(1000);
    expect_line("n-1      given up, doubt 1");
    cr_expect_eq(key_state("n-1"), CLAIM_STATE_CLAIMED);
    cr_expect_eq(doubt_if_killed(), 1);
    cr_expect_eq(calls_seen(), 0);
    everything_adds_up();
}

Test(story, what_redis_forgot_and_is_claimed_too_late_is_left_in_doubt)
{
    stage()->targets[0].on_amnesia = AMNESIA_HOLD;
    story_begin();
    store_is_truthful();
    claims_take(10);
    receive(41, "n-1", "i1");
    pass(5);
    store_forgets();
    lose();
    pass(100);
    expect_line("n-1      given up, doubt 1");
    cr_expect_eq(key_state("n-1"), CLAIM_STATE_CLAIMED);
    cr_expect_eq(calls_seen(), 0);
    everything_adds_up();
}

/* Its worker reaches Redis and not Kafka. Were its claim renewed until Kafka answers, the next owner would wait as long. */
Test(story, a_dead_letter_without_an_answer_holds_the_next_owner_up_for_a_third_of_a_lease_at_most)
{
    stage();
    story_begin();
    parks_hang(true);
    a_notice_is_parked();
    lose();
    pass(LEASE_MS / 3);
    expect_line("n-1      given up, doubt 0");
    cr_expect_eq(key_state("n-1"), CLAIM_STATE_RELEASED);
    cr_expect_eq(freed(), 1, "its room is free again");
    parks_hang(false);
    pass(100);
    cr_expect_eq(key_state("n-1"), CLAIM_STATE_RELEASED, "an answer that comes late is nobody's");
    cr_expect_eq(stats()->stale_answers, 1);
    everything_adds_up();
}

Test(story, a_dead_letter_that_is_written_soon_after_its_partition_was_lost_is_the_end_of_its_event)
{
    stage();
    story_begin();
    parks_hang(true);
    a_notice_is_parked();
    lose();
    pass(LEASE_MS / 3 - 1000);
    parks_hang(false);
    pass(100);
    cr_expect_eq(key_state("n-1"), CLAIM_STATE_DEAD, "the next owner finds that it is over");
    cr_expect_eq(stats()->targets[0].terminal[TERMINAL_PARKED], 1);
    everything_adds_up();
}

/* Its partition is not the next one's yet. */
Test(story, a_shutdown_waits_for_a_dead_letter_and_keeps_its_claim)
{
    stage();
    story_begin();
    parks_hang(true);
    a_notice_is_parked();
    drain();
    pass(LEASE_MS + 2000);
    expect_no_line("given up");
    parks_hang(false);
    pass(100);
    cr_expect_eq(key_state("n-1"), CLAIM_STATE_DEAD);
    cr_expect_eq(committed(), 42);
    cr_expect_eq(drained_seen(), 1);
    cr_expect(drained_complete());
}

Test(story, dead_letters_that_are_refused_leave_room_for_the_next_assignments)
{
    stage()->window_records = FLOOD;
    story_begin();
    parks_fail(UINT32_MAX);
    tell_nothing();
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < FLOOD; i++)
            receive_text(41 + i, "nonsense");
        pass(100);
        lose();
        assign(41);
        pass(1000);
        cr_expect_eq(freed(), (round + 1) * FLOOD, "round %u", round);
    }
    receive_alert(41, "inc-1", "i1");
    pass(3000);
    cr_expect_eq(calls_seen(), 1, "a healthy record is expanded and sent");
    cr_expect_eq(committed(), 42);
    everything_adds_up();
}

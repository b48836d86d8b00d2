/* test_walked.c: what random walks (test_walk.c) found once, each told as a story of its own. */
#include "tests/story/story.h"

#include <criterion/criterion.h>

/* Claims of 300 ms, renewed after 100; a doubtful call is sent again after 1 ms. */
static struct target_policy *
short_leases(uint32_t target)
{
    struct target_policy *policy = &stage()->targets[target];
    policy->call_timeout_ms = 50;
    policy->claim_lease_ms = 300;
    policy->retry_base_ms = policy->retry_max_ms = 1;
    return policy;
}

Test(story, a_message_renewed_twice_does_not_stand_in_for_one_that_is_not_renewed_yet)
{
    short_leases(0)->batch_messages = 2;
    story_begin();
    replies(OUTCOME_IN_DOUBT, OUTCOME_COUNT);
    settles_say(SETTLE_UNKNOWN, 1);
    receive(41, "a", "1");
    receive(42, "b", "2");
    pass(205);
    cr_expect_eq(calls_seen(), 1, "the renewal of a is asked again at 211");
    settles_say(SETTLE_FENCED, 1);
    pass(10);
    expect_line("a        fenced");
    expect_line("call 1: b");
    pass(2000);
    cr_expect_eq(committed(), 43);
    everything_adds_up();
}

Test(story, a_batch_whose_partition_is_lost_while_its_claims_are_renewed_is_not_sent)
{
    short_leases(1);
    story_begin();
    replies(OUTCOME_IN_DOUBT, OUTCOME_COUNT);
    settles_say(SETTLE_UNKNOWN, 1);
    receive_alert(41, "inc-1", "i1");
    pass(50);
    lose();
    pass(1000);
    cr_expect_eq(calls_seen(), 1);
    expect_line("given up, doubt 1");
    cr_expect_eq(freed(), 1);
    everything_adds_up();
}

Test(story, a_dead_letter_that_was_refused_is_written_again_although_a_renewal_came_between)
{
    struct target_policy *policy = short_leases(1);
    policy->claim_lease_ms = 2700;
    story_begin();
    reply_is(OUTCOME_REJECTED, 200, "31400", 0);
    parks_fail(1);
    receive_alert(41, "inc-1", "i1");
    pass(890);
    settles_say(SETTLE_UNKNOWN, 1);         /* of the renewal at 900; the dead letter is due at 1010 */
    pass(2000);
    cr_expect_eq(parked_seen("rejected"), 1);
    cr_expect_eq(committed(), 42);
    everything_adds_up();
}

Test(story, a_partition_paused_for_memory_goes_on_when_only_an_earlier_assignment_held_it)
{
    stage()->window_bytes = 1;
    story_begin();
    calls_hang();
    receive_alert(41, "inc-1", "i1");
    pass(1);
    lose();
    assign(42);
    claim_says("inc-2", CLAIM_DUPLICATE, 0);
    receive_alert(42, "inc-2", "i2");
    pass(2000);
    cr_expect_eq(committed(), 43);
    cr_expect_not(is_paused(), "its window is empty: it may take one record");
    calls_return();
    pass(2000);
    cr_expect_eq(freed(), 2);
    cr_expect_not(is_paused());
    everything_adds_up();
}

Test(story, a_short_id_is_told_without_the_tail_of_a_longer_one_before_it)
{
    stage();
    story_begin();
    claim_says("a-long-one", CLAIM_DUPLICATE, 0);
    claim_says("b", CLAIM_DUPLICATE, 0);
    receive(41, "a-long-one", "1");
    pass(1);
    receive(42, "b", "2");
    pass(1);
    expect("[   0] a-long-one claim duplicate\n"
           "[   1] b        claim duplicate\n");
}

Test(story, a_credential_that_still_works_is_used_while_a_failed_refresh_is_asked_again)
{
    stage();
    credentials_live(100000);
    story_begin();
    credential_fails_then_hangs();
    pass(80000);
    receive(41, "a", "1");
    receive_alert(42, "b", "2");
    pass(2000);
    cr_expect_eq(calls_seen(), 2, "the old ones are good until 100 s");
    cr_expect_eq(committed(), 43);
}

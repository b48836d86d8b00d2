/* test_amnesia.c: Redis lost its memory: a free key no longer says that an event was not sent. Redis is away. */
#include "tests/story/story.h"

#include <criterion/criterion.h>

Test(story, after_amnesia_a_free_claim_of_an_older_record_is_held_where_the_policy_says_hold)
{
    stage()->targets[1].on_amnesia = AMNESIA_HOLD;
    story_begin();
    pass(60000);
    store_forgets();
    receive_alert_made(41, "inc-1", "i1", 1);
    pass(3000);
    cr_expect_eq(calls_seen(), 0);
    cr_expect_eq(parked_seen("unconfirmed"), 1);
    cr_expect_eq(committed(), 42);
    expect_line("inc-1 ");
    everything_adds_up();
}

Test(story, after_amnesia_a_record_made_since_is_sent)
{
    stage()->targets[1].on_amnesia = AMNESIA_HOLD;
    story_begin();
    pass(60000);
    store_forgets();
    receive_alert_made(41, "inc-1", "i1", 0);
    pass(3000);
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(parked_seen("unconfirmed"), 0);
    cr_expect_eq(committed(), 42);
}

Test(story, before_any_amnesia_old_records_are_sent)
{
    stage()->targets[1].on_amnesia = AMNESIA_HOLD;
    story_begin();
    receive_alert_made(41, "inc-1", "i1", 86400000);
    pass(3000);
    cr_expect_eq(calls_seen(), 1);
}

Test(story, a_second_amnesia_moves_the_line_and_never_back)
{
    stage()->targets[1].on_amnesia = AMNESIA_HOLD;
    story_begin();
    store_forgets();
    pass(60000);
    receive_alert_made(41, "inc-1", "i1", 0);
    pass(1000);
    cr_expect_eq(calls_seen(), 1);
    store_forgets();
    receive_alert_made(42, "inc-2", "i2", 500);
    pass(3000);
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(parked_seen("unconfirmed"), 1);
}

Test(story, after_amnesia_continue_sends_what_is_free)
{
    stage();
    story_begin();
    pass(60000);
    store_forgets();
    receive_alert_made(41, "inc-1", "i1", 30000);
    pass(3000);
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(committed(), 42);
}

/* Only "free" is in question: what was written since the loss is as good as ever. */
Test(story, after_amnesia_a_claim_that_meets_a_value_is_believed)
{
    stage()->targets[1].on_amnesia = AMNESIA_HOLD;
    story_begin();
    pass(60000);
    store_forgets();
    claim_says("inc-1", CLAIM_RETRY, 0);
    claim_says("inc-2", CLAIM_DUPLICATE, 0);
    claim_says("inc-3", CLAIM_TAKEOVER, 1);
    receive_alert_made(41, "inc-1", "i1", 30000);
    receive_alert_made(42, "inc-2", "i2", 30000);
    receive_alert_made(43, "inc-3", "i3", 30000);
    pass(3000);
    cr_expect_eq(calls_seen(), 2);
    cr_expect_eq(parked_seen("unconfirmed"), 0);
    cr_expect_eq(committed(), 44);
}

Test(story, after_amnesia_a_replayed_record_is_sent_for_a_person_decided_it)
{
    stage()->targets[0].on_amnesia = AMNESIA_HOLD;
    story_begin();
    receive_replay(41, "n-1", "i1");
    store_forgets();
    pass(3000);
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(parked_seen("unconfirmed"), 0);
}

/* The reply to its first claim was lost, and that claim met a free key. */
Test(story, after_amnesia_a_claim_that_is_ours_already_is_held_as_a_free_one)
{
    stage()->targets[1].on_amnesia = AMNESIA_HOLD;
    story_begin();
    store_forgets();
    claim_says("inc-1", CLAIM_UNKNOWN, 0);
    claim_says("inc-1", CLAIM_MINE, 0);
    receive_alert_made(41, "inc-1", "i1", 30000);
    pass(3000);
    cr_expect_eq(calls_seen(), 0);
    cr_expect_eq(parked_seen("unconfirmed"), 1);
}

/* The same for its second custody, whose claim says how often it was tried before. */
Test(story, after_amnesia_a_later_claim_that_is_ours_already_is_held_as_a_free_one)
{
    stage()->targets[1].on_amnesia = AMNESIA_HOLD;
    story_begin();
    pass(60000);
    store_forgets();
    claim_says("inc-1", CLAIM_RETRY, 0);
    claim_says("inc-1", CLAIM_UNKNOWN, 0);
    claim_says("inc-1", CLAIM_MINE, 0);
    replies(OUTCOME_NOT_SENT, OUTCOME_COUNT);
    settles_say(SETTLE_FENCED, 1);
    receive_alert_made(41, "inc-1", "i1", 30000);
    pass(3000);
    cr_expect_eq(calls_seen(), 1, "by its first custody: %u", calls_seen());
    cr_expect_eq(parked_seen("unconfirmed"), 1);
    expect_line("claim mine");
    expect_line("fenced");
}

/* ---- Redis is away -------------------------------------------------------------------------------------------------------- */

/* The store goes on by itself for whom every order says so, and for nobody else. */
Test(story, each_order_says_whether_its_target_goes_on_without_redis)
{
    stage()->targets[0].on_redis_down = REDIS_DOWN_DEGRADE;
    story_begin();
    replies(OUTCOME_IN_DOUBT, OUTCOME_IN_DOUBT, OUTCOME_COUNT);
    receive(41, "n-1", "i1");
    receive_alert(42, "inc-1", "i2");
    pass(5000);
    cr_expect_eq(committed(), 43);
    cr_expect(degradable_orders(0) >= 3, "claim, doubt, end: %u", degradable_orders(0));
    cr_expect_eq(degradable_orders(1), 0);
}

Test(story, a_target_that_pauses_sends_nothing_while_the_store_is_silent_and_all_when_it_is_back)
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
    cr_expect_eq(parked_seen("budget"), 0);
}

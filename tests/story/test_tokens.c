/* test_tokens.c: a token service that gives one token at a time to workers that share a key: each new one ends the others'. */
#include "tests/story/story.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { PORTAL = 0, SOAR = 1, MANY = 200 };

static void
stage_of_one(uint32_t target)
{
    struct engine_config *config = stage();
    config->targets[target].concurrency = 1;
    config->targets[target].batch_messages = 1;
    config->targets[PORTAL].linger_ms = 0;
    story_begin();
}

/* Each call that is taken is followed by one that is refused. */
static void
tokens_end_after_a_call(void)
{
    for (int i = 0; i < 250; i++)
        reply_is(i % 2 ? OUTCOME_AUTH : OUTCOME_DELIVERED, 200, i % 2 ? "1203" : "0", 0);
}

static void
receive_many(void)
{
    for (int i = 0; i < MANY; i++) {
        char id[16];
        snprintf(id, sizeof(id), "n-%d", i);
        receive(41 + i, id, id);
    }
}

Test(story, tokens_that_end_soon_are_asked_for_with_growing_waits)
{
    stage_of_one(PORTAL);
    tokens_end_after_a_call();
    receive_many();
    pass(60000);
    expect_line("tokens end soon, another in");
    cr_expect_lt(calls_seen(), 60u, "whoever else has one is left in peace: %u calls", calls_seen());
    cr_expect_gt(calls_seen(), 10u);
}

Test(story, a_token_that_is_the_same_as_before_is_had_at_once_however_often_it_is_refused)
{
    stage_of_one(PORTAL);
    tokens_stay();
    tokens_end_after_a_call();
    receive_many();
    pass(6000);
    expect_no_line("tokens end soon");
    cr_expect_eq(committed(), 41 + MANY);
}

Test(story, a_token_that_lived_for_long_is_followed_at_once_by_the_next)
{
    stage_of_one(PORTAL);
    for (int i = 0; i < 8; i++) {
        char id[16];
        snprintf(id, sizeof(id), "n-%d", i);
        reply_is(OUTCOME_AUTH, 200, "1203", 0);
        receive(41 + i, id, id);
        pass(11000);
        cr_expect_eq(committed(), 42 + i, "event %d", i);
    }
    expect_no_line("tokens end soon");
}

Test(story, a_paused_portal_is_tried_once_more_with_the_token_that_its_try_led_to)
{
    stage_of_one(PORTAL);
    for (int i = 0; i < 5; i++)
        reply_is(OUTCOME_AUTH, 200, "1203", 0);
    receive(41, "a", "1");
    receive(42, "b", "2");
    pass(5000);
    expect_line("paused, auth");
    cr_expect_eq(calls_seen(), 4, "one refusal is left for the try in half a minute");
    pass(30000);
    cr_expect_eq(committed(), 43, "not after another half a minute");
}

Test(story, a_paused_target_without_tokens_is_tried_once_in_half_a_minute)
{
    stage_of_one(SOAR);
    for (int i = 0; i < 40; i++)
        reply_is(OUTCOME_AUTH, 403, "SignatureDoesNotMatch", 0);
    receive_alert(41, "a", "1");
    receive_alert(42, "b", "2");
    pass(5000);
    expect_line("paused, auth");
    uint32_t before = calls_seen();
    pass(300000);
    cr_expect_eq(calls_seen(), before + 10);
}

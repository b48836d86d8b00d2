/* test_idle.c: a claim says that no call is under way while its delivery waits, and says so no more before the next one begins:
 * whoever takes it over finds as much doubt as there is. */
#include "tests/story/lone.h"
#include "tests/story/story.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct lone lone;

static void
idle_end(void)
{
    lone_release(&lone);
}

TestSuite(idle, .fini = idle_end);

static const struct claim_order *
renewal_of_x(void)
{
    for (uint32_t i = 0; i < LONE_OUT; i++)
        if (lone.out[i].used && lone.out[i].effect.kind == EFFECT_RENEW && lone.out[i].handle == lone.x)
            return &lone.out[i].effect.claim;
    cr_assert(false, "no renewal is out");
    return NULL;
}

Test(story, a_killed_worker_leaves_as_much_doubt_as_there_is)
{
    stage()->targets[1].retry_base_ms = 4000;
    store_is_truthful();
    story_begin();
    replies(OUTCOME_NOT_SENT, OUTCOME_IN_DOUBT, OUTCOME_COUNT);
    receive_alert(41, "inc-1", "i1");
    pass(5);
    cr_expect_eq(doubt_if_killed(), 1, "a call is under way");
    pass(6);
    cr_expect_eq(doubt_if_killed(), 0, "it was surely not sent, and waits");
    while (calls_seen() < 2)
        pass(1);
    cr_expect_eq(doubt_if_killed(), 1, "the next one is under way");
    pass(11);
    cr_expect_eq(doubt_if_killed(), 1, "its end is not known, and no other is under way");
    while (calls_seen() < 3)
        pass(1);
    cr_expect_eq(doubt_if_killed(), 2);
    pass(20);
    cr_expect_eq(committed() < 42 ? doubt_if_killed() : 0, 0, "it is done");
}

Test(story, what_waits_for_a_target_that_is_shut_brings_no_doubt)
{
    stage()->targets[1].concurrency = 8;
    store_is_truthful();
    story_begin();
    reply_is(OUTCOME_THROTTLED, 429, "", 20000);
    for (int i = 0; i < 8; i++) {
        char id[16];
        snprintf(id, sizeof(id), "inc-%d", i);
        receive_alert(41 + i, id, id);
    }
    pass(5);
    cr_expect_eq(doubt_if_killed(), 8);
    calls_hang();
    pass(6);
    cr_expect_eq(doubt_if_killed(), 0, "told to wait");
}

Test(idle, no_call_begins_before_it_is_acknowledged_that_the_claim_is_idle_no_more)
{
    static const enum settle_answer marks[] = { SETTLE_OK, SETTLE_UNKNOWN };    /* it may have been written all the same */
    for (size_t i = 0; i < 2; i++) {
        lone_begin(&lone);
        lone.x = lone_receive(&lone, LONE_SOAR, "x", "x");
        lone_claimed(&lone, lone.x, CLAIM_FREE);
        lone_called(&lone, lone.x, OUTCOME_NOT_SENT, 0);
        cr_expect(renewal_of_x()->idle, "row %zu", i);
        lone_settled(&lone, lone.x, marks[i]);
        lone_wait(&lone, 1000);
        for (int j = 0; j < 3; j++) {
            cr_expect_not(renewal_of_x()->idle, "row %zu", i);
            cr_expect_eq(lone_state(&lone), DELIVERY_BACKOFF, "row %zu", i);
            lone_settled(&lone, lone.x, SETTLE_UNKNOWN);
            lone_wait(&lone, 200);
        }
        lone_settled(&lone, lone.x, SETTLE_OK);
        cr_expect_eq(lone_state(&lone), DELIVERY_CALLING, "row %zu", i);
        lone_finish(&lone);
        cr_expect_str_eq(lone.failure, "");
    }
}

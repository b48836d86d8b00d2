/* test_redis_late.c: a command of a connection that was closed is kept back on its way, and carried out after newer ones of its
 * worker. What stands in the key by then is not overwritten. */
#include "tests/wire/claim_rows.h"
#include "tests/wire/redis_stand.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <stdio.h>

enum { LEASE_MS = 30000, FP = 1 };

static struct bench bench = { &stand, &server };

TestSuite(redis_late, .init = redis_stand_begin_relayed, .fini = redis_stand_end_relayed);

/* Of one custody, in doubt so often. */
static struct claim_order
order_of(const char *id, uint32_t doubt)
{
    struct claim_order order = stand_order(id, 1, FP);
    order.doubt = doubt;
    return order;
}

static struct claim_order
idle_order_of(const char *id, uint32_t doubt)
{
    struct claim_order order = order_of(id, doubt);
    order.idle = true;
    return order;
}

/* The command of this order is kept on its way, its connection breaks, and the next one is made. */
static void
lose_end(struct claim_order order, enum claim_state end)
{
    char words[48];
    snprintf(words, sizeof(words), "~abt:d:portal:%.*s", (int)order.id.size, order.id.at);
    relay_set(&relay, RELAY_KEEP, words, "", 1);
    cr_assert_eq(stand_ended(&stand, order, end), SETTLE_UNKNOWN);
    cr_assert_eq(relay_hits(&relay), 1);
    cr_assert(stand_until(&stand, true));
}

/* Its bytes arrive. */
static void
carry_out_late(void)
{
    size_t size;
    const char *command = relay_kept(&relay, &size);
    void *reply = NULL;
    cr_assert_gt(size, 0);
    cr_assert_eq(redisAppendFormattedCommand(server.control, command, size), REDIS_OK);
    cr_assert_eq(redisGetReply(server.control, &reply), REDIS_OK);
    cr_assert_neq(((redisReply *)reply)->type, REDIS_REPLY_ERROR, "%s", ((redisReply *)reply)->str);
    freeReplyObject(reply);
}

static struct claim_value
left(const char *id)
{
    struct claim_order order = order_of(id, 0);
    return bench_peek(&bench, &order);
}

Test(redis_late, a_renewal_that_says_idle_does_not_undo_the_one_before_a_call)
{
    cr_assert_eq(stand_claimed(&stand, order_of("idle", 0)).verdict, CLAIM_FREE);
    lose_end(idle_order_of("idle", 0), CLAIM_STATE_CLAIMED);
    cr_assert_eq(stand_ended(&stand, order_of("idle", 0), CLAIM_STATE_CLAIMED), SETTLE_OK);
    carry_out_late();
    cr_expect_not(left("idle").idle, "a call is under way: whoever takes it over has to know");
}

Test(redis_late, a_renewal_does_not_undo_a_doubt)
{
    cr_assert_eq(stand_claimed(&stand, order_of("doubt", 0)).verdict, CLAIM_FREE);
    lose_end(order_of("doubt", 1), CLAIM_STATE_CLAIMED);
    cr_assert_eq(stand_ended(&stand, order_of("doubt", 2), CLAIM_STATE_CLAIMED), SETTLE_OK);
    carry_out_late();
    cr_expect_eq(left("doubt").doubt, 2);
}

Test(redis_late, a_renewal_does_not_take_back_what_was_given_up_in_doubt)
{
    struct claim_order given_up = order_of("given-up", 1);
    given_up.lease_ms = 0;
    cr_assert_eq(stand_claimed(&stand, order_of("given-up", 0)).verdict, CLAIM_FREE);
    lose_end(idle_order_of("given-up", 0), CLAIM_STATE_CLAIMED);
    cr_assert_eq(stand_ended(&stand, given_up, CLAIM_STATE_CLAIMED), SETTLE_OK);
    carry_out_late();
    struct claim_value value = left("given-up");
    cr_expect_eq(value.doubt, 1);
    cr_expect_eq(value.lease_ms, 0);
    cr_expect_not(value.idle);
}

/* Whatever the end, it is the last word of its custody. */
Test(redis_late, a_renewal_does_not_undo_an_end)
{
    static const enum claim_state ends[] = { CLAIM_STATE_DONE, CLAIM_STATE_DEAD, CLAIM_STATE_UNCONFIRMED, CLAIM_STATE_RELEASED };
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        char id[16];
        snprintf(id, sizeof(id), "end-%zu", i);
        cr_assert_eq(stand_claimed(&stand, order_of(id, 0)).verdict, CLAIM_FREE);
        lose_end(idle_order_of(id, 0), CLAIM_STATE_CLAIMED);
        cr_assert_eq(stand_ended(&stand, order_of(id, 0), ends[i]), SETTLE_OK);
        carry_out_late();
        cr_expect_eq(left(id).state, ends[i], "row %zu", i);
    }
}

/* An end that was written again, and met again since by a claim of its own process. */
Test(redis_late, an_end_does_not_undo_the_next_custody)
{
    struct claim_order next = order_of("next", 0);
    next.dispatch = 2;
    cr_assert_eq(stand_claimed(&stand, order_of("next", 0)).verdict, CLAIM_FREE);
    lose_end(order_of("next", 0), CLAIM_STATE_RELEASED);
    cr_assert_eq(stand_ended(&stand, order_of("next", 0), CLAIM_STATE_RELEASED), SETTLE_OK);
    cr_assert_eq(stand_claimed(&stand, next).verdict, CLAIM_RETRY);
    carry_out_late();
    cr_expect_eq(left("next").state, CLAIM_STATE_CLAIMED);
    cr_expect_eq(left("next").dispatch, 2);
}

/* What is carried out late and was not followed by anything stands: it was not known, and may be so. */
Test(redis_late, what_nothing_newer_followed_is_carried_out)
{
    cr_assert_eq(stand_claimed(&stand, order_of("last", 0)).verdict, CLAIM_FREE);
    lose_end(idle_order_of("last", 0), CLAIM_STATE_CLAIMED);
    carry_out_late();
    cr_expect(left("last").idle);
    cr_assert_eq(stand_ended(&stand, order_of("last", 0), CLAIM_STATE_CLAIMED), SETTLE_OK);
    cr_expect_not(left("last").idle);
}

/* ---- what a claim writes --------------------------------------------------------------------------------------------------- */

static enum claim_verdict
lose_claim(struct claim_order order, const char *words)
{
    relay_set(&relay, RELAY_KEEP, words, "", 1);
    enum claim_verdict verdict = stand_claimed(&stand, order).verdict;
    cr_assert_eq(relay_hits(&relay), 1);
    cr_assert(stand_until(&stand, true));
    return verdict;
}

/* The leader ended without being delivered, so the twin goes on; giving its key back was asked for before. */
Test(redis_late, a_key_is_not_given_back_once_it_was_asked_for_again)
{
    const struct claim_window window = { .hash = { 1, 2 }, .window_ms = 600000 };
    struct claim_order leader = stand_order("leader", 7, FP), twin = order_of("twin", 0);
    leader.window = twin.window = &window;
    cr_assert_eq(stand_claimed(&stand, leader).verdict, CLAIM_FREE);
    cr_assert_eq(lose_claim(twin, "~abt:d:portal:twin 0000000000001111."), CLAIM_UNKNOWN);
    cr_assert_eq(stand_ended(&stand, leader, CLAIM_STATE_DEAD), SETTLE_OK);
    cr_assert_eq(stand_claimed(&stand, twin).verdict, CLAIM_MINE);
    carry_out_late();
    cr_expect_eq(left("twin").state, CLAIM_STATE_CLAIMED, "its call is under way");
}

Test(redis_late, a_claim_does_not_undo_what_followed_it)
{
    cr_assert_eq(lose_claim(order_of("claim", 0), "SET abt:d:portal:claim"), CLAIM_UNKNOWN);
    cr_assert_eq(stand_claimed(&stand, order_of("claim", 0)).verdict, CLAIM_FREE);
    cr_assert_eq(stand_ended(&stand, order_of("claim", 2), CLAIM_STATE_CLAIMED), SETTLE_OK);
    carry_out_late();
    cr_expect_eq(left("claim").doubt, 2);
}

Test(redis_late, a_claim_that_takes_over_does_not_undo_what_followed_it)
{
    struct claim_order order = order_of("taken", 0);
    const struct claim_value old = { .state = CLAIM_STATE_CLAIMED, .attempt = 1, .owner = STAND_OTHER, .dispatch = 1,
                                     .lease_ms = LEASE_MS, .ttl_ms = order.ttl_ms, .fp = FP };
    bench_seed(&bench, &order, &old, LEASE_MS + 1);
    cr_assert_eq(lose_claim(order, "~ 3600000 3569"), CLAIM_UNKNOWN);
    cr_assert_eq(stand_claimed(&stand, order).verdict, CLAIM_TAKEOVER);
    cr_assert_eq(stand_ended(&stand, order_of("taken", 2), CLAIM_STATE_CLAIMED), SETTLE_OK);
    carry_out_late();
    cr_expect_eq(left("taken").doubt, 2);
}

/* test_degrade.c: on_redis_down: degrade on a real redis-server that is killed, stopped, filled and comes back. */
#include "bridge/io/clock.h"
#include "bridge/io/owed.h"
#include "bridge/io/recall.h"
#include "tests/wire/claim_rows.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <stdio.h>

static struct redis_server_of_test server;
static struct stand stand;

static void
setup(void)
{
    server_prepare(&server);
    server_start(&server);
    stand_config.degrade = true;
    stand_on(&stand, &server);
}

static void
teardown(void)
{
    stand_release(&stand);
    server_release(&server);
}

TestSuite(degrade, .init = setup, .fini = teardown);

static struct claim_order
order_of(const char *id, uint64_t dispatch)
{
    struct claim_order order = stand_order(id, dispatch, 1);
    order.degrade = true;
    return order;
}

static enum claim_verdict
claimed(const char *id, uint64_t dispatch)
{
    return stand_claimed(&stand, order_of(id, dispatch)).verdict;
}

static enum settle_answer
ended(const char *id, uint64_t dispatch, enum claim_state end)
{
    return stand_ended(&stand, order_of(id, dispatch), end);
}

/* The first claim of an outage, and one each second, goes to Redis. */
static enum claim_verdict
claimed_at_last(const char *id, uint64_t dispatch)
{
    enum claim_verdict verdict = claimed(id, dispatch);
    return verdict == CLAIM_UNKNOWN ? claimed(id, dispatch) : verdict;
}

static void
redis_goes(void)
{
    server_freeze(&server);
    stand_claim(&stand, stand_order("somebody", 900, 1));
    stand_flush(&stand);
    cr_assert(stand_until(&stand, false));
    cr_assert(stand_answers(&stand));
}

static void
redis_comes_back(void)
{
    server_thaw(&server);
    cr_assert(stand_until(&stand, true));
}

static bool
owes_nothing(void)
{
    for (int i = 0; i < 200 && stand_stats(&stand).owed > 0; i++)
        stand_turn(&stand, 10);
    return stand_stats(&stand).owed == 0;
}

static const char *
value_of(const char *key)
{
    const struct redisReply *reply = server_says(&server, "GET %s", key);
    return reply->type == REDIS_REPLY_STRING ? reply->str : "";
}

Test(degrade, without_redis_claims_and_ends_are_answered_by_memory_and_the_others_stay_unknown)
{
    redis_goes();
    cr_expect_eq(claimed_at_last("a", 1), CLAIM_FREE);
    cr_expect_eq(claimed("a", 1), CLAIM_MINE);
    cr_expect_eq(claimed("a", 2), CLAIM_BUSY, "a copy in this worker waits for the first");
    cr_expect_eq(ended("a", 1, CLAIM_STATE_DONE), SETTLE_OK);
    cr_expect_eq(claimed("a", 2), CLAIM_DUPLICATE);
    struct claim_order other = order_of("a", 3);
    other.fp = 2;
    cr_expect_eq(stand_claimed(&stand, other).verdict, CLAIM_CONFLICT);
    cr_expect_eq(stand_claimed(&stand, stand_order("b", 4, 1)).verdict, CLAIM_UNKNOWN, "a target that pauses");
    cr_expect_eq(stand_ended(&stand, stand_order("b", 4, 1), CLAIM_STATE_DONE), SETTLE_UNKNOWN);
    cr_expect(stand_heard(&stand, "go on with this process's own memory"));
    cr_expect(stand_stats(&stand).degraded);
    cr_expect_eq(stand_stats(&stand).degraded_claims[0], 2, "free and mine");
    redis_comes_back();
}

Test(degrade, redis_gets_the_ends_when_it_is_back_and_plain_claims_go_to_it_again)
{
    redis_goes();
    cr_expect_eq(claimed_at_last("done", 1), CLAIM_FREE);
    cr_expect_eq(claimed("dead", 2), CLAIM_FREE);
    cr_expect_eq(claimed("given-up", 3), CLAIM_FREE);
    cr_expect_eq(claimed("open", 4), CLAIM_FREE);
    cr_expect_eq(ended("done", 1, CLAIM_STATE_DONE), SETTLE_OK);
    cr_expect_eq(ended("dead", 2, CLAIM_STATE_DEAD), SETTLE_OK);
    cr_expect_eq(ended("given-up", 3, CLAIM_STATE_RELEASED), SETTLE_OK);
    cr_expect_eq(stand_stats(&stand).owed, 3);
    redis_comes_back();
    cr_expect(owes_nothing());
    cr_expect_str_eq(value_of("abt:d:portal:done"), "D:0000000000000001");
    cr_expect_str_eq(value_of("abt:d:portal:dead"), "X:0000000000000001");
    cr_expect_str_eq(value_of("abt:d:portal:given-up"), "R:1:0000000000000001");
    stand_turn(&stand, 20);
    cr_expect(stand_heard(&stand, "redis has the ends"));
    cr_expect_not(stand_stats(&stand).degraded);
    cr_expect_eq(claimed("open", 5), CLAIM_BUSY, "still open in this worker, claimed in memory");
    cr_expect_eq(ended("open", 4, CLAIM_STATE_DONE), SETTLE_OK);
    cr_expect_eq(claimed("open", 5), CLAIM_DUPLICATE);
    cr_expect_eq(claimed("new", 6), CLAIM_FREE);
    cr_expect(value_of("abt:d:portal:new")[0] == 'C', "in Redis again");
    cr_expect_eq(stand_stats(&stand).owed_given_up, 0);
}

Test(degrade, what_was_claimed_in_redis_before_goes_on_and_ends_by_memory)
{
    cr_expect_eq(claimed("a", 1), CLAIM_FREE);
    cr_expect_eq(claimed("b", 2), CLAIM_FREE);
    redis_goes();
    cr_expect_eq(ended("a", 1, CLAIM_STATE_DONE), SETTLE_OK);
    cr_expect_eq(ended("b", 2, CLAIM_STATE_CLAIMED), SETTLE_OK, "a renewal");
    cr_expect_eq(claimed_at_last("b", 3), CLAIM_BUSY);
    cr_expect_eq(claimed("a", 4), CLAIM_DUPLICATE);
    redis_comes_back();
    cr_expect(owes_nothing());
    cr_expect_str_eq(value_of("abt:d:portal:a"), "D:0000000000000001");
}

Test(degrade, what_was_acknowledged_before_redis_went_is_remembered)
{
    cr_expect_eq(claimed("a", 1), CLAIM_FREE);
    cr_expect_eq(ended("a", 1, CLAIM_STATE_DONE), SETTLE_OK);
    redis_goes();
    cr_expect_eq(claimed_at_last("a", 2), CLAIM_DUPLICATE);
    redis_comes_back();
}

/* The D is on its way when Redis falls silent: nobody knows whether it was written, and it is owed until it surely is. */
Test(degrade, a_done_mark_without_a_reply_is_remembered_and_written_later)
{
    cr_expect_eq(claimed("a", 1), CLAIM_FREE);
    server_freeze(&server);
    uint32_t end = stand_end(&stand, order_of("a", 1), CLAIM_STATE_DONE);
    stand_flush(&stand);
    cr_assert(stand_answers(&stand) && stand_until(&stand, false));
    cr_expect_eq(stand.answers[end].settle, SETTLE_UNKNOWN);
    cr_expect_eq(claimed_at_last("a", 2), CLAIM_DUPLICATE);
    cr_expect_eq(ended("a", 1, CLAIM_STATE_DONE), SETTLE_OK, "asked again, as the engine does");
    server_kill(&server);
    server_start(&server);
    cr_assert(stand_until(&stand, true));
    cr_expect(owes_nothing());
    cr_expect_str_eq(value_of("abt:d:portal:a"), "D:0000000000000001");
}

/* A full server answers, with errors: a claim a second finds out when it is well again. */
Test(degrade, a_server_that_refuses_is_gone_on_without_and_found_again)
{
    server_says(&server, "CONFIG SET maxmemory 1");
    cr_expect_eq(claimed("a", 1), CLAIM_UNKNOWN);
    cr_expect_eq(stand.state, DEDUP_REFUSES);
    cr_expect_eq(claimed_at_last("a", 1), CLAIM_FREE);
    cr_expect_eq(ended("a", 1, CLAIM_STATE_DONE), SETTLE_OK);
    server_says(&server, "CONFIG SET maxmemory 0");
    for (uint64_t i = 2; i < 40 && !stand.up; i++) {
        char id[16];
        snprintf(id, sizeof(id), "later-%d", (int)i);
        claimed(id, i);
        stand_turn(&stand, 50);
    }
    cr_expect(stand.up);
    cr_expect(owes_nothing());
    cr_expect_str_eq(value_of("abt:d:portal:a"), "D:0000000000000001");
}

/* Another worker ended it meanwhile: D stays, and our R is not forced over it. */
Test(degrade, an_owed_end_follows_the_table_when_it_is_written)
{
    redis_goes();
    cr_expect_eq(claimed_at_last("a", 1), CLAIM_FREE);
    cr_expect_eq(ended("a", 1, CLAIM_STATE_RELEASED), SETTLE_OK);
    server_thaw(&server);
    server_says(&server, "SET abt:d:portal:a D:0000000000000001");
    cr_assert(stand_until(&stand, true));
    cr_expect(owes_nothing());
    cr_expect_str_eq(value_of("abt:d:portal:a"), "D:0000000000000001");
    cr_expect_eq(claimed("a", 2), CLAIM_DUPLICATE);
}

Test(degrade, many_ends_are_written_and_until_then_claims_meet_the_memory)
{
    enum { N = 2000 };
    redis_goes();
    claimed_at_last("first", 5000);
    for (uint32_t i = 0; i < N; i++) {
        char id[16];
        snprintf(id, sizeof(id), "many-%u", i);
        stand_claim(&stand, order_of(id, i + 1));
        stand_end(&stand, order_of(id, i + 1), CLAIM_STATE_DONE);
    }
    cr_assert(stand_answers(&stand));
    cr_expect_eq(stand_stats(&stand).owed, N);
    redis_comes_back();
    uint32_t last = stand_claim(&stand, order_of("many-1999", 6000));       /* its end is not even on its way */
    stand_flush(&stand);
    cr_expect(stand_stats(&stand).owed > OWED_UNDER_WAY_MAX);
    cr_assert(stand_answers(&stand));
    cr_expect_eq(stand.answers[last].claim.verdict, CLAIM_DUPLICATE, "known by memory, not free in Redis");
    cr_expect(owes_nothing());
    cr_expect_eq(server_says(&server, "EVAL %s 0", "return #redis.call('KEYS', 'abt:d:portal:many-*')")->integer, N);
}

/* ---- what it is made of -------------------------------------------------------------------------------------------------- */

Test(owed, when_there_are_too_many_the_oldest_is_given_up)
{
    struct owed owed;
    struct claim_order order = stand_order("x", 1, 1);
    cr_assert(owed_init(&owed));
    for (uint32_t i = 0; i < OWED_CAPACITY + 3; i++) {
        order.dispatch = i;
        owed_add(&owed, &order);
    }
    cr_expect_eq(owed_count(&owed), OWED_CAPACITY);
    cr_expect_eq(owed.given_up, 3);
    cr_assert(owed_next(&owed, &order));
    cr_expect_eq(order.dispatch, 3);
    owed_release(&owed);
}

Test(owed, what_is_not_answered_is_sent_again_a_few_times_and_then_given_up)
{
    struct owed owed;
    struct claim_order order = stand_order("x", 1, 1);
    uint32_t sent = 0;
    cr_assert(owed_init(&owed));
    owed_add(&owed, &order);
    while (sent < 100 && owed_next(&owed, &order)) {
        cr_expect(owed_is_tag(order.tag));
        owed_answered(&owed, order.tag, SETTLE_UNKNOWN);
        sent++;
    }
    cr_expect_eq(sent, 8);
    cr_expect_eq(owed_count(&owed), 0);
    cr_expect_eq(owed.given_up, 1);
    owed_release(&owed);
}

Test(owed, answers_out_of_order_and_late_ones_do_no_harm)
{
    struct owed owed;
    struct claim_order order = stand_order("x", 1, 1), sent[3];
    cr_assert(owed_init(&owed));
    for (int i = 0; i < 3; i++)
        owed_add(&owed, &order);
    for (int i = 0; i < 3; i++)
        cr_assert(owed_next(&owed, &sent[i]));
    cr_expect_not(owed_next(&owed, &order));
    owed_answered(&owed, sent[2].tag, SETTLE_OK);
    owed_answered(&owed, sent[1].tag, SETTLE_UNKNOWN);
    cr_expect_eq(owed_count(&owed), 3);
    owed_answered(&owed, sent[0].tag, SETTLE_FENCED);
    cr_expect_eq(owed_count(&owed), 2);
    owed_answered(&owed, sent[0].tag, SETTLE_OK);
    cr_expect_eq(owed.under_way, 0);
    cr_assert(owed_next(&owed, &order));
    owed_answered(&owed, order.tag, SETTLE_OK);
    cr_expect_eq(owed_count(&owed), 0);
    cr_expect_eq(owed.given_up, 0);
    owed_release(&owed);
}

Test(recall, at_least_the_latest_are_remembered_and_the_newest_value_is_seen)
{
    struct recall recall;
    struct claim_value claim = { .state = CLAIM_STATE_CLAIMED }, done = { .state = CLAIM_STATE_DONE };
    cr_assert(recall_init(&recall));
    recall_put(&recall, (struct hash128){ 7, 7 }, &claim, 1, 1000000);
    for (uint64_t i = 0; i < 3 * RECALL_CAPACITY; i++) {
        struct hash128 key = { i * 0x9e3779b97f4a7c15u, i };
        recall_put(&recall, key, &done, 1, 1000000);
        cr_assert_not_null(recall_get(&recall, key, 2), "%lu", i);
        if (i == 10)
            recall_put(&recall, (struct hash128){ 7, 7 }, &done, 1, 1000000);
    }
    for (uint64_t i = 3 * RECALL_CAPACITY - RECALL_LEAST; i < 3 * RECALL_CAPACITY; i++)
        cr_assert_not_null(recall_get(&recall, (struct hash128){ i * 0x9e3779b97f4a7c15u, i }, 2), "%lu", i);
    cr_expect_null(recall_get(&recall, (struct hash128){ 7, 7 }, 2), "the oldest are forgotten");
    recall_put(&recall, (struct hash128){ 8, 8 }, &done, 1, 10);
    cr_expect_null(recall_get(&recall, (struct hash128){ 8, 8 }, 11), "and what is past its time");
    recall_release(&recall);
}

Test(recall, what_was_put_in_a_row_is_found_and_nothing_older_than_what_was_forgotten)
{
    struct recall recall;
    struct claim_value claim = { .state = CLAIM_STATE_CLAIMED }, done = { .state = CLAIM_STATE_DONE, .fp = 5 };
    struct hash128 changed = { 7, 7 }, kept = { 8, 8 };
    cr_assert(recall_init(&recall));
    recall_put(&recall, changed, &claim, 1, 1000000);
    recall_put(&recall, kept, &claim, 1, 1000000);
    recall_put(&recall, changed, &done, 1, 1000000);
    cr_expect_eq(recall_get(&recall, changed, 2)->value.state, CLAIM_STATE_DONE);
    cr_expect_eq(recall_get(&recall, kept, 2)->value.state, CLAIM_STATE_CLAIMED);
    recall_put(&recall, kept, &done, 2, 1000000);
    for (uint64_t i = 0; i < RECALL_LEAST; i++)
        recall_put(&recall, (struct hash128){ i * 0x9e3779b97f4a7c15u, i }, &done, 3, 1000000);
    cr_expect_null(recall_get(&recall, kept, 4), "its end is forgotten, and its claim with it");
    for (uint64_t i = 0; i < RECALL_LEAST; i++) {
        const struct memory_entry *entry = recall_get(&recall, (struct hash128){ i * 0x9e3779b97f4a7c15u, i }, 4);
        cr_assert(entry && entry->value.state == CLAIM_STATE_DONE && entry->value.fp == 5, "%lu", i);
    }
    recall_release(&recall);
}

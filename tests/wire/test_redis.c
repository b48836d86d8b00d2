/* test_redis.c: the store in a real redis-server: the shared table, lost answers, lost memory, errors, and what a claim costs. */
#include "bridge/io/clock.h"
#include "bridge/io/redis_script.h"
#include "tests/support/draw.h"
#include "tests/wire/claim_rows.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

static struct redis_server_of_test server;
static struct stand stand;

static void
setup(void)
{
    server_prepare(&server);
    server_start(&server);
    stand_on(&stand, &server);
}

static void
teardown(void)
{
    stand_release(&stand);
    server_release(&server);
}

TestSuite(redis, .init = setup, .fini = teardown, .timeout = 60);

static struct dedup_stats
stats_now(void)
{
    struct dedup_stats stats;
    dedup_stats(stand.dedup, &stats);
    return stats;
}

static enum claim_verdict
claimed(const char *id, uint64_t dispatch)
{
    return stand_claimed(&stand, stand_order(id, dispatch, 1)).verdict;
}

Test(redis, every_row_of_the_table_is_answered_as_written)
{
    claim_rows_play(&(struct bench){ &stand, &server });
}

Test(redis, two_copies_in_one_process_wait_for_each_other)
{
    custody_story_play(&(struct bench){ &stand, &server });
}

/* ---- both stores agree ---------------------------------------------------------------------------------------------------- */

static struct claim_value
draw_value(uint64_t *state)
{
    static const enum claim_state states[] = { CLAIM_STATE_CLAIMED, CLAIM_STATE_CLAIMED, CLAIM_STATE_DONE, CLAIM_STATE_RELEASED,
                                               CLAIM_STATE_UNCONFIRMED, CLAIM_STATE_DEAD };
    struct claim_value value = { .state = states[draw(state, 6)], .fp = 1 + draw(state, 10) / 9 };
    if (value.state == CLAIM_STATE_CLAIMED || value.state == CLAIM_STATE_RELEASED)
        value.attempt = 1 + draw(state, 5);
    if (value.state == CLAIM_STATE_CLAIMED || value.state == CLAIM_STATE_UNCONFIRMED)
        value.doubt = draw(state, 4);
    if (value.state == CLAIM_STATE_CLAIMED) {
        value.owner = draw(state, 2) ? STAND_OWN : STAND_OTHER;
        value.dispatch = 1 + draw(state, 3);
        value.lease_ms = draw(state, 4) ? 30000 : 0;
        value.ttl_ms = 3600000;
    }
    return value;
}

static struct claim_order
draw_order(uint64_t *state, uint32_t step)
{
    static char id[16];
    snprintf(id, sizeof(id), "id-%u", draw(state, 12) ? draw(state, 4) : step + 4);
    struct claim_order order = stand_order(id, 1 + draw(state, 3), 1 + draw(state, 10) / 9);
    order.attempt = 1 + draw(state, 3);
    order.doubt = draw(state, 3);
    order.first_sent_ms = step;
    order.replay = draw(state, 4) == 0;
    return order;
}

/* Done over done with another print: the plain SET writes it again, the table leaves it. What met a conflict is never called. */
static bool
is_idle_talk(struct bench *bench, const struct claim_order *order, uint32_t kind)
{
    struct claim_value there = bench_peek(bench, order);
    return kind == 8 && there.state == CLAIM_STATE_DONE && there.fp != order->fp;
}

static void
expect_same(uint32_t step, const struct stand_answer *a, const struct stand_answer *b)
{
    cr_assert_eq(a->claim.verdict, b->claim.verdict, "step %u: redis %s, memory %s", step, claim_verdict_name(a->claim.verdict),
                 claim_verdict_name(b->claim.verdict));
    cr_assert(a->claim.rest_ms - b->claim.rest_ms < 1000 && b->claim.rest_ms - a->claim.rest_ms < 1000, "step %u", step);
    cr_assert(a->claim.attempt == b->claim.attempt && a->claim.doubt == b->claim.doubt, "step %u", step);
    cr_assert(a->claim.first_sent_ms == b->claim.first_sent_ms && a->claim.met == b->claim.met, "step %u", step);
    cr_assert(a->claim.met_owner == b->claim.met_owner && a->claim.met_dispatch == b->claim.met_dispatch, "step %u", step);
    cr_assert_eq(a->settle, b->settle, "step %u: redis %d, memory %d", step, (int)a->settle, (int)b->settle);
}

static uint32_t
ask_random(struct stand *at, struct claim_order order, uint32_t kind)
{
    static const enum claim_state ends[] = { CLAIM_STATE_DONE, CLAIM_STATE_RELEASED, CLAIM_STATE_UNCONFIRMED, CLAIM_STATE_DEAD };
    if (kind < 5)
        return stand_claim(at, order);
    if (kind < 7)
        return stand_renew(at, order);
    if (kind == 7) {
        order.lease_ms = 0;
        return stand_end(at, order, CLAIM_STATE_CLAIMED);
    }
    return stand_end(at, order, ends[kind - 8]);
}

Test(redis, random_orders_get_the_same_answers_and_leave_the_same_values_as_in_memory)
{
    struct stand memory;
    struct bench ours = { &stand, &server }, theirs = { &memory, NULL };
    uint64_t state = 20240607;
    uint32_t verdicts[CLAIM_VERDICT_COUNT] = { 0 };
    stand_memory(&memory);
    for (uint32_t step = 0; step < 6000; step++) {
        struct claim_order order = draw_order(&state, step);
        if (draw(&state, 3) == 0) {
            struct claim_value value = draw_value(&state);
            ms_t age_ms = draw(&state, 2) ? 1000 : 60000;
            bench_seed(&ours, &order, &value, age_ms);
            bench_seed(&theirs, &order, &value, age_ms);
        }
        uint32_t kind = draw(&state, 12);
        if (is_idle_talk(&theirs, &order, kind))
            continue;
        uint32_t a = ask_random(&stand, order, kind), b = ask_random(&memory, order, kind);
        stand_flush(&stand);
        stand_flush(&memory);
        cr_assert(stand_answers(&stand, 3000) && stand_answers(&memory, 3000));
        expect_same(step, &stand.answers[a], &memory.answers[b]);
        verdicts[stand.answers[a].claim.verdict] += kind < 5;
        struct claim_value left = bench_peek(&ours, &order), there = bench_peek(&theirs, &order);
        cr_assert_eq(left.state, there.state, "step %u: redis %c, memory %c", step, (char)left.state, (char)there.state);
        cr_assert(left.owner == there.owner && left.dispatch == there.dispatch && left.doubt == there.doubt, "step %u", step);
        cr_assert(left.attempt == there.attempt && left.first_sent_ms == there.first_sent_ms, "step %u", step);
        cr_assert_eq(left.lease_ms, there.lease_ms, "step %u", step);
    }
    for (int i = 0; i < CLAIM_UNKNOWN; i++)
        cr_expect(verdicts[i] > 10, "%s came up %u times", claim_verdict_name((enum claim_verdict)i), verdicts[i]);
    stand_release(&memory);
}

/* ---- races ---------------------------------------------------------------------------------------------------------------- */

Test(redis, of_two_workers_that_take_over_one_claim_one_wins)
{
    char url[64];
    struct stand other;
    struct bench bench = { &stand, &server };
    snprintf(url, sizeof(url), "redis://127.0.0.1:%u", server.port);
    stand_redis(&other, url, "", 0x3333, 1000);
    cr_assert(stand_until(&other, true, 3000));
    uint32_t takeovers = 0, busy = 0;
    for (uint32_t i = 0; i < 300; i++) {
        char id[16];
        snprintf(id, sizeof(id), "race-%u", i);
        struct claim_order order = stand_order(id, 1, 1);
        struct claim_value old = { .state = CLAIM_STATE_CLAIMED, .attempt = 1, .owner = 7, .dispatch = 1, .lease_ms = 30000,
                                   .ttl_ms = 3600000, .fp = 1 };
        bench_seed(&bench, &order, &old, 40000);
        stand_claim(&stand, order);
        stand_claim(&other, order);
        for (int turn = 0; turn < 50 && (stand.answered <= i || other.answered <= i); turn++) {
            stand_turn(&stand, 1);
            stand_turn(&other, 1);
        }
        enum claim_verdict a = stand.answers[i].claim.verdict, b = other.answers[i].claim.verdict;
        takeovers += (a == CLAIM_TAKEOVER) + (b == CLAIM_TAKEOVER);
        busy += (a == CLAIM_BUSY) + (b == CLAIM_BUSY);
    }
    cr_expect_eq(takeovers, 300);
    cr_expect_eq(busy, 300);
    stand_release(&other);
}

/* The server is held still while look and swap are put in line behind a renewal of the same value. */
Test(redis, a_swap_that_looked_before_a_renewal_does_not_take_the_claim)
{
    struct claim_order order = stand_order("renewed", 1, 1);
    const char *value = "C:1:0000000000000007.1:0:0:30000:3600000:0000000000000001";
    static struct resp resp;
    struct redis_scripts none = { 0 };
    server_says(&server, "SET %s %s PX 3600000", "abt:d:portal:renewed", value);
    redis_script_call(&resp, &none, SCRIPT_SWAP, SCRIPT_BY_TEXT, SLICE("abt:d:portal:renewed"), 4);
    resp_text(&resp, value);
    resp_text(&resp, "D:0000000000000001");
    resp_number(&resp, order.ttl_ms);
    resp_number(&resp, 3560000);        /* what the look had seen: 40 s old */
    void *reply = NULL;
    redisAppendFormattedCommand(server.control, resp.buf.at, resp.buf.size);
    cr_assert_eq(redisGetReply(server.control, &reply), REDIS_OK);
    const redisReply *swap = reply;
    cr_expect_eq(swap->type, REDIS_REPLY_ARRAY, "it was renewed since: nothing is written");
    cr_expect_str_eq(swap->element[0]->str, value);
    freeReplyObject(reply);
    struct claim_value after = bench_peek(&(struct bench){ &stand, &server }, &order);
    cr_expect_eq(after.owner, 7);
}

/* ---- answers that are lost ------------------------------------------------------------------------------------------------ */

static long long
connections_killed(void)
{
    return server_says(&server, "CLIENT KILL TYPE normal SKIPME yes")->integer;
}

Test(redis, a_killed_connection_is_unknown_and_the_next_claim_is_mine)
{
    uint32_t sent = stand_claim(&stand, stand_order("lost", 5, 1));
    stand_flush(&stand);
    server_freeze(&server);
    stand_turn(&stand, 50);             /* it is on its way; nobody reads it */
    cr_expect_eq(stand.answered, 0);
    server_thaw(&server);
    cr_assert_eq(connections_killed(), 1);
    cr_assert(stand_answers(&stand, 2000));
    /* The server may have answered before it closed: then nothing was lost. What counts is the next answer. */
    enum claim_verdict verdict = stand.answers[sent].claim.verdict;
    cr_expect(verdict == CLAIM_UNKNOWN || verdict == CLAIM_FREE, "%s", claim_verdict_name(verdict));
    cr_assert(stand_until(&stand, false, 2000) && stand_until(&stand, true, 3000));
    cr_expect_eq(claimed("lost", 5), CLAIM_MINE);
    cr_expect_eq(stats_now().reconnects, 1);
}

Test(redis, a_server_that_stands_still_is_unknown_within_the_timeout_then_mine)
{
    stand_turn(&stand, 20);
    server_freeze(&server);
    uint32_t claim = stand_claim(&stand, stand_order("still", 5, 1));
    uint32_t end = stand_end(&stand, stand_order("still-2", 6, 1), CLAIM_STATE_DONE);
    stand_flush(&stand);
    ms_t begin_ms = clock_now_ms();
    cr_assert(stand_answers(&stand, 2000));
    ms_t took_ms = clock_now_ms() - begin_ms;
    cr_expect(took_ms >= 290 && took_ms < 900, "redis.timeout is 300 ms: %lld", (long long)took_ms);
    cr_expect_eq(stand.answers[claim].claim.verdict, CLAIM_UNKNOWN);
    cr_expect_eq(stand.answers[end].settle, SETTLE_UNKNOWN);
    cr_expect_not(stand.up);
    cr_expect(stand_heard(&stand, "no answer within redis.timeout"));
    cr_expect_eq(stats_now().commands[DEDUP_CLAIM][2], 1, "counted as a timeout");

    uint32_t meanwhile = stand_claim(&stand, stand_order("meanwhile", 7, 1));
    begin_ms = clock_now_ms();
    cr_assert(stand_answers(&stand, 1000));
    cr_expect(clock_now_ms() - begin_ms >= 45, "not at once, or the asker would spin");
    cr_expect_eq(stand.answers[meanwhile].claim.verdict, CLAIM_UNKNOWN);
    server_thaw(&server);
    cr_assert(stand_until(&stand, true, 5000));
    cr_expect_eq(claimed("still", 5), CLAIM_MINE, "the server carried out what it had read");
    cr_expect_eq(claimed("still-2", 6), CLAIM_DUPLICATE);
    cr_expect_eq(stand.amnesia, 0, "an outage is no loss");
}

Test(redis, a_server_that_is_away_at_the_start_is_found_when_it_comes)
{
    struct redis_server_of_test late;
    struct stand early;
    char url[64];
    server_prepare(&late);
    snprintf(url, sizeof(url), "redis://127.0.0.1:%u/2", late.port);
    stand_redis(&early, url, "", STAND_OWN, 300);
    cr_assert(stand_until(&early, false, 2000));
    cr_expect_eq(stand_claimed(&early, stand_order("x", 1, 1)).verdict, CLAIM_UNKNOWN);
    server_start(&late);
    cr_assert(stand_until(&early, true, 4000), "found within the longest pause");
    cr_expect_eq(stand_claimed(&early, stand_order("x", 1, 1)).verdict, CLAIM_FREE);
    struct dedup_stats stats;
    dedup_stats(early.dedup, &stats);
    cr_expect(stats.fresh, "no canary stood there");
    cr_expect_eq(early.amnesia, 0);
    cr_expect_eq(server_says(&late, "EXISTS abt:d:portal:x")->integer, 0);
    server_says(&late, "SELECT 2");
    cr_expect_eq(server_says(&late, "EXISTS abt:d:portal:x")->integer, 1, "in the database of the url");
    stand_release(&early);
    server_release(&late);
}

Test(redis, names_are_resolved_and_unix_sockets_are_opened)
{
    struct stand by_name, by_path;
    char url[160];
    snprintf(url, sizeof(url), "redis://localhost:%u", server.port);
    stand_redis(&by_name, url, "", 1, 300);
    cr_expect(stand_until(&by_name, true, 4000), "%s", by_name.texts[0]);
    snprintf(url, sizeof(url), "unix:%s", server.path);
    stand_redis(&by_path, url, "", 2, 300);
    cr_expect(stand_until(&by_path, true, 3000), "%s", by_path.texts[0]);
    cr_expect_eq(stand_claimed(&by_name, stand_order("n", 1, 1)).verdict, CLAIM_FREE);
    cr_expect_eq(stand_claimed(&by_path, stand_order("n", 1, 1)).verdict, CLAIM_BUSY);
    stand_release(&by_name);
    stand_release(&by_path);
}

Test(redis, a_name_that_does_not_resolve_is_down_with_a_text)
{
    struct stand nowhere;
    stand_redis(&nowhere, "redis://no-such-host.invalid:6379", "", 1, 300);
    cr_expect(stand_until(&nowhere, false, 2000));
    cr_expect(stand_heard(&nowhere, "no-such-host.invalid"));
    stand_release(&nowhere);
}

Test(redis, it_can_be_freed_with_orders_under_way)
{
    struct stand brief;
    char url[64];
    snprintf(url, sizeof(url), "redis://127.0.0.1:%u", server.port);
    stand_redis(&brief, url, "", 1, 300);
    cr_assert(stand_until(&brief, true, 3000));
    stand_claim(&brief, stand_order("a", 1, 1));
    stand_flush(&brief);
    stand_release(&brief);
    stand_redis(&brief, "redis://no-such-host.invalid:1", "", 1, 300);
    stand_claim(&brief, stand_order("a", 1, 1));
    stand_release(&brief);
}

/* ---- memory that is lost -------------------------------------------------------------------------------------------------- */

Test(redis, a_restart_without_its_data_is_amnesia_once)
{
    cr_expect_eq(claimed("before", 1), CLAIM_FREE);
    server_kill(&server);
    cr_assert(stand_until(&stand, false, 2000));
    server_start(&server);
    cr_assert(stand_until(&stand, true, 4000));
    cr_expect(stand_forgets(&stand, 1, 1000));
    cr_expect_eq(claimed("before", 2), CLAIM_FREE, "it is gone");
    stand_turn(&stand, 300);
    cr_expect_eq(stand.amnesia, 1, "told once: %u", stand.amnesia);
    cr_expect_eq(stats_now().amnesia, 1);
    cr_expect(stats_now().amnesia_seen);
}

Test(redis, flushall_is_amnesia_at_the_next_pipeline)
{
    cr_expect_eq(claimed("a", 1), CLAIM_FREE);
    stand_turn(&stand, 120);
    server_says(&server, "FLUSHALL");
    cr_expect_eq(claimed("b", 2), CLAIM_FREE);
    cr_expect(stand_forgets(&stand, 1, 1000), "%u", stand.amnesia);
    stand_turn(&stand, 120);
    cr_expect_eq(claimed("c", 3), CLAIM_FREE);
    stand_turn(&stand, 120);
    cr_expect_eq(stand.amnesia, 1);
    cr_expect(stand_heard(&stand, "canary is gone"));
}

Test(redis, an_old_copy_is_amnesia)
{
    char canary[64];
    snprintf(canary, sizeof(canary), "%s", server_says(&server, "GET abt:canary")->str);
    for (uint64_t i = 1; i <= 3; i++) {
        cr_expect_eq(stand_claimed(&stand, stand_order(i == 1 ? "a" : i == 2 ? "b" : "c", i, 1)).verdict, CLAIM_FREE);
        stand_turn(&stand, 110);
    }
    cr_expect_str_neq(server_says(&server, "GET abt:canary")->str, canary, "it is counted up");
    cr_expect_eq(stand.amnesia, 0);
    server_says(&server, "SET abt:canary %s", canary);
    cr_expect_eq(claimed("d", 9), CLAIM_FREE);
    cr_expect(stand_forgets(&stand, 1, 1000));
    cr_expect(stand_heard(&stand, "went back"));
}

Test(redis, an_idle_store_looks_by_itself)
{
    server_says(&server, "FLUSHALL");
    cr_expect(stand_forgets(&stand, 1, 7500));
}

/* ---- errors --------------------------------------------------------------------------------------------------------------- */

Test(redis, scripts_that_the_server_forgot_are_sent_again)
{
    struct bench bench = { &stand, &server };
    const struct claim_value released = { .state = CLAIM_STATE_RELEASED, .attempt = 2, .fp = 1 };
    struct claim_order order = stand_order("script", 4, 1);
    bench_seed(&bench, &order, &released, 0);
    server_says(&server, "SCRIPT FLUSH");
    cr_expect_eq(stand_claimed(&stand, order).verdict, CLAIM_RETRY);
    server_says(&server, "SCRIPT FLUSH");
    cr_expect_eq(stand_ended(&stand, order, CLAIM_STATE_CLAIMED), SETTLE_OK);
    server_says(&server, "SCRIPT FLUSH");
    stand_turn(&stand, 120);
    cr_expect_eq(claimed("script-2", 5), CLAIM_FREE);
    stand_turn(&stand, 50);
    cr_expect(stats_now().commands[DEDUP_PING][1] >= 1, "the canary's was gone too");
    cr_expect_eq(stand.changes, 1, "never down");
    cr_expect_eq(stand_ended(&stand, order, CLAIM_STATE_DEAD), SETTLE_OK);
    cr_expect_eq(stats_now().commands[DEDUP_RENEW][1], 1);
}

Test(redis, a_replica_is_unknown_and_left)
{
    server_says(&server, "CONFIG SET replica-serve-stale-data yes");
    server_says(&server, "REPLICAOF 127.0.0.1 1");
    cr_expect_eq(claimed("r", 1), CLAIM_UNKNOWN);
    cr_expect(stand_until(&stand, false, 2000));
    cr_expect(stand_heard(&stand, "READONLY"));
    stand_turn(&stand, 300);
    cr_expect_not(stand.up, "it comes back to a replica and leaves it again");
    server_says(&server, "REPLICAOF NO ONE");
    cr_assert(stand_until(&stand, true, 4000));
    cr_expect_eq(claimed("r", 1), CLAIM_FREE);
    cr_expect(stats_now().reconnects >= 1);
}

Test(redis, a_full_server_is_unknown_told_once_and_well_again)
{
    server_says(&server, "CONFIG SET maxmemory 1");
    cr_expect_eq(claimed("full", 1), CLAIM_UNKNOWN);
    cr_expect_eq(claimed("full", 1), CLAIM_UNKNOWN);
    cr_expect_eq(stand_ended(&stand, stand_order("full", 1, 1), CLAIM_STATE_DONE), SETTLE_UNKNOWN);
    cr_expect_not(stand.up);
    cr_expect_not(stats_now().up);
    cr_expect(stand_heard(&stand, "OOM"));
    cr_expect_eq(stand.changes, 2, "up, then down: %u", stand.changes);
    server_says(&server, "CONFIG SET maxmemory 0");
    cr_expect_eq(claimed("full", 1), CLAIM_FREE);
    cr_expect(stand.up);
    cr_expect(stats_now().up);
}

Test(redis, somebody_elses_key_is_unknown_and_concerns_no_other)
{
    server_says(&server, "LPUSH abt:d:portal:list x");
    server_says(&server, "SET abt:d:portal:text hello");
    cr_expect_eq(claimed("list", 1), CLAIM_UNKNOWN);
    cr_expect(stand_heard(&stand, "WRONGTYPE"));
    cr_expect_eq(claimed("text", 2), CLAIM_UNKNOWN);
    cr_expect(stand_heard(&stand, "abt:d:portal:text"));
    cr_expect_eq(stand_ended(&stand, stand_order("text", 2, 1), CLAIM_STATE_DEAD), SETTLE_UNKNOWN);
    cr_expect_str_eq(server_says(&server, "GET abt:d:portal:text")->str, "hello");
    cr_expect_eq(claimed("other", 3), CLAIM_FREE);
    cr_expect(stand.up);
}

Test(redis, a_policy_that_evicts_is_warned_of)
{
    struct stand warned;
    char url[64];
    cr_expect(stand_heard(&stand, "maxmemory-policy noeviction"));
    cr_expect(stand_heard(&stand, "role master"));
    cr_expect(stand_heard(&stand, "no persistence"));
    cr_expect_not(stand_heard(&stand, "may evict"));
    server_says(&server, "CONFIG SET maxmemory-policy allkeys-lru");
    snprintf(url, sizeof(url), "redis://127.0.0.1:%u", server.port);
    stand_redis(&warned, url, "", 1, 300);
    cr_assert(stand_until(&warned, true, 3000));
    cr_expect(stand_heard(&warned, "allkeys-lru"));
    cr_expect(stand_heard(&warned, "may evict"));
    stand_release(&warned);
}

Test(redis_password, the_right_one_opens_and_a_wrong_one_is_named)
{
    struct redis_server_of_test locked;
    struct stand right, wrong;
    char url[64];
    server_prepare(&locked);
    snprintf(locked.password, sizeof(locked.password), "open-sesame");
    server_start(&locked);
    snprintf(url, sizeof(url), "redis://127.0.0.1:%u", locked.port);
    stand_redis(&right, url, "open-sesame", STAND_OWN, 300);
    cr_expect(stand_until(&right, true, 3000));
    stand_redis(&wrong, url, "guess-1234", STAND_OTHER, 300);
    cr_expect(stand_until(&wrong, false, 3000));
    cr_expect(stand_heard(&wrong, "WRONGPASS"));
    cr_expect_not(stand_heard(&wrong, "guess-1234"));
    stand_release(&wrong);
    stand_redis(&wrong, url, "", STAND_OTHER, 300);
    cr_expect(stand_until(&wrong, false, 3000));
    cr_expect(stand_heard(&wrong, "NOAUTH"));
    stand_release(&wrong);

    server_says(&locked, "ACL SETUSER bridge on >s3cret ~abt:* +@all");
    snprintf(url, sizeof(url), "redis://bridge@127.0.0.1:%u", locked.port);
    stand_redis(&wrong, url, "s3cret", STAND_OTHER, 300);
    cr_expect(stand_until(&wrong, true, 3000), "%s", wrong.texts[0]);
    cr_expect_eq(stand_claimed(&wrong, stand_order("acl", 1, 1)).verdict, CLAIM_FREE);
    stand_release(&wrong);
    stand_release(&right);
    server_release(&locked);
}

/* ---- what it costs -------------------------------------------------------------------------------------------------------- */

static long long
commands_processed(void)
{
    const char *text = strstr(server_says(&server, "INFO stats")->str, "total_commands_processed:");
    return atoll(text + strlen("total_commands_processed:"));
}

static double
ask_all(uint32_t n, uint32_t batch, enum claim_state end)
{
    int64_t begin_us = clock_now_us();
    for (uint32_t i = 0; i < n; i++) {
        char id[24];
        snprintf(id, sizeof(id), "event-%u", i);
        if (end == CLAIM_STATE_NONE)
            stand_claim(&stand, stand_order(id, i + 1, 1));
        else
            stand_end(&stand, stand_order(id, i + 1, 1), end);
        if (i % batch == batch - 1) {
            stand_flush(&stand);
            event_base_loop(stand.base, EVLOOP_NONBLOCK);
        }
    }
    stand_flush(&stand);
    cr_assert(stand_answers(&stand, 20000), "%u of %u", stand.answered, stand.asked);
    return (double)n * 1e6 / (double)(clock_now_us() - begin_us);
}

Test(redis, twenty_thousand_orders_in_a_pipeline_are_answered_once_each_two_commands_an_event)
{
    enum { EVENTS = 10000 };
    long long before = commands_processed();
    double claims = ask_all(EVENTS, 100, CLAIM_STATE_NONE);
    double settles = ask_all(EVENTS, 100, CLAIM_STATE_DONE);
    stand_turn(&stand, 20);
    double each = (double)(commands_processed() - before - 1) / EVENTS;
    cr_log_warn("claims/s %.0f, settles/s %.0f, commands an event %.4f", claims, settles, each);
    cr_expect(each >= 2.0 && each < 2.02, "%f", each);
    for (uint32_t i = 0; i < 2 * EVENTS; i++)
        cr_assert_eq(stand.answers[i].times, 1, "order %u", i);
    for (uint32_t i = 0; i < EVENTS; i++) {
        cr_assert_eq(stand.answers[i].claim.verdict, CLAIM_FREE);
        cr_assert_eq(stand.answers[EVENTS + i].settle, SETTLE_OK);
    }
    struct dedup_stats stats = stats_now();
    cr_expect_eq(stats.commands[DEDUP_CLAIM][0], EVENTS);
    cr_expect_eq(stats.commands[DEDUP_SETTLE][0], EVENTS);
    cr_expect_eq(stats.commands[DEDUP_RESOLVE][0], 0);
    cr_expect_eq(stats.flushes, 2 * EVENTS / 100);
}

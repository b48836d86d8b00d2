/* test_redis.c: the store in a real redis-server: the shared table, agreement with the store in memory, races, and the cost. */
#include "bridge/io/clock.h"
#include "bridge/io/redis_script.h"
#include "tests/support/draw.h"
#include "tests/wire/random_orders.h"
#include "tests/wire/redis_stand.h"
#include "tests/wire/window_rows.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(redis, .init = redis_stand_begin, .fini = redis_stand_end);

Test(redis, every_row_of_the_table_is_answered_as_written)
{
    claim_rows_play(&(struct bench){ &stand, &server });
}

Test(redis, two_copies_in_one_process_wait_for_each_other)
{
    custody_story_play(&(struct bench){ &stand, &server });
}

Test(redis, every_row_of_the_table_of_repeats_is_answered_as_written)
{
    window_rows_play(&(struct bench){ &stand, &server });
    window_story_play(&(struct bench){ &stand, &server });
    window_batch_play(&(struct bench){ &stand, &server });
}

/* ---- both stores agree ---------------------------------------------------------------------------------------------------- */

/* Done over done with another print: the plain SET writes it again, the table leaves it. What met a conflict is never called. */
static bool
is_idle_talk(struct bench *bench, const struct random_order *random)
{
    struct claim_value there = bench_peek(bench, &random->order);
    return random->order.end == CLAIM_STATE_DONE && there.state == CLAIM_STATE_DONE && there.fp != random->order.fp;
}

Test(redis, random_orders_get_the_same_answers_and_leave_the_same_values_as_in_memory)
{
    static const char what[] = "redis and memory";
    struct stand memory;
    struct bench ours = { &stand, &server }, theirs = { &memory, NULL };
    uint64_t draws = 20240607;
    uint32_t verdicts[CLAIM_VERDICT_COUNT] = { 0 };
    stand_memory(&memory);
    for (uint32_t step = 0; step < 8000; step++) {
        struct random_order random;
        struct claim_window windows[RANDOM_WINDOWS];
        random_order_draw(&random, &draws, step);
        bench_seed(&ours, &random.order, &random.met, random.age_ms);
        bench_seed(&theirs, &random.order, &random.met, random.age_ms);
        if (is_idle_talk(&theirs, &random))
            continue;
        uint32_t a = random_order_ask(&random, &stand), b = random_order_ask(&random, &memory);
        stand_flush(&stand);
        stand_flush(&memory);
        cr_assert(stand_answers(&stand) && stand_answers(&memory));
        random_order_compare(what, step, &stand.answers[a], &memory.answers[b]);
        verdicts[stand.answers[a].claim.verdict] += random.how == ORDER_CLAIM;
        struct claim_value left = bench_peek(&ours, &random.order), there = bench_peek(&theirs, &random.order);
        random_order_compare_values(what, step, &left, &there);
        random_order_windows(step, windows);
        for (int i = 0; i < RANDOM_WINDOWS; i++) {
            char leads[ID_BYTES_MAX + 1];
            snprintf(leads, sizeof(leads), "%s", bench_peek_window(&ours, &windows[i]));
            cr_assert_str_eq(leads, bench_peek_window(&theirs, &windows[i]), "step %u, window %d", step, i);
        }
    }
    for (int i = 0; i < CLAIM_UNKNOWN; i++)
        cr_expect(verdicts[i] > 10, "%s came up %u times", claim_verdict_name((enum claim_verdict)i), verdicts[i]);
    stand_release(&memory);
}

/* Side by side on one Redis: the number behind its owner has no connection in it. */
Test(redis, a_claim_of_a_release_before_is_met_as_any_other)
{
    static const struct {
        const char *value;
        uint32_t px_ms;
        enum claim_verdict verdict;
        uint32_t doubt;
    } rows[] = {
        { "C:1:0000000000002222.17:0:0:30000:3600000:0000000000000001", 3600000, CLAIM_BUSY, 0 },
        { "C:1:0000000000002222.17:0:0:30000:3600000:0000000000000001", 3569000, CLAIM_TAKEOVER, 1 },
        { "C:1:0000000000002222.17:2=:5:30000:3600000:0000000000000001", 3569000, CLAIM_TAKEOVER, 2 },
        { "C:4:0000000000002222.123456789:1:5:0:3600000:0000000000000001", 3600000, CLAIM_TAKEOVER, 1 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char id[16];
        snprintf(id, sizeof(id), "before-%zu", i);
        server_says(&server, "SET abt:d:portal:%s %s PX %u", id, rows[i].value, rows[i].px_ms);
        struct claim_answer answer = stand_claimed(&stand, stand_order(id, 7, 1));
        cr_expect_eq(answer.verdict, rows[i].verdict, "row %zu: %s", i, claim_verdict_name(answer.verdict));
        cr_expect_eq(answer.doubt, rows[i].doubt, "row %zu", i);
    }
}

/* ---- races ---------------------------------------------------------------------------------------------------------------- */

Test(redis, of_two_workers_that_take_over_one_claim_one_wins)
{
    char url[64];
    struct stand other;
    struct bench bench = { &stand, &server };
    snprintf(url, sizeof(url), "redis://127.0.0.1:%u", server.port);
    stand_redis(&other, url, "", 0x3333, 1000);
    cr_assert(stand_until(&other, true));
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

/* Its first reply was lost, and for a whole lease nothing was heard: then the replies to both copies come at once, as they do for
 * a process that was frozen. The value that is written once more is the one that the other copy has seen. */
Test(redis, a_claim_that_is_written_once_more_is_not_taken_over_by_its_copy)
{
    enum { A_LEASE_MS = 400 };      /* shorter than what of one silence counts */
    struct claim_order first = stand_order("frozen", 1, 1), copy = stand_order("frozen", 2, 1);
    char url[64];
    struct stand patient;
    snprintf(url, sizeof(url), "redis://127.0.0.1:%u", server.port);
    stand_redis(&patient, url, server.password, STAND_OWN, STAND_PATIENCE_MS);
    cr_assert(stand_until(&patient, true));
    first.lease_ms = copy.lease_ms = A_LEASE_MS;
    cr_assert_eq(stand_claimed(&patient, first).verdict, CLAIM_FREE);

    server_freeze(&server);
    uint32_t again = stand_claim(&patient, first), other = stand_claim(&patient, copy);
    stand_flush(&patient);
    stand_turn(&patient, A_LEASE_MS + 100);
    server_thaw(&server);
    cr_assert(stand_answers(&patient));
    cr_expect_eq(patient.answers[again].claim.verdict, CLAIM_MINE);
    const struct claim_answer *busy = &patient.answers[other].claim;
    cr_expect_eq(busy->verdict, CLAIM_BUSY, "it is %s", claim_verdict_name(busy->verdict));
    cr_expect_eq(busy->met_dispatch, 1);
    cr_expect_eq(bench_peek(&(struct bench){ &patient, &server }, &first).dispatch, 1);
    stand_release(&patient);
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
    cr_assert(stand_answers(&stand), "%u of %u", stand.answered, stand.asked);
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
    cr_log_info("claims/s %.0f, settles/s %.0f, commands an event %.4f", claims, settles, each);
    cr_expect(each >= 2.0 && each < 2.02, "%f", each);
    for (uint32_t i = 0; i < 2 * EVENTS; i++)
        cr_assert_eq(stand.answers[i].times, 1, "order %u", i);
    for (uint32_t i = 0; i < EVENTS; i++) {
        cr_assert_eq(stand.answers[i].claim.verdict, CLAIM_FREE);
        cr_assert_eq(stand.answers[EVENTS + i].settle, SETTLE_OK);
    }
    struct dedup_stats stats = stand_stats(&stand);
    cr_expect_eq(stats.commands[DEDUP_CLAIM][0], EVENTS);
    cr_expect_eq(stats.commands[DEDUP_SETTLE][0], EVENTS);
    cr_expect_eq(stats.commands[DEDUP_RESOLVE][0], 0);
    cr_expect_eq(stats.flushes, 2 * EVENTS / 100);
}

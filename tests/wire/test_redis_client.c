/* test_redis_client.c: the adapter of the simulated world, before its model of Redis, answers as the real one does before a real
 * server: the same random orders to both, alone, several in one pipeline, and while the server is away; the same answers, and the
 * same values left behind. */
#include "tests/support/draw.h"
#include "tests/wire/client_stand.h"
#include "tests/wire/redis_stand.h"
#include "tests/wire/window_rows.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { STEPS = 4000, PIPELINE_MAX = 3, FORGETS = 3, PULSE_MS = 150,
       OUTAGES = 8, STEPS_UP = 60, STEPS_AWAY = 100, LONG_MS = 3600000, OWED_TURNS = 2000, IDS = 4 };

static const char what[] = "the real adapter and the world's";

static void
begin(void)
{
    redis_stand_begin();
    client_stand_begin(STAND_OWN, stand_config.hash_key, CLIENT_PAUSES);
}

static void
begin_degrading(void)
{
    stand_config.degrade = true;
    redis_stand_begin();
    client_stand_begin(STAND_OWN, stand_config.hash_key, CLIENT_DEGRADES);
}

static void
end(void)
{
    client_stand_end();
    redis_stand_end();
}

TestSuite(redis_client, .init = begin, .fini = end, .timeout = 120);
TestSuite(redis_client_away, .init = begin_degrading, .fini = end, .timeout = 120);

struct pipeline {
    struct random_order orders[PIPELINE_MAX];
    uint32_t ours[PIPELINE_MAX], theirs[PIPELINE_MAX], n;
};

/* Values are put there first: none comes in between. */
static void
draw_pipeline(struct pipeline *pipeline, uint64_t *draws, uint32_t step)
{
    struct bench bench = { &stand, &server };
    pipeline->n = 1 + (draw(draws, 3) ? 0 : draw(draws, PIPELINE_MAX));
    for (uint32_t i = 0; i < pipeline->n; i++) {
        struct random_order *random = &pipeline->orders[i];
        random_order_draw(random, draws, step);
        bench_seed(&bench, &random->order, &random->met, random->age_ms);
        client_stand_seed(random);
    }
}

static void
carry_out(struct pipeline *pipeline)
{
    for (uint32_t i = 0; i < pipeline->n; i++) {
        pipeline->ours[i] = random_order_ask(&pipeline->orders[i], &stand);
        pipeline->theirs[i] = client_stand_ask(&pipeline->orders[i]);
    }
    stand_flush(&stand);
    client_stand_flush();
    cr_assert(stand_answers(&stand));
}

static void
compare(const struct pipeline *pipeline, uint32_t step)
{
    struct bench bench = { &stand, &server };
    struct claim_window windows[RANDOM_WINDOWS];
    for (uint32_t i = 0; i < pipeline->n; i++) {
        const struct claim_order *order = &pipeline->orders[i].order;
        random_order_compare(what, step, &stand.answers[pipeline->ours[i]], client_stand_answer(pipeline->theirs[i]));
        struct claim_value left = bench_peek(&bench, order), there = client_stand_peek(order);
        random_order_compare_values(what, step, &left, &there);
        cr_assert_eq(left.connection > 0, there.connection > 0, "step %u: %u and %u", step, left.connection, there.connection);
    }
    random_order_windows(step, windows);
    for (int i = 0; i < RANDOM_WINDOWS; i++)
        cr_assert_str_eq(bench_peek_window(&bench, &windows[i]), client_stand_peek_window(&windows[i]), "step %u", step);
}

Test(redis_client, random_orders_get_the_same_answers_and_leave_the_same_values)
{
    uint64_t draws = 20251123;
    uint32_t verdicts[CLAIM_VERDICT_COUNT] = { 0 }, settles[SETTLE_UNKNOWN + 1] = { 0 };
    for (uint32_t step = 0; step < STEPS; step++) {
        struct pipeline pipeline;
        draw_pipeline(&pipeline, &draws, step);
        carry_out(&pipeline);
        compare(&pipeline, step);
        for (uint32_t i = 0; i < pipeline.n; i++) {
            const struct stand_answer *answer = client_stand_answer(pipeline.theirs[i]);
            if (answer->of_claim)
                verdicts[answer->claim.verdict]++;
            else
                settles[answer->settle]++;
        }
    }
    for (int i = 0; i < CLAIM_UNKNOWN; i++)
        cr_expect(verdicts[i] > 10, "%s came up %u times", claim_verdict_name((enum claim_verdict)i), verdicts[i]);
    cr_expect(settles[SETTLE_OK] > 100 && settles[SETTLE_FENCED] > 100);
    cr_expect(verdicts[CLAIM_UNKNOWN] + settles[SETTLE_UNKNOWN] == 0, "both servers answered all the time");
}

/* Claims go out until both have looked at the canary once more. */
static void
claim_for_a_while(uint64_t *draws)
{
    for (int i = 0; i < 2; i++) {
        struct pipeline pipeline;
        draw_pipeline(&pipeline, draws, 0);
        pipeline.orders[0].how = ORDER_CLAIM;
        carry_out(&pipeline);
        stand_turn(&stand, PULSE_MS);
    }
}

Test(redis_client, a_store_that_forgot_is_noticed_by_both_each_time)
{
    uint64_t draws = 7;
    claim_for_a_while(&draws);
    for (uint32_t times = 0; times < FORGETS; times++) {
        cr_expect_eq(stand.amnesia, times);
        cr_expect_eq(client_stand_amnesia(), times);
        server_says(&server, "FLUSHALL");
        client_stand_forget();
        claim_for_a_while(&draws);
    }
    cr_expect_eq(stand.amnesia, FORGETS);
    cr_expect_eq(client_stand_amnesia(), FORGETS);
}

/* ---- while the server is away ---------------------------------------------------------------------------------------------- */

static const struct stand_answer *
ask_real(const struct random_order *random)
{
    uint32_t at = random_order_ask(random, &stand);
    stand_flush(&stand);
    cr_assert(stand_answers(&stand));
    return &stand.answers[at];
}

static const struct stand_answer *
ask_world(const struct random_order *random)
{
    uint32_t at = client_stand_ask(random);
    client_stand_flush();
    return client_stand_answer(at);
}

/* The real adapter sends a claim to the server once a second, to hear of its return. Then the world's has to do so too, and both
 * are asked again. */
static const struct stand_answer *
ask_real_at_last(const struct random_order *random)
{
    const struct stand_answer *answer = ask_real(random);
    if (!random->order.degrade || random->how != ORDER_CLAIM || answer->claim.verdict != CLAIM_UNKNOWN)
        return answer;
    struct random_order probe = *random;
    probe.order.degrade = false;
    cr_assert_eq(ask_world(&probe)->claim.verdict, CLAIM_UNKNOWN);
    return ask_real(random);
}

/* Some of the orders are of a target that waits for Redis. Counts what memory answered. */
static uint32_t
play_away(uint64_t *draws, uint32_t step)
{
    uint32_t by_memory = 0;
    for (uint32_t i = 0; i < STEPS_AWAY; i++, step++) {
        struct random_order random;
        random_order_draw(&random, draws, step);
        random.order.degrade = draw(draws, 4) > 0;
        const struct stand_answer *ours = ask_real_at_last(&random), *theirs = ask_world(&random);
        random_order_compare(what, step, ours, theirs);
        by_memory += ours->of_claim && ours->claim.verdict != CLAIM_UNKNOWN;
        cr_assert(random.order.degrade || !ours->of_claim || ours->claim.verdict == CLAIM_UNKNOWN);
    }
    return by_memory;
}

static void
play_up(uint64_t *draws, uint32_t step)
{
    for (uint32_t i = 0; i < STEPS_UP; i++, step++) {
        struct pipeline pipeline;
        draw_pipeline(&pipeline, draws, step);
        for (uint32_t j = 0; j < pipeline.n; j++)
            pipeline.orders[j].order.degrade = true;
        carry_out(&pipeline);
        compare(&pipeline, step);
    }
}

/* Both hear of it by a claim of nobody's. */
static void
notice(void)
{
    struct random_order random = { .how = ORDER_CLAIM, .order = stand_order("nobody", 900, 1) };
    ask_real(&random);
    ask_world(&random);
}

static void
go_away(void)
{
    server_kill(&server);
    client_stand_away(LONG_MS);
    client_stand_forget();
    notice();
    cr_assert(stand_until(&stand, false));
}

static void
come_back(void)
{
    server_start(&server);
    dedup_poke(stand.dedup);
    cr_assert(stand_until(&stand, true));
    client_stand_away(0);
    notice();           /* the world's finds that its connection is of before */
    notice();
    for (int i = 0; i < OWED_TURNS && stand_stats(&stand).owed > 0; i++)
        stand_turn(&stand, 1);
    cr_expect_eq(stand_stats(&stand).owed, 0);
    cr_expect_eq(client_stand_owed(), 0);
}

/* What memory had acknowledged stands in both stores. */
static void
compare_owed(uint32_t outage)
{
    struct bench bench = { &stand, &server };
    for (int i = 0; i < IDS; i++) {
        char id[16];
        snprintf(id, sizeof(id), "id-%d", i);
        struct claim_order order = stand_order(id, 1, 1);
        struct claim_value left = bench_peek(&bench, &order), there = client_stand_peek(&order);
        random_order_compare_values(what, outage, &left, &there);
    }
}

static void
expect_both(const char *id, uint64_t dispatch, enum claim_verdict verdict)
{
    struct random_order random = { .how = ORDER_CLAIM, .order = stand_order(id, dispatch, 1) };
    random.order.degrade = true;
    const struct stand_answer *ours = ask_real_at_last(&random), *theirs = ask_world(&random);
    random_order_compare(what, (uint32_t)dispatch, ours, theirs);
    cr_expect_eq(ours->claim.verdict, verdict, "%s: %s", id, claim_verdict_name(ours->claim.verdict));
}

/* The server is back and knows nothing of a claim that memory gave: who has it goes first all the same. */
Test(redis_client_away, a_claim_of_memory_that_is_open_is_met_when_the_server_is_back)
{
    go_away();
    expect_both("kept", 1, CLAIM_FREE);
    come_back();
    expect_both("kept", 2, CLAIM_BUSY);
    expect_both("kept", 1, CLAIM_MINE);
    expect_both("other", 3, CLAIM_FREE);
}

Test(redis_client_away, both_go_on_by_memory_alike_and_tell_the_server_the_same)
{
    uint64_t draws = 20251124;
    uint32_t by_memory = 0;
    for (uint32_t outage = 0; outage < OUTAGES; outage++) {
        play_up(&draws, outage * STEPS_UP);
        go_away();
        by_memory += play_away(&draws, outage * STEPS_AWAY);
        come_back();
        compare_owed(outage);
    }
    cr_expect(by_memory > OUTAGES * STEPS_AWAY / 5, "%u claims by memory", by_memory);
}

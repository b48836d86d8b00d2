/* test_redis_client.c: the adapter of the simulated world, before its model of Redis, answers as the real one does before a real
 * server: the same random orders to both, alone and several in one pipeline, the same answers, the same values left behind. */
#include "tests/support/draw.h"
#include "tests/wire/client_stand.h"
#include "tests/wire/redis_stand.h"
#include "tests/wire/window_rows.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { STEPS = 4000, PIPELINE_MAX = 3, FORGETS = 3, PULSE_MS = 150 };

static const char what[] = "the real adapter and the world's";

static void
begin(void)
{
    redis_stand_begin();
    client_stand_begin(STAND_OWN, stand_config.hash_key);
}

static void
end(void)
{
    client_stand_end();
    redis_stand_end();
}

TestSuite(redis_client, .init = begin, .fini = end, .timeout = 120);

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

/* test_halving.c: what a refused batch costs, and that a batch which failed for another reason goes again as it was. */
#include "tests/story/lone.h"
#include "tests/story/story.h"

#include "tests/support/draw.h"

#include <criterion/criterion.h>
#include <stdio.h>

static uint32_t
log2_up(uint32_t n)
{
    uint32_t log = 0;
    while ((1u << log) < n)
        log++;
    return log;
}

/* Each level of the tree of halves is split where a bad one stands: everywhere down to level log2(k), k times from there on. */
static uint32_t
calls_at_most(uint32_t k, uint32_t n)
{
    uint32_t d = log2_up(k);
    return 1 + 2 * ((1u << d) - 1 + k * (log2_up(n) - d));
}

/* k of n messages are refused; which of them, says `pick`. */
static void
halve(uint32_t n, uint32_t k, const char *how, uint32_t (*pick)(uint32_t i, uint32_t k, uint32_t n))
{
    struct engine_config *config = stage();
    config->targets[0].batch_messages = n;
    config->targets[0].concurrency = 1;
    story_begin();
    for (uint32_t i = 0; i < k; i++) {
        char id[16];
        snprintf(id, sizeof(id), "m-%02u", pick(i, k, n));
        refuse_message(id);
    }
    for (uint32_t i = 0; i < n; i++) {
        char id[16];
        snprintf(id, sizeof(id), "m-%02u", i);
        receive(41 + i, id, id);
    }
    pass(10000);
    uint32_t most = calls_at_most(k, n);
    cr_expect_leq(calls_seen(), most, "%u %s of %u: %u calls, at most %u", k, how, n, calls_seen(), most);
    cr_expect_eq(parked_seen("rejected"), k, "%u %s of %u", k, how, n);
    cr_expect_eq(stats()->targets[0].terminal[TERMINAL_DELIVERED], n - k, "%u %s of %u", k, how, n);
    cr_expect(calls_kept_the_order(), "%u %s of %u: a half overtook the one before it", k, how, n);
    cr_expect_eq(committed(), 41 + n, "%u %s of %u", k, how, n);
    everything_adds_up();
}

static uint32_t
spread(uint32_t i, uint32_t k, uint32_t n)
{
    return i * n / k;
}

static uint32_t
first(uint32_t i, uint32_t k, uint32_t n)
{
    (void)k, (void)n;
    return i;
}

static uint32_t
last(uint32_t i, uint32_t k, uint32_t n)
{
    (void)k;
    return n - 1 - i;
}

/* In the places where all halves of a level differ for as long as can be. */
static uint32_t
mirrored(uint32_t i, uint32_t k, uint32_t n)
{
    uint32_t bits = log2_up(n), at = 0, found = 0;
    (void)k;
    for (uint32_t j = 0; j < 1u << bits; j++) {
        at = 0;
        for (uint32_t b = 0; b < bits; b++)
            at |= (j >> b & 1u) << (bits - 1 - b);
        if (at < n && found++ == i)
            return at;
    }
    return 0;
}

Test(story, k_bad_messages_of_n_cost_a_bounded_number_of_calls_and_the_rest_is_delivered_in_order)
{
    static const uint32_t sizes[] = { 1, 2, 3, 7, 13, 50, 64, 99, 100 };
    static const uint32_t bad[] = { 1, 2, 3, 10, 50, 100 };
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
        for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++) {
            if (bad[b] > sizes[s])
                continue;
            halve(sizes[s], bad[b], "spread", spread);
            halve(sizes[s], bad[b], "first", first);
            halve(sizes[s], bad[b], "last", last);
            halve(sizes[s], bad[b], "mirrored", mirrored);
        }
}

Test(story, one_bad_message_is_found_wherever_it_stands)
{
    for (uint32_t n = 2; n <= 17; n++)
        for (uint32_t at = 0; at < n; at++) {
            struct engine_config *config = stage();
            config->targets[0].batch_messages = n;
            config->targets[0].concurrency = 1;
            story_begin();
            refuse_whatever_holds("m-", at);
            for (uint32_t i = 0; i < n; i++) {
                char id[16];
                snprintf(id, sizeof(id), "m-%02u", i);
                receive(41 + i, id, id);
            }
            pass(5000);
            cr_expect_leq(calls_seen(), calls_at_most(1, n), "%u of %u: %u calls", at, n, calls_seen());
            cr_expect_eq(parked_seen("rejected"), 1, "%u of %u", at, n);
            cr_expect_eq(committed(), 41 + n, "%u of %u", at, n);
        }
}

Test(story, a_batch_is_closed_by_its_bytes)
{
    struct engine_config *config = stage();
    config->targets[0].batch_messages = 100;
    config->targets[0].linger_ms = 1000;
    config->targets[0].batch_bytes = 400;
    config->targets[0].concurrency = 1;
    story_begin();
    for (int i = 0; i < 6; i++) {
        char id[16];
        snprintf(id, sizeof(id), "m-%d", i);
        receive(41 + i, id, id);
    }
    pass(5);
    cr_expect_eq(calls_seen(), 1, "no linger: there is enough for a call");
    cr_expect_eq(stats()->targets[0].flushes[1], 1, "by bytes");
    pass(3000);
    cr_expect_gt(calls_seen(), 1);
    cr_expect_eq(committed(), 47);
}

Test(story, two_events_of_one_lane_are_never_in_one_batch)
{
    stage()->targets[0].batch_messages = 4;
    story_begin();
    receive(41, "a", "same");
    receive(42, "b", "same");
    receive(43, "c", "other");
    pass(100);
    expect_line("call 2: a c");
    expect_line("call 1: b");
}

Test(story, two_messages_of_one_id_are_never_in_one_batch)
{
    stage()->targets[0].batch_messages = 4;
    story_begin();
    claim_says("twin", CLAIM_FREE, 0);
    claim_meets_own("twin", 1);
    claim_says("twin", CLAIM_DUPLICATE, 0);
    receive(41, "twin", "1");
    receive(42, "twin", "2");
    pass(2000);
    expect_line("call 1: twin");
    expect_no_line("call 2");
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(committed(), 43);
}

Test(story, singles_of_a_spent_batch_keep_the_order_and_each_has_one_chance)
{
    struct engine_config *config = stage();
    config->targets[0].batch_messages = 3;
    config->targets[0].max_attempts = 1;
    config->targets[0].concurrency = 1;
    config->targets[0].breaker_failures = 100;
    story_begin();
    reply_is(OUTCOME_NOT_EXECUTED, 200, "0", 0);
    receive(41, "a", "1");
    receive(42, "b", "2");
    receive(43, "c", "3");
    pass(5000);
    expect("[   0] portal   call 3: a b c\n"
           "[  10] portal   not_executed 3, code 200/0\n"
           "[  10] portal   budget of 3 spent, singles\n"
           "[  10] portal   call 1: a\n"
           "[  20] portal   delivered 1: a\n"
           "[  20] portal   call 1: b\n"
           "[  30] portal   delivered 1: b\n"
           "[  30] portal   call 1: c\n"
           "[  40] portal   delivered 1: c\n"
           "[1020] alerts   3 commit 44\n");
}

/* ---- the bytes of a batch -------------------------------------------------------------------------------------------------- */

static struct lone lone;

static void
bytes_end(void)
{
    lone_release(&lone);
}

TestSuite(batch_bytes, .fini = bytes_end);

/* The body of the call that is out, as the worker builds it. */
static struct slice
body_of_call(char *memory, size_t size)
{
    const struct backend *backend = backend_of(TARGET_NOTICE);
    struct request request;
    struct call_member member;
    request_init(&request, memory, 1024, size - 3072, 2048);
    for (uint32_t i = 0; i < LONE_OUT; i++) {
        if (!lone.out[i].used || lone.out[i].effect.kind != EFFECT_CALL)
            continue;
        backend->begin(&lone.settings[LONE_PORTAL], &request);
        for (uint32_t j = 0; j < lone.out[i].effect.call.n; j++) {
            engine_call_member(lone.engine, lone.out[i].effect.call.tag, j, &member);
            struct slice message = { lone.messages[member.handle] + member.message_at, member.message_size };
            cr_assert_eq(backend->add_message(message, &request), ENCODE_OK);
        }
        backend->end(&lone.settings[LONE_PORTAL], &request);
        cr_assert(request_is_whole(&request));
        return buf_view(&request.body);
    }
    cr_assert(false, "no call is out, x is %s", delivery_state_name(lone_state(&lone)));
    return (struct slice){ 0 };
}

static uint32_t b;

/* Two messages in one call; a third comes after it. */
static void
two_are_called(void)
{
    lone_begin(&lone);
    uint32_t away = lone_receive(&lone, LONE_PORTAL, "w", "w");
    lone.x = 1;
    lone_claimed(&lone, away, CLAIM_FREE);
    lone_receive(&lone, LONE_PORTAL, "x", "x");
    b = lone_receive(&lone, LONE_PORTAL, "b", "b");
    lone_called(&lone, away, OUTCOME_DELIVERED, 0);
    lone_settled(&lone, away, SETTLE_OK);
    lone_claimed(&lone, lone.x, CLAIM_FREE);
    lone_claimed(&lone, b, CLAIM_FREE);
}

Test(batch_bytes, a_batch_that_failed_goes_again_byte_by_byte_and_nobody_joins_it)
{
    static const enum outcome outcomes[] = { OUTCOME_NOT_SENT, OUTCOME_NOT_EXECUTED, OUTCOME_IN_DOUBT, OUTCOME_THROTTLED,
                                             OUTCOME_AUTH };
    static char first_memory[16384], second_memory[16384];
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        two_are_called();
        struct slice body = body_of_call(first_memory, sizeof(first_memory));
        lone_called(&lone, lone.x, outcomes[i], 0);
        lone_settled(&lone, lone.x, SETTLE_OK);         /* marked as idle */
        lone_settled(&lone, b, SETTLE_OK);
        uint32_t late = lone_receive(&lone, LONE_PORTAL, "late", "late");
        lone_claimed(&lone, late, CLAIM_FREE);          /* a batch of its own, where the target may be called */
        lone_called(&lone, late, OUTCOME_DELIVERED, 0);
        lone_answer_credentials(&lone);
        lone_wait(&lone, 11000);
        lone_settled(&lone, lone.x, SETTLE_OK);         /* its claims are renewed first */
        lone_settled(&lone, b, SETTLE_OK);
        struct slice again = body_of_call(second_memory, sizeof(second_memory));
        cr_expect(slice_eq(body, again), "%s:\n%.*s\n%.*s", outcome_name(outcomes[i]), (int)body.size, body.at, (int)again.size,
                  again.at);
        lone_finish(&lone);
        cr_expect_str_eq(lone.failure, "");
    }
}

Test(batch_bytes, only_who_lost_its_claim_leaves_a_batch_that_failed)
{
    static char memory[16384];
    two_are_called();
    lone_called(&lone, lone.x, OUTCOME_NOT_SENT, 0);
    lone_settled(&lone, lone.x, SETTLE_OK);             /* marked as idle */
    lone_settled(&lone, b, SETTLE_OK);
    lone_wait(&lone, 11000);
    lone_settled(&lone, lone.x, SETTLE_FENCED);
    lone_settled(&lone, b, SETTLE_OK);
    struct slice again = body_of_call(memory, sizeof(memory));
    cr_expect_null(memmem(again.at, again.size, "\"x\"", 3), "%.*s", (int)again.size, again.at);
    cr_expect_not_null(memmem(again.at, again.size, "\"b\"", 3), "%.*s", (int)again.size, again.at);
    lone_finish(&lone);
    cr_expect_str_eq(lone.failure, "");
}

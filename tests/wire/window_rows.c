/* window_rows.c: one table of repeats for both stores, with the answers written out by hand. */
#include "tests/wire/window_rows.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <stdio.h>

enum { LEASE = 30000, TTL = 3600000, WINDOW = 600000 };
#define FP UINT64_C(0x1000000000000abc)

static const char long_leader[] = "a-leader-whose-id-is-longer-than-sixty-four-bytes-and-is-kept-by-its-hash-in-the-key";

#define NOTHING { .state = CLAIM_STATE_NONE }
#define IS(letter) { .state = CLAIM_STATE_##letter, .attempt = 1, .fp = 1 }
#define OWN(letter, n) { .state = CLAIM_STATE_##letter, .attempt = n, .fp = FP }
#define CLAIMED(n, sure, lease) { .state = CLAIM_STATE_CLAIMED, .attempt = n, .doubt = sure, .owner = STAND_OTHER, \
                                  .dispatch = 2, .lease_ms = lease, .ttl_ms = TTL, .fp = FP }
#define LEFT(letter, n, sure) CLAIM_STATE_##letter, n, sure

static const struct window_row {
    const char *name;
    const char *leads;              /* "" = nobody */
    struct claim_value leader, own; /* values met */
    ms_t age_ms;                    /* of the leader's */
    enum claim_verdict verdict;
    enum claim_state left;          /* in the own key */
    uint32_t attempt, doubt;
    bool takes_window;
} rows[] = {
    { "nobody leads", "", NOTHING, NOTHING, 0, CLAIM_FREE, LEFT(CLAIMED, 1, 0), true },
    { "done", "boss", IS(DONE), NOTHING, 0, CLAIM_REPEAT, LEFT(CLAIMED, 1, 0), false },
    { "done, a long id", long_leader, IS(DONE), NOTHING, 0, CLAIM_REPEAT, LEFT(CLAIMED, 1, 0), false },
    { "claimed", "boss", CLAIMED(1, 0, LEASE), NOTHING, 2 * LEASE - 5000, CLAIM_TWIN, LEFT(NONE, 0, 0), false },
    { "claimed, too long ago", "boss", CLAIMED(1, 0, LEASE), NOTHING, 2 * LEASE + 500, CLAIM_FREE, LEFT(CLAIMED, 1, 0), true },
    { "given up", "boss", CLAIMED(1, 1, 0), NOTHING, 1000, CLAIM_TWIN, LEFT(NONE, 0, 0), false },
    { "given up, too long ago", "boss", CLAIMED(1, 1, 0), NOTHING, 2 * LEASE + 500, CLAIM_FREE, LEFT(CLAIMED, 1, 0), true },
    { "released", "boss", IS(RELEASED), NOTHING, 1000, CLAIM_TWIN, LEFT(NONE, 0, 0), false },
    { "released, too long ago", "boss", IS(RELEASED), NOTHING, 2 * LEASE + 500, CLAIM_FREE, LEFT(CLAIMED, 1, 0), true },
    { "dead", "boss", IS(DEAD), NOTHING, 0, CLAIM_FREE, LEFT(CLAIMED, 1, 0), true },
    { "held", "boss", IS(UNCONFIRMED), NOTHING, 0, CLAIM_FREE, LEFT(CLAIMED, 1, 0), true },
    { "gone", "boss", NOTHING, NOTHING, 0, CLAIM_FREE, LEFT(CLAIMED, 1, 0), true },
    { "own key released", "boss", IS(RELEASED), OWN(RELEASED, 6), 1000, CLAIM_TWIN, LEFT(RELEASED, 6, 0), false },
    { "own key in doubt", "boss", IS(RELEASED), CLAIMED(3, 2, 0), 1000, CLAIM_TWIN, LEFT(CLAIMED, 3, 2), false },
    { "own key done", "", NOTHING, OWN(DONE, 0), 0, CLAIM_DUPLICATE, LEFT(DONE, 0, 0), false },
    { "own key of other content", "", NOTHING, { .state = CLAIM_STATE_DONE, .fp = FP + 1 }, 0, CLAIM_CONFLICT, LEFT(DONE, 0, 0),
      false },
    { "own key another's", "", NOTHING, CLAIMED(1, 0, LEASE), 0, CLAIM_BUSY, LEFT(CLAIMED, 1, 0), false },
};

/* ---- the stores ----------------------------------------------------------------------------------------------------------- */

static const char *
key_of(struct bench *bench, const struct claim_window *window)
{
    static char text[DEDUP_KEY_BYTES_MAX + 1];
    struct buf buf;
    buf_init(&buf, text, sizeof(text));
    dedup_window_key_of(bench->stand->dedup, window, &buf);
    return buf_cstr(&buf);
}

void
bench_seed_window(struct bench *bench, const struct claim_window *window, const char *leader)
{
    if (bench->server)
        server_says(bench->server, "SET %s %s PX %lld", key_of(bench, window), leader, (long long)window->window_ms);
    else
        memory_seed_window(bench->stand->dedup, window, slice_of(leader));
}

const char *
bench_peek_window(struct bench *bench, const struct claim_window *window)
{
    static char text[ID_BYTES_MAX + 1];
    struct slice leader = { 0 };
    if (bench->server) {
        const redisReply *reply = server_says(bench->server, "GET %s", key_of(bench, window));
        if (reply->type == REDIS_REPLY_STRING)
            leader = (struct slice){ reply->str, reply->len };
    } else {
        leader = memory_peek_window(bench->stand->dedup, window);
    }
    snprintf(text, sizeof(text), "%.*s", (int)leader.size, leader.size ? leader.at : "");
    return text;
}

/* ---- the rows ------------------------------------------------------------------------------------------------------------- */

static void
play(struct bench *bench, const struct window_row *row, uint32_t i)
{
    struct claim_window window = { .route = i % 2, .hash = { i + 1, 7 }, .window_ms = WINDOW };
    char id[32];
    snprintf(id, sizeof(id), "twin-%u", i);
    struct claim_order order = stand_order(id, 9, FP), leader = stand_order(row->leads, 1, 1);
    order.window = &window;
    if (row->leads[0])
        bench_seed_window(bench, &window, row->leads);
    bench_seed(bench, &leader, &row->leader, row->age_ms);
    bench_seed(bench, &order, &row->own, 1000);
    struct claim_answer answer = stand_claimed(bench->stand, order);
    struct claim_value left = bench_peek(bench, &order);
    cr_expect_eq(answer.verdict, row->verdict, "%s: %s", row->name, claim_verdict_name(answer.verdict));
    cr_expect_eq(left.state, row->left, "%s: left as %c", row->name, (char)left.state);
    cr_expect_eq(left.attempt, row->attempt, "%s: attempt %u", row->name, left.attempt);
    cr_expect_eq(left.doubt, row->doubt, "%s: doubt %u", row->name, left.doubt);
    cr_expect(row->verdict != CLAIM_TWIN || left.lease_ms == 0, "%s: a twin holds nothing", row->name);
    cr_expect_str_eq(stand_leader(bench->stand), row->verdict == CLAIM_REPEAT ? row->leads : "", "%s", row->name);
    cr_expect_str_eq(bench_peek_window(bench, &window), row->takes_window ? id : row->leads, "%s", row->name);
}

void
window_rows_play(struct bench *bench)
{
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        play(bench, &rows[i], i);
}

/* ---- in a row ------------------------------------------------------------------------------------------------------------- */

void
window_story_play(struct bench *bench)
{
    struct stand *stand = bench->stand;
    struct claim_window window = { .route = 1, .hash = { 100, 100 }, .window_ms = WINDOW };
    struct claim_order first = stand_order("first", 201, FP), second = stand_order("second", 202, FP);
    struct claim_order third = stand_order("third", 203, FP);
    first.window = second.window = third.window = &window;
    cr_expect_eq(stand_claimed(stand, first).verdict, CLAIM_FREE);
    cr_expect_eq(stand_claimed(stand, first).verdict, CLAIM_MINE, "it leads its own window");
    cr_expect_eq(stand_claimed(stand, second).verdict, CLAIM_TWIN);
    cr_expect_eq(stand_claimed(stand, second).verdict, CLAIM_TWIN);
    cr_expect_eq(stand_ended(stand, first, CLAIM_STATE_DEAD), SETTLE_OK);
    cr_expect_eq(stand_claimed(stand, third).verdict, CLAIM_FREE, "promoted");
    cr_expect_str_eq(bench_peek_window(bench, &window), "third");
    cr_expect_eq(stand_claimed(stand, second).verdict, CLAIM_TWIN);
    cr_expect_eq(stand_ended(stand, third, CLAIM_STATE_DONE), SETTLE_OK);
    cr_expect_eq(stand_claimed(stand, second).verdict, CLAIM_REPEAT);
    cr_expect_str_eq(stand_leader(stand), "third");
    cr_expect_eq(stand_ended(stand, second, CLAIM_STATE_DONE), SETTLE_OK);
    cr_expect_eq(stand_claimed(stand, second).verdict, CLAIM_DUPLICATE, "by its own mark from now on");

    struct claim_order elsewhere = stand_order("elsewhere", 204, FP);
    struct claim_window other = window;
    other.route = 0;
    elsewhere.window = &other;
    cr_expect_eq(stand_claimed(stand, elsewhere).verdict, CLAIM_FREE, "a window belongs to its route");
}

/* A thousand copies in one pipeline: one leads, the others wait, and once it is done all of them are repeats of it. */
void
window_batch_play(struct bench *bench)
{
    enum { TWINS = 1000 };
    struct stand *stand = bench->stand;
    struct claim_window window = { .route = 0, .hash = { 200, 200 }, .window_ms = WINDOW };
    uint32_t counts[2][CLAIM_VERDICT_COUNT] = { 0 };
    for (int round = 0; round < 2; round++) {
        uint32_t from = stand->asked;
        for (uint32_t i = 0; i < TWINS; i++) {
            char id[32];
            snprintf(id, sizeof(id), "storm-%u", i);
            struct claim_order order = stand_order(id, 1000 + i, FP);
            order.window = &window;
            stand_claim(stand, order);
        }
        stand_flush(stand);
        cr_assert(stand_answers(stand), "%u of %u", stand->answered, stand->asked);
        for (uint32_t i = from; i < stand->asked; i++)
            counts[round][stand->answers[i].claim.verdict]++;
        if (round == 0)
            cr_expect_eq(stand_ended(stand, stand_order("storm-0", 1000, FP), CLAIM_STATE_DONE), SETTLE_OK);
    }
    cr_expect_eq(counts[0][CLAIM_FREE], 1);
    cr_expect_eq(counts[0][CLAIM_TWIN], TWINS - 1);
    cr_expect_eq(counts[1][CLAIM_DUPLICATE], 1);
    cr_expect_eq(counts[1][CLAIM_REPEAT], TWINS - 1);
}

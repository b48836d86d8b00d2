/* claim_rows.c: one table for both stores, with the answers written out by hand. */
#include "tests/wire/claim_rows.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <stdio.h>

enum { LEASE = 30000, TTL = 3600000 };
#define FP UINT64_C(0x1000000000000abc)
#define FP_OTHER UINT64_C(0x1000000000000abd)
#define FP_VERSION UINT64_C(0x2000000000000abd)

#define NOTHING { .state = CLAIM_STATE_NONE }
#define C_OF(own, number, n, sure, lease)                                                                                        \
    { .state = CLAIM_STATE_CLAIMED, .attempt = n, .doubt = sure, .owner = own, .dispatch = number, .first_sent_ms = 77,          \
      .lease_ms = lease, .ttl_ms = TTL, .fp = FP }
#define IDLE_OF(own, number, n, sure, lease)                                                                                     \
    { .state = CLAIM_STATE_CLAIMED, .attempt = n, .doubt = sure, .idle = true, .owner = own, .dispatch = number,                 \
      .first_sent_ms = 77, .lease_ms = lease, .ttl_ms = TTL, .fp = FP }
/* Written over a connection that is yet to come. */
#define LATER_OF(own, number, n, sure, lease)                                                                                    \
    { .state = CLAIM_STATE_CLAIMED, .attempt = n, .doubt = sure, .owner = own, .dispatch = number,                               \
      .connection = CLAIM_CONNECTION_MAX, .first_sent_ms = 77, .lease_ms = lease, .ttl_ms = TTL, .fp = FP }
#define PLAIN(letter, print) { .state = CLAIM_STATE_##letter, .fp = print }

static const struct claim_row {
    const char *name;
    struct claim_value met;
    ms_t age_ms;
    bool replay;
    enum claim_verdict verdict;
    uint32_t attempt, doubt;
    enum claim_state state;     /* met with DUPLICATE; what stands there afterwards otherwise */
} claims[] = {
    { "no key", NOTHING, 0, false, CLAIM_FREE, 1, 0, CLAIM_STATE_CLAIMED },
    { "own and the same custody", C_OF(STAND_OWN, 9, 2, 1, LEASE), 100, false, CLAIM_MINE, 2, 1, CLAIM_STATE_CLAIMED },
    { "own, the same custody, lease over", C_OF(STAND_OWN, 9, 2, 1, LEASE), 90000, false, CLAIM_MINE, 2, 1, CLAIM_STATE_CLAIMED },
    { "own, a custody that is closed", C_OF(STAND_OWN, 8, 1, 0, LEASE), 100, false, CLAIM_TAKEOVER, 2, 1, CLAIM_STATE_CLAIMED },
    { "another's, young", C_OF(STAND_OTHER, 9, 1, 0, LEASE), 100, false, CLAIM_BUSY, 0, 0, CLAIM_STATE_CLAIMED },
    { "another's, nearly over", C_OF(STAND_OTHER, 9, 1, 0, LEASE), LEASE - 5000, false, CLAIM_BUSY, 0, 0, CLAIM_STATE_CLAIMED },
    { "another's, over", C_OF(STAND_OTHER, 9, 1, 0, LEASE), LEASE + 1, false, CLAIM_TAKEOVER, 2, 1, CLAIM_STATE_CLAIMED },
    { "another's, over, in doubt before", C_OF(STAND_OTHER, 9, 4, 2, LEASE), LEASE + 1, false, CLAIM_TAKEOVER, 5, 3,
      CLAIM_STATE_CLAIMED },
    { "another's, given up in doubt", C_OF(STAND_OTHER, 9, 3, 2, 0), 10, false, CLAIM_TAKEOVER, 4, 2, CLAIM_STATE_CLAIMED },
    { "another's, idle, young", IDLE_OF(STAND_OTHER, 9, 1, 0, LEASE), 100, false, CLAIM_BUSY, 0, 0, CLAIM_STATE_CLAIMED },
    { "another's, idle, over", IDLE_OF(STAND_OTHER, 9, 1, 0, LEASE), LEASE + 1, false, CLAIM_TAKEOVER, 2, 0,
      CLAIM_STATE_CLAIMED },
    { "another's, idle, over, in doubt before", IDLE_OF(STAND_OTHER, 9, 4, 2, LEASE), LEASE + 1, false, CLAIM_TAKEOVER, 5, 2,
      CLAIM_STATE_CLAIMED },
    { "own, idle, a custody that is closed", IDLE_OF(STAND_OWN, 8, 1, 0, LEASE), 100, false, CLAIM_TAKEOVER, 2, 0,
      CLAIM_STATE_CLAIMED },
    { "done", PLAIN(DONE, FP), 10, false, CLAIM_DUPLICATE, 0, 0, CLAIM_STATE_DONE },
    { "done, and a replay", PLAIN(DONE, FP), 10, true, CLAIM_DUPLICATE, 0, 0, CLAIM_STATE_DONE },
    { "dead", PLAIN(DEAD, FP), 10, false, CLAIM_DUPLICATE, 0, 0, CLAIM_STATE_DEAD },
    { "dead, and a replay", PLAIN(DEAD, FP), 10, true, CLAIM_RETRY, 1, 0, CLAIM_STATE_CLAIMED },
    { "unconfirmed", { .state = CLAIM_STATE_UNCONFIRMED, .doubt = 3, .fp = FP }, 10, false, CLAIM_DUPLICATE, 0, 0,
      CLAIM_STATE_UNCONFIRMED },
    { "unconfirmed, and a replay", { .state = CLAIM_STATE_UNCONFIRMED, .doubt = 3, .fp = FP }, 10, true, CLAIM_RETRY, 1, 3,
      CLAIM_STATE_CLAIMED },
    { "released", { .state = CLAIM_STATE_RELEASED, .attempt = 6, .fp = FP }, 10, false, CLAIM_RETRY, 7, 0, CLAIM_STATE_CLAIMED },
    { "done with another content", PLAIN(DONE, FP_OTHER), 10, false, CLAIM_CONFLICT, 0, 0, CLAIM_STATE_DONE },
    { "dead with another content, replay", PLAIN(DEAD, FP_OTHER), 10, true, CLAIM_CONFLICT, 0, 0, CLAIM_STATE_DEAD },
    { "released with another content", { .state = CLAIM_STATE_RELEASED, .attempt = 6, .fp = FP_OTHER }, 10, false,
      CLAIM_CONFLICT, 0, 0,
      CLAIM_STATE_RELEASED },
    { "done, print of another version", PLAIN(DONE, FP_VERSION), 10, false, CLAIM_DUPLICATE, 0, 0, CLAIM_STATE_DONE },
};

static const struct end_row {
    const char *name;
    struct claim_value met;
    enum claim_state end;
    ms_t lease_ms;
    enum settle_answer answer;
    enum claim_state state;     /* that stands there afterwards */
} ends[] = {
    { "done over our claim", C_OF(STAND_OWN, 9, 1, 0, LEASE), CLAIM_STATE_DONE, LEASE, SETTLE_OK, CLAIM_STATE_DONE },
    { "done over another's claim", C_OF(STAND_OTHER, 9, 1, 0, LEASE), CLAIM_STATE_DONE, LEASE, SETTLE_OK, CLAIM_STATE_DONE },
    { "done over dead", PLAIN(DEAD, FP), CLAIM_STATE_DONE, LEASE, SETTLE_OK, CLAIM_STATE_DONE },
    { "done over done", PLAIN(DONE, FP), CLAIM_STATE_DONE, LEASE, SETTLE_OK, CLAIM_STATE_DONE },
    { "done over nothing", NOTHING, CLAIM_STATE_DONE, LEASE, SETTLE_OK, CLAIM_STATE_DONE },
    { "dead over our claim", C_OF(STAND_OWN, 9, 1, 0, LEASE), CLAIM_STATE_DEAD, LEASE, SETTLE_OK, CLAIM_STATE_DEAD },
    { "dead over nothing", NOTHING, CLAIM_STATE_DEAD, LEASE, SETTLE_OK, CLAIM_STATE_DEAD },
    { "dead over done", PLAIN(DONE, FP), CLAIM_STATE_DEAD, LEASE, SETTLE_FENCED, CLAIM_STATE_DONE },
    { "dead over another's claim", C_OF(STAND_OTHER, 9, 1, 0, LEASE), CLAIM_STATE_DEAD, LEASE, SETTLE_FENCED,
      CLAIM_STATE_CLAIMED },
    { "dead over our other custody", C_OF(STAND_OWN, 8, 1, 0, LEASE), CLAIM_STATE_DEAD, LEASE, SETTLE_FENCED,
      CLAIM_STATE_CLAIMED },
    { "unconfirmed over our claim", C_OF(STAND_OWN, 9, 1, 0, LEASE), CLAIM_STATE_UNCONFIRMED, LEASE, SETTLE_OK,
      CLAIM_STATE_UNCONFIRMED },
    { "unconfirmed over done", PLAIN(DONE, FP), CLAIM_STATE_UNCONFIRMED, LEASE, SETTLE_FENCED, CLAIM_STATE_DONE },
    { "released over our claim", C_OF(STAND_OWN, 9, 1, 0, LEASE), CLAIM_STATE_RELEASED, LEASE, SETTLE_OK, CLAIM_STATE_RELEASED },
    { "released over nothing", NOTHING, CLAIM_STATE_RELEASED, LEASE, SETTLE_OK, CLAIM_STATE_RELEASED },
    { "released over unconfirmed", { .state = CLAIM_STATE_UNCONFIRMED, .doubt = 1, .fp = FP }, CLAIM_STATE_RELEASED, LEASE,
      SETTLE_FENCED,
      CLAIM_STATE_UNCONFIRMED },
    { "renewal over our claim", C_OF(STAND_OWN, 9, 1, 0, LEASE), CLAIM_STATE_CLAIMED, LEASE, SETTLE_OK, CLAIM_STATE_CLAIMED },
    { "renewal over our idle claim", IDLE_OF(STAND_OWN, 9, 1, 0, LEASE), CLAIM_STATE_CLAIMED, LEASE, SETTLE_OK,
      CLAIM_STATE_CLAIMED },
    { "renewal over our newer claim", LATER_OF(STAND_OWN, 9, 1, 0, LEASE), CLAIM_STATE_CLAIMED, LEASE, SETTLE_FENCED,
      CLAIM_STATE_CLAIMED },
    { "given up over our newer claim", LATER_OF(STAND_OWN, 9, 1, 0, LEASE), CLAIM_STATE_CLAIMED, 0, SETTLE_FENCED,
      CLAIM_STATE_CLAIMED },
    { "released over our newer claim", LATER_OF(STAND_OWN, 9, 1, 0, LEASE), CLAIM_STATE_RELEASED, LEASE, SETTLE_FENCED,
      CLAIM_STATE_CLAIMED },
    { "dead over our newer claim", LATER_OF(STAND_OWN, 9, 1, 0, LEASE), CLAIM_STATE_DEAD, LEASE, SETTLE_FENCED,
      CLAIM_STATE_CLAIMED },
    { "done over our newer claim", LATER_OF(STAND_OWN, 9, 1, 0, LEASE), CLAIM_STATE_DONE, LEASE, SETTLE_OK, CLAIM_STATE_DONE },
    { "renewal over nothing", NOTHING, CLAIM_STATE_CLAIMED, LEASE, SETTLE_OK, CLAIM_STATE_CLAIMED },
    { "renewal over another's claim", C_OF(STAND_OTHER, 3, 1, 0, LEASE), CLAIM_STATE_CLAIMED, LEASE, SETTLE_FENCED,
      CLAIM_STATE_CLAIMED },
    { "renewal over done", PLAIN(DONE, FP), CLAIM_STATE_CLAIMED, LEASE, SETTLE_FENCED, CLAIM_STATE_DONE },
    { "given up over our claim", C_OF(STAND_OWN, 9, 1, 0, LEASE), CLAIM_STATE_CLAIMED, 0, SETTLE_OK, CLAIM_STATE_CLAIMED },
    { "given up over released", { .state = CLAIM_STATE_RELEASED, .attempt = 1, .fp = FP }, CLAIM_STATE_CLAIMED, 0, SETTLE_FENCED,
      CLAIM_STATE_RELEASED },
};

/* ---- the stores ----------------------------------------------------------------------------------------------------------- */

static const char *
key_of(struct bench *bench, const struct claim_order *order)
{
    static char text[DEDUP_KEY_BYTES_MAX + 1];
    struct buf buf;
    buf_init(&buf, text, sizeof(text));
    dedup_key_of(bench->stand->dedup, order, &buf);
    return buf_cstr(&buf);
}

void
bench_seed(struct bench *bench, const struct claim_order *order, const struct claim_value *value, ms_t age_ms)
{
    if (value->state == CLAIM_STATE_NONE)
        return;
    if (!bench->server) {
        memory_seed(bench->stand->dedup, order, value, age_ms);
        return;
    }
    char text[CLAIM_VALUE_BYTES_MAX + 1];
    struct buf buf;
    buf_init(&buf, text, sizeof(text));
    claim_value_write(&buf, value);
    server_says(bench->server, "SET %s %s PX %lld", key_of(bench, order), buf_cstr(&buf), (long long)(order->ttl_ms - age_ms));
}

struct claim_value
bench_peek(struct bench *bench, const struct claim_order *order)
{
    struct claim_value value = NOTHING;
    if (!bench->server) {
        memory_peek(bench->stand->dedup, order, &value);
        return value;
    }
    const redisReply *reply = server_says(bench->server, "GET %s", key_of(bench, order));
    if (reply->type == REDIS_REPLY_STRING)
        cr_assert(claim_value_read((struct slice){ reply->str, reply->len }, &value), "unreadable: %s", reply->str);
    return value;
}

/* ---- the rows ------------------------------------------------------------------------------------------------------------- */

static void
play_claim(struct bench *bench, const struct claim_row *row, size_t i)
{
    char id[32];
    snprintf(id, sizeof(id), "claim-%zu", i);
    struct claim_order order = stand_order(id, 9, FP);
    order.replay = row->replay;
    if (row->met.state != CLAIM_STATE_NONE)
        bench_seed(bench, &order, &row->met, row->age_ms);
    struct claim_answer answer = stand_claimed(bench->stand, order);
    struct claim_value after = bench_peek(bench, &order);
    cr_expect_eq(answer.verdict, row->verdict, "%s: %s", row->name, claim_verdict_name(answer.verdict));
    cr_expect_eq(answer.attempt, row->attempt, "%s: attempt %u", row->name, answer.attempt);
    cr_expect_eq(answer.doubt, row->doubt, "%s: doubt %u", row->name, answer.doubt);
    cr_expect_eq(after.state, row->state, "%s: left as %c", row->name, (char)after.state);
    if (row->verdict == CLAIM_DUPLICATE)
        cr_expect_eq(answer.met, row->state, "%s", row->name);
    if (row->verdict == CLAIM_BUSY) {
        ms_t rest_ms = row->met.lease_ms - row->age_ms;
        cr_expect(answer.rest_ms <= rest_ms && answer.rest_ms > rest_ms - 2000, "%s: rest %lld", row->name,
                  (long long)answer.rest_ms);
        cr_expect_eq(answer.met_owner, row->met.owner, "%s", row->name);
        cr_expect_eq(after.owner, row->met.owner, "%s", row->name);
    } else if (row->state == CLAIM_STATE_CLAIMED) {
        cr_expect_eq(after.owner, STAND_OWN, "%s", row->name);
        cr_expect_eq(after.dispatch, 9, "%s", row->name);
        cr_expect_eq(after.attempt, row->attempt, "%s", row->name);
        cr_expect_eq(after.doubt, row->doubt, "%s", row->name);
        cr_expect_not(after.idle, "%s: a call may follow", row->name);
        cr_expect_eq(after.lease_ms, LEASE, "%s", row->name);
    }
    if (row->verdict == CLAIM_TAKEOVER || row->verdict == CLAIM_MINE)
        cr_expect_eq(after.first_sent_ms, 77, "%s: the first call is kept", row->name);
    stand_ended(bench->stand, order, CLAIM_STATE_DONE);     /* custody 9 is closed again */
}

static void
play_end(struct bench *bench, const struct end_row *row, size_t i)
{
    char id[32];
    snprintf(id, sizeof(id), "end-%zu", i);
    struct claim_order order = stand_order(id, 9, FP);
    order.doubt = 5;
    order.attempt = 4;
    order.first_sent_ms = 1234;
    order.lease_ms = row->lease_ms;
    if (row->met.state != CLAIM_STATE_NONE)
        bench_seed(bench, &order, &row->met, 1000);
    enum settle_answer answer = stand_ended(bench->stand, order, row->end);
    struct claim_value after = bench_peek(bench, &order);
    cr_expect_eq(answer, row->answer, "%s: %d", row->name, (int)answer);
    cr_expect_eq(after.state, row->state, "%s: left as %c", row->name, (char)after.state);
    if (answer == SETTLE_OK && row->end == CLAIM_STATE_CLAIMED) {
        cr_expect_eq(after.doubt, 5, "%s: doubt is written", row->name);
        cr_expect_not(after.idle, "%s: a call may follow", row->name);
        cr_expect_eq(after.first_sent_ms, 1234, "%s: the first call is written", row->name);
        cr_expect_eq(after.lease_ms, row->lease_ms, "%s", row->name);
    }
    if (answer == SETTLE_FENCED)
        cr_expect_eq(after.owner, row->met.owner, "%s: untouched", row->name);
}

void
claim_rows_play(struct bench *bench)
{
    for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++)
        play_claim(bench, &claims[i], i);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        play_end(bench, &ends[i], i);
}

void
custody_story_play(struct bench *bench)
{
    struct stand *stand = bench->stand;
    struct claim_order first = stand_order("twice", 101, FP), second = stand_order("twice", 102, FP);
    cr_expect_eq(stand_claimed(stand, first).verdict, CLAIM_FREE);
    struct claim_answer busy = stand_claimed(stand, second);
    cr_expect_eq(busy.verdict, CLAIM_BUSY, "the other copy is open here: %s", claim_verdict_name(busy.verdict));
    cr_expect_eq(busy.met_owner, STAND_OWN);
    cr_expect_eq(busy.met_dispatch, 101);

    struct claim_order idle = first;
    idle.idle = true;
    cr_expect_eq(stand_ended(stand, idle, CLAIM_STATE_CLAIMED), SETTLE_OK);
    cr_expect(bench_peek(bench, &first).idle, "whoever takes it over need not doubt");

    struct claim_order given_up = first;
    given_up.doubt = 2;
    given_up.lease_ms = 0;
    cr_expect_eq(stand_ended(stand, given_up, CLAIM_STATE_CLAIMED), SETTLE_OK);
    struct claim_answer taken = stand_claimed(stand, second);
    cr_expect_eq(taken.verdict, CLAIM_TAKEOVER);
    cr_expect_eq(taken.doubt, 2, "kept as it was, for the owner said so itself");
    cr_expect_eq(stand_ended(stand, first, CLAIM_STATE_DEAD), SETTLE_FENCED, "the first copy lost it");

    cr_expect_eq(stand_ended(stand, second, CLAIM_STATE_RELEASED), SETTLE_OK);
    struct claim_answer again = stand_claimed(stand, first);
    cr_expect_eq(again.verdict, CLAIM_RETRY);
    cr_expect_eq(stand_ended(stand, first, CLAIM_STATE_DONE), SETTLE_OK);
    cr_expect_eq(stand_claimed(stand, second).verdict, CLAIM_DUPLICATE);
}

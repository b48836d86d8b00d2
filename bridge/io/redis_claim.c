/* redis_claim.c: a claim that finds no value is one plain command. One that meets a value asks the table of
 * bridge/core/claim.c, and where that says to write, compares and sets; what it met instead is judged anew. */
#include "bridge/io/clock.h"
#include "bridge/io/redis_parts.h"
#include "codecs/check.h"
#include "codecs/mutant.h"

#include <hiredis/hiredis.h>

enum { ROUNDS_MAX = 8 };                /* others change the key each time: ask again later */

static const ms_t PTTL_UNSEEN = -3;     /* -1 and -2 are Redis's: no expiry, no key */

static struct slice
key_of(const struct redis_slot *slot)
{
    return (struct slice){ slot->key, slot->key_size };
}

static struct slice
value_text(const struct claim_value *value, char *memory, size_t size)
{
    struct buf buf;
    buf_init(&buf, memory, size);
    claim_value_write(&buf, value);
    check(!buf.overflow);
    return buf_view(&buf);
}

void
redis_claim_send(struct redis *redis, struct redis_slot *slot)
{
    char memory[CLAIM_VALUE_BYTES_MAX];
    struct claim_value claim;
    claim_value_of(&slot->order, redis->dedup.own, CLAIM_STATE_CLAIMED, &claim);
    struct resp *resp = &redis->resp;
    resp_begin(resp, 7);
    resp_text(resp, "SET");
    resp_word(resp, key_of(slot));
    resp_word(resp, value_text(&claim, memory, sizeof(memory)));
    resp_text(resp, "NX");
    resp_text(resp, "GET");
    resp_text(resp, "PX");
    resp_number(resp, slot->order.ttl_ms);
    redis_send(redis, slot, STEP_CLAIM);
}

/* `value` NULL: only look. Its custody is heard of: a claim of ours that is written once more says what it said before, so that a
 * copy which had found it silent would swap it just the same. By the clock as it is now: after a process was frozen, the one of
 * this round may be from before. */
void
redis_swap_send(struct redis *redis, struct redis_slot *slot, struct slice expected, const struct claim_value *value,
                ms_t pttl_most_ms)
{
    char memory[CLAIM_VALUE_BYTES_MAX];
    if (!MUTATED(swap_unheard))
        custodies_heard(&redis->custodies, slot->order.dispatch, clock_now_ms());
    redis_call(redis, slot, SCRIPT_SWAP, 4);
    resp_word(&redis->resp, expected);
    resp_word(&redis->resp, value ? value_text(value, memory, sizeof(memory)) : SLICE(""));
    resp_number(&redis->resp, slot->order.ttl_ms);
    resp_number(&redis->resp, pttl_most_ms);
    redis_send(redis, slot, value ? STEP_SWAP : STEP_LOOK);
}

bool
redis_swap_reply(const redisReply *reply, struct slice *met, ms_t *pttl_ms)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 || reply->element[1]->type != REDIS_REPLY_INTEGER)
        return false;
    *met = redis_text_of(reply->element[0]);
    *pttl_ms = reply->element[1]->integer;
    return met->at != NULL;
}

/* `answer` may be the slot's own. */
static void
become_ours(struct redis *redis, struct redis_slot *slot, const struct claim_answer *answer)
{
    custodies_heard(&redis->custodies, slot->order.dispatch, redis_now(redis));
    if (!slot->order.window) {
        redis_answer_claim(redis, slot, answer);
        return;
    }
    if (answer != &slot->answer)
        slot->answer = *answer;
    redis_window_ask(redis, slot);
}

static void
free_for_us(struct redis *redis, struct redis_slot *slot)
{
    struct claim_answer answer;
    struct claim_value write;
    claim_meet(&slot->order, redis->dedup.own, NULL, 0, false, &answer, &write);
    become_ours(redis, slot, &answer);
}

/* By Redis's clock, or by how long we have been watching it, whichever is more. A key that does not expire has no age but the
 * watched one. */
ms_t
redis_age_of(struct redis *redis, struct slice key, ms_t ttl_ms, struct slice text, ms_t pttl_ms)
{
    const struct sipkey *hash_key = &redis->dedup.names.hash_key;
    struct watch_sight sight = { siphash64(hash_key, key.at, key.size), siphash64(hash_key, text.at, text.size), ttl_ms, pttl_ms,
                                 clock_now_ms() };
    ms_t watched_ms = watch_age_ms(redis->watch, &sight);
    ms_t age_ms = pttl_ms < 0 ? 0 : ttl_ms - pttl_ms;
    return age_ms > watched_ms ? age_ms : watched_ms;
}

/* Only where the answer is to wait, or may be, does the age matter, and only then it costs a look. */
static bool
needs_age(const struct redis *redis, const struct redis_slot *slot, const struct claim_value *met, bool open_here)
{
    if (met->state != CLAIM_STATE_CLAIMED)
        return false;
    if (met->owner != redis->dedup.own)
        return true;
    return open_here && met->dispatch != slot->order.dispatch;
}

static void
meet(struct redis *redis, struct redis_slot *slot, struct slice text, ms_t pttl_ms)
{
    struct claim_value met = { .state = CLAIM_STATE_NONE }, write;
    if (text.size && !claim_value_read(text, &met)) {
        redis_foreign(redis, slot);
        return;
    }
    if (slot->rounds++ >= ROUNDS_MAX) {
        redis_fail_later(redis, slot);
        return;
    }
    slot->op = DEDUP_RESOLVE;
    bool is_claim = met.state == CLAIM_STATE_CLAIMED;
    bool open_here = is_claim && custodies_is_open(&redis->custodies, met.dispatch, met.lease_ms, clock_now_ms());
    if (pttl_ms == PTTL_UNSEEN && needs_age(redis, slot, &met, open_here)) {
        redis_swap_send(redis, slot, SLICE("?"), NULL, 0);
        return;
    }
    ms_t age_ms = is_claim && pttl_ms != PTTL_UNSEEN ? redis_age_of(redis, key_of(slot), met.ttl_ms, text, pttl_ms) : 0;
    claim_meet(&slot->order, redis->dedup.own, &met, age_ms, open_here, &slot->answer, &write);
    if (write.state == CLAIM_STATE_NONE)
        redis_answer_claim(redis, slot, &slot->answer);
    else
        redis_swap_send(redis, slot, text, &write, pttl_ms == PTTL_UNSEEN ? INT64_MAX / 1024 : pttl_ms);
}

/* Nil, or the value met, or a word of the script. The reply is borrowed until we return: what is sent of it is copied by then. */
void
redis_claim_reply(struct redis *redis, struct redis_slot *slot, const redisReply *reply)
{
    struct slice met;
    ms_t pttl_ms;
    if (slot->step == STEP_CLAIM && reply->type == REDIS_REPLY_NIL)
        free_for_us(redis, slot);
    else if (slot->step == STEP_CLAIM && reply->type == REDIS_REPLY_STRING)
        meet(redis, slot, redis_text_of(reply), PTTL_UNSEEN);
    else if (slot->step == STEP_SWAP && reply->type == REDIS_REPLY_INTEGER)
        become_ours(redis, slot, &slot->answer);
    else if (slot->step != STEP_CLAIM && redis_swap_reply(reply, &met, &pttl_ms))
        meet(redis, slot, met, pttl_ms);
    else
        redis_strange(redis, slot);
}

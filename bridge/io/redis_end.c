/* redis_end.c: D is one plain command, for an acknowledgement is a fact. R, U, X, renewals and what is given up are written
 * only over our own claim or over nothing. */
#include "bridge/io/redis_parts.h"
#include "codecs/check.h"

#include <hiredis/hiredis.h>

enum { ROUNDS_MAX = 8, TEXT_BYTES = CLAIM_VALUE_BYTES_MAX };

static void
put_value(struct redis *redis, const struct redis_slot *slot)
{
    char memory[TEXT_BYTES];
    struct buf buf;
    struct claim_value value;
    claim_value_of(&slot->order, redis->dedup.own, slot->order.end, &value);
    buf_init(&buf, memory, sizeof(memory));
    claim_value_write(&buf, &value);
    resp_word(&redis->resp, buf_view(&buf));
}

static void
send_done(struct redis *redis, struct redis_slot *slot)
{
    struct resp *resp = &redis->resp;
    resp_begin(resp, 5);
    resp_text(resp, "SET");
    resp_word(resp, (struct slice){ slot->key, slot->key_size });
    put_value(redis, slot);
    resp_text(resp, "PX");
    resp_number(resp, slot->order.ttl_ms);
    redis_send(redis, slot, STEP_DONE);
}

void
redis_put_holder(struct redis *redis, const struct redis_slot *slot)
{
    char holder[48];
    struct buf buf;
    buf_init(&buf, holder, sizeof(holder));
    buf_hex64(&buf, redis->dedup.own);
    buf_char(&buf, '.');
    buf_u64(&buf, slot->order.dispatch);
    resp_word(&redis->resp, buf_view(&buf));
    resp_number(&redis->resp, slot->order.connection);
}

static void
send_hold(struct redis *redis, struct redis_slot *slot)
{
    redis_call(redis, slot, SCRIPT_HOLD, 4);
    redis_put_holder(redis, slot);
    put_value(redis, slot);
    resp_number(&redis->resp, slot->order.ttl_ms);
    redis_send(redis, slot, STEP_HOLD);
}

void
redis_end_send(struct redis *redis, struct redis_slot *slot)
{
    if (slot->order.end == CLAIM_STATE_DONE)
        send_done(redis, slot);
    else
        send_hold(redis, slot);
}

/* The script saw something else than our claim: the table says what that means. */
static void
meet(struct redis *redis, struct redis_slot *slot, struct slice text)
{
    struct claim_value met = { .state = CLAIM_STATE_NONE }, write;
    if (text.size && !claim_value_read(text, &met)) {
        redis_foreign(redis, slot);
        return;
    }
    enum settle_answer answer = claim_settle_meet(&slot->order, redis->dedup.own, &met, &write);
    if (write.state == CLAIM_STATE_NONE)
        redis_answer_end(redis, slot, answer);
    else if (slot->rounds++ >= ROUNDS_MAX)
        redis_fail_later(redis, slot);
    else
        redis_swap_send(redis, slot, text, &write, INT64_MAX / 1024);
}

void
redis_end_reply(struct redis *redis, struct redis_slot *slot, const redisReply *reply)
{
    struct slice met;
    ms_t pttl_ms;
    bool written = slot->step == STEP_DONE ? reply->type == REDIS_REPLY_STATUS
                                           : slot->step != STEP_LOOK && reply->type == REDIS_REPLY_INTEGER;
    if (written)
        redis_answer_end(redis, slot, SETTLE_OK);
    else if (slot->step == STEP_HOLD && reply->type == REDIS_REPLY_STRING)
        meet(redis, slot, redis_text_of(reply));
    else if ((slot->step == STEP_LOOK || slot->step == STEP_SWAP) && redis_swap_reply(reply, &met, &pttl_ms))
        meet(redis, slot, met);
    else
        redis_strange(redis, slot);
}

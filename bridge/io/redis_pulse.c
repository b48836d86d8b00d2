/* redis_pulse.c: reads the canary in front of a pipeline of claims and counts it up behind it, at most ten times a second; and
 * now and then when nothing else is asked, so that a dead connection or an emptied server does not stay unseen. */
#include "bridge/io/clock.h"
#include "bridge/io/redis_parts.h"

#include <hiredis/hiredis.h>

static struct redis_slot *
take_slot(struct redis *redis)
{
    struct redis_slot *slot = redis_slot_take(redis);
    slot->op = DEDUP_PING;
    slot->key_size = (uint16_t)strlen(redis->canary_key);
    memcpy(slot->key, redis->canary_key, slot->key_size);
    return slot;
}

void
redis_peek_send(struct redis *redis)
{
    struct redis_slot *slot = take_slot(redis);
    redis->pulse_ms = clock_now_ms();
    resp_begin(&redis->resp, 2);
    resp_text(&redis->resp, "GET");
    resp_word(&redis->resp, (struct slice){ slot->key, slot->key_size });
    redis_send(redis, slot, STEP_PEEK);
}

/* A fresh number each time, used only where no canary stands: two losses must not look like one. `slot` NULL: a new one. */
void
redis_advance_send(struct redis *redis, struct redis_slot *slot, enum redis_step step)
{
    uint64_t generation;
    char digits[16];
    struct buf buf;
    if (!slot)
        slot = take_slot(redis);
    entropy(&generation, sizeof(generation));
    buf_init(&buf, digits, sizeof(digits));
    buf_hex64(&buf, generation);
    redis_call(redis, slot, SCRIPT_CANARY, 1);
    resp_word(&redis->resp, buf_view(&buf));
    redis_send(redis, slot, step);
}

void
redis_pulse_lost(struct redis *redis, const char *why)
{
    redis->stats.amnesia++;
    redis->dedup.handler.amnesia(redis->dedup.handler.owner, why);
}

/* {before, after} */
enum canary_sight
redis_pulse_see(struct redis *redis, const redisReply *reply)
{
    enum canary_sight sight = canary_see(&redis->canary, redis_text_of(reply->element[0]));
    canary_wrote(&redis->canary, redis_text_of(reply->element[1]));
    if (sight == CANARY_FRESH)
        redis->stats.fresh = true;
    return sight;
}

void
redis_pulse_reply(struct redis *redis, struct redis_slot *slot, const redisReply *reply)
{
    enum canary_sight sight;
    if (slot->step == STEP_PEEK && (reply->type == REDIS_REPLY_NIL || reply->type == REDIS_REPLY_STRING)) {
        sight = canary_see(&redis->canary, redis_text_of(reply));
    } else if (slot->step == STEP_ADVANCE && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2) {
        sight = redis_pulse_see(redis, reply);
    } else {
        redis_strange(redis, slot);
        return;
    }
    redis_slot_free(redis, slot);
    if (sight != CANARY_ALIVE && sight != CANARY_FRESH)
        redis_pulse_lost(redis, canary_text(sight));
}

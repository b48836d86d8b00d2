/* redis_window.c: a claim that is ours asks its window next, on the same slot: who leads it, what became of the leader, and then
 * to go on, to be suppressed, to be promoted, or to give its key back and wait. The table is bridge/core/claim_window.c.
 *
 * The window is asked after the delivery's own key and not with it: an event that turns out to be done already must not open a
 * window, or a topic that is read again would silence new events for as long as it lasts. */
#include "bridge/io/redis_parts.h"
#include "codecs/check.h"

#include <hiredis/hiredis.h>

/* Room for the key of a delivery or a window. */
struct key_text {
    struct buf buf;
    char bytes[DEDUP_KEY_BYTES_MAX];
};

static struct redis_window *
window_of(const struct redis *redis, const struct redis_slot *slot)
{
    return &redis->windows[slot - redis->slots];
}

static struct slice
leader_of(const struct redis_window *window)
{
    return (struct slice){ window->leader, window->leader_size };
}

static struct slice
window_key(const struct redis *redis, const struct redis_slot *slot, struct key_text *text)
{
    buf_init(&text->buf, text->bytes, sizeof(text->bytes));
    dedup_window_key_of(&redis->dedup, slot->order.window, &text->buf);
    check(!text->buf.overflow);
    return buf_view(&text->buf);
}

static struct slice
leader_key(const struct redis *redis, const struct redis_slot *slot, struct key_text *text)
{
    buf_init(&text->buf, text->bytes, sizeof(text->bytes));
    dedup_key_of_leader(&redis->dedup, &slot->order, leader_of(window_of(redis, slot)), &text->buf);
    check(!text->buf.overflow);
    return buf_view(&text->buf);
}

void
redis_window_keep(struct redis *redis, struct redis_slot *slot, const struct claim_order *order)
{
    struct redis_window *window = window_of(redis, slot);
    check(order->id.size <= sizeof(window->id));
    window->window = *order->window;
    window->id_size = (uint8_t)order->id.size;
    memcpy(window->id, order->id.at, order->id.size);
    slot->order.window = &window->window;
}

/* ---- what is asked -------------------------------------------------------------------------------------------------------- */

void
redis_window_ask(struct redis *redis, struct redis_slot *slot)
{
    const struct redis_window *window = window_of(redis, slot);
    struct resp *resp = &redis->resp;
    struct key_text text;
    slot->op = DEDUP_REPEAT;
    resp_begin(resp, 7);
    resp_text(resp, "SET");
    resp_word(resp, window_key(redis, slot, &text));
    resp_word(resp, (struct slice){ window->id, window->id_size });
    resp_text(resp, "NX");
    resp_text(resp, "GET");
    resp_text(resp, "PX");
    resp_number(resp, window->window.window_ms);
    redis_send(redis, slot, STEP_WINDOW);
}

static void
call(struct redis *redis, struct redis_slot *slot, enum redis_script script, struct slice key, uint32_t arguments)
{
    redis_script_call(&redis->resp, &redis->scripts, script, slot->form, key, arguments);
}

static void
look_at_leader(struct redis *redis, struct redis_slot *slot)
{
    struct key_text text;
    call(redis, slot, SCRIPT_SWAP, leader_key(redis, slot, &text), 4);
    resp_text(&redis->resp, "?");
    resp_text(&redis->resp, "");
    resp_number(&redis->resp, slot->order.ttl_ms);
    resp_number(&redis->resp, 0);
    redis_send(redis, slot, STEP_LEADER);
}

static void
promote(struct redis *redis, struct redis_slot *slot)
{
    const struct redis_window *window = window_of(redis, slot);
    struct key_text text;
    call(redis, slot, SCRIPT_PROMOTE, window_key(redis, slot, &text), 2);
    resp_word(&redis->resp, leader_of(window));
    resp_word(&redis->resp, (struct slice){ window->id, window->id_size });
    redis_send(redis, slot, STEP_PROMOTE);
}

static void
put_given_back(struct redis *redis, const struct redis_slot *slot)
{
    char memory[CLAIM_VALUE_BYTES_MAX];
    struct buf buf;
    struct claim_value value;
    claim_give_back(&slot->order, redis->dedup.own, &slot->answer, &value);
    buf_init(&buf, memory, sizeof(memory));
    if (value.state != CLAIM_STATE_NONE)
        claim_value_write(&buf, &value);
    resp_word(&redis->resp, buf_view(&buf));
}

static void
give_back(struct redis *redis, struct redis_slot *slot)
{
    call(redis, slot, SCRIPT_GIVE_BACK, (struct slice){ slot->key, slot->key_size }, 4);
    redis_put_holder(redis, slot);
    put_given_back(redis, slot);
    resp_number(&redis->resp, slot->order.ttl_ms);
    redis_send(redis, slot, STEP_GIVE_BACK);
}

void
redis_window_again(struct redis *redis, struct redis_slot *slot)
{
    if (slot->step == STEP_PROMOTE)
        promote(redis, slot);
    else if (slot->step == STEP_GIVE_BACK)
        give_back(redis, slot);
    else
        look_at_leader(redis, slot);
}

/* ---- what is answered ----------------------------------------------------------------------------------------------------- */

/* Says which key it is that is not ours. */
static void
foreign(struct redis *redis, struct redis_slot *slot, struct slice key)
{
    memcpy(slot->key, key.at, key.size);
    slot->key_size = (uint16_t)key.size;
    redis_foreign(redis, slot);
}

static void
meet_leader(struct redis *redis, struct redis_slot *slot, struct slice text, ms_t pttl_ms)
{
    struct claim_value met = { .state = CLAIM_STATE_NONE };
    struct key_text memory;
    struct slice key = leader_key(redis, slot, &memory);
    if (text.size && !claim_value_read(text, &met)) {
        foreign(redis, slot, key);
        return;
    }
    ms_t ttl_ms = met.ttl_ms > 0 ? met.ttl_ms : slot->order.ttl_ms;
    ms_t age_ms = text.size ? redis_age_of(redis, key, ttl_ms, text, pttl_ms) : 0;
    switch (claim_meet_leader(&slot->order, &met, age_ms)) {
    case TWIN_SUPPRESSED:
        slot->answer.verdict = CLAIM_REPEAT;
        slot->answer.leader = leader_of(window_of(redis, slot));
        redis_answer_claim(redis, slot, &slot->answer);
        return;
    case TWIN_WAITS:
        give_back(redis, slot);
        return;
    case TWIN_PROMOTED:
        promote(redis, slot);
        return;
    }
}

/* Nil, or the id that leads. */
static void
take_window(struct redis *redis, struct redis_slot *slot, struct slice leader)
{
    struct redis_window *window = window_of(redis, slot);
    if (!leader.at || slice_eq(leader, (struct slice){ window->id, window->id_size })) {
        redis_answer_claim(redis, slot, &slot->answer);
        return;
    }
    if (leader.size == 0 || leader.size > sizeof(window->leader)) {
        struct key_text text;
        foreign(redis, slot, window_key(redis, slot, &text));
        return;
    }
    window->leader_size = (uint8_t)leader.size;
    memcpy(window->leader, leader.at, leader.size);
    look_at_leader(redis, slot);
}

/* Whether it was given back, or another has it by now: it is asked for again. */
static void
answer_twin(struct redis *redis, struct redis_slot *slot)
{
    slot->answer.verdict = CLAIM_TWIN;
    redis_answer_claim(redis, slot, &slot->answer);
}

void
redis_window_reply(struct redis *redis, struct redis_slot *slot, const redisReply *reply)
{
    bool written = reply->type == REDIS_REPLY_INTEGER, text = reply->type == REDIS_REPLY_STRING;
    struct slice met;
    ms_t pttl_ms;
    if (slot->step == STEP_WINDOW && (text || reply->type == REDIS_REPLY_NIL))
        take_window(redis, slot, redis_text_of(reply));
    else if (slot->step == STEP_LEADER && redis_swap_reply(reply, &met, &pttl_ms))
        meet_leader(redis, slot, met, pttl_ms);
    else if (slot->step == STEP_PROMOTE && written)
        redis_answer_claim(redis, slot, &slot->answer);
    else if (slot->step == STEP_PROMOTE && text)
        give_back(redis, slot);         /* another was faster, or the window is over: the next round will tell */
    else if (slot->step == STEP_GIVE_BACK && (written || text))
        answer_twin(redis, slot);
    else
        redis_strange(redis, slot);
}

/* redis_queue.c: each command has a slot from its sending to its answer. Redis answers in order, so the head of `sent` is both
 * the oldest command and the one that a reply belongs to. */
#include "bridge/io/clock.h"
#include "bridge/io/redis_parts.h"
#include "codecs/check.h"
#include "codecs/mutant.h"

#include <event2/event.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SLOTS_OWN = 32,             /* for the hello and the canary */
    UNKNOWN_AFTER_MS = 50,      /* an order that cannot be carried out is not answered at once, or who asks again would spin */
    LATE_GRACE_MS = 5,          /* a late answer may lie in the socket already, when it is we who were away */
};

static void
push(struct slot_list *list, struct redis_slot *slot)
{
    slot->next = NULL;
    if (list->tail)
        list->tail->next = slot;
    else
        list->head = slot;
    list->tail = slot;
}

static struct redis_slot *
pop(struct slot_list *list)
{
    struct redis_slot *slot = list->head;
    if (slot && !(list->head = slot->next))
        list->tail = NULL;
    return slot;
}

static void
arm(struct event *timer, ms_t ms)
{
    if (ms < 0)
        ms = 0;
    struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
    if (!evtimer_pending(timer, NULL))
        evtimer_add(timer, &wait);
}

struct redis_slot *
redis_slot_take(struct redis *redis)
{
    struct redis_slot *slot = pop(&redis->free);
    if (!slot) {
        check(redis->n_used < redis->n_slots);      /* more orders under way than dedup_config.orders */
        slot = &redis->slots[redis->n_used++];
        slot->redis = redis;
    }
    slot->rounds = 0;
    slot->form = SCRIPT_BY_DIGEST;
    return slot;
}

void
redis_slot_free(struct redis *redis, struct redis_slot *slot)
{
    slot->next = redis->free.head;      /* the one used last is in the cache still */
    redis->free.head = slot;
    if (!redis->free.tail)
        redis->free.tail = slot;
}

bool
redis_is_idle(const struct redis *redis)
{
    return redis->sent.head == NULL;
}

/* ---- no answer ----------------------------------------------------------------------------------------------------------- */

static void
answer_unknown(struct redis *redis, struct redis_slot *slot)
{
    if (slot->op == DEDUP_JOURNAL)
        redis_journal_over(redis, slot);
    else if (slot->op == DEDUP_PING || redis->closing)
        redis_slot_free(redis, slot);
    else if (slot->op == DEDUP_CLAIM || slot->op == DEDUP_RESOLVE || slot->op == DEDUP_REPEAT)
        redis_answer_claim(redis, slot, &(struct claim_answer){ .verdict = MUTATED(null_is_free) ? CLAIM_FREE : CLAIM_UNKNOWN });
    else
        redis_answer_end(redis, slot, SETTLE_UNKNOWN);
}

void
redis_fail_later(struct redis *redis, struct redis_slot *slot)
{
    if (slot->op == DEDUP_JOURNAL || slot->op == DEDUP_PING || redis->closing) {
        answer_unknown(redis, slot);
        return;
    }
    slot->at_ms = clock_now_ms() + UNKNOWN_AFTER_MS;
    push(&redis->failed, slot);
    arm(redis->fail, UNKNOWN_AFTER_MS);
}

static void
on_fail(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    struct redis *redis = data;
    ms_t now_ms = clock_now_ms();
    while (redis->failed.head && redis->failed.head->at_ms <= now_ms)
        answer_unknown(redis, pop(&redis->failed));
    if (redis->failed.head)
        arm(redis->fail, redis->failed.head->at_ms - now_ms);
}

void
redis_strange(struct redis *redis, struct redis_slot *slot)
{
    redis_fail_later(redis, slot);
    redis_link_drop(&redis->link, "the server gave an answer that does not fit the command");
}

void
redis_foreign(struct redis *redis, struct redis_slot *slot)
{
    char text[LINK_TEXT_BYTES];
    snprintf(text, sizeof(text), "the key %.*s holds a value that is not alertbridge's; delete it, or set another redis.prefix",
             (int)slot->key_size, slot->key);
    redis_tell(redis, DEDUP_FOREIGN_KEY, text);
    redis_fail_later(redis, slot);
}

/* ---- errors by name ------------------------------------------------------------------------------------------------------ */

/* A script that the server forgot: the question is put again, with the text. */
static void
send_text(struct redis *redis, struct redis_slot *slot)
{
    slot->form = SCRIPT_BY_TEXT;
    switch (slot->step) {
    case STEP_LOOK:
    case STEP_SWAP:
        slot->step = STEP_LOOK;
        redis_swap_send(redis, slot, SLICE("?"), NULL, 0);
        break;
    case STEP_HOLD:
        redis_end_send(redis, slot);
        break;
    case STEP_LEADER:
    case STEP_PROMOTE:
    case STEP_GIVE_BACK:
        redis_window_again(redis, slot);
        break;
    case STEP_ADVANCE:
        redis_advance_send(redis, slot, STEP_ADVANCE);
        break;
    default:
        redis_strange(redis, slot);
        break;
    }
}

static void
on_error(struct redis *redis, struct redis_slot *slot, struct slice reply)
{
    const char *remedy;
    enum redis_cure cure = redis_error_cure(reply, &remedy);
    char text[LINK_TEXT_BYTES];
    if (cure == CURE_LOAD && slot->form == SCRIPT_BY_DIGEST && !MUTATED(noscript_fatal)) {
        send_text(redis, slot);
        return;
    }
    int size = (int)(reply.size < 150 ? reply.size : 150);
    if (cure == CURE_KEY) {
        snprintf(text, sizeof(text), "the key %.*s: %.*s%s", (int)(slot->key_size < 60 ? slot->key_size : 60), slot->key, size,
                 reply.at, remedy);
        redis_fail_later(redis, slot);
        redis_tell(redis, DEDUP_FOREIGN_KEY, text);
        return;
    }
    snprintf(text, sizeof(text), "%.*s%s", size, reply.at, remedy);
    redis_fail_later(redis, slot);
    redis->ill = true;
    if (cure == CURE_RECONNECT)
        redis_refused(redis, text);
    else
        redis_tell(redis, DEDUP_REFUSES, text);
}

/* ---- answers ------------------------------------------------------------------------------------------------------------- */

struct slice
redis_text_of(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS)
        return (struct slice){ 0 };
    return (struct slice){ reply->str, (size_t)reply->len };
}

static void
take_reply(struct redis *redis, struct redis_slot *slot, const redisReply *reply)
{
    switch (slot->step) {
    case STEP_CLAIM:
    case STEP_LOOK:
    case STEP_SWAP:
        if (slot->op == DEDUP_CLAIM || slot->op == DEDUP_RESOLVE)
            redis_claim_reply(redis, slot, reply);
        else
            redis_end_reply(redis, slot, reply);
        return;
    case STEP_DONE:
    case STEP_HOLD:
        redis_end_reply(redis, slot, reply);
        return;
    case STEP_WINDOW:
    case STEP_LEADER:
    case STEP_PROMOTE:
    case STEP_GIVE_BACK:
        redis_window_reply(redis, slot, reply);
        return;
    case STEP_PEEK:
    case STEP_ADVANCE:
        redis_pulse_reply(redis, slot, reply);
        return;
    case STEP_JOURNAL:
    case STEP_TRIM:
        redis_journal_reply(redis, slot, reply);
        return;
    case STEP_AUTH:
    case STEP_SELECT:
    case STEP_NAME:
    case STEP_INFO:
    case STEP_ROLE:
    case STEP_SAVE:
    case STEP_LOAD:
    case STEP_READY:
        redis_hello_reply(redis, slot, reply);
        return;
    case STEP_COUNT:
        break;
    }
}

static void
on_answer(struct redis *redis, struct redis_slot *slot, const redisReply *reply)
{
    bool error = reply->type == REDIS_REPLY_ERROR;
    redis->stats.commands[slot->op][error ? 1 : 0]++;
    redis->stats.last_answer_ms = redis_now(redis);
    if (error && slot->step >= STEP_AUTH) {
        redis_hello_error(redis, slot, reply->str);
    } else if (error && slot->op == DEDUP_JOURNAL) {
        redis_journal_failed(redis, reply->str);
        redis_journal_over(redis, slot);
    } else if (error) {
        on_error(redis, slot, (struct slice){ reply->str, (size_t)reply->len });
    } else {
        if (redis->ill && slot->op != DEDUP_PING && slot->op != DEDUP_JOURNAL) {
            redis->ill = false;
            redis_tell(redis, DEDUP_UP, "answers without errors again");
        }
        take_reply(redis, slot, reply);
    }
}

static void
on_reply(redisAsyncContext *context, void *reply, void *data)
{
    (void)context;
    struct redis_slot *slot = data;
    struct redis *redis = slot->redis;
    check(pop(&redis->sent) == slot);
    redis->pings -= slot->op == DEDUP_PING;
    if (reply) {
        redis->late_seen = false;
        on_answer(redis, slot, reply);
        return;
    }
    redis->ready = false;       /* what a handler asks from here on waits for the next connection */
    redis->stats.commands[slot->op][redis->timed_out ? 2 : 3]++;
    answer_unknown(redis, slot);
}

/* ---- commands ------------------------------------------------------------------------------------------------------------ */

void
redis_call(struct redis *redis, struct redis_slot *slot, enum redis_script script, uint32_t arguments)
{
    redis_script_call(&redis->resp, &redis->scripts, script, slot->form, (struct slice){ slot->key, slot->key_size }, arguments);
}

void
redis_send(struct redis *redis, struct redis_slot *slot, enum redis_step step)
{
    check(!redis->resp.buf.overflow);
    slot->step = step;
    slot->at_ms = redis_now(redis);
    push(&redis->sent, slot);
    redis->pings += slot->op == DEDUP_PING;
    if (redis_link_send(&redis->link, buf_view(&redis->resp.buf), on_reply, slot)) {
        arm(redis->late, redis->timeout_ms);
        return;
    }
    struct redis_slot **at = &redis->sent.head, *before = NULL;
    while (*at != slot) {
        before = *at;
        at = &before->next;
    }
    *at = NULL;
    redis->sent.tail = before;
    redis->pings -= slot->op == DEDUP_PING;
    redis_fail_later(redis, slot);
}

/* The oldest command waits too long: whatever the reason, this connection is given up. */
static void
on_late(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    struct redis *redis = data;
    if (!redis->sent.head)
        return;
    ms_t rest_ms = redis->sent.head->at_ms + redis->timeout_ms - clock_now_ms();
    if (rest_ms > 0 || !redis->late_seen) {
        redis->late_seen = rest_ms <= 0;
        arm(redis->late, rest_ms > 0 ? rest_ms : LATE_GRACE_MS);
        return;
    }
    redis->late_seen = false;
    redis->timed_out = true;
    redis_link_drop(&redis->link, "no answer within redis.timeout");
    redis->timed_out = false;
}

bool
redis_queue_init(struct redis *redis, struct event_base *base, uint32_t orders)
{
    redis->n_slots = orders + REDIS_JOURNAL_MOST + SLOTS_OWN;
    redis->slots = calloc(redis->n_slots, sizeof(*redis->slots));
    redis->windows = calloc(redis->n_slots, sizeof(*redis->windows));
    redis->late = evtimer_new(base, on_late, redis);
    redis->fail = evtimer_new(base, on_fail, redis);
    return redis->slots && redis->windows && redis->late && redis->fail;
}

void
redis_queue_release(struct redis *redis)
{
    if (redis->late)
        event_free(redis->late);
    if (redis->fail)
        event_free(redis->fail);
    free(redis->slots);
    free(redis->windows);
}

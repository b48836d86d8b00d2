/* redis.c: the store in Redis. On the way of an event two plain commands, claim and done mark; the rest of redis_*.c is for
 * when something else is met. The drawing is in redis_parts.h. */
#include "bridge/io/clock.h"
#include "bridge/io/redis_parts.h"
#include "bridge/io/redis_tls.h"
#include "codecs/check.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

enum { PULSE_MS_MIN = 100, IDLE_LOOK_MS = 1000, IDLE_MS_MAX = 5000 };

static struct redis *
redis_of(struct dedup *dedup)
{
    return (struct redis *)dedup;
}

void
redis_answer_claim(struct redis *redis, struct redis_slot *slot, const struct claim_answer *answer)
{
    struct claim_answer copy = *answer;     /* it may lie in the slot, and its leader beside it */
    char leader[ID_BYTES_MAX];
    struct tag tag = slot->order.tag;
    if (custody_ends_with(copy.verdict))
        custodies_close(&redis->custodies, slot->order.dispatch);
    if (copy.leader.size) {
        memcpy(leader, copy.leader.at, copy.leader.size);
        copy.leader.at = leader;
    }
    redis_slot_free(redis, slot);
    redis->dedup.handler.claimed(redis->dedup.handler.owner, tag, &copy);
}

void
redis_answer_end(struct redis *redis, struct redis_slot *slot, enum settle_answer answer)
{
    struct tag tag = slot->order.tag;
    if (slot->op == DEDUP_SETTLE && answer != SETTLE_UNKNOWN)
        custodies_close(&redis->custodies, slot->order.dispatch);
    redis_slot_free(redis, slot);
    redis->dedup.handler.settled(redis->dedup.handler.owner, tag, answer);
}

/* ---- what is asked ------------------------------------------------------------------------------------------------------- */

static struct redis_slot *
slot_of(struct redis *redis, const struct claim_order *order, enum dedup_op op)
{
    struct redis_slot *slot = redis_slot_take(redis);
    struct buf buf;
    slot->op = op;
    slot->order = *order;
    slot->order.connection = redis->connection;
    buf_init(&buf, slot->key, sizeof(slot->key));
    dedup_key_of(&redis->dedup, order, &buf);
    check(!buf.overflow);
    slot->key_size = (uint16_t)buf.size;
    slot->order.id = (struct slice){ 0 };   /* borrowed by the caller's leave only until we return */
    if (order->window)
        redis_window_keep(redis, slot, order);
    return slot;
}

static void
on_round_over(evutil_socket_t fd, short what, void *data)
{
    struct redis *redis = data;
    (void)fd, (void)what;
    redis->in_round = false;
}

ms_t
redis_now(struct redis *redis)
{
    if (redis->in_round)
        return redis->round_ms;
    redis->in_round = true;
    redis->round_ms = clock_now_ms();
    event_active(redis->round_over, EV_TIMEOUT, 0);
    return redis->round_ms;
}

static void
redis_order(struct dedup *dedup, const struct claim_order *order, enum dedup_op op)
{
    struct redis *redis = redis_of(dedup);
    struct redis_slot *slot = slot_of(redis, order, op);
    ms_t now_ms = redis_now(redis);
    if (op == DEDUP_CLAIM)      /* open as soon as it is asked for: the answer that makes it ours may be lost */
        custodies_open(&redis->custodies, order->dispatch, now_ms);
    else
        custodies_heard(&redis->custodies, order->dispatch, now_ms);
    if (!redis->ready) {
        redis_fail_later(redis, slot);
        return;
    }
    redis->unflushed++;
    if (op != DEDUP_CLAIM) {
        redis_end_send(redis, slot);
        return;
    }
    if (!redis->peeked && redis->pings == 0 && now_ms - redis->pulse_ms >= PULSE_MS_MIN) {
        redis->peeked = true;
        redis_peek_send(redis);
    }
    redis_claim_send(redis, slot);
}

/* hiredis keeps what was sent since the loop's last turn and writes it in one go when the socket takes it. */
static void
redis_flush(struct dedup *dedup)
{
    struct redis *redis = redis_of(dedup);
    if (redis->unflushed == 0)
        return;
    if (redis->peeked && redis->ready)
        redis_advance_send(redis, NULL, STEP_ADVANCE);
    redis->stats.flushes++;
    redis->unflushed = 0;
    redis->peeked = false;
}

static void
on_idle(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    struct redis *redis = data;
    if (redis->ready && redis_is_idle(redis) && clock_now_ms() - redis->stats.last_answer_ms >= IDLE_MS_MAX)
        redis_advance_send(redis, NULL, STEP_ADVANCE);
}

/* ---- the connection ------------------------------------------------------------------------------------------------------ */

static void
on_opened(void *owner)
{
    struct redis *redis = owner;
    redis_hello_send(redis);
}

static void
on_closed(void *owner, const char *text)
{
    struct redis *redis = owner;
    redis->ready = false;
    redis->peeked = false;
    redis->unflushed = 0;
    redis_tell(redis, redis->refused ? DEDUP_REFUSES : DEDUP_AWAY, text);
    redis->refused = false;
}

static void
redis_poke(struct dedup *dedup)
{
    redis_link_open_soon(&redis_of(dedup)->link);
}

static void
redis_stats(const struct dedup *dedup, struct dedup_stats *stats)
{
    *stats = ((const struct redis *)dedup)->stats;
}

/* ---- start and end ------------------------------------------------------------------------------------------------------- */

static void
redis_free(struct dedup *dedup)
{
    struct redis *redis = redis_of(dedup);
    redis->closing = true;
    redis_link_release(&redis->link);       /* hands every command back, unanswered */
    redis_queue_release(redis);
    if (redis->idle)
        event_free(redis->idle);
    if (redis->round_over)
        event_free(redis->round_over);
    secret_wipe(&redis->password);
    secret_wipe(&redis->sentinel_password);
    redis_tls_free(redis->link.tls);
    custodies_release(&redis->custodies);
    free(redis->watch);
    dedup_release(dedup);
    free(redis);
}

static bool
read_password(struct secret *secret, const char *path, const char *name, char *error, size_t error_size)
{
    secret->path = path;
    enum secret_result result = secret_read(secret);
    if (result <= SECRET_CHANGED)
        return true;
    snprintf(error, error_size, "%s: %s: %s", name, path, secret_result_text(result));
    return false;
}

static bool
take_url(struct redis *redis, const struct dedup_config *config, char *error, size_t error_size)
{
    struct redis_url_fault fault;
    if (!redis_url_parse(config->url, &redis->link.url, &fault)) {
        snprintf(error, error_size, "redis.url: %s; %s", fault.what, fault.remedy);
        return false;
    }
    if (!redis->link.url.tls)
        return true;
    redis->link.tls = redis_tls_new(config->ca_file ? config->ca_file : "", error, error_size);
    return redis->link.tls != NULL;
}

static bool
take_config(struct redis *redis, const struct dedup_config *config, char *error, size_t error_size)
{
    if (!take_url(redis, config, error, error_size) ||
        !read_password(&redis->password, config->password_file, "redis.password_file", error, error_size) ||
        !read_password(&redis->sentinel_password, config->sentinel_password_file, "redis.sentinel_password_file", error,
                       error_size))
        return false;
    redis->timeout_ms = config->timeout_ms > 0 ? config->timeout_ms : 1000;
    redis_journal_init(&redis->journal, redis->dedup.names.prefix, config->journal_max_len, config->journal_max_age_ms);
    snprintf(redis->canary_key, sizeof(redis->canary_key), "%s:canary", redis->dedup.names.prefix);
    return true;
}

static bool
take_memory(struct redis *redis, const struct dedup_config *config, struct event_base *base)
{
    struct redis_link *link = &redis->link;
    link->base = base;
    link->sentinel_password = &redis->sentinel_password;
    link->timeout_ms = redis->timeout_ms;
    link->owner = redis;
    link->opened = on_opened;
    link->closed = on_closed;
    redis->watch = calloc(1, sizeof(*redis->watch));
    redis->idle = event_new(base, -1, EV_PERSIST, on_idle, redis);
    redis->round_over = event_new(base, -1, 0, on_round_over, redis);
    return redis->watch && redis->idle && redis->round_over && custodies_init(&redis->custodies) &&
           redis_queue_init(redis, base, config->orders) && redis_link_init(link);
}

static const struct dedup_kind redis_kind = {
    .free = redis_free, .order = redis_order, .flush = redis_flush, .poke = redis_poke, .stats = redis_stats,
    .journal = redis_journal,
};

struct dedup *
redis_new(const struct dedup_config *config, struct event_base *base, const struct dedup_handler *handler, char *error,
          size_t error_size)
{
    struct redis *redis = calloc(1, sizeof(*redis));
    check(redis != NULL);
    if (!dedup_init(&redis->dedup, &redis_kind, config, handler, error, error_size) ||
        !take_config(redis, config, error, error_size))
        goto fail;
    if (!take_memory(redis, config, base)) {
        snprintf(error, error_size, "redis: out of memory");
        goto fail;
    }
    event_add(redis->idle, &(struct timeval){ .tv_usec = IDLE_LOOK_MS % 1000 * 1000, .tv_sec = IDLE_LOOK_MS / 1000 });
    redis_link_open_soon(&redis->link);
    return &redis->dedup;
fail:
    redis_free(&redis->dedup);
    return NULL;
}

/* degrade.c: a store around the one in Redis. While Redis is away it answers the orders of targets whose backend filters repeats
 * (on_redis_down: degrade) from its own memory, by the same two tables; others go to Redis and are unknown. When Redis is back it
 * gets the ends that came meanwhile, and until it has them all, claims meet the memory first. */
#include "bridge/io/clock.h"
#include "bridge/io/dedup_custody.h"
#include "bridge/io/dedup_store.h"
#include "bridge/io/owed.h"
#include "bridge/io/recall.h"
#include "codecs/check.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

enum { PROBE_MS = 1000, OWED_AGAIN_MS = 100 };

struct memory_answer {
    struct tag tag;
    enum dedup_op op;
    struct claim_answer claim;
    enum settle_answer settle;
};

struct degrade {
    struct dedup dedup;
    struct dedup *redis;
    struct recall recall;
    struct custodies custodies;         /* of claims in memory */
    struct owed owed;
    struct memory_answer *answers;      /* a ring: decided when they were asked, said from the loop */
    uint32_t n_answers, first, capacity;
    struct event *deliver;
    bool down;                          /* as Redis's store told last */
    bool told;                          /* that it goes on without */
    ms_t probe_ms;                      /* when a claim last went to Redis although it was down */
    uint64_t *claims;                   /* by target: ours, by memory */
    uint64_t claims_told;               /* all of them, when it was last told */
};

static struct degrade *
degrade_of(struct dedup *dedup)
{
    return (struct degrade *)dedup;
}

/* ---- the memory ---------------------------------------------------------------------------------------------------------- */

static bool
is_open_here(struct degrade *degrade, const struct claim_value *met, ms_t now_ms)
{
    return met && met->state == CLAIM_STATE_CLAIMED && met->owner == degrade->dedup.own &&
           custodies_is_open(&degrade->custodies, met->dispatch, met->lease_ms, now_ms);
}

static void
decide_claim(struct degrade *degrade, const struct claim_order *order, struct claim_answer *answer)
{
    ms_t now_ms = clock_now_ms();
    struct hash128 key = dedup_hash_of(&degrade->dedup, order);
    const struct memory_entry *entry = recall_get(&degrade->recall, key, now_ms);
    const struct claim_value *met = entry ? &entry->value : NULL;
    struct claim_value write;
    claim_meet(order, degrade->dedup.own, met, entry ? now_ms - entry->written_ms : 0, is_open_here(degrade, met, now_ms), answer,
               &write);
    if (write.state == CLAIM_STATE_NONE)
        return;
    recall_put(&degrade->recall, key, &write, now_ms, order->ttl_ms);
    custodies_open(&degrade->custodies, order->dispatch, now_ms);
    degrade->claims[order->target]++;
}

/* A delivery that was claimed in Redis before it went away goes on here: what is missing is won, as in Redis. */
static enum settle_answer
decide_end(struct degrade *degrade, const struct claim_order *order, enum dedup_op op)
{
    ms_t now_ms = clock_now_ms();
    struct hash128 key = dedup_hash_of(&degrade->dedup, order);
    const struct memory_entry *entry = recall_get(&degrade->recall, key, now_ms);
    struct claim_value write;
    enum settle_answer answer = claim_settle_meet(order, degrade->dedup.own, entry ? &entry->value : NULL, &write);
    if (write.state != CLAIM_STATE_NONE)
        recall_put(&degrade->recall, key, &write, now_ms, order->ttl_ms);
    if (op == DEDUP_SETTLE)
        custodies_close(&degrade->custodies, order->dispatch);
    else
        custodies_open(&degrade->custodies, order->dispatch, now_ms);
    if (op == DEDUP_SETTLE && answer == SETTLE_OK)
        owed_add(&degrade->owed, order);
    return answer;
}

/* What Redis is being told is remembered: it may be away when the same event comes again. */
static void
remember_end(struct degrade *degrade, const struct claim_order *order)
{
    ms_t now_ms = clock_now_ms();
    struct claim_value value;
    claim_value_of(order, degrade->dedup.own, order->end, &value);
    recall_put(&degrade->recall, dedup_hash_of(&degrade->dedup, order), &value, now_ms, order->ttl_ms);
    custodies_close(&degrade->custodies, order->dispatch);
}

/* Redis answers, but the memory knows more of this key: a copy claimed there is still open, or ends are owed. */
static bool
knows_more(struct degrade *degrade, const struct claim_order *order)
{
    if (degrade->custodies.n == 0 && owed_count(&degrade->owed) == 0)
        return false;
    ms_t now_ms = clock_now_ms();
    const struct memory_entry *entry = recall_get(&degrade->recall, dedup_hash_of(&degrade->dedup, order), now_ms);
    if (!entry)
        return false;
    if (entry->value.state == CLAIM_STATE_CLAIMED)
        return is_open_here(degrade, &entry->value, now_ms);
    return owed_count(&degrade->owed) > 0;
}

/* ---- orders -------------------------------------------------------------------------------------------------------------- */

static void
deliver_in(struct degrade *degrade, ms_t ms)
{
    const struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
    if (ms == 0 || !evtimer_pending(degrade->deliver, NULL))
        evtimer_add(degrade->deliver, &wait);
}

static struct memory_answer *
answer_to(struct degrade *degrade, const struct claim_order *order, enum dedup_op op)
{
    check(degrade->n_answers < degrade->capacity);
    if (degrade->n_answers == 0)
        deliver_in(degrade, 0);
    struct memory_answer *answer = &degrade->answers[(degrade->first + degrade->n_answers++) % degrade->capacity];
    *answer = (struct memory_answer){ .tag = order->tag, .op = op };
    return answer;
}

/* A server that answers with errors is known to be well again only by an order that it carries out. */
static bool
is_probe(struct degrade *degrade)
{
    ms_t now_ms = clock_now_ms();
    if (now_ms - degrade->probe_ms < PROBE_MS)
        return false;
    degrade->probe_ms = now_ms;
    return true;
}

static bool
goes_to_redis(struct degrade *degrade, const struct claim_order *order, enum dedup_op op)
{
    if (!order->degrade)
        return true;
    if (op != DEDUP_CLAIM)
        return !degrade->down;
    return degrade->down ? is_probe(degrade) : !knows_more(degrade, order);
}

static void
degrade_order(struct dedup *dedup, const struct claim_order *order, enum dedup_op op)
{
    struct degrade *degrade = degrade_of(dedup);
    if (degrade->custodies.n > 0)
        custodies_heard(&degrade->custodies, order->dispatch, clock_now_ms());
    if (!goes_to_redis(degrade, order, op)) {
        struct memory_answer *answer = answer_to(degrade, order, op);
        if (op == DEDUP_CLAIM)
            decide_claim(degrade, order, &answer->claim);
        else
            answer->settle = decide_end(degrade, order, op);
        return;
    }
    if (order->degrade && op == DEDUP_SETTLE)
        remember_end(degrade, order);
    degrade->redis->kind->order(degrade->redis, order, op);
}

/* ---- what comes back ----------------------------------------------------------------------------------------------------- */

static uint64_t
claims_of_all(const struct degrade *degrade)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < degrade->dedup.names.n_targets; i++)
        sum += degrade->claims[i];
    return sum;
}

static void
tell(struct degrade *degrade, enum dedup_state state, const char *text)
{
    degrade->dedup.handler.state(degrade->dedup.handler.owner, state, text);
}

/* Begin and end of going on without Redis; the end is when Redis has what it missed. */
static void
tell_changes(struct degrade *degrade)
{
    char text[160];
    uint64_t claims = claims_of_all(degrade) - degrade->claims_told;
    if (degrade->down && !degrade->told && claims > 0) {
        degrade->told = true;
        tell(degrade, DEDUP_DEGRADED, "targets with on_redis_down: degrade go on with this process's own memory");
    } else if (!degrade->down && degrade->told && owed_count(&degrade->owed) == 0) {
        degrade->told = false;
        degrade->claims_told += claims;
        snprintf(text, sizeof(text), "redis has the ends of what went on without it; %llu claims were by memory, %llu ends lost",
                 (unsigned long long)claims, (unsigned long long)degrade->owed.given_up);
        tell(degrade, DEDUP_RESTORED, text);
    }
}

static void
send_owed(struct degrade *degrade)
{
    struct claim_order order;
    bool any = false;
    while (!degrade->down && owed_next(&degrade->owed, &order)) {
        degrade->redis->kind->order(degrade->redis, &order, DEDUP_SETTLE);
        any = true;
    }
    if (any)
        dedup_flush(degrade->redis);
}

static void
say(struct degrade *degrade, const struct memory_answer *answer)
{
    const struct dedup_handler *handler = &degrade->dedup.handler;
    if (answer->op == DEDUP_CLAIM)
        handler->claimed(handler->owner, answer->tag, &answer->claim);
    else
        handler->settled(handler->owner, answer->tag, answer->settle);
}

/* Those that are there now: what the handler asks meanwhile is answered in the next turn. */
static void
on_deliver(evutil_socket_t fd, short what, void *data)
{
    struct degrade *degrade = data;
    (void)fd, (void)what;
    for (uint32_t n = degrade->n_answers; n > 0; n--) {
        struct memory_answer answer = degrade->answers[degrade->first];
        degrade->first = (degrade->first + 1) % degrade->capacity;
        degrade->n_answers--;
        say(degrade, &answer);
    }
    if (degrade->n_answers)
        deliver_in(degrade, 0);
    send_owed(degrade);
    tell_changes(degrade);
}

static void
on_claimed(void *owner, struct tag tag, const struct claim_answer *answer)
{
    const struct degrade *degrade = owner;
    degrade->dedup.handler.claimed(degrade->dedup.handler.owner, tag, answer);
}

static void
on_settled(void *owner, struct tag tag, enum settle_answer answer)
{
    struct degrade *degrade = owner;
    if (!owed_is_tag(tag)) {
        degrade->dedup.handler.settled(degrade->dedup.handler.owner, tag, answer);
        return;
    }
    owed_answered(&degrade->owed, tag, answer);
    deliver_in(degrade, answer == SETTLE_UNKNOWN ? OWED_AGAIN_MS : 0);
}

static void
on_state(void *owner, enum dedup_state state, const char *text)
{
    struct degrade *degrade = owner;
    degrade->down = state == DEDUP_AWAY || state == DEDUP_REFUSES;
    tell(degrade, state, text);
    deliver_in(degrade, 0);
}

static void
on_amnesia(void *owner, const char *text)
{
    const struct degrade *degrade = owner;
    degrade->dedup.handler.amnesia(degrade->dedup.handler.owner, text);
}

static void
on_unjournaled(void *owner, const char *why)
{
    const struct degrade *degrade = owner;
    degrade->dedup.handler.unjournaled(degrade->dedup.handler.owner, why);
}

/* ---- the rest of a store ------------------------------------------------------------------------------------------------- */

static void
degrade_flush(struct dedup *dedup)
{
    dedup_flush(degrade_of(dedup)->redis);
}

static void
degrade_poke(struct dedup *dedup)
{
    dedup_poke(degrade_of(dedup)->redis);
}

static void
degrade_journal(struct dedup *dedup, const struct journal_entry *entry)
{
    dedup_journal(degrade_of(dedup)->redis, entry);
}

static void
degrade_stats(const struct dedup *dedup, struct dedup_stats *stats)
{
    const struct degrade *degrade = (const struct degrade *)dedup;
    dedup_stats(degrade->redis, stats);
    stats->degraded = degrade->told;
    stats->degraded_claims = degrade->claims;
    stats->owed = owed_count(&degrade->owed);
    stats->owed_given_up = degrade->owed.given_up;
}

static void
degrade_free(struct dedup *dedup)
{
    struct degrade *degrade = degrade_of(dedup);
    dedup_free(degrade->redis);
    if (degrade->deliver)
        event_free(degrade->deliver);
    custodies_release(&degrade->custodies);
    recall_release(&degrade->recall);
    owed_release(&degrade->owed);
    free(degrade->answers);
    free(degrade->claims);
    dedup_release(dedup);
    free(degrade);
}

static bool
take_memory(struct degrade *degrade, const struct dedup_config *config, struct event_base *base)
{
    degrade->capacity = config->orders;
    degrade->answers = calloc(config->orders, sizeof(*degrade->answers));
    degrade->claims = calloc(config->n_targets ? config->n_targets : 1, sizeof(*degrade->claims));
    degrade->deliver = evtimer_new(base, on_deliver, degrade);
    return degrade->answers && degrade->claims && degrade->deliver && custodies_init(&degrade->custodies) &&
           recall_init(&degrade->recall) && owed_init(&degrade->owed);
}

size_t
dedup_degrade_size(void)
{
    return recall_size() + (size_t)OWED_CAPACITY * sizeof(struct owed_end);
}

static const struct dedup_kind degrade_kind = {
    .free = degrade_free, .order = degrade_order, .flush = degrade_flush, .poke = degrade_poke, .stats = degrade_stats,
    .journal = degrade_journal,
};

struct dedup *
degrade_new(const struct dedup_config *config, struct event_base *base, const struct dedup_handler *handler, char *error,
            size_t error_size)
{
    struct degrade *degrade = calloc(1, sizeof(*degrade));
    check(degrade != NULL);
    struct dedup_handler ours = { degrade, on_claimed, on_settled, on_state, on_amnesia, on_unjournaled };
    struct dedup_config inner = *config;
    inner.orders += OWED_UNDER_WAY_MAX;
    if (!dedup_init(&degrade->dedup, &degrade_kind, config, handler, error, error_size))
        goto fail;
    if (!take_memory(degrade, config, base)) {
        snprintf(error, error_size, "on_redis_down: out of memory");
        goto fail;
    }
    degrade->redis = redis_new(&inner, base, &ours, error, error_size);
    if (degrade->redis)
        return &degrade->dedup;
fail:
    degrade_free(&degrade->dedup);
    return NULL;
}

/* target.c: what may be sent now: the gates of a target (pause, breaker, throttle, credential, slots, rate)
 * and the batches behind them. */
#include "bridge/core/state.h"

enum { PROBED_MAX = 16 };       /* deliveries that are claimed for tries; then they take turns */

ms_t
target_safe_ms(const struct target *target)
{
    const struct target_policy *policy = target->policy;
    ms_t margin = policy->claim_lease_ms / 5 < 2000 ? policy->claim_lease_ms / 5 : 2000;
    return policy->claim_lease_ms - policy->call_timeout_ms - margin;
}

static void
breaker_set(struct engine *engine, struct target *target, enum breaker breaker)
{
    if (target->breaker == breaker)
        return;
    target->breaker = breaker;
    todo_push(engine, EFFECT_NOTE, target->index,
              breaker == BREAKER_OPEN ? NOTE_BREAKER_OPEN
              : breaker == BREAKER_CLOSED ? NOTE_BREAKER_CLOSED : NOTE_BREAKER_HALF_OPEN);
    TRACE(engine, target->policy->name, "breaker %s",
          breaker == BREAKER_OPEN ? "open" : breaker == BREAKER_CLOSED ? "closed" : "half open");
}

/* An answer, or none in time, that fewer calls at once may spare us. Refused connections say nothing about it. */
static bool
is_overload(const struct verdict *verdict)
{
    bool server = verdict->status == 0 || verdict->status >= 500;
    return verdict->outcome == OUTCOME_THROTTLED || (verdict->outcome == OUTCOME_NOT_EXECUTED && verdict->status != 0) ||
           (verdict->outcome == OUTCOME_IN_DOUBT && server);
}

static void
target_overloaded(struct engine *engine, struct target *target, ms_t called_ms)
{
    uint32_t before = concurrency_limit(&target->concurrency);
    concurrency_overloaded(&target->concurrency, called_ms, engine->now_ms);
    uint32_t after = concurrency_limit(&target->concurrency);
    if (after != before)
        TRACE(engine, target->policy->name, "too much, %u at once, not %u", after, before);
}

/* A probe is alone: that it fails says nothing about how many at once. */
void
target_felt(struct engine *engine, const struct batch *batch, const struct verdict *verdict)
{
    struct target *target = batch->target;
    if (verdict->outcome == OUTCOME_DELIVERED)
        concurrency_acknowledged(&target->concurrency, batch->called_ms, engine->now_ms, target->slots);
    if (verdict->outcome == OUTCOME_THROTTLED)
        rate_lower(&target->rate, batch->called_ms, engine->now_ms);
    if (is_overload(verdict) && target->breaker == BREAKER_CLOSED)
        target_overloaded(engine, target, batch->called_ms);
}

void
target_answered(struct engine *engine, struct target *target)
{
    target->failures = 0;
    breaker_set(engine, target, BREAKER_CLOSED);
}

void
target_took_us(struct engine *engine, struct target *target)
{
    target_answered(engine, target);
    target->refused_distinct = 0;
    target->refused_dispatch = 0;
    target->credential.is_second = false;
    if (target->pause == TARGET_RUNNING)
        return;
    target->pause = TARGET_RUNNING;
    todo_push(engine, EFFECT_NOTE, target->index, NOTE_GOES_ON);
    TRACE(engine, target->policy->name, "goes on");
}

void
target_succeeded(struct engine *engine, struct target *target)
{
    target->delivered++;
    target_took_us(engine, target);
}

void
target_failed(struct engine *engine, struct target *target)
{
    target->failures++;
    bool open = target->breaker == BREAKER_HALF_OPEN || target->failures >= target->policy->breaker_failures;
    if (!open || target->breaker == BREAKER_OPEN)
        return;
    target->probe_ms = engine->now_ms + target->policy->breaker_every_ms;
    breaker_set(engine, target, BREAKER_OPEN);
}

/* One event with a foreign account must not stop the rest: only two different ones in a row pause the target. */
void
target_refused(struct engine *engine, struct target *target, uint64_t dispatch, bool auth)
{
    target->failures = 0;
    if (auth)
        credential_refused(engine, target);
    if (target->refused_dispatch != dispatch) {
        target->refused_dispatch = dispatch;
        target->refused_distinct++;
    }
    if (target->refused_distinct < 2)
        return;
    if (target->pause == TARGET_RUNNING) {
        todo_push(engine, EFFECT_NOTE, target->index, auth ? NOTE_PAUSED_AUTH : NOTE_PAUSED_CONFIG);
        TRACE(engine, target->policy->name, "paused, %s", auth ? "auth" : "config");
    }
    target->pause = auth ? TARGET_PAUSED_AUTH : TARGET_PAUSED_CONFIG;
    target->probe_ms = engine->now_ms + PAUSED_PROBE_MS;
}

/* A token that ended while calls were under way takes them all with it. Only its successor's fate tells of the target. */
void
target_outdated(struct engine *engine, struct target *target, uint32_t credential)
{
    target->failures = 0;
    if (credential != target->credential.serial)
        return;
    credential_refused(engine, target);
    if (target->pause != TARGET_RUNNING)
        target_try_now(engine, target);
}

void
target_try_now(struct engine *engine, struct target *target)
{
    target->probe_ms = engine->now_ms;
}

bool
target_is_probing(const struct target *target)
{
    return target->breaker != BREAKER_CLOSED || target->pause != TARGET_RUNNING;
}

bool
target_is_shut(const struct engine *engine, const struct target *target)
{
    return target_is_probing(target) || target->throttled_until_ms > engine->now_ms;
}

static ms_t
gate_at(const struct engine *engine, const struct target *target)
{
    ms_t at = target->throttled_until_ms;
    if (target_is_probing(target))
        at = target->slots > 0 ? MS_NEVER : at > target->probe_ms ? at : target->probe_ms;
    if (target->slots >= concurrency_limit(&target->concurrency))
        return MS_NEVER;                    /* an answer will open it */
    return credential_usable(engine, target) ? at : MS_NEVER;
}

static bool
queue_is_full_batch(const struct target *target)
{
    return queue_size(&target->queue) >= target->policy->batch_messages || target->queue.bytes >= target->policy->batch_bytes;
}

/* When the next batch is there to be sent: now for one that was claimed before; a new one is full, or has lingered. */
static ms_t
batch_at(const struct engine *engine, const struct target *target)
{
    if (list_first(&target->ready))
        return engine->now_ms;
    if (queue_size(&target->queue) == 0)
        return MS_NEVER;
    if (queue_is_full_batch(target) || target_is_probing(target))
        return engine->now_ms;
    return target->queue.since_ms + target->policy->linger_ms;
}

static ms_t
dispatch_at(const struct engine *engine, const struct target *target)
{
    ms_t batch = batch_at(engine, target), gate = gate_at(engine, target);
    if (batch == MS_NEVER || gate == MS_NEVER || engine->drain.active || engine->paused)
        return MS_NEVER;
    return batch > gate ? batch : gate;
}

static void
count_flush(struct engine *engine, const struct target *target)
{
    if (target->policy->batch_messages == 1)
        return;
    struct target_stats *stats = target_stats(engine, (int)target->index);
    bool full = queue_size(&target->queue) >= target->policy->batch_messages;
    stats->flushes[full ? 0 : target->queue.bytes >= target->policy->batch_bytes ? 1 : 2]++;
}

/* Of a target that is only tried, who is not known to wait for another's claim: else copies and repeats of one that fails would
 * take all the tries. */
static struct delivery *
next_new(const struct target *target)
{
    struct delivery *unasked = target_is_probing(target) ? queue_unasked(&target->queue) : NULL;
    return unasked ? unasked : queue_first(&target->queue);
}

/* Takes from the head of the queue what fits one call. */
static void
fill_batch(struct engine *engine, struct target *target, struct batch *batch, uint32_t most)
{
    uint64_t bytes = 0;
    struct delivery *delivery;
    target->queue.since_ms = engine->now_ms;
    while (batch->members.size < most && (delivery = next_new(target))) {
        if (batch->members.size > 0 && bytes + delivery->bytes > target->policy->batch_bytes)
            return;
        bytes += delivery->bytes;
        batch_add(batch, delivery);
        delivery_move(engine, delivery, DELIVERY_CLAIMING);
    }
}

static void
begin_new(struct engine *engine, struct target *target)
{
    struct batch *batch = batch_open(engine, target);
    count_flush(engine, target);
    fill_batch(engine, target, batch, target_is_probing(target) ? 1 : target->policy->batch_messages);
    target->slots++;
    batch->pending = batch->members.size;
    for (struct node *node = list_first(&batch->members); node; node = list_next(&batch->members, node))
        claim_ask(engine, LIST_ENTRY(node, struct delivery, link));
}

static void
begin_ready(struct engine *engine, struct target *target)
{
    struct batch *batch = LIST_ENTRY(list_pop(&target->ready), struct batch, link);
    target->slots++;
    target->new_waits = false;
    batch_begin_again(engine, batch);
}

/* A try to find out whether the target is back is made with whom it did not fail yet, where there is one: a few that will never
 * be taken must not keep it shut for the others. Not without end: each one tried holds a claim. And not after one that waits:
 * repeats and copies that wait for one of the ready would be asked for again and again, and it would never be called. One that
 * ended without a call (a duplicate, a dead letter) is out of the way, and the next new one's turn has come. */
static bool
is_new_next(const struct target *target)
{
    if (!list_first(&target->ready))
        return true;
    if (!target_is_probing(target) || target->new_waits || MUTATED(same_poison_tried))
        return false;
    return target->ready.size < PROBED_MAX && queue_size(&target->queue) > 0;
}

void
target_dispatch(struct engine *engine, struct target *target)
{
    while (dispatch_at(engine, target) <= engine->now_ms && rate_take(&target->rate, engine->now_ms)) {
        if (target->breaker == BREAKER_OPEN)
            breaker_set(engine, target, BREAKER_HALF_OPEN);
        if (is_new_next(target))
            begin_new(engine, target);
        else
            begin_ready(engine, target);
    }
}

ms_t
target_deadline(const struct engine *engine, const struct target *target)
{
    ms_t at = dispatch_at(engine, target);
    if (at != MS_NEVER) {
        ms_t token = rate_ready_at(&target->rate, engine->now_ms);
        at = token > at ? token : at;
    }
    ms_t custody = custody_deadline(target), credential = credential_deadline(target);
    at = custody < at ? custody : at;
    return credential < at ? credential : at;
}

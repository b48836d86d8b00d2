/* retrying.c: what comes after a call that did not deliver: wait, halve, hold, ask for other credentials, or park. */
#include "bridge/core/state.h"

enum { REFUSALS_MAX = 3, REFUSED_WAIT_MS = 1000 };

static struct delivery *
first_of(const struct batch *batch)
{
    return LIST_ENTRY(list_first(&batch->members), struct delivery, link);
}

static void
park_all(struct engine *engine, struct batch *batch, enum reason reason)
{
    while (list_first(&batch->members))
        park(engine, first_of(batch), reason);
    batch_free(engine, batch);
}

/* It waits for a time: should this worker die meanwhile, nobody need doubt. What goes out again at once is spared the word. */
static void
mark_idle(struct engine *engine, struct batch *batch)
{
    for (struct node *node = list_first(&batch->members); node; node = list_next(&batch->members, node))
        claim_mark_idle(engine, LIST_ENTRY(node, struct delivery, link));
}

void
batch_ready(struct engine *engine, struct batch *batch, enum ready_place place)
{
    batch->state = BATCH_READY;
    if (place == READY_FIRST)
        list_prepend(&batch->target->ready, &batch->link);
    else
        list_append(&batch->target->ready, &batch->link);
    if (target_is_shut(engine, batch->target))
        mark_idle(engine, batch);
}

static void
batch_rest(struct engine *engine, struct batch *batch, ms_t wait_ms)
{
    batch->state = BATCH_BACKOFF;
    list_append(&batch->target->resting, &batch->link);
    timers_set(&engine->timers, &batch->timer, engine->now_ms + wait_ms);
    mark_idle(engine, batch);
    TRACE(engine, batch->target->policy->name, "again in %lld ms", (long long)wait_ms);
}

void
batch_rested(struct engine *engine, struct batch *batch)
{
    list_remove(&batch->target->resting, &batch->link);
    batch_ready(engine, batch, READY_FIRST);
}

/* Moves the second half of `batch` into a new one. */
static struct batch *
split_off(struct engine *engine, struct batch *batch, uint32_t keep)
{
    struct batch *rest = batch_open(engine, batch->target);
    struct node *node = list_first(&batch->members);
    for (uint32_t i = 0; i < keep; i++)
        node = list_next(&batch->members, node);
    while (node) {
        struct node *next = list_next(&batch->members, node);
        list_remove(&batch->members, node);
        list_append(&rest->members, node);
        batch_add(rest, LIST_ENTRY(node, struct delivery, link));
        node = next;
    }
    rest->state = BATCH_READY;
    rest->sends = batch->sends;
    rest->outcome = batch->outcome;
    return rest;
}

/* A batch that was refused as a whole: the guilty one is found by halving, in order. */
static void
halve(struct engine *engine, struct batch *batch, const struct verdict *verdict, enum reason reason)
{
    if (verdict->status != 0)
        target_took_us(engine, batch->target);
    bool parks_few = MUTATED(few_parked_whole) && batch->members.size <= 4;
    bool parks_tired = MUTATED(tired_parked_whole) && batch->failures > 0;
    if (batch->members.size == 1 || parks_few || parks_tired) {
        TRACE(engine, first_of(batch)->id, "%s alone, park %s, code %d/%s", outcome_name(verdict->outcome), reason_name(reason),
              verdict->status, verdict->code[0] ? verdict->code : "-");
        park_all(engine, batch, reason);
        return;
    }
    if (MUTATED(halving_loses_odd) && batch->members.size % 2 == 1)
        (void)list_pop(&batch->members);
    uint32_t first = MUTATED(halving_by_one) ? 1 : (batch->members.size + 1) / 2, second = batch->members.size - first;
    TRACE(engine, batch->target->policy->name, "%s %u, halve %u + %u", outcome_name(verdict->outcome), batch->members.size, first,
          second);
    target_stats(engine, (int)batch->target->index)->splits[verdict->outcome == OUTCOME_TOO_LARGE]++;
    struct batch *rest = split_off(engine, batch, first);
    batch->attempts = batch->failures = 0;
    batch->elapsed_ms = 0;
    batch_ready(engine, rest, READY_FIRST);
    batch_ready(engine, batch, READY_FIRST);
}

/* The budget of a batch is spent: each message gets one last chance alone before anything is parked. */
static void
spent(struct engine *engine, struct batch *batch)
{
    if (batch->members.size == 1) {
        TRACE(engine, first_of(batch)->id, "budget spent, park");
        park_all(engine, batch, REASON_BUDGET);
        return;
    }
    TRACE(engine, batch->target->policy->name, "budget of %u spent, singles", batch->members.size);
    while (batch->members.size > 1) {
        struct batch *single = split_off(engine, batch, batch->members.size - 1);
        single->last_chance = true;
        single->failures = batch->failures;
        batch_ready(engine, single, READY_FIRST);
    }
    batch->last_chance = true;
    batch->attempts = 0;
    batch->elapsed_ms = 0;
    batch_ready(engine, batch, READY_FIRST);
}

/* Nothing else could have been delivered meanwhile: no other batch, and in the queue nobody but who waits for another's claim, as
 * copies and repeats of this one do. */
static bool
is_alone(const struct target *target)
{
    return target->slots == 0 && !list_first(&target->ready) && !list_first(&target->resting) && !queue_unasked(&target->queue);
}

static bool
is_outage(const struct verdict *verdict)
{
    return verdict->status == 0 || verdict->status == 502 || verdict->status == 503 || verdict->status == 504;
}

/* An outage uses up no budget: an attempt counts only if the target delivered something else since the one before, or if it was
 * an answered error of the only delivery that there is. */
static bool
counts(const struct batch *batch, const struct verdict *verdict)
{
    const struct target *target = batch->target;
    if (MUTATED(outage_uses_budget))
        return true;
    if (target->breaker != BREAKER_CLOSED && is_outage(verdict))
        return false;
    return target->delivered != batch->delivered_before || (verdict->status != 0 && is_alone(target));
}

static bool
budget_left(struct engine *engine, struct batch *batch, const struct verdict *verdict)
{
    const struct target_policy *policy = batch->target->policy;
    bool counted = counts(batch, verdict);
    batch->delivered_before = batch->target->delivered;
    if (!counted)
        return true;
    batch->attempts++;
    batch->elapsed_ms += engine->now_ms - batch->called_ms;
    return !batch->last_chance && batch->attempts < policy->max_attempts && batch->elapsed_ms < policy->max_elapsed_ms;
}

static ms_t
wait_for(struct engine *engine, const struct target_policy *policy, const struct verdict *verdict, uint32_t failures)
{
    if (MUTATED(backoff_off) && verdict->retry_after_ms <= 0)
        return 1;
    if (verdict->retry_after_ms > 0 && !MUTATED(retry_after_ignored))
        return verdict->retry_after_ms < policy->retry_after_max_ms ? verdict->retry_after_ms : policy->retry_after_max_ms;
    return retry_wait(&engine->random, policy->retry_base_ms, policy->retry_max_ms, failures);
}

static void
retry_later(struct engine *engine, struct batch *batch, const struct verdict *verdict)
{
    struct target *target = batch->target;
    target_failed(engine, target);
    if (!budget_left(engine, batch, verdict)) {
        spent(engine, batch);
        return;
    }
    batch->failures++;
    if (target_is_probing(target)) {
        /* at the end: the next probe is another one's, where there is one */
        batch_ready(engine, batch, MUTATED(same_poison_tried) ? READY_FIRST : READY_LAST);
        return;
    }
    ms_t wait = wait_for(engine, target->policy, verdict, batch->failures);
    if (batch->attempts > 0)
        batch->elapsed_ms += wait;
    batch_rest(engine, batch, wait);
}

/* The target as a whole waits, whoever the call was for. */
static void
throttle(struct engine *engine, const struct batch *batch, const struct verdict *verdict)
{
    struct target *target = batch->target;
    target_answered(engine, target);
    ms_t until = engine->now_ms + wait_for(engine, target->policy, verdict, batch->failures + 1);
    if (until > target->throttled_until_ms)
        target->throttled_until_ms = until;
    TRACE(engine, target->policy->name, "throttled for %lld ms", (long long)(until - engine->now_ms));
}

static void
retry_in_doubt(struct engine *engine, struct batch *batch, const struct verdict *verdict)
{
    const struct target_policy *policy = batch->target->policy;
    struct node *next;
    for (struct node *node = list_first(&batch->members); node; node = next) {
        struct delivery *delivery = LIST_ENTRY(node, struct delivery, link);
        next = list_next(&batch->members, node);
        delivery->doubt++;
        delivery->doubt_unwritten = !MUTATED(doubt_not_written);
        if (policy->on_ambiguous == AMBIGUOUS_HOLD || delivery->doubt > policy->max_ambiguous)
            park(engine, delivery, REASON_UNCONFIRMED);
    }
    if (list_first(&batch->members)) {
        retry_later(engine, batch, verdict);
        return;
    }
    target_failed(engine, batch->target);
    batch_free(engine, batch);
}

/* The call was made with a credential that others followed since, or with one that had been accepted before. */
static bool
credential_ended(const struct batch *batch)
{
    return batch->credential != batch->target->credential.serial || !batch->target->credential.is_second;
}

/* Two different ones refused in a row: it is the target, not the event. One alone, while others are
 * delivered: it is the event. */
static void
retry_refused(struct engine *engine, struct batch *batch, const struct verdict *verdict)
{
    struct target *target = batch->target;
    bool auth = verdict->outcome == OUTCOME_AUTH, ended = auth && credential_ended(batch);
    if (ended)
        target_outdated(engine, target, batch->credential);
    else
        target_refused(engine, target, first_of(batch)->dispatch, auth);
    if (ended && !batch->excused) {
        batch->excused = true;
        batch_ready(engine, batch, READY_FIRST);
        return;
    }
    if (batch->refusals == 0)
        batch->delivered_at_refusal = target->delivered;
    batch->refusals++;
    if (batch->refusals >= REFUSALS_MAX && target->delivered > batch->delivered_at_refusal) {
        batch->refusals = 0;
        halve(engine, batch, verdict, auth ? REASON_AUTH : REASON_CONFIG);
        return;
    }
    if (target->pause != TARGET_RUNNING)
        batch_ready(engine, batch, READY_LAST);
    else
        batch_rest(engine, batch, REFUSED_WAIT_MS);
}

bool
is_orphan(const struct engine *engine, const struct record *record)
{
    return engine->drain.active || !partitions_have(engine, record);
}

/* The partition is not ours any more, or soon will not be: the next owner goes on from what the claim says. */
static void
leave_to_next_owner(struct engine *engine, struct batch *batch, const struct verdict *verdict)
{
    while (list_first(&batch->members)) {
        first_of(batch)->doubt += verdict->outcome == OUTCOME_IN_DOUBT;
        give_up(engine, first_of(batch));
    }
    batch_free(engine, batch);
}

void
retry(struct engine *engine, struct batch *batch, const struct verdict *verdict)
{
    if (verdict->outcome == OUTCOME_THROTTLED)
        throttle(engine, batch, verdict);
    if (is_orphan(engine, first_of(batch)->record)) {
        leave_to_next_owner(engine, batch, verdict);
        return;
    }
    switch (verdict->outcome) {
    case OUTCOME_NOT_SENT:
    case OUTCOME_NOT_EXECUTED:
        if (MUTATED(unsent_in_doubt))
            retry_in_doubt(engine, batch, verdict);
        else
            retry_later(engine, batch, verdict);
        return;
    case OUTCOME_THROTTLED:
        batch_ready(engine, batch, READY_FIRST);        /* it comes first afterwards and has lost nothing */
        return;
    case OUTCOME_IN_DOUBT:
        if (MUTATED(halving_on_5xx) && verdict->status >= 500 && batch->members.size > 1)
            halve(engine, batch, verdict, REASON_REJECTED);
        else
            retry_in_doubt(engine, batch, verdict);
        return;
    case OUTCOME_REJECTED:
        halve(engine, batch, verdict, REASON_REJECTED);
        return;
    case OUTCOME_TOO_LARGE:
        halve(engine, batch, verdict, REASON_TOO_LARGE);
        return;
    case OUTCOME_AUTH:
    case OUTCOME_CONFIG:
        if (MUTATED(auth_dead_lettered) && verdict->outcome == OUTCOME_AUTH)
            halve(engine, batch, verdict, REASON_AUTH);
        else
            retry_refused(engine, batch, verdict);
        return;
    case OUTCOME_DELIVERED:
        if (MUTATED(slow_doubted)) {
            retry_in_doubt(engine, batch, verdict);
            return;
        }
        break;
    case OUTCOME_COUNT:
        break;
    }
    broken("an outcome out of range");
}

void
retry_renewed(struct engine *engine, struct batch *batch, const struct verdict *verdict)
{
    target_stats(engine, (int)batch->target->index)->lease_aborts++;
    if (is_orphan(engine, first_of(batch)->record))
        leave_to_next_owner(engine, batch, verdict);
    else
        batch_ready(engine, batch, READY_FIRST);
}

/* What expired while it waited to be sent again. */
static void
park_expired(struct engine *engine, struct batch *batch)
{
    struct node *next;
    for (struct node *node = list_first(&batch->members); node; node = next) {
        struct delivery *delivery = LIST_ENTRY(node, struct delivery, link);
        next = list_next(&batch->members, node);
        if (is_expired(engine, delivery))
            park(engine, delivery, REASON_EXPIRED);
    }
}

/* Claimed already: its members are fresh enough to be called, or their claims are renewed (and doubt written) first. */
void
batch_begin_again(struct engine *engine, struct batch *batch)
{
    ms_t fresh = batch->target->policy->claim_lease_ms / 3;
    bool renewing = false;
    park_expired(engine, batch);
    for (struct node *node = list_first(&batch->members); node; node = list_next(&batch->members, node)) {
        struct delivery *delivery = LIST_ENTRY(node, struct delivery, link);
        bool stale = engine->now_ms - delivery->lease_from_ms > fresh;
        bool idle = delivery->marked_idle && !MUTATED(idle_left);
        if (!stale && !delivery->doubt_unwritten && !delivery->renewing && !idle)
            continue;
        renewing = true;
        claim_renew_in_doubt(engine, delivery);
    }
    batch->state = BATCH_RENEWING;
    if (!list_first(&batch->members))
        batch_drop(engine, batch);
    else if (!renewing)
        call_begin(engine, batch);
}

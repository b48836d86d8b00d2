/* effects.c: the ring of things to be done. An entry says what and for whom; the rest is read from
 * the state when it is pulled. */
#include "bridge/core/state.h"

void
todo_push(struct engine *engine, enum effect_kind kind, uint32_t slot, uint32_t serial)
{
    check(engine->todo_count < engine->todo_capacity);
    uint32_t at = (engine->todo_head + engine->todo_count++) & (engine->todo_capacity - 1);
    engine->todo[at] = (struct todo){ (uint8_t)kind, slot, serial };
}

static void
fill_order(const struct engine *engine, const struct delivery *delivery, struct claim_order *order)
{
    const struct target_policy *policy = &engine->config.targets[delivery->target];
    *order = (struct claim_order){
        .tag = { delivery->slot, delivery->serial },
        .target = (uint32_t)delivery->target,
        .id = delivery_id(delivery),
        .fp = delivery->fp,
        .dispatch = delivery->dispatch,
        .attempt = delivery->claim_attempt ? delivery->claim_attempt : 1,
        .doubt = delivery->doubt,
        .first_sent_ms = delivery->first_ms,
        .lease_ms = policy->claim_lease_ms,
        .ttl_ms = MUTATED(lease_as_ttl) ? policy->claim_lease_ms : policy->dedup_ttl_ms,
        .replay = delivery->replay,
        .degrade = policy->on_redis_down == REDIS_DOWN_DEGRADE,
        .end = CLAIM_STATE_CLAIMED,
    };
}

/* Claimed, and neither called nor about to be. */
static bool
is_idle(const struct delivery *delivery)
{
    if (delivery->state == DELIVERY_BACKOFF)
        return delivery->batch->state != BATCH_RENEWING;
    return delivery->state == DELIVERY_HELD || delivery->state == DELIVERY_PARKING;
}

/* From here on the key may say so, whatever the answer. That it says so no more takes an answer. */
static void
begin_renewal(struct engine *engine, struct delivery *delivery)
{
    delivery->renew_from_ms = engine->now_ms;
    delivery->renews_idle = is_idle(delivery);
    delivery->marked_idle |= delivery->renews_idle;
}

/* The lease counts from now, before the claim is sent: the safe side. */
static bool
pull_claim(struct engine *engine, const struct todo *todo, struct effect *effect)
{
    struct delivery *delivery = delivery_of(engine, (struct tag){ todo->slot, todo->serial });
    if (!delivery)
        return false;
    if (todo->kind == EFFECT_CLAIM)
        delivery->lease_from_ms = engine->now_ms;
    else if (todo->kind == EFFECT_RENEW)
        begin_renewal(engine, delivery);
    fill_order(engine, delivery, &effect->claim);
    effect->claim.idle = todo->kind == EFFECT_RENEW && delivery->renews_idle;
    if (todo->kind == EFFECT_CLAIM && delivery->windowed)
        effect->claim.window = &delivery->rare->window;
    if (todo->kind == EFFECT_SETTLE) {
        effect->claim.end = delivery->end;
        if (delivery->end == CLAIM_STATE_CLAIMED)
            effect->claim.lease_ms = 0;     /* given up in doubt: the next owner need not wait */
    }
    return true;
}

static bool
pull_call(struct engine *engine, const struct todo *todo, struct effect *effect)
{
    struct tag tag = { todo->slot, todo->serial };
    struct batch *batch = batch_of(engine, tag);
    if (!batch)
        return false;
    ms_t oldest = MS_NEVER;
    for (struct node *node = list_first(&batch->members); node; node = list_next(&batch->members, node)) {
        struct delivery *delivery = LIST_ENTRY(node, struct delivery, link);
        oldest = delivery->lease_from_ms < oldest ? delivery->lease_from_ms : oldest;
        delivery->calls++;
        delivery->last_ms = engine->wall_ms;
        if (delivery->first_ms == 0)
            delivery->first_ms = engine->wall_ms;
    }
    effect->call.tag = tag;
    effect->call.target = batch->target->index;
    effect->call.n = batch->members.size;
    effect->call.not_after_ms = MUTATED(late_calls) ? MS_NEVER : oldest + target_safe_ms(batch->target);
    effect->call.attempt = batch->sends;
    return true;
}

/* What ended without a word to the store was kept for this entry alone: it is over now, and its texts stay until it is reused. */
static bool
pull_journal(struct engine *engine, const struct todo *todo, struct effect *effect)
{
    struct delivery *delivery = delivery_of(engine, (struct tag){ todo->slot, todo->serial });
    if (!delivery)
        return false;
    bool told = journal_fill(engine, delivery, &effect->journal);
    if (delivery->state == DELIVERY_ENDING) {
        delivery_done(engine, delivery, delivery->terminal);
        engine->work = true;
    }
    return told;
}

static bool
pull_park(struct engine *engine, const struct todo *todo, struct effect *effect)
{
    struct tag tag = { todo->slot, todo->serial };
    struct delivery *delivery = delivery_of(engine, tag);
    if (!delivery)
        return false;
    struct record *record = delivery->record;
    struct buf code;
    effect->park.tag = tag;
    effect->park.handle = MUTATED(letter_of_another) ? engine->records[0].handle : record->handle;
    effect->park.target = delivery->target;
    effect->park.reason = delivery->reason;
    effect->park.fault = delivery->fault;
    buf_init(&code, effect->park.code, sizeof(effect->park.code));
    journal_put_code(&code, delivery->status, delivery_code(delivery));
    (void)buf_cstr(&code);
    effect->park.message = delivery->fault != FAULT_NONE ? fault_text(delivery->fault) : reason_text(delivery->reason);
    effect->park.attempts = delivery->calls;
    effect->park.id = delivery->id_size ? delivery_id(delivery) : (struct slice){ 0 };
    effect->park.index = MUTATED(letter_of_first) ? 0 : delivery->index;
    effect->park.topic = record->topic;
    effect->park.partition = record->number;
    effect->park.offset = record->offset;
    effect->park.first_ms = delivery->first_ms;
    effect->park.last_ms = delivery->last_ms;
    return true;
}

static bool
pull_commit(struct engine *engine, const struct todo *todo, struct effect *effect)
{
    if (todo->serial != engine->epoch || todo->slot >= engine->n_partitions)
        return false;
    struct partition *partition = &engine->partitions[todo->slot];
    partition->sent = partition->window.committable;
    partition->finished_since = 0;
    effect->commit.partition = todo->slot;
    effect->commit.epoch = todo->serial;
    effect->commit.offset = partition->sent;
    effect->commit.final = engine->drain.committing;
    TRACE(engine, partition->topic, "%d commit %lld", partition->number, (long long)partition->sent);
    return true;
}

/* The slot is the target, or the partition where it is about one. */
static bool
pull_note(const struct engine *engine, const struct todo *todo, struct effect *effect)
{
    effect->note.what = (enum note)todo->serial;
    effect->note.target = todo->slot;
    effect->note.topic = NULL;
    if (effect->note.what != NOTE_HEAD_WAITS)
        return true;
    if (todo->slot >= engine->n_partitions)
        return false;                       /* it was taken away meanwhile */
    const struct partition *partition = &engine->partitions[todo->slot];
    effect->note.target = 0;
    effect->note.topic = partition->topic;
    effect->note.partition = partition->number;
    effect->note.offset = partition->window.committable;
    return true;
}

static bool
fill(struct engine *engine, const struct todo *todo, struct effect *effect)
{
    switch ((enum effect_kind)todo->kind) {
    case EFFECT_CLAIM:
    case EFFECT_SETTLE:
    case EFFECT_RENEW:
        return pull_claim(engine, todo, effect);
    case EFFECT_JOURNAL:
        return pull_journal(engine, todo, effect);
    case EFFECT_CALL:
        return pull_call(engine, todo, effect);
    case EFFECT_PARK:
        return pull_park(engine, todo, effect);
    case EFFECT_COMMIT:
        return pull_commit(engine, todo, effect);
    case EFFECT_PAUSE:
    case EFFECT_RESUME:
        effect->partition.partition = todo->slot;
        effect->partition.epoch = todo->serial;
        return todo->serial == engine->epoch && todo->slot < engine->n_partitions;
    case EFFECT_FREE_RECORD:
        effect->handle = todo->slot;
        return true;
    case EFFECT_FETCH_CREDENTIAL:
        effect->credential.target = todo->slot;
        effect->credential.refused = todo->serial != 0;
        return true;
    case EFFECT_NOTE:
        return pull_note(engine, todo, effect);
    case EFFECT_DRAINED:
        effect->drained.shutdown = todo->slot & DRAINED_SHUTDOWN;
        effect->drained.abandoned = todo->serial;
        effect->drained.complete = !(todo->slot & DRAINED_INCOMPLETE);
        return true;
    }
    return false;
}

bool
todo_pull(struct engine *engine, struct effect *effect)
{
    while (engine->todo_count) {
        struct todo todo = engine->todo[engine->todo_head];
        engine->todo_head = (engine->todo_head + 1) & (engine->todo_capacity - 1);
        engine->todo_count--;
        effect->kind = (enum effect_kind)todo.kind;
        if (fill(engine, &todo, effect))
            return true;
    }
    return false;
}

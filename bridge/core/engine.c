/* engine.c: the door: memory at the start, inputs in, effects out, and the round of work between them. */
#include "bridge/core/state.h"

#include <string.h>

enum { POOL_ALIGN = 16 };

struct plan {
    uint32_t records, deliveries, window_slots, todo;
    size_t at[11], size;
};

static size_t
reserve(struct plan *plan, size_t size)
{
    size_t at = plan->size;
    plan->size += (size + POOL_ALIGN - 1) / POOL_ALIGN * POOL_ALIGN;
    return at;
}

uint32_t
engine_records_max(const struct engine_config *config)
{
    uint32_t floor = WINDOW_FLOOR_RECORDS * PARTITIONS_MAX;
    uint32_t records = config->window_records > floor ? config->window_records : floor;
    return records + 16 * WINDOW_SLACK_RECORDS;
}

static uint32_t
deliveries_of(const struct engine_config *config)
{
    uint32_t wanted = config->deliveries ? config->deliveries : 2 * config->window_records;
    uint32_t one_record = EVENTS_IN_RECORD_MAX * (config->n_targets + 1);
    return wanted > one_record ? wanted : one_record;
}

static uint32_t
power_of_two(uint32_t n)
{
    uint32_t power = 1;
    while (power < n)
        power *= 2;
    return power;
}

static void
plan_memory(const struct engine_config *config, struct plan *plan)
{
    *plan = (struct plan){ .records = engine_records_max(config), .deliveries = deliveries_of(config) };
    plan->window_slots = engine_records_max(config) + WINDOW_SLACK_RECORDS * PARTITIONS_MAX;
    plan->todo = power_of_two(5 * plan->deliveries + 2 * plan->records + 4 * PARTITIONS_MAX + 2 * TARGETS_MAX);
    plan->at[0] = reserve(plan, sizeof(struct engine));
    plan->at[1] = reserve(plan, plan->deliveries * sizeof(struct delivery));
    plan->at[2] = reserve(plan, plan->deliveries * sizeof(struct batch));
    plan->at[3] = reserve(plan, plan->records * sizeof(struct record));
    plan->at[4] = reserve(plan, PARTITIONS_MAX * sizeof(struct partition));
    plan->at[5] = reserve(plan, plan->window_slots * sizeof(struct window_slot));
    plan->at[6] = reserve(plan, plan->todo * sizeof(struct todo));
    plan->at[7] = reserve(plan, 2 * plan->deliveries * sizeof(struct timer *));
    plan->at[8] = reserve(plan, lanes_size(plan->deliveries));
    plan->at[9] = reserve(plan, (size_t)config->n_targets * plan->deliveries * sizeof(struct timer *));
    plan->at[10] = reserve(plan, plan->deliveries * sizeof(struct delivery_rare));
}

size_t
engine_size(const struct engine_config *config)
{
    struct plan plan;
    plan_memory(config, &plan);
    return plan.size;
}

static void
place(struct engine *engine, const struct plan *plan, char *memory)
{
    engine->deliveries = (struct delivery *)(void *)(memory + plan->at[1]);
    engine->batches = (struct batch *)(void *)(memory + plan->at[2]);
    engine->records = (struct record *)(void *)(memory + plan->at[3]);
    engine->partitions = (struct partition *)(void *)(memory + plan->at[4]);
    engine->window_slots = (struct window_slot *)(void *)(memory + plan->at[5]);
    engine->todo = (struct todo *)(void *)(memory + plan->at[6]);
    timers_init(&engine->timers, (struct timer **)(void *)(memory + plan->at[7]), 2 * plan->deliveries);
    lanes_init(&engine->lanes, memory + plan->at[8], plan->deliveries);
    engine->queue_memory = (struct timer **)(void *)(memory + plan->at[9]);
    engine->rare = (struct delivery_rare *)(void *)(memory + plan->at[10]);
    engine->n_deliveries = plan->deliveries;
    engine->n_records = plan->records;
    engine->n_window_slots = plan->window_slots;
    engine->todo_capacity = plan->todo;
}

static void
target_init(struct engine *engine, uint32_t index)
{
    struct target *target = &engine->targets[index];
    target->policy = &engine->config.targets[index];
    target->index = index;
    queue_init(&target->queue, engine->queue_memory + (size_t)index * engine->n_deliveries, engine->n_deliveries);
    list_init(&target->waiting);
    list_init(&target->ready);
    list_init(&target->resting);
    list_init(&target->custody);
    concurrency_init(&target->concurrency, target->policy->concurrency);
    rate_init(&target->rate, target->policy->rate_per_hour, engine->now_ms);
}

struct engine *
engine_init(void *memory, const struct engine_config *config, struct decoder *decoder, ms_t now_ms)
{
    struct plan plan;
    plan_memory(config, &plan);
    struct engine *engine = memory;
    engine->config = *config;
    engine->decoder = decoder;
    engine->now_ms = engine->start_ms = now_ms;
    engine->commit_at_ms = MS_NEVER;
    random_seed(&engine->random, config->seed);
    place(engine, &plan, memory);
    list_init(&engine->free_deliveries);
    list_init(&engine->free_batches);
    list_init(&engine->free_records);
    list_init(&engine->settling);
    list_init(&engine->parking);
    list_init(&engine->unexpanded);
    for (uint32_t i = 0; i < config->n_targets; i++)
        target_init(engine, i);
    for (uint32_t i = 0; i <= config->n_targets; i++)
        guard_init(&engine->guards[i]);
    engine->work = true;
    return engine;
}

void
engine_trace(struct engine *engine, void (*line)(void *owner, const char *text, size_t size), void *owner)
{
    engine->trace = line;
    engine->trace_owner = owner;
}

static void
control(struct engine *engine, enum control what)
{
    switch (what) {
    case CONTROL_PAUSE:
        engine->paused = true;
        break;
    case CONTROL_RESUME:
        engine->paused = false;
        guards_resume(engine);
        for (uint32_t i = 0; i < engine->config.n_targets; i++)
            target_try_now(engine, &engine->targets[i]);
        break;
    case CONTROL_DRAIN:
        if (!engine->drain.shutdown && !engine->stopped)
            drain_shutdown(engine);
        break;
    }
    engine->review = true;
}

void
engine_feed(struct engine *engine, const struct input *input)
{
    engine->now_ms = input->now_ms > engine->now_ms ? input->now_ms : engine->now_ms;
    engine->wall_ms = input->wall_ms;
    engine->work = true;
    switch (input->kind) {
    case INPUT_RECORD:
        intake_record(engine, input);
        return;
    case INPUT_CLAIMED:
        claim_answered(engine, input);
        return;
    case INPUT_CALLED:
        call_answered(engine, input);
        return;
    case INPUT_SETTLED:
        settle_answered(engine, input);
        return;
    case INPUT_PARKED:
        park_answered(engine, input);
        return;
    case INPUT_COMMITTED:
        partition_committed(engine, input);
        return;
    case INPUT_ASSIGNED:
        partitions_assign(engine, input);
        return;
    case INPUT_REVOKED:
        drain_revoke(engine);
        return;
    case INPUT_LOST:
        drain_lost(engine);
        return;
    case INPUT_CREDENTIAL:
        credential_answered(engine, input);
        return;
    case INPUT_CONTROL:
        control(engine, input->control);
        return;
    case INPUT_AMNESIA:
        claims_forgotten(engine, input);
        return;
    case INPUT_TICK:
        return;
    }
    broken("an input out of range");
}

static void
delivery_due(struct engine *engine, struct delivery *delivery)
{
    if (delivery->state == DELIVERY_WAITING)
        delivery_move(engine, delivery, DELIVERY_QUEUED);
    else if (delivery->state == DELIVERY_SETTLING)
        settle_again(engine, delivery);
    else if (delivery->state == DELIVERY_PARKING)
        park_again(engine, delivery);
    else if (delivery->state == DELIVERY_BACKOFF)
        renew_again(engine, delivery);
}

static void
timers_run(struct engine *engine)
{
    struct timer *timer;
    while ((timer = timers_due(&engine->timers, engine->now_ms))) {
        if (timer->kind == TIMER_DELIVERY)
            delivery_due(engine, LIST_ENTRY(timer, struct delivery, timer));
        else
            batch_rested(engine, LIST_ENTRY(timer, struct batch, timer));
    }
}

/* One round: what is due, what waited for room, what may be sent, what may be committed. Targets take turns at being first. */
static void
work(struct engine *engine)
{
    engine->work = false;
    timers_run(engine);
    intake_expand(engine);
    uint32_t n = engine->config.n_targets;
    for (uint32_t i = 0; i < n; i++) {
        struct target *target = &engine->targets[(engine->next_target + i) % n];
        credential_review(engine, target);
        custody_renew_due(engine, target);
        guard_probe_due(engine, target->index);
        target_dispatch(engine, target);
    }
    engine->next_target = n ? (engine->next_target + 1) % n : 0;
    drain_review(engine);
    if (!engine->drain.active)
        partitions_commit_due(engine);
    if (engine->review)
        partitions_review(engine);
}

bool
engine_next(struct engine *engine, struct effect *effect)
{
    while (!todo_pull(engine, effect)) {
        if (!engine->work)
            return false;
        work(engine);
    }
    return true;
}

ms_t
engine_deadline(const struct engine *engine)
{
    ms_t at = timers_next(&engine->timers);
    ms_t drain = drain_deadline(engine);
    at = drain < at ? drain : at;
    if (!engine->drain.active && engine->commit_at_ms < at)
        at = engine->commit_at_ms;
    for (uint32_t i = 0; i < engine->config.n_targets; i++) {
        ms_t target = target_deadline(engine, &engine->targets[i]);
        at = target < at ? target : at;
        ms_t guard = guard_deadline(engine, i);
        at = guard < at ? guard : at;
    }
    return at;
}

void
engine_call_member(const struct engine *engine, struct tag call, uint32_t i, struct call_member *member)
{
    check(call.slot < engine->fresh_batches && engine->batches[call.slot].serial == call.serial);
    struct batch *batch = &engine->batches[call.slot];
    check(i < batch->members.size);
    bool is_next = batch->asked && i == batch->asked_at + 1;
    struct node *node = is_next ? list_next(&batch->members, batch->asked) : list_first(&batch->members);
    for (uint32_t at = is_next ? i : 0; at < i; at++)
        node = list_next(&batch->members, node);
    batch->asked_at = i;
    batch->asked = i + 1 < batch->members.size ? node : NULL;       /* members may change before they are asked for again */
    const struct delivery *delivery = LIST_ENTRY(node, struct delivery, link);
    member->handle = delivery->record->handle;
    member->index = delivery->index;
    member->message_at = delivery->message_at;
    member->message_size = delivery->message_size;
    member->source = delivery->record->source;
    member->id = delivery_id(delivery);
    member->dispatch = delivery->dispatch;
}

bool
engine_call_origin(const struct engine *engine, struct tag call, struct call_origin *origin)
{
    if (call.slot >= engine->fresh_batches)
        return false;
    const struct batch *batch = &engine->batches[call.slot];
    if (batch->serial != call.serial || batch->state != BATCH_CALLING)
        return false;
    const struct delivery *first = LIST_ENTRY(list_first(&batch->members), struct delivery, link);
    *origin = (struct call_origin){ batch->target->index, batch->members.size, batch->sends, delivery_id(first) };
    return true;
}

bool
engine_delivery_origin(const struct engine *engine, struct tag tag, int *target, struct slice *id)
{
    if (tag.slot >= engine->fresh_deliveries)
        return false;
    const struct delivery *delivery = &engine->deliveries[tag.slot];
    if (delivery->serial != tag.serial || delivery->state == DELIVERY_FREE)
        return false;
    *target = delivery->target;
    *id = delivery_id(delivery);
    return true;
}

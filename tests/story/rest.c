/* rest.c: the pools, lists and counters of an engine at rest. */
#include "tests/story/rest.h"

#include "bridge/core/state.h"

#include <stdio.h>

static char text[200];

static const char *
target_rest(const struct engine *engine, uint32_t index)
{
    const struct target *target = &engine->targets[index];
    if (!queue_size(&target->queue) && !target->waiting.size && !target->ready.size && !target->resting.size &&
        !target->custody.size && !target->slots && !target->queue.bytes && !target->waiting_here)
        return NULL;
    snprintf(text, sizeof(text), "at rest, target %u: %u queued, %u waiting, %u ready, %u resting, %u in custody, %u slots",
             index, queue_size(&target->queue), target->waiting.size, target->ready.size, target->resting.size,
             target->custody.size, target->slots);
    return text;
}

const char *
rest_of(const struct engine *engine)
{
    uint32_t deliveries = engine->fresh_deliveries - engine->free_deliveries.size;
    uint32_t batches = engine->fresh_batches - engine->free_batches.size;
    uint32_t records = engine->fresh_records - engine->free_records.size;
    const char *why = NULL;
    if (deliveries || batches || records) {
        snprintf(text, sizeof(text), "at rest, %u deliveries, %u batches and %u records are not back in their pools", deliveries,
                 batches, records);
        return text;
    }
    if (engine->timers.count || engine->lanes.count || engine->todo_count || engine->bytes || engine->unexpanded.size) {
        snprintf(text, sizeof(text), "at rest, %u timers, %u lanes, %u effects, %lu bytes, %u unread records are left",
                 engine->timers.count, engine->lanes.count, engine->todo_count, engine->bytes, engine->unexpanded.size);
        return text;
    }
    for (uint32_t i = 0; i < engine->config.n_targets && !why; i++)
        why = target_rest(engine, i);
    for (uint32_t i = 0; i <= engine->config.n_targets && !why; i++)
        why = engine->guards[i].held.size ? "at rest, a guard holds deliveries" : NULL;
    for (uint32_t i = 0; i < engine->n_partitions && !why; i++)
        why = engine->partitions[i].held ? "at rest, a partition has held deliveries" : NULL;
    return why;
}

/* stats.c: what the engine counts, brought up to date for whoever reads it. */
#include "bridge/core/state.h"

struct target_stats *
target_stats(struct engine *engine, int target)
{
    uint32_t n = engine->config.n_targets;
    return &engine->stats.targets[target >= 0 ? (uint32_t)target : target == TARGET_DROP ? n + 1 : n];
}

static void
window_gauges(struct engine *engine)
{
    struct engine_stats *stats = &engine->stats;
    stats->window_records = stats->window_finished = stats->paused = 0;
    for (uint32_t i = 0; i < engine->n_partitions; i++) {
        stats->window_records += engine->partitions[i].window.count;
        stats->window_finished += engine->partitions[i].window.finished;
        stats->paused += engine->partitions[i].paused;
    }
    stats->window_bytes = engine->bytes;
    stats->assigned = engine->n_partitions;
    stats->lanes = engine->lanes.count;
    stats->paused_by_operator = engine->paused;
}

static void
guard_gauges(struct engine *engine)
{
    for (uint32_t i = 0; i <= engine->config.n_targets; i++) {
        engine->stats.targets[i].guarded = engine->guards[i].on;
        engine->stats.targets[i].held = engine->guards[i].held.size;
    }
}

const struct engine_stats *
engine_stats(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->config.n_targets; i++) {
        const struct target *target = &engine->targets[i];
        struct target_stats *stats = &engine->stats.targets[i];
        stats->calls_inflight = target->slots;
        stats->calls_limit = concurrency_limit(&target->concurrency);
        stats->rate_per_hour = target->rate.per_hour;
        stats->breaker = target->breaker;
        stats->pause = target->pause;
    }
    guard_gauges(engine);
    window_gauges(engine);
    return &engine->stats;
}

uint32_t
engine_partitions(const struct engine *engine, ms_t now_ms, struct partition_stats *out, uint32_t capacity)
{
    uint32_t n = engine->n_partitions < capacity ? engine->n_partitions : capacity;
    for (uint32_t i = 0; i < n; i++) {
        const struct partition *partition = &engine->partitions[i];
        int64_t oldest = window_oldest_ms(&partition->window);
        out[i] = (struct partition_stats){ .topic = partition->topic, .number = partition->number,
            .committable = partition->window.committable, .committed = partition->committed,
            .window = partition->window.count, .finished = partition->window.finished,
            .oldest_ms = oldest < 0 ? 0 : now_ms - oldest, .paused = partition->paused };
    }
    return n;
}

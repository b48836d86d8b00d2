/* gauges.c: a worker's own numbers, as facts. */
#include "tests/sim/cluster.h"
#include "tests/sim/worker.h"

enum { SHARE_MIN = 64 };

static void
tell_gauge(struct world *world, const struct worker *worker, const char *what, int64_t number, int64_t limit)
{
    world_fact(world, &(struct fact){ .kind = FACT_GAUGED, .worker = worker->life, .word = world_text(world, what),
                                      .number = number, .limit = limit });
}

/* A full window takes no more. So it is with the bytes of all of them, but for the record that fills them; and each empty window
 * takes one record though there is no room: also when it is what the calls of assignments before still hold that fills it. */
static void
tell_windows(struct world *world, const struct worker *worker)
{
    struct partition_stats partitions[LOG_PARTITIONS_MAX];
    uint32_t n = engine_partitions(worker->engine, world->now, partitions, LOG_PARTITIONS_MAX), most = 0;
    for (uint32_t i = 0; i < n; i++)
        most = partitions[i].window > most ? partitions[i].window : most;
    int64_t share = n ? world_of(world, SWARM_window_records) / n : 0;
    tell_gauge(world, worker, "window", most, share > SHARE_MIN ? share : SHARE_MIN);
    int64_t room = world_of(world, SWARM_window_bytes);
    tell_gauge(world, worker, "bytes", (int64_t)engine_stats(worker->engine)->window_bytes,
               (worker->left_bytes > room ? worker->left_bytes : room) + (1 + (int64_t)world->cluster->n_logs) * worker->largest);
}

void
gauges_tell(struct world *world, const struct worker *worker)
{
    const struct engine_stats *stats = engine_stats(worker->engine);
    for (uint32_t i = 0; i < TARGETS + 2; i++) {
        int64_t opened = 0, accounted = 0;
        for (uint32_t j = 0; j < SOURCES_MAX; j++)
            opened += (int64_t)stats->targets[i].opened[j];
        for (uint32_t j = 0; j < TERMINAL_COUNT; j++)
            accounted += (int64_t)stats->targets[i].terminal[j];
        for (uint32_t j = 0; j < STAGE_COUNT; j++)
            accounted += stats->targets[i].inflight[j];
        world_fact(world, &(struct fact){ .kind = FACT_GAUGED, .worker = worker->life, .target = (int32_t)i,
                                          .word = world_text(world, "opened"), .number = opened, .limit = accounted });
    }
    for (uint32_t i = 0; i < TARGETS; i++) {
        const struct target_stats *of = &stats->targets[i];
        tell_gauge(world, worker, "halved", (int64_t)(of->splits[0] + of->splits[1]),
                   (int64_t)(of->calls[OUTCOME_REJECTED] + of->calls[OUTCOME_TOO_LARGE] + of->calls[OUTCOME_AUTH] +
                             of->calls[OUTCOME_CONFIG]));
    }
    tell_gauge(world, worker, "records", stats->window_records, engine_records_max(&worker->config));
    tell_windows(world, worker);
}

/* At the end of a complete drain nothing is under way: what was journaled is what was counted. But for dead letters: their entry
 * comes with the end of their key, and who finds another owner's claim there ends as that one does. */
void
gauges_tell_counts(struct world *world, const struct worker *worker)
{
    const struct engine_stats *stats = engine_stats(worker->engine);
    struct fact fact = { .kind = FACT_COUNTED, .worker = worker->life };
    for (uint32_t i = 0; i < TARGETS; i++) {
        const struct target_stats *of = &stats->targets[i];
        fact.target = (int32_t)i;
        for (int end = TERMINAL_DELIVERED; end < TERMINAL_PARKED; end++) {
            fact.word = world_text(world, terminal_name((enum terminal)end));
            fact.number = (int64_t)of->terminal[end];
            world_fact(world, &fact);
        }
        if (worker->config.targets[i].backend->filters_repeats)
            continue;       /* counts no possible duplicates */
        fact.word = world_text(world, "resend");
        fact.number = (int64_t)of->possible_duplicates;
        world_fact(world, &fact);
    }
}

/* amnesia.c: Redis lost its memory: told to people and to the engine. Most losses are seen by the store itself, because it
 * remembers the canary; one from before this process began is known by Kafka and Redis together. */
#include "bridge/worker/parts.h"

#include "bridge/io/clock.h"

void
amnesia_tell(struct worker *worker, const char *why)
{
    struct input input = { .kind = INPUT_AMNESIA };
    input.amnesia.until_ms = clock_wall_ms();
    log_line(LOG_AB4104, &(struct log_fields){ .error = why });
    worker_feed(worker, &input);
}

/* The first assignment that has partitions tells; later ones see what we committed ourselves. Where reading merely began says
 * nothing about what was delivered. */
void
amnesia_assigned(struct worker *worker, const struct assignment *partitions, uint32_t n)
{
    if (worker->group_past != GROUP_PAST_UNKNOWN || n == 0)
        return;
    worker->group_past = GROUP_PAST_NONE;
    for (uint32_t i = 0; i < n; i++)
        if (partitions[i].next_offset >= 0 && !partitions[i].only_begun)
            worker->group_past = GROUP_PAST_COMMITTED;
    amnesia_review(worker);
}

/* A new group finds a Redis without a canary, as it should be. One that committed before has left one there. */
void
amnesia_review(struct worker *worker)
{
    struct dedup_stats stats;
    if (worker->began_empty || worker->group_past != GROUP_PAST_COMMITTED || dedup_is_memory(worker->config->redis.url))
        return;
    dedup_stats(worker->dedup, &stats);
    if (!stats.fresh)
        return;
    worker->began_empty = 1;
    amnesia_tell(worker, "no canary stands there, but the group has committed offsets: it was emptied while no worker ran, "
                         "or redis.url or redis.prefix were changed");
}

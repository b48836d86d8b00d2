/* partitions.c: the partitions of the present assignment: their windows, pauses and commits. */
#include "bridge/core/state.h"

#include <string.h>

static uint32_t
share_of(const struct engine *engine, uint32_t n)
{
    uint32_t share = engine->config.window_records / n;
    return share < WINDOW_FLOOR_RECORDS ? WINDOW_FLOOR_RECORDS : share;
}

static uint64_t
place_of(const struct engine *engine, const struct assignment *from)
{
    struct siphash hash;
    siphash_init64(&hash, &engine->config.hash_key);
    siphash_update(&hash, from->topic, strlen(from->topic) + 1);
    siphash_update(&hash, &from->number, sizeof(from->number));
    return siphash_end64(&hash);
}

void
partitions_assign(struct engine *engine, const struct input *input)
{
    uint32_t n = input->assigned.n;
    check(n <= PARTITIONS_MAX && input->assigned.epoch > engine->epoch);
    guards_give_up(engine);
    partitions_clear(engine);
    engine->epoch = input->assigned.epoch;
    engine->n_partitions = n;
    uint32_t capacity = n ? share_of(engine, n) + WINDOW_SLACK_RECORDS : 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct assignment *from = &input->assigned.partitions[i];
        struct partition *partition = &engine->partitions[i];
        memset(partition, 0, sizeof(*partition));
        window_init(&partition->window, engine->window_slots + (size_t)i * capacity, capacity, from->next_offset);
        partition->topic = from->topic;
        partition->topic_size = strlen(from->topic);
        partition->number = from->number;
        partition->place = place_of(engine, from);
        partition->source = from->source;
        partition->sent = partition->committed = from->next_offset;
        TRACE(engine, partition->topic, "%d assigned, epoch %u, next %lld", partition->number, engine->epoch,
              (long long)from->next_offset);
    }
    partitions_review(engine);
}

void
partitions_clear(struct engine *engine)
{
    engine->n_partitions = engine->n_open = 0;
    engine->commit_at_ms = MS_NEVER;
}

bool
partitions_have(const struct engine *engine, const struct record *record)
{
    return record->epoch == engine->epoch && engine->n_partitions > 0;
}

static void
mark_full(struct engine *engine, struct partition *partition)
{
    uint32_t high = partition->window.capacity - WINDOW_SLACK_RECORDS;
    bool full = partition->full ? partition->window.count > high / 2 : partition->window.count >= high;
    if (full == partition->full)
        return;
    partition->full = full;
    engine->review = true;
}

void
memory_review(struct engine *engine)
{
    uint64_t limit = MUTATED(window_bytes_off) ? UINT64_MAX : engine->config.window_bytes;
    uint32_t records_left = engine->free_records.size + engine->n_records - engine->fresh_records;
    bool full = engine->memory_full ? engine->bytes > limit / 4 * 3 || records_left < 4 * WINDOW_SLACK_RECORDS
                                    : engine->bytes >= limit || records_left < 2 * WINDOW_SLACK_RECORDS;
    if (full == engine->memory_full)
        return;
    engine->memory_full = full;
    engine->review = true;
}

void
partition_received(struct engine *engine, struct partition *partition)
{
    mark_full(engine, partition);
    memory_review(engine);
    if (engine->memory_full)
        engine->review = true;          /* an empty window that took its one record */
}

/* A record that is tried again and again holds up all behind it: people want to know while its budget runs. */
static void
look_at_head(struct engine *engine, struct partition *partition)
{
    bool waits = partition->full && partition->window.finished >= partition->window.count / 10 * 9;
    if (waits && !partition->head_told) {
        TRACE(engine, partition->topic, "%d waits for %lld", partition->number, (long long)partition->window.committable);
        todo_push(engine, EFFECT_NOTE, (uint32_t)(partition - engine->partitions), NOTE_HEAD_WAITS);
    }
    partition->head_told = partition->full && (waits || partition->head_told);
}

void
partition_finished(struct engine *engine, uint32_t index, uint32_t window_slot)
{
    struct partition *partition = &engine->partitions[index];
    bool moved = window_finish(&partition->window, window_slot);
    partition->finished_since++;
    mark_full(engine, partition);
    look_at_head(engine, partition);
    if (engine->memory_full && window_is_empty(&partition->window))
        engine->review = true;          /* it may take one record again */
    if (!moved)
        return;
    if (partition->finished_since >= engine->config.commit_every_records)
        engine->commit_at_ms = engine->now_ms;
    else if (engine->commit_at_ms == MS_NEVER)
        engine->commit_at_ms = engine->now_ms + engine->config.commit_every_ms;
}

static bool
wants_pause(const struct engine *engine, const struct partition *partition)
{
    if (MUTATED(window_bound_off))
        return engine->drain.active || engine->paused || partition->held > 0;
    return engine->drain.active || engine->paused || partition->full || partition->held > 0 ||
           (engine->memory_full && !window_is_empty(&partition->window));
}

bool
engine_takes(const struct engine *engine, uint32_t partition)
{
    return partition < engine->n_partitions && !wants_pause(engine, &engine->partitions[partition]);
}

void
partitions_review(struct engine *engine)
{
    engine->review = false;
    for (uint32_t i = 0; i < engine->n_partitions; i++) {
        struct partition *partition = &engine->partitions[i];
        bool pause = wants_pause(engine, partition);
        if (pause == partition->paused && (pause || !MUTATED(resume_unpaused)))
            continue;
        partition->paused = pause;
        TRACE(engine, partition->topic, "%d %s", partition->number, pause ? "pause" : "resume");
        todo_push(engine, pause ? EFFECT_PAUSE : EFFECT_RESUME, i, engine->epoch);
    }
}

static bool
wants_commit(const struct partition *partition)
{
    return !partition->committing && !partition->stale && partition->window.committable > partition->sent;
}

/* All partitions with something to commit, in one go: the adapter sends them as one request. */
void
partitions_commit_all(struct engine *engine)
{
    engine->commit_at_ms = MS_NEVER;
    for (uint32_t i = 0; i < engine->n_partitions; i++) {
        if (MUTATED(term_without_commit) && engine->drain.shutdown)
            engine->partitions[i].sent = engine->partitions[i].window.committable;
        if (!wants_commit(&engine->partitions[i]))
            continue;
        engine->partitions[i].committing = true;
        todo_push(engine, EFFECT_COMMIT, i, engine->epoch);
    }
}

void
partitions_commit_due(struct engine *engine)
{
    if (engine->commit_at_ms <= engine->now_ms)
        partitions_commit_all(engine);
}

void
partition_committed(struct engine *engine, const struct input *input)
{
    if (input->committed.epoch != engine->epoch || input->committed.partition >= engine->n_partitions) {
        engine->stats.stale_answers++;
        return;
    }
    struct partition *partition = &engine->partitions[input->committed.partition];
    partition->committing = false;
    engine->stats.commits[input->committed.result]++;
    switch (input->committed.result) {
    case COMMIT_OK:
        partition->committed = input->committed.offset;
        break;
    case COMMIT_STALE:
        partition->stale = true;
        break;
    case COMMIT_FAILED:
        partition->sent = partition->committed;
        engine->drain.commit_at_ms = engine->now_ms + DRAIN_COMMIT_AGAIN_MS;
        break;
    }
    if (engine->drain.active)
        return;                         /* a drain commits once more by itself */
    if (wants_commit(partition) && engine->commit_at_ms == MS_NEVER)
        engine->commit_at_ms = engine->now_ms + engine->config.commit_every_ms;
}

bool
partitions_are_committed(const struct engine *engine)
{
    for (uint32_t i = 0; i < engine->n_partitions; i++)
        if (engine->partitions[i].window.committable > engine->partitions[i].committed)
            return false;
    return true;
}

bool
partitions_committing(const struct engine *engine)
{
    for (uint32_t i = 0; i < engine->n_partitions; i++)
        if (engine->partitions[i].committing || wants_commit(&engine->partitions[i]))
            return true;
    return false;
}

/* draining.c: revoke, loss and shutdown: what is begun is finished, what is not is left for the next owner. */
#include "bridge/core/state.h"

static void
abandon_state(struct engine *engine, enum delivery_state state)
{
    for (uint32_t i = 0; i < engine->fresh_deliveries; i++) {
        struct delivery *delivery = &engine->deliveries[i];
        if (delivery->state == state)
            delivery_done(engine, delivery, TERMINAL_ABANDONED);
    }
}

static void
give_up_batches(struct engine *engine, struct list *batches)
{
    struct node *node;
    while ((node = list_first(batches))) {
        struct batch *batch = LIST_ENTRY(node, struct batch, link);
        while (list_first(&batch->members))
            give_up(engine, LIST_ENTRY(list_first(&batch->members), struct delivery, link));
        batch_drop(engine, batch);
    }
}

static void
drop_unexpanded(struct engine *engine)
{
    struct node *node;
    while ((node = list_pop(&engine->unexpanded))) {
        struct record *record = LIST_ENTRY(node, struct record, link);
        record->abandoned = true;
        record_finish_one(engine, record);
    }
}

/* Waiting ones first: a lane's next is then not there to be passed on to. Nothing of this was begun, or its claim is released. */
static void
abandon_idle(struct engine *engine)
{
    drop_unexpanded(engine);
    abandon_state(engine, DELIVERY_RECEIVED);
    abandon_state(engine, DELIVERY_QUEUED);
    abandon_state(engine, DELIVERY_WAITING);
    guards_give_up(engine);
    for (uint32_t i = 0; i < engine->config.n_targets; i++) {
        give_up_batches(engine, &engine->targets[i].ready);
        give_up_batches(engine, &engine->targets[i].resting);
    }
}

void
drain_begin(struct engine *engine, bool revoke)
{
    ms_t bound = revoke ? engine->config.revoke_drain_ms : engine->config.drain_ms;
    if (MUTATED(no_drain_on_revoke) && revoke)
        bound = 0;
    ms_t until = engine->now_ms + bound;
    TRACE(engine, "engine", revoke ? "revoked, drain" : "shutdown, drain");
    if (!engine->drain.active || until < engine->drain.until_ms)
        engine->drain.until_ms = until;
    engine->drain.active = true;
    engine->drain.revoke |= revoke;
    engine->drain.shutdown |= !revoke;
    abandon_idle(engine);
    engine->review = true;
}

/* Deliveries whose end is on its way. */
static uint32_t
in_flight(const struct engine *engine)
{
    uint32_t n = engine->settling.size + engine->parking.size;
    for (uint32_t i = 0; i < engine->config.n_targets; i++) {
        const struct target_stats *stats = &engine->stats.targets[i];
        n += stats->inflight[STAGE_CLAIMING] + stats->inflight[STAGE_CALLING] + stats->inflight[STAGE_BACKOFF];
    }
    return n;
}

/* Those of them that are more than a claim being given back. */
static bool
is_unfinished(const struct engine *engine)
{
    uint32_t given_back = 0;
    for (struct node *node = list_first(&engine->settling); node; node = list_next(&engine->settling, node))
        given_back += LIST_ENTRY(node, struct delivery, link)->terminal == TERMINAL_ABANDONED;
    return in_flight(engine) > given_back;
}

/* Calls under way go on; their done marks are facts. Window and commit are not ours any more: a shutdown that had something left
 * to finish or to commit there cannot be complete. */
void
drain_lost(struct engine *engine)
{
    TRACE(engine, "engine", "partitions lost");
    abandon_idle(engine);
    bool left_open = engine->drain.left_open || is_unfinished(engine) || !partitions_are_committed(engine);
    engine->drain.left_open = engine->drain.shutdown && left_open;
    if (!MUTATED(commit_after_lost))
        partitions_clear(engine);
    engine->drain.revoke = false;
    engine->drain.active = engine->drain.shutdown;
    engine->drain.committing = false;
}

/* The bound is passed while the store is away: what the backend acknowledged is terminal all the
 * same, only its mark is missing. */
static void
finish_acknowledged(struct engine *engine)
{
    struct node *next;
    for (struct node *node = list_first(&engine->settling); node; node = next) {
        struct delivery *delivery = LIST_ENTRY(node, struct delivery, link);
        next = list_next(&engine->settling, node);
        if (delivery->terminal != TERMINAL_DELIVERED)
            continue;
        TRACE(engine, delivery->id, "done without its mark");
        engine->stats.marks_missing++;
        todo_push(engine, EFFECT_NOTE, (uint32_t)delivery->target, NOTE_MARK_MISSING);
        delivery_done(engine, delivery, TERMINAL_DELIVERED);
    }
}

/* With something in flight still, its bound is passed: that is no complete drain, whatever comes of it. */
static void
drain_commit(struct engine *engine)
{
    if (in_flight(engine) > 0) {
        engine->drain.left_open = true;
        finish_acknowledged(engine);
    }
    engine->drain.committing = true;
    engine->drain.abandoned = in_flight(engine);
    engine->drain.until_ms = engine->now_ms + DRAIN_COMMIT_MS;
}

static void
drain_end(struct engine *engine)
{
    bool revoke = engine->drain.revoke;
    bool complete = partitions_are_committed(engine) && !engine->drain.left_open;
    TRACE(engine, "engine", "drained, %u abandoned%s", engine->drain.abandoned, complete ? "" : ", not complete");
    todo_push(engine, EFFECT_DRAINED, (revoke ? 0 : DRAINED_SHUTDOWN) | (complete ? 0 : DRAINED_INCOMPLETE),
              engine->drain.abandoned);
    engine->drain.committing = false;
    if (revoke) {
        engine->drain.left_open = engine->drain.shutdown && !complete;
        engine->drain.revoke = false;
        partitions_clear(engine);
    } else {
        engine->drain.shutdown = false;
        engine->stopped = true;
    }
    engine->drain.active = engine->drain.shutdown || engine->stopped;
    engine->work = true;
}

void
drain_review(struct engine *engine)
{
    if (!engine->drain.revoke && !engine->drain.shutdown)
        return;
    bool late = engine->now_ms >= engine->drain.until_ms;
    if (!engine->drain.committing) {
        if (in_flight(engine) > 0 && !late)
            return;
        drain_commit(engine);
        late = false;
    }
    if (engine->now_ms >= engine->drain.commit_at_ms)
        partitions_commit_all(engine);
    if (!partitions_committing(engine) || late)
        drain_end(engine);
}

ms_t
drain_deadline(const struct engine *engine)
{
    const struct drain *drain = &engine->drain;
    if (!drain->revoke && !drain->shutdown)
        return MS_NEVER;
    bool again = drain->committing && drain->commit_at_ms > engine->now_ms && drain->commit_at_ms < drain->until_ms;
    return again ? drain->commit_at_ms : drain->until_ms;
}

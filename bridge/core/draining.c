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

static void
begin(struct engine *engine)
{
    engine->drain.active = true;
    abandon_idle(engine);
    engine->review = true;
}

void
drain_revoke(struct engine *engine)
{
    TRACE(engine, "engine", "revoked, drain");
    engine->drain.revoke = true;
    engine->drain.revoke_by_ms = engine->now_ms + (MUTATED(no_drain_on_revoke) ? 0 : engine->config.revoke_drain_ms);
    begin(engine);
}

void
drain_shutdown(struct engine *engine)
{
    TRACE(engine, "engine", "shutdown, drain");
    engine->drain.shutdown = true;
    engine->drain.shutdown_by_ms = engine->now_ms + engine->config.drain_ms;
    begin(engine);
}

/* MS_NEVER = none is under way. A revoke within a shutdown has no more time than that. */
static ms_t
bound_of(const struct drain *drain)
{
    ms_t bound = drain->shutdown ? drain->shutdown_by_ms : MS_NEVER;
    return drain->revoke && drain->revoke_by_ms < bound ? drain->revoke_by_ms : bound;
}

/* Deliveries whose end is on its way, of whatever assignment. */
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

/* Nobody waits for what an earlier assignment left but a shutdown: its done mark spares its next owner a second call. */
static bool
is_waited_for(const struct engine *engine)
{
    return engine->drain.revoke ? engine->n_open > 0 : in_flight(engine) > 0;
}

static bool
is_here(const struct engine *engine, const struct delivery *delivery)
{
    return delivery->state != DELIVERY_FREE && partitions_have(engine, delivery->record);
}

/* Those whose end will not be known here. */
static uint32_t
abandoned(const struct engine *engine)
{
    uint32_t n = 0;
    if (!engine->drain.revoke)
        return in_flight(engine);
    for (uint32_t i = 0; engine->n_open > 0 && i < engine->fresh_deliveries; i++)
        n += is_here(engine, &engine->deliveries[i]);
    return n;
}

/* Of the present assignment, and more than a claim being given back. */
static bool
is_unfinished(const struct engine *engine)
{
    for (uint32_t i = 0; engine->n_open > 0 && i < engine->fresh_deliveries; i++) {
        const struct delivery *delivery = &engine->deliveries[i];
        bool given_back = delivery->state == DELIVERY_SETTLING && delivery->terminal == TERMINAL_ABANDONED;
        if (is_here(engine, delivery) && !given_back)
            return true;
    }
    return false;
}

/* The partitions are not ours any more; a shutdown under way goes on, by its own bound. */
static void
end_revoke(struct engine *engine)
{
    engine->drain.revoke = engine->drain.committing = false;
    engine->drain.active = engine->drain.shutdown || engine->stopped;
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
    end_revoke(engine);
}

/* The bound is passed while the store is away: what the backend acknowledged is terminal all the same, only its mark is missing.
 * What a revoke does not give back may still get its own. */
static void
finish_acknowledged(struct engine *engine)
{
    struct node *next;
    for (struct node *node = list_first(&engine->settling); node; node = next) {
        struct delivery *delivery = LIST_ENTRY(node, struct delivery, link);
        next = list_next(&engine->settling, node);
        if (delivery->terminal != TERMINAL_DELIVERED || (engine->drain.revoke && !is_here(engine, delivery)))
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
    if (is_waited_for(engine)) {
        engine->drain.left_open = true;
        finish_acknowledged(engine);
    }
    engine->drain.committing = true;
    engine->drain.commit_by_ms = engine->now_ms + DRAIN_COMMIT_MS;
}

static void
drain_end(struct engine *engine)
{
    struct drain *drain = &engine->drain;
    uint32_t n = abandoned(engine);
    bool complete = partitions_are_committed(engine) && !drain->left_open;
    TRACE(engine, "engine", "drained, %u abandoned%s", n, complete ? "" : ", not complete");
    todo_push(engine, EFFECT_DRAINED, (drain->revoke ? 0 : DRAINED_SHUTDOWN) | (complete ? 0 : DRAINED_INCOMPLETE), n);
    if (drain->revoke) {
        drain->left_open = drain->shutdown && !complete;
        if (MUTATED(shutdown_cut_by_revoke))
            drain->shutdown_by_ms = drain->commit_by_ms;
        partitions_clear(engine);
    } else {
        drain->shutdown = false;
        engine->stopped = true;
    }
    end_revoke(engine);
    engine->work = true;
}

void
drain_review(struct engine *engine)
{
    struct drain *drain = &engine->drain;
    if (bound_of(drain) == MS_NEVER)
        return;
    if (!drain->committing) {
        if (is_waited_for(engine) && engine->now_ms < bound_of(drain))
            return;
        drain_commit(engine);
    }
    if (engine->now_ms >= drain->commit_at_ms)
        partitions_commit_all(engine);
    if (!partitions_committing(engine) || engine->now_ms >= drain->commit_by_ms)
        drain_end(engine);
}

ms_t
drain_deadline(const struct engine *engine)
{
    const struct drain *drain = &engine->drain;
    if (!drain->committing)
        return bound_of(drain);
    bool again = drain->commit_at_ms > engine->now_ms && drain->commit_at_ms < drain->commit_by_ms;
    return again ? drain->commit_at_ms : drain->commit_by_ms;
}

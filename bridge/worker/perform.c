/* perform.c: the one switch from effects to adapter calls. */
#include "bridge/worker/parts.h"

#include "bridge/cmd/cmd.h"

static void
perform_drained(struct worker *worker, const struct effect *effect)
{
    if (!effect->drained.shutdown) {
        log_line(LOG_AB2204, &(struct log_fields){ .count = effect->drained.abandoned });
        kafka_release(worker->kafka);
        return;
    }
    if (!effect->drained.complete)
        worker_tell_cut_short(worker, effect->drained.abandoned);
    worker_close(worker, effect->drained.complete ? EXIT_DONE : EXIT_TEMPORARY, 0);
}

static void
perform_note(struct worker *worker, const struct effect *effect)
{
    static const enum log_code codes[] = {
        [NOTE_BREAKER_OPEN] = LOG_AB5201, [NOTE_BREAKER_HALF_OPEN] = LOG_AB5202, [NOTE_BREAKER_CLOSED] = LOG_AB5203,
        [NOTE_PAUSED_AUTH] = LOG_AB5204,  [NOTE_PAUSED_CONFIG] = LOG_AB5205,     [NOTE_GOES_ON] = LOG_AB5206,
        [NOTE_HEAD_WAITS] = LOG_AB2306,   [NOTE_MARK_MISSING] = LOG_AB4204,
        [NOTE_GUARD_ON] = LOG_AB6201, [NOTE_GUARD_OFF] = LOG_AB6202,
    };
    bool none = effect->note.target == worker->config->n_targets;       /* the guard of what no route matches */
    const char *name = none ? "_none" : worker->target_names[effect->note.target];
    struct log_fields fields = { .target = name };
    if (effect->note.what == NOTE_HEAD_WAITS)
        fields = (struct log_fields){ .topic = effect->note.topic, .has_partition = true, .partition = effect->note.partition,
                                      .has_offset = true, .offset = effect->note.offset };
    log_line(codes[effect->note.what], &fields);
}

static void
perform_free(struct worker *worker, uint32_t handle)
{
    if (worker->decoded_handle == handle)
        worker->decoded_handle = UINT32_MAX;
    if (worker->messages_of[handle] != UINT32_MAX)
        slab_drop(worker->slab, worker->messages_of[handle]);
    slab_drop(worker->slab, handle);
}

void
perform(struct worker *worker, const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_CLAIM:
        dedup_claim(worker->dedup, &effect->claim);
        return;
    case EFFECT_SETTLE:
        dedup_settle(worker->dedup, &effect->claim);
        return;
    case EFFECT_RENEW:
        dedup_renew(worker->dedup, &effect->claim);
        return;
    case EFFECT_JOURNAL:
        perform_journal(worker, &effect->journal);
        return;
    case EFFECT_CALL:
        perform_call(worker, effect);
        return;
    case EFFECT_PARK:
        perform_park(worker, effect);
        return;
    case EFFECT_COMMIT:
        kafka_commit(worker->kafka, effect->commit.partition, effect->commit.epoch, effect->commit.offset);
        return;
    case EFFECT_PAUSE:
        kafka_pause(worker->kafka, effect->partition.partition);
        return;
    case EFFECT_RESUME:
        kafka_resume(worker->kafka, effect->partition.partition);
        return;
    case EFFECT_FREE_RECORD:
        perform_free(worker, effect->handle);
        return;
    case EFFECT_FETCH_CREDENTIAL:
        credentials_fetch(worker, effect->credential.target, effect->credential.refused);
        return;
    case EFFECT_NOTE:
        perform_note(worker, effect);
        return;
    case EFFECT_DRAINED:
        perform_drained(worker, effect);
        return;
    }
}

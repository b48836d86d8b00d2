/* answers.c: what the adapters call: each callback becomes one input of the engine, or one line of the log. */
#include "bridge/worker/parts.h"

#include "bridge/cmd/cmd.h"
#include "bridge/io/clock.h"

#include <string.h>

/* ---- Kafka ----------------------------------------------------------------------------------------------------------------- */

static void
on_record(void *owner, const struct kafka_record *record)
{
    struct worker *worker = owner;
    struct input input = { .kind = INPUT_RECORD };
    uint32_t handle = slab_put(worker->slab, &record->view);
    check(handle != UINT32_MAX);        /* as many handles as the engine has records; a big record brings its own memory */
    input.record.handle = handle;
    input.record.partition = record->partition;
    input.record.epoch = record->epoch;
    input.record.offset = record->offset;
    input.record.view = slab_view(worker->slab, handle);
    input.record.bytes = slab_bytes(worker->slab, handle);
    worker_feed(worker, &input);
}

static void
on_assigned(void *owner, const struct assignment *partitions, uint32_t n, uint32_t epoch)
{
    struct worker *worker = owner;
    struct input input = { .kind = INPUT_ASSIGNED };
    input.assigned.partitions = partitions;
    input.assigned.n = n;
    input.assigned.epoch = epoch;
    worker->joined = true;
    log_line(LOG_AB2201, &(struct log_fields){ .attempt = n });
    worker_feed(worker, &input);
}

static void
on_revoked(void *owner)
{
    struct input input = { .kind = INPUT_REVOKED };
    log_line(LOG_AB2202, NULL);
    worker_feed(owner, &input);
}

static void
on_lost(void *owner)
{
    struct input input = { .kind = INPUT_LOST };
    log_line(LOG_AB2203, NULL);
    worker_feed(owner, &input);
}

static void
on_committed(void *owner, uint32_t partition, uint32_t epoch, int64_t offset, enum commit_result result)
{
    struct input input = { .kind = INPUT_COMMITTED };
    input.committed.partition = partition;
    input.committed.epoch = epoch;
    input.committed.offset = offset;
    input.committed.result = result;
    if (result != COMMIT_OK)
        log_line(result == COMMIT_STALE ? LOG_AB2302 : LOG_AB2301, &(struct log_fields){ .has_offset = true, .offset = offset });
    worker_feed(owner, &input);
}

static void
on_parked(void *owner, struct tag tag, bool ok)
{
    struct input input = { .kind = INPUT_PARKED };
    input.parked.tag = tag;
    input.parked.ok = ok;
    if (!ok)
        log_line(LOG_AB6102, NULL);
    worker_feed(owner, &input);
}

static void
on_fatal(void *owner, const char *why)
{
    struct worker *worker = owner;
    log_line(LOG_AB2401, &(struct log_fields){ .error = why });
    worker_exit(worker, EXIT_INTERNAL);
}

static void
on_trouble(void *owner, int level, const char *kind, const char *text)
{
    (void)owner;
    log_line(level <= 4 ? LOG_AB2105 : LOG_AB2106, &(struct log_fields){ .outcome = kind, .error = text });
}

static void
on_closed(void *owner)
{
    struct worker *worker = owner;
    worker_exit(worker, worker->exit_code);
}

void
answers_kafka(struct worker *worker, struct kafka_handler *handler)
{
    *handler = (struct kafka_handler){ worker, on_record, on_assigned, on_revoked, on_lost, on_committed, on_parked, on_fatal,
                                       on_trouble, on_closed };
}

/* ---- Redis ----------------------------------------------------------------------------------------------------------------- */

static void
on_claimed(void *owner, struct tag tag, const struct claim_answer *answer)
{
    struct input input = { .kind = INPUT_CLAIMED };
    input.claimed.tag = tag;
    input.claimed.answer = *answer;
    worker_feed(owner, &input);
}

static void
on_settled(void *owner, struct tag tag, enum settle_answer answer)
{
    struct input input = { .kind = INPUT_SETTLED };
    input.settled.tag = tag;
    input.settled.answer = answer;
    worker_feed(owner, &input);
}

static void
on_state(void *owner, bool up, const char *text)
{
    struct worker *worker = owner;
    log_line(up ? LOG_AB4101 : worker->store_down ? LOG_AB4103 : LOG_AB4102, &(struct log_fields){ .error = text });
    worker->store_down = !up;
}

static void
on_amnesia(void *owner, const char *text)
{
    (void)owner;
    log_line(LOG_AB4104, &(struct log_fields){ .error = text });
}

void
answers_dedup(struct worker *worker, struct dedup_handler *handler)
{
    *handler = (struct dedup_handler){ worker, on_claimed, on_settled, on_state, on_amnesia };
}

/* ---- HTTP ------------------------------------------------------------------------------------------------------------------ */

static void
on_called(void *owner, struct tag tag, const struct reply *reply, ms_t duration_ms)
{
    struct worker *worker = owner;
    if (tag.slot & (uint32_t)TOKEN_TAG) {
        credentials_answered(worker, tag.slot & ~(uint32_t)TOKEN_TAG, reply);
        return;
    }
    struct input input = { .kind = INPUT_CALLED };
    struct call_origin origin;
    input.called.tag = tag;
    if (!engine_call_origin(worker->engine, tag, &origin)) {
        worker_feed(worker, &input);    /* stale: the engine says so in its trace */
        return;
    }
    backend_of(worker->config->targets[origin.target].settings.kind)->judge(reply, &input.called.verdict);
    input.called.lease_over = reply->transport == TRANSPORT_ABORTED && reply->begun == 0;
    observe_outcome(worker, &origin, &input.called.verdict, duration_ms);
    worker_feed(worker, &input);
}

void
answers_http(struct worker *worker, struct http_handler *handler)
{
    *handler = (struct http_handler){ worker, on_called };
}

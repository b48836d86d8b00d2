/* answers.c: what the adapters call: each callback becomes one input of the engine, or one line of the log. */
#include "bridge/worker/parts.h"

#include "bridge/cmd/cmd.h"
#include "bridge/io/clock.h"

#include <string.h>

enum { LETTERS_TOLD_EVERY_MS = 30000 };

/* What a person should know of one delivery: its target and id are asked of the engine before it is told. */
static void
log_delivery(struct worker *worker, struct tag tag, enum log_code code, struct log_fields *fields)
{
    int target;
    if (!engine_delivery_origin(worker->engine, tag, &target, &fields->message_id))
        return;
    fields->target = target >= 0 ? worker->target_names[target] : "_none";
    log_line(code, fields);
}

/* ---- Kafka ----------------------------------------------------------------------------------------------------------------- */

/* What the engine wrote for batches stays with the record: a second handle, dropped with the first. */
static void
keep_messages(struct worker *worker, uint32_t handle)
{
    worker->messages_of[handle] = UINT32_MAX;
    if (worker->messages.size == 0)
        return;
    worker->messages_of[handle] = slab_put(worker->slab, &(struct record_view){ .value = buf_view(&worker->messages) });
    check(worker->messages_of[handle] != UINT32_MAX);
}

static bool
on_takes(void *owner, uint32_t partition)
{
    const struct worker *worker = owner;
    return engine_takes(worker->engine, partition);
}

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
    buf_reset(&worker->messages);
    input.record.messages = &worker->messages;
    worker_feed(worker, &input);
    keep_messages(worker, handle);
}

static void
brokers_answer(struct worker *worker)
{
    if (worker->brokers_away)
        log_line(LOG_AB2101, NULL);
    worker->brokers_away = false;
}

static void
on_assigned(void *owner, const struct assignment *partitions, uint32_t n, uint32_t epoch)
{
    struct worker *worker = owner;
    struct input input = { .kind = INPUT_ASSIGNED };
    input.assigned.partitions = partitions;
    input.assigned.n = n;
    input.assigned.epoch = epoch;
    amnesia_assigned(worker, partitions, n);
    if (!worker->joined)
        log_line(LOG_AB8102, NULL);
    worker->joined = true;
    brokers_answer(worker);
    log_line(LOG_AB2201, &(struct log_fields){ .count = n });
    for (uint32_t i = 0; i < n; i++)
        if (partitions[i].next_offset < 0)
            log_line(LOG_AB2304, &(struct log_fields){ .topic = partitions[i].topic, .has_partition = true,
                                                       .partition = partitions[i].number });
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
    if (result == COMMIT_OK)
        brokers_answer(owner);
    if (result != COMMIT_OK)
        log_line(result == COMMIT_STALE ? LOG_AB2302 : LOG_AB2301, &(struct log_fields){ .has_offset = true, .offset = offset });
    worker_feed(owner, &input);
}

/* The first at once, then one line for all of half a minute: each letter is tried again each second. */
static void
tell_refused(struct worker *worker, struct tag tag, const char *why)
{
    struct log_fields fields = { .topic = worker->config->dead_letter.topic, .error = why };
    ms_t now_ms = clock_now_ms();
    worker->letters_refused++;
    if (worker->letters_told_ms != 0 && now_ms - worker->letters_told_ms < LETTERS_TOLD_EVERY_MS)
        return;
    fields.count = worker->letters_refused;
    worker->letters_told_ms = now_ms;
    worker->letters_refused = 0;
    log_delivery(worker, tag, LOG_AB6102, &fields);
}

static void
on_parked(void *owner, struct tag tag, enum letter_answer answer, const char *why)
{
    struct worker *worker = owner;
    struct input input = { .kind = INPUT_PARKED };
    input.parked.tag = tag;
    input.parked.ok = answer == LETTER_WRITTEN;
    if (answer != LETTER_LATER)         /* else nobody tried to write it */
        worker->park_writes[answer == LETTER_REFUSED]++;
    if (answer == LETTER_REFUSED)
        tell_refused(worker, tag, why);
    worker_feed(owner, &input);
}

static void
on_fatal(void *owner, const char *why)
{
    struct worker *worker = owner;
    log_line(LOG_AB2401, &(struct log_fields){ .error = why });
    worker_exit(worker, EXIT_INTERNAL);
}

/* No broker: said once, then at intervals by the log's own rate limit. A commit or an assignment says that one is back. */
static enum log_code
trouble_code(struct worker *worker, int level, const char *kind)
{
    if (level > 4)
        return LOG_AB2106;
    if (strcmp(kind, "auth") == 0 || strcmp(kind, "tls") == 0)
        return LOG_AB2104;
    if (strcmp(kind, "offset") == 0)
        return LOG_AB2303;
    if (strcmp(kind, "topic") == 0)
        return LOG_AB2305;
    if (strcmp(kind, "size") == 0)
        return LOG_AB6103;
    if (strcmp(kind, "transport") != 0)
        return LOG_AB2105;
    bool again = worker->brokers_away;
    worker->brokers_away = true;
    return again ? LOG_AB2103 : LOG_AB2102;
}

static void
on_trouble(void *owner, int level, const char *kind, const char *text)
{
    log_line(trouble_code(owner, level, kind), &(struct log_fields){ .outcome = kind, .error = text });
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
    *handler = (struct kafka_handler){ worker,       on_takes,  on_record, on_assigned, on_revoked, on_lost,
                                       on_committed, on_parked, on_fatal,  on_trouble,  on_closed };
}

/* ---- Redis ----------------------------------------------------------------------------------------------------------------- */

static void
on_claimed(void *owner, struct tag tag, const struct claim_answer *answer)
{
    if (answer->verdict == CLAIM_CONFLICT || answer->verdict == CLAIM_TAKEOVER)
        log_delivery(owner, tag, answer->verdict == CLAIM_CONFLICT ? LOG_AB4201 : LOG_AB4203, &(struct log_fields){ 0 });
    struct input input = { .kind = INPUT_CLAIMED };
    input.claimed.tag = tag;
    input.claimed.answer = *answer;
    worker_feed(owner, &input);
}

static void
on_settled(void *owner, struct tag tag, enum settle_answer answer)
{
    if (answer == SETTLE_FENCED)
        log_delivery(owner, tag, LOG_AB4202, &(struct log_fields){ 0 });
    struct input input = { .kind = INPUT_SETTLED };
    input.settled.tag = tag;
    input.settled.answer = answer;
    worker_feed(owner, &input);
}

/* What repeats while it lasts has a quieter code for the second time on. */
static enum log_code
state_code(const struct worker *worker, enum dedup_state state)
{
    switch (state) {
    case DEDUP_UP:
        return LOG_AB4101;
    case DEDUP_AWAY:
        return worker->store_down ? LOG_AB4103 : LOG_AB4102;
    case DEDUP_REFUSES:
    case DEDUP_FOREIGN_KEY:
        return LOG_AB4107;
    case DEDUP_MAY_EVICT:
        return LOG_AB4106;
    case DEDUP_IN_MEMORY:
        return LOG_AB4105;
    case DEDUP_DEGRADED:
        return LOG_AB4109;
    case DEDUP_RESTORED:
        return LOG_AB4110;
    }
    return LOG_AB4102;
}

static void
on_state(void *owner, enum dedup_state state, const char *text)
{
    struct worker *worker = owner;
    log_line(state_code(worker, state), &(struct log_fields){ .error = text });
    worker->store_down = state == DEDUP_AWAY || state == DEDUP_REFUSES || state == DEDUP_DEGRADED;
    amnesia_review(worker);
}

static void
on_amnesia(void *owner, const char *text)
{
    amnesia_tell(owner, text);
}

static void
on_unjournaled(void *owner, const char *why)
{
    (void)owner;
    log_line(LOG_AB4108, &(struct log_fields){ .error = why });
}

void
answers_dedup(struct worker *worker, struct dedup_handler *handler)
{
    *handler = (struct dedup_handler){ worker, on_claimed, on_settled, on_state, on_amnesia, on_unjournaled };
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
    observe_outcome(worker, &input, &origin, duration_ms);
    worker_feed(worker, &input);
}

void
answers_http(struct worker *worker, struct http_handler *handler)
{
    *handler = (struct http_handler){ worker, on_called };
}

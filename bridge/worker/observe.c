/* observe.c: what people see of a worker: readiness, and one log line where a call did not deliver. Metrics: metrics_text.c. */
#include "bridge/worker/parts.h"

#include "bridge/io/clock.h"

enum { REDIS_SILENT_MAX_MS = 30000 };

uint32_t
observe_checks(void *owner, struct admin_check out[ADMIN_CHECKS_MAX])
{
    struct worker *worker = owner;
    struct dedup_stats dedup;
    uint32_t n = 0;
    dedup_stats(worker->dedup, &dedup);
    bool redis = dedup.up || (dedup.last_answer_ms > 0 && clock_now_ms() - dedup.last_answer_ms < REDIS_SILENT_MAX_MS);
    if (worker->config->readiness.kafka)
        out[n++] = (struct admin_check){ "kafka", worker->joined, "has not joined the group yet" };
    if (worker->config->readiness.redis)
        out[n++] = (struct admin_check){ "redis", redis, "no answer for 30 s" };
    out[n++] = (struct admin_check){ "draining", !worker->draining, "is leaving" };
    return n;
}

static bool
started(void *owner)
{
    (void)owner;
    return true;            /* the port is bound last but for the connections, none of which a start waits for */
}

static void
version(void *owner, struct buf *json)
{
    (void)owner;
    buf_text(json, "{\"version\":");
    buf_json_string(json, slice_of(ALERTBRIDGE_VERSION));
    buf_text(json, "}\n");
}

void
observe_admin(struct worker *worker, struct admin_handler *handler)
{
    *handler = (struct admin_handler){ worker, observe_checks, started, metrics_text, version };
}

static const enum log_code outcome_codes[OUTCOME_COUNT] = {
    [OUTCOME_DELIVERED] = LOG_AB5109,    [OUTCOME_NOT_SENT] = LOG_AB5101, [OUTCOME_NOT_EXECUTED] = LOG_AB5101,
    [OUTCOME_THROTTLED] = LOG_AB5102,    [OUTCOME_IN_DOUBT] = LOG_AB5111, [OUTCOME_REJECTED] = LOG_AB5103,
    [OUTCOME_TOO_LARGE] = LOG_AB5105,    [OUTCOME_AUTH] = LOG_AB5101,     [OUTCOME_CONFIG] = LOG_AB5101,
};

enum call_result
timing_result(enum outcome outcome)
{
    if (outcome == OUTCOME_DELIVERED)
        return CALL_OK;
    return outcome == OUTCOME_THROTTLED ? CALL_THROTTLED : outcome == OUTCOME_IN_DOUBT ? CALL_IN_DOUBT : CALL_REFUSED;
}

/* From the record's timestamp to the acknowledgement. The first message is the oldest of its call: its
 * age stands for all of them. */
static void
observe_age(struct worker *worker, struct tag tag, const struct call_origin *origin)
{
    struct call_member member;
    engine_call_member(worker->engine, tag, 0, &member);
    int64_t born_ms = slab_view(worker->slab, member.handle)->timestamp_ms;
    if (born_ms >= 0)
        histogram_add_many(&worker->timing.age[origin->target], BUCKETS_AGE, (double)(worker->wall_ms - born_ms) / 1e3,
                           origin->n);
}

/* A batch that is refused will be halved: its first message is not the guilty one and is not named. */
static enum log_code
outcome_code(const struct call_origin *origin, const struct input *called)
{
    enum outcome outcome = called->called.verdict.outcome;
    bool content = outcome == OUTCOME_REJECTED || outcome == OUTCOME_TOO_LARGE;
    if (called->called.lease_over)
        return LOG_AB5106;
    return content && origin->n > 1 ? LOG_AB5104 : outcome_codes[outcome];
}

void
observe_outcome(struct worker *worker, const struct input *called, const struct call_origin *origin, ms_t duration_ms)
{
    const struct verdict *verdict = &called->called.verdict;
    struct log_fields fields = {
        .target = worker->target_names[origin->target], .outcome = outcome_name(verdict->outcome), .attempt = origin->attempt,
        .http_status = verdict->status, .backend_code = verdict->code, .request_id = verdict->request_id,
        .duration_ms = duration_ms,
    };
    histogram_add(&worker->timing.call[origin->target][timing_result(verdict->outcome)], BUCKETS_CALL, (double)duration_ms / 1e3);
    if (origin->n == 1)
        fields.message_id = origin->first_id;
    if (verdict->outcome == OUTCOME_DELIVERED)
        observe_age(worker, called->called.tag, origin);
    else                                            /* what was delivered is told one by one, by the journal */
        log_line(outcome_code(origin, called), &fields);
}

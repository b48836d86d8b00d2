/* metrics_text.c: the scrape: numbers of engine, adapters and log under the names of metrics.def.
 * Rendered at most once a second. */
#include "bridge/worker/parts.h"

#include "bridge/io/clock.h"

#include <stdio.h>
#include <string.h>

static const char *
target_label(const struct worker *worker, uint32_t i)
{
    uint32_t n = worker->config->n_targets;
    return i < n ? worker->target_names[i] : i == n ? "_none" : "_drop";
}

/* Each of these writes one metric for all targets; `i` runs over the two pseudo targets as well where that makes sense. */
#define EACH_TARGET(worker, i, extra) for (uint32_t i = 0; i < (worker)->config->n_targets + (extra); i++)

static void
deliveries(struct worker *worker, struct buf *text, const struct engine_stats *stats)
{
    metrics_begin(text, METRIC_DELIVERIES_OPENED);
    EACH_TARGET(worker, i, 2)
        for (uint32_t j = 0; j < worker->config->n_sources; j++)
            metrics_u64(text, METRIC_DELIVERIES_OPENED, stats->targets[i].opened[j], "source", worker->config->sources[j].name,
                        "target", target_label(worker, i), NULL);
    metrics_begin(text, METRIC_DELIVERIES_TERMINAL);
    EACH_TARGET(worker, i, 2)
        for (unsigned j = 0; j < TERMINAL_COUNT; j++)
            metrics_u64(text, METRIC_DELIVERIES_TERMINAL, stats->targets[i].terminal[j], "target", target_label(worker, i),
                        "outcome", terminal_name((enum terminal)j), NULL);
    metrics_begin(text, METRIC_DELIVERIES_SUPPRESSED);
    EACH_TARGET(worker, i, 0)
        metrics_u64(text, METRIC_DELIVERIES_SUPPRESSED, stats->targets[i].suppressed, "target", target_label(worker, i), NULL);
    metrics_begin(text, METRIC_DELIVERIES_INFLIGHT);
    for (unsigned j = 0; j < STAGE_COUNT; j++) {
        uint64_t sum = 0;
        EACH_TARGET(worker, i, 2)
            sum += stats->targets[i].inflight[j];
        metrics_u64(text, METRIC_DELIVERIES_INFLIGHT, sum, "stage", stage_name((enum stage)j), NULL);
    }
    metrics_begin(text, METRIC_PARKED);
    EACH_TARGET(worker, i, 1)
        for (unsigned j = 0; j < REASON_COUNT; j++)
            metrics_u64(text, METRIC_PARKED, stats->targets[i].parked[j], "target", target_label(worker, i), "reason",
                        reason_name((enum reason)j), NULL);
    metrics_begin(text, METRIC_PARK_GUARD);
    EACH_TARGET(worker, i, 1)
        metrics_u64(text, METRIC_PARK_GUARD, stats->targets[i].guarded, "target", target_label(worker, i), NULL);
    metrics_begin(text, METRIC_PARK_HELD);
    EACH_TARGET(worker, i, 1)
        metrics_u64(text, METRIC_PARK_HELD, stats->targets[i].held, "target", target_label(worker, i), NULL);
}

static void
claims(struct worker *worker, struct buf *text, const struct engine_stats *stats)
{
    metrics_begin(text, METRIC_CLAIMS);
    EACH_TARGET(worker, i, 0)
        for (unsigned j = 0; j < CLAIM_VERDICT_COUNT; j++)
            metrics_u64(text, METRIC_CLAIMS, stats->targets[i].claims[j], "target", target_label(worker, i), "verdict",
                        claim_verdict_name((enum claim_verdict)j), NULL);
    metrics_begin(text, METRIC_CLAIMS_FENCED);
    EACH_TARGET(worker, i, 0)
        metrics_u64(text, METRIC_CLAIMS_FENCED, stats->targets[i].fenced, "target", target_label(worker, i), NULL);
    metrics_begin(text, METRIC_LEASE_ABORTS);
    EACH_TARGET(worker, i, 0)
        metrics_u64(text, METRIC_LEASE_ABORTS, stats->targets[i].lease_aborts, "target", target_label(worker, i), NULL);
    metrics_begin(text, METRIC_POSSIBLE_DUPLICATES);
    EACH_TARGET(worker, i, 0)
        metrics_u64(text, METRIC_POSSIBLE_DUPLICATES, stats->targets[i].possible_duplicates, "target", target_label(worker, i),
                    NULL);
}

static void
calls(struct worker *worker, struct buf *text, const struct engine_stats *stats)
{
    static const char *const results[CALL_RESULT_COUNT] = { "ok", "refused", "throttled", "in_doubt" };
    metrics_begin(text, METRIC_CALLS);
    EACH_TARGET(worker, i, 0)
        for (unsigned j = 0; j < OUTCOME_COUNT; j++)
            metrics_u64(text, METRIC_CALLS, stats->targets[i].calls[j], "target", target_label(worker, i), "class",
                        outcome_name((enum outcome)j), NULL);
    metrics_begin(text, METRIC_CALL_RETRIES);
    EACH_TARGET(worker, i, 0)
        for (unsigned j = 0; j < OUTCOME_COUNT; j++)
            metrics_u64(text, METRIC_CALL_RETRIES, stats->targets[i].retries[j], "target", target_label(worker, i), "reason",
                        outcome_name((enum outcome)j), NULL);
    metrics_begin(text, METRIC_CALL_DURATION);
    EACH_TARGET(worker, i, 0)
        for (unsigned j = 0; j < CALL_RESULT_COUNT; j++)
            metrics_histogram(text, METRIC_CALL_DURATION, BUCKETS_CALL, &worker->timing.call[i][j], "target",
                              target_label(worker, i), "result", results[j], NULL);
    metrics_begin(text, METRIC_EVENT_AGE);
    EACH_TARGET(worker, i, 0)
        metrics_histogram(text, METRIC_EVENT_AGE, BUCKETS_AGE, &worker->timing.age[i], "target", target_label(worker, i), NULL);
    metrics_begin(text, METRIC_CALLS_INFLIGHT);
    EACH_TARGET(worker, i, 0)
        metrics_u64(text, METRIC_CALLS_INFLIGHT, stats->targets[i].calls_inflight, "target", target_label(worker, i), NULL);
    metrics_begin(text, METRIC_CALLS_LIMIT);
    EACH_TARGET(worker, i, 0)
        metrics_u64(text, METRIC_CALLS_LIMIT, stats->targets[i].calls_limit, "target", target_label(worker, i), NULL);
    metrics_begin(text, METRIC_TARGET_RATE);
    EACH_TARGET(worker, i, 0)
        metrics_u64(text, METRIC_TARGET_RATE, stats->targets[i].rate_per_hour, "target", target_label(worker, i), NULL);
    metrics_begin(text, METRIC_MESSAGES);
    EACH_TARGET(worker, i, 0)
        metrics_u64(text, METRIC_MESSAGES, stats->targets[i].messages, "target", target_label(worker, i), NULL);
}

static void
batches(struct worker *worker, struct buf *text, const struct engine_stats *stats)
{
    static const char *const causes[3] = { "full", "bytes", "linger" };
    static const char *const splits[2] = { "rejected", "too_large" };
    metrics_begin(text, METRIC_BATCH_MESSAGES);
    EACH_TARGET(worker, i, 0)
        metrics_histogram(text, METRIC_BATCH_MESSAGES, BUCKETS_COUNT_LIKE, &worker->timing.batch[i], "target",
                          target_label(worker, i), NULL);
    metrics_begin(text, METRIC_BATCH_FLUSHES);
    EACH_TARGET(worker, i, 0)
        for (unsigned j = 0; j < 3; j++)
            metrics_u64(text, METRIC_BATCH_FLUSHES, stats->targets[i].flushes[j], "target", target_label(worker, i), "cause",
                        causes[j], NULL);
    metrics_begin(text, METRIC_BATCH_SPLITS);
    EACH_TARGET(worker, i, 0)
        for (unsigned j = 0; j < 2; j++)
            metrics_u64(text, METRIC_BATCH_SPLITS, stats->targets[i].splits[j], "target", target_label(worker, i), "cause",
                        splits[j], NULL);
}

/* One gauge a value, 0 or 1, all present. */
/* An operator pauses all targets at once. */
static bool
is_paused(const struct engine_stats *stats, uint32_t target, enum target_pause pause)
{
    return pause == TARGET_RUNNING ? stats->paused_by_operator : stats->targets[target].pause == pause;
}

static void
gates(struct worker *worker, struct buf *text, const struct engine_stats *stats)
{
    static const char *const circuit[3] = { "closed", "half_open", "open" };
    static const char *const pauses[] = {
        [TARGET_RUNNING] = "operator", [TARGET_PAUSED_AUTH] = "auth", [TARGET_PAUSED_CONFIG] = "config",
    };
    metrics_begin(text, METRIC_CIRCUIT_STATE);
    EACH_TARGET(worker, i, 0)
        for (unsigned j = 0; j < 3; j++)
            metrics_u64(text, METRIC_CIRCUIT_STATE, (unsigned)stats->targets[i].breaker == j, "target", target_label(worker, i),
                        "state", circuit[j], NULL);
    metrics_begin(text, METRIC_TARGET_PAUSED);
    EACH_TARGET(worker, i, 0)
        for (unsigned j = 0; j < 3; j++)
            metrics_u64(text, METRIC_TARGET_PAUSED, is_paused(stats, (uint32_t)i, (enum target_pause)j), "target",
                        target_label(worker, i), "reason", pauses[j], NULL);
}

static void
records(struct worker *worker, struct buf *text, const struct engine_stats *stats)
{
    metrics_begin(text, METRIC_RECORDS_CONSUMED);
    for (unsigned j = 0; j < FORMAT_COUNT; j++)
        metrics_u64(text, METRIC_RECORDS_CONSUMED, stats->records[j], "codec",
                    j == FORMAT_AUTO ? "unknown" : format_name((enum format)j), NULL);
    metrics_begin(text, METRIC_RECORDS_REPEATED);
    metrics_u64(text, METRIC_RECORDS_REPEATED, stats->records_repeated, NULL);
    metrics_begin(text, METRIC_DECODE_FAILURES);
    for (uint32_t i = 0; i < worker->config->n_sources; i++)
        for (unsigned j = 1; j < FAULT_COUNT; j++)
            metrics_u64(text, METRIC_DECODE_FAILURES, stats->faults[i][j], "source", worker->config->sources[i].name, "reason",
                        fault_name((enum fault)j), NULL);
    metrics_begin(text, METRIC_UNKNOWN_FIELDS);
    for (uint32_t i = 0; i < worker->config->n_sources; i++)
        metrics_u64(text, METRIC_UNKNOWN_FIELDS, stats->unknown_fields[i], "source", worker->config->sources[i].name, NULL);
    metrics_begin(text, METRIC_EVENTS_ROUTED);
    for (uint32_t i = 0; i < worker->config->n_routes; i++)
        metrics_u64(text, METRIC_EVENTS_ROUTED, stats->routed[i], "route", worker->config->routes[i].name, NULL);
    metrics_begin(text, METRIC_LANES);
    metrics_u64(text, METRIC_LANES, stats->lanes, NULL);
    metrics_begin(text, METRIC_STALE_ANSWERS);
    metrics_u64(text, METRIC_STALE_ANSWERS, stats->stale_answers, NULL);
}

/* How many partitions of each topic are ours; topics come one after the other in an assignment. */
static void
assigned_rows(struct buf *text, const struct partition_stats *rows, uint32_t n)
{
    metrics_begin(text, METRIC_ASSIGNED);
    for (uint32_t i = 0, count = 0; i < n; i++) {
        count++;
        if (i + 1 < n && strcmp(rows[i].topic, rows[i + 1].topic) == 0)
            continue;
        metrics_u64(text, METRIC_ASSIGNED, count, "topic", rows[i].topic, NULL);
        count = 0;
    }
}

static void
partition_rows(struct worker *worker, struct buf *text)
{
    static struct partition_stats rows[PARTITIONS_MAX];
    static const enum metric metrics[4] = { METRIC_WINDOW_RECORDS, METRIC_WINDOW_FINISHED, METRIC_WINDOW_AGE,
                                            METRIC_COMMITTED_OFFSET };
    uint32_t n = worker_partitions(worker, rows, PARTITIONS_MAX);
    assigned_rows(text, rows, n);
    n = worker->config->metrics_per_partition ? n : 0;
    for (unsigned m = 0; m < 4; m++) {
        metrics_begin(text, metrics[m]);
        for (uint32_t i = 0; i < n; i++) {
            double values[4] = { rows[i].window, rows[i].finished, (double)rows[i].oldest_ms / 1e3, (double)rows[i].committed };
            char number[16];
            snprintf(number, sizeof(number), "%d", rows[i].number);
            metrics_f64(text, metrics[m], values[m], "topic", rows[i].topic, "partition", number, NULL);
        }
    }
}

static void
kafka_rows(struct worker *worker, struct buf *text, const struct engine_stats *stats)
{
    static const char *const rebalances[3] = { "assign", "revoke", "lost" };
    static const char *const commits[3] = { "ok", "stale", "error" };
    struct kafka_stats kafka;
    kafka_stats(worker->kafka, &kafka);
    metrics_begin(text, METRIC_BROKERS_UP);
    metrics_u64(text, METRIC_BROKERS_UP, kafka.brokers_up, NULL);
    metrics_begin(text, METRIC_REBALANCES);
    for (unsigned j = 0; j < 3; j++)
        metrics_u64(text, METRIC_REBALANCES, kafka.rebalances[j], "type", rebalances[j], NULL);
    metrics_begin(text, METRIC_KAFKA_ERRORS);
    metrics_u64(text, METRIC_KAFKA_ERRORS, kafka.errors, NULL);
    metrics_begin(text, METRIC_COMMITS);
    for (unsigned j = 0; j < 3; j++)
        metrics_u64(text, METRIC_COMMITS, stats->commits[j], "result", commits[j], NULL);
    metrics_begin(text, METRIC_PAUSED_PARTITIONS);
    metrics_u64(text, METRIC_PAUSED_PARTITIONS, stats->paused, NULL);
    metrics_begin(text, METRIC_STOPPED_PARTITIONS);
    metrics_u64(text, METRIC_STOPPED_PARTITIONS, kafka.stopped, NULL);
    metrics_begin(text, METRIC_WINDOW_BYTES);
    metrics_u64(text, METRIC_WINDOW_BYTES, stats->window_bytes, NULL);
    metrics_begin(text, METRIC_WINDOW_LIMIT);
    metrics_u64(text, METRIC_WINDOW_LIMIT, worker->config->limits.window_bytes, NULL);
    partition_rows(worker, text);
}

static void
degraded_rows(struct worker *worker, const struct dedup_stats *dedup, struct buf *text)
{
    metrics_begin(text, METRIC_DEDUP_DEGRADED);
    EACH_TARGET(worker, i, 0) {
        bool degrades = worker->settings->targets[i].on_redis_down == REDIS_DOWN_DEGRADE;
        metrics_u64(text, METRIC_DEDUP_DEGRADED, degrades && dedup->degraded, "target", target_label(worker, i), NULL);
    }
    metrics_begin(text, METRIC_DEGRADED_DELIVERIES);
    EACH_TARGET(worker, i, 0)
        metrics_u64(text, METRIC_DEGRADED_DELIVERIES, dedup->degraded_claims ? dedup->degraded_claims[i] : 0, "target",
                    target_label(worker, i), NULL);
    metrics_begin(text, METRIC_REDIS_OWED);
    metrics_u64(text, METRIC_REDIS_OWED, dedup->owed, NULL);
    metrics_begin(text, METRIC_REDIS_OWED_LOST);
    metrics_u64(text, METRIC_REDIS_OWED_LOST, dedup->owed_given_up, NULL);
}

static void
redis_rows(struct worker *worker, struct buf *text)
{
    static const char *const ops[DEDUP_OP_COUNT] = { "claim", "resolve", "repeat", "settle", "renew", "journal", "ping" };
    static const char *const results[4] = { "ok", "error", "timeout", "lost" };
    struct dedup_stats dedup;
    dedup_stats(worker->dedup, &dedup);
    metrics_begin(text, METRIC_REDIS_UP);
    metrics_u64(text, METRIC_REDIS_UP, dedup.up, NULL);
    metrics_begin(text, METRIC_REDIS_COMMANDS);
    for (unsigned i = 0; i < DEDUP_OP_COUNT; i++)
        for (unsigned j = 0; j < 4; j++)
            metrics_u64(text, METRIC_REDIS_COMMANDS, dedup.commands[i][j], "op", ops[i], "result", results[j], NULL);
    metrics_begin(text, METRIC_REDIS_PIPELINES);
    metrics_u64(text, METRIC_REDIS_PIPELINES, dedup.flushes, NULL);
    metrics_begin(text, METRIC_REDIS_RECONNECTS);
    metrics_u64(text, METRIC_REDIS_RECONNECTS, dedup.reconnects, NULL);
    metrics_begin(text, METRIC_REDIS_AMNESIA);
    metrics_u64(text, METRIC_REDIS_AMNESIA, dedup.amnesia + worker->began_empty, NULL);
    degraded_rows(worker, &dedup, text);
}

static void
result_rows(struct buf *text, enum metric metric, const uint64_t values[2])
{
    metrics_begin(text, metric);
    metrics_u64(text, metric, values[0], "result", "ok", NULL);
    metrics_u64(text, metric, values[1], "result", "error", NULL);
}

static void
credential_rows(struct worker *worker, struct buf *text)
{
    metrics_begin(text, METRIC_CREDENTIAL_REFRESHES);
    EACH_TARGET(worker, i, 0) {
        metrics_u64(text, METRIC_CREDENTIAL_REFRESHES, worker->holders[i].fetched[0], "target", target_label(worker, i), "result",
                    "ok", NULL);
        metrics_u64(text, METRIC_CREDENTIAL_REFRESHES, worker->holders[i].fetched[1], "target", target_label(worker, i), "result",
                    "error", NULL);
    }
    result_rows(text, METRIC_SECRET_RELOADS, worker->secret_reloads);
    result_rows(text, METRIC_PARK_WRITES, worker->park_writes);
}

static void
log_rows(struct buf *text)
{
    static const char *const levels[LOG_LEVEL_COUNT] = { "error", "warning", "info", "debug" };
    struct log_stats stats;
    log_stats(&stats);
    metrics_begin(text, METRIC_LOG_LINES);
    for (unsigned j = 0; j < LOG_LEVEL_COUNT; j++)
        metrics_u64(text, METRIC_LOG_LINES, stats.lines[j], "level", levels[j], NULL);
    metrics_begin(text, METRIC_LOG_SUPPRESSED);
    for (unsigned j = 0; j < LOG_LEVEL_COUNT; j++)
        metrics_u64(text, METRIC_LOG_SUPPRESSED, stats.suppressed[j], "level", levels[j], NULL);
    metrics_begin(text, METRIC_LOG_DROPPED);
    metrics_u64(text, METRIC_LOG_DROPPED, stats.dropped, NULL);
}

static void
ready_rows(struct worker *worker, struct buf *text)
{
    struct admin_check checks[ADMIN_CHECKS_MAX];
    uint32_t n = observe_checks(worker, checks);
    metrics_begin(text, METRIC_READY);
    for (uint32_t i = 0; i < n; i++)
        metrics_u64(text, METRIC_READY, checks[i].ok, "check", checks[i].name, NULL);
}

static void
state_rows(struct worker *worker, struct buf *text, const struct engine_stats *stats)
{
    static const char *const names[4] = { "starting", "running", "paused", "draining" };
    unsigned state = worker->draining ? 3 : stats->paused_by_operator ? 2 : worker->joined ? 1 : 0;
    metrics_begin(text, METRIC_BUILD_INFO);
    metrics_u64(text, METRIC_BUILD_INFO, 1, "version", ALERTBRIDGE_VERSION, NULL);
    ready_rows(worker, text);
    metrics_begin(text, METRIC_STATE);
    for (unsigned j = 0; j < 4; j++)
        metrics_u64(text, METRIC_STATE, j == state, "state", names[j], NULL);
}

void
metrics_text(void *owner, struct buf *text)
{
    struct worker *worker = owner;
    const struct engine_stats *stats = engine_stats(worker->engine);
    state_rows(worker, text, stats);
    records(worker, text, stats);
    deliveries(worker, text, stats);
    claims(worker, text, stats);
    calls(worker, text, stats);
    batches(worker, text, stats);
    gates(worker, text, stats);
    kafka_rows(worker, text, stats);
    redis_rows(worker, text);
    credential_rows(worker, text);
    log_rows(text);
    metrics_process(text);
}

/* test_metrics_text.c: the scrape of a worker that holds as many partitions as it may. */
#include "bridge/io/clock.h"
#include "bridge/space.h"
#include "bridge/worker/parts.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 8 * 1024 * 1024, TOPICS = 3, TOPIC_BYTES_MAX = 249 /* Kafka's */ };

static struct {
    struct worker worker;
    struct config config;
    char topics[TOPICS][TOPIC_BYTES_MAX + 1];
    struct assignment partitions[PARTITIONS_MAX];
    struct buf text;
} bench;

static void
on_kafka(void *owner, int level, const char *kind, const char *text)
{
    (void)owner, (void)level, (void)kind, (void)text;
}

static void
start_adapters(void)
{
    static const struct kafka_topic topic = { "in", 0, false };
    static const char *const targets[] = { "soar" };
    const struct kafka_config kafka = {
        .brokers = "127.0.0.1:1", .group = "g", .instance_id = "", .topics = &topic, .n_topics = 1
    };
    const struct kafka_handler kafka_handler = { .trouble = on_kafka };
    const struct dedup_config dedup = { .url = "memory:", .prefix = "ab", .targets = targets, .n_targets = 1, .orders = 64 };
    const struct dedup_handler dedup_handler = { 0 };
    char error[256];
    bench.worker.kafka = kafka_new(&kafka, bench.worker.base, &kafka_handler, error, sizeof error);
    cr_assert_not_null(bench.worker.kafka, "%s", error);
    bench.worker.dedup = dedup_new(&dedup, bench.worker.base, &dedup_handler, error, sizeof error);
    cr_assert_not_null(bench.worker.dedup, "%s", error);
}

static void
setup(void)
{
    struct worker *worker = &bench.worker;
    struct config_target *target = &bench.config.targets[0];
    worker->config = &bench.config;
    worker->base = event_base_new();
    bench.config.n_targets = 1;
    bench.config.limits.window_records = 64;
    bench.config.limits.window_bytes = 1 << 20;
    target->name = worker->target_names[0] = "soar";
    target->settings.kind = TARGET_SOAR;
    target->concurrency = target->batch_messages = 1;
    worker->settings = calloc(1, sizeof(*worker->settings));
    worker_engine_config(&bench.config, worker->settings);
    worker->engine_memory = calloc(1, engine_size(worker->settings));
    worker->decoder = decoder_new();
    worker->engine = engine_init(worker->engine_memory, worker->settings, worker->decoder, clock_now_ms());
    start_adapters();
    buf_init(&bench.text, space_map(TEXT_BYTES_MAX), TEXT_BYTES_MAX);
}

static void
teardown(void)
{
    kafka_free(bench.worker.kafka);
    dedup_free(bench.worker.dedup);
    decoder_free(bench.worker.decoder);
    free(bench.worker.engine_memory);
    free(bench.worker.settings);
    event_base_free(bench.worker.base);
    space_unmap(bench.text.at, TEXT_BYTES_MAX);
}

/* Topics of the longest names, a third of the partitions each. */
static void
assign_all(void)
{
    for (uint32_t i = 0; i < TOPICS; i++)
        memset(bench.topics[i], 'a' + (int)i, TOPIC_BYTES_MAX);
    for (uint32_t i = 0; i < PARTITIONS_MAX; i++)
        bench.partitions[i] = (struct assignment){ .topic = bench.topics[i * TOPICS / PARTITIONS_MAX], .number = (int32_t)i };
    struct input input = { .kind = INPUT_ASSIGNED, .now_ms = clock_now_ms() };
    input.assigned.partitions = bench.partitions;
    input.assigned.n = PARTITIONS_MAX;
    input.assigned.epoch = 1;
    engine_feed(bench.worker.engine, &input);
}

static uint32_t
count(const char *part)
{
    uint32_t n = 0;
    for (const char *at = buf_cstr(&bench.text); (at = strstr(at, part)) != NULL; at++)
        n++;
    return n;
}

/* The sum of the samples of one metric. */
static uint64_t
sum(const char *metric)
{
    uint64_t total = 0;
    for (const char *at = buf_cstr(&bench.text); (at = strstr(at, metric)) != NULL; at++)
        total += strtoull(strchr(at, ' ') + 1, NULL, 10);
    return total;
}

TestSuite(metrics_text, .init = setup, .fini = teardown);

Test(metrics_text, each_partition_that_a_worker_may_hold_is_counted_and_has_its_rows)
{
    assign_all();
    bench.config.metrics_per_partition = true;
    metrics_text(&bench.worker, &bench.text);
    cr_assert_not(bench.text.overflow);
    cr_expect_eq(count("\nalertbridge_kafka_assigned_partitions{"), TOPICS);
    cr_expect_eq(sum("\nalertbridge_kafka_assigned_partitions{"), PARTITIONS_MAX);
    cr_expect_eq(count("\nalertbridge_window_records{"), PARTITIONS_MAX);
    cr_expect_eq(count("\nalertbridge_kafka_committed_offset{"), PARTITIONS_MAX);
    cr_expect_eq(count("partition=\"1023\""), 4);
}

Test(metrics_text, without_rows_of_partitions_they_are_counted_all_the_same)
{
    assign_all();
    metrics_text(&bench.worker, &bench.text);
    cr_expect_eq(sum("\nalertbridge_kafka_assigned_partitions{"), PARTITIONS_MAX);
    cr_expect_eq(count("\nalertbridge_window_records{"), 0);
}

/* test_takes.c: the owner is asked before each record, on a cluster of librdkafka's own. */
#include "bridge/io/kafka_sender.h"
#include "tests/wire/kafka_world.h"

#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>

enum { PARTITIONS = 4, RECORDS = 200 };

static uint32_t most;       /* of each partition */

static uint32_t
count_of(const struct member_of_test *m, int32_t number)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < m->n_records; i++)
        n += m->records[i].number == number;
    return n;
}

static bool
takes(const struct member_of_test *m, uint32_t partition)
{
    return count_of(m, m->partitions[partition].number) < most;
}

static void
fill(const char *brokers)
{
    char error[256], value[16];
    struct kafka_sender_result result;
    struct kafka_sender *sender =
        kafka_sender_new(&(struct kafka_sender_config){ .brokers = brokers, .topic = "in" }, error, sizeof error);
    cr_assert_not_null(sender, "%s", error);
    for (int i = 0; i < RECORDS; i++) {
        int size = snprintf(value, sizeof value, "r-%d", i);
        const struct record_view view = { .value = { value, (size_t)size }, .timestamp_ms = -1 };
        cr_assert(kafka_sender_put(sender, &view, i % PARTITIONS));
    }
    kafka_sender_finish(sender, PATIENCE_MS, &result);
    cr_assert_eq(result.written, RECORDS, "%s", result.error);
    kafka_sender_free(sender);
}

static void
expect_each_in_order(const struct member_of_test *m)
{
    int64_t next[PARTITIONS] = { 0 };
    for (unsigned i = 0; i < m->n_records; i++)
        cr_expect_eq(m->records[i].offset, next[m->records[i].number]++, "record %u", i);
}

Test(takes, no_record_comes_that_the_owner_does_not_take_and_none_is_lost)
{
    char error[256];
    rd_kafka_t *host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof error);
    cr_assert_not_null(host, "%s", error);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(host, 1);
    rd_kafka_mock_topic_create(cluster, "in", PARTITIONS, 1);
    const char *brokers = rd_kafka_mock_cluster_bootstraps(cluster);
    fill(brokers);
    struct member_of_test *m =
        member_start(&(struct member_config){ .brokers = brokers, .group = "g", .topics = { { "in", 0, false } } });
    m->takes = takes;
    most = 1;
    until(m->n_records == PARTITIONS);
    world_run_ms(300);
    for (uint32_t i = 0; i < PARTITIONS; i++)
        cr_expect_eq(count_of(m, (int32_t)i), 1, "partition %u", i);
    most = 20;          /* it changed its mind before it paused them */
    until(m->n_records == 20 * PARTITIONS);
    for (uint32_t i = 0; i < PARTITIONS; i++)
        kafka_pause(m->kafka, i);
    most = RECORDS;
    world_run_ms(100);
    cr_expect_eq(m->n_records, 20 * PARTITIONS);
    for (uint32_t i = 0; i < PARTITIONS; i++)
        kafka_resume(m->kafka, i);
    until(m->n_records == RECORDS);
    expect_each_in_order(m);
    member_leave(m);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(host);
}

/* test_letters.c: many dead letters at once, on a cluster of librdkafka's own whose broker answers late or refuses. */
#include "bridge/io/kafka_parts.h"
#include "tests/wire/kafka_world.h"

#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <string.h>

enum { PRODUCE = 0 /* its ApiKey */, LETTER_BYTES_MAX = 300 * 1024 };

static const int64_t LONG_AGO_MS = 1700000000123;

static struct {
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *cluster;
    struct member_of_test *member;
} bench;

static void
setup(void)
{
    char error[256];
    bench.host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof error);
    cr_assert_not_null(bench.host, "%s", error);
    bench.cluster = rd_kafka_mock_cluster_new(bench.host, 1);
    rd_kafka_mock_topic_create(bench.cluster, "in", 1, 1);
    rd_kafka_mock_topic_create(bench.cluster, "dead", 1, 1);
    bench.member = member_start(&(struct member_config){
        .brokers = rd_kafka_mock_cluster_bootstraps(bench.cluster), .group = "g", .topics = { { "in", 0, false } },
        .dead_letter_topic = "dead", .properties = { { "message.timeout.ms", "10000" } },
    });
    until(bench.member->assigned == 1);
}

static void
teardown(void)
{
    member_leave(bench.member);
    rd_kafka_mock_cluster_destroy(bench.cluster);
    rd_kafka_destroy(bench.host);
}

static void
park(uint32_t n, size_t bytes)
{
    static char value[LETTER_BYTES_MAX];
    for (uint32_t i = 0; i < n; i++)
        kafka_park(bench.member->kafka, &(struct dead_letter){
            .tag = { i, 1 }, .value = { value, bytes }, .timestamp_ms = LONG_AGO_MS,
        });
}

/* The next `n` requests that write to the topic are refused, whatever they hold. */
static void
refuse(uint32_t n, rd_kafka_resp_err_t error)
{
    for (uint32_t i = 0; i < n; i++)
        rd_kafka_mock_push_request_errors(bench.cluster, PRODUCE, 1, error);
}

static bool
has_second_client(void)
{
    return bench.member->kafka->alone.client != NULL;
}

static unsigned
written(void)
{
    return bench.member->letters[LETTER_WRITTEN];
}

static unsigned
refused(void)
{
    return bench.member->letters[LETTER_REFUSED];
}

static unsigned
all(void)
{
    return written() + refused() + bench.member->letters[LETTER_LATER];
}

TestSuite(letters, .init = setup, .fini = teardown);

/* One by one they would take 100 s, and all behind the first 200 would be too late. */
Test(letters, what_waits_for_the_broker_goes_out_together)
{
    const uint32_t n = 2000;
    rd_kafka_mock_broker_set_rtt(bench.cluster, 1, 50);
    park(n, 400);
    until(all() == n);
    cr_expect_eq(refused(), 0);
    cr_expect_not(has_second_client());
    rd_kafka_mock_broker_set_rtt(bench.cluster, 1, 0);
}

Test(letters, what_was_refused_in_company_is_written_alone_and_none_for_another)
{
    static const rd_kafka_resp_err_t errors[] = {
        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, RD_KAFKA_RESP_ERR_INVALID_RECORD
    };
    const uint32_t n = 60;
    for (uint32_t i = 0; i < 3; i++) {
        refuse(1, errors[i]);
        park(n, 400);
        until(all() == (i + 1) * n);
        cr_expect_eq(refused(), 0, "row %u", i);
    }
    cr_assert(has_second_client());
    const rd_kafka_conf_t *second = rd_kafka_conf(bench.member->kafka->alone.client);
    cr_expect_eq(kafka_conf_number(second, "message.timeout.ms"), 10000, "with the settings of the first");
    cr_expect_eq(kafka_conf_number(second, "max.in.flight"), 1);
    cr_expect_eq(kafka_conf_number(second, "acks"), -1);
    cr_expect_not(member_said(bench.member, "size", "written without its value"));
    struct member_of_test *reader = member_start(&(struct member_config){
        .brokers = rd_kafka_mock_cluster_bootstraps(bench.cluster), .group = "r", .topics = { { "dead", 0, false } },
    });
    until(reader->n_records == 3 * n);
    for (uint32_t i = 0; i < reader->n_records; i++) {
        cr_expect_eq(reader->records[i].value.size, 400, "record %u is whole", i);
        cr_expect_eq(reader->records[i].timestamp_ms, LONG_AGO_MS, "record %u has its time", i);
    }
    member_leave(reader);
}

Test(letters, what_is_refused_alone_was_meant)
{
    refuse(2, RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP);
    park(1, 400);
    until(bench.member->n_parks == 1);
    cr_expect_eq(refused(), 1);
    cr_expect_not_null(strstr(bench.member->parks[0].refused, "INVALID_TIMESTAMP"), "%s", bench.member->parks[0].refused);
    refuse(2, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    park(1, 400);
    until(bench.member->n_parks == 2);
    cr_expect_eq(written(), 1, "as a stub");
    cr_expect(member_said(bench.member, "size", "400 bytes: written without its value"));
}

Test(letters, one_larger_than_a_request_of_several_had_no_company)
{
    refuse(1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    park(1, LETTER_BYTES_MAX);
    until(bench.member->n_parks == 1);
    cr_expect_eq(written(), 1, "as a stub");
    cr_expect(member_said(bench.member, "size", "written without its value"));
    cr_expect_not(has_second_client());
}

Test(letters, a_topic_that_may_not_be_written_is_told_at_once)
{
    refuse(1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    park(3, 400);
    until(refused() >= 1);
    cr_expect_not_null(strstr(bench.member->parks[0].refused, "TOPIC_AUTHORIZATION_FAILED"), "%s",
                       bench.member->parks[0].refused);
    cr_expect_not(has_second_client());
}

Test(letters, what_there_is_no_room_for_is_for_later_and_not_refused)
{
    const uint32_t n = 70;          /* of 300 KiB; 16 MiB may wait */
    rd_kafka_mock_broker_set_rtt(bench.cluster, 1, 200);
    park(n, LETTER_BYTES_MAX);
    until(bench.member->letters[LETTER_LATER] > 0);
    rd_kafka_mock_broker_set_rtt(bench.cluster, 1, 0);
    until(all() == n);
    cr_expect_eq(refused(), 0);
    cr_expect_gt(written(), n / 2);
}

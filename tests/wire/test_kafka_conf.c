/* test_kafka_conf.c: configurations that are taken, and those that are refused by name; what an answer to a commit means.
 * No broker is needed. */
#include "bridge/io/kafka_parts.h"

#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>

static bool
check_with(const char *name, const char *value, const char *topic, char *error)
{
    const struct kafka_property property = { name, value };
    const struct kafka_topic topics[] = { { topic, 0, false } };
    const struct kafka_config config = {
        .brokers = "127.0.0.1:1", .group = "g", .instance_id = "", .properties = &property, .n_properties = name ? 1 : 0,
        .topics = topics, .n_topics = 1, .dead_letter_topic = "dlq",
    };
    error[0] = '\0';
    return kafka_check(&config, error, 256);
}

Test(conf_of_kafka, a_refused_property_is_named_and_told_why)
{
    static const struct {
        const char *name, *value, *why;
    } rows[] = {
        { "no.such.property", "1", "No such configuration property" },
        { "session.timeout.ms", "many", "session.timeout.ms" },
        { "session.timeout.ms", "99999999", "range" },
        { "security.protocol", "carrier_pigeon", "Invalid value" },
        { "group.id", "other", "kafka.group" },
        { "group.instance.id", "i", "kafka.instance_id" },
        { "bootstrap.servers", "elsewhere:9092", "kafka.brokers" },
        { "metadata.broker.list", "elsewhere:9092", "kafka.brokers" },
        { "enable.auto.commit", "true", "committed by the worker" },
        { "enable.auto.offset.store", "true", "committed by the worker" },
        { "auto.offset.reset", "latest", "sources[].start" },
        { "isolation.level", "read_uncommitted", "read_committed" },
        { "check.crcs", "false", "true" },
        { "acks", "0", "acks=all" },
        { "enable.idempotence", "false", "idempotent" },
        { "max.in.flight", "5", "one after the other" },
        { "max.in.flight.requests.per.connection", "5", "one after the other" },
        { "partition.assignment.strategy", "cooperative-sticky", "range or roundrobin" },
        { "partition.assignment.strategy", "range,cooperative-sticky", "range or roundrobin" },
        { "max.poll.interval.ms", "7000", "below session.timeout.ms" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char error[256];
        cr_expect_not(check_with(rows[i].name, rows[i].value, "t", error), "row %zu", i);
        cr_expect_eq(strncmp(error, rows[i].name, strlen(rows[i].name)), 0, "row %zu: %s", i, error);
        cr_expect_not_null(strstr(error, rows[i].why), "row %zu: %s", i, error);
    }
}

Test(conf_of_kafka, what_the_user_may_set_is_taken)
{
    static const struct kafka_property rows[] = {
        { "session.timeout.ms", "60000" },
        { "partition.assignment.strategy", "roundrobin" },
        { "partition.assignment.strategy", "range, roundrobin" },
        { "security.protocol", "sasl_ssl" },
        { "queued.max.messages.kbytes", "2048" },
        { "compression.type", "lz4" },
        { "client.id", "mine" },
    };
    char error[256];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect(check_with(rows[i].name, rows[i].value, "t", error), "row %zu: %s", i, error);
    cr_expect(check_with(NULL, NULL, "^sec\\.(alerts|incidents)$", error), "%s", error);
}

Test(conf_of_kafka, a_pattern_that_is_none_is_refused)
{
    char error[256];
    cr_expect_not(check_with(NULL, NULL, "^sec.(alerts", error));
    cr_expect_not_null(strstr(error, "^sec.(alerts"), "%s", error);
    cr_expect_not_null(strstr(error, "regular expression"), "%s", error);
}

Test(conf_of_kafka, a_commit_that_the_group_has_overtaken_is_stale_and_any_other_error_is_one_to_try_again)
{
    static const struct {
        rd_kafka_resp_err_t error;
        enum commit_result result;
    } rows[] = {
        { RD_KAFKA_RESP_ERR_NO_ERROR, COMMIT_OK },
        { RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, COMMIT_STALE },
        { RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, COMMIT_STALE },
        { RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, COMMIT_STALE },
        { RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, COMMIT_STALE },
        { RD_KAFKA_RESP_ERR_NOT_COORDINATOR, COMMIT_FAILED },
        { RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, COMMIT_FAILED },
        { RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, COMMIT_FAILED },
        { RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, COMMIT_FAILED },
        { RD_KAFKA_RESP_ERR__WAIT_COORD, COMMIT_FAILED },
        { RD_KAFKA_RESP_ERR__TRANSPORT, COMMIT_FAILED },
        { RD_KAFKA_RESP_ERR__TIMED_OUT, COMMIT_FAILED },
        { RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, COMMIT_FAILED },
        { RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, COMMIT_FAILED },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(kafka_commit_result(rows[i].error), rows[i].result, "row %zu", i);
}

Test(conf_of_kafka, what_stops_a_partition_is_told_from_what_passes)
{
    cr_expect(kafka_is_offset_lost(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET));
    cr_expect(kafka_is_offset_lost(RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE));
    cr_expect_not(kafka_is_offset_lost(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION));
    cr_expect_not(kafka_is_offset_lost(RD_KAFKA_RESP_ERR__TRANSPORT));
}

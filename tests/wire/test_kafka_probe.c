/* test_kafka_probe.c: a look at a real cluster, and at a mock of one that denies what a real one without rights would. */
#include "bridge/io/kafka_parts.h"
#include "bridge/io/kafka_probe.h"
#include "tests/support/servers.h"
#include "tests/wire/kafka_world.h"

#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>

enum { BOUND_MS = 30000, SILENT_MS = 10000 };

static struct kafka_probe seen;

/* Names of world_topic() and world_name() are overwritten by the next; these last as long as the test. */
static const char *
kept(const char *name)
{
    static char names[8][64];
    static unsigned n;
    char *copy = names[n++ % 8];
    snprintf(copy, sizeof names[0], "%s", name);
    return copy;
}

static void
probe_within(ms_t bound_ms, const char *brokers, const char *group, const struct kafka_topic *topics, uint32_t n,
             const char *dead)
{
    const struct kafka_config config = { .brokers = brokers, .group = group, .instance_id = "", .topics = topics, .n_topics = n,
                                         .dead_letter_topic = dead };
    kafka_probe_free(&seen);
    kafka_probe_run(&config, bound_ms, &seen);
}

static void
probe(const char *brokers, const char *group, const struct kafka_topic *topics, uint32_t n, const char *dead)
{
    probe_within(BOUND_MS, brokers, group, topics, n, dead);
}

Test(kafka_probe, topics_are_seen_with_their_partitions_and_settings)
{
    const char *brief = kept(world_topic("brief", 3, "retention.ms=5000")), *dead = kept(world_name("nosuch"));
    const struct kafka_topic topics[] = { { brief, 7, false } };
    probe(world_brokers(), world_name("group"), topics, 1, dead);
    cr_assert(seen.reached, "%s", seen.why);
    cr_expect_eq(seen.brokers, 1);
    cr_assert_eq(seen.n_topics, 1);
    cr_expect_str_eq(seen.topics[0].name, brief);
    cr_expect_eq(seen.topics[0].source, 7);
    cr_expect_eq(seen.topics[0].sight, PROBE_SEEN);
    cr_expect_eq(seen.topics[0].partitions, 3);
    cr_expect_eq(seen.topics[0].settings, PROBE_SEEN, "%s", seen.topics[0].why);
    cr_expect_eq(seen.topics[0].retention_ms, 5000);
    cr_expect_eq(seen.topics[0].retention_bytes, -1);
    cr_expect_eq(seen.topics[0].max_message_bytes, 1048588);
    cr_expect(seen.topics[0].deletes && !seen.topics[0].compacts);
    cr_expect_eq(seen.dead.sight, PROBE_ABSENT);
    cr_expect_eq(seen.group, PROBE_SEEN, "%s", seen.group_why);
    cr_expect_eq(seen.topics[0].offsets, PROBE_SEEN, "%s", seen.topics[0].why);
    cr_expect_eq(seen.topics[0].n_none, 3);
    const struct kafka_topic again[] = { { dead, 0, false } };
    probe(world_brokers(), world_name("group"), again, 1, brief);
    cr_expect_eq(seen.topics[0].sight, PROBE_ABSENT, "the look before made no topic");
    cr_expect_eq(seen.dead.settings, PROBE_SEEN);
    kafka_probe_free(&seen);
}

Test(kafka_probe, a_pattern_finds_its_topics_and_sees_the_dead_letters_among_them)
{
    const char *one = kept(world_topic("one", 1, NULL)), *two = kept(world_topic("two", 2, "cleanup.policy=compact"));
    char pattern[400];
    snprintf(pattern, sizeof pattern, "^(%s|%s)$", one, two);
    const struct kafka_topic topics[] = { { pattern, 1, false }, { one, 0, false }, { "^no\\.such", 2, false } };
    probe(world_brokers(), world_name("group"), topics, 3, two);
    cr_assert_eq(seen.n_patterns, 2);
    cr_expect_eq(seen.patterns[0].n_topics, 1, "an exact name stands before a pattern");
    cr_expect_eq(seen.patterns[1].n_topics, 0);
    cr_assert_eq(seen.n_topics, 2);
    cr_expect(strcmp(seen.topics[0].name, one) == 0 && seen.topics[0].source == 0);
    cr_expect(strcmp(seen.topics[1].name, two) == 0 && seen.topics[1].source == 1 && seen.topics[1].partitions == 2);
    cr_expect(seen.topics[1].compacts && !seen.topics[1].deletes);
    cr_expect(seen.dead_is_read && seen.dead_source == 1);
    kafka_probe_free(&seen);
}

static rd_kafka_t *
committer(const char *group)
{
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", world_brokers(), error, sizeof error);
    rd_kafka_conf_set(conf, "group.id", group, error, sizeof error);
    return rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
}

/* offsets[p] of partition p; below 0 = none. `note`: metadata of each, "" = none. */
static void
commit(const char *group, const char *topic, const int64_t offsets[], int n, const char *note)
{
    rd_kafka_t *client = committer(group);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);
    for (int p = 0; p < n; p++) {
        if (offsets[p] < 0)
            continue;
        rd_kafka_topic_partition_t *one = rd_kafka_topic_partition_list_add(list, topic, p);
        one->offset = offsets[p];
        one->metadata = note[0] ? strdup(note) : NULL;      /* librdkafka frees it */
        one->metadata_size = strlen(note);
    }
    cr_assert_eq(rd_kafka_commit(client, list, 0), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(client);
}

Test(kafka_probe, committed_offsets_are_held_against_both_ends_of_the_log)
{
    const char *topic = kept(world_topic("logs", 4, NULL)), *group = kept(world_name("group"));
    const struct kafka_topic topics[] = { { topic, 0, false } };
    world_fill(topic, "r", 4, 0, 40);       /* ten in each */
    commit(group, topic, (const int64_t[]){ 0, 10, 11, -1 }, 4, "");
    probe(world_brokers(), group, topics, 1, NULL);
    cr_expect_eq(seen.topics[0].offsets, PROBE_SEEN, "%s", seen.topics[0].why);
    cr_expect_eq(seen.topics[0].n_present, 2, "both ends are within");
    cr_expect_eq(seen.topics[0].n_none, 1);
    cr_expect_eq(seen.topics[0].n_begun, 0);
    cr_assert_eq(seen.topics[0].n_out_of_range, 1);
    cr_expect_eq(seen.topics[0].out_partition, 2);
    cr_expect_eq(seen.topics[0].out_offset, 11);
    cr_expect_eq(seen.topics[0].out_low, 0);
    cr_expect_eq(seen.topics[0].out_high, 10);
    kafka_probe_free(&seen);
}

Test(kafka_probe, where_a_worker_only_began_is_told_from_what_it_finished)
{
    const char *topic = kept(world_topic("begun", 1, NULL)), *group = kept(world_name("group"));
    const struct kafka_topic topics[] = { { topic, 0, false } };
    commit(group, topic, (const int64_t[]){ 0 }, 1, KAFKA_BEGUN);
    probe(world_brokers(), group, topics, 1, NULL);
    cr_expect_eq(seen.topics[0].n_present, 1);
    cr_expect_eq(seen.topics[0].n_begun, 1);
    kafka_probe_free(&seen);
}

Test(kafka_probe, brokers_that_are_away_end_in_time_with_a_reason)
{
    char brokers[32];
    const struct kafka_topic topics[] = { { "t", 0, false } };
    const struct kafka_config config = { .brokers = brokers, .group = "g", .instance_id = "", .topics = topics, .n_topics = 1 };
    snprintf(brokers, sizeof brokers, "127.0.0.1:%u", free_port());
    kafka_probe_run(&config, 1500, &seen);
    cr_expect(!seen.reached && !seen.refused);
    cr_expect(strstr(seen.why, "refused"), "%s", seen.why);
    cr_expect_eq(seen.topics[0].sight, PROBE_SILENT);
    kafka_probe_free(&seen);
}

/* The mock does not answer for settings: they take half of the time, and no more. Its answer for a topic with an error brings
 * librdkafka 2.8 down, which a broker's does not: what is denied there is an end-to-end scenario, kafka-security. */
Test(kafka_probe, what_the_principal_may_not_see_is_denied_and_not_absent)
{
    char error[256];
    if (rd_kafka_version() >= 0x02030000)
        cr_skip_test("its mock cluster cannot");
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "log_level", "0", error, sizeof error);
    rd_kafka_t *owner = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    rd_kafka_mock_cluster_t *mock = rd_kafka_mock_cluster_new(owner, 1);
    const struct kafka_topic topics[] = { { "seen", 0, false }, { "hidden", 0, false } };
    rd_kafka_mock_topic_create(mock, "seen", 1, 1);
    rd_kafka_mock_topic_create(mock, "hidden", 1, 1);
    rd_kafka_mock_topic_set_error(mock, "hidden", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    rd_kafka_mock_push_request_errors(mock, 9 /* OffsetFetch */, 1, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    probe_within(SILENT_MS, rd_kafka_mock_cluster_bootstraps(mock), "g", topics, 2, NULL);
    cr_assert(seen.reached, "%s", seen.why);
    cr_expect_eq(seen.topics[0].sight, PROBE_SEEN, "%s", seen.topics[0].why);
    cr_expect_eq(seen.topics[1].sight, PROBE_DENIED, "%s", seen.topics[1].why);
    cr_expect_eq(seen.topics[0].settings, PROBE_SILENT);
    cr_expect_eq(seen.group, PROBE_DENIED, "%s", seen.group_why);
    kafka_probe_free(&seen);
    rd_kafka_mock_cluster_destroy(mock);
    rd_kafka_destroy(owner);
}

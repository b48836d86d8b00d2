/* test_check_kafka.c: what is said of brokers, topics, retention, offsets and dead letters. */
#include "tests/cmd/judged.h"

#include <criterion/criterion.h>

enum { HOUR_MS = 3600000 };

static struct kafka_probe seen;
static struct kafka_probe_topic topics[2];
static struct kafka_probe_pattern patterns[1];
static struct findings findings;

static struct kafka_probe_topic
good_topic(char *name)
{
    return (struct kafka_probe_topic){
        .name = name, .sight = PROBE_SEEN, .partitions = 3, .settings = PROBE_SEEN, .retention_ms = 12 * HOUR_MS,
        .retention_bytes = -1, .max_message_bytes = 1000000, .deletes = true, .offsets = PROBE_SEEN, .n_none = 3,
    };
}

/* A cluster in which everything passes; tests break one thing. */
static void
good(void)
{
    static char source[] = "alerts", dead[] = "dead";
    findings_free(&findings);
    topics[0] = good_topic(source);
    seen = (struct kafka_probe){ .reached = true, .brokers = 3, .topics = topics, .n_topics = 1, .patterns = patterns,
                                 .dead = good_topic(dead), .group = PROBE_SEEN };
    seen.dead.retention_ms = -1;
}

static const char *
judge(const char *check)
{
    findings_free(&findings);
    judge_kafka(&findings, judged_config(), &seen);
    return judged_text(&findings, check);
}

static bool
says(const char *check, const char *text)
{
    const struct finding *finding = judged_one(&findings, check);
    return finding && (strstr(finding->detail, text) || strstr(finding->remedy, text));
}

Test(check_kafka, a_good_cluster_passes_in_everything)
{
    good();
    judge("");
    for (uint32_t i = 0; i < findings.n; i++)
        cr_expect_eq(findings.at[i].status, FINDING_PASS, "%s %s: %s", findings.at[i].check, findings.at[i].target,
                     findings.at[i].detail);
    cr_expect_eq(findings_code(&findings), EXIT_DONE);
    cr_expect_eq(findings.n, 7, "brokers, topic, two targets' retention, offsets, dead letters, windows");
}

Test(check_kafka, brokers_that_are_away_are_told_from_those_that_refuse)
{
    good();
    seen.reached = false;
    cr_expect_str_eq(judge("kafka.brokers"), "fail 69");
    cr_expect_eq(findings.n, 1, "nothing is said of what could not be looked at");
    seen.refused = true;
    cr_expect_str_eq(judge("kafka.brokers"), "fail 77");
}

Test(check_kafka, a_topic_is_missing_hidden_silent_or_leaderless)
{
    static const struct {
        enum probe_sight sight;
        uint32_t leaderless;
        const char *told;
    } rows[] = {
        { PROBE_ABSENT, 0, "fail 78" }, { PROBE_DENIED, 0, "warn" }, { PROBE_SILENT, 0, "fail 69" },
        { PROBE_SEEN, 1, "fail 69" },   { PROBE_SEEN, 0, "pass" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        good();
        topics[0].sight = rows[i].sight;
        topics[0].n_leaderless = rows[i].leaderless;
        cr_expect_str_eq(judge("kafka.topic"), rows[i].told, "row %zu", i);
        good();
        seen.dead.sight = rows[i].sight;
        seen.dead.n_leaderless = rows[i].leaderless;
        cr_expect_str_eq(judge("kafka.dead_letter"), rows[i].told, "row %zu, dead letters", i);
    }
}

Test(check_kafka, settings_that_may_not_be_seen_are_a_warning)
{
    good();
    topics[0].settings = PROBE_DENIED;
    cr_expect_str_eq(judge("kafka.topic"), "warn");
    cr_expect(says("kafka.topic", "DescribeConfigs"));
    cr_expect_str_eq(judge("kafka.retention"), "none", "retention is not judged by what was not seen");
    good();
    seen.dead.settings = PROBE_DENIED;
    cr_expect_str_eq(judge("kafka.dead_letter"), "warn");
}

Test(check_kafka, a_topic_that_keeps_longer_than_dedup_ttl_is_a_warning_for_the_targets_it_reaches)
{
    static const struct {
        int64_t retention_ms;
        bool deletes;
        const char *told;
    } rows[] = {
        { 24 * HOUR_MS, true, "pass" }, { 24 * HOUR_MS + 1, true, "warn" }, { -1, true, "warn" }, { HOUR_MS, false, "warn" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct config *config = judged_config();
        good();
        config->n_routes = 1;                   /* to soar-prod alone */
        topics[0].retention_ms = rows[i].retention_ms;
        topics[0].deletes = rows[i].deletes;
        findings_free(&findings);
        judge_retention(&findings, config, &seen);
        cr_expect_eq(findings.n, 1, "row %zu", i);
        cr_expect_str_eq(judged_text(&findings, "kafka.retention"), rows[i].told, "row %zu", i);
        config->routes[0].sources = 1u << 1;    /* of another source */
        findings_free(&findings);
        judge_retention(&findings, config, &seen);
        cr_expect_eq(findings.n, 0, "row %zu: the topic does not reach the target", i);
    }
}

Test(check_kafka, the_longest_keeping_topic_counts)
{
    static char other[] = "other";
    static const int64_t kept_ms[][2] = {
        { 48 * HOUR_MS, HOUR_MS }, { HOUR_MS, 48 * HOUR_MS }, { -1, HOUR_MS }, { HOUR_MS, -1 },
    };
    for (size_t i = 0; i < sizeof kept_ms / sizeof kept_ms[0]; i++) {
        struct config *config = judged_config();
        good();
        config->n_routes = 1;
        topics[1] = good_topic(other);
        seen.n_topics = 2;
        topics[0].retention_ms = kept_ms[i][0];
        topics[1].retention_ms = kept_ms[i][1];
        findings_free(&findings);
        judge_retention(&findings, config, &seen);
        cr_expect_str_eq(judged_text(&findings, "kafka.retention"), "warn", "row %zu", i);
        cr_expect(says("kafka.retention", i % 2 ? "other" : "alerts"), "row %zu", i);
    }
}

Test(check_kafka, committed_offsets_are_none_present_or_out_of_range)
{
    good();
    cr_expect_str_eq(judge("kafka.offsets"), "pass");
    cr_expect(says("kafka.offsets", "beginning"));
    cr_expect_eq(group_past_of(&seen), GROUP_PAST_NONE);
    topics[0].n_present = 2, topics[0].n_none = 1;
    cr_expect_str_eq(judge("kafka.offsets"), "pass");
    cr_expect(says("kafka.offsets", "2 of 3"));
    cr_expect_eq(group_past_of(&seen), GROUP_PAST_COMMITTED);
    topics[0].n_begun = 2;
    cr_expect_eq(group_past_of(&seen), GROUP_PAST_NONE, "it only began, and finished nothing");
    struct config *config = judged_config();
    config->sources[0].start_at_end = true;
    findings_free(&findings);
    judge_kafka(&findings, config, &seen);
    cr_expect(says("kafka.offsets", "the end, those numbered above"));
    topics[0].n_out_of_range = 1, topics[0].out_partition = 2, topics[0].out_offset = 5, topics[0].out_low = 10;
    topics[0].out_high = 20;
    cr_expect_str_eq(judge("kafka.offsets"), "fail 78");
    cr_expect(says("kafka.offsets", "partition 2") && says("kafka.offsets", "offset 5") && says("kafka.offsets", "10 to 20"));
    cr_expect(says("kafka.offsets", "--reset-offsets"));
    topics[0].offsets = PROBE_SILENT;
    cr_expect_str_eq(judge("kafka.offsets"), "fail 69");
    cr_expect(says("kafka.offsets", "advertised.listeners"));
}

Test(check_kafka, a_group_that_may_not_be_seen_is_a_warning_and_a_silent_one_a_failure)
{
    good();
    seen.group = PROBE_DENIED;
    cr_expect_str_eq(judge("kafka.offsets"), "warn");
    cr_expect_eq(group_past_of(&seen), GROUP_PAST_UNKNOWN);
    seen.group = PROBE_SILENT;
    cr_expect_str_eq(judge("kafka.offsets"), "fail 69");
    topics[0].sight = PROBE_ABSENT;
    cr_expect_str_eq(judge("kafka.offsets"), "none", "there was nothing to ask about");
}

Test(check_kafka, dead_letters_are_to_be_kept_for_ever_whole_and_unread)
{
    good();
    seen.dead.retention_ms = HOUR_MS;
    cr_expect_str_eq(judge("kafka.dead_letter"), "warn");
    cr_expect(says("kafka.dead_letter", "retention.ms=-1"));
    good();
    seen.dead.retention_bytes = 1000;
    cr_expect_str_eq(judge("kafka.dead_letter"), "warn");
    cr_expect(says("kafka.dead_letter", "retention.bytes=-1"));
    good();
    seen.dead.compacts = true;
    cr_expect_str_eq(judge("kafka.dead_letter"), "warn");
    cr_expect(says("kafka.dead_letter", "cleanup.policy"));
    good();
    seen.dead.max_message_bytes = 999999;
    cr_expect_str_eq(judge("kafka.dead_letter"), "warn");
    cr_expect(says("kafka.dead_letter", "coordinates"));
    good();
    seen.dead_is_read = true;
    cr_expect_str_eq(judge("kafka.dead_letter"), "fail 78");
}

Test(check_kafka, a_pattern_without_a_topic_is_a_warning)
{
    good();
    seen.n_patterns = 1;
    patterns[0] = (struct kafka_probe_pattern){ "^sec\\.", 0 };
    cr_expect_str_eq(judge("kafka.pattern"), "warn");
    patterns[0].n_topics = 2;
    cr_expect_str_eq(judge("kafka.pattern"), "pass");
}

Test(check_kafka, windows_are_judged_by_the_partitions_that_one_worker_may_get)
{
    static const struct {
        uint32_t partitions;
        const char *told, *text;
    } rows[] = {
        { 156, "pass", "10000 records" }, { 157, "warn", "10048" }, { 1024, "warn", "65536" }, { 1025, "warn", "2 replicas" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        good();
        topics[0].partitions = rows[i].partitions;
        cr_expect_str_eq(judge("kafka.windows"), rows[i].told, "row %zu", i);
        cr_expect(says("kafka.windows", rows[i].text), "row %zu", i);
    }
}

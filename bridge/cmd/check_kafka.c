/* check_kafka.c: judges what was seen of brokers, topics and the group's offsets. */
#include "bridge/cmd/check_connect.h"
#include "bridge/core/types.h"

static void
judge_brokers(struct findings *findings, const struct config *config, const struct kafka_probe *seen)
{
    const char *brokers = config->kafka.brokers;
    if (seen->reached)
        finding_pass(findings, "kafka.brokers", brokers, "%u broker%s", seen->brokers, seen->brokers == 1 ? "" : "s");
    else if (seen->refused)
        finding_remedy(finding_fail(findings, EXIT_NO_PERMISSION, "kafka.brokers", brokers, "the credentials are refused: %s",
                                    seen->why),
                       "put right security.protocol and sasl.* in kafka.properties");
    else
        finding_remedy(finding_fail(findings, EXIT_UNAVAILABLE, "kafka.brokers", brokers, "no broker answers: %s",
                                    seen->why[0] ? seen->why : "the time was over"),
                       "look at kafka.brokers, the network, and whether the listener wants TLS or SASL (kafka.properties)");
}

static void
judge_pattern(struct findings *findings, const struct kafka_probe_pattern *pattern)
{
    if (pattern->n_topics > 0)
        finding_pass(findings, "kafka.pattern", pattern->text, "%u topic%s", pattern->n_topics,
                     pattern->n_topics == 1 ? "" : "s");
    else
        finding_remedy(finding_warn(findings, "kafka.pattern", pattern->text, "matches no topic that may be seen"),
                       "create one, or grant Describe on it; the worker takes up topics that come later");
}

/* ---- topics -------------------------------------------------------------------------------------------------------------- */

static void
judge_settings(struct findings *findings, const struct kafka_probe_topic *topic)
{
    char keeps[24];
    if (topic->settings == PROBE_SEEN)
        finding_pass(findings, "kafka.topic", topic->name, "%u partition%s, keeps records %s%s, takes records of %lld bytes",
                     topic->partitions, topic->partitions == 1 ? "" : "s",
                     duration_text(topic->deletes ? topic->retention_ms : -1, keeps), topic->compacts ? " (compacted)" : "",
                     (long long)topic->max_message_bytes);
    else
        finding_remedy(finding_warn(findings, "kafka.topic", topic->name, "%u partition%s; its settings cannot be seen: %s",
                                    topic->partitions, topic->partitions == 1 ? "" : "s",
                                    topic->why[0] ? topic->why : "no answer"),
                       "grant DescribeConfigs on it, or compare retention.ms with dedup_ttl by hand");
}

static void
judge_topic(struct findings *findings, const struct kafka_probe_topic *topic)
{
    switch (topic->sight) {
    case PROBE_ABSENT:
        finding_remedy(finding_fail(findings, EXIT_CONFIG, "kafka.topic", topic->name, "does not exist"),
                       "create it, or name another in sources[].topics");
        return;
    case PROBE_DENIED:
        finding_remedy(finding_warn(findings, "kafka.topic", topic->name, "may not be seen: the right to describe it is missing"),
                       "grant Describe and Read on it");
        return;
    case PROBE_SILENT:
        finding_remedy(finding_fail(findings, EXIT_UNAVAILABLE, "kafka.topic", topic->name, "cannot be looked at: %s",
                                    topic->why[0] ? topic->why : "the time was over"),
                       "look at the brokers");
        return;
    case PROBE_SEEN:
        break;
    }
    if (topic->n_leaderless > 0)
        finding_remedy(finding_fail(findings, EXIT_UNAVAILABLE, "kafka.topic", topic->name, "%u of %u partitions have no leader",
                                    topic->n_leaderless, topic->partitions),
                       "bring back the brokers that hold them");
    else
        judge_settings(findings, topic);
}

/* ---- offsets ------------------------------------------------------------------------------------------------------------- */

static void
judge_out_of_range(struct findings *findings, const struct config *config, const struct kafka_probe_topic *topic)
{
    struct finding *finding =
        finding_fail(findings, EXIT_CONFIG, "kafka.offsets", topic->name,
                     "partition %d: group %.64s has committed offset %lld, the log holds %lld to %lld; %u partition%s like it "
                     "would stop",
                     topic->out_partition, config->kafka.group, (long long)topic->out_offset, (long long)topic->out_low,
                     (long long)topic->out_high, topic->n_out_of_range, topic->n_out_of_range == 1 ? "" : "s");
    finding_remedy(finding,
                   "records were lost between the two, or the topic was made anew: decide where to go on, and with all workers "
                   "stopped run kafka-consumer-groups.sh --bootstrap-server %.80s --group %.64s --topic %.64s --reset-offsets "
                   "--to-earliest --execute (--to-latest skips what is there)",
                   config->kafka.brokers, config->kafka.group, topic->name);
}

/* docs/semantics.md, "Kafka": what was added to something the group reads already begins at its beginning. */
static const char *
start_text(const struct config *config, const struct kafka_probe_topic *topic)
{
    if (!config->sources[topic->source].start_at_end)
        return "the beginning";
    return topic->n_present ? "the end, those numbered above a committed one at the beginning"
                            : "the end, where no other topic of the same pattern is committed";
}

static void
judge_offsets_of(struct findings *findings, const struct config *config, const struct kafka_probe_topic *topic)
{
    const char *start = start_text(config, topic);
    if (topic->sight != PROBE_SEEN || topic->n_leaderless > 0)
        return;
    if (topic->offsets != PROBE_SEEN)
        finding_remedy(finding_fail(findings, EXIT_UNAVAILABLE, "kafka.offsets", topic->name, "its log cannot be looked at: %s",
                                    topic->why[0] ? topic->why : "the time was over"),
                       "the leaders of its partitions do not answer: look at the brokers' advertised.listeners");
    else if (topic->n_out_of_range > 0)
        judge_out_of_range(findings, config, topic);
    else if (topic->n_present == 0)
        finding_pass(findings, "kafka.offsets", topic->name, "group %.64s has committed nothing: reading begins at %s",
                     config->kafka.group, start);
    else if (topic->n_none > 0)
        finding_pass(findings, "kafka.offsets", topic->name,
                     "group %.64s has committed %u of %u partitions, within the log; the others begin at %s",
                     config->kafka.group, topic->n_present, topic->n_present + topic->n_none, start);
    else
        finding_pass(findings, "kafka.offsets", topic->name, "group %.64s has committed in every partition, within the log",
                     config->kafka.group);
}

static void
judge_group(struct findings *findings, const struct config *config, const struct kafka_probe *seen)
{
    const char *why = seen->group_why[0] ? seen->group_why : "the time was over";
    bool asked = false;
    for (uint32_t i = 0; i < seen->n_topics; i++)
        asked |= seen->topics[i].sight == PROBE_SEEN && seen->topics[i].n_leaderless == 0;
    if (!asked)
        return;
    if (seen->group == PROBE_DENIED) {
        finding_remedy(finding_warn(findings, "kafka.offsets", config->kafka.group, "may not be seen: %s", why),
                       "grant Read on group %.64s and on its topics: without it the worker cannot join", config->kafka.group);
    } else if (seen->group != PROBE_SEEN) {
        finding_remedy(finding_fail(findings, EXIT_UNAVAILABLE, "kafka.offsets", config->kafka.group, "cannot be seen: %s", why),
                       "look at the group's coordinator");
    } else {
        for (uint32_t i = 0; i < seen->n_topics; i++)
            judge_offsets_of(findings, config, &seen->topics[i]);
    }
}

enum group_past
group_past_of(const struct kafka_probe *seen)
{
    if (!seen->reached || seen->group != PROBE_SEEN)
        return GROUP_PAST_UNKNOWN;
    for (uint32_t i = 0; i < seen->n_topics; i++)
        if (seen->topics[i].n_present - seen->topics[i].n_begun + seen->topics[i].n_out_of_range > 0)
            return GROUP_PAST_COMMITTED;
    return GROUP_PAST_NONE;
}

/* ---- windows ------------------------------------------------------------------------------------------------------------- */

/* The worst case: one worker has all partitions. */
static void
judge_windows(struct findings *findings, const struct config *config, const struct kafka_probe *seen)
{
    uint32_t partitions = 0;
    unsigned long long mib = config->limits.window_bytes >> 20;
    for (uint32_t i = 0; i < seen->n_topics; i++)
        partitions += seen->topics[i].partitions;
    uint32_t least = partitions * WINDOW_FLOOR_RECORDS;
    if (partitions > PARTITIONS_MAX)
        finding_remedy(finding_warn(findings, "kafka.windows", "", "%u partitions; one worker reads %d of them", partitions,
                                    PARTITIONS_MAX),
                       "run at least %u replicas", (partitions + PARTITIONS_MAX - 1) / PARTITIONS_MAX);
    else if (least > config->limits.window_records)
        finding_remedy(finding_warn(findings, "kafka.windows", "",
                                    "%u partitions of at least %d records each on one worker are %u, above "
                                    "limits.window_records, %u; at most %llu MiB of records, then one of each partition",
                                    partitions, WINDOW_FLOOR_RECORDS, least, config->limits.window_records, mib),
                       "raise limits.window_records, or run more replicas");
    else
        finding_pass(findings, "kafka.windows", "",
                     "%u partition%s on one worker: at most %u records and %llu MiB of them, then one of each partition",
                     partitions, partitions == 1 ? "" : "s", config->limits.window_records, mib);
}

void
judge_kafka(struct findings *findings, const struct config *config, const struct kafka_probe *seen)
{
    judge_brokers(findings, config, seen);
    if (!seen->reached)
        return;
    for (uint32_t i = 0; i < seen->n_patterns; i++)
        judge_pattern(findings, &seen->patterns[i]);
    for (uint32_t i = 0; i < seen->n_topics; i++)
        judge_topic(findings, &seen->topics[i]);
    judge_retention(findings, config, seen);
    judge_group(findings, config, seen);
    judge_dead_letters(findings, config, seen);
    judge_windows(findings, config, seen);
}

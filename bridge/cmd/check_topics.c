/* check_topics.c: judges topics against what the configuration makes of them: dedup_ttl, dead letters. */
#include "bridge/cmd/check_connect.h"

/* ---- dedup_ttl ----------------------------------------------------------------------------------------------------------- */

static bool
is_routed(const struct config *config, uint32_t source, uint32_t target)
{
    for (uint32_t i = 0; i < config->n_routes; i++) {
        const struct config_route *route = &config->routes[i];
        if (route->target == (int)target && (route->sources == 0 || (route->sources >> source & 1)))
            return true;
    }
    return false;
}

/* How long a record can come again: as long as the topic keeps it. -1 = for ever. */
static int64_t
kept_ms(const struct kafka_probe_topic *topic)
{
    return topic->deletes ? topic->retention_ms : -1;
}

/* The topic that keeps its records longest, of those whose events may reach the target; NULL = none is known. */
static const struct kafka_probe_topic *
longest_kept(const struct config *config, const struct kafka_probe *seen, uint32_t target)
{
    const struct kafka_probe_topic *longest = NULL;
    for (uint32_t i = 0; i < seen->n_topics; i++) {
        const struct kafka_probe_topic *topic = &seen->topics[i];
        if (topic->settings != PROBE_SEEN || !is_routed(config, topic->source, target))
            continue;
        if (longest == NULL || kept_ms(topic) < 0 || (kept_ms(longest) >= 0 && kept_ms(topic) > kept_ms(longest)))
            longest = topic;
    }
    return longest;
}

void
judge_retention(struct findings *findings, const struct config *config, const struct kafka_probe *seen)
{
    char ttl[24], keeps[24];
    for (uint32_t i = 0; i < config->n_targets; i++) {
        const struct config_target *target = &config->targets[i];
        const struct kafka_probe_topic *topic = longest_kept(config, seen, i);
        if (topic == NULL)
            continue;
        duration_text(target->dedup_ttl_ms, ttl);
        duration_text(kept_ms(topic), keeps);
        if (kept_ms(topic) >= 0 && kept_ms(topic) <= target->dedup_ttl_ms)
            finding_pass(findings, "kafka.retention", target->name, "dedup_ttl %s covers what %.128s keeps, %s", ttl, topic->name,
                         keeps);
        else
            finding_remedy(finding_warn(findings, "kafka.retention", target->name,
                                        "dedup_ttl %s is shorter than %.128s keeps records, %s: one that is read again after "
                                        "that (offsets set back, or all workers stopped for longer) is delivered again",
                                        ttl, topic->name, keeps),
                           "raise dedup_ttl to the longest redelivery you want covered (about 200 bytes of Redis an id), or "
                           "lower retention.ms");
    }
}

/* ---- dead letters -------------------------------------------------------------------------------------------------------- */

static void
judge_dead_keeping(struct findings *findings, const struct kafka_probe_topic *dead)
{
    char keeps[24];
    if (dead->compacts)
        finding_remedy(finding_warn(findings, "kafka.dead_letter", dead->name,
                                    "is compacted: of dead letters with one key only the last is kept"),
                       "set cleanup.policy=delete and retention.ms=-1 on it");
    else if (dead->retention_ms >= 0 && dead->deletes)
        finding_remedy(finding_warn(findings, "kafka.dead_letter", dead->name,
                                    "keeps records %s: a dead letter is the only copy of an event that was not delivered",
                                    duration_text(dead->retention_ms, keeps)),
                       "set retention.ms=-1 on it");
    else if (dead->retention_bytes >= 0 && dead->deletes)
        finding_remedy(finding_warn(findings, "kafka.dead_letter", dead->name, "forgets what is beyond %lld bytes",
                                    (long long)dead->retention_bytes),
                       "set retention.bytes=-1 on it");
    else
        finding_pass(findings, "kafka.dead_letter", dead->name, "%u partition%s, keeps records for ever", dead->partitions,
                     dead->partitions == 1 ? "" : "s");
}

static void
judge_dead_size(struct findings *findings, const struct kafka_probe *seen)
{
    const struct kafka_probe_topic *largest = NULL, *dead = &seen->dead;
    for (uint32_t i = 0; i < seen->n_topics; i++) {
        const struct kafka_probe_topic *topic = &seen->topics[i];
        if (topic->settings == PROBE_SEEN && (largest == NULL || topic->max_message_bytes > largest->max_message_bytes))
            largest = topic;
    }
    if (largest == NULL || dead->max_message_bytes >= largest->max_message_bytes)
        return;
    finding_remedy(finding_warn(findings, "kafka.dead_letter", dead->name,
                                "takes records of %lld bytes, %.128s of %lld: a larger one would be kept as its coordinates only",
                                (long long)dead->max_message_bytes, largest->name, (long long)largest->max_message_bytes),
                   "set max.message.bytes=%lld on it, with some room for headers", (long long)largest->max_message_bytes + 16384);
}

static void
judge_dead_seen(struct findings *findings, const struct kafka_probe *seen)
{
    const struct kafka_probe_topic *dead = &seen->dead;
    if (dead->n_leaderless > 0) {
        finding_remedy(finding_fail(findings, EXIT_UNAVAILABLE, "kafka.dead_letter", dead->name,
                                    "%u of %u partitions have no leader", dead->n_leaderless, dead->partitions),
                       "bring back the brokers that hold them");
    } else if (dead->settings != PROBE_SEEN) {
        finding_remedy(finding_warn(findings, "kafka.dead_letter", dead->name, "its settings cannot be seen: %s",
                                    dead->why[0] ? dead->why : "no answer"),
                       "grant DescribeConfigs on it, or make sure of retention.ms=-1 by hand");
    } else {
        judge_dead_keeping(findings, dead);
        judge_dead_size(findings, seen);
    }
}

void
judge_dead_letters(struct findings *findings, const struct config *config, const struct kafka_probe *seen)
{
    const struct kafka_probe_topic *dead = &seen->dead;
    if (seen->dead_is_read) {
        finding_remedy(finding_fail(findings, EXIT_CONFIG, "kafka.dead_letter", dead->name,
                                    "a pattern of source %s matches it: each dead letter would be read and parked again",
                                    config->sources[seen->dead_source].name),
                       "narrow the pattern, or name another dead_letter.topic");
        return;
    }
    switch (dead->sight) {
    case PROBE_ABSENT:
        finding_remedy(finding_fail(findings, EXIT_CONFIG, "kafka.dead_letter", dead->name, "does not exist"),
                       "create it with retention.ms=-1: without it a refused event holds up its partition");
        return;
    case PROBE_DENIED:
        finding_remedy(finding_warn(findings, "kafka.dead_letter", dead->name, "may not be seen"),
                       "grant Describe and Write on it");
        return;
    case PROBE_SILENT:
        finding_remedy(finding_fail(findings, EXIT_UNAVAILABLE, "kafka.dead_letter", dead->name, "cannot be looked at: %s",
                                    dead->why[0] ? dead->why : "the time was over"),
                       "look at the brokers");
        return;
    case PROBE_SEEN:
        judge_dead_seen(findings, seen);
        return;
    }
}

/* kafka_probe.c: reaches the brokers, finds the topics, and lets the other files look at them. */
#include "bridge/io/kafka_probe_parts.h"

#include "bridge/io/clock.h"
#include "codecs/check.h"
#include "codecs/outcome.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

enum { ASK_MS = 1000 };     /* how long one attempt to reach a broker lasts: between two, errors are looked at */

int
probe_left_ms(const struct prober *prober)
{
    ms_t left = prober->until_ms - clock_now_ms();
    return left > 1 ? (int)left : 1;
}

enum probe_sight
probe_sight_of(int error)
{
    switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return PROBE_SEEN;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return PROBE_DENIED;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
        return PROBE_ABSENT;
    default:
        return PROBE_SILENT;
    }
}

void
probe_why(char why[PROBE_WHY_BYTES], const char *what, int error)
{
    snprintf(why, PROBE_WHY_BYTES, "%s: %s", what, rd_kafka_err2str((rd_kafka_resp_err_t)error));
}

/* ---- brokers ------------------------------------------------------------------------------------------------------------- */

/* The last error that says more than "all brokers are down" is the one that a person can act on. */
static void
on_error(rd_kafka_t *client, int error, const char *text, void *opaque)
{
    (void)client;
    struct prober *prober = opaque;
    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && prober->found->why[0])
        return;
    prober->found->refused |= error == RD_KAFKA_RESP_ERR__AUTHENTICATION || error == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED;
    verdict_text(prober->found->why, sizeof prober->found->why, slice_of(text));
}

static void
take_brokers(struct prober *prober, const rd_kafka_metadata_t *metadata)
{
    prober->found->reached = true;
    prober->found->brokers = (uint32_t)metadata->broker_cnt;
    prober->found->why[0] = '\0';
}

static void
reach(struct prober *prober)
{
    struct kafka_probe *found = prober->found;
    while (!found->reached && !found->refused && clock_now_ms() < prober->until_ms) {
        const rd_kafka_metadata_t *metadata = NULL;
        int left = probe_left_ms(prober);
        rd_kafka_resp_err_t error = rd_kafka_metadata(prober->client, 0, NULL, &metadata, left < ASK_MS ? left : ASK_MS);
        rd_kafka_poll(prober->client, 0);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
            take_brokers(prober, metadata);
        else if (!found->why[0])
            verdict_text(found->why, sizeof found->why, slice_of(rd_kafka_err2str(error)));
        rd_kafka_metadata_destroy(metadata);
    }
}

/* ---- topics -------------------------------------------------------------------------------------------------------------- */

static void
take_topic(struct kafka_probe_topic *topic, const rd_kafka_metadata_topic_t *told)
{
    topic->sight = probe_sight_of(told->err);
    topic->partitions = (uint32_t)told->partition_cnt;
    if (topic->sight == PROBE_SEEN && told->partition_cnt == 0)
        topic->sight = PROBE_ABSENT;
    for (int i = 0; i < told->partition_cnt; i++)
        topic->n_leaderless += told->partitions[i].leader < 0;
    if (topic->sight == PROBE_SILENT)
        probe_why(topic->why, "metadata", told->err);
}

static void
look_at_topic(struct prober *prober, struct kafka_probe_topic *topic)
{
    const rd_kafka_metadata_t *metadata = NULL;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(prober->client, topic->name, NULL);
    rd_kafka_resp_err_t error = handle ? rd_kafka_metadata(prober->client, 0, handle, &metadata, probe_left_ms(prober))
                                       : rd_kafka_last_error();
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        probe_why(topic->why, "metadata", error);
    else if (metadata->topic_cnt == 1)
        take_topic(topic, &metadata->topics[0]);
    rd_kafka_metadata_destroy(metadata);
    if (handle)
        rd_kafka_topic_destroy(handle);
}

static struct kafka_probe_topic *
add_topic(struct kafka_probe *found, const char *name, uint32_t source)
{
    found->topics = reallocarray(found->topics, found->n_topics + 1, sizeof *found->topics);
    check(found->topics != NULL);
    struct kafka_probe_topic *topic = &found->topics[found->n_topics++];
    *topic = (struct kafka_probe_topic){ .name = strdup(name), .source = source };
    check(topic->name != NULL);
    return topic;
}

static void
count_match(struct kafka_probe *found, const char *pattern)
{
    for (uint32_t i = 0; i < found->n_patterns; i++)
        found->patterns[i].n_topics += strcmp(found->patterns[i].text, pattern) == 0;
}

/* Every topic that the principal may see, against the patterns. */
static void
look_for_patterns(struct prober *prober, const struct kafka *rules)
{
    const rd_kafka_metadata_t *metadata = NULL;
    rd_kafka_resp_err_t error = rd_kafka_metadata(prober->client, 1, NULL, &metadata, probe_left_ms(prober));
    for (int i = 0; error == RD_KAFKA_RESP_ERR_NO_ERROR && i < metadata->topic_cnt; i++) {
        const rd_kafka_metadata_topic_t *told = &metadata->topics[i];
        const struct source_rule *rule = kafka_rule_of(rules, told->topic);
        if (!rule || !rule->is_pattern)
            continue;
        count_match(prober->found, rule->name);
        take_topic(add_topic(prober->found, told->topic, rule->source), told);
    }
    rd_kafka_metadata_destroy(metadata);
}

static void
look_at_topics(struct prober *prober, const struct kafka_config *config)
{
    struct kafka_probe *found = prober->found;
    struct kafka rules = { 0 };     /* for its rules only */
    check(kafka_rules_init(&rules, config));
    for (uint32_t i = 0; i < found->n_topics; i++)
        look_at_topic(prober, &found->topics[i]);
    if (found->n_patterns > 0)
        look_for_patterns(prober, &rules);
    if (found->dead.name) {
        const struct source_rule *rule = kafka_rule_of(&rules, found->dead.name);
        look_at_topic(prober, &found->dead);
        found->dead_is_read = rule != NULL;
        found->dead_source = rule ? rule->source : 0;
    }
    kafka_rules_release(&rules);
}

/* ---- the whole ----------------------------------------------------------------------------------------------------------- */

static void
take_names(const struct kafka_config *config, struct kafka_probe *found)
{
    found->patterns = calloc(config->n_topics + 1, sizeof *found->patterns);
    check(found->patterns != NULL);
    for (uint32_t i = 0; i < config->n_topics; i++) {
        const struct kafka_topic *topic = &config->topics[i];
        if (topic->name[0] == '^')
            found->patterns[found->n_patterns++].text = topic->name;
        else
            add_topic(found, topic->name, topic->source);
    }
    if (config->dead_letter_topic)
        found->dead.name = strdup(config->dead_letter_topic);
}

/* Whatever the user's properties say, a look makes no topic. */
static rd_kafka_t *
begin(const struct kafka_config *config, struct prober *prober)
{
    char error[KAFKA_ERROR_BYTES] = "";
    rd_kafka_conf_t *conf = kafka_consumer_conf(config, error, sizeof error);
    rd_kafka_t *client = NULL;
    if (conf && rd_kafka_conf_set(conf, "allow.auto.create.topics", "false", error, sizeof error) == RD_KAFKA_CONF_OK) {
        rd_kafka_conf_set_error_cb(conf, on_error);
        rd_kafka_conf_set_opaque(conf, prober);
        client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    }
    if (!client && conf)
        rd_kafka_conf_destroy(conf);
    if (!client)
        verdict_text(prober->found->why, sizeof prober->found->why, slice_of(error));
    return client;
}

void
kafka_probe_run(const struct kafka_config *config, ms_t bound_ms, struct kafka_probe *found)
{
    struct prober prober = { .found = found, .until_ms = clock_now_ms() + bound_ms };
    *found = (struct kafka_probe){ 0 };
    take_names(config, found);
    prober.client = begin(config, &prober);
    if (!prober.client)
        return;
    reach(&prober);
    if (found->reached) {
        look_at_topics(&prober, config);
        probe_settings(&prober);
        probe_offsets(&prober);
    }
    rd_kafka_destroy_flags(prober.client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void
kafka_probe_free(struct kafka_probe *found)
{
    for (uint32_t i = 0; i < found->n_topics; i++)
        free(found->topics[i].name);
    free(found->topics);
    free(found->patterns);
    free(found->dead.name);
    *found = (struct kafka_probe){ 0 };
}

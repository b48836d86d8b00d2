/* kafka_probe_settings.c: asks for the settings of all topics at once. */
#include "bridge/io/kafka_probe_parts.h"

#include "codecs/check.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

static struct kafka_probe_topic *
topic_of(struct kafka_probe *found, const char *name)
{
    for (uint32_t i = 0; i < found->n_topics; i++)
        if (strcmp(found->topics[i].name, name) == 0)
            return &found->topics[i];
    return found->dead.name && strcmp(found->dead.name, name) == 0 ? &found->dead : NULL;
}

static void
take_entry(struct kafka_probe_topic *topic, const char *name, const char *value)
{
    if (strcmp(name, "retention.ms") == 0) {
        topic->retention_ms = strtoll(value, NULL, 10);
    } else if (strcmp(name, "retention.bytes") == 0) {
        topic->retention_bytes = strtoll(value, NULL, 10);
    } else if (strcmp(name, "max.message.bytes") == 0) {
        topic->max_message_bytes = strtoll(value, NULL, 10);
    } else if (strcmp(name, "cleanup.policy") == 0) {
        topic->deletes = strstr(value, "delete") != NULL;
        topic->compacts = strstr(value, "compact") != NULL;
    }
}

static void
take_resource(struct kafka_probe_topic *topic, const rd_kafka_ConfigResource_t *resource)
{
    rd_kafka_resp_err_t error = rd_kafka_ConfigResource_error(resource);
    size_t n = 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &n);
    topic->settings = probe_sight_of(error);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        probe_why(topic->why, "settings", error);
    for (size_t i = 0; i < n; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (value)
            take_entry(topic, rd_kafka_ConfigEntry_name(entries[i]), value);
    }
}

static void
take_result(struct prober *prober, rd_kafka_event_t *event)
{
    const rd_kafka_DescribeConfigs_result_t *result = event ? rd_kafka_event_DescribeConfigs_result(event) : NULL;
    size_t n = 0;
    if (!result || rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    const rd_kafka_ConfigResource_t **resources = rd_kafka_DescribeConfigs_result_resources(result, &n);
    for (size_t i = 0; i < n; i++) {
        struct kafka_probe_topic *topic = topic_of(prober->found, rd_kafka_ConfigResource_name(resources[i]));
        if (topic)
            take_resource(topic, resources[i]);
    }
}

static void
add(const struct kafka_probe_topic *topic, rd_kafka_ConfigResource_t **resources, size_t *n)
{
    if (topic->sight == PROBE_SEEN)
        resources[(*n)++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic->name);
}

static void
ask(struct prober *prober, rd_kafka_ConfigResource_t **resources, size_t n)
{
    char error[KAFKA_ERROR_BYTES];
    rd_kafka_queue_t *queue = rd_kafka_queue_new(prober->client);
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(prober->client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    int left = probe_left_ms(prober) / 2 + 1;       /* a broker that keeps them to itself leaves time for the offsets */
    rd_kafka_AdminOptions_set_request_timeout(options, left, error, sizeof error);
    rd_kafka_DescribeConfigs(prober->client, resources, n, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, left);
    take_result(prober, event);
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
}

void
probe_settings(struct prober *prober)
{
    struct kafka_probe *found = prober->found;
    rd_kafka_ConfigResource_t **resources = calloc(found->n_topics + 1, sizeof *resources);
    size_t n = 0;
    check(resources != NULL);
    for (uint32_t i = 0; i < found->n_topics; i++)
        add(&found->topics[i], resources, &n);
    if (found->dead.name && !found->dead_is_read)
        add(&found->dead, resources, &n);
    if (n > 0)
        ask(prober, resources, n);
    rd_kafka_ConfigResource_destroy_array(resources, n);
    free(resources);
}

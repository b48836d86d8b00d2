/* kafka_mock.c: librdkafka's mock cluster, and a plain reader of its topics. */
#include "bridge/io/kafka_mock.h"

#include "bridge/io/clock.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>

enum { POLL_MS = 100 };

struct kafka_mock {
    rd_kafka_t *host;                   /* the client that the cluster lives in */
    rd_kafka_mock_cluster_t *cluster;
};

static bool
set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char error[128];
    return rd_kafka_conf_set(conf, name, value, error, sizeof(error)) == RD_KAFKA_CONF_OK;
}

/* The conf is the client's, or destroyed. */
static rd_kafka_t *
client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, char *error, size_t error_size)
{
    rd_kafka_conf_set_log_cb(conf, NULL);
    rd_kafka_t *client = rd_kafka_new(type, conf, error, error_size);
    if (!client)
        rd_kafka_conf_destroy(conf);
    return client;
}

struct kafka_mock *
kafka_mock_new(char *error, size_t error_size)
{
    struct kafka_mock *mock = calloc(1, sizeof(*mock));
    if (!mock)
        return NULL;
    mock->host = client_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, error_size);
    mock->cluster = mock->host ? rd_kafka_mock_cluster_new(mock->host, 1) : NULL;
    if (mock->cluster)
        return mock;
    if (mock->host)
        snprintf(error, error_size, "librdkafka cannot make its mock cluster");
    kafka_mock_free(mock);
    return NULL;
}

void
kafka_mock_free(struct kafka_mock *mock)
{
    if (!mock)
        return;
    if (mock->cluster)
        rd_kafka_mock_cluster_destroy(mock->cluster);
    if (mock->host)
        rd_kafka_destroy(mock->host);
    free(mock);
}

bool
kafka_mock_topic(struct kafka_mock *mock, const char *name, int partitions)
{
    return rd_kafka_mock_topic_create(mock->cluster, name, partitions, 1) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

const char *
kafka_mock_brokers(const struct kafka_mock *mock)
{
    return rd_kafka_mock_cluster_bootstraps(mock->cluster);
}

static rd_kafka_t *
reader_new(const struct kafka_mock *mock, const char *group)
{
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool good = set(conf, "bootstrap.servers", kafka_mock_brokers(mock)) && set(conf, "group.id", group) &&
                set(conf, "enable.auto.commit", "false") && set(conf, "enable.partition.eof", "true") &&
                set(conf, "auto.offset.reset", "earliest");
    if (!good) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    rd_kafka_t *client = client_new(RD_KAFKA_CONSUMER, conf, error, sizeof(error));
    if (client)
        rd_kafka_poll_set_consumer(client);
    return client;
}

static rd_kafka_topic_partition_list_t *
all_partitions(const char *topic, int partitions, int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = offset;
    return list;
}

static void
give(const rd_kafka_message_t *message, void (*record)(void *owner, const struct record_view *), void *owner)
{
    rd_kafka_headers_t *found;
    bool has = rd_kafka_message_headers(message, &found) == RD_KAFKA_RESP_ERR_NO_ERROR;
    struct header *headers = has ? calloc(rd_kafka_header_cnt(found) + 1, sizeof(*headers)) : NULL;
    struct record_view view = {
        .key = { message->key, message->key_len }, .value = { message->payload, message->len },
        .headers = headers, .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
    };
    const char *name;
    const void *value;
    size_t size;
    while (headers && rd_kafka_header_get_all(found, view.n_headers, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR)
        headers[view.n_headers++] = (struct header){ slice_of(name), { value, size } };
    record(owner, &view);
    free(headers);
}

bool
kafka_mock_read(struct kafka_mock *mock, const char *topic, int partitions, ms_t bound_ms,
                void (*record)(void *owner, const struct record_view *), void *owner)
{
    rd_kafka_t *reader = reader_new(mock, "reader");
    if (!reader)
        return false;
    rd_kafka_topic_partition_list_t *list = all_partitions(topic, partitions, RD_KAFKA_OFFSET_BEGINNING);
    ms_t until = clock_now_ms() + bound_ms;
    int ended = rd_kafka_assign(reader, list) == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : -1;
    while (ended >= 0 && ended < partitions && clock_now_ms() < until) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(reader, POLL_MS);
        if (!message)
            continue;
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
            give(message, record, owner);
        ended += message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        rd_kafka_message_destroy(message);
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_assign(reader, NULL);
    rd_kafka_consumer_close(reader);
    rd_kafka_destroy(reader);
    return ended == partitions;
}

int64_t
kafka_mock_committed(struct kafka_mock *mock, const char *group, const char *topic, int partitions, ms_t bound_ms)
{
    rd_kafka_t *reader = reader_new(mock, group);
    if (!reader)
        return -1;
    rd_kafka_topic_partition_list_t *list = all_partitions(topic, partitions, RD_KAFKA_OFFSET_INVALID);
    int64_t sum = rd_kafka_committed(reader, list, (int)bound_ms) == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : -1;
    for (int i = 0; sum >= 0 && i < list->cnt; i++)
        sum += list->elems[i].offset > 0 ? list->elems[i].offset : 0;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(reader);
    return sum;
}

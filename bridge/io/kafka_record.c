/* kafka_record.c: one polled message becomes a record for the owner, an end of a partition, or an error that is said. */
#include "bridge/io/kafka_parts.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

bool
kafka_headers_reserve(struct kafka *kafka, size_t n)
{
    if (n <= kafka->headers_capacity)
        return true;
    struct header *headers = realloc(kafka->headers, 2 * n * sizeof *headers);
    if (!headers)
        return false;
    kafka->headers = headers;
    kafka->headers_capacity = (uint32_t)(2 * n);
    return true;
}

bool
kafka_headers_of(struct kafka *kafka, const rd_kafka_message_t *message, const struct header **headers, uint32_t *n)
{
    rd_kafka_headers_t *list;
    *headers = kafka->headers;
    *n = 0;
    if (rd_kafka_message_headers(message, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;    /* has none */
    size_t count = rd_kafka_header_cnt(list);
    if (!kafka_headers_reserve(kafka, count))
        return false;
    const char *name;
    const void *value;
    size_t size;
    for (size_t i = 0; i < count && rd_kafka_header_get_all(list, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
        kafka->headers[(*n)++] = (struct header){ slice_of(name), { value, value ? size : 0 } };
    *headers = kafka->headers;
    return true;
}

static void
hand_on(struct kafka *kafka, const rd_kafka_message_t *message, uint32_t partition)
{
    struct kafka_record record = {
        .partition = partition,
        .epoch = kafka->epoch,
        .offset = message->offset,
        .view = {
            .key = { message->key, message->key ? message->key_len : 0 },
            .value = { message->payload, message->payload ? message->len : 0 },
            .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
        },
    };
    if (!kafka_headers_of(kafka, message, &record.view.headers, &record.view.n_headers)) {
        kafka_on_error(kafka, kafka->consumer, RD_KAFKA_RESP_ERR__FATAL, "no memory for the headers of a record");
        return;         /* nothing is handed on behind it: see kafka_on_message */
    }
    kafka_on_given(kafka, partition, message->offset);
    kafka_took(kafka, message->len);
    kafka->handler.record(kafka->handler.owner, &record);
}

static void
on_message_error(struct kafka *kafka, const rd_kafka_message_t *message)
{
    const char *topic = message->rkt ? rd_kafka_topic_name(message->rkt) : NULL, *text = rd_kafka_message_errstr(message);
    char line[KAFKA_ERROR_BYTES];
    uint32_t partition;
    bool lost = kafka_is_offset_lost(message->err);
    if (lost && topic && kafka_partition_of(kafka, topic, message->partition, &partition))
        kafka->positions[partition].stopped = true;
    if (lost)
        snprintf(line, sizeof line,
                 "%s [%d] stands still: its offset is out of range, records may be gone; set the group's offset by hand: %s",
                 topic ? topic : "?", message->partition, text);
    else if (topic)
        snprintf(line, sizeof line, "%s [%d]: %s", topic, message->partition, text);
    else
        snprintf(line, sizeof line, "%s", text);
    kafka_on_error(kafka, kafka->consumer, message->err, line);
}

void
kafka_on_message(struct kafka *kafka, const rd_kafka_message_t *message)
{
    uint32_t partition;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        on_message_error(kafka, message);
        return;
    }
    if (kafka->fatal || kafka->state != GROUP_READING
        || !kafka_partition_of(kafka, rd_kafka_topic_name(message->rkt), message->partition, &partition))
        return;     /* not ours any more: whoever has it reads it */
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        kafka_on_end(kafka, partition, message->offset);
    else
        hand_on(kafka, message, partition);
}

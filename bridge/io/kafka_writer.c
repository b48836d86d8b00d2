/* kafka_writer.c: the clients that write dead letters: acks=all, idempotent, one request at a time.
 *
 * A broker keeps the last five batches of a writer in memory, but in the snapshot that it restarts from the last one alone: asked
 * once more for one before it, it says OUT_OF_ORDER_SEQUENCE_NUMBER, and that is fatal to the client. So one is under way, and
 * the letters that come meanwhile go together in the next.
 *
 * A broker refuses whole requests. A letter that was refused in company for what a request holds is written once more by a second
 * client, whose requests hold one letter each, and is judged there. That client is made when it is first needed. */
#include "bridge/io/kafka_parts.h"
#include "codecs/check.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

enum { REPORTS_A_TURN = 256 };

/* Takes `conf` over, also when it fails. */
static bool
start(struct kafka *kafka, struct letter_writer *writer, rd_kafka_conf_t *conf, char *error, size_t error_size)
{
    const uint64_t one = 1;
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
    writer->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, error_size);
    if (!writer->client) {
        rd_kafka_conf_destroy(conf);
        return false;
    }
    writer->reports = rd_kafka_queue_get_main(writer->client);
    rd_kafka_set_log_queue(writer->client, NULL);       /* NULL = the main queue */
    rd_kafka_queue_io_event_enable(writer->reports, kafka->wake_fd, &one, sizeof one);
    return true;
}

bool
kafka_writers_start(struct kafka *kafka, const struct kafka_config *config, char *error, size_t error_size)
{
    rd_kafka_conf_t *conf = kafka_producer_conf(config, error, error_size);
    if (!conf)
        return false;
    kafka->park_topic = strdup(config->dead_letter_topic);
    check(kafka->park_topic);
    return start(kafka, &kafka->together, conf, error, error_size);
}

/* As the first one, but for the size of a request. */
static bool
start_alone(struct kafka *kafka)
{
    char error[KAFKA_ERROR_BYTES];
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(rd_kafka_conf(kafka->together.client));
    rd_kafka_conf_set(conf, "batch.num.messages", "1", error, sizeof error);
    if (start(kafka, &kafka->alone, conf, error, sizeof error))
        return true;
    kafka_say(kafka, RD_KAFKA_RESP_ERR__FAIL, "dead letters cannot be written one by one: %s", error);
    return false;
}

int
kafka_write(struct kafka *kafka, struct letter_writer *writer, struct slice key, struct slice value, rd_kafka_headers_t *headers,
            int64_t timestamp_ms, void *opaque)
{
    rd_kafka_vu_t parts[] = {
        { .vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = kafka->park_topic },
        { .vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY },
        { .vtype = RD_KAFKA_VTYPE_KEY, .u.mem = { (void *)(uintptr_t)key.at, key.size } },
        { .vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = { (void *)(uintptr_t)value.at, value.size } },
        { .vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = timestamp_ms > 0 ? timestamp_ms : 0 },
        { .vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = opaque },
        { .vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers },
    };
    rd_kafka_error_t *error = rd_kafka_produceva(writer->client, parts, sizeof parts / sizeof parts[0]);
    if (!error)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    rd_kafka_headers_destroy(headers);
    return code;
}

/* librdkafka tells no time of a message with an error (rd_kafka_message_timestamp), and has it all the same. */
int64_t
kafka_letter_ms(const rd_kafka_message_t *message)
{
    rd_kafka_message_t *letter = (rd_kafka_message_t *)(uintptr_t)message;
    rd_kafka_resp_err_t error = letter->err;
    letter->err = RD_KAFKA_RESP_ERR_NO_ERROR;
    int64_t ms = rd_kafka_message_timestamp(letter, NULL);
    letter->err = error;
    return ms;
}

int
kafka_write_alone(struct kafka *kafka, const rd_kafka_message_t *message)
{
    rd_kafka_headers_t *headers;
    if (!kafka->alone.client && !start_alone(kafka))
        return RD_KAFKA_RESP_ERR__FAIL;
    bool has = rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR;
    return kafka_write(kafka, &kafka->alone, (struct slice){ message->key, message->key_len },
                       (struct slice){ message->payload, message->len },
                       has ? rd_kafka_headers_copy(headers) : rd_kafka_headers_new(0),
                       kafka_letter_ms(message), message->_private);
}

/* batch.size holds from the second letter of a request on: a larger one is alone anyway. */
bool
kafka_had_company(const struct letter_writer *writer, const rd_kafka_message_t *message)
{
    const rd_kafka_conf_t *conf = rd_kafka_conf(writer->client);
    return kafka_conf_number(conf, "batch.num.messages") > 1
           && message->key_len + message->len < (size_t)kafka_conf_number(conf, "batch.size");
}

static void
on_event(struct kafka *kafka, struct letter_writer *writer, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *message;
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        while ((message = rd_kafka_event_message_next(event)) != NULL)
            kafka_letter_reported(kafka, writer, message);
        break;
    case RD_KAFKA_EVENT_ERROR:
        kafka_on_error(kafka, writer->client, rd_kafka_event_error(event), rd_kafka_event_error_string(event));
        break;
    case RD_KAFKA_EVENT_LOG:
        kafka_on_log(kafka, event);
        break;
    default:
        break;
    }
}

bool
kafka_writer_turn(struct kafka *kafka, struct letter_writer *writer)
{
    for (int i = 0; i < REPORTS_A_TURN && writer->client; i++) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(writer->reports, 0);
        if (!event)
            return false;
        on_event(kafka, writer, event);
        rd_kafka_event_destroy(event);
    }
    return writer->client != NULL;
}

static void
end(struct kafka *kafka, struct letter_writer *writer)
{
    if (!writer->client)
        return;
    rd_kafka_queue_io_event_enable(writer->reports, -1, NULL, 0);
    if (!kafka->can_destroy)
        return;
    rd_kafka_purge(writer->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    rd_kafka_queue_destroy(writer->reports);
    rd_kafka_destroy(writer->client);
}

void
kafka_writers_end(struct kafka *kafka)
{
    end(kafka, &kafka->together);
    end(kafka, &kafka->alone);
    free(kafka->park_topic);
    free(kafka->refused);
}

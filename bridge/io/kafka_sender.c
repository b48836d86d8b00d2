/* kafka_sender.c: a blocking producer for tools and tests. */
#include "bridge/io/kafka_sender.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

enum { REPORTS_EVERY = 512, QUEUE_FULL_WAIT_MS = 20 };

struct kafka_sender {
    rd_kafka_t *producer;
    rd_kafka_topic_t *topic;
    uint32_t since_reports;
    struct kafka_sender_result result;
};

static void
fail(struct kafka_sender *sender, rd_kafka_resp_err_t code)
{
    if (sender->result.failed++ == 0)
        snprintf(sender->result.error, sizeof sender->result.error, "%s: %s", rd_kafka_err2name(code), rd_kafka_err2str(code));
}

static void
on_report(rd_kafka_t *producer, const rd_kafka_message_t *message, void *owner)
{
    (void)producer;
    struct kafka_sender *sender = owner;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        sender->result.written++;
    else
        fail(sender, message->err);
}

static void
on_error(rd_kafka_t *producer, int code, const char *text, void *owner)
{
    (void)producer;
    struct kafka_sender *sender = owner;
    if (sender->result.error[0] == '\0')
        snprintf(sender->result.error, sizeof sender->result.error, "%s: %s", rd_kafka_err2name((rd_kafka_resp_err_t)code), text);
}

static bool
configure(rd_kafka_conf_t *conf, const struct kafka_sender_config *config, char *error, size_t error_size)
{
    char linger[16], reason[256];
    snprintf(linger, sizeof linger, "%u", config->linger_ms);
    const struct kafka_property ours[] = {
        { "client.id", "alertbridge-produce" }, { "acks", "all" },        { "enable.idempotence", "true" },
        { "message.max.bytes", "10485760" },    { "linger.ms", linger },  { "queue.buffering.max.messages", "200000" },
        { "queue.buffering.max.kbytes", "65536" }, { "message.timeout.ms", "60000" },
        { "log_level", "3" },
    };
    const size_t n_ours = sizeof ours / sizeof ours[0];
    for (size_t i = 0; i < n_ours + config->n_properties + 1; i++) {
        struct kafka_property p = { "bootstrap.servers", config->brokers };
        if (i < n_ours)
            p = ours[i];
        else if (i < n_ours + config->n_properties)
            p = config->properties[i - n_ours];
        if (rd_kafka_conf_set(conf, p.name, p.value, reason, sizeof reason) != RD_KAFKA_CONF_OK) {
            snprintf(error, error_size, "%s: %s", p.name, reason);
            return false;
        }
    }
    return true;
}

struct kafka_sender *
kafka_sender_new(const struct kafka_sender_config *config, char *error, size_t error_size)
{
    struct kafka_sender *sender = calloc(1, sizeof *sender);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    snprintf(error, error_size, "out of memory");
    if (!sender || !configure(conf, config, error, error_size))
        goto fail;
    rd_kafka_conf_set_opaque(conf, sender);
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    rd_kafka_conf_set_error_cb(conf, on_error);
    sender->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, error_size);
    if (!sender->producer)
        goto fail;
    conf = NULL;        /* the producer's now */
    sender->topic = rd_kafka_topic_new(sender->producer, config->topic, NULL);
    if (sender->topic)
        return sender;
    snprintf(error, error_size, "topic %s: %s", config->topic, rd_kafka_err2str(rd_kafka_last_error()));
fail:
    if (conf)
        rd_kafka_conf_destroy(conf);
    kafka_sender_free(sender);
    return NULL;
}

static rd_kafka_headers_t *
headers_of(const struct record_view *view)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(view->n_headers);
    for (uint32_t i = 0; i < view->n_headers; i++) {
        const struct header *h = &view->headers[i];
        rd_kafka_header_add(headers, h->name.at, (ssize_t)h->name.size, h->value.at, (ssize_t)h->value.size);
    }
    return headers;
}

static rd_kafka_resp_err_t
put_once(struct kafka_sender *sender, const struct record_view *view, int32_t partition)
{
    rd_kafka_headers_t *headers = view->n_headers ? headers_of(view) : NULL;
    rd_kafka_vu_t parts[] = {
        { .vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = sender->topic },
        { .vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = partition < 0 ? RD_KAFKA_PARTITION_UA : partition },
        { .vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY },
        { .vtype = RD_KAFKA_VTYPE_KEY, .u.mem = { (void *)(uintptr_t)view->key.at, view->key.size } },
        { .vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = { (void *)(uintptr_t)view->value.at, view->value.size } },
        { .vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = view->timestamp_ms > 0 ? view->timestamp_ms : 0 },
        { .vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers },
    };
    size_t n = sizeof parts / sizeof parts[0] - (headers ? 0 : 1);
    rd_kafka_error_t *error = rd_kafka_produceva(sender->producer, parts, n);
    if (!error)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    if (headers)
        rd_kafka_headers_destroy(headers);
    return code;
}

bool
kafka_sender_put(struct kafka_sender *sender, const struct record_view *view, int32_t partition)
{
    rd_kafka_resp_err_t code;
    while ((code = put_once(sender, view, partition)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        rd_kafka_poll(sender->producer, QUEUE_FULL_WAIT_MS);
    if (++sender->since_reports >= REPORTS_EVERY) {
        sender->since_reports = 0;
        rd_kafka_poll(sender->producer, 0);
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail(sender, code);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void
kafka_sender_finish(struct kafka_sender *sender, ms_t bound_ms, struct kafka_sender_result *result)
{
    if (rd_kafka_flush(sender->producer, (int)bound_ms) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_purge(sender->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(sender->producer, 1000);
    }
    *result = sender->result;
}

void
kafka_sender_free(struct kafka_sender *sender)
{
    if (!sender)
        return;
    if (sender->topic)
        rd_kafka_topic_destroy(sender->topic);
    if (sender->producer)
        rd_kafka_destroy(sender->producer);
    free(sender);
}

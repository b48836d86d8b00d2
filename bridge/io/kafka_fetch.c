/* kafka_fetch.c: keeps librdkafka fetching.
 *
 * Below 2.2 the thread that fetches sleeps when its queue is full, and looks again after up to a second, however fast the queue
 * was emptied (https://github.com/confluentinc/librdkafka/issues/2879). A queue that holds a second of work would hide that and
 * cost tens of megabytes. Instead the thread is woken as records are taken. From 2.2 on fetch.queue.backoff.ms does. */
#include "bridge/io/kafka_parts.h"

#include <librdkafka/rdkafka.h>
#include <string.h>

enum { WAKE_BYTES = 256 * 1024, NAME_BYTES = 256, PASSWORD_BYTES = 4096 };

bool
kafka_fetcher_sleeps(const struct rd_kafka_conf_s *conf)
{
    char value[32];
    size_t size = sizeof value;
    return rd_kafka_conf_get(conf, "fetch.queue.backoff.ms", value, &size) != RD_KAFKA_CONF_OK;
}

/* Of the calls that wake all threads of a client, this is the one without another effect: it is told the credentials that it
 * has. What does not fit is left alone: then fetching is slower, not wrong. */
void
kafka_wake_fetcher(struct rd_kafka_s *consumer)
{
    char name[NAME_BYTES] = "", password[PASSWORD_BYTES] = "";
    size_t name_size = 0, password_size = 0;
    const rd_kafka_conf_t *conf = rd_kafka_conf(consumer);
    rd_kafka_conf_get(conf, "sasl.username", NULL, &name_size);
    rd_kafka_conf_get(conf, "sasl.password", NULL, &password_size);
    if (name_size > sizeof name || password_size > sizeof password)
        return;
    name_size = sizeof name;
    password_size = sizeof password;
    rd_kafka_conf_get(conf, "sasl.username", name, &name_size);
    rd_kafka_conf_get(conf, "sasl.password", password, &password_size);
    rd_kafka_error_t *error = rd_kafka_sasl_set_credentials(consumer, name, password);
    explicit_bzero(password, sizeof password);
    if (error)
        rd_kafka_error_destroy(error);
}

void
kafka_took(struct kafka *kafka, size_t bytes)
{
    kafka->taken_bytes += bytes;
    if (!kafka->fetcher_sleeps || kafka->taken_bytes < WAKE_BYTES)
        return;
    kafka->taken_bytes = 0;
    kafka_wake_fetcher(kafka->consumer);
}

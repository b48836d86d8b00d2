/* kafka_conf.c: librdkafka's properties: those that the promise needs, our defaults, and the user's, in that order of strength.
 *
 * Names and ranges: https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md */
#include "bridge/io/kafka_parts.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* What the delivery contract stands on. Set last, and refused from the user. */
static const struct kafka_property consumer_owned[] = {
    { "enable.auto.commit", "false" },
    { "enable.auto.offset.store", "false" },
    { "auto.offset.reset", "error" },           /* a gap must be seen by a person, never jumped over */
    { "isolation.level", "read_committed" },
    { "check.crcs", "true" },
    { "enable.partition.eof", "true" },
    { "log.queue", "true" },
};

static const struct kafka_property producer_owned[] = {
    { "acks", "all" },
    { "enable.idempotence", "true" },
    { "max.in.flight", "1" },                   /* a broker that was restarted knows the last batch only: kafka_writer.c */
    { "log.queue", "true" },
};

/* The user may override these. The prefetch is of each partition; a small one does, because whoever fetches never sleeps beside a
 * queue with room (kafka_fetch.c), and waits for news of others for less time than it lasts (kafka_queues.c). A queue that has
 * less than that is fetched for, and may get fetch.message.max.bytes (1 MiB) at once: so much a partition is the most. */
static const struct kafka_property consumer_defaults[] = {
    { "client.id", "alertbridge" },
    { "partition.assignment.strategy", "range" },
    { "socket.keepalive.enable", "true" },
    { "statistics.interval.ms", "10000" },      /* how many brokers are up */
    { "queued.max.messages.kbytes", "256" },
    { "fetch.wait.max.ms", "50" },
    { "topic.metadata.refresh.interval.ms", "30000" },  /* how long a new partition, or a topic of a pattern, goes unseen */
};

static const struct kafka_property producer_defaults[] = {
    { "client.id", "alertbridge" },
    { "socket.keepalive.enable", "true" },
    { "message.max.bytes", "10485760" },        /* a record of any topic, with its original headers and ours */
    { "queue.buffering.max.kbytes", "16384" },
    { "linger.ms", "0" },                       /* company comes while the request before is under way */
    { "batch.size", "262144" },                 /* what is queued at most is then written by some hundred requests, */
    { "message.timeout.ms", "60000" },          /* in far less time than this: then the engine is told, and decides */
    { "topic.metadata.propagation.max.ms", "1000" },    /* how long a missing topic may be one that was just made */
};

/* Refused in kafka.properties, and what to do instead. */
static const struct {
    const char *name, *instead;
} refused[] = {
    { "bootstrap.servers", "set kafka.brokers" },
    { "metadata.broker.list", "set kafka.brokers" },
    { "group.id", "set kafka.group" },
    { "group.instance.id", "set kafka.instance_id" },
    { "enable.auto.commit", "offsets are committed by the worker after the backend has acknowledged" },
    { "auto.commit.enable", "offsets are committed by the worker after the backend has acknowledged" },
    { "enable.auto.offset.store", "offsets are committed by the worker after the backend has acknowledged" },
    { "auto.offset.reset", "set sources[].start; a committed offset that is out of range stops the partition" },
    { "isolation.level", "it is always read_committed" },
    { "check.crcs", "it is always true" },
    { "enable.partition.eof", "it is always true" },
    { "group.protocol", "it is always the classic protocol" },
    { "acks", "dead letters are always written with acks=all" },
    { "request.required.acks", "dead letters are always written with acks=all" },
    { "enable.idempotence", "dead letters are always written by an idempotent producer" },
    { "max.in.flight", "dead letters are written one after the other" },
    { "max.in.flight.requests.per.connection", "dead letters are written one after the other" },
    { "transactional.id", "dead letters are not written in transactions" },
    { "log.queue", "log lines always go to the worker's log" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
set_all(rd_kafka_conf_t *conf, const struct kafka_property *properties, size_t n, char *error, size_t error_size)
{
    char reason[KAFKA_ERROR_BYTES];
    for (size_t i = 0; i < n; i++) {
        if (rd_kafka_conf_set(conf, properties[i].name, properties[i].value, reason, sizeof reason) != RD_KAFKA_CONF_OK) {
            snprintf(error, error_size, "%s: %s", properties[i].name, reason);
            return false;
        }
    }
    return true;
}

/* Eager assignors only: an incremental one changes what a revoke means. */
static bool
is_eager(const char *list)
{
    while (*list) {
        size_t size = strcspn(list, ", ");
        bool known = (size == 5 && strncasecmp(list, "range", 5) == 0)
                     || (size == 10 && strncasecmp(list, "roundrobin", 10) == 0);
        if (size > 0 && !known)
            return false;
        list += size + strspn(list + size, ", ");
    }
    return true;
}

static bool
allowed(const struct kafka_property *property, char *error, size_t error_size)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        if (strcmp(property->name, refused[i].name) == 0) {
            snprintf(error, error_size, "%s: belongs to the worker; %s", property->name, refused[i].instead);
            return false;
        }
    }
    if (strcmp(property->name, "partition.assignment.strategy") == 0 && !is_eager(property->value)) {
        snprintf(error, error_size, "%s: \"%s\" is not supported; use range or roundrobin", property->name, property->value);
        return false;
    }
    return true;
}

static bool
set_users(rd_kafka_conf_t *conf, const struct kafka_config *config, char *error, size_t error_size)
{
    for (uint32_t i = 0; i < config->n_properties; i++) {
        const struct kafka_property *property = &config->properties[i];
        if (!allowed(property, error, error_size) || !set_all(conf, property, 1, error, error_size))
            return false;
    }
    return true;
}

/* librdkafka knows it from 2.2 on. */
static void
set_backoff(rd_kafka_conf_t *conf)
{
    char reason[KAFKA_ERROR_BYTES];
    rd_kafka_conf_set(conf, "fetch.queue.backoff.ms", "10", reason, sizeof reason);
}

long
kafka_conf_number(const rd_kafka_conf_t *conf, const char *name)
{
    char value[32];
    size_t size = sizeof value;
    return rd_kafka_conf_get(conf, name, value, &size) == RD_KAFKA_CONF_OK ? strtol(value, NULL, 10) : 0;
}

/* What librdkafka itself would find only when it starts. */
static bool
agree(const rd_kafka_conf_t *conf, char *error, size_t error_size)
{
    long poll = kafka_conf_number(conf, "max.poll.interval.ms"), session = kafka_conf_number(conf, "session.timeout.ms");
    if (poll < session) {
        snprintf(error, error_size, "max.poll.interval.ms: %ld is below session.timeout.ms, %ld", poll, session);
        return false;
    }
    return true;
}

static rd_kafka_conf_t *
finish(rd_kafka_conf_t *conf, bool good)
{
    if (good)
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

rd_kafka_conf_t *
kafka_consumer_conf(const struct kafka_config *config, char *error, size_t error_size)
{
    const struct kafka_property names[] = {
        { "bootstrap.servers", config->brokers },
        { "group.id", config->group },
        { "group.instance.id", config->instance_id },
    };
    size_t n_names = config->instance_id && config->instance_id[0] ? 3 : 2;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set_backoff(conf);
    return finish(conf, set_all(conf, consumer_defaults, COUNT(consumer_defaults), error, error_size)
                            && set_users(conf, config, error, error_size)
                            && set_all(conf, consumer_owned, COUNT(consumer_owned), error, error_size)
                            && set_all(conf, names, n_names, error, error_size)
                            && agree(conf, error, error_size));
}

rd_kafka_conf_t *
kafka_producer_conf(const struct kafka_config *config, char *error, size_t error_size)
{
    const struct kafka_property brokers = { "bootstrap.servers", config->brokers };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    return finish(conf, set_all(conf, producer_defaults, COUNT(producer_defaults), error, error_size)
                            && set_users(conf, config, error, error_size)
                            && set_all(conf, producer_owned, COUNT(producer_owned), error, error_size)
                            && set_all(conf, &brokers, 1, error, error_size));
}

bool
kafka_check(const struct kafka_config *config, char *error, size_t error_size)
{
    rd_kafka_conf_t *consumer = kafka_consumer_conf(config, error, error_size);
    if (!consumer)
        return false;
    rd_kafka_conf_destroy(consumer);
    rd_kafka_conf_t *producer = kafka_producer_conf(config, error, error_size);
    if (!producer)
        return false;
    rd_kafka_conf_destroy(producer);
    return kafka_rules_check(config, error, error_size);
}

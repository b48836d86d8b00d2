/* kafka.c: the client's turn in the loop: it is woken, polls with a budget, hands records on, and leaves.
 *
 * librdkafka works in threads of its own and speaks through queues. Each queue writes to one eventfd when it turns from empty
 * to not empty, and only then: a turn drains all queues, or, when its budget ends, asks for another turn after the loop has
 * seen its other descriptors. A timer polls once a second besides, because a member that does not poll is put out of the group
 * (max.poll.interval.ms). */
#include "bridge/io/kafka_parts.h"
#include "codecs/check.h"

#include <errno.h>
#include <event2/event.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { EVENTS_A_TURN = 256, HEADERS_AT_START = 16 };

static const struct timeval tick = { 1, 0 }, tick_leaving = { 0, 20 * 1000 }, at_once = { 0, 0 };

/* ---- a turn ---------------------------------------------------------------------------------------------------------------- */

static void
on_event(struct kafka *kafka, rd_kafka_event_t *event)
{
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT:
        kafka_on_looked_up(kafka, event);
        break;
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
        kafka_on_committed(kafka, event);
        break;
    case RD_KAFKA_EVENT_LOG:
        kafka_on_log(kafka, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        kafka_on_error(kafka, kafka->consumer, rd_kafka_event_error(event), rd_kafka_event_error_string(event));
        break;
    case RD_KAFKA_EVENT_REBALANCE:      /* while leaving, all that the consumer says comes this way */
        kafka_on_rebalance(kafka, rd_kafka_event_error(event), rd_kafka_event_topic_partition_list(event));
        break;
    default:
        break;
    }
}

static bool
turn_events(struct kafka *kafka)
{
    for (int i = 0; i < EVENTS_A_TURN; i++) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(kafka->events, 0);
        if (!event)
            return false;
        on_event(kafka, event);
        rd_kafka_event_destroy(event);
    }
    return true;
}

/* The group speaks through the common queue, and is heard first: what it takes away is not read any more. */
static bool
take_records(struct kafka *kafka)
{
    for (int i = 0; i < EVENTS_A_TURN && !kafka->leaving; i++) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(kafka->consumer, 0);
        if (!message)
            return kafka_queues_take(kafka, KAFKA_RECORDS_A_TURN);
        kafka_on_message(kafka, message);
        rd_kafka_message_destroy(message);
    }
    return !kafka->leaving;
}

/* One turn of records, then the owner's: what it activated while it took them runs before on_owner_had, so a pause that they led
 * to is carried out before more of them come. Wake-ups, ticks and repeats of one moment are one turn. */
static bool
turn_records(struct kafka *kafka)
{
    if (kafka->taken_turn)
        return true;
    kafka->taken_turn = true;
    bool more = take_records(kafka);
    event_active(kafka->on_owner_had, EV_TIMEOUT, 0);
    return more;
}

static void
tell_closed(struct kafka *kafka)
{
    if (kafka->told_closed)
        return;
    kafka->told_closed = true;
    event_del(kafka->on_tick);
    event_del(kafka->on_deadline);
    kafka->handler.closed(kafka->handler.owner);
}

/* The last thing done may be handler.closed: nothing of `kafka` is touched behind it. */
static void
turn(struct kafka *kafka)
{
    uint64_t ignored;
    ssize_t got = read(kafka->wake_fd, &ignored, sizeof ignored);
    (void)got;      /* empty when a timer woke us */
    bool more = turn_events(kafka);
    more |= turn_records(kafka);
    more |= kafka_letters_turn(kafka);
    kafka_group_tick(kafka);
    if (more)
        event_add(kafka->on_again, &at_once);
    if (!kafka->leaving)
        return;
    if (!kafka->closed)
        kafka->closed = rd_kafka_consumer_closed(kafka->consumer) != 0;
    if (kafka->closed)
        tell_closed(kafka);
}

static void
on_owner_had(evutil_socket_t fd, short what, void *data)
{
    struct kafka *kafka = data;
    (void)fd, (void)what;
    kafka->taken_turn = false;
}

static void
on_turn(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    turn(data);
}

static void
on_tick(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    struct kafka *kafka = data;
    kafka_flush_ends(kafka);
    event_add(kafka->on_tick, kafka->leaving ? &tick_leaving : &tick);
    turn(kafka);
}

static void
on_lookup(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    kafka_look_up(data);
}

static void
on_deadline(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    tell_closed(data);
}

void
kafka_wake(struct kafka *kafka)
{
    event_add(kafka->on_again, &at_once);
}

/* ---- callbacks of librdkafka, all from within consumer_poll ---------------------------------------------------------------- */

static void
rebalance_cb(rd_kafka_t *consumer, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *data)
{
    (void)consumer;
    kafka_on_rebalance(data, code, list);
}

static void
error_cb(rd_kafka_t *consumer, int code, const char *text, void *data)
{
    kafka_on_error(data, consumer, code, text);
}

static int
statistics_cb(rd_kafka_t *consumer, char *json, size_t size, void *data)
{
    (void)consumer;
    kafka_on_statistics(data, json, size);
    return 0;       /* librdkafka frees the text */
}

/* ---- start and end --------------------------------------------------------------------------------------------------------- */

static bool
consumer_start(struct kafka *kafka, const struct kafka_config *config, char *error, size_t error_size)
{
    rd_kafka_conf_t *conf = kafka_consumer_conf(config, error, error_size);
    if (!conf)
        return false;
    kafka->fetcher_sleeps = kafka_fetcher_sleeps(conf);
    rd_kafka_conf_set_opaque(conf, kafka);
    rd_kafka_conf_set_rebalance_cb(conf, rebalance_cb);
    rd_kafka_conf_set_error_cb(conf, error_cb);
    rd_kafka_conf_set_stats_cb(conf, statistics_cb);
    kafka->consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, error_size);
    if (!kafka->consumer) {
        rd_kafka_conf_destroy(conf);
        return false;
    }
    const uint64_t one = 1;
    rd_kafka_poll_set_consumer(kafka->consumer);
    kafka->records = rd_kafka_queue_get_consumer(kafka->consumer);
    kafka->events = rd_kafka_queue_new(kafka->consumer);
    rd_kafka_queue_io_event_enable(kafka->records, kafka->wake_fd, &one, sizeof one);
    rd_kafka_queue_io_event_enable(kafka->events, kafka->wake_fd, &one, sizeof one);
    rd_kafka_set_log_queue(kafka->consumer, kafka->events);
    return true;
}

static bool
events_start(struct kafka *kafka)
{
    kafka->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (kafka->wake_fd < 0)
        return false;
    kafka->on_wake = event_new(kafka->base, kafka->wake_fd, EV_READ | EV_PERSIST, on_turn, kafka);
    kafka->on_tick = evtimer_new(kafka->base, on_tick, kafka);
    kafka->on_again = evtimer_new(kafka->base, on_turn, kafka);
    kafka->on_owner_had = event_new(kafka->base, -1, 0, on_owner_had, kafka);
    kafka->on_lookup = evtimer_new(kafka->base, on_lookup, kafka);
    kafka->on_deadline = evtimer_new(kafka->base, on_deadline, kafka);
    return kafka->on_wake && kafka->on_tick && kafka->on_again && kafka->on_owner_had && kafka->on_lookup
           && kafka->on_deadline && event_add(kafka->on_wake, NULL) == 0 && event_add(kafka->on_tick, &tick) == 0;
}

static bool
clients_start(struct kafka *kafka, const struct kafka_config *config, char *error, size_t error_size)
{
    return consumer_start(kafka, config, error, error_size)
           && (!config->dead_letter_topic || kafka_writers_start(kafka, config, error, error_size))
           && kafka_subscribe(kafka, config, error, error_size);
}

struct kafka *
kafka_new(const struct kafka_config *config, struct event_base *base, const struct kafka_handler *handler, char *error,
          size_t error_size)
{
    int why = EINVAL;
    struct kafka *kafka = NULL;
    if (!kafka_check(config, error, error_size))
        goto fail;
    kafka = calloc(1, sizeof *kafka);
    check(kafka);
    kafka->handler = *handler;
    kafka->base = base;
    kafka->wake_fd = -1;
    kafka->can_destroy = true;
    kafka->group = strdup(config->group);
    check(kafka->group && kafka_headers_reserve(kafka, HEADERS_AT_START) && kafka_rules_init(kafka, config));
    if (!events_start(kafka)) {
        why = errno;
        snprintf(error, error_size, "kafka: %s", strerror(why));
        goto fail;
    }
    if (!clients_start(kafka, config, error, error_size))
        goto fail;
    kafka->can_destroy = false;
    return kafka;
fail:
    kafka_free(kafka);
    errno = why;
    return NULL;
}

void
kafka_leave(struct kafka *kafka, ms_t bound_ms)
{
    if (kafka->leaving)
        return;
    const struct timeval bound = { (time_t)(bound_ms / 1000), (suseconds_t)(bound_ms % 1000 * 1000) };
    kafka->leaving = true;
    kafka_group_end(kafka);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(kafka->consumer, kafka->events);
    if (error) {            /* a client with a fatal error does not close */
        rd_kafka_error_destroy(error);
        kafka->closed = true;
    }
    event_add(kafka->on_deadline, &bound);
    event_add(kafka->on_tick, &tick_leaving);
    kafka_wake(kafka);
}

static void
consumer_end(struct kafka *kafka)
{
    if (!kafka->consumer)
        return;
    kafka_queues_close(kafka);
    rd_kafka_queue_io_event_enable(kafka->records, -1, NULL, 0);
    rd_kafka_queue_io_event_enable(kafka->events, -1, NULL, 0);
    if (kafka->can_destroy) {
        rd_kafka_queue_destroy(kafka->records);
        rd_kafka_queue_destroy(kafka->events);
        rd_kafka_destroy_flags(kafka->consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
}

/* rd_kafka_destroy() waits for librdkafka's threads, which may hang in a name lookup or an unanswered request. So a client is
 * destroyed where it was a member and has left in time; in any other case it is silenced and left to the end of the process,
 * in sight of a leak checker. */
static struct kafka *left_behind;

void
kafka_free(struct kafka *kafka)
{
    if (!kafka)
        return;
    kafka->can_destroy |= kafka->closed && kafka->stats.joined;
    struct event *events[] = { kafka->on_wake, kafka->on_tick, kafka->on_again, kafka->on_owner_had, kafka->on_lookup,
                               kafka->on_deadline };
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (events[i])
            event_free(events[i]);
    kafka_writers_end(kafka);
    consumer_end(kafka);
    if (kafka->wake_fd >= 0)
        close(kafka->wake_fd);
    kafka_partitions_release(kafka);
    kafka_rules_release(kafka);
    for (uint32_t i = 0; i < kafka->n_names; i++)
        free(kafka->names[i]);
    free(kafka->names);
    free(kafka->headers);
    free(kafka->group);
    if (kafka->can_destroy) {
        free(kafka);
    } else {
        kafka->next = left_behind;
        left_behind = kafka;
    }
}

void
kafka_stats(const struct kafka *kafka, struct kafka_stats *stats)
{
    *stats = kafka->stats;
    stats->stopped = 0;
    for (uint32_t i = 0; i < kafka->n_partitions; i++)
        stats->stopped += kafka->positions[i].stopped;
}

/* kafka_world.c: the broker of the program, topics, members that note what they are told. */
#include "tests/wire/kafka_world.h"

#include "bridge/io/kafka_parts.h"
#include "bridge/io/kafka_sender.h"
#include "tests/support/servers.h"

#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <event2/event.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BROKERS_VARIABLE "ALERTBRIDGE_TEST_KAFKA"
#define VERSION_VARIABLE "ALERTBRIDGE_TEST_KAFKA_VERSION"

/* ---- the broker, once for the program, in the process that runs the tests -------------------------------------------------- */

static struct private_kafka broker;

static bool
is_wanted(const struct criterion_test_set *tests)
{
    FOREACH_SET(struct criterion_suite_set *suite, tests->suites) {
        if (strncmp(suite->suite.name, "kafka", 5) != 0)
            continue;
        FOREACH_SET(struct criterion_test *test, suite->tests)
            if (!test->data->disabled)
                return true;
    }
    return false;
}

ReportHook(PRE_ALL)(struct criterion_test_set *tests)
{
    if (getenv(BROKERS_VARIABLE) || !is_wanted(tests))
        return;
    const char *version = getenv(VERSION_VARIABLE);
    if (private_kafka_start(&broker, version ? version : "3.9.1"))
        setenv(BROKERS_VARIABLE, broker.brokers, 1);
}

ReportHook(POST_ALL)(struct criterion_global_stats *stats)
{
    (void)stats;
    private_kafka_release(&broker);
}

const char *
world_brokers(void)
{
    cr_assert_not_null(getenv(BROKERS_VARIABLE), "no Kafka: tests/support/kafka.sh needs Java, and Maven once");
    return getenv(BROKERS_VARIABLE);
}

/* Names and notes live as long as the test's process: a chain keeps them in sight of the leak check. */
static void *
memory(size_t bytes)
{
    static void **newest;
    void **block = calloc(1, sizeof *block + bytes);
    cr_assert_not_null(block);
    *block = newest;
    newest = block;
    return block + 1;
}

/* ---- topics ---------------------------------------------------------------------------------------------------------------- */

const char *
world_name(const char *label)
{
    static unsigned n;
    struct timespec now;
    char *name = memory(128);
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(name, 128, "%s-%d-%ld-%u", label, (int)getpid(), now.tv_nsec, n++);
    return name;
}

static rd_kafka_t *
admin_new(void)
{
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", world_brokers(), NULL, 0);
    rd_kafka_t *admin = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    cr_assert_not_null(admin, "%s", error);
    return admin;
}

/* The only topic of the answer was made or changed. */
static void
done(rd_kafka_event_t *event, const rd_kafka_topic_result_t **results, size_t n)
{
    cr_assert_eq(n, 1);
    cr_assert_eq(rd_kafka_topic_result_error(results[0]), RD_KAFKA_RESP_ERR_NO_ERROR, "%s",
                 rd_kafka_topic_result_error_string(results[0]));
    rd_kafka_event_destroy(event);
}

void
world_make_topic(const char *name, int partitions, const char *setting)
{
    char error[256], key[64];
    size_t n;
    rd_kafka_t *admin = admin_new();
    rd_kafka_queue_t *queue = rd_kafka_queue_new(admin);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, partitions, 1, error, sizeof error);
    cr_assert_not_null(topic, "%s", error);
    if (setting) {
        snprintf(key, sizeof key, "%.*s", (int)strcspn(setting, "="), setting);
        rd_kafka_NewTopic_set_config(topic, key, strchr(setting, '=') + 1);
    }
    rd_kafka_CreateTopics(admin, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, PATIENCE_MS);
    cr_assert_not_null(event);
    const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
    const rd_kafka_topic_result_t **topics = rd_kafka_CreateTopics_result_topics(result, &n);
    done(event, topics, n);
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(admin);
}

const char *
world_topic(const char *label, int partitions, const char *setting)
{
    const char *name = world_name(label);
    world_make_topic(name, partitions, setting);
    return name;
}

void
world_grow(const char *topic, int partitions)
{
    char error[256];
    size_t n;
    rd_kafka_t *admin = admin_new();
    rd_kafka_queue_t *queue = rd_kafka_queue_new(admin);
    rd_kafka_NewPartitions_t *more = rd_kafka_NewPartitions_new(topic, (size_t)partitions, error, sizeof error);
    cr_assert_not_null(more, "%s", error);
    rd_kafka_CreatePartitions(admin, &more, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, PATIENCE_MS);
    cr_assert_not_null(event);
    const rd_kafka_CreatePartitions_result_t *result = rd_kafka_event_CreatePartitions_result(event);
    const rd_kafka_topic_result_t **topics = rd_kafka_CreatePartitions_result_topics(result, &n);
    done(event, topics, n);
    rd_kafka_NewPartitions_destroy(more);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(admin);
}

void
world_fill(const char *topic, const char *label, int partitions, int first, int count)
{
    char error[256], value[64];
    const struct kafka_sender_config config = { .brokers = world_brokers(), .topic = topic };
    struct kafka_sender *sender = kafka_sender_new(&config, error, sizeof error);
    cr_assert_not_null(sender, "%s", error);
    for (int i = first; i < first + count; i++) {
        int size = snprintf(value, sizeof value, "%s-%d", label, i);
        const struct record_view view = { .value = { value, (size_t)size }, .timestamp_ms = -1 };
        cr_assert(kafka_sender_put(sender, &view, i % partitions));
    }
    struct kafka_sender_result result;
    kafka_sender_finish(sender, PATIENCE_MS, &result);
    cr_assert_eq(result.written, (uint64_t)count, "%s", result.error);
    kafka_sender_free(sender);
}

/* ---- the loop -------------------------------------------------------------------------------------------------------------- */

struct event_base *
world_base(void)
{
    static struct event_base *base;
    if (!base)
        base = event_base_new();
    return base;
}

void
world_run_ms(int ms)
{
    const struct timeval wait = { ms / 1000, ms % 1000 * 1000 };
    event_base_loopexit(world_base(), &wait);
    event_base_dispatch(world_base());
}

bool
world_turn(ms_t *left_ms)
{
    world_run_ms(5);
    *left_ms -= 5;
    return *left_ms > 0;
}

/* ---- a member -------------------------------------------------------------------------------------------------------------- */

static struct slice
keep(struct slice from)
{
    if (!from.at)
        return from;
    char *copy = memory(from.size + 1);
    memcpy(copy, from.at, from.size);
    return (struct slice){ copy, from.size };
}

static bool
on_takes(void *owner, uint32_t partition)
{
    const struct member_of_test *m = owner;
    return !m->takes || m->takes(m, partition);
}

static void
on_record(void *owner, const struct kafka_record *record)
{
    struct member_of_test *m = owner;
    cr_assert_lt(m->n_records, NOTES_MAX);
    cr_assert_lt(record->partition, m->n_partitions);
    struct noted_record *note = &m->records[m->n_records++];
    snprintf(note->topic, sizeof note->topic, "%s", m->partitions[record->partition].topic);
    note->number = m->partitions[record->partition].number;
    note->offset = record->offset;
    note->timestamp_ms = record->view.timestamp_ms;
    note->epoch = record->epoch;
    note->key = keep(record->view.key);
    note->value = keep(record->view.value);
    for (uint32_t i = 0; i < record->view.n_headers && i < 16; i++)
        note->headers[note->n_headers++] =
            (struct header){ keep(record->view.headers[i].name), keep(record->view.headers[i].value) };
}

static void
on_assigned(void *owner, const struct assignment *partitions, uint32_t n, uint32_t epoch)
{
    struct member_of_test *m = owner;
    cr_assert_leq(n, PARTITIONS_OF_TEST);
    cr_assert_gt(epoch, m->epoch, "an epoch grows");
    for (uint32_t i = 0; i < n; i++)
        m->partitions[i] = partitions[i];
    m->n_partitions = n;
    m->epoch = epoch;
    m->assigned++;
}

static void
on_revoked(void *owner)
{
    ((struct member_of_test *)owner)->revoked++;
}

static void
on_lost(void *owner)
{
    ((struct member_of_test *)owner)->lost++;
}

static void
on_committed(void *owner, uint32_t partition, uint32_t epoch, int64_t offset, enum commit_result result)
{
    struct member_of_test *m = owner;
    if (m->n_commits < 64)
        m->commits[m->n_commits++] = (struct noted_commit){ partition, epoch, offset, result };
}

static void
on_parked(void *owner, struct tag tag, enum letter_answer answer, const char *why)
{
    struct member_of_test *m = owner;
    m->letters[answer]++;
    if (m->n_parks == 64)
        return;
    struct noted_park *park = &m->parks[m->n_parks++];
    *park = (struct noted_park){ .tag = tag, .ok = answer == LETTER_WRITTEN };
    snprintf(park->refused, sizeof park->refused, "%s", why ? why : "");
}

static void
on_fatal(void *owner, const char *why)
{
    struct member_of_test *m = owner;
    m->fatal++;
    snprintf(m->why_fatal, sizeof m->why_fatal, "%s", why);
}

static void
on_trouble(void *owner, int level, const char *kind, const char *text)
{
    struct member_of_test *m = owner;
    if (getenv("ALERTBRIDGE_TEST_LOUD"))
        fprintf(stderr, "%d %s %s\n", level, kind, text);
    struct noted_line *line = &m->lines[m->n_lines++ % 64];
    line->level = level;
    snprintf(line->kind, sizeof line->kind, "%s", kind);
    snprintf(line->text, sizeof line->text, "%s", text);
}

static void
on_closed(void *owner)
{
    ((struct member_of_test *)owner)->closed++;
}

struct member_of_test *
member_start(const struct member_config *config)
{
    struct member_of_test *m = memory(sizeof *m);
    struct kafka_property properties[6] = { { "session.timeout.ms", "6000" }, { "heartbeat.interval.ms", "300" } };
    struct kafka_config full = {
        .brokers = config->brokers ? config->brokers : world_brokers(),
        .group = config->group,
        .instance_id = config->instance_id ? config->instance_id : "",
        .properties = properties,
        .n_properties = 2,
        .topics = config->topics,
        .dead_letter_topic = config->dead_letter_topic,
    };
    while (full.n_topics < 3 && config->topics[full.n_topics].name)
        full.n_topics++;
    for (int i = 0; i < 4 && config->properties[i].name; i++)
        properties[full.n_properties++] = config->properties[i];
    const struct kafka_handler handler = { m,            on_takes,  on_record, on_assigned, on_revoked, on_lost,
                                           on_committed, on_parked, on_fatal,  on_trouble,  on_closed };
    char error[256];
    m->kafka = kafka_new(&full, world_base(), &handler, error, sizeof error);
    cr_assert_not_null(m->kafka, "%s", error);
    return m;
}

struct member_of_test *
member_reading(const char *topic)
{
    return member_start(&(struct member_config){ .group = world_name("g"), .topics = { { topic, 0, false } } });
}

void
member_leave(struct member_of_test *m)
{
    kafka_leave(m->kafka, 5000);
    until(m->closed == 1);
    kafka_free(m->kafka);
    m->kafka = NULL;
}

bool
member_begun(const struct member_of_test *m)
{
    for (uint32_t i = 0; i < m->n_partitions; i++)
        if (m->partitions[i].next_offset < 0 && !m->kafka->positions[i].pinned)
            return false;
    return m->n_partitions > 0 && !m->kafka->committing;
}

uint32_t
member_partition(const struct member_of_test *m, int32_t number)
{
    uint32_t i = 0;
    while (i < m->n_partitions && m->partitions[i].number != number)
        i++;
    cr_assert_lt(i, m->n_partitions, "partition %d is not assigned", number);
    return i;
}

int
member_count(const struct member_of_test *m, const char *value)
{
    int n = 0;
    for (unsigned i = 0; i < m->n_records; i++)
        n += slice_is(m->records[i].value, value);
    return n;
}

bool
member_said(const struct member_of_test *m, const char *kind, const char *part)
{
    for (unsigned i = 0; i < m->n_lines && i < 64; i++)
        if (strcmp(m->lines[i].kind, kind) == 0 && strstr(m->lines[i].text, part))
            return true;
    return false;
}

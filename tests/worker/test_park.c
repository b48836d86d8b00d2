/* test_park.c: a PARK effect as it lies in the topic: all headers of its record, and the worker's own behind them. */
#include "bridge/io/clock.h"
#include "bridge/io/kafka_mock.h"
#include "bridge/worker/parts.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

enum { PATIENCE_MS = 60000, HEADERS = 700, NAME_BYTES = 24, OWN_HEADERS = 9 };

static struct {
    struct worker worker;
    struct kafka_mock *mock;
    struct header headers[HEADERS];     /* of the record */
    char names[HEADERS][NAME_BYTES];
    uint32_t parked, closed, letters;
} bench;

static bool
on_takes(void *owner, uint32_t partition)
{
    (void)owner, (void)partition;
    return true;
}

static void
on_record(void *owner, const struct kafka_record *record)
{
    (void)owner, (void)record;
}

static void
on_assigned(void *owner, const struct assignment *partitions, uint32_t n, uint32_t epoch)
{
    (void)owner, (void)partitions, (void)n, (void)epoch;
}

static void
on_taken(void *owner)
{
    (void)owner;
}

static void
on_committed(void *owner, uint32_t partition, uint32_t epoch, int64_t offset, enum commit_result result)
{
    (void)owner, (void)partition, (void)epoch, (void)offset, (void)result;
}

static void
on_fatal(void *owner, const char *why)
{
    (void)owner;
    cr_assert_fail("%s", why);
}

static void
on_trouble(void *owner, int level, const char *kind, const char *text)
{
    (void)owner, (void)level, (void)kind, (void)text;
}

static void
on_closed(void *owner)
{
    (void)owner;
    bench.closed++;
}

static void
on_parked(void *owner, struct tag tag, enum letter_answer answer, const char *why)
{
    (void)owner, (void)tag;
    cr_expect_eq(answer, LETTER_WRITTEN, "%s", why);
    bench.parked++;
}

static void
run_until(const uint32_t *count)
{
    ms_t end = clock_now_ms() + PATIENCE_MS;
    while (*count == 0 && clock_now_ms() < end)
        event_base_loop(bench.worker.base, EVLOOP_ONCE);
    cr_assert_eq(*count, 1);
}

static void
setup(void)
{
    static const struct kafka_topic topic = { "in", 0, false };
    const struct kafka_handler handler = { NULL,         on_takes,  on_record, on_assigned, on_taken, on_taken,
                                           on_committed, on_parked, on_fatal,  on_trouble,  on_closed };
    char error[256];
    bench.mock = kafka_mock_new(error, sizeof error);
    cr_assert_not_null(bench.mock, "%s", error);
    cr_assert(kafka_mock_topic(bench.mock, "in", 1) && kafka_mock_topic(bench.mock, "dead", 1));
    const struct kafka_config config = {
        .brokers = kafka_mock_brokers(bench.mock), .group = "g", .instance_id = "", .topics = &topic, .n_topics = 1,
        .dead_letter_topic = "dead",
    };
    bench.worker.base = event_base_new();
    bench.worker.slab = slab_new(1 << 20, 4);
    bench.worker.kafka = kafka_new(&config, bench.worker.base, &handler, error, sizeof error);
    cr_assert_not_null(bench.worker.kafka, "%s", error);
}

static void
teardown(void)
{
    kafka_leave(bench.worker.kafka, 10000);
    run_until(&bench.closed);
    kafka_free(bench.worker.kafka);
    slab_free(bench.worker.slab);
    event_base_free(bench.worker.base);
    kafka_mock_free(bench.mock);
}

/* A record that was a dead letter once, is put back, and is one again. */
static void
park_a_record_of(uint32_t n_headers)
{
    for (uint32_t i = 0; i < n_headers; i++) {
        snprintf(bench.names[i], NAME_BYTES, "h-%u", i);
        bench.headers[i] = (struct header){ slice_of(bench.names[i]), { bench.names[i] + 2, strlen(bench.names[i] + 2) } };
    }
    bench.headers[0] = (struct header){ SLICE("alertbridge-replay"), SLICE("0") };
    bench.headers[1] = (struct header){ SLICE("alertbridge-reason"), SLICE("of before") };
    const struct record_view view = {
        .key = SLICE("k"), .value = SLICE("v"), .headers = bench.headers, .n_headers = n_headers, .timestamp_ms = 1700000000123
    };
    struct effect effect = { .kind = EFFECT_PARK };
    effect.park.tag = (struct tag){ 3, 4 };
    effect.park.handle = slab_put(bench.worker.slab, &view);
    effect.park.target = TARGET_NONE;
    effect.park.reason = REASON_NO_ROUTE;
    effect.park.message = "no route matches";
    effect.park.topic = "in";
    bench.parked = 0;
    perform_park(&bench.worker, &effect);
    run_until(&bench.parked);
}

/* Header 1 was replaced; the others are as they were, in their order, and only then come the worker's own. */
static void
on_letter(void *owner, const struct record_view *view)
{
    uint32_t n = *(uint32_t *)owner, own = 0;
    bench.letters++;
    cr_assert_eq(view->n_headers, n - 1 + OWN_HEADERS, "%u headers of %u", view->n_headers, n);
    for (uint32_t i = 0, at = 0; i < n; i++) {
        if (i == 1)
            continue;
        cr_assert(slice_eq(view->headers[at].name, bench.headers[i].name), "header %u", i);
        cr_assert(slice_eq(view->headers[at++].value, bench.headers[i].value), "header %u", i);
    }
    for (uint32_t i = n - 1; i < view->n_headers; i++)
        own += slice_is(view->headers[i].name, "alertbridge-reason") && slice_is(view->headers[i].value, "no_route");
    cr_expect_eq(own, 1);
}

static void
expect_all_of(uint32_t n_headers)
{
    park_a_record_of(n_headers);
    cr_assert(kafka_mock_read(bench.mock, "dead", 1, PATIENCE_MS, on_letter, &n_headers));
    cr_expect_eq(bench.letters, 1);
}

TestSuite(park, .init = setup, .fini = teardown);

Test(park, a_letter_has_its_records_headers_where_there_are_more_than_are_looked_at)
{
    expect_all_of(HEADERS_MAX + 2);      /* one of them is replaced */
}

Test(park, a_letter_has_its_records_headers_where_there_are_hundreds)
{
    expect_all_of(HEADERS);
}

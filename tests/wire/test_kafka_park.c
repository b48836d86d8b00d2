/* test_kafka_park.c: dead letters as they lie in the topic, and the ends of partitions that hold transactions. */
#include "bridge/io/clock.h"
#include "bridge/io/kafka_parts.h"
#include "tests/wire/kafka_world.h"

#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

static struct member_of_test *
parker(const char *dead_letter_topic)
{
    const char *topic = world_topic("in", 1, NULL);
    return member_start(&(struct member_config){
        .group = world_name("g"), .topics = { { topic, 0, false } }, .dead_letter_topic = dead_letter_topic
    });
}

static void
expect_same(struct slice got, struct slice wanted, const char *what, size_t row)
{
    cr_expect_eq(got.at == NULL, wanted.at == NULL, "row %zu: %s: null and empty are kept apart", row, what);
    cr_expect(slice_eq(got, wanted), "row %zu: %s", row, what);
}

Test(kafka_park, a_dead_letter_keeps_every_byte)
{
    static const struct header headers[] = {
        { { "content-type", 12 }, { "application/json", 16 } },
        { { "alertbridge-replay", 18 }, { "yes", 3 } },
        { { "bytes", 5 }, { "\0\377\n", 3 } },
        { { "empty", 5 }, { "", 0 } },
        { { "null", 4 }, { NULL, 0 } },
        { { "twice", 5 }, { "1", 1 } },
        { { "twice", 5 }, { "2", 1 } },
    };
    const struct dead_letter letters[] = {
        { .key = { "inc-1", 5 }, .value = { "{\"v\":1}", 7 }, .headers = headers, .n_headers = 7, .timestamp_ms = 1700000000123 },
        { .key = { NULL, 0 }, .value = { "\0\1\2\377", 4 }, .timestamp_ms = 1700000000124 },
        { .key = { "", 0 }, .value = { NULL, 0 }, .timestamp_ms = 1700000000125 },
        { .key = { "k", 1 }, .value = { "", 0 }, .timestamp_ms = 1700000000126 },
    };
    const char *topic = world_topic("dlq", 1, NULL);
    struct member_of_test *m = parker(topic);
    for (uint32_t i = 0; i < 4; i++) {
        struct dead_letter letter = letters[i];
        letter.tag = (struct tag){ 0x80000000u + i, 0xfffffff0u + i };
        kafka_park(m->kafka, &letter);
    }
    until(m->n_parks == 4);
    struct member_of_test *r = member_reading(topic);
    until(r->n_records == 4);
    for (uint32_t i = 0; i < 4; i++) {
        cr_expect(m->parks[i].ok);
        cr_expect_eq(m->parks[i].tag.slot, 0x80000000u + i);
        cr_expect_eq(m->parks[i].tag.serial, 0xfffffff0u + i);
        expect_same(r->records[i].key, letters[i].key, "key", i);
        expect_same(r->records[i].value, letters[i].value, "value", i);
        cr_expect_eq(r->records[i].timestamp_ms, letters[i].timestamp_ms);
        cr_assert_eq(r->records[i].n_headers, letters[i].n_headers);
        for (uint32_t h = 0; h < letters[i].n_headers; h++) {
            expect_same(r->records[i].headers[h].name, headers[h].name, "header name", h);
            expect_same(r->records[i].headers[h].value, headers[h].value, "header value", h);
        }
    }
    until(m->assigned == 1 && r->assigned == 1);
    member_leave(m);
    member_leave(r);
}

static struct slice
header_of(const struct noted_record *record, const char *name)
{
    for (uint32_t i = 0; i < record->n_headers; i++)
        if (slice_is(record->headers[i].name, name))
            return record->headers[i].value;
    return (struct slice){ NULL, 0 };
}

Test(kafka_park, what_the_topic_refuses_for_its_size_becomes_a_stub_and_its_neighbours_stay_whole)
{
    static char large[5000];
    static const struct header user = { { "x-user", 6 }, { "u", 1 } }, offset = { { "alertbridge-offset", 18 }, { "42", 2 } };
    memset(large, 'L', sizeof large);
    const char *topic = world_topic("small", 1, "max.message.bytes=2000");
    struct member_of_test *m = parker(topic);
    for (uint32_t i = 0; i < 5; i++) {
        const struct dead_letter letter = {
            .tag = { i, 1 }, .key = { "k", 1 }, .value = { large, i == 2 ? 5000 : 1000 },
            .headers = &user, .n_headers = 1, .own = &offset, .n_own = 1, .timestamp_ms = 1700000000123
        };
        kafka_park(m->kafka, &letter);
    }
    until(m->n_parks == 5);
    struct member_of_test *r = member_reading(topic);
    until(r->n_records == 5);
    unsigned stubs = 0;
    for (unsigned i = 0; i < 5; i++) {
        cr_expect(m->parks[i].ok, "park %u", i);
        const struct noted_record *record = &r->records[i];
        expect_same(record->key, (struct slice){ "k", 1 }, "key", i);
        cr_expect_eq(record->timestamp_ms, 1700000000123);
        cr_expect(slice_is(header_of(record, "alertbridge-offset"), "42"));
        if (!header_of(record, "alertbridge-stub").at) {
            cr_expect_eq(record->value.size, 1000);
            continue;
        }
        stubs++;
        cr_expect_eq(record->value.size, 0);
        cr_expect(slice_is(header_of(record, "alertbridge-size"), "5000"));
        cr_expect_eq(header_of(record, "alertbridge-hash").size, 32);
        cr_expect_null(header_of(record, "x-user").at);
    }
    cr_expect_eq(stubs, 1);
    cr_expect(member_said(m, "size", "5000 bytes"));
    until(m->assigned == 1 && r->assigned == 1);
    member_leave(m);
    member_leave(r);
}

/* With the settings as they are shipped: librdkafka's own wait for a topic that may just have been made is 30 s. */
Test(kafka_park, a_topic_that_does_not_exist_is_an_answer_within_seconds_not_a_silence)
{
    struct member_of_test *m = member_start(&(struct member_config){
        .group = world_name("g"),
        .topics = { { world_topic("in", 1, NULL), 0, false } },
        .dead_letter_topic = world_name("nowhere"),
    });
    ms_t parked_ms = clock_now_ms();
    kafka_park(m->kafka, &(struct dead_letter){ .tag = { 7, 9 }, .value = { "v", 1 } });
    cr_expect_eq(m->n_parks, 0, "never from inside the call");
    until(m->n_parks == 1);
    cr_expect_not(m->parks[0].ok);
    cr_expect_eq(m->parks[0].tag.slot, 7);
    cr_expect_lt(clock_now_ms() - parked_ms, 15000);
    cr_expect_not_null(strstr(m->parks[0].refused, "create the topic"), "%s", m->parks[0].refused);
    until(m->assigned == 1);
    member_leave(m);
}

Test(kafka_park, a_full_queue_refuses_from_the_loop)
{
    struct member_of_test *m = member_start(&(struct member_config){
        .brokers = relay_prepare(), .group = "g", .topics = { { "t", 0, false } }, .dead_letter_topic = "dlq",
        .properties = { { "queue.buffering.max.messages", "3" } },
    });
    for (uint32_t i = 0; i < 8; i++)
        kafka_park(m->kafka, &(struct dead_letter){ .tag = { i, 1 }, .value = { "v", 1 } });
    cr_expect_eq(m->n_parks, 0, "never from inside the call");
    until(m->n_parks == 5);
    for (unsigned i = 0; i < 5; i++) {
        cr_expect_not(m->parks[i].ok);
        cr_expect_geq(m->parks[i].tag.slot, 3);
    }
    kafka_leave(m->kafka, 300);
    until(m->closed == 1);
    kafka_free(m->kafka);
}

/* An idempotent producer that lost its place cannot go on; nor may the process look well beside it. */
Test(kafka_park, a_producer_that_cannot_go_on_is_fatal)
{
    struct member_of_test *m = parker(world_topic("dead", 1, NULL));
    until(m->assigned == 1);
    rd_kafka_test_fatal_error(m->kafka->together.client, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "as a broker would say");
    until(m->fatal == 1);
    cr_expect_not_null(strstr(m->why_fatal, "OUT_OF_ORDER_SEQUENCE_NUMBER"), "%s", m->why_fatal);
    member_leave(m);
}

/* ---- transactions ---------------------------------------------------------------------------------------------------------- */

static void
fill_by_transaction(const char *topic)
{
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", world_brokers(), NULL, 0);
    rd_kafka_conf_set(conf, "transactional.id", topic, NULL, 0);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    cr_assert_null(rd_kafka_init_transactions(producer, 20000));
    for (int aborted = 1; aborted >= 0; aborted--) {
        cr_assert_null(rd_kafka_begin_transaction(producer));
        for (int i = 0; i < 3; i++)
            rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic),
                              RD_KAFKA_V_VALUE((void *)(aborted ? "no" : "yes"), aborted ? 2 : 3),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_END);
        cr_assert_null(aborted ? rd_kafka_abort_transaction(producer, 20000) : rd_kafka_commit_transaction(producer, 20000));
    }
    rd_kafka_destroy(producer);
}

Test(kafka_park, aborted_records_are_not_read_and_the_commit_moves_over_the_markers)
{
    const char *topic = world_topic("tx", 1, NULL), *group = world_name("g");
    fill_by_transaction(topic);
    const struct member_config config = { .group = group, .topics = { { topic, 0, false } } };
    struct member_of_test *first = member_start(&config);
    until(first->n_records == 3);
    cr_expect_eq(member_count(first, "yes"), 3);
    int64_t last = first->records[2].offset;
    kafka_commit(first->kafka, 0, first->epoch, last + 1);
    kafka_flush(first->kafka);
    until(first->n_commits == 1);
    cr_expect_eq(first->commits[0].offset, last + 1, "the worker hears of what it asked for");
    world_run_ms(2500);
    member_leave(first);
    struct member_of_test *second = member_start(&config);
    until(second->assigned == 1);
    cr_expect_eq(second->partitions[0].next_offset, last + 2, "behind the marker too");
    member_leave(second);
}

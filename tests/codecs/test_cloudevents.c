/* test_cloudevents.c: binary, structured and batched envelopes, their attributes and the identity made of them. */
#include "codecs/base64.h"
#include "codecs/siphash.h"
#include "tests/codecs/sample.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define HEADER(name, value) { SLICE(name), SLICE(value) }
#define DATA "\"kind\":\"notice\",\"body\":\"b\""

static struct decoded decoded;

static const struct header binary[] = {
    HEADER("ce_specversion", "1.0"), HEADER("ce_id", "7"), HEADER("ce_source", "/soc"), HEADER("ce_type", "t"),
    HEADER("ce_time", "2026-03-01T00:00:00Z"), HEADER("content-type", "application/json"),
};
enum { BINARY = sizeof binary / sizeof *binary };

static enum fault
structured(const char *attributes)
{
    static const struct header type[] = { HEADER("Content-Type", "application/cloudevents+json; charset=UTF-8") };
    static char text[4000];
    snprintf(text, sizeof text, "{%s}", attributes);
    return sample_decode(slice_of(text), type, 1, FORMAT_AUTO, false, &decoded);
}

Test(cloudevents, binary_takes_identity_time_and_source_from_headers)
{
    cr_assert_eq(sample_decode(SLICE("{" DATA "}"), binary, BINARY, FORMAT_AUTO, true, &decoded), FAULT_NONE);
    const struct event *event = &decoded.events[0];
    cr_expect_eq(decoded.format, FORMAT_CLOUDEVENTS);
    cr_expect(slice_is(event->id, "/soc#7") && slice_is(event->source, "/soc") &&
              slice_is(event->time.text, "2026-03-01T00:00:00Z"));
}

Test(cloudevents, the_event_speaks_for_itself_where_it_does)
{
    cr_assert_eq(sample_decode(SLICE("{\"v\":1,\"id\":\"own\",\"time\":5,\"source\":\"me\"," DATA "}"), binary, BINARY,
                               FORMAT_AUTO, true, &decoded),
                 FAULT_NONE);
    const struct event *event = &decoded.events[0];
    cr_expect(slice_is(event->id, "own") && slice_is(event->source, "me") && event->time.is_ms && event->time.ms == 5);
    cr_expect_eq(sample_decode(SLICE("{\"v\":2," DATA "}"), binary, BINARY, FORMAT_AUTO, true, &decoded), FAULT_VERSION);
}

Test(cloudevents, binary_refuses_a_missing_wrong_or_repeated_attribute)
{
    static const struct { int header; const char *value, *detail; enum fault fault;
    } rows[] = {
        {0, "0.3", "specversion", FAULT_CLOUDEVENT},
        {1, "", "id", FAULT_CLOUDEVENT},
        {3, "", "type", FAULT_CLOUDEVENT},
        {4, "yesterday", "time", FAULT_CLOUDEVENT},
        {5, "text/plain", "datacontenttype", FAULT_CLOUDEVENT},
        {5, "application/cloudevents+json", "datacontenttype", FAULT_CLOUDEVENT},
        {5, "application/vnd.x+json", NULL, FAULT_NONE},
        {1, "\xff", "ce_id", FAULT_CLOUDEVENT},
        {5, "\xff", "content-type", FAULT_HEADERS},
        {1, "a b", "id", FAULT_ID},
        {2, "", NULL, FAULT_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct header headers[BINARY];
        memcpy(headers, binary, sizeof headers);
        headers[rows[i].header].value = slice_of(rows[i].value);
        cr_expect_eq(sample_decode(SLICE("{" DATA "}"), headers, BINARY, FORMAT_AUTO, false, &decoded), rows[i].fault, "row %zu",
                     i);
        cr_expect(!rows[i].detail || slice_is(decoded.detail, rows[i].detail), "row %zu: %.*s", i, (int)decoded.detail.size,
                  decoded.detail.at);
    }
    for (int gone = 0; gone < BINARY; gone++) {
        struct header headers[BINARY];
        memcpy(headers, binary, sizeof headers);
        headers[gone].name = SLICE("other");
        enum fault fault = sample_decode(SLICE("{" DATA "}"), headers, BINARY, FORMAT_AUTO, false, &decoded);
        cr_expect_eq(fault,
                     gone == 0  ? FAULT_VERSION
                     : gone < 4 ? FAULT_CLOUDEVENT
                                : FAULT_NONE,
                     "without %d: %s", gone, fault_name(fault));
    }
    for (int twice = 0; twice < BINARY; twice++) {
        struct header headers[BINARY + 1];
        memcpy(headers, binary, sizeof binary);
        headers[BINARY] = binary[twice];
        enum fault fault = sample_decode(SLICE("{" DATA "}"), headers, BINARY + 1, FORMAT_AUTO, false, &decoded);
        cr_expect_eq(fault, twice == 0 || twice == 5 ? FAULT_HEADERS : FAULT_CLOUDEVENT, "twice %d: %s", twice,
                     fault_name(fault));
    }
}

Test(cloudevents, binary_data_must_be_an_event)
{
    cr_expect_eq(sample_decode(SLICE("[{" DATA "}]"), binary, BINARY, FORMAT_AUTO, false, &decoded), FAULT_CLOUDEVENT);
    cr_expect_eq(sample_decode(SLICE("7"), binary, BINARY, FORMAT_AUTO, false, &decoded), FAULT_CLOUDEVENT);
    cr_expect_eq(sample_decode(SLICE("{" DATA), binary, BINARY, FORMAT_AUTO, false, &decoded), FAULT_SYNTAX);
    cr_expect_eq(sample_decode(SLICE("x"), binary, BINARY - 1, FORMAT_AUTO, false, &decoded), FAULT_CLOUDEVENT);
    cr_expect_eq(sample_decode((struct slice){ 0 }, binary, BINARY, FORMAT_AUTO, false, &decoded), FAULT_EMPTY);
}

Test(cloudevents, structured_by_name)
{
    static const struct { const char *attributes; enum fault fault; const char *detail;
    } rows[] = {
        {"\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"data\":{" DATA "}", FAULT_NONE, NULL},
        {"\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"time\":null,\"subject\":\"x\",\"ext\":7,"
         "\"data\":{" DATA "}",
         FAULT_NONE, NULL},
        {"\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"datacontenttype\":\"application/"
         "json\",\"data\":{" DATA "}",
         FAULT_NONE, NULL},
        {"\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"datacontenttype\":\"text/xml\",\"data\":{" DATA
         "}",
         FAULT_CLOUDEVENT, "datacontenttype"},
        {"\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"data\":{" DATA "}", FAULT_CLOUDEVENT, "specversion"},
        {"\"specversion\":1.0,\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"data\":{" DATA "}", FAULT_CLOUDEVENT, "specversion"},
        {"\"specversion\":\"1.0\",\"id\":1,\"source\":\"s\",\"type\":\"t\",\"data\":{" DATA "}", FAULT_CLOUDEVENT, "id"},
        {"\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"t\",\"data\":{" DATA "}", FAULT_CLOUDEVENT, "source"},
        {"\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"data\":{" DATA "}", FAULT_CLOUDEVENT, "type"},
        {"\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"time\":5,\"data\":{" DATA "}", FAULT_CLOUDEVENT,
         "time"},
        {"\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\"", FAULT_CLOUDEVENT, "data"},
        {"\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"data\":\"x\"", FAULT_CLOUDEVENT, "data"},
        {"\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"data\":{},\"data_base64\":\"e30=\"",
         FAULT_CLOUDEVENT, "data"},
        {"\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"data_base64\":\"e30=\"", FAULT_KIND, "kind"},
        {"\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"data_base64\":\"e30\"", FAULT_CLOUDEVENT,
         "data_base64"},
        {"\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"data_base64\":\"e31=\"", FAULT_CLOUDEVENT,
         "data_base64"},
        {"\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"data_base64\":\"\"", FAULT_CLOUDEVENT, "data"},
        {"\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"data\":{\"kind\":\"x\"}", FAULT_KIND, "kind"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(structured(rows[i].attributes), rows[i].fault, "row %zu: %s", i, fault_name(structured(rows[i].attributes)));
        cr_expect(!rows[i].detail || slice_is(decoded.detail, rows[i].detail), "row %zu: %.*s", i, (int)decoded.detail.size,
                  decoded.detail.at);
    }
}

static enum fault
with_identity(const char *source, const char *id, bool id_alone)
{
    static struct decoder *decoder;
    if (!decoder)
        decoder = decoder_new();
    struct header headers[BINARY];
    memcpy(headers, binary, sizeof headers);
    headers[1].value = slice_of(id);
    headers[2].value = slice_of(source);
    struct decode_rules rules = {.format = FORMAT_CLOUDEVENTS, .ce_identity_id = id_alone, .record_bytes_max = RECORD_BYTES_MAX};
    struct record_view record = { .value = SLICE("{" DATA "}"), .headers = headers, .n_headers = BINARY };
    return decode(decoder, &rules, &record, &decoded);
}

Test(cloudevents, identity_is_source_and_id_or_id_or_a_hash)
{
    char id[131];
    memset(id, 'i', sizeof id);
    id[126] = '\0';
    cr_assert_eq(with_identity("s", "1", false), FAULT_NONE);
    cr_expect(slice_is(decoded.events[0].id, "s#1"));
    cr_assert_eq(with_identity("s", "1", true), FAULT_NONE);
    cr_expect(slice_is(decoded.events[0].id, "1") && slice_is(decoded.events[0].source, "s"));
    cr_assert_eq(with_identity("", "1", false), FAULT_NONE);
    cr_expect(slice_is(decoded.events[0].id, "1") && !decoded.events[0].source.at);
    cr_assert_eq(with_identity("s", id, false), FAULT_NONE);
    cr_expect_eq(decoded.events[0].id.size, 128);
    id[126] = 'i', id[127] = '\0';
    cr_assert_eq(with_identity("s", id, false), FAULT_NONE);
    cr_expect_eq(decoded.events[0].id.size, 35);
    char text[200], wanted[64];
    snprintf(text, sizeof text, "s#%s", id);
    struct sipkey key;
    memcpy(&key, "alertbridge:ce:1", sizeof key);
    struct hash128 hash = siphash128(&key, text, strlen(text));
    snprintf(wanted, sizeof wanted, "ce:%016llx%016llx", (unsigned long long)hash.high, (unsigned long long)hash.low);
    cr_expect(slice_is(decoded.events[0].id, wanted));
    cr_assert_eq(with_identity("s", id, true), FAULT_NONE);
    cr_expect_eq(decoded.events[0].id.size, 127);
    id[127] = 'i', id[128] = 'i', id[129] = '\0';
    cr_assert_eq(with_identity("s", id, true), FAULT_NONE);
    cr_expect_eq(decoded.events[0].id.size, 35, "an id alone is hashed as well");
}

Test(cloudevents, a_batch_is_all_or_none)
{
    static const struct header type[] = { HEADER("content-type", "application/cloudevents-batch+json") };
#define ONE(id) "{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"s\",\"type\":\"t\",\"data\":{\"x\":1," DATA "}}"
    cr_assert_eq(sample_decode(SLICE("[" ONE("1") "," ONE("2") "]"), type, 1, FORMAT_AUTO, false, &decoded), FAULT_NONE);
    cr_expect(decoded.n == 2 && slice_is(decoded.events[0].id, "s#1") && slice_is(decoded.events[1].id, "s#2"));
    cr_expect_eq(decoded.unknown_fields, 2);
    cr_expect_eq(sample_decode(SLICE("[" ONE("1") "," ONE("") "]"), type, 1, FORMAT_AUTO, false, &decoded), FAULT_CLOUDEVENT);
    cr_expect(decoded.n == 0 && decoded.unknown_fields == 0);
    cr_expect_eq(sample_decode(SLICE("[]"), type, 1, FORMAT_AUTO, false, &decoded), FAULT_EMPTY);
    cr_expect_eq(sample_decode(SLICE("{}"), type, 1, FORMAT_AUTO, false, &decoded), FAULT_CLOUDEVENT);
    cr_expect_eq(sample_decode(SLICE("[7]"), type, 1, FORMAT_AUTO, false, &decoded), FAULT_CLOUDEVENT);
    cr_assert_eq(sample_decode(SLICE(" [" ONE("1") "]"), NULL, 0, FORMAT_CLOUDEVENTS, false, &decoded), FAULT_NONE);
    cr_assert_eq(sample_decode(SLICE("\n" ONE("1")), NULL, 0, FORMAT_CLOUDEVENTS, false, &decoded), FAULT_NONE);
    cr_expect_eq(sample_decode(SLICE("\x80"), NULL, 0, FORMAT_CLOUDEVENTS, false, &decoded), FAULT_FORMAT);
    cr_expect_eq(sample_decode(SLICE(ONE("1")), type, 1, FORMAT_CLOUDEVENTS, false, &decoded), FAULT_CLOUDEVENT,
                 "the content type goes before the first byte");
}

Test(cloudevents, the_trace_comes_from_the_nearest_hop)
{
#define TRACE(digit) "00-0af7651916cd43dd8448eb211c80319" digit "-b7ad6b7169203331-01"
    struct header headers[BINARY + 2];
    struct slice value = SLICE("{\"traceparent\":\"" TRACE("3") "\"," DATA "}");
    static const struct { struct slice kafka, envelope; char digit;
    } rows[] = {
        {SLICE(TRACE("1")), SLICE(TRACE("2")), '1'},
        {SLICE("bad"), SLICE(TRACE("2")), '2'},
        {SLICE("bad"), SLICE("bad"), '3'},
    };
    for (size_t i = 0; i < 3; i++) {
        memcpy(headers, binary, sizeof binary);
        headers[BINARY] = (struct header){ SLICE("traceparent"), rows[i].kafka };
        headers[BINARY + 1] = (struct header){ SLICE("ce_traceparent"), rows[i].envelope };
        cr_assert_eq(sample_decode(value, headers, BINARY + 2, FORMAT_AUTO, false, &decoded), FAULT_NONE);
        cr_expect_eq(decoded.events[0].traceparent.at[34], rows[i].digit, "row %zu", i);
    }
    headers[BINARY] = headers[BINARY + 1] = (struct header){ SLICE("traceparent"), SLICE(TRACE("1")) };
    cr_assert_eq(sample_decode(value, headers, BINARY + 2, FORMAT_AUTO, false, &decoded), FAULT_NONE);
    cr_expect_eq(decoded.events[0].traceparent.at[34], '3', "two headers of one name count as none");
}

Test(cloudevents, a_structured_one_carries_its_trace_in_an_attribute)
{
#define REQUIRED "\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\","
    cr_assert_eq(structured(REQUIRED "\"traceparent\":\"" TRACE("5") "\",\"data\":{\"traceparent\":\"" TRACE("6") "\"," DATA "}"),
                 FAULT_NONE);
    cr_expect(slice_is(decoded.events[0].traceparent, TRACE("5")), "the envelope is nearer than the event");
    cr_assert_eq(structured(REQUIRED "\"traceparent\":7,\"data\":{\"traceparent\":\"" TRACE("6") "\"," DATA "}"), FAULT_NONE);
    cr_expect(slice_is(decoded.events[0].traceparent, TRACE("6")), "no text is no trace");
}

/* https://www.rfc-editor.org/rfc/rfc4648#section-10 */
Test(cloudevents, base64_is_strict)
{
    static const struct { const char *text, *bytes;
    } rows[] = {
        {"", ""},           {"Zg==", "f"},  {"Zm8=", "fo"}, {"Zm9v", "foo"}, {"Zm9vYmFy", "foobar"}, {"+/+/", "\xfb\xff\xbf"},
        {"Zg=", NULL},      {"Zg", NULL},   {"Zh==", NULL}, {"Zm9=", NULL},  {"Z===", NULL},         {"====", NULL},
        {"Zg==Zg==", NULL}, {"Z g=", NULL}, {"-_-_", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char memory[16];
        struct buf buf;
        buf_init(&buf, memory, sizeof memory);
        bool good = base64_decode(&buf, slice_of(rows[i].text));
        cr_expect_eq(good, rows[i].bytes != NULL, "row %zu", i);
        cr_expect(!good || slice_is(buf_view(&buf), rows[i].bytes), "row %zu", i);
    }
}

/* test_decode.c: which form a record is in, limits of a record, one event in every form, and bytes that nobody meant. */
#include "tests/codecs/sample.h"
#include "tests/support/draw.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define HEADER(name, value) { SLICE(name), SLICE(value) }
#define EVENT "{\"v\":1,\"id\":\"n\",\"kind\":\"notice\",\"body\":\"b\"}"
#define PACKED "\x84\xa1v\x01\xa2id\xa1n\xa4kind\xa6notice\xa4" "body\xa1" "b"

static struct decoded decoded;

Test(decode, finds_the_format)
{
    static const struct header json = HEADER("content-type", "Application/JSON ; charset=utf-8"),
                               packed = HEADER("content-type", "application/msgpack"),
                               packed_x = HEADER("content-type", "application/x-msgpack"),
                               spaced = HEADER("content-type", " \tapplication/msgpack\t ; a=b"),
                               plain = HEADER("content-type", "text/plain");
    static const struct { struct slice value; const struct header *header; enum format rule, found; enum fault fault;
    } rows[] = {
        {SLICE(EVENT), NULL, FORMAT_AUTO, FORMAT_JSON, FAULT_NONE},
        {SLICE(" \t\r\n" EVENT), NULL, FORMAT_AUTO, FORMAT_JSON, FAULT_NONE},
        {SLICE(PACKED), NULL, FORMAT_AUTO, FORMAT_MSGPACK, FAULT_NONE},
        {SLICE("\x91" PACKED), NULL, FORMAT_AUTO, FORMAT_MSGPACK, FAULT_NONE},
        {SLICE("\xde\x00\x04"
               "\xa1v\x01\xa2id\xa1n\xa4kind\xa6notice\xa4"
               "body\xa1"
               "b"),
         NULL, FORMAT_AUTO, FORMAT_MSGPACK, FAULT_NONE},
        {SLICE("\xdf\x00\x00\x00\x04"
               "\xa1v\x01\xa2id\xa1n\xa4kind\xa6notice\xa4"
               "body\xa1"
               "b"),
         NULL, FORMAT_AUTO, FORMAT_MSGPACK, FAULT_NONE},
        {SLICE(EVENT), &json, FORMAT_AUTO, FORMAT_JSON, FAULT_NONE},
        {SLICE(PACKED), &packed, FORMAT_AUTO, FORMAT_MSGPACK, FAULT_NONE},
        {SLICE(PACKED), &packed_x, FORMAT_AUTO, FORMAT_MSGPACK, FAULT_NONE},
        {SLICE(EVENT), &spaced, FORMAT_AUTO, FORMAT_MSGPACK, FAULT_TRAILING},
        {SLICE(PACKED), &plain, FORMAT_AUTO, FORMAT_MSGPACK, FAULT_NONE},
        {SLICE(EVENT), &packed, FORMAT_AUTO, FORMAT_MSGPACK, FAULT_TRAILING},
        {SLICE(PACKED), &json, FORMAT_AUTO, FORMAT_JSON, FAULT_SYNTAX},
        {SLICE(EVENT), &packed, FORMAT_JSON, FORMAT_JSON, FAULT_NONE},
        {SLICE(PACKED), &json, FORMAT_MSGPACK, FORMAT_MSGPACK, FAULT_NONE},
        {SLICE("hello"), NULL, FORMAT_AUTO, FORMAT_AUTO, FAULT_FORMAT},
        {SLICE("\xc0"), NULL, FORMAT_AUTO, FORMAT_AUTO, FAULT_FORMAT},
        {SLICE("\x00\x00\x00\x00\x01{}"), NULL, FORMAT_AUTO, FORMAT_AUTO, FAULT_FORMAT},
        {SLICE("\xef\xbb\xbf" EVENT), NULL, FORMAT_AUTO, FORMAT_AUTO, FAULT_FORMAT},
        {SLICE(""), NULL, FORMAT_AUTO, FORMAT_AUTO, FAULT_EMPTY},
        {{NULL, 0}, NULL, FORMAT_JSON, FORMAT_AUTO, FAULT_EMPTY},
        {SLICE("null"), NULL, FORMAT_JSON, FORMAT_JSON, FAULT_SCHEMA},
        {SLICE("\xc0"), NULL, FORMAT_MSGPACK, FORMAT_MSGPACK, FAULT_SCHEMA},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum fault fault = sample_decode(rows[i].value, rows[i].header, rows[i].header ? 1 : 0, rows[i].rule, true, &decoded);
        cr_expect_eq(fault, rows[i].fault, "row %zu: %s", i, fault_name(fault));
        cr_expect_eq(decoded.format, rows[i].found, "row %zu: %s", i, format_name(decoded.format));
        cr_expect_eq(decoded.n, fault ? 0 : 1, "row %zu", i);
    }
}

Test(decode, headers_that_decide_must_be_clear)
{
    static const struct header twice[] = {HEADER("content-type", "application/json"), HEADER("content-type", "application/json")};
    static const struct header null[] = { { SLICE("ce_specversion"), { NULL, 0 } } };
    cr_expect_eq(sample_decode(SLICE(EVENT), twice, 2, FORMAT_AUTO, false, &decoded), FAULT_HEADERS);
    cr_expect(slice_is(decoded.detail, "content-type"));
    cr_expect_eq(sample_decode(SLICE(EVENT), twice, 2, FORMAT_CLOUDEVENTS, false, &decoded), FAULT_HEADERS);
    cr_expect_eq(sample_decode(SLICE(EVENT), twice, 2, FORMAT_JSON, false, &decoded), FAULT_NONE, "they decide nothing here");
    cr_expect_eq(sample_decode(SLICE(EVENT), null, 1, FORMAT_AUTO, false, &decoded), FAULT_HEADERS);
}

Test(decode, format_names_go_both_ways)
{
    enum format format;
    for (int i = 0; i < FORMAT_COUNT; i++)
        cr_expect(format_of(slice_of(format_name((enum format)i)), &format) && format == (enum format)i);
    cr_expect(!format_of(SLICE("xml"), &format));
}

static struct slice
padded(size_t size)
{
    static char text[RECORD_BYTES_MAX + 2];
    memset(text, ' ', sizeof text);
    memcpy(text, EVENT, strlen(EVENT));
    return (struct slice){ text, size };
}

Test(decode, a_record_has_a_ceiling)
{
    struct decoder *decoder = decoder_new();
    struct decode_rules rules = { .record_bytes_max = 1000 };
    struct record_view record = { .value = padded(1000) };
    cr_expect_eq(decode(decoder, &rules, &record, &decoded), FAULT_NONE);
    record.value = padded(1001);
    cr_expect_eq(decode(decoder, &rules, &record, &decoded), FAULT_TOO_BIG);
    rules.record_bytes_max = SIZE_MAX;
    record.value = padded(RECORD_BYTES_MAX);
    cr_expect_eq(decode(decoder, &rules, &record, &decoded), FAULT_NONE);
    record.value = padded(RECORD_BYTES_MAX + 1);
    cr_expect_eq(decode(decoder, &rules, &record, &decoded), FAULT_TOO_BIG, "whatever the rules say");
    decoder_free(decoder);
    decoder_free(NULL);
}

static struct slice
array_of(int n)
{
    static char text[200000];
    int size = snprintf(text, sizeof text, "[");
    for (int i = 0; i < n; i++)
        size += snprintf(text + size, sizeof text - (size_t)size, "%s{\"v\":1,\"id\":\"e%d\",\"kind\":\"notice\",\"body\":\"b\"}",
                         i ? "," : "", i);
    snprintf(text + size, sizeof text - (size_t)size, "]");
    return slice_of(text);
}

Test(decode, an_array_is_all_or_none_up_to_a_thousand)
{
    cr_assert_eq(sample_decode(array_of(1000), NULL, 0, FORMAT_AUTO, true, &decoded), FAULT_NONE);
    cr_expect(decoded.n == 1000 && slice_is(decoded.events[0].id, "e0") && slice_is(decoded.events[999].id, "e999"));
    cr_assert_eq(sample_decode(sample_msgpack(array_of(1000).at), NULL, 0, FORMAT_AUTO, true, &decoded), FAULT_NONE);
    cr_expect(decoded.n == 1000 && slice_is(decoded.events[999].id, "e999"));
    cr_expect_eq(sample_decode(array_of(1001), NULL, 0, FORMAT_AUTO, true, &decoded), FAULT_NODES);
    cr_expect_eq(sample_decode(array_of(0), NULL, 0, FORMAT_AUTO, true, &decoded), FAULT_EMPTY);
    cr_expect_eq(sample_fault("[" EVENT ",{\"v\":1}]"), FAULT_ID);
    cr_expect_eq(sample_fault("[" EVENT ",7]"), FAULT_SCHEMA);
    cr_expect_eq(sample_fault("[[" EVENT "]]"), FAULT_SCHEMA);
}

/* The same event four ways, and twice more: as data in base64, and through MessagePack within a CloudEvent. */
Test(decode, the_form_does_not_matter)
{
    static const struct header binary[] = {HEADER("ce_specversion", "1.0"), HEADER("ce_id", "x"), HEADER("ce_source", "y"),
                                           HEADER("ce_type", "t"), HEADER("content-type", "application/json")};
    static const struct header packed[] = {HEADER("ce_specversion", "1.0"), HEADER("ce_id", "x"), HEADER("ce_source", "y"),
                                           HEADER("ce_type", "t"), HEADER("content-type", "application/msgpack")};
    static const struct header structured[] = { HEADER("content-type", "application/cloudevents+json") };
    static const struct header batch[] = { HEADER("content-type", "application/cloudevents-batch+json") };
    static const char *const samples[] = { sample_full, sample_short };
    for (int s = 0; s < 2; s++) {
        static char one[4096], many[4100];
        snprintf(one, sizeof one, "{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"y\",\"type\":\"t\",\"data\":%s}",
                 samples[s]);
        snprintf(many, sizeof many, "[%s]", one);
        struct decoder *decoder = decoder_new();
        struct decode_rules rules = { .record_bytes_max = RECORD_BYTES_MAX, .strict = true };
        struct record_view native = { .value = slice_of(samples[s]) };
        struct decoded first;
        cr_assert_eq(decode(decoder, &rules, &native, &first), FAULT_NONE);
        struct { const char *label; struct slice value; const struct header *headers; uint32_t n;
        } forms[] = {
            {"msgpack", sample_msgpack(samples[s]), NULL, 0},
            {"binary", slice_of(samples[s]), binary, 5},
            {"packed binary", sample_msgpack(samples[s]), packed, 5},
            {"structured", slice_of(one), structured, 1},
            {"batch", slice_of(many), batch, 1},
        };
        for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
            enum fault fault = sample_decode(forms[i].value, forms[i].headers, forms[i].n, FORMAT_AUTO, true, &decoded);
            cr_assert_eq(fault, FAULT_NONE, "%s: %s", forms[i].label, fault_name(fault));
            sample_expect_equal(&first.events[0], &decoded.events[0], forms[i].label);
        }
        decoder_free(decoder);
    }
}

Test(decode, data_in_base64_is_the_same_event)
{
    static const struct header structured[] = { HEADER("content-type", "application/cloudevents+json") };
    static const char json[] =
        "{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"y\",\"type\":\"t\",\"datacontenttype\":\"application/json\","
        "\"data_base64\":\"eyJraW5kIjoibm90aWNlIiwiYm9keSI6ImIifQ==\"}";
    static const char packed[] =
        "{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"y\",\"type\":\"t\",\"datacontenttype\":\"application/msgpack\","
        "\"data_base64\":\"gqRraW5kpm5vdGljZaRib2R5oWI=\"}";
    cr_assert_eq(sample_decode(slice_of(json), structured, 1, FORMAT_AUTO, true, &decoded), FAULT_NONE);
    uint64_t fp = event_fingerprint(&decoded.events[0], &sample_key);
    cr_expect(slice_is(decoded.events[0].id, "y#x") && slice_is(decoded.events[0].body.text, "b"));
    cr_assert_eq(sample_decode(slice_of(packed), structured, 1, FORMAT_AUTO, true, &decoded), FAULT_NONE);
    cr_expect_eq(event_fingerprint(&decoded.events[0], &sample_key), fp);
}

/* A copy of exactly its size on the heap, so that the sanitizer sees one byte too many. */
static enum fault
decode_exactly(struct slice value, const struct header *headers, uint32_t n, enum format format)
{
    char *exact = malloc(value.size ? value.size : 1);
    memcpy(exact, value.at, value.size);
    enum fault fault = sample_decode((struct slice){ exact, value.size }, headers, n, format, false, &decoded);
    if (fault == FAULT_NONE)
        for (uint32_t i = 0; i < decoded.n; i++)
            cr_assert_eq(fingerprint_version(event_fingerprint(&decoded.events[i], &sample_key)), 1);
    free(exact);
    return fault;
}

Test(decode, random_bytes_never_crash)
{
    uint64_t state = 20260301;
    unsigned seen[FAULT_COUNT] = { 0 };
    for (int round = 0; round < 20000; round++) {
        char bytes[300];
        size_t size = draw(&state, sizeof bytes);
        for (size_t i = 0; i < size; i++)
            bytes[i] = (char)draw(&state, 256);
        if (size && draw(&state, 2))
            bytes[0] = "{[\x82\xdf\x92\xdd"[draw(&state, 6)];
        seen[decode_exactly((struct slice){ bytes, size }, NULL, 0, (enum format)draw(&state, FORMAT_COUNT))]++;
    }
    cr_expect_eq(seen[FAULT_NONE], 0);
    cr_expect(seen[FAULT_FORMAT] && seen[FAULT_SYNTAX] && seen[FAULT_EMPTY] && seen[FAULT_KEY]);
}

/* Damage to good records reaches deeper than noise does. */
Test(decode, damaged_records_never_crash)
{
    static const struct header structured[] = { HEADER("content-type", "application/cloudevents+json") };
    static char envelope[4096], packed[4096];
    uint64_t state = 7;
    unsigned seen[FAULT_COUNT] = { 0 };
    snprintf(envelope, sizeof envelope, "{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"y\",\"type\":\"t\",\"data\":%s}",
             sample_full);
    struct slice msgpack = sample_msgpack(sample_full);
    memcpy(packed, msgpack.at, msgpack.size);
    const struct slice wholes[] = { slice_of(sample_full), { packed, msgpack.size }, slice_of(envelope) };
    for (int round = 0; round < 20000; round++) {
        char bytes[4096];
        struct slice whole = wholes[round % 3];
        memcpy(bytes, whole.at, whole.size);
        for (uint32_t i = 0, n = 1 + draw(&state, 3); i < n; i++)
            bytes[draw(&state, (uint32_t)whole.size)] =
                draw(&state, 2) ? (char)draw(&state, 256) : "\"{}[],:\\0e-"[draw(&state, 11)];
        size_t size = draw(&state, 4) ? whole.size : draw(&state, (uint32_t)whole.size);
        seen[decode_exactly((struct slice){ bytes, size }, structured, round % 3 == 2, FORMAT_AUTO)]++;
    }
    cr_expect(seen[FAULT_NONE] && seen[FAULT_SYNTAX] && seen[FAULT_UTF8] && seen[FAULT_SCHEMA] && seen[FAULT_CLOUDEVENT] &&
              seen[FAULT_VERSION]);
}

Test(decode, each_fault_has_an_input)
{
    static const struct header twice[] = { HEADER("content-type", "a"), HEADER("content-type", "b") };
    static const struct header old[] = { HEADER("ce_specversion", "0.3") };
    static char big[RECORD_BYTES_MAX + 1], deep[100], nodes[40000], text[70000];
    memset(big, ' ', sizeof big);
    memset(deep, '[', sizeof deep);
    memset(text, 'x', sizeof text);
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + sizeof text - 2, "\"}", 2);
    for (size_t i = 0; i < sizeof nodes; i++)
        nodes[i] = i == 0 ? '[' : i + 1 == sizeof nodes ? ']' : i % 2 ? '1' : ',';
    nodes[sizeof nodes - 2] = ' ';
    nodes[sizeof nodes - 3] = '1';
    const struct { struct slice value; const struct header *headers; uint32_t n; enum fault fault;
    } rows[] = {
        {{NULL, 0}, NULL, 0, FAULT_EMPTY},
        {{big, sizeof big}, NULL, 0, FAULT_TOO_BIG},
        {SLICE("?"), NULL, 0, FAULT_FORMAT},
        {SLICE("{"), NULL, 0, FAULT_SYNTAX},
        {SLICE("{}x"), NULL, 0, FAULT_TRAILING},
        {SLICE("{\"a\":\"\xff\"}"), NULL, 0, FAULT_UTF8},
        {{deep, sizeof deep}, NULL, 0, FAULT_DEPTH},
        {{nodes, sizeof nodes}, NULL, 0, FAULT_NODES},
        {SLICE("{\"\":1}"), NULL, 0, FAULT_KEY},
        {SLICE("{\"a\":1,\"a\":1}"), NULL, 0, FAULT_DUPLICATE_KEY},
        {{text, sizeof text}, NULL, 0, FAULT_STRING},
        {SLICE("{\"a\":NaN}"), NULL, 0, FAULT_NUMBER},
        {SLICE("\x81\xa1"
               "a\xc4\x00"),
         NULL, 0, FAULT_TYPE},
        {SLICE("[1]"), NULL, 0, FAULT_SCHEMA},
        {SLICE("{\"v\":1}"), NULL, 0, FAULT_ID},
        {SLICE("{\"v\":1,\"id\":\"a\"}"), NULL, 0, FAULT_KIND},
        {SLICE("{}"), NULL, 0, FAULT_VERSION},
        {SLICE("{\"url\":\"x\"}"), NULL, 0, FAULT_URL},
        {SLICE("{}"), old, 1, FAULT_CLOUDEVENT},
        {SLICE("{}"), twice, 2, FAULT_HEADERS},
    };
    cr_assert_eq(sizeof rows / sizeof *rows, FAULT_COUNT - 1, "a new fault wants a row");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum fault fault = sample_decode(rows[i].value, rows[i].headers, rows[i].n, FORMAT_AUTO, false, &decoded);
        cr_expect_eq(fault, rows[i].fault, "row %zu: %s", i, fault_name(fault));
        cr_expect_eq(rows[i].fault, (enum fault)(i + 1), "the rows are in the order of the list");
    }
}

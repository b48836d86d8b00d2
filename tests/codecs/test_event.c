/* test_event.c: the schema's rules one by one, urls, keys and names. */
#include "codecs/buf.h"
#include "tests/codecs/sample.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct decoded decoded;

/* A valid notice with one more member, or with `member` as it is when it replaces one. */
static enum fault
notice_with(const char *member, bool strict)
{
    static char text[200000];
    snprintf(text, sizeof text, "{\"v\":1,\"id\":\"n\",\"kind\":\"notice\",\"body\":\"b\"%s%s}", *member ? "," : "", member);
    return sample_decode(slice_of(text), NULL, 0, FORMAT_JSON, strict, &decoded);
}

static const char *
repeated(const char *head, const char *unit, size_t n, const char *tail)
{
    static char text[200000];
    struct buf buf;
    buf_init(&buf, text, sizeof text);
    buf_text(&buf, head);
    for (size_t i = 0; i < n; i++)
        buf_text(&buf, unit);
    buf_text(&buf, tail);
    return buf_cstr(&buf);
}

static const struct {
    const char *member;
    enum fault fault;
} members[] = {
    {"", FAULT_NONE},
    {"\"time\":\"x\"", FAULT_NONE},
    {"\"time\":0", FAULT_NONE},
    {"\"time\":\"\"", FAULT_SCHEMA},
    {"\"time\":-1", FAULT_SCHEMA},
    {"\"time\":1.5", FAULT_SCHEMA},
    {"\"time\":2.0", FAULT_NONE},
    {"\"time\":null", FAULT_SCHEMA},
    {"\"time\":9223372036854775808", FAULT_SCHEMA},
    {"\"source\":\"\"", FAULT_NONE},
    {"\"source\":1", FAULT_SCHEMA},
    {"\"dedupKey\":\"\"", FAULT_SCHEMA},
    {"\"dedupKey\":\"k\"", FAULT_NONE},
    {"\"aliyunUID\":\"12345678901234567890\"", FAULT_NONE},
    {"\"aliyunUID\":\"123456789012345678901\"", FAULT_SCHEMA},
    {"\"aliyunUID\":\"\"", FAULT_SCHEMA},
    {"\"aliyunUID\":\"12a\"", FAULT_SCHEMA},
    {"\"aliyunUID\":1234567890123456", FAULT_SCHEMA},
    {"\"incidentID\":7", FAULT_SCHEMA},
    {"\"alertName\":true", FAULT_SCHEMA},
    {"\"startTime\":[]", FAULT_SCHEMA},
    {"\"severity\":0", FAULT_NONE},
    {"\"severity\":5", FAULT_NONE},
    {"\"severity\":3.0", FAULT_NONE},
    {"\"severity\":6", FAULT_SCHEMA},
    {"\"severity\":-1", FAULT_SCHEMA},
    {"\"severity\":\"3\"", FAULT_SCHEMA},
    {"\"severity\":3.5", FAULT_SCHEMA},
    {"\"severity\":1e300", FAULT_SCHEMA},
    {"\"title\":\"\"", FAULT_NONE},
    {"\"title\":{}", FAULT_SCHEMA},
    {"\"title\":{\"default\":\"a\"}", FAULT_NONE},
    {"\"title\":{\"en_US\":\"a\",\"zh_CN\":\"b\"}", FAULT_NONE},
    {"\"title\":{\"zh_CN\":\"b\"}", FAULT_SCHEMA},
    {"\"title\":{\"default\":\"a\",\"en\":\"b\"}", FAULT_SCHEMA},
    {"\"title\":{\"default\":\"a\",\"en_us\":\"b\"}", FAULT_SCHEMA},
    {"\"title\":{\"default\":\"a\",\"EN_US\":\"b\"}", FAULT_SCHEMA},
    {"\"title\":{\"default\":1}", FAULT_SCHEMA},
    {"\"title\":[\"a\"]", FAULT_SCHEMA},
    {"\"tags\":[]", FAULT_NONE},
    {"\"tags\":[\"a\",{\"default\":\"b\"}]", FAULT_NONE},
    {"\"tags\":[1]", FAULT_SCHEMA},
    {"\"tags\":\"a\"", FAULT_SCHEMA},
    {"\"features\":[{\"fr_FR\":\"b\"}]", FAULT_SCHEMA},
    {"\"features\":[\"a\"]", FAULT_NONE},
    {"\"targets\":\"all\"", FAULT_NONE},
    {"\"targets\":\"some\"", FAULT_SCHEMA},
    {"\"targets\":[]", FAULT_SCHEMA},
    {"\"targets\":[\"u\"]", FAULT_NONE},
    {"\"targets\":[\"u\",\"v\",\"u\"]", FAULT_SCHEMA},
    {"\"targets\":[\"\"]", FAULT_SCHEMA},
    {"\"targets\":[1]", FAULT_SCHEMA},
    {"\"targets\":{}", FAULT_SCHEMA},
    {"\"url\":1", FAULT_SCHEMA},
    {"\"link\":{\"appId\":\"a\",\"menuCode\":\"m\"}", FAULT_NONE},
    {"\"link\":{\"appId\":\"a\"}", FAULT_SCHEMA},
    {"\"link\":{\"menuCode\":\"a\"}", FAULT_SCHEMA},
    {"\"link\":\"a\"", FAULT_SCHEMA},
    {"\"link\":{\"appId\":\"a\",\"menuCode\":1}", FAULT_SCHEMA},
    {"\"channels\":[\"sms\",\"email\",\"webhook\",\"pmsg\"]", FAULT_NONE},
    {"\"channels\":[]", FAULT_SCHEMA},
    {"\"channels\":[\"sms\",\"sms\"]", FAULT_SCHEMA},
    {"\"channels\":[\"fax\"]", FAULT_SCHEMA},
    {"\"channels\":\"sms\"", FAULT_SCHEMA},
    {"\"channels\":[1]", FAULT_SCHEMA},
    {"\"lang\":\"zh\"", FAULT_NONE},
    {"\"lang\":\"en\"", FAULT_NONE},
    {"\"lang\":\"fr\"", FAULT_SCHEMA},
    {"\"lang\":null", FAULT_SCHEMA},
    {"\"expiresAt\":5", FAULT_NONE},
    {"\"expiresAt\":false", FAULT_SCHEMA},
    {"\"labels\":{}", FAULT_NONE},
    {"\"labels\":{\"a\":\"\"}", FAULT_NONE},
    {"\"labels\":{\"a\":1}", FAULT_SCHEMA},
    {"\"labels\":[]", FAULT_SCHEMA},
    {"\"data\":null", FAULT_NONE},
    {"\"data\":[1,{}]", FAULT_NONE},
};

Test(event, members_obey_the_schema)
{
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        for (int strict = 0; strict < 2; strict++)
            cr_expect_eq(notice_with(members[i].member, strict), members[i].fault, "row %zu: %s", i, members[i].member);
}

Test(event, lengths_count_characters_and_hold_at_the_edge)
{
    static const struct { const char *head, *unit, *tail; size_t max;
    } rows[] = {
        {"\"source\":\"", "x", "\"", 256},
        {"\"source\":\"", "\xe6\xa1\xa5", "\"", 256},
        {"\"dedupKey\":\"", "x", "\"", 256},
        {"\"incidentName\":\"", "\xc3\xbc", "\"", 1024},
        {"\"incidentID\":\"", "x", "\"", 256},
        {"\"alertName\":\"", "x", "\"", 1024},
        {"\"alertID\":\"", "x", "\"", 256},
        {"\"status\":\"", "x", "\"", 64},
        {"\"level\":\"", "x", "\"", 64},
        {"\"time\":\"", "\xf0\x9f\x98\x80", "\"", 64},
        {"\"startTime\":\"", "x", "\"", 64},
        {"\"title\":\"", "x", "\"", 8192},
        {"\"tags\":[\"t\"", ",\"t\"", "]", 31},
        {"\"features\":[\"t\"", ",\"t\"", "]", 31},
        {"\"labels\":{\"a\":\"", "\xc3\xbc", "\"}", 256},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(notice_with(repeated(rows[i].head, rows[i].unit, rows[i].max, rows[i].tail), true), FAULT_NONE, "row %zu",
                     i);
        cr_expect_eq(notice_with(repeated(rows[i].head, rows[i].unit, rows[i].max + 1, rows[i].tail), true), FAULT_SCHEMA,
                     "row %zu", i);
    }
}

static const char *
numbered(const char *head, const char *format, int n, const char *tail)
{
    static char text[100000];
    struct buf buf;
    buf_init(&buf, text, sizeof text);
    buf_text(&buf, head);
    for (int i = 0; i < n; i++) {
        char item[64], *at = strchr(strcpy(item, format), '@');
        buf_text(&buf, i ? "," : "");
        buf_put(&buf, item, (size_t)(at - item));
        buf_i64(&buf, i);
        buf_text(&buf, at + 1);
    }
    buf_text(&buf, tail);
    return buf_cstr(&buf);
}

Test(event, counts_hold_at_the_edge)
{
    cr_expect_eq(notice_with(numbered("\"labels\":{", "\"k@\":\"v\"", 32, "}"), false), FAULT_NONE);
    cr_expect_eq(notice_with(numbered("\"labels\":{", "\"k@\":\"v\"", 33, "}"), false), FAULT_SCHEMA);
    cr_expect_eq(notice_with(numbered("\"targets\":[", "\"u@\"", 1000, "]"), false), FAULT_NONE);
    cr_expect_eq(decoded.events[0].users->count, 1000);
    cr_expect_eq(notice_with(numbered("\"targets\":[", "\"u@\"", 1001, "]"), false), FAULT_SCHEMA);
    cr_expect_eq(notice_with(numbered("\"targets\":[", "\"u@\"", 999, ",\"u500\"]"), false), FAULT_SCHEMA,
                 "a repeat among a thousand");
}

Test(event, a_fault_names_its_member)
{
    static const struct { const char *json; enum fault fault; const char *member;
    } rows[] = {
        {"{}", FAULT_VERSION, "v"},
        {"{\"v\":2,\"id\":\"a\",\"kind\":\"notice\",\"body\":\"b\"}", FAULT_VERSION, "v"},
        {"{\"v\":\"1\",\"id\":\"a\",\"kind\":\"notice\",\"body\":\"b\"}", FAULT_VERSION, "v"},
        {"{\"v\":1,\"kind\":\"notice\",\"body\":\"b\"}", FAULT_ID, "id"},
        {"{\"v\":1,\"id\":\"\"}", FAULT_ID, "id"},
        {"{\"v\":1,\"id\":\"a b\"}", FAULT_ID, "id"},
        {"{\"v\":1,\"id\":\"\xc3\xbc\"}", FAULT_ID, "id"},
        {"{\"v\":1,\"id\":7}", FAULT_ID, "id"},
        {"{\"v\":1,\"id\":\"a\x7f\"}", FAULT_ID, "id"},
        {"{\"v\":1,\"id\":\"a\"}", FAULT_KIND, "kind"},
        {"{\"v\":1,\"id\":\"a\",\"kind\":\"Notice\"}", FAULT_KIND, "kind"},
        {"{\"v\":1,\"id\":\"a\",\"kind\":3}", FAULT_KIND, "kind"},
        {"{\"v\":1,\"id\":\"a\",\"kind\":\"notice\"}", FAULT_SCHEMA, "title"},
        {"{\"v\":1,\"id\":\"a\",\"kind\":\"notice\",\"body\":\"b\",\"severity\":9}", FAULT_SCHEMA, "severity"},
        {"{\"v\":1,\"id\":\"a\",\"kind\":\"notice\",\"body\":\"b\",\"url\":\"ftp://x\"}", FAULT_URL, "url"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(sample_decode(slice_of(rows[i].json), NULL, 0, FORMAT_AUTO, false, &decoded), rows[i].fault, "row %zu", i);
        cr_expect(slice_is(decoded.detail, rows[i].member), "row %zu: %.*s", i, (int)decoded.detail.size, decoded.detail.at);
        cr_expect(decoded.n == 0 && !decoded.events, "row %zu", i);
    }
    cr_expect_eq(sample_fault("7"), FAULT_FORMAT);
    cr_expect_eq(sample_decode(SLICE("7"), NULL, 0, FORMAT_JSON, false, &decoded), FAULT_SCHEMA);
}

Test(event, ids_hold_at_128_bytes)
{
    cr_expect_eq(sample_fault(repeated("{\"v\":1,\"kind\":\"notice\",\"title\":\"\",\"id\":\"", "~", 128, "\"}")), FAULT_NONE);
    cr_expect_eq(sample_fault(repeated("{\"v\":1,\"kind\":\"notice\",\"title\":\"\",\"id\":\"", "!", 129, "\"}")), FAULT_ID);
}

Test(event, each_kind_needs_its_members)
{
    static const struct { const char *kind, *needs[8]; } rows[] = {
        { "incident.generated", { "aliyunUID", "incidentName", "incidentID", "startTime" } },
        { "alert.generated", { "aliyunUID", "alertName", "alertID", "startTime" } },
        { "incident.updated", { "aliyunUID", "incidentName", "incidentID", "startTime", "endTime", "status", "level" } },
    };
    for (size_t row = 0; row < 3; row++)
        for (int without = -1; without < 8; without++) {
            char text[1000];
            int size = snprintf(text, sizeof text, "{\"v\":1,\"id\":\"a\",\"kind\":\"%s\"", rows[row].kind);
            for (int i = 0; i < 8 && rows[row].needs[i]; i++)
                if (i != without)
                    size += snprintf(text + size, sizeof text - (size_t)size, ",\"%s\":\"12\"", rows[row].needs[i]);
            snprintf(text + size, sizeof text - (size_t)size, "}");
            bool whole = without < 0 || !rows[row].needs[without];
            enum fault fault = sample_decode(slice_of(text), NULL, 0, FORMAT_AUTO, true, &decoded);
            cr_expect_eq(fault, whole ? FAULT_NONE : FAULT_SCHEMA, "%s", text);
            cr_expect(whole || slice_is(decoded.detail, rows[row].needs[without]), "%s", text);
        }
}

Test(event, unknown_members_are_counted_and_only_strict_minds)
{
    cr_expect_eq(notice_with("\"x\":1,\"y\":{},\"link\":{\"appId\":\"a\",\"menuCode\":\"m\",\"z\":1}", false), FAULT_NONE);
    cr_expect_eq(decoded.unknown_fields, 3);
    cr_expect_eq(notice_with("\"x\":1", true), FAULT_SCHEMA);
    cr_expect(slice_is(decoded.detail, "x"));
    cr_expect_eq(notice_with("\"link\":{\"appId\":\"a\",\"menuCode\":\"m\",\"z\":1}", true), FAULT_SCHEMA);
    cr_expect(slice_is(decoded.detail, "link"));
}

Test(event, a_bad_traceparent_is_passed_over)
{
    static const struct { const char *value; bool kept, shaped; } rows[] = {
        { "\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"", true, true },
        { "\"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more\"", true, false },
        { "\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more\"", false, false },
        { "\"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"", false, true },
        { "\"00-00000000000000000000000000000000-b7ad6b7169203331-01\"", false, true },
        { "\"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01\"", false, true },
        { "\"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01\"", false, false },
        { "\"\"", false, false }, { "7", false, false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char member[200];
        snprintf(member, sizeof member, "\"traceparent\":%s", rows[i].value);
        cr_assert_eq(notice_with(member, false), FAULT_NONE, "row %zu", i);
        cr_expect_eq(decoded.events[0].traceparent.size, rows[i].kept ? 55 : 0, "row %zu", i);
        cr_expect_eq(notice_with(member, true), rows[i].shaped ? FAULT_NONE : FAULT_SCHEMA, "row %zu", i);
    }
}

Test(event, urls_may_not_deceive)
{
    static const struct { const char *url; bool good;
    } rows[] = {
        {"https://example.com", true},
        {"http://example.com/a@b", true},
        {"https://example.com?u=a@b", true},
        {"https://example.com#a@b", true},
        {"https://\xe4\xbe\x8b.com/\xc3\xbc", true},
        {"HTTPS://example.com", false},
        {"javascript:alert(1)", false},
        {"//example.com", false},
        {"", false},
        {"https:/example.com", false},
        {"https://user@example.com", false},
        {"https://user:pw@example.com/", false},
        {"https://good.com\\\\@evil.com", false},
        {"https://example.com/\\u0007", false},
        {"https://example.com/\\u007f", false},
        {"https://example.com/\\u0085", false},
        {"https://example.com/\\u202e", false},
        {"https://example.com/\\u2066", false},
        {"https://example.com/\\u200f", false},
        {"https://example.com/\\u061c", false},
        {"https://example.com/\\u2028", false},
        {"https://example.com/\\u2030", true},
        {"https://example.com/\\n", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char member[200];
        snprintf(member, sizeof member, "\"url\":\"%s\"", rows[i].url);
        cr_expect_eq(notice_with(member, false), rows[i].good ? FAULT_NONE : FAULT_URL, "row %zu: %s", i, rows[i].url);
    }
    cr_expect_eq(notice_with(repeated("\"url\":\"https://", "a", 2040, "\""), true), FAULT_NONE);
    cr_expect_eq(notice_with(repeated("\"url\":\"https://", "a", 2041, "\""), true), FAULT_URL);
}

Test(event, keys_follow_the_incident_then_the_alert)
{
    struct event event = { .id = SLICE("id") };
    cr_expect(slice_is(event_order_key(&event, SLICE("kafka")), "kafka"));
    cr_expect_null(event_order_key(&event, (struct slice){ 0 }).at);
    cr_expect(slice_is(event_record_key(&event), "id"));
    event.alert_id = SLICE("alert");
    cr_expect(slice_is(event_order_key(&event, SLICE("kafka")), "alert"));
    event.incident_id = SLICE("incident");
    cr_expect(slice_is(event_order_key(&event, SLICE("kafka")), "incident"));
    cr_expect(slice_is(event_record_key(&event), "incident"));
    event.incident_id = SLICE("");
    cr_expect(slice_is(event_record_key(&event), "alert"));
}

Test(event, names_go_both_ways)
{
    enum event_kind kind;
    for (int i = 0; i < EVENT_KIND_COUNT; i++)
        cr_expect(event_kind_of(slice_of(event_kind_name((enum event_kind)i)), &kind) && kind == (enum event_kind)i);
    cr_expect(!event_kind_of(SLICE("incident"), &kind));
    for (uint32_t bit = 1; bit <= CHANNEL_PMSG; bit <<= 1)
        cr_expect_eq(channel_of(slice_of(channel_name((enum channel)bit))), bit);
    cr_expect_eq(channel_of(SLICE("")), 0);
    for (int i = FAULT_NONE; i < FAULT_COUNT; i++)
        cr_expect(strlen(fault_name((enum fault)i)) > 1 && strlen(fault_text((enum fault)i)) > 10);
}

Test(event, every_field_arrives)
{
    cr_assert_eq(sample_decode(slice_of(sample_full), NULL, 0, FORMAT_AUTO, true, &decoded), FAULT_NONE);
    const struct event *event = &decoded.events[0];
    cr_expect(event->kind == EVENT_INCIDENT_UPDATED && slice_is(event->id, "inc-7") && slice_is(event->source, "soc/eu"));
    cr_expect(slice_is(event->dedup_key, "host-9") && slice_is(event->aliyun_uid, "1234567890123456"));
    cr_expect(slice_is(event->incident_name, "Br\xc3\xbc" "cke \xe6\xa1\xa5 \"x\" \n") && slice_is(event->incident_id, "I-7"));
    cr_expect(slice_is(event->alert_name, "a") && slice_is(event->alert_id, "A-7"));
    cr_expect(event->start_time.is_ms && event->start_time.ms == 1772323200123 && !event->end_time.is_ms);
    cr_expect(slice_is(event->end_time.text, "2026-03-01 00:00:00") && slice_is(event->status, "open") &&
              slice_is(event->level, "high"));
    cr_expect(event->severity == 4 && slice_is(event->title.text, "T") && !event->title.object && event->body.object->count == 2);
    cr_expect(event->n_tags == 2 && slice_is(event->tags[0].text, "one") && event->tags[1].object && event->n_features == 1);
    cr_expect(event->audience == AUDIENCE_LIST && event->users->count == 2 && slice_is(event->users->items[0].text, "u2"));
    cr_expect(slice_is(event->url, "https://example.com/a?b=1#c") && slice_is(event->link_app_id, "app"));
    cr_expect(slice_is(event->link_menu_code, "menu") && slice_is(event->link_states, "s=1"));
    cr_expect(event->channels == (CHANNEL_SMS | CHANNEL_PMSG) && slice_is(event->lang, "zh") &&
              event->expires_at.ms == 1772323200999);
    cr_expect(event->labels->count == 2 && event->traceparent.size == 55 && value_member(event->data, "deep") &&
              event->unknown_fields == 0);
}

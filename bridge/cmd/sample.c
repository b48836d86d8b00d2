/* sample.c: which event comes next, and what stands in it. */
#include "bridge/cmd/sample.h"

#include "codecs/buf.h"
#include "codecs/check.h"

#include <stdlib.h>
#include <time.h>

enum {
    TEXT_BYTES = 2048,                          /* the short texts of one event */
    OUT_BYTES = 2 * SAMPLE_BYTES_MAX,
    MEMBERS = 24,
    FILL_BYTES = SAMPLE_BYTES_MAX,
};

/* A slice as an initializer of static data, where a compound literal may not stand. */
#define TEXT(literal) { literal, sizeof(literal) - 1 }

static const int64_t first_second = 1767225600;     /* 2026-01-01T00:00:00Z; one event a second */

struct sampler {
    struct sample_config config;
    enum event_kind kinds[EVENT_KIND_COUNT];
    uint32_t n_kinds;
    uint64_t record, events, bads;              /* so many were made */
    uint64_t choice;                            /* state of the choices between new and repeated */
    struct member members[MEMBERS];             /* of the event at work */
    uint32_t n_members;
    struct member labels[3], title[2], data[2];
    struct value tags[2];
    struct sample_written written;
    struct buf text, out;
    char text_memory[TEXT_BYTES], out_memory[OUT_BYTES], fill[FILL_BYTES];
};

/* SplitMix64 (Steele, Lea, Flood 2014): its output for the n-th step can be had without the steps before. */
static uint64_t
mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

struct sampler *
sampler_new(const struct sample_config *config)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    struct sampler *sampler = calloc(1, sizeof *sampler);
    if (!sampler)
        return NULL;
    sampler->config = *config;
    if (sampler->config.bytes == 0)
        sampler->config.bytes = SAMPLE_BYTES_DEFAULT;
    check(sampler->config.bytes <= SAMPLE_BYTES_MAX);
    for (int kind = 0; kind < EVENT_KIND_COUNT; kind++)
        if (config->kinds == 0 || (config->kinds & (1u << kind)))
            sampler->kinds[sampler->n_kinds++] = (enum event_kind)kind;
    check(sampler->n_kinds > 0);
    for (size_t i = 0; i < FILL_BYTES; i++)
        sampler->fill[i] = letters[mix(i ^ 0x66696c6c) & 63];
    sampler->choice = mix(config->seed ^ 0x63686f696365);
    buf_init(&sampler->text, sampler->text_memory, sizeof sampler->text_memory);
    buf_init(&sampler->out, sampler->out_memory, sizeof sampler->out_memory);
    return sampler;
}

void
sampler_free(struct sampler *sampler)
{
    free(sampler);
}

/* ---- the members of an event ----------------------------------------------------------------------------------------------- */

static struct value
text_value(struct slice text)
{
    return (struct value){ .type = VALUE_STRING, .text = text };
}

static void
add(struct sampler *sampler, struct slice name, struct value value)
{
    check(sampler->n_members < MEMBERS);
    sampler->members[sampler->n_members++] = (struct member){ name, value };
}

static void
add_text(struct sampler *sampler, struct slice name, struct slice text)
{
    add(sampler, name, text_value(text));
}

static void
add_integer(struct sampler *sampler, struct slice name, int64_t integer)
{
    add(sampler, name, (struct value){ .type = VALUE_INT, .integer = integer });
}

static void
put_digits(struct buf *text, uint64_t number, int width)
{
    char digits[20];
    for (int i = width; i-- > 0; number /= 10)
        digits[i] = (char)('0' + number % 10);
    buf_put(text, digits, (size_t)width);
}

static struct slice
written_since(const struct sampler *sampler, size_t start)
{
    return (struct slice){ sampler->text.at + start, sampler->text.size - start };
}

static struct slice
time_text(struct sampler *sampler, int64_t second)
{
    struct tm tm;
    time_t at = (time_t)second;
    gmtime_r(&at, &tm);
    size_t start = sampler->text.size;
    put_digits(&sampler->text, (uint64_t)tm.tm_year + 1900, 4);
    buf_char(&sampler->text, '-');
    put_digits(&sampler->text, (uint64_t)tm.tm_mon + 1, 2);
    buf_char(&sampler->text, '-');
    put_digits(&sampler->text, (uint64_t)tm.tm_mday, 2);
    buf_char(&sampler->text, 'T');
    put_digits(&sampler->text, (uint64_t)tm.tm_hour, 2);
    buf_char(&sampler->text, ':');
    put_digits(&sampler->text, (uint64_t)tm.tm_min, 2);
    buf_char(&sampler->text, ':');
    put_digits(&sampler->text, (uint64_t)tm.tm_sec, 2);
    buf_char(&sampler->text, 'Z');
    return written_since(sampler, start);
}

/* "<prefix>-<8 hex of the seed>-<number>": events of different seeds can share a topic. */
static struct slice
name_text(struct sampler *sampler, const char *prefix, uint64_t number)
{
    static const char hex[] = "0123456789abcdef";
    size_t start = sampler->text.size;
    uint64_t seed = mix(sampler->config.seed);
    buf_text(&sampler->text, prefix);
    buf_char(&sampler->text, '-');
    for (int shift = 28; shift >= 0; shift -= 4)
        buf_char(&sampler->text, hex[(seed >> shift) & 15]);
    buf_char(&sampler->text, '-');
    put_digits(&sampler->text, number, number < 100000000 ? 8 : 20);
    return written_since(sampler, start);
}

static const struct slice findings[] = {
    TEXT("Brute force login"),  TEXT("Web shell detected"),   TEXT("Suspicious process"),    TEXT("Data exfiltration"),
    TEXT("Malicious outbound"), TEXT("Privilege escalation"), TEXT("Port scan from outside"), TEXT("Leaked access key"),
};
static const struct slice findings_zh[] = {
    TEXT("\u66b4\u529b\u7834\u89e3"), TEXT("\u7f51\u7ad9\u540e\u95e8"), TEXT("\u53ef\u7591\u8fdb\u7a0b"),
    TEXT("\u6570\u636e\u5916\u6cc4"), TEXT("\u6076\u610f\u5916\u8fde"), TEXT("\u6743\u9650\u63d0\u5347"),
    TEXT("\u7aef\u53e3\u626b\u63cf"), TEXT("\u5bc6\u94a5\u6cc4\u9732"),
};
static const struct slice regions[] = { TEXT("eu-central-1"), TEXT("ap-southeast-1"), TEXT("cn-hangzhou"), TEXT("us-east-1") };
static const struct slice statuses[] = { TEXT("open"), TEXT("handling"), TEXT("closed") };
static const struct slice levels[] = { TEXT("low"), TEXT("medium"), TEXT("high"), TEXT("serious") };

static uint64_t
group_of(const struct sampler *sampler, uint64_t number, uint64_t random)
{
    return sampler->config.group_keys ? random % sampler->config.group_keys : number;
}

static void
add_incident(struct sampler *sampler, uint64_t number, uint64_t random)
{
    add_text(sampler, SLICE("incidentName"), findings[random & 7]);
    add_text(sampler, SLICE("incidentID"), name_text(sampler, "incident", group_of(sampler, number, random >> 8)));
}

static void
add_notice(struct sampler *sampler, uint64_t number, uint64_t random)
{
    sampler->title[0] = (struct member){ SLICE("default"), text_value(findings[random & 7]) };
    sampler->title[1] = (struct member){ SLICE("zh_CN"), text_value(findings_zh[random & 7]) };
    add(sampler, SLICE("title"), (struct value){ .type = VALUE_OBJECT, .count = 2, .members = sampler->title });
    add_text(sampler, SLICE("body"), SLICE("Seen on a host of yours. Please look at it and close the incident."));
    sampler->tags[0] = text_value(SLICE("security"));
    sampler->tags[1] = text_value(levels[random >> 3 & 3]);
    add(sampler, SLICE("tags"), (struct value){ .type = VALUE_ARRAY, .count = 2, .items = sampler->tags });
    add_text(sampler, SLICE("targets"), SLICE("all"));
    if (sampler->config.group_keys)
        add_text(sampler, SLICE("incidentID"), name_text(sampler, "incident", group_of(sampler, number, random >> 8)));
}

static void
add_kind(struct sampler *sampler, enum event_kind kind, uint64_t number, uint64_t random)
{
    int64_t second = first_second + (int64_t)number;
    if (kind == EVENT_NOTICE) {
        add_notice(sampler, number, random);
        return;
    }
    add_text(sampler, SLICE("aliyunUID"), SLICE("1234567890123456"));
    if (kind == EVENT_ALERT_GENERATED) {
        add_text(sampler, SLICE("alertName"), findings[random & 7]);
        add_text(sampler, SLICE("alertID"), name_text(sampler, "alert", group_of(sampler, number, random >> 8)));
    } else {
        add_incident(sampler, number, random);
    }
    add_text(sampler, SLICE("startTime"), time_text(sampler, second - 60));
    if (kind == EVENT_INCIDENT_UPDATED) {
        add_text(sampler, SLICE("endTime"), time_text(sampler, second));
        add_text(sampler, SLICE("status"), statuses[(random >> 16) % 3]);
        add_text(sampler, SLICE("level"), levels[random >> 3 & 3]);
    }
}

/* Bytes of the JSON text; the texts here need no escapes. */
static size_t
json_bytes(const struct value *value)
{
    size_t bytes = 2 + (value->count ? value->count - 1 : 0);
    switch (value->type) {
    case VALUE_STRING:
        return value->text.size + 2;
    case VALUE_OBJECT:
        for (uint32_t i = 0; i < value->count; i++)
            bytes += value->members[i].name.size + 3 + json_bytes(&value->members[i].value);
        return bytes;
    case VALUE_ARRAY:
        for (uint32_t i = 0; i < value->count; i++)
            bytes += json_bytes(&value->items[i]);
        return bytes;
    case VALUE_NULL:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_BIG:
    case VALUE_REAL:
        break;
    }
    return 1;
}

/* The original event of a sensor, as long as it takes to reach the size that is wanted. */
static void
add_data(struct sampler *sampler, uint64_t random)
{
    sampler->data[0] = (struct member){ SLICE("sensor"), text_value(SLICE("agent-7")) };
    sampler->data[1] = (struct member){ SLICE("raw"), text_value(SLICE("")) };
    const struct value data = { .type = VALUE_OBJECT, .count = 2, .members = sampler->data };
    add(sampler, SLICE("data"), data);
    size_t bytes = json_bytes(&(struct value){ .type = VALUE_OBJECT, .count = sampler->n_members, .members = sampler->members });
    if (bytes < sampler->config.bytes) {
        size_t size = sampler->config.bytes - bytes;
        sampler->data[1].value.text = (struct slice){ sampler->fill + random % (FILL_BYTES - size), size };
    }
}

static void
build(struct sampler *sampler, enum event_kind kind, uint64_t number)
{
    static const char *const prefixes[] = { "inc", "alr", "upd", "ntc" };
    uint64_t random = mix(mix(sampler->config.seed) ^ number);
    sampler->n_members = 0;
    buf_reset(&sampler->text);
    add_integer(sampler, SLICE("v"), 1);
    add_text(sampler, SLICE("id"), name_text(sampler, prefixes[kind], number));
    add_text(sampler, SLICE("kind"), slice_of(event_kind_name(kind)));
    add_text(sampler, SLICE("time"), time_text(sampler, first_second + (int64_t)number));
    add_text(sampler, SLICE("source"), SLICE("sample"));
    add_kind(sampler, kind, number, random);
    add_integer(sampler, SLICE("severity"), (int64_t)(random >> 32) % 5 + 1);
    sampler->labels[0] = (struct member){ SLICE("region"), text_value(regions[random >> 20 & 3]) };
    sampler->labels[1] = (struct member){ SLICE("asset"), text_value(name_text(sampler, "host", random >> 24 & 4095)) };
    add(sampler, SLICE("labels"), (struct value){ .type = VALUE_OBJECT, .count = 2, .members = sampler->labels });
    add_data(sampler, random >> 13);
    check(!sampler->text.overflow);
}

static struct slice
key_of(const struct value *event)
{
    static const char *const names[] = { "incidentID", "alertID", "id" };
    const struct value *key = NULL;
    for (int i = 0; i < 3 && !key; i++)
        key = value_member(event, names[i]);
    check(key);
    return key->text;
}

/* ---- which one ------------------------------------------------------------------------------------------------------------- */

static void
give_event(struct sampler *sampler, uint64_t number, struct sample *sample)
{
    enum event_kind kind = sampler->kinds[number % sampler->n_kinds];
    build(sampler, kind, number);
    buf_reset(&sampler->out);
    const struct value event = { .type = VALUE_OBJECT, .count = sampler->n_members, .members = sampler->members };
    enum sample_form form = sample_form_of(sampler->config.format, number / sampler->n_kinds);
    bool fits = sample_write(form, &event, &sampler->out, &sampler->written);
    check(fits);
    sample->kind = kind;
    sample->number = number;
    sample->id = sampler->written.id;
    sample->record = (struct record_view){
        key_of(&event), sampler->written.value, sampler->written.headers, sampler->written.n_headers, -1
    };
}

/* What no decoder takes, whatever its rules; one kind of damage after the other. */
static void
give_bad(uint64_t n, struct sample *sample)
{
    static const struct slice values[] = {
        TEXT("{\"v\":1,\"id\":\"cut-off\",\"kind\":\"noti"),
        TEXT("{\"v\":1,\"kind\":\"notice\",\"title\":\"no id\"}"),
        TEXT("{\"v\":1,\"id\":\"bad-kind\",\"kind\":\"greeting\"}"),
        TEXT("{\"v\":1,\"id\":\"bad-2\",\"id\":\"bad-2\",\"kind\":\"notice\",\"title\":\"twice\"}"),
        TEXT("\xdf\x03\xff\xff\xff"),
        TEXT("\"a text and no event\""),
        TEXT(""),
        TEXT("{\"v\":1,\"id\":\"bad-utf8\",\"kind\":\"notice\",\"title\":\"\xff\"}"),
    };
    sample->bad = true;
    sample->record = (struct record_view){ .value = values[n % (sizeof values / sizeof values[0])], .timestamp_ms = -1 };
}

static bool
is_bad_turn(const struct sample_config *config, uint64_t record)
{
    if (config->bad == 0 || config->records == 0)
        return false;
    uint64_t n = record % config->records;
    return n * config->bad / config->records != (n + 1) * config->bad / config->records;
}

static bool
is_repeat_turn(struct sampler *sampler, uint64_t *number)
{
    sampler->choice = mix(sampler->choice);
    if (sampler->events == 0 || sampler->choice % SAMPLE_PPM >= sampler->config.repeats_ppm)
        return false;
    /* Of the last records a share was new: so many events back, and not more. */
    uint64_t span = (uint64_t)SAMPLE_REPEAT_RECORDS * (SAMPLE_PPM - sampler->config.repeats_ppm) / SAMPLE_PPM * 9 / 10;
    if (span == 0 || span > sampler->events)
        span = span ? sampler->events : 1;
    *number = sampler->events - 1 - (sampler->choice >> 24) % span;
    return true;
}

void
sampler_next(struct sampler *sampler, struct sample *sample)
{
    *sample = (struct sample){ 0 };
    uint64_t record = sampler->record++, number;
    if (is_bad_turn(&sampler->config, record)) {
        give_bad(sampler->bads++, sample);
        return;
    }
    sample->repeat = is_repeat_turn(sampler, &number);
    if (!sample->repeat)
        number = sampler->events++;
    give_event(sampler, number, sample);
}

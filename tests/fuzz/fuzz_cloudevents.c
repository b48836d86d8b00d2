/* fuzz_cloudevents.c: a record with headers: a byte of rules, `name: value` lines, an empty line, the record's value. */
#include "tests/fuzz/shared.h"

#include "codecs/event_rules.h"
#include "codecs/traceparent.h"

enum { HEADERS_GIVEN_MAX = 80 };

static uint32_t
take_headers(struct bytes *bytes, struct header *headers)
{
    uint32_t n = 0;
    while (bytes->size > 0 && n < HEADERS_GIVEN_MAX) {
        struct slice line = bytes_part(bytes, '\n');
        if (line.size == 0)
            break;
        const char *colon = memchr(line.at, ':', line.size);
        size_t name = colon ? (size_t)(colon - line.at) : line.size;
        size_t skip = colon && name + 1 < line.size && line.at[name + 1] == ' ' ? 2 : 1;
        headers[n].name = (struct slice){ line.at, name };
        headers[n].value = colon ? (struct slice){ line.at + name + skip, line.size - name - skip } : (struct slice){ 0 };
        n++;
    }
    return n;
}

static void
event_must_be_sound(const struct event *event)
{
    static const struct sipkey key = { 1, 2 };
    check(rule_id(event->id) && event->kind < EVENT_KIND_COUNT);
    check(event->n_tags <= TAGS_MAX && event->n_features <= TAGS_MAX);
    check(event->severity >= 0 && event->severity <= SEVERITY_MAX);
    uint64_t fp = event_fingerprint(event, &key);
    check(fp != 0 && fingerprint_version(fp) == 1);
    check(!event->traceparent.at || traceparent_has_shape(event->traceparent));
}

int
FUZZ(cloudevents)(const uint8_t *data, size_t size)
{
    struct bytes bytes = { data, size };
    struct header headers[HEADERS_GIVEN_MAX];
    struct decoded decoded = { 0 };
    uint8_t flags = bytes_u8(&bytes);
    struct decode_rules rules = { .format = (enum format)(flags % FORMAT_COUNT), .strict = flags & 16,
                                  .ce_identity_id = flags & 32, .record_bytes_max = flags & 64 ? 512 : RECORD_BYTES_DEFAULT };
    struct record_view record = { .headers = headers, .timestamp_ms = flags & 128 ? -1 : 1767322000000 };
    record.n_headers = take_headers(&bytes, headers);
    record.value = bytes_rest(&bytes);
    enum fault fault = shared_decode(&rules, &record, &decoded);
    check(fault < FAULT_COUNT && decoded.format < FORMAT_COUNT);
    check(decoded.n <= EVENTS_IN_RECORD_MAX && (fault == FAULT_NONE) == (decoded.n > 0));
    for (uint32_t i = 0; i < decoded.n; i++)
        event_must_be_sound(&decoded.events[i]);
    check(!decoded.detail.at || decoded.detail.size <= RECORD_BYTES_DEFAULT);
    return 0;
}

/* fuzz_event.c: an event is the same event in every format: written as JSON and as MessagePack it is read with the same content
 * and the same fingerprint. */
#include "tests/fuzz/shared.h"

enum { TEXT_BYTES = 1024 * 1024, EVENTS_LOOKED_AT = 8 };

static const struct sipkey key = { 3, 4 };

/* What the events of one record are written as, before the decoder is used again. `plain` is without the opaque `data`: an
 * integer beyond 64 bits in it goes out as a text in MessagePack. */
struct written {
    struct buf json, plain, msgpack;
    uint64_t fp;
};

static void
write_plain(struct buf *out, const struct event *event)
{
    struct event copy = *event;
    copy.data = NULL;
    event_to_json(out, &copy);
}

static void
write_event(struct written *written, const struct event *event, char *memory)
{
    buf_init(&written->json, memory, TEXT_BYTES / 4);
    buf_init(&written->plain, memory + TEXT_BYTES / 4, TEXT_BYTES / 4);
    buf_init(&written->msgpack, memory + TEXT_BYTES / 2, TEXT_BYTES / 2);
    event_to_json(&written->json, event);
    write_plain(&written->plain, event);
    event_to_msgpack(&written->msgpack, event);
    written->fp = event_fingerprint(event, &key);
    check(!written->json.overflow && !written->msgpack.overflow);
}

static void
must_be_read_as(struct slice bytes, enum format format, const struct written *written)
{
    static char memory[TEXT_BYTES];
    struct decode_rules rules = { .format = format, .strict = true, .record_bytes_max = RECORD_BYTES_MAX };
    struct record_view record = { .value = bytes, .timestamp_ms = -1 };
    struct decoded decoded;
    struct buf again;
    check(shared_decode(&rules, &record, &decoded) == FAULT_NONE);
    check(decoded.n == 1 && decoded.format == format);
    buf_init(&again, memory, sizeof(memory));
    write_plain(&again, &decoded.events[0]);
    check(slice_eq(buf_view(&again), buf_view(&written->plain)));
    if (format == FORMAT_JSON) {
        buf_reset(&again);
        event_to_json(&again, &decoded.events[0]);
        check(slice_eq(buf_view(&again), buf_view(&written->json)));
    }
    check(event_fingerprint(&decoded.events[0], &key) == written->fp);
}

int
FUZZ(event)(const uint8_t *data, size_t size)
{
    static char memory[EVENTS_LOOKED_AT][TEXT_BYTES];
    static struct written written[EVENTS_LOOKED_AT];
    struct decode_rules rules = { .format = FORMAT_AUTO, .record_bytes_max = RECORD_BYTES_DEFAULT };
    struct record_view record = { .value = { (const char *)data, size }, .timestamp_ms = -1 };
    struct decoded decoded;
    if (size > 16 * 1024 || shared_decode(&rules, &record, &decoded) != FAULT_NONE)
        return 0;
    uint32_t n = decoded.n < EVENTS_LOOKED_AT ? decoded.n : EVENTS_LOOKED_AT;
    for (uint32_t i = 0; i < n; i++)
        write_event(&written[i], &decoded.events[i], memory[i]);
    for (uint32_t i = 0; i < n; i++) {
        must_be_read_as(buf_view(&written[i].json), FORMAT_JSON, &written[i]);
        must_be_read_as(buf_view(&written[i].msgpack), FORMAT_MSGPACK, &written[i]);
    }
    return 0;
}

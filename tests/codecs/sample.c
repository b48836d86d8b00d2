/* sample.c: see sample.h. */
#include "tests/codecs/sample.h"

#include "codecs/json.h"
#include "codecs/msgpack.h"

#include <criterion/criterion.h>
#include <stdlib.h>

const char sample_full[] =
    "{\"v\":1,\"id\":\"inc-7\",\"kind\":\"incident.updated\",\"time\":\"2026-03-01T08:00:00.250+08:00\",\"source\":\"soc/eu\","
    "\"dedupKey\":\"host-9\",\"aliyunUID\":\"1234567890123456\",\"incidentName\":\"Br\xc3\xbc"
    "cke \xe6\xa1\xa5 \\\"x\\\" \\n\","
    "\"incidentID\":\"I-7\",\"alertName\":\"a\",\"alertID\":\"A-7\",\"startTime\":1772323200123,\"endTime\":\"2026-03-01 "
    "00:00:00\","
    "\"status\":\"open\",\"level\":\"high\",\"severity\":4,\"title\":\"T\",\"body\":{\"zh_CN\":\"\xe4\xbd\x93\",\"default\":"
    "\"B\"},"
    "\"tags\":[\"one\",{\"en_US\":\"two\"}],\"features\":[\"f\"],\"targets\":[\"u2\",\"u1\"],\"url\":\"https://example.com/"
    "a?b=1#c\","
    "\"link\":{\"appId\":\"app\",\"menuCode\":\"menu\",\"states\":\"s=1\"},\"channels\":[\"pmsg\",\"sms\"],\"lang\":\"zh\","
    "\"expiresAt\":1772323200999,\"labels\":{\"b\":\"2\",\"a\":\"1\"},"
    "\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\","
    "\"data\":{\"n\":[1,2.5,-3,true,null,12345678901234567890],\"deep\":{\"x\":\"y\"}}}";

const char sample_short[] =
    "{\"v\":1,\"id\":\"evt-000000000042\",\"kind\":\"incident.generated\",\"time\":\"2026-03-01T08:00:00Z\",\"source\":\"siem/"
    "cn-hangzhou\","
    "\"aliyunUID\":\"1234567890123456\",\"incidentName\":\"Abnormal login from an unusual "
    "place\",\"incidentID\":\"INC-2026-000042\","
    "\"startTime\":\"2026-03-01 07:59:58\",\"severity\":4,\"title\":\"Abnormal login\","
    "\"body\":\"User alice logged in from an address that was never seen before\",\"labels\":{\"team\":\"soc\",\"env\":\"prod\"},"
    "\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"}";

const struct sipkey sample_key = { 11, 22 };

enum fault
sample_decode(struct slice value, const struct header *headers, uint32_t n, enum format format, bool strict,
              struct decoded *decoded)
{
    static struct decoder *decoder;
    if (!decoder)
        decoder = decoder_new();
    struct decode_rules rules = { .format = format, .strict = strict, .record_bytes_max = RECORD_BYTES_MAX };
    struct record_view record = { .value = value, .headers = headers, .n_headers = n, .timestamp_ms = -1 };
    return decode(decoder, &rules, &record, decoded);
}

enum fault
sample_fault(const char *text)
{
    struct decoded decoded;
    return sample_decode(slice_of(text), NULL, 0, FORMAT_AUTO, false, &decoded);
}

/* Every field but unknown_fields is in the JSON that an event is written as. */
void
sample_expect_equal(const struct event *a, const struct event *b, const char *label)
{
    static char memory[2][65536];
    struct buf texts[2];
    const struct event *events[2] = { a, b };
    for (int i = 0; i < 2; i++) {
        buf_init(&texts[i], memory[i], sizeof memory[i]);
        event_to_json(&texts[i], events[i]);
    }
    cr_expect_str_eq(buf_cstr(&texts[0]), buf_cstr(&texts[1]), "%s", label);
    cr_expect(texts[0].size > 2 && !texts[0].overflow, "%s", label);
    cr_expect_eq(event_fingerprint(a, &sample_key), event_fingerprint(b, &sample_key), "%s: fingerprint", label);
}

struct slice
sample_msgpack(const char *json)
{
    static char tree[4 << 20], bytes[1 << 20];
    struct arena arena;
    struct buf buf;
    const struct value *root;
    arena_init(&arena, tree, sizeof tree);
    buf_init(&buf, bytes, sizeof bytes);
    cr_assert_eq(json_read(slice_of(json), &arena, &root), FAULT_NONE);
    msgpack_write(&buf, root);
    return buf_view(&buf);
}

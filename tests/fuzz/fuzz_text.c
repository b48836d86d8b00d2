/* fuzz_text.c: the small readers of texts: each takes any text, and what can be turned round comes back as it was. */
#include "codecs/base64.h"
#include "codecs/media_type.h"
#include "codecs/outcome.h"
#include "codecs/request.h"
#include "codecs/template.h"
#include "codecs/traceparent.h"
#include "codecs/utf8.h"
#include "tests/fuzz/shared.h"

#include <stdlib.h>

enum { BYTES = 4 * FUZZ_BYTES_MAX };

static char memory[2][BYTES];

static void
percent(struct slice text)
{
    struct buf encoded, decoded;
    buf_init(&encoded, memory[0], BYTES);
    buf_init(&decoded, memory[1], BYTES);
    percent_encode(&encoded, text);
    check(percent_decode(&decoded, buf_view(&encoded), false) && slice_eq(buf_view(&decoded), text));
    buf_reset(&decoded);
    if (percent_decode(&decoded, text, true))
        check(decoded.size <= text.size);
}

static void
base64(struct slice text)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct buf decoded, again;
    buf_init(&decoded, memory[0], BYTES);
    buf_init(&again, memory[1], BYTES);
    if (!base64_decode(&decoded, text))
        return;
    const unsigned char *at = (const unsigned char *)decoded.at;
    for (size_t i = 0; i < decoded.size; i += 3) {
        size_t n = decoded.size - i;
        uint32_t bits = (uint32_t)at[i] << 16 | (n > 1 ? (uint32_t)at[i + 1] << 8 : 0) | (n > 2 ? at[i + 2] : 0);
        buf_char(&again, alphabet[bits >> 18 & 63]);
        buf_char(&again, alphabet[bits >> 12 & 63]);
        buf_char(&again, n > 1 ? alphabet[bits >> 6 & 63] : '=');
        buf_char(&again, n > 2 ? alphabet[bits & 63] : '=');
    }
    check(slice_eq(buf_view(&again), text));
}

static void
template(struct slice text)
{
    static const struct event event = { .id = { "e1", 2 }, .title = { .text = { "t", 1 } } };
    struct slice culprit = { 0 };
    struct buf out;
    char *copy = bytes_text(text);
    buf_init(&out, memory[0], BYTES);
    if (!template_check(copy, &culprit))
        check(culprit.at >= copy && culprit.at + culprit.size <= copy + strlen(copy));
    template_write(&out, copy, &event);
    check(!out.overflow);
    free(copy);
}

static void
utf8(struct slice text)
{
    size_t place = 0, points = 0;
    if (!utf8_valid(text))
        return;
    for (; place < text.size; points++) {
        uint32_t point = utf8_next(text, &place);
        check(point <= 0x10ffff && (point < 0xd800 || point > 0xdfff));
    }
    check(place == text.size && points == utf8_length(text));
}

static void
times(struct slice text)
{
    struct event_time time = { .text = text };
    int64_t ms, date_ms;
    struct buf out;
    char once[40];
    if (http_date_ms(text, &date_ms))
        check(date_ms % 1000 == 0);
    if (!event_time_ms(&time, &ms) || ms < 0 || ms > INT64_C(253402300799999))
        return;
    buf_init(&out, once, sizeof(once));
    buf_rfc3339_ms(&out, ms);
    time.text = buf_view(&out);
    check(event_time_ms(&time, &date_ms) && date_ms == ms);
}

int
FUZZ(text)(const uint8_t *data, size_t size)
{
    struct slice text = { (const char *)data, size };
    if (size > FUZZ_BYTES_MAX)
        return 0;
    percent(text);
    base64(text);
    template(text);
    utf8(text);
    times(text);
    media_type_of(text);
    media_type_guess(text);
    struct slice trace = traceparent_read(text);
    check(!trace.at || (trace.size == TRACEPARENT_BYTES && traceparent_has_shape(trace)));
    return 0;
}

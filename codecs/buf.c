/* buf.c: puts that write whole or not at all. */
#include "codecs/buf.h"

#include <stdarg.h>
#include <stdio.h>

void
buf_init(struct buf *buf, void *memory, size_t capacity)
{
    *buf = (struct buf){ .at = memory, .capacity = capacity };
}

void
buf_reset(struct buf *buf)
{
    buf->size = 0;
    buf->overflow = false;
}

/* Room for `size` bytes, counted as written; NULL when they do not fit. After an overflow nothing fits any more, so that what was
 * written stays a clean beginning. */
static char *
buf_room(struct buf *buf, size_t size)
{
    if (buf->overflow || size > buf->capacity - buf->size) {
        buf->overflow = true;
        return NULL;
    }
    char *room = buf->at + buf->size;
    buf->size += size;
    return room;
}

void
buf_put(struct buf *buf, const void *bytes, size_t size)
{
    char *room = buf_room(buf, size);
    if (room && size)
        memcpy(room, bytes, size);
}

void
buf_slice(struct buf *buf, struct slice slice)
{
    buf_put(buf, slice.at, slice.size);
}

void
buf_text(struct buf *buf, const char *text)
{
    buf_put(buf, text, strlen(text));
}

void
buf_char(struct buf *buf, char c)
{
    char *room = buf_room(buf, 1);
    if (room)
        *room = c;
}

void
buf_u64(struct buf *buf, uint64_t number)
{
    char digits[20];
    size_t i = sizeof digits;
    do
        digits[--i] = (char)('0' + number % 10);
    while (number /= 10);
    buf_put(buf, digits + i, sizeof digits - i);
}

void
buf_i64(struct buf *buf, int64_t number)
{
    if (number >= 0) {
        buf_u64(buf, (uint64_t)number);
        return;
    }
    size_t before = buf->size;
    buf_char(buf, '-');
    buf_u64(buf, 0 - (uint64_t)number);
    if (buf->overflow)
        buf->size = before;
}

static const char hex_digits[] = "0123456789abcdef";

void
buf_hex(struct buf *buf, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    char *room = size <= SIZE_MAX / 2 ? buf_room(buf, size * 2) : NULL;
    if (!room)
        return;
    for (size_t i = 0; i < size; i++) {
        *room++ = hex_digits[at[i] >> 4];
        *room++ = hex_digits[at[i] & 15];
    }
}

void
buf_hex64(struct buf *buf, uint64_t number)
{
    char *room = buf_room(buf, 16);
    if (!room)
        return;
    for (int shift = 60; shift >= 0; shift -= 4)
        *room++ = hex_digits[number >> shift & 15];
}

/* vsnprintf wants a byte for its NUL, so a text that would fill the last byte counts as too long. */
void
buf_format(struct buf *buf, const char *format, ...)
{
    size_t left = buf->overflow ? 0 : buf->capacity - buf->size;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(left ? buf->at + buf->size : NULL, left, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= left)
        buf->overflow = true;
    else
        buf->size += (size_t)size;
}

/* What stands behind the backslash; 0 = verbatim, 'u' = \u00xx. */
static const char escapes[256] = {
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'b', 't', 'n', 'u', 'f', 'r', 'u', 'u',
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u',
    ['"'] = '"', ['\\'] = '\\',
};

static void
put_escaped(struct buf *buf, unsigned char c)
{
    char text[6] = { '\\', escapes[c], '0', '0', hex_digits[c >> 4], hex_digits[c & 15] };
    buf_put(buf, text, escapes[c] == 'u' ? 6 : 2);
}

void
buf_json_string(struct buf *buf, struct slice text)
{
    size_t before = buf->size;
    buf_char(buf, '"');
    size_t start = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (!escapes[c])
            continue;
        buf_put(buf, text.at + start, i - start);
        put_escaped(buf, c);
        start = i + 1;
    }
    if (text.size > start)
        buf_put(buf, text.at + start, text.size - start);
    buf_char(buf, '"');
    if (buf->overflow)
        buf->size = before;
}

struct slice
buf_view(const struct buf *buf)
{
    return (struct slice){ buf->at, buf->size };
}

const char *
buf_cstr(struct buf *buf)
{
    buf_char(buf, '\0');
    if (buf->overflow)
        return "";
    buf->size--;
    return buf->at;
}

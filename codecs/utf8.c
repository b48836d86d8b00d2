/* utf8.c: UTF-8 by RFC 3629, https://www.rfc-editor.org/rfc/rfc3629#section-4. */
#include "codecs/utf8.h"

static bool
is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* Bytes of the sequence that starts at `at`, of which `left` are there; 0 = invalid. */
static size_t
sequence(const unsigned char *at, size_t left)
{
    unsigned char c = at[0];
    if (c < 0x80)
        return 1;
    if (c >= 0xc2 && c <= 0xdf)
        return left >= 2 && is_tail(at[1]) ? 2 : 0;
    if ((c & 0xf0) == 0xe0) {
        if (left < 3 || !is_tail(at[1]) || !is_tail(at[2]))
            return 0;
        bool overlong = c == 0xe0 && at[1] < 0xa0, surrogate = c == 0xed && at[1] >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    if (c >= 0xf0 && c <= 0xf4) {
        if (left < 4 || !is_tail(at[1]) || !is_tail(at[2]) || !is_tail(at[3]))
            return 0;
        bool overlong = c == 0xf0 && at[1] < 0x90, above = c == 0xf4 && at[1] >= 0x90;
        return overlong || above ? 0 : 4;
    }
    return 0;
}

bool
utf8_valid(struct slice text)
{
    const unsigned char *at = (const unsigned char *)text.at;
    size_t i = 0;
    while (i < text.size) {
        uint64_t eight;
        if (text.size - i >= sizeof eight) {
            memcpy(&eight, at + i, sizeof eight);
            if (!(eight & 0x8080808080808080)) {
                i += sizeof eight;
                continue;
            }
        }
        size_t size = sequence(at + i, text.size - i);
        if (!size)
            return false;
        i += size;
    }
    return true;
}

size_t
utf8_length(struct slice text)
{
    size_t length = 0;
    for (size_t i = 0; i < text.size; i++)
        length += !is_tail((unsigned char)text.at[i]);
    return length;
}

uint32_t
utf8_next(struct slice text, size_t *place)
{
    const unsigned char *at = (const unsigned char *)text.at + *place;
    unsigned char c = at[0];
    size_t size = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    uint32_t code = size == 1 ? c : c & (0x7fu >> size);
    for (size_t i = 1; i < size; i++)
        code = code << 6 | (at[i] & 0x3fu);
    *place += size;
    return code;
}

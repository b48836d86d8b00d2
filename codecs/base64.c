/* base64.c: base64 to bytes. */
#include "codecs/base64.h"

/* 0 to 63, or -1 */
static int
digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool
decode_group(struct buf *buf, const char *at, size_t padding)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = i < 4 - padding ? digit_of(at[i]) : 0;
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
    }
    unsigned char bytes[3] = { (unsigned char)(bits >> 16), (unsigned char)(bits >> 8), (unsigned char)bits };
    bool rest_is_zero = padding == 0 || (bytes[2] == 0 && (padding == 1 || bytes[1] == 0));
    buf_put(buf, bytes, 3 - padding);
    return rest_is_zero;
}

bool
base64_decode(struct buf *buf, struct slice text)
{
    if (text.size % 4)
        return false;
    for (size_t i = 0; i < text.size; i += 4) {
        bool is_last = i + 4 == text.size;
        size_t padding = is_last && text.at[i + 3] == '=' ? 1 + (text.at[i + 2] == '=') : 0;
        if (!decode_group(buf, text.at + i, padding))
            return false;
    }
    return !buf->overflow;
}

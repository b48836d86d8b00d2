/* traceparent.c: strict reading of a traceparent. */
#include "codecs/traceparent.h"

static const char zeros[] = "00000000000000000000000000000000";

static bool
is_hex(const char *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!(at[i] >= '0' && at[i] <= '9') && !(at[i] >= 'a' && at[i] <= 'f'))
            return false;
    return true;
}

/* version-trace-parent-flags: 2, 32, 16 and 2 digits */
static bool
has_fields(const char *at)
{
    return is_hex(at, 2) && at[2] == '-' && is_hex(at + 3, 32) && at[35] == '-' && is_hex(at + 36, 16) && at[52] == '-'
           && is_hex(at + 53, 2);
}

bool
traceparent_has_shape(struct slice text)
{
    return text.size == TRACEPARENT_BYTES && has_fields(text.at);
}

struct slice
traceparent_read(struct slice text)
{
    struct slice absent = { 0 };
    if (!text.at || text.size < TRACEPARENT_BYTES || !has_fields(text.at))
        return absent;
    bool is_version_0 = memcmp(text.at, "00", 2) == 0, is_version_ff = memcmp(text.at, "ff", 2) == 0;
    if (is_version_ff || memcmp(text.at + 3, zeros, 32) == 0 || memcmp(text.at + 36, zeros, 16) == 0)
        return absent;
    if (text.size > TRACEPARENT_BYTES && (is_version_0 || text.at[TRACEPARENT_BYTES] != '-'))
        return absent;
    return (struct slice){ text.at, TRACEPARENT_BYTES };
}

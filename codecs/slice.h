/* slice.h: borrowed bytes. Who owns them is said where a slice is handed over; a slice frees nothing. */
#ifndef CODECS_SLICE_H
#define CODECS_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
    const char *at; /* NULL = absent; an empty text has at != NULL and size 0 */
    size_t size;
};

#define SLICE(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })

static inline struct slice
slice_of(const char *text)
{
    return (struct slice){ text, text ? strlen(text) : 0 };
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

static inline bool
slice_is(struct slice a, const char *text)
{
    return slice_eq(a, slice_of(text));
}

#endif

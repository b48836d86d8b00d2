/* buf.h: bytes that grow up to a ceiling fixed at the start.
 *
 * Memory is the caller's and never moves. A put that does not fit writes nothing and sets `overflow`, which stays set until
 * buf_reset: writers put freely and the one who started asks once at the end. */
#ifndef CODECS_BUF_H
#define CODECS_BUF_H

#include "codecs/slice.h"

#include <stdint.h>

struct buf {
    char *at;
    size_t size;
    size_t capacity;
    bool overflow;
};

void buf_init(struct buf *, void *memory, size_t capacity);
void buf_reset(struct buf *);

void buf_put(struct buf *, const void *bytes, size_t size);
void buf_slice(struct buf *, struct slice);
void buf_text(struct buf *, const char *text);
void buf_char(struct buf *, char);
void buf_u64(struct buf *, uint64_t);              /* decimal */
void buf_i64(struct buf *, int64_t);               /* decimal */
void buf_hex(struct buf *, const void *bytes, size_t size);   /* two lower-case digits a byte */
void buf_hex64(struct buf *, uint64_t);            /* 16 lower-case digits */
void buf_format(struct buf *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A JSON string with its quotes: `"`, `\` and control characters escaped, everything else verbatim (input is valid UTF-8). */
void buf_json_string(struct buf *, struct slice);

/* The bytes written so far, borrowed until the next put. */
struct slice buf_view(const struct buf *);

/* Puts a final NUL (not counted in size) and returns the text; "" when it overflowed. */
const char *buf_cstr(struct buf *);

#endif

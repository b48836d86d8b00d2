/* value.h: one decoded value, whatever format it came in. json.c and msgpack.c make trees of it, event.c reads them.
 *
 * A tree lives in the decoder's arena until the next decode; texts borrow the record's bytes where they can, else the arena.
 * An array's items, and an object's members, stand one behind the other in memory. */
#ifndef CODECS_VALUE_H
#define CODECS_VALUE_H

#include "codecs/slice.h"

#include <stdint.h>

enum value_type {
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_INT,      /* fits int64: `integer` */
    VALUE_BIG,      /* an integer outside int64: its digits in `text`, exact */
    VALUE_REAL,     /* any other number: `real`, and its source text in `text` where the format has one */
    VALUE_STRING,   /* `text`: valid UTF-8 without U+0000 */
    VALUE_ARRAY,    /* `items`, `count` */
    VALUE_OBJECT,   /* `members`, `count`: names unique */
};

struct member;

struct value {
    enum value_type type;
    uint32_t count;
    union {
        bool boolean;
        int64_t integer;
        double real;
        const struct value *items;
        const struct member *members;
    };
    struct slice text;
};

struct member {
    struct slice name;
    struct value value;
};

/* The member of that name, or NULL (also when the value is no object). */
const struct value *value_member(const struct value *object, const char *name);

#endif

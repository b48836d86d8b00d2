/* table.h: a set of 128-bit hashes, each with a number: nonces with their time, contents with their count. It grows. */
#ifndef BRIDGE_SIM_TABLE_H
#define BRIDGE_SIM_TABLE_H

#include "codecs/siphash.h"

struct table_row {
    struct hash128 key;         /* both halves 0 = empty row */
    int64_t number;
};

struct table {
    struct table_row *rows;
    size_t capacity;            /* a power of two, or 0 */
    size_t used;
};

void table_release(struct table *);                             /* empty afterwards; a zeroed table is an empty one */
int64_t *table_find(const struct table *, struct hash128);      /* NULL = not there */
int64_t *table_put(struct table *, struct hash128);             /* there or added with 0; good until the next put */

/* The hash of several texts; their borders count. */
struct hash128 table_key(const struct slice *parts, size_t n);

#endif

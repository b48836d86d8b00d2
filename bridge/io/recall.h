/* recall.h: the last claim values by key, as many as fit: two tables of fixed size, of which the older one is forgotten when the
 * younger one is full. So at least a table's worth of the latest values is remembered, and nothing grows. */
#ifndef BRIDGE_IO_RECALL_H
#define BRIDGE_IO_RECALL_H

#include "bridge/io/memory_table.h"

enum { RECALL_CAPACITY = 1 << 15, RECALL_LEAST = RECALL_CAPACITY / 10 * 7 };

struct recall {
    struct memory_table young, old;
};

bool recall_init(struct recall *);      /* false: out of memory */
void recall_release(struct recall *);

/* Valid until the next put. */
const struct memory_entry *recall_get(const struct recall *, struct hash128 key, ms_t now_ms);
void recall_put(struct recall *, struct hash128 key, const struct claim_value *, ms_t now_ms, ms_t ttl_ms);

#endif

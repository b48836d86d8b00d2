/* recall.h: the last claim values by key, as many as fit: at least RECALL_LEAST of the latest are remembered, and nothing grows.
 *
 * While all is well values are only put, and hardly ever asked for: they wait in a row, the latest last. Who asks first puts them
 * into two tables of fixed size, of which the older one is forgotten when the younger one is full. */
#ifndef BRIDGE_IO_RECALL_H
#define BRIDGE_IO_RECALL_H

#include "bridge/io/memory_table.h"

enum { RECALL_CAPACITY = 1 << 15, RECALL_LEAST = RECALL_CAPACITY / 10 * 7 };

struct recall_end;

struct recall {
    struct recall_end *ends;    /* a ring of RECALL_LEAST: newer than what is in the tables */
    uint32_t first, n_ends;
    struct memory_table young, old;
};

bool recall_init(struct recall *);      /* false: out of memory */
void recall_release(struct recall *);
size_t recall_size(void);               /* of its memory, at most */

/* Valid until the next put or get. */
const struct memory_entry *recall_get(struct recall *, struct hash128 key, ms_t now_ms);
void recall_put(struct recall *, struct hash128 key, const struct claim_value *, ms_t now_ms, ms_t ttl_ms);

#endif

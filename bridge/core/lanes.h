/* lanes.h: the order keys that have open deliveries. Deliveries of one lane go strictly one after the other: the first holds the
 * lane, the rest wait in it. A lane exists while somebody is in it. */
#ifndef BRIDGE_CORE_LANES_H
#define BRIDGE_CORE_LANES_H

#include "bridge/core/list.h"
#include "bridge/core/types.h"

struct lane {
    uint64_t key;           /* keyed hash over partition, target and order key; 0 = free slot */
    struct list waiting;    /* deliveries behind the holder, by their own link */
};

struct lanes {
    struct lane *slots;     /* indexes into `table` stay valid while a lane lives */
    uint32_t *table;        /* open addressing: 1 + index of a slot, 0 = empty */
    uint32_t *free;
    uint32_t capacity, table_size, n_free, count;
};

size_t lanes_size(uint32_t capacity);               /* bytes to hand to lanes_init */
void lanes_init(struct lanes *, void *memory, uint32_t capacity);

struct lane *lanes_find(const struct lanes *, uint64_t key);    /* NULL when nobody is in it */
struct lane *lanes_open(struct lanes *, uint64_t key);          /* a new lane; precondition: not there, count < capacity */
void lanes_close(struct lanes *, struct lane *);                /* precondition: nobody waits in it */

#endif

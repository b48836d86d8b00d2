/* memory_table.h: claim values by key, each with a time to live. Grows by doubling up to a ceiling. */
#ifndef BRIDGE_IO_MEMORY_TABLE_H
#define BRIDGE_IO_MEMORY_TABLE_H

#include "bridge/core/types.h"
#include "codecs/claim_value.h"
#include "codecs/siphash.h"

struct memory_entry {
    struct hash128 key;
    struct claim_value value;   /* NONE: an entry that never held one */
    ms_t written_ms;
    ms_t expires_ms;
};

struct memory_table {
    struct memory_entry *at;
    uint32_t capacity;          /* a power of two */
    uint32_t n;                 /* entries that hold or held a value */
    uint32_t capacity_max;
};

bool memory_table_init(struct memory_table *, uint32_t capacity_max);
bool memory_table_init_whole(struct memory_table *, uint32_t capacity);    /* at its ceiling from the start; a power of two */
void memory_table_clear(struct memory_table *);
void memory_table_release(struct memory_table *);

/* The live entry of the key, or NULL. Valid until the next put. */
const struct memory_entry *memory_table_get(const struct memory_table *, struct hash128 key, ms_t now_ms);

/* Without an entry of the key nothing happens. */
void memory_table_remove(struct memory_table *, struct hash128 key, ms_t now_ms);

/* false: full to its ceiling with live entries, nothing was written. */
bool memory_table_put(struct memory_table *, struct hash128 key, const struct claim_value *, ms_t now_ms, ms_t ttl_ms);

#endif

/* dedup_store.h: what the two stores behind dedup.h have in common. Private to dedup*.c, memory*.c and redis*.c. */
#ifndef BRIDGE_IO_DEDUP_STORE_H
#define BRIDGE_IO_DEDUP_STORE_H

#include "bridge/io/dedup.h"
#include "codecs/buf.h"

enum {
    DEDUP_PREFIX_BYTES_MAX = 64,
    DEDUP_ID_BYTES_READABLE = 64,   /* a longer id becomes its hash */
    DEDUP_KEY_BYTES_MAX = DEDUP_PREFIX_BYTES_MAX + 3 + NAME_BYTES_MAX + 1 + DEDUP_ID_BYTES_READABLE,
};

/* One kind of store. `order` takes a copy of what it needs; the answer comes later, from the loop. */
struct dedup_kind {
    void (*free)(struct dedup *);
    void (*order)(struct dedup *, const struct claim_order *, enum dedup_op);
    void (*flush)(struct dedup *);
    void (*poke)(struct dedup *);
    void (*stats)(const struct dedup *, struct dedup_stats *);
    void (*journal)(struct dedup *, const struct journal_entry *);     /* NULL = this kind keeps none */
};

struct dedup_name {
    char text[NAME_BYTES_MAX + 1];
};

/* Copies of the words that keys are made of. */
struct dedup_names {
    char prefix[DEDUP_PREFIX_BYTES_MAX + 1];
    struct dedup_name *targets, *routes;
    uint32_t n_targets, n_routes;
    struct sipkey hash_key;
};

/* The first member of each store. */
struct dedup {
    const struct dedup_kind *kind;
    struct dedup_handler handler;
    struct dedup_names names;
    uint64_t own;               /* owner number of this process */
};

struct dedup *redis_new(const struct dedup_config *, struct event_base *, const struct dedup_handler *, char *error,
                        size_t error_size);
struct dedup *memory_new(const struct dedup_config *, struct event_base *, const struct dedup_handler *, char *error,
                         size_t error_size);
struct dedup *degrade_new(const struct dedup_config *, struct event_base *, const struct dedup_handler *, char *error,
                          size_t error_size);      /* redis_new, and this process's memory while Redis is away */

/* What another process would have left `age_ms` ago, and what stands there now (false: nothing). For tests of the tables on
 * both stores. */
void memory_seed(struct dedup *, const struct claim_order *, const struct claim_value *, ms_t age_ms);
bool memory_peek(struct dedup *, const struct claim_order *, struct claim_value *);
void memory_seed_window(struct dedup *, const struct claim_window *, struct slice leader);
struct slice memory_peek_window(struct dedup *, const struct claim_window *);       /* absent: it is not open */

/* false with `error` when a name is too long. `dedup` is released with dedup_release in either case. */
bool dedup_init(struct dedup *, const struct dedup_kind *, const struct dedup_config *, const struct dedup_handler *, char *error,
                size_t error_size);
void dedup_release(struct dedup *);

void dedup_key_of(const struct dedup *, const struct claim_order *, struct buf *);
void dedup_key_of_leader(const struct dedup *, const struct claim_order *, struct slice leader, struct buf *);
void dedup_window_key_of(const struct dedup *, const struct claim_window *, struct buf *);
struct hash128 dedup_hash_of(const struct dedup *, const struct claim_order *);     /* of the key: for stores in memory */

#endif

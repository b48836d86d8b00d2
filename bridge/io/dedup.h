/* dedup.h: the store of claims and done marks, as the worker sees it: Redis (redis.c) or the process's own memory (memory.c).
 *
 * Orders are collected and go out with dedup_flush() as one pipeline write. Answers come through the handler, inside the loop,
 * each exactly once, also when the connection is gone (then UNKNOWN: never "free"). */
#ifndef BRIDGE_IO_DEDUP_H
#define BRIDGE_IO_DEDUP_H

#include "bridge/core/claim.h"
#include "bridge/core/journal.h"
#include "codecs/siphash.h"

struct event_base;
struct dedup;

enum dedup_state {
    DEDUP_UP,           /* answers */
    DEDUP_AWAY,         /* cannot be reached, or is silent */
    DEDUP_REFUSES,      /* answers, and will not do what we ask: password, rules, replica, version, full */
    DEDUP_FOREIGN_KEY,  /* up, but this key is not ours */
    DEDUP_MAY_EVICT,    /* up, but set so that it may forget */
    DEDUP_IN_MEMORY,    /* up, and only in this process */
    DEDUP_DEGRADED,     /* still away, but orders that say so are answered by this process's memory */
    DEDUP_RESTORED,     /* up, and Redis has been told what it missed */
};

struct dedup_handler {
    void *owner;
    void (*claimed)(void *owner, struct tag, const struct claim_answer *);
    void (*settled)(void *owner, struct tag, enum settle_answer);
    /* With a text for the log; said once a change, and at intervals while it is down. */
    void (*state)(void *owner, enum dedup_state, const char *text);
    void (*amnesia)(void *owner, const char *text);     /* the store lost its memory */
    /* An entry of the journal was not written; told also while it is asked for. Nothing follows from it. */
    void (*unjournaled)(void *owner, const char *why);
};

struct dedup_config {
    const char *url;            /* as in bridge/redis_url.h, or memory: */
    const char *password_file;  /* "" = none; read again at each connection. Borrowed for ever, as the next two */
    const char *sentinel_password_file;
    const char *ca_file;        /* of rediss://; "" = the system's */
    const char *prefix;         /* "ab" */
    ms_t timeout_ms;            /* of one command; 1 s */
    uint64_t owner;             /* 64 random bits of the process */
    const char *const *targets; /* names, for the keys */
    uint32_t n_targets;
    const char *const *routes;  /* names, for the keys of windows */
    uint32_t n_routes;
    uint32_t orders;            /* most orders under way */
    struct sipkey hash_key;     /* of the prefix, for ids over 64 bytes */
    uint64_t journal_max_len;   /* entries that the journal keeps, about; 0 = no journal */
    ms_t journal_max_age_ms;
    bool degrade;               /* some orders will say so: a memory is kept for them */
};

/* NULL with `error` when the url cannot be used. Redis may be away: that is a state, not an error. */
struct dedup *dedup_new(const struct dedup_config *, struct event_base *, const struct dedup_handler *, char *error,
                        size_t error_size);
void dedup_free(struct dedup *);

bool dedup_is_memory(const char *url);
size_t dedup_degrade_size(void);    /* bytes that dedup_config.degrade takes; touched as needed */

void dedup_claim(struct dedup *, const struct claim_order *);
void dedup_settle(struct dedup *, const struct claim_order *);
void dedup_renew(struct dedup *, const struct claim_order *);
/* Asked for and forgotten: it is written in the pipeline of the orders around it, and has no answer. A store in memory keeps no
 * journal. */
void dedup_journal(struct dedup *, const struct journal_entry *);
void dedup_flush(struct dedup *);
void dedup_poke(struct dedup *);            /* try to connect now */

/* The key of a delivery: <prefix>:d:<target>:<id>; an id over 64 bytes becomes #<32 hex>. For `explain` as well. */
void dedup_key(struct buf *, const char *prefix, const char *target, struct slice id, const struct sipkey *);

/* The key of a window: <prefix>:w:<route>:<32 hex>. */
void dedup_window_key(struct buf *, const char *prefix, const char *route, struct hash128);

/* REPEAT: what a claim asks about its window, once the delivery's own key is ours. */
enum dedup_op { DEDUP_CLAIM, DEDUP_RESOLVE, DEDUP_REPEAT, DEDUP_SETTLE, DEDUP_RENEW, DEDUP_JOURNAL, DEDUP_PING, DEDUP_OP_COUNT };
struct dedup_stats {
    bool up;
    bool fresh;                 /* no canary stood there at the first connect: a loss if the group has committed offsets */
    uint64_t commands[DEDUP_OP_COUNT][4];       /* ok, error, timeout, lost */
    uint64_t reconnects;
    uint64_t flushes;
    uint64_t amnesia;
    ms_t last_answer_ms;
    bool degraded;              /* some go on without Redis */
    const uint64_t *degraded_claims;    /* by target, claims that memory gave; NULL = it never does */
    uint64_t owed, owed_given_up;       /* ends that Redis does not have yet; and never will */
};
void dedup_stats(const struct dedup *, struct dedup_stats *);

#endif

/* kafka.h: the consumer, the commits and the dead-letter producer, on the loop. Only kafka*.c know librdkafka.
 *
 * Callbacks run inside the loop, never inside a function of this header. Nothing here decides: pausing, committing and the
 * answer to a revoke come from the worker. Settings that the promise needs (enable.auto.commit=false,
 * enable.auto.offset.store=false, isolation.level=read_committed, auto.offset.reset=error, eager assignor) are set here and
 * cannot be overridden. Two commits are made here: where the group had no offset, the place where reading began; and the end of
 * a partition that ends in transaction markers only, once the worker has committed all it was given. API:
 * https://docs.confluent.io/platform/current/clients/librdkafka/html/rdkafka_8h.html */
#ifndef BRIDGE_IO_KAFKA_H
#define BRIDGE_IO_KAFKA_H

#include "bridge/core/engine.h"

struct event_base;
struct kafka;

struct kafka_property {
    const char *name, *value;
};

struct kafka_topic {
    const char *name;           /* "^..." is a pattern */
    uint32_t source;
    bool start_at_end;          /* where the group has no offset */
};

struct kafka_config {
    const char *brokers, *group, *instance_id;      /* instance_id "" = dynamic membership */
    const struct kafka_property *properties;
    uint32_t n_properties;
    const struct kafka_topic *topics;
    uint32_t n_topics;
    const char *dead_letter_topic;                  /* NULL = no producer */
};

/* Whether the group has committed offsets of records that it finished; where reading merely began is none. With a past, an empty
 * store of claims has lost something; without one it is as it should be. */
enum group_past { GROUP_PAST_UNKNOWN, GROUP_PAST_NONE, GROUP_PAST_COMMITTED };

/* A record as it came; everything is borrowed for the call only. */
struct kafka_record {
    uint32_t partition;         /* index in the last assignment */
    uint32_t epoch;
    int64_t offset;
    struct record_view view;
};

/* LATER: there is no room for it while others wait to be written. */
enum letter_answer { LETTER_WRITTEN, LETTER_LATER, LETTER_REFUSED };

struct kafka_handler {
    void *owner;
    bool (*takes)(void *owner, uint32_t partition);     /* asked before each record; no = its pause follows */
    void (*record)(void *owner, const struct kafka_record *);
    /* epoch grows with each assignment. `partitions` and their topics live until the next assigned, revoked or lost. */
    void (*assigned)(void *owner, const struct assignment *partitions, uint32_t n, uint32_t epoch);
    void (*revoked)(void *owner);                   /* to be answered by kafka_release() once drained */
    void (*lost)(void *owner);                      /* answered already */
    void (*committed)(void *owner, uint32_t partition, uint32_t epoch, int64_t offset, enum commit_result);
    void (*parked)(void *owner, struct tag, enum letter_answer, const char *why);   /* refused: why, and what to do */
    void (*fatal)(void *owner, const char *why);    /* fenced or another fatal client error: exit 70 */
    /* kind: "transport", "auth", "tls", "protocol", "group", "offset" (out of range: the partition stands still), "topic"
     * (missing or not allowed), "size" (of a dead letter: a stub is written), "other"; librdkafka's own log lines come here too.
     * level: syslog's 3..7. */
    void (*trouble)(void *owner, int level, const char *kind, const char *text);
    void (*closed)(void *owner);                    /* kafka_leave() is done */
};

/* Checks the configuration against librdkafka itself. On false `error` says which property and why. No network, no thread. */
bool kafka_check(const struct kafka_config *, char *error, size_t error_size);

/* Starts the client and joins the group; brokers may be away. NULL with `error` and errno: EINVAL when the configuration is
 * refused, else what the machine has no more of. */
struct kafka *kafka_new(const struct kafka_config *, struct event_base *, const struct kafka_handler *, char *error,
                        size_t error_size);

void kafka_pause(struct kafka *, uint32_t partition);
void kafka_resume(struct kafka *, uint32_t partition);

/* Collects one offset; kafka_flush() sends what was collected as one asynchronous commit. An offset of an old epoch is not
 * sent. */
void kafka_commit(struct kafka *, uint32_t partition, uint32_t epoch, int64_t offset);
void kafka_flush(struct kafka *);

/* Answers a revoke: the partitions are given back. */
void kafka_release(struct kafka *);

/* A dead letter: acks=all, idempotent; answered by handler.parked. It has the record's headers, however many, but for those that
 * made a dead letter of it once before, and behind them the worker's own. */
struct dead_letter {
    struct tag tag;
    struct slice key, value;    /* at NULL = null, kept apart from empty */
    const struct header *headers, *own;
    uint32_t n_headers, n_own;
    int64_t timestamp_ms;
};
void kafka_park(struct kafka *, const struct dead_letter *);

/* Leaves the group within `bound_ms`; handler.closed follows, in any case. */
void kafka_leave(struct kafka *, ms_t bound_ms);

/* Frees what can be freed without blocking. After kafka_leave only. */
void kafka_free(struct kafka *);

struct kafka_stats {
    uint32_t brokers_up;
    uint32_t stopped;           /* partitions that stand still, their offset being out of range */
    uint64_t rebalances[3];     /* assign, revoke, lost */
    uint64_t errors;
    bool joined;                /* was a member once since the start */
};
void kafka_stats(const struct kafka *, struct kafka_stats *);

#endif

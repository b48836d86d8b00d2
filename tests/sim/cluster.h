/* cluster.h: Kafka: partitions of one source topic, what each holds, the dead-letter topic, and who reads what.
 *
 * Facts come from here: PRODUCED, POLLED, PARKED. */
#ifndef TESTS_SIM_CLUSTER_H
#define TESTS_SIM_CLUSTER_H

#include "tests/sim/worker.h"

struct log_record {
    int64_t offset;
    struct record_view view;    /* borrows `bytes` and `headers` */
    char *bytes;
    struct header headers[RECORD_HEADERS_MAX];
    uint64_t hash;              /* of key, value, headers and timestamp */
    uint32_t n_events;          /* 0 = unreadable */
};

struct partition_log {
    struct log_record **records;    /* each stays where it is: engines borrow their views */
    uint32_t n, room;
    int64_t end;                /* next offset */
    int64_t committed;          /* -1 = none; the group's */
    ms_t leaderless_until;
};

/* What one worker reads, by the order of its assignment. */
struct reader {
    uint32_t life, epoch, n;
    bool under_way;                 /* a fetch is to come */
    struct {
        uint32_t partition, next;   /* of the log, place in it */
        uint32_t first;             /* where it began */
        bool paused;
    } at[LOG_PARTITIONS_MAX];
};

struct cluster {
    struct partition_log logs[LOG_PARTITIONS_MAX];
    uint32_t n_logs;
    ms_t down_until;                /* no broker answers: no dead letter is taken */
    struct reader readers[WORKERS_MAX];
};

void cluster_init(struct world *);
void cluster_free(struct world *);
uint64_t record_hash(const struct record_view *);

/* Takes over `bytes` (the memory of key and value that `view` points to). */
struct log_record *cluster_append(struct world *, uint32_t partition, const struct record_view *, char *bytes, uint32_t n_events);
void cluster_add_partition(struct world *);

/* What a worker reads: begins at what is committed (else at the beginning), goes on by itself until it ends. */
void fetch_begin(struct world *, struct worker *, const uint32_t *partitions, uint32_t n, uint32_t epoch);
void fetch_end(struct world *, struct worker *);
void fetch_pause(struct world *, struct worker *, uint32_t assigned, bool pause);

bool cluster_all_read(struct world *);                  /* each partition by whoever reads it now */

void dead_letter_write(struct world *, struct worker *, const struct effect *);     /* answers INPUT_PARKED */

/* Place in the log of the first record at `offset` or behind it. */
uint32_t log_place(const struct partition_log *, int64_t offset);

#endif

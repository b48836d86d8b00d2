/* kafka_probe.h: looks at a cluster without touching it: brokers, topics, their settings, the group's offsets.
 *
 * It blocks, so never on the worker's loop; no group is joined, no topic is made, nothing is written. What could not be seen is
 * said as such: PROBE_DENIED where a right is missing, PROBE_SILENT where nobody answered in time. */
#ifndef BRIDGE_IO_KAFKA_PROBE_H
#define BRIDGE_IO_KAFKA_PROBE_H

#include "bridge/io/kafka.h"

enum probe_sight {
    PROBE_SILENT,       /* not asked, or not answered */
    PROBE_DENIED,       /* the principal may not see it */
    PROBE_ABSENT,
    PROBE_SEEN,
};

enum { PROBE_WHY_BYTES = 256 };

/* A topic that is read, or the dead letters'. */
struct kafka_probe_topic {
    char *name;
    uint32_t source;                    /* whose; meaningless for the dead letters' */
    enum probe_sight sight;
    uint32_t partitions, n_leaderless;

    enum probe_sight settings;
    int64_t retention_ms, retention_bytes;  /* -1 = no limit */
    int64_t max_message_bytes;
    bool deletes, compacts;             /* cleanup.policy */

    enum probe_sight offsets;           /* SEEN: what is below is right */
    uint32_t n_none, n_present, n_out_of_range;     /* partitions by what the group has committed */
    uint32_t n_begun;                   /* of those present: where reading began, and nothing was finished since */
    int32_t out_partition;              /* the first one out of range: the offset, and where its log begins and ends */
    int64_t out_offset, out_low, out_high;
    char why[PROBE_WHY_BYTES];          /* what was not seen, and why; "" = nothing */
};

/* A pattern of the configuration, and how many topics it stands for. */
struct kafka_probe_pattern {
    const char *text;                   /* borrowed from the configuration */
    uint32_t n_topics;
};

struct kafka_probe {
    bool reached, refused;              /* refused: the brokers want other credentials */
    uint32_t brokers;
    char why[PROBE_WHY_BYTES];          /* when it was not reached */

    struct kafka_probe_topic *topics;   /* those of the configuration by their order, then those of patterns */
    uint32_t n_topics;
    struct kafka_probe_pattern *patterns;
    uint32_t n_patterns;
    struct kafka_probe_topic dead;      /* the dead letters'; no offsets */
    bool dead_is_read;                  /* a pattern of dead_source matches it */
    uint32_t dead_source;

    enum probe_sight group;
    char group_why[PROBE_WHY_BYTES];
};

/* Ends within `bound_ms` and a little. The configuration is one that kafka_check() takes. */
void kafka_probe_run(const struct kafka_config *, ms_t bound_ms, struct kafka_probe *);
void kafka_probe_free(struct kafka_probe *);

#endif

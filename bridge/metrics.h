/* metrics.h: names, types, labels and help are rows of metrics.def; docs/metrics.md comes from it. This file only writes text;
 * the values are gathered by the worker from engine, adapters and log, at most once a second.
 *
 * Prometheus text 0.0.4. Counters exist at 0 from the start for every value of a closed label. */
#ifndef BRIDGE_METRICS_H
#define BRIDGE_METRICS_H

#include "codecs/buf.h"

#include <stdint.h>

enum metric {
#define METRIC(id, name, type, unit, labels, help) METRIC_##id,
#include "bridge/metrics.def"
#undef METRIC
    METRIC_COUNT,
};

/* Buckets of a histogram; counts[n] is the rest (+Inf). */
enum { BUCKETS_MAX = 18 };
enum buckets { BUCKETS_CALL, BUCKETS_AGE, BUCKETS_COUNT_LIKE };
struct histogram {
    uint64_t counts[BUCKETS_MAX];
    double sum;
};
void histogram_add(struct histogram *, enum buckets, double value);
void histogram_add_many(struct histogram *, enum buckets, double value, uint32_t times);

/* Begin writes # HELP and # TYPE; then samples of that metric. Label values are escaped. `labels` = "target", value, ...,
 * NULL. */
void metrics_begin(struct buf *, enum metric);
void metrics_u64(struct buf *, enum metric, uint64_t value, ...) __attribute__((sentinel));
void metrics_f64(struct buf *, enum metric, double value, ...) __attribute__((sentinel));
void metrics_histogram(struct buf *, enum metric, enum buckets, const struct histogram *, ...) __attribute__((sentinel));

void metrics_process(struct buf *);     /* process_* from /proc/self */
void metrics_docs(struct buf *);        /* docs/metrics.md */

#endif

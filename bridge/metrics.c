/* metrics.c: Prometheus text 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/ */
#include "bridge/metrics.h"

#include "codecs/check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum metric_type { METRIC_TYPE_COUNTER, METRIC_TYPE_GAUGE, METRIC_TYPE_HISTOGRAM };

static const struct {
    const char *name;
    enum metric_type type;
    const char *unit, *labels, *help;
} rows[METRIC_COUNT] = {
#define METRIC(id, name, type, unit, labels, help) [METRIC_##id] = { name, METRIC_TYPE_##type, unit, labels, help },
#include "bridge/metrics.def"
#undef METRIC
};

static const char *const type_names[] = { "counter", "gauge", "histogram" };

static const struct {
    uint32_t n;
    double bounds[BUCKETS_MAX - 1];
} bucket_rows[] = {
    [BUCKETS_CALL] = { 16, { .001, .002, .004, .008, .016, .032, .064, .128, .25, .5, 1, 2, 5, 10, 30, 60 } },
    [BUCKETS_AGE] = { 16, { .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400, 86400 } },
    [BUCKETS_COUNT_LIKE] = { 9, { 1, 2, 5, 10, 20, 35, 50, 75, 100 } },
};

void
histogram_add_many(struct histogram *histogram, enum buckets buckets, double value, uint32_t times)
{
    uint32_t i = 0;
    while (i < bucket_rows[buckets].n && value > bucket_rows[buckets].bounds[i])
        i++;
    histogram->counts[i] += times;
    histogram->sum += value * times;
}

void
histogram_add(struct histogram *histogram, enum buckets buckets, double value)
{
    histogram_add_many(histogram, buckets, value, 1);
}

void
metrics_begin(struct buf *out, enum metric metric)
{
    buf_format(out, "# HELP %s %s\n# TYPE %s %s\n", rows[metric].name, rows[metric].help, rows[metric].name,
               type_names[rows[metric].type]);
}

/* ---- samples */

static void
put_label(struct buf *out, const char **separator, const char *name, const char *value)
{
    buf_format(out, "%s%s=\"", *separator, name);
    *separator = ",";
    for (; *value != '\0'; value++) {
        if (*value == '\n')
            buf_text(out, "\\n");
        else if (*value == '"' || *value == '\\')
            buf_format(out, "\\%c", *value);
        else
            buf_char(out, *value);
    }
    buf_char(out, '"');
}

/* Name, suffix, labels and the space before the value; `le` NULL = none. */
static void
put_series(struct buf *out, enum metric metric, const char *suffix, va_list labels, const char *le)
{
    const char *separator = "{";
    buf_format(out, "%s%s", rows[metric].name, suffix);
    for (const char *name = va_arg(labels, const char *); name != NULL; name = va_arg(labels, const char *))
        put_label(out, &separator, name, va_arg(labels, const char *));
    if (le != NULL)
        put_label(out, &separator, "le", le);
    buf_text(out, separator[0] == ',' ? "} " : " ");
}

static void
put_f64(struct buf *out, double value)
{
    if (isnan(value))
        buf_text(out, "NaN\n");
    else if (isinf(value))
        buf_text(out, value > 0 ? "+Inf\n" : "-Inf\n");
    else
        buf_format(out, "%.15g\n", value);
}

void
metrics_u64(struct buf *out, enum metric metric, uint64_t value, ...)
{
    va_list labels;
    check(rows[metric].type != METRIC_TYPE_HISTOGRAM);
    va_start(labels, value);
    put_series(out, metric, "", labels, NULL);
    va_end(labels);
    buf_u64(out, value);
    buf_char(out, '\n');
}

void
metrics_f64(struct buf *out, enum metric metric, double value, ...)
{
    va_list labels;
    check(rows[metric].type != METRIC_TYPE_HISTOGRAM);
    va_start(labels, value);
    put_series(out, metric, "", labels, NULL);
    va_end(labels);
    put_f64(out, value);
}

void
metrics_histogram(struct buf *out, enum metric metric, enum buckets buckets, const struct histogram *histogram, ...)
{
    va_list labels, again;
    uint64_t sum = 0;
    char le[32];
    check(rows[metric].type == METRIC_TYPE_HISTOGRAM);
    va_start(labels, histogram);
    for (uint32_t i = 0; i <= bucket_rows[buckets].n; i++) {
        bool rest = i == bucket_rows[buckets].n;
        sum += histogram->counts[i];
        snprintf(le, sizeof le, "%.10g", rest ? 0 : bucket_rows[buckets].bounds[i]);
        va_copy(again, labels);
        put_series(out, metric, "_bucket", again, rest ? "+Inf" : le);
        va_end(again);
        buf_u64(out, sum);
        buf_char(out, '\n');
    }
    va_copy(again, labels);
    put_series(out, metric, "_sum", again, NULL);
    va_end(again);
    put_f64(out, histogram->sum);
    put_series(out, metric, "_count", labels, NULL);
    va_end(labels);
    buf_u64(out, sum);
    buf_char(out, '\n');
}

/* ---- docs/metrics.md */

static void
put_cell(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++)
        buf_text(out, *text == '|' ? "\\|" : (const char[]){ *text, '\0' });
}

static void
put_labels_cell(struct buf *out, const char *labels)
{
    buf_text(out, labels[0] == '\0' ? "-" : "");
    for (const char *at = labels; *at != '\0'; at++) {
        if (*at == '=')
            buf_text(out, " = ");
        else if (*at == '|')
            buf_text(out, " / ");
        else if (*at == ',')
            buf_text(out, "; ");
        else
            buf_char(out, *at);
    }
}

void
metrics_docs(struct buf *out)
{
    buf_text(out, "# Metrics\n\nServed at `/metrics` of the admin port as Prometheus text 0.0.4. This page is made from "
                  "`bridge/metrics.def`.\n\n"
                  "Label values are words of the program, names of the configuration, or topics and partitions of the present "
                  "assignment; an event "
                  "cannot make a series.\nCounters of a closed label (listed after `=`) exist at 0 from the start. `target` is "
                  "`_none` for what no "
                  "route or codec could assign, `_drop` for routes to `drop`.\n\n"
                  "| name | type | unit | labels | meaning |\n|---|---|---|---|---|\n");
    for (int i = 0; i < METRIC_COUNT; i++) {
        buf_format(out, "| `%s` | %s | %s | ", rows[i].name, type_names[rows[i].type], rows[i].unit);
        put_labels_cell(out, rows[i].labels);
        buf_text(out, " | ");
        put_cell(out, rows[i].help);
        buf_text(out, " |\n");
    }
}

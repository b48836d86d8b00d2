/* test_metrics.c: the text form, and that the written documents are those of the program. */
#include "bridge/config.h"
#include "bridge/log.h"
#include "bridge/metrics.h"

#include <criterion/criterion.h>
#include <stdio.h>

static char memory[256 * 1024];
static struct buf out;

static const char *
begin(void)
{
    buf_init(&out, memory, sizeof memory);
    return memory;
}

Test(metrics, a_counter_with_labels)
{
    begin();
    metrics_begin(&out, METRIC_CALLS);
    metrics_u64(&out, METRIC_CALLS, 7, "target", "soar-prod", "class", "in_doubt", NULL);
    cr_assert_str_eq(buf_cstr(&out), "# HELP alertbridge_calls_total Calls by verdict.\n# TYPE alertbridge_calls_total counter\n"
                                     "alertbridge_calls_total{target=\"soar-prod\",class=\"in_doubt\"} 7\n");
}

Test(metrics, values_without_labels_and_odd_numbers)
{
    begin();
    metrics_u64(&out, METRIC_LANES, UINT64_MAX, NULL);
    metrics_f64(&out, METRIC_WINDOW_BYTES, 0.25, NULL);
    metrics_f64(&out, METRIC_WINDOW_BYTES, 0.0 / 0.0, NULL);
    metrics_f64(&out, METRIC_WINDOW_BYTES, -1.0 / 0.0, NULL);
    cr_assert_str_eq(buf_cstr(&out), "alertbridge_lanes 18446744073709551615\nalertbridge_window_bytes 0.25\n"
                                     "alertbridge_window_bytes NaN\nalertbridge_window_bytes -Inf\n");
}

Test(metrics, label_values_are_escaped)
{
    begin();
    metrics_u64(&out, METRIC_ASSIGNED, 1, "topic", "a\"b\\c\nd", NULL);
    cr_assert_str_eq(buf_cstr(&out), "alertbridge_kafka_assigned_partitions{topic=\"a\\\"b\\\\c\\nd\"} 1\n");
}

Test(metrics, a_histogram_is_cumulative_and_ends_with_inf)
{
    struct histogram histogram = { 0 };
    const double values[] = { 0.5, 1, 2, 3, 100, 101 };
    for (size_t i = 0; i < 6; i++)
        histogram_add(&histogram, BUCKETS_COUNT_LIKE, values[i]);
    begin();
    metrics_histogram(&out, METRIC_BATCH_MESSAGES, BUCKETS_COUNT_LIKE, &histogram, "target", "p", NULL);
    const char *text = buf_cstr(&out);
    cr_expect(strstr(text, "alertbridge_batch_messages_bucket{target=\"p\",le=\"1\"} 2\n"), "%s", text);
    cr_expect(strstr(text, "{target=\"p\",le=\"2\"} 3\n") && strstr(text, "{target=\"p\",le=\"5\"} 4\n"), "%s", text);
    cr_expect(strstr(text, "{target=\"p\",le=\"100\"} 5\n") && strstr(text, "{target=\"p\",le=\"+Inf\"} 6\n"), "%s", text);
    cr_expect(
        strstr(text, "alertbridge_batch_messages_sum{target=\"p\"} 207.5\nalertbridge_batch_messages_count{target=\"p\"} 6\n"),
        "%s", text);
}

Test(metrics, bounds_are_inclusive_and_printed_plainly)
{
    struct histogram histogram = { 0 };
    histogram_add(&histogram, BUCKETS_CALL, 0.001);
    histogram_add(&histogram, BUCKETS_AGE, 90000);
    begin();
    metrics_histogram(&out, METRIC_CALL_DURATION, BUCKETS_CALL, &histogram, NULL);
    const char *text = buf_cstr(&out);
    cr_expect(strstr(text, "alertbridge_call_duration_seconds_bucket{le=\"0.001\"} 1\n"), "%s", text);
    cr_expect(strstr(text, "alertbridge_call_duration_seconds_bucket{le=\"60\"} 1\n"), "%s", text);
}

Test(metrics, the_process_tells_its_memory_and_descriptors)
{
    begin();
    metrics_process(&out);
    const char *text = buf_cstr(&out);
    static const char *const names[] = {"cpu_seconds_total",    "open_fds",          "max_fds", "resident_memory_bytes",
                                        "virtual_memory_bytes", "start_time_seconds"};
    for (size_t i = 0; i < 6; i++) {
        char line[128];
        snprintf(line, sizeof line, "\nprocess_%s ", names[i]);
        const char *at = strstr(text, line);
        cr_expect(at != NULL && (at[strlen(line)] > '0' || i == 0), "%s\n%s", names[i], text);
    }
}

/* ---- documents */

static void
expect_begins_with(const char *path, const char *text)
{
    static char whole[512 * 1024];
    FILE *file = fopen(path, "r");
    cr_assert(file != NULL, "%s is missing", path);
    size_t n = fread(whole, 1, sizeof whole - 1, file);
    whole[n] = '\0';
    fclose(file);
    cr_assert(strncmp(whole, text, strlen(text)) == 0, "%s is not what the program prints; write it anew", path);
}

Test(documents, the_written_ones_are_what_the_program_prints)
{
    static const struct { const char *path; void (*write)(struct buf *); } documents[] = {
        { SOURCE_ROOT "/docs/config.md", config_docs },
        { SOURCE_ROOT "/docs/config.schema.json", config_schema },
        { SOURCE_ROOT "/examples/bridge.yaml", config_example },
        { SOURCE_ROOT "/docs/errors.md", log_docs },
        { SOURCE_ROOT "/docs/metrics.md", metrics_docs },
    };
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        begin();
        documents[i].write(&out);
        cr_assert(!out.overflow);
        expect_begins_with(documents[i].path, buf_cstr(&out));
    }
}

/* demo_show.c: how far the demo is: a table that is drawn again on a terminal, lines elsewhere. On stderr. */
#include "bridge/cmd/demo.h"
#include "bridge/io/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINE_EVERY_MS = 3000 };

static uint64_t
sum(const uint64_t *numbers, size_t n)
{
    uint64_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += numbers[i];
    return total;
}

static void
count_target(const struct target_stats *target, struct demo_counts *counts)
{
    counts->delivered += target->terminal[TERMINAL_DELIVERED];
    counts->duplicates += target->terminal[TERMINAL_DUPLICATE];
    counts->parked += target->terminal[TERMINAL_PARKED];
    counts->calls += sum(target->calls, OUTCOME_COUNT);
    counts->retries += sum(target->retries, OUTCOME_COUNT);
    counts->messages += target->messages;
    for (int i = 0; i < STAGE_COUNT; i++)
        counts->in_work += target->inflight[i];
}

void
demo_count(const struct engine_stats *stats, uint32_t n_targets, struct demo_counts *counts)
{
    *counts = (struct demo_counts){ 0 };
    for (uint32_t i = 0; i < n_targets + 2; i++)
        count_target(&stats->targets[i], counts);
}

void
demo_show_init(struct demo_show *show, uint64_t records)
{
    const char *term = getenv("TERM");
    *show = (struct demo_show){ .records = records, .started_ms = clock_now_ms() };
    show->line_ms = show->started_ms;
    show->is_terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

static void
show_row(struct demo_show *show, const char *name, const struct target_stats *target)
{
    struct demo_counts counts = { 0 };
    count_target(target, &counts);
    fprintf(stderr, "\033[K  %-8s %9llu %11llu %7llu %8llu %8llu %8llu\n", name, (unsigned long long)counts.delivered,
            (unsigned long long)counts.duplicates, (unsigned long long)counts.parked, (unsigned long long)counts.in_work,
            (unsigned long long)counts.calls, (unsigned long long)counts.retries);
    show->lines++;
}

static void
draw_table(struct demo_show *show, const struct engine_config *names, const struct engine_stats *stats, uint64_t produced,
           double seconds)
{
    if (show->lines)
        fprintf(stderr, "\033[%uA", show->lines);
    fprintf(stderr, "\033[K%.1f s   produced %llu of %llu\n", seconds, (unsigned long long)produced,
            (unsigned long long)show->records);
    fprintf(stderr, "\033[K  %-8s %9s %11s %7s %8s %8s %8s\n", "target", "delivered", "duplicates", "parked", "in work", "calls",
            "retries");
    show->lines = 2;
    for (uint32_t i = 0; i < names->n_targets; i++)
        show_row(show, names->targets[i].name, &stats->targets[i]);
    show_row(show, "none", &stats->targets[names->n_targets]);
}

void
demo_show(struct demo_show *show, const struct engine_config *names, const struct engine_stats *stats, uint64_t produced)
{
    ms_t now = clock_now_ms();
    double seconds = (double)(now - show->started_ms) / 1000;
    struct demo_counts counts;
    if (show->is_terminal) {
        draw_table(show, names, stats, produced, seconds);
        return;
    }
    if (now - show->line_ms < LINE_EVERY_MS)
        return;
    show->line_ms = now;
    demo_count(stats, names->n_targets, &counts);
    fprintf(stderr, "demo: %.0f s, produced %llu of %llu, delivered %llu, duplicates %llu, parked %llu, retries %llu\n", seconds,
            (unsigned long long)produced, (unsigned long long)show->records, (unsigned long long)counts.delivered,
            (unsigned long long)counts.duplicates, (unsigned long long)counts.parked, (unsigned long long)counts.retries);
}

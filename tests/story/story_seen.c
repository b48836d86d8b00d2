/* story_seen.c: what a story asserts: lines of the trace, and counts. */
#include "tests/story/story.h"
#include "tests/story/story_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
tell_nothing(void)
{
    engine_trace(world.engine, NULL, NULL);
}

void
forget(void)
{
    world.trace_size = 0;
    world.trace[0] = '\0';
}

void
expect(const char *trace)
{
    cr_expect_str_eq(world.trace, trace, "\n--- expected\n%s--- told\n%s---", trace, world.trace);
    forget();
}

void
expect_line(const char *part)
{
    cr_expect(strstr(world.trace, part) != NULL, "no line says \"%s\" in\n%s", part, world.trace);
}

void
expect_no_line(const char *part)
{
    cr_expect(strstr(world.trace, part) == NULL, "a line says \"%s\" in\n%s", part, world.trace);
}

void
expect_order(const char *effects)
{
    world.given_out[world.given_out_size] = '\0';
    cr_expect_str_eq(world.given_out, effects, "\n--- expected\n%s--- given out\n%s---", effects, world.given_out);
    world.given_out_size = 0;
}

void
expect_journal(const char *entries)
{
    static char told[JOURNAL_MAX * sizeof(world.journal[0].text)];
    size_t size = 0;
    told[0] = '\0';
    for (uint32_t i = 0; i < world.n_journal; i++)
        size += (size_t)snprintf(told + size, sizeof(told) - size, "%s\n", world.journal[i].text);
    cr_expect_str_eq(told, entries, "\n--- expected\n%s--- journaled\n%s---", entries, told);
    world.n_journal = 0;
}

enum claim_state
last_end(const char *id)
{
    cr_expect_str_eq(world.last_end_id, id);
    return world.last_end;
}

int64_t
committed(void)
{
    return world.committed;
}

uint32_t
freed(void)
{
    return world.freed;
}

uint32_t
degradable_orders(uint32_t target)
{
    uint32_t n = world.degradable[target];
    cr_assert(n == 0 || n == world.orders[target], "%u of %u orders of the target only", n, world.orders[target]);
    return n;
}

uint32_t
calls_seen(void)
{
    return world.calls;
}

bool
calls_kept_the_order(void)
{
    return !world.out_of_order;
}

uint32_t
parked_seen(const char *reason)
{
    for (unsigned i = 0; i < REASON_COUNT; i++)
        if (strcmp(reason_name((enum reason)i), reason) == 0)
            return world.parked[i];
    cr_assert(false, "no reason is called %s", reason);
    return 0;
}

uint32_t
drained_seen(void)
{
    return world.drained;
}

bool
drained_complete(void)
{
    return world.complete;
}

bool
is_paused(void)
{
    return world.paused;
}

bool
takes(void)
{
    return engine_takes(world.engine, 0);
}

const struct engine_stats *
stats(void)
{
    return engine_stats(world.engine);
}

void
everything_adds_up(void)
{
    const struct engine_stats *all = stats();
    for (uint32_t i = 0; i < world.config.n_targets + 2; i++) {
        const struct target_stats *target = &all->targets[i];
        uint64_t opened = 0, terminal = 0, inflight = 0;
        for (unsigned j = 0; j < SOURCES_MAX; j++)
            opened += target->opened[j];
        for (unsigned j = 0; j < TERMINAL_COUNT; j++)
            terminal += target->terminal[j];
        for (unsigned j = 0; j < STAGE_COUNT; j++)
            inflight += target->inflight[j];
        cr_expect_eq(opened, terminal + inflight, "target %u: opened %lu, terminal %lu, in flight %lu", i, opened, terminal,
                     inflight);
    }
}

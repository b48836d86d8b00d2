/* check_windows.c: who suppressed whom: one that reached the backend, of the same window, while that lasted: I11. */
#include "tests/proof/checked.h"

#include <stdlib.h>

/* One id at one target while the history goes by. Times are ms; INT64_MIN = not yet. */
struct seen {
    uint32_t keys;                  /* its window; 0 = none */
    int64_t lasts_ms, produced_at;  /* the window; the first of its records */
    int64_t since;                  /* the window that it leads is no older: produced, or that of whom it had it from */
    int64_t claimed_at;             /* last; who renews asks for no window */
    uint32_t claimed_by;
    int64_t sought_at;              /* last: claimed, called or, where neither is told, carried out: its window is no younger */
    size_t opened;                  /* the place of the last fact that says when its window began; SIZE_MAX = none */
};

struct windows {
    struct checked *checked;
    struct seen *seen;              /* [id * n_targets + target] */
    int64_t jumped_at;              /* the store's clock, last */
    uint32_t word_claimed;
};

static struct seen *
seen_of(const struct windows *windows, uint32_t id, int32_t target)
{
    return &windows->seen[(size_t)id * windows->checked->n_targets + (size_t)target];
}

static void
produced(const struct windows *windows, const struct fact *fact)
{
    for (int32_t target = 0; target < (int32_t)windows->checked->n_targets; target++) {
        struct seen *seen = seen_of(windows, fact->id, target);
        seen->keys = fact->windows & 1u << target ? fact->keys : 0;
        seen->lasts_ms = fact->limit;
        if (seen->produced_at == INT64_MIN)
            seen->produced_at = seen->since = fact->at;
    }
}

static void
key_changed(const struct windows *windows, const struct fact *fact)
{
    struct seen *seen = seen_of(windows, fact->id, fact->target);
    bool is_renewal = fact->word == windows->word_claimed && fact->worker == seen->claimed_by;
    if (fact->other != windows->word_claimed || is_renewal)
        return;
    seen->claimed_at = seen->sought_at = fact->at;
    seen->claimed_by = fact->worker;
}

/* A leader came to nothing: its window goes on under another for the time that is left, and is as old as it was. */
static void
handed_over(const struct windows *windows, const struct fact *fact)
{
    const struct seen *from = seen_of(windows, fact->other, fact->target);
    struct seen *to = seen_of(windows, fact->id, fact->target);
    if (from->keys != 0 && from->keys == to->keys && from->since < to->since)
        to->since = from->since;
}

/* Only who claimed asks for a window, however late its command comes. */
static bool
had_claimed(const struct windows *windows, size_t opened)
{
    const struct fact *facts = windows->checked->history->facts, *window = &facts[opened];
    for (const struct fact *fact = window; fact-- > facts;)
        if (fact->kind == FACT_KEY && fact->other == windows->word_claimed && fact->id == window->id &&
            fact->target == window->target && fact->worker == window->worker && fact->hash == window->hash)
            return true;
    return false;
}

static bool
was_opened_late(const struct windows *windows, const struct seen *leader, int64_t asked_at, int64_t lasts_ms)
{
    return leader->opened != SIZE_MAX && asked_at <= windows->checked->history->facts[leader->opened].at + lasts_ms &&
           had_claimed(windows, leader->opened);
}

/* The window was asked after the claim of who was suppressed, and opened before the last that is known of its leader. */
static bool
was_over(const struct windows *windows, const struct fact *entry, const struct seen *twin, const struct seen *leader)
{
    int64_t asked_at = twin->claimed_by == entry->worker ? twin->claimed_at : twin->produced_at;
    return leader->sought_at != INT64_MIN && asked_at > leader->sought_at + twin->lasts_ms &&
           windows->jumped_at < leader->since && !was_opened_late(windows, leader, asked_at, twin->lasts_ms);
}

static void
suppressed(const struct windows *windows, size_t place, const struct fact *fact)
{
    struct checked *checked = windows->checked;
    const struct seen *twin = seen_of(windows, fact->id, fact->target), *leader = seen_of(windows, fact->other, fact->target);
    const char *id = name_of(checked, fact->id), *other = name_of(checked, fact->other);
    judged(checked, 11);
    if (!was_heard(checked, fact->other, fact->target, place))
        violated(checked, 11, place, "%s was suppressed by %s, which was not carried out", id, other);
    else if (twin->keys == 0 || twin->keys != leader->keys)
        violated(checked, 11, place, "%s was suppressed by %s, which is not of its window", id, other);
    else if (was_over(windows, fact, twin, leader))
        violated(checked, 11, place, "%s was suppressed by %s, whose window of %ld ms was over", id, other, (long)twin->lasts_ms);
}

static void
look_at(struct windows *windows, size_t place)
{
    const struct fact *fact = &windows->checked->history->facts[place];
    if (fact->kind == FACT_PRODUCED)
        produced(windows, fact);
    else if (fact->kind == FACT_KEY)
        key_changed(windows, fact);
    else if (fact->kind == FACT_HANDED)
        handed_over(windows, fact);
    else if (fact->kind == FACT_CALLED)
        seen_of(windows, fact->id, fact->target)->sought_at = fact->at;
    else if (fact->kind == FACT_OPENED)
        seen_of(windows, fact->id, fact->target)->opened = place;
    else if (fact->kind == FACT_EXECUTED && seen_of(windows, fact->id, fact->target)->sought_at == INT64_MIN)
        seen_of(windows, fact->id, fact->target)->sought_at = fact->at;
    else if (fact->kind == FACT_JUMPED)
        windows->jumped_at = fact->at;
    else if (fact->kind == FACT_JOURNALED && fact->target >= 0 && fact->word == windows->checked->word_duplicate && fact->other)
        suppressed(windows, place, fact);
}

void
check_windows(struct checked *checked)
{
    const struct history *history = checked->history;
    struct windows windows = { .checked = checked, .jumped_at = INT64_MIN, .word_claimed = word_of(history, "C") };
    size_t n = (size_t)history->n_texts * checked->n_targets;
    windows.seen = malloc((n + 1) * sizeof(*windows.seen));
    for (size_t i = 0; i < n; i++)
        windows.seen[i] = (struct seen){ .produced_at = INT64_MIN, .since = INT64_MIN, .claimed_at = INT64_MIN,
                                         .sought_at = INT64_MIN, .opened = SIZE_MAX };
    for (size_t i = 0; i < history->n; i++)
        look_at(&windows, i);
    free(windows.seen);
}

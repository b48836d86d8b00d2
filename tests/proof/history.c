/* history.c: the list of facts and its texts. */
#include "tests/proof/history.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS_FIRST = 256 };

static const char *const names[FACT_KIND_COUNT] = {
    [FACT_TARGET] = "target",         [FACT_PRODUCED] = "produced",     [FACT_CALLED] = "called",
    [FACT_BEGUN] = "begun",           [FACT_ANSWERED] = "answered",     [FACT_EXECUTED] = "executed",
    [FACT_SHOWN] = "shown",           [FACT_PARKED] = "parked",         [FACT_COMMITTED] = "committed",
    [FACT_KEY] = "key",               [FACT_TAKEN] = "taken",           [FACT_FORGOT] = "forgot",
    [FACT_JUMPED] = "jumped",         [FACT_MISSED] = "missed",         [FACT_ALONE] = "alone",
    [FACT_WARNED] = "warned",         [FACT_STARTED] = "started",
    [FACT_STOPPED] = "stopped",       [FACT_FROZEN] = "frozen",         [FACT_CLOCK] = "clock",
    [FACT_ASSIGNED] = "assigned",     [FACT_REVOKED] = "revoked",       [FACT_LOST] = "lost",
    [FACT_POLLED] = "polled",         [FACT_JOURNALED] = "journaled",   [FACT_GAUGED] = "gauged",
    [FACT_SEARCHED] = "searched",     [FACT_SPILT] = "spilt",           [FACT_TRACED] = "traced",
    [FACT_CALM] = "calm",             [FACT_RESTED] = "rested",         [FACT_COUNTED] = "counted",
    [FACT_PATIENCE] = "patience",     [FACT_HANDED] = "handed",         [FACT_OPENED] = "opened",
};

const char *
fact_name(enum fact_kind kind)
{
    return names[kind];
}

bool
fact_is_sound(const struct fact *fact)
{
    bool has_target = fact->kind == FACT_TARGET || fact->kind == FACT_PATIENCE || fact->kind == FACT_CALLED ||
                      fact->kind == FACT_BEGUN || fact->kind == FACT_ANSWERED || fact->kind == FACT_EXECUTED ||
                      fact->kind == FACT_SHOWN || fact->kind == FACT_KEY || fact->kind == FACT_TAKEN ||
                      fact->kind == FACT_HANDED || fact->kind == FACT_OPENED || fact->kind == FACT_ALONE;
    return fact->target >= (has_target ? 0 : -1) && fact->target < FACT_TARGETS_MAX && fact->content < FACT_CONTENTS_MAX &&
           fact->worker < FACT_WORKERS_MAX && fact->partition >= -1 && fact->partition < FACT_PARTITIONS_MAX &&
           (fact->kind != FACT_PRODUCED || fact->partition >= 0);
}

/* ---- texts --------------------------------------------------------------------------------------------------------------- */

static uint64_t
hash_of(const char *text, size_t size)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    return hash;
}

static uint32_t *
bucket_of(const struct history *history, const char *text, size_t size)
{
    uint32_t at = (uint32_t)hash_of(text, size) & (history->n_buckets - 1);
    for (;; at = (at + 1) & (history->n_buckets - 1)) {
        uint32_t number = history->buckets[at];
        if (number == 0 || (strlen(history->texts[number]) == size && memcmp(history->texts[number], text, size) == 0))
            return &history->buckets[at];
    }
}

static void
grow_buckets(struct history *history)
{
    free(history->buckets);
    history->n_buckets = history->n_buckets ? 2 * history->n_buckets : BUCKETS_FIRST;
    history->buckets = calloc(history->n_buckets, sizeof(*history->buckets));
    for (uint32_t i = 1; i < history->n_texts; i++)
        *bucket_of(history, history->texts[i], strlen(history->texts[i])) = i;
}

uint32_t
history_text(struct history *history, const char *text, size_t size)
{
    if (size == 0)
        return 0;
    uint32_t *bucket = bucket_of(history, text, size);
    if (*bucket)
        return *bucket;
    if (history->n_texts == history->texts_room) {
        history->texts_room *= 2;
        history->texts = realloc(history->texts, history->texts_room * sizeof(*history->texts));
    }
    uint32_t number = history->n_texts++;
    history->texts[number] = strndup(text, size);
    *bucket = number;
    if (2 * history->n_texts > history->n_buckets)
        grow_buckets(history);
    return number;
}

const char *
history_name(const struct history *history, uint32_t text)
{
    return text < history->n_texts ? history->texts[text] : "";
}

/* ---- facts --------------------------------------------------------------------------------------------------------------- */

void
history_init(struct history *history)
{
    *history = (struct history){ .texts_room = 64, .n_texts = 1 };
    history->texts = calloc(history->texts_room, sizeof(*history->texts));
    history->texts[0] = strdup("");
    grow_buckets(history);
}

void
history_clear(struct history *history)
{
    for (uint32_t i = 1; i < history->n_texts; i++)
        free(history->texts[i]);
    history->n_texts = 1;
    history->n = 0;
    memset(history->buckets, 0, history->n_buckets * sizeof(*history->buckets));
}

void
history_release(struct history *history)
{
    history_clear(history);
    free(history->texts[0]);
    free(history->texts);
    free(history->facts);
    free(history->buckets);
    *history = (struct history){ 0 };
}

void
history_add(struct history *history, const struct fact *fact)
{
    if (history->n == history->room) {
        history->room = history->room ? 2 * history->room : 1024;
        history->facts = realloc(history->facts, history->room * sizeof(*history->facts));
    }
    history->facts[history->n++] = *fact;
}

/* Merges runs in place of equal size: facts come nearly in order, so it is mostly a copy. */
static void
merge(struct fact *to, const struct fact *a, size_t na, const struct fact *b, size_t nb)
{
    size_t i = 0, j = 0;
    while (i < na || j < nb) {
        bool first = j == nb || (i < na && a[i].at <= b[j].at);
        *to++ = first ? a[i++] : b[j++];
    }
}

void
history_sort(struct history *history)
{
    struct fact *other = malloc((history->n + 1) * sizeof(*other));
    for (size_t width = 1; width < history->n; width *= 2) {
        for (size_t at = 0; at < history->n; at += 2 * width) {
            size_t left = history->n - at, na = left < width ? left : width;
            size_t nb = left - na < width ? left - na : width;
            merge(other + at, history->facts + at, na, history->facts + at + na, nb);
        }
        struct fact *sorted = other;
        other = history->facts;
        history->facts = sorted;
        history->room = history->n + 1;
    }
    free(other);
}

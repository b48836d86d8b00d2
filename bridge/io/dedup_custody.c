/* dedup_custody.c: a hash set with linear probing; it grows when the process holds more custodies than it ever did. */
#include "bridge/io/dedup_custody.h"

#include "codecs/check.h"

#include <stdlib.h>

enum {
    CAPACITY_FIRST = 1024,
    LEASE_MS_MAX = 10 * 60 * 1000,      /* claim_lease is bounded by it: whoever was silent for longer is over */
    STEP_MS_MAX = 500,                  /* a longer gap is a process that stood still, or in which nobody asked */
};

/* Dispatch numbers are given in order: eight neighbours stand together and share cache lines. Not more: a removal walks to the
 * next gap. */
static uint32_t
place(const struct custodies *set, uint64_t dispatch)
{
    uint64_t block = (dispatch >> 3) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(block >> 32 << 3 | (dispatch & 7)) & (set->capacity - 1);
}

/* What this process lived through until now. Who stood still (SIGSTOP, a paused machine) could not be heard of either: the end
 * that it was about to write is not given up. */
static ms_t
lived_ms(struct custodies *set, ms_t now_ms)
{
    ms_t step_ms = now_ms - set->looked_ms;
    if (step_ms <= 0)
        return set->lived_ms;
    set->looked_ms = now_ms;
    set->lived_ms += step_ms < STEP_MS_MAX ? step_ms : STEP_MS_MAX;
    return set->lived_ms;
}

bool
custodies_init(struct custodies *set)
{
    *set = (struct custodies){ .capacity = CAPACITY_FIRST };
    set->at = calloc(set->capacity, sizeof(*set->at));
    return set->at != NULL;
}

void
custodies_release(struct custodies *set)
{
    free(set->at);
    set->at = NULL;
}

/* The entry of `dispatch`, or the empty one where it belongs. */
static struct custody *
find(const struct custodies *set, uint64_t dispatch)
{
    uint32_t i = place(set, dispatch);
    while (set->at[i].used && set->at[i].dispatch != dispatch)
        i = (i + 1) & (set->capacity - 1);
    return &set->at[i];
}

/* Into a fresh table, without those that fell silent; twice as large when they were not the reason. */
static void
rebuild(struct custodies *set)
{
    struct custodies old = *set;
    uint32_t live = 0;
    for (uint32_t i = 0; i < old.capacity; i++)
        live += old.at[i].used && set->lived_ms - old.at[i].heard_ms < LEASE_MS_MAX;
    set->capacity = live > old.capacity / 4 ? old.capacity * 2 : old.capacity;
    set->n = live;
    set->at = calloc(set->capacity, sizeof(*set->at));
    check(set->at != NULL);     /* nothing true could be answered without it */
    for (uint32_t i = 0; i < old.capacity; i++)
        if (old.at[i].used && set->lived_ms - old.at[i].heard_ms < LEASE_MS_MAX)
            *find(set, old.at[i].dispatch) = old.at[i];
    free(old.at);
}

void
custodies_open(struct custodies *set, uint64_t dispatch, ms_t now_ms)
{
    struct custody *custody = find(set, dispatch);
    ms_t heard_ms = lived_ms(set, now_ms);
    if (!custody->used && set->n >= set->capacity / 2) {
        rebuild(set);
        custody = find(set, dispatch);
    }
    set->n += !custody->used;
    *custody = (struct custody){ .dispatch = dispatch, .heard_ms = heard_ms, .used = true };
}

void
custodies_heard(struct custodies *set, uint64_t dispatch, ms_t now_ms)
{
    struct custody *custody = find(set, dispatch);
    ms_t heard_ms = lived_ms(set, now_ms);
    if (custody->used)
        custody->heard_ms = heard_ms;
}

/* Takes an entry out and moves up those behind it that would no longer be found. */
void
custodies_close(struct custodies *set, uint64_t dispatch)
{
    struct custody *custody = find(set, dispatch);
    if (!custody->used)
        return;
    set->n--;
    uint32_t mask = set->capacity - 1, hole = (uint32_t)(custody - set->at);
    for (uint32_t i = (hole + 1) & mask; set->at[i].used; i = (i + 1) & mask) {
        uint32_t home = place(set, set->at[i].dispatch);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            set->at[hole] = set->at[i];
            hole = i;
        }
    }
    set->at[hole].used = false;
}

bool
custodies_is_open(struct custodies *set, uint64_t dispatch, ms_t lease_ms, ms_t now_ms)
{
    const struct custody *custody = find(set, dispatch);
    return lived_ms(set, now_ms) - custody->heard_ms < lease_ms && custody->used;
}

bool
custody_ends_with(enum claim_verdict verdict)
{
    return verdict == CLAIM_DUPLICATE || verdict == CLAIM_CONFLICT || verdict == CLAIM_TWIN;
}

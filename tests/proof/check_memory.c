/* check_memory.c: on_amnesia: hold. Who knows that the store forgot does not call for what may have been delivered before: what
 * I7 says of a second execution there. */
#include "tests/proof/checked.h"

#include <stdlib.h>

/* One id at one target. */
struct claimed {
    int64_t produced_at;        /* the last time */
    bool replayed;              /* a person decided that */
    uint32_t unsafe_for;        /* the worker that met no key, where there may have been one; 0 = nobody */
    uint64_t unsafe_claim;      /* with which of its claims */
    uint32_t told_by;           /* whose command the key was changed by last */
    int64_t doubt;              /* in its key */
};

struct memory {
    struct checked *checked;
    struct claimed *claimed;    /* [id * n_targets + target] */
    int64_t *warned;            /* [worker]: what was produced before may be forgotten */
    uint32_t word_none, word_claimed;
};

static struct claimed *
claimed_of(const struct memory *memory, uint32_t id, int32_t target)
{
    return &memory->claimed[(size_t)id * memory->checked->n_targets + (size_t)target];
}

/* Two copies of one id have a claim each: what one of them met says nothing of the other. */
static bool
is_unsafe(const struct claimed *claimed, const struct fact *fact)
{
    return claimed->unsafe_for == fact->worker && claimed->unsafe_claim == fact->hash;
}

static void
produced(const struct memory *memory, const struct fact *fact)
{
    for (int32_t target = 0; target < (int32_t)memory->checked->n_targets; target++) {
        struct claimed *claimed = claimed_of(memory, fact->id, target);
        claimed->produced_at = fact->at;
        claimed->replayed |= (fact->flags & PRODUCED_REPLAY) != 0;
    }
}

/* A renewal finds no key either: that claim is older than the loss, and whoever holds it knows what it did. Who meets a claim,
 * its own of before too, believes it. A claim that is written anew and says the same is a renewal. A command of that claim that
 * comes late changes nothing: its worker has heard another answer. */
static void
key_changed(const struct memory *memory, const struct fact *fact)
{
    struct claimed *claimed = claimed_of(memory, fact->id, fact->target);
    bool says_the_same = fact->word == fact->other && fact->number == claimed->doubt;
    claimed->doubt = fact->number;
    bool is_echo = fact->flags & KEY_LATE && claimed->told_by == fact->worker && claimed->unsafe_claim == fact->hash;
    claimed->told_by = fact->worker;
    if (is_echo)
        return;
    if (says_the_same && is_unsafe(claimed, fact))
        return;
    bool met_nothing = fact->word == memory->word_none && fact->other == memory->word_claimed && fact->flags & KEY_ASKED;
    bool unsafe = met_nothing && claimed->produced_at < memory->warned[fact->worker];
    claimed->unsafe_for = unsafe ? fact->worker : 0;
    claimed->unsafe_claim = fact->hash;
}

static void
called(const struct memory *memory, size_t place, const struct fact *fact)
{
    struct checked *checked = memory->checked;
    const struct claimed *claimed = claimed_of(memory, fact->id, fact->target);
    uint32_t policy = checked->targets[fact->target].flags & (TARGET_HOLDS_AMNESIA | TARGET_DEGRADES);
    if (policy != TARGET_HOLDS_AMNESIA || claimed->replayed)
        return;             /* or it goes on with what it remembers itself */
    judged(checked, 7);
    if (is_unsafe(claimed, fact))
        violated(checked, 7, place, "%s is called by worker %u, which knows that its end may be forgotten",
                 name_of(checked, fact->id), fact->worker);
}

static void
look_at(const struct memory *memory, size_t place)
{
    const struct fact *fact = &memory->checked->history->facts[place];
    if (fact->kind == FACT_PRODUCED)
        produced(memory, fact);
    else if (fact->kind == FACT_WARNED && fact->number > memory->warned[fact->worker])
        memory->warned[fact->worker] = fact->number;
    else if (fact->kind == FACT_KEY)
        key_changed(memory, fact);
    else if (fact->kind == FACT_CALLED)
        called(memory, place, fact);
}

void
check_memory(struct checked *checked)
{
    const struct history *history = checked->history;
    struct memory memory = { .checked = checked, .word_none = word_of(history, "-"), .word_claimed = word_of(history, "C") };
    memory.claimed = calloc((size_t)history->n_texts * checked->n_targets + 1, sizeof(*memory.claimed));
    memory.warned = malloc(checked->n_workers * sizeof(*memory.warned));
    for (uint32_t i = 0; i < checked->n_workers; i++)
        memory.warned[i] = INT64_MIN;
    for (size_t i = 0; i < history->n; i++)
        look_at(&memory, i);
    free(memory.claimed);
    free(memory.warned);
}

/* losses.c: when the store lost memory, all of it or one key, when its clock jumped, and when it was away. */
#include "tests/proof/checked.h"

#include <stdlib.h>

/* How many of these places lie before `to`. */
static size_t
count_before(const size_t *places, size_t n, size_t to)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (places[middle] < to)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int64_t
at_of(const struct checked *checked, size_t place)
{
    return checked->history->facts[place].at;
}

static bool
lasts_until(const struct fact *loss, int64_t at_ms)
{
    return loss->at + loss->number >= at_ms;
}

/* One that is told over a while happened once, at a moment of it that nobody saw: it counts once, wherever the while reaches. */
uint32_t
forgot_times(const struct checked *checked, uint32_t id, int32_t target, int64_t at_ms, size_t to)
{
    const struct fact *facts = checked->history->facts;
    uint32_t times = 0;
    for (size_t i = count_before(checked->forgets, checked->n_forgets, to); i > 0; i--) {
        const struct fact *loss = &facts[checked->forgets[i - 1]];
        if (loss->at + checked->longest_loss_ms < at_ms)
            break;
        times += lasts_until(loss, at_ms);
    }
    for (size_t i = fate_of(checked, id, target)->forgot; i != NEVER; i = checked->losses[i].before) {
        size_t place = checked->losses[i].place;
        times += place < to && lasts_until(&facts[place], at_ms);
    }
    return times;
}

bool
forgot_since(const struct checked *checked, uint32_t id, int32_t target, int64_t at_ms, size_t to)
{
    return forgot_times(checked, id, target, at_ms, to) > 0;
}

/* It came after `from`, or had begun by then and was not over. */
static bool
reaches_beyond(const struct checked *checked, size_t place, size_t from)
{
    const struct fact *loss = &checked->history->facts[place];
    return place > from || (loss->number > 0 && lasts_until(loss, at_of(checked, from)));
}

bool
forgot_between(const struct checked *checked, uint32_t id, int32_t target, size_t from, size_t to)
{
    for (size_t i = count_before(checked->forgets, checked->n_forgets, to); i > 0; i--) {
        size_t place = checked->forgets[i - 1];
        if (reaches_beyond(checked, place, from))
            return true;
        if (at_of(checked, place) + checked->longest_loss_ms < at_of(checked, from))
            break;
    }
    for (size_t i = fate_of(checked, id, target)->forgot; i != NEVER; i = checked->losses[i].before)
        if (checked->losses[i].place < to && reaches_beyond(checked, checked->losses[i].place, from))
            return true;
    return false;
}

bool
jumped_since(const struct checked *checked, int64_t at_ms, size_t to)
{
    size_t n = count_before(checked->jumps, checked->n_jumps, to);
    return n > 0 && at_of(checked, checked->jumps[n - 1]) >= at_ms;
}

bool
missed_since(const struct checked *checked, int64_t at_ms, size_t to)
{
    size_t n = count_before(checked->misses, checked->n_misses, to);
    size_t last = n > 0 ? checked->misses[n - 1] : NEVER;
    return n > 0 && at_of(checked, last) + checked->history->facts[last].number >= at_ms;
}

static void
note_loss(struct checked *checked, size_t place, const struct fact *fact)
{
    if (fact->number > checked->longest_loss_ms)
        checked->longest_loss_ms = fact->number;
    if (fact->id == 0 || fact->target < 0) {
        checked->forgets[checked->n_forgets++] = place;
        return;
    }
    size_t *last = &fate_of(checked, fact->id, fact->target)->forgot;
    checked->losses[checked->n_losses] = (struct loss){ place, *last };
    *last = checked->n_losses++;
}

void
losses_read(struct checked *checked)
{
    size_t n = 1;
    for (size_t i = 0; i < checked->history->n; i++) {
        enum fact_kind kind = checked->history->facts[i].kind;
        n += kind == FACT_FORGOT || kind == FACT_JUMPED || kind == FACT_MISSED;
    }
    checked->forgets = malloc(n * sizeof(*checked->forgets));
    checked->jumps = malloc(n * sizeof(*checked->jumps));
    checked->misses = malloc(n * sizeof(*checked->misses));
    checked->losses = malloc(n * sizeof(*checked->losses));
    for (size_t i = 0; i < checked->history->n; i++) {
        const struct fact *fact = &checked->history->facts[i];
        if (fact->kind == FACT_FORGOT)
            note_loss(checked, i, fact);
        else if (fact->kind == FACT_JUMPED)
            checked->jumps[checked->n_jumps++] = i;
        else if (fact->kind == FACT_MISSED)
            checked->misses[checked->n_misses++] = i;
    }
}

void
losses_release(struct checked *checked)
{
    free(checked->forgets);
    free(checked->jumps);
    free(checked->misses);
    free(checked->losses);
}

/* check_traces.c: what runs leave behind: no secret that was planted (I19), and of one seed the same trace each time (I20). */
#include "tests/proof/checked.h"

static void
check_spilt(struct checked *checked, size_t place)
{
    const struct fact *fact = &checked->history->facts[place];
    violated(checked, 19, place, "%s stands in %s", name_of(checked, fact->word), name_of(checked, fact->other));
}

/* A place in which nothing was written proves nothing. */
static void
check_searched(struct checked *checked, const struct fact *fact)
{
    if (fact->number > 0)
        judged(checked, 19);
}

static void
check_traced(struct checked *checked, size_t place)
{
    const struct fact *facts = checked->history->facts, *again = &facts[place];
    for (size_t i = 0; i < place; i++) {
        if (facts[i].kind != FACT_TRACED || facts[i].number != again->number)
            continue;
        judged(checked, 20);
        if (facts[i].hash != again->hash)
            violated(checked, 20, place, "seed %ld gave trace %016lx, and then %016lx", (long)again->number,
                     (unsigned long)facts[i].hash, (unsigned long)again->hash);
        return;
    }
}

void
check_traces(struct checked *checked)
{
    for (size_t i = 0; i < checked->history->n; i++) {
        const struct fact *fact = &checked->history->facts[i];
        if (fact->kind == FACT_SPILT)
            check_spilt(checked, i);
        else if (fact->kind == FACT_SEARCHED)
            check_searched(checked, fact);
        else if (fact->kind == FACT_TRACED)
            check_traced(checked, i);
    }
}

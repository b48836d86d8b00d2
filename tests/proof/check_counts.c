/* check_counts.c: what a worker says that it counted, against what it journaled: I13. */
#include "tests/proof/checked.h"

/* Of that worker and target, with that word, before that place. */
static int64_t
entries_before(const struct history *history, size_t place)
{
    const struct fact *said = &history->facts[place];
    int64_t n = 0;
    for (size_t i = 0; i < place; i++) {
        const struct fact *fact = &history->facts[i];
        n += fact->kind == FACT_JOURNALED && fact->worker == said->worker && fact->target == said->target &&
             fact->word == said->word;
    }
    return n;
}

void
check_counts(struct checked *checked)
{
    for (size_t i = 0; i < checked->history->n; i++) {
        const struct fact *fact = &checked->history->facts[i];
        if (fact->kind != FACT_COUNTED)
            continue;
        int64_t entries = entries_before(checked->history, i);
        judged(checked, 13);
        if (entries != fact->number)
            violated(checked, 13, i, "worker %u, target %d: %ld counted as %s, %ld in its journal", fact->worker, fact->target,
                     (long)fact->number, name_of(checked, fact->word), (long)entries);
    }
}

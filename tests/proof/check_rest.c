/* check_rest.c: whether all came to rest once the faults had ended: in time, and with nothing left to commit: I17. */
#include "tests/proof/checked.h"

#include <stdlib.h>

/* Of a partition, produced before that place; NULL = none. */
static const struct delivery *
last_before(const struct checked *checked, int32_t partition, size_t place)
{
    for (size_t i = checked->first_of[partition + 1]; i-- > checked->first_of[partition];)
        if (checked->deliveries[i].produced < place)
            return &checked->deliveries[i];
    return NULL;
}

/* Nothing is to be read by a next start: each partition is committed behind its last record. */
static void
check_lag(struct checked *checked, size_t rested)
{
    int64_t *committed = malloc(((size_t)checked->n_partitions + 1) * sizeof(*committed));
    for (int32_t i = 0; i < checked->n_partitions; i++)
        committed[i] = -1;
    for (size_t i = 0; i < rested; i++) {
        const struct fact *fact = &checked->history->facts[i];
        if (fact->kind == FACT_COMMITTED && fact->partition >= 0 && fact->partition < checked->n_partitions)
            committed[fact->partition] = fact->offset;
    }
    for (int32_t i = 0; i < checked->n_partitions; i++) {
        const struct delivery *last = last_before(checked, i, rested);
        if (!last)
            continue;
        int64_t offset = checked->history->facts[last->produced].offset;
        judged(checked, 17);
        if (committed[i] <= offset)
            violated(checked, 17, rested, "%d rests at %ld, %ld was produced", i, (long)committed[i], (long)offset);
    }
    free(committed);
}

void
check_rest(struct checked *checked)
{
    size_t calm = NEVER, rested = NEVER;
    for (size_t i = 0; i < checked->history->n; i++) {
        calm = checked->history->facts[i].kind == FACT_CALM ? i : calm;
        rested = checked->history->facts[i].kind == FACT_RESTED ? i : rested;
    }
    if (calm == NEVER)
        return;
    judged(checked, 17);
    if (rested == NEVER) {
        violated(checked, 17, calm, "it did not come to rest");
        return;
    }
    int64_t took = checked->history->facts[rested].at - checked->history->facts[calm].at;
    if (took > checked->history->facts[calm].number)
        violated(checked, 17, rested, "it took %ld ms to come to rest, %ld are allowed", (long)took,
                 (long)checked->history->facts[calm].number);
    check_lag(checked, rested);
}

/* check_lanes.c: within a lane (partition, target, order key) the first execution of the next comes after the end of the one
 * before. Judged where it can be: an id that stands in two partitions, or with two contents, has no one place in a lane. */
#include "tests/proof/checked.h"

#include <stdlib.h>

struct standing {
    int32_t partition;
    uint32_t content;
    size_t first;               /* its first delivery */
    bool seen, unclear;
};

static struct standing *
read_standings(const struct checked *checked)
{
    struct standing *standings = calloc((size_t)checked->history->n_texts * checked->n_targets + 1, sizeof(*standings));
    for (size_t i = 0; i < checked->n_deliveries; i++) {
        const struct fact *fact = &checked->history->facts[checked->deliveries[i].produced];
        if (checked->deliveries[i].target < 0)
            continue;
        struct standing *standing = &standings[(size_t)fact->id * checked->n_targets + (size_t)checked->deliveries[i].target];
        if (!standing->seen)
            *standing = (struct standing){ fact->partition, fact->content, i, true, false };
        standing->unclear |= standing->partition != fact->partition || standing->content != fact->content;
    }
    return standings;
}

/* last[lane]: of the lane's deliveries so far, the one that ended last. */
static void
check_partition(struct checked *checked, const struct standing *standings, int32_t partition, int32_t target, size_t *last)
{
    for (size_t i = checked->first_of[partition]; i < checked->first_of[partition + 1]; i++) {
        const struct delivery *delivery = &checked->deliveries[i];
        const struct fact *fact = &checked->history->facts[delivery->produced];
        if (delivery->target != target || fact->lane == 0)
            continue;
        const struct standing *standing = &standings[(size_t)fact->id * checked->n_targets + (size_t)target];
        if (standing->unclear || standing->first != i)
            continue;
        size_t before = last[fact->lane], executed = fate_of(checked, fact->id, target)->first;
        if (before != NEVER && executed != NEVER) {
            judged(checked, 8);
            if (checked->deliveries[before].ended > executed)
                violated(checked, 8, executed, "%s overtook %s of its lane", name_of(checked, fact->id),
                         name_of(checked, checked->history->facts[checked->deliveries[before].produced].id));
        }
        if (before == NEVER || delivery->ended > checked->deliveries[before].ended)
            last[fact->lane] = i;
    }
}

/* Of two in one call nobody knows which comes first. The members of a call stand one behind the other in the history. */
static void
check_members(struct checked *checked, const struct standing *standings, size_t place)
{
    const struct fact *facts = checked->history->facts, *fact = &facts[place];
    const struct standing *own = &standings[(size_t)fact->id * checked->n_targets + (size_t)fact->target];
    if (!(checked->targets[fact->target].flags & TARGET_KEEPS_ORDER) || !own->seen || own->unclear)
        return;
    const struct fact *as = &facts[checked->deliveries[own->first].produced];
    for (size_t i = place; as->lane && i-- > 0 && facts[i].kind == FACT_CALLED && facts[i].number == fact->number;) {
        const struct standing *other = &standings[(size_t)facts[i].id * checked->n_targets + (size_t)fact->target];
        judged(checked, 8);
        if (facts[i].worker == fact->worker && facts[i].id != fact->id && other->seen && !other->unclear &&
            other->partition == own->partition && facts[checked->deliveries[other->first].produced].lane == as->lane)
            violated(checked, 8, place, "%s and %s of one lane are in one call", name_of(checked, facts[i].id),
                     name_of(checked, fact->id));
    }
}

void
check_lanes(struct checked *checked)
{
    struct standing *standings = read_standings(checked);
    size_t *last = malloc((checked->history->n_texts + 1) * sizeof(*last));
    for (uint32_t target = 0; target < checked->n_targets; target++)
        for (int32_t partition = 0; partition < checked->n_partitions; partition++) {
            if (!(checked->targets[target].flags & TARGET_KEEPS_ORDER))
                continue;
            for (uint32_t i = 0; i < checked->history->n_texts; i++)
                last[i] = NEVER;
            check_partition(checked, standings, partition, (int32_t)target, last);
        }
    for (size_t i = 0; i < checked->history->n; i++)
        if (checked->history->facts[i].kind == FACT_CALLED)
            check_members(checked, standings, i);
    free(standings);
    free(last);
}

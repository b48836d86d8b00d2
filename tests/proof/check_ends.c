/* check_ends.c: whether every delivery came to an end, and to one that it may have. */
#include "tests/proof/checked.h"

#include <stdlib.h>

static size_t
earlier(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The first moment at which the world shows that this delivery is over; NEVER = it does not. */
static size_t
end_of(const struct checked *checked, const struct fact *produced, int32_t target, size_t own_letter)
{
    if (target < 0)
        return own_letter;
    const struct fate *fate = fate_of(checked, produced->id, target);
    size_t at = own_letter;
    at = earlier(at, fate->told[produced->content]);
    at = earlier(at, fate->executed[produced->content]);
    at = earlier(at, fate->parked[produced->content]);      /* the same content under the same id: a duplicate of one dead */
    if (checked->targets[target].flags & TARGET_IGNORES_CONFLICT) {
        at = earlier(at, fate->first);
        for (int i = 0; i < CONTENTS_MAX; i++)
            at = earlier(at, fate->parked[i]);
    }
    return earlier(at, fate->suppressed);
}

/* Dead letters by the coordinates of what they hold: the first one counts. */
static void
read_letters(struct checked *checked)
{
    for (size_t i = 0; i < checked->history->n; i++) {
        const struct fact *fact = &checked->history->facts[i];
        if (fact->kind != FACT_PARKED)
            continue;
        judged(checked, 14);
        struct delivery *delivery = delivery_at(checked, fact->partition, fact->offset, fact->index, fact->target);
        if (!delivery) {
            violated(checked, 14, i, "a dead letter of %d/%ld, event %u, target %d: nothing like it was produced",
                     fact->partition, (long)fact->offset, fact->index, fact->target);
            continue;
        }
        const struct fact *produced = &checked->history->facts[delivery->produced];
        if (!(fact->flags & PARKED_STUB) && fact->hash != produced->hash)
            violated(checked, 14, i, "the dead letter of %d/%ld is not the record", fact->partition, (long)fact->offset);
        if (fact->id && fact->id != produced->id)
            violated(checked, 14, i, "the dead letter of %d/%ld names %s", fact->partition, (long)fact->offset,
                     name_of(checked, fact->id));
        delivery->ended = earlier(delivery->ended, i);
    }
}

/* A portal that knows the id keeps what it showed first and acknowledges all the same: that is met where the store forgot the
 * first content or was done without, else it is a conflict. */
static bool
may_keep_other_content(const struct checked *checked, size_t place, const struct fact *fact)
{
    const struct target_facts *target = &checked->targets[fact->target];
    return !target->is_soar &&
           (target->flags & TARGET_DEGRADES || forgot_since(checked, fact->id, fact->target, INT64_MIN, place));
}

/* What only the journal can tell: that, and a conflict that is ignored by policy. */
static bool
is_told_by_journal(const struct checked *checked, size_t place, const struct fact *fact)
{
    const struct target_facts *target = &checked->targets[fact->target];
    if (fact->word == checked->word_delivered)
        return may_keep_other_content(checked, place, fact);
    return fact->word == checked->word_duplicate && target->flags & TARGET_IGNORES_CONFLICT;
}

/* The deliveries that a journal entry may be about, one after the other: same record, id and target. */
static const struct delivery *
next_of(const struct checked *checked, const struct fact *entry, const struct delivery *before)
{
    if (entry->partition < 0 || entry->partition >= checked->n_partitions)
        return NULL;
    size_t i = before ? (size_t)(before - checked->deliveries) + 1 : deliveries_from(checked, entry->partition, entry->offset);
    for (; i < checked->first_of[entry->partition + 1]; i++) {
        const struct delivery *delivery = &checked->deliveries[i];
        const struct fact *produced = &checked->history->facts[delivery->produced];
        if (produced->offset != entry->offset)
            return NULL;
        if (produced->id == entry->id && delivery->target == entry->target)
            return delivery;
    }
    return NULL;
}

static void
read_journal(struct checked *checked)
{
    for (size_t i = 0; i < checked->history->n; i++) {
        const struct fact *fact = &checked->history->facts[i];
        if (fact->kind != FACT_JOURNALED || fact->target < 0 || !is_told_by_journal(checked, i, fact))
            continue;
        for (const struct delivery *delivery = NULL; (delivery = next_of(checked, fact, delivery));) {
            size_t *told = &fate_of(checked, fact->id, fact->target)->told[checked->history->facts[delivery->produced].content];
            *told = earlier(*told, i);
        }
    }
}

static void
check_each(struct checked *checked)
{
    for (size_t i = 0; i < checked->n_deliveries; i++) {
        struct delivery *delivery = &checked->deliveries[i];
        const struct fact *produced = &checked->history->facts[delivery->produced];
        delivery->ended = end_of(checked, produced, delivery->target, delivery->ended);
        judged(checked, 1);
        if (delivery->ended == NEVER)
            violated(checked, 1, delivery->produced, "%s~%u (%d/%ld, target %d) is lost", name_of(checked, produced->id),
                     produced->content, produced->partition, (long)produced->offset, delivery->target);
    }
}

/* ---- I2 ------------------------------------------------------------------------------------------------------------------ */

static void
check_commit(struct checked *checked, size_t place, const size_t *latest)
{
    const struct fact *commit = &checked->history->facts[place];
    size_t end = deliveries_from(checked, commit->partition, commit->offset);
    judged(checked, 2);
    if (end == checked->first_of[commit->partition] || checked->deliveries[latest[end - 1]].ended < place)
        return;
    const struct fact *open = &checked->history->facts[checked->deliveries[latest[end - 1]].produced];
    violated(checked, 2, place, "%d committed up to %ld while %s at %ld was open", commit->partition, (long)commit->offset,
             name_of(checked, open->id), (long)open->offset);
}

/* latest[i]: of the deliveries of the partition up to i, the one that ended last. */
static void
check_commits(struct checked *checked)
{
    size_t *latest = malloc((checked->n_deliveries + 1) * sizeof(*latest));
    for (int32_t partition = 0; partition < checked->n_partitions; partition++)
        for (size_t i = checked->first_of[partition]; i < checked->first_of[partition + 1]; i++) {
            bool first = i == checked->first_of[partition];
            latest[i] = first || checked->deliveries[i].ended > checked->deliveries[latest[i - 1]].ended ? i : latest[i - 1];
        }
    for (size_t i = 0; i < checked->history->n; i++)
        if (checked->history->facts[i].kind == FACT_COMMITTED && checked->history->facts[i].partition >= 0 &&
            checked->history->facts[i].partition < checked->n_partitions)
            check_commit(checked, i, latest);
    free(latest);
}

/* ---- I5 ------------------------------------------------------------------------------------------------------------------ */

static bool *
produced_contents(const struct checked *checked)
{
    bool *produced = calloc((size_t)checked->history->n_texts * checked->n_targets * CONTENTS_MAX + 1, sizeof(*produced));
    for (size_t i = 0; i < checked->n_deliveries; i++) {
        const struct fact *fact = &checked->history->facts[checked->deliveries[i].produced];
        if (checked->deliveries[i].target >= 0)
            produced[((size_t)fact->id * checked->n_targets + (size_t)checked->deliveries[i].target) * CONTENTS_MAX +
                     fact->content] = true;
    }
    return produced;
}

/* With the content of the event that the entry is about, as far as it can be told which that is. */
static bool
was_carried_out(const struct checked *checked, size_t place, const struct fact *fact)
{
    const struct fate *fate = fate_of(checked, fact->id, fact->target);
    const struct delivery *delivery = next_of(checked, fact, NULL);
    if (fate->first > place || !delivery || may_keep_other_content(checked, place, fact))
        return fate->first < place;
    for (; delivery; delivery = next_of(checked, fact, delivery))
        if (fate->executed[checked->history->facts[delivery->produced].content] < place)
            return true;
    return false;
}

static void
check_journal(struct checked *checked, size_t place, const struct fact *fact)
{
    if (fact->target < 0 || fact->word != checked->word_delivered)
        return;
    judged(checked, 5);
    if (!was_carried_out(checked, place, fact))
        violated(checked, 5, place, "%s is said to be delivered and was not carried out", name_of(checked, fact->id));
}

static void
check_contents(struct checked *checked)
{
    bool *produced = produced_contents(checked);
    for (size_t i = 0; i < checked->history->n; i++) {
        const struct fact *fact = &checked->history->facts[i];
        if (fact->kind == FACT_JOURNALED)
            check_journal(checked, i, fact);
        if (fact->kind != FACT_EXECUTED)
            continue;
        judged(checked, 5);
        if (!produced[((size_t)fact->id * checked->n_targets + (size_t)fact->target) * CONTENTS_MAX + fact->content])
            violated(checked, 5, i, "%s~%u was carried out at target %d, and nobody asked for that", name_of(checked, fact->id),
                     fact->content, fact->target);
    }
    free(produced);
}

void
check_ends(struct checked *checked)
{
    read_letters(checked);
    read_journal(checked);
    check_each(checked);
    check_commits(checked);
    check_contents(checked);
}

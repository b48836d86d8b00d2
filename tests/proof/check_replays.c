/* check_replays.c: what came of records that somebody put back: I15. A replay is a record with a replay header
 * (docs/semantics.md); its plan is what it holds: what is done is not sent again, what was parked is tried anew, each time. */
#include "tests/proof/checked.h"

#include <stdlib.h>

/* One id at one target while the history goes by. Moments are places in the history. */
struct replayed {
    size_t done;                /* since when its key says so; NEVER = not */
    size_t delivered;           /* since when the journal says so */
    size_t produced;            /* its first replay */
    size_t called;              /* the last call for it */
};

struct replays {
    struct checked *checked;
    struct replayed *replayed;  /* [id * n_targets + target] */
    bool *own_letter;           /* [delivery] */
    bool has_keys;              /* else the journal has to tell what is done */
    uint32_t word_done;
};

static struct replayed *
replayed_of(const struct replays *replays, uint32_t id, int32_t target)
{
    return &replays->replayed[(size_t)id * replays->checked->n_targets + (size_t)target];
}

static void
produced(const struct replays *replays, size_t place, const struct fact *fact)
{
    for (int32_t target = 0; target < (int32_t)replays->checked->n_targets && fact->flags & PRODUCED_REPLAY; target++) {
        struct replayed *replayed = replayed_of(replays, fact->id, target);
        replayed->produced = replayed->produced == NEVER ? place : replayed->produced;
    }
}

static void
parked(const struct replays *replays, const struct fact *fact)
{
    const struct delivery *delivery = delivery_at(replays->checked, fact->partition, fact->offset, fact->index, fact->target);
    if (delivery)
        replays->own_letter[delivery - replays->checked->deliveries] = true;
}

/* ---- nothing done is sent again ------------------------------------------------------------------------------------------ */

/* A store that forgot, or was done without, knows nothing of it; nor of a claim that was there when it forgot. */
static bool
is_still_known(const struct replays *replays, size_t since, size_t place, uint32_t id, int32_t target)
{
    const struct checked *checked = replays->checked;
    return since < place && !(checked->targets[target].flags & TARGET_DEGRADES) &&
           !forgot_since(checked, id, target, checked->history->facts[since].at - checked->targets[target].lease_ms, place);
}

/* It was decided upon after the end was written. */
static bool
was_called_since(const struct replays *replays, const struct replayed *replayed, const struct fact *execution)
{
    return replayed->called != NEVER && replayed->called > replayed->done &&
           replays->checked->history->facts[replayed->called].worker == execution->worker;
}

/* Of histories that do not see the store: what was told before the replay, for that is written there first. */
static bool
was_told_before(const struct replays *replays, const struct replayed *replayed, int32_t target)
{
    const struct checked *checked = replays->checked;
    return !replays->has_keys && replayed->delivered < replayed->produced &&
           !missed_since(checked, checked->history->facts[replayed->delivered].at - checked->targets[target].lease_ms,
                         replayed->produced);
}

static void
executed(const struct replays *replays, size_t place, const struct fact *fact)
{
    struct checked *checked = replays->checked;
    const struct replayed *replayed = replayed_of(replays, fact->id, fact->target);
    if (replayed->produced == NEVER || !checked->targets[fact->target].is_soar)
        return;
    judged(checked, 15);
    bool known = is_still_known(replays, replayed->done, place, fact->id, fact->target) &&
                 was_called_since(replays, replayed, fact);
    bool told = is_still_known(replays, replayed->delivered, place, fact->id, fact->target) &&
                was_told_before(replays, replayed, fact->target);
    if (known || told)
        violated(checked, 15, place, "%s was done, is replayed, and is carried out again", name_of(checked, fact->id));
}

/* ---- what was parked is tried anew --------------------------------------------------------------------------------------- */

/* The dead letter of another record is no end of a replay: for that one it was put back. */
static bool
ended_by_itself(const struct replays *replays, const struct delivery *delivery, const struct fact *produced)
{
    const struct checked *checked = replays->checked;
    const struct fate *fate = fate_of(checked, produced->id, delivery->target);
    bool ignores = checked->targets[delivery->target].flags & TARGET_IGNORES_CONFLICT;
    return replays->own_letter[delivery - checked->deliveries] || fate->executed[produced->content] != NEVER ||
           fate->told[produced->content] != NEVER || fate->suppressed != NEVER || (ignores && fate->first != NEVER);
}

static void
check_ended(const struct replays *replays)
{
    struct checked *checked = replays->checked;
    for (size_t i = 0; i < checked->n_deliveries; i++) {
        const struct delivery *delivery = &checked->deliveries[i];
        const struct fact *produced = &checked->history->facts[delivery->produced];
        if (delivery->target < 0 || delivery->ended == NEVER || !(produced->flags & PRODUCED_REPLAY))
            continue;
        judged(checked, 15);
        if (!ended_by_itself(replays, delivery, produced))
            violated(checked, 15, delivery->produced, "%s (%d/%ld) is replayed, and nothing came of it", name_of(checked,
                     produced->id), produced->partition, (long)produced->offset);
    }
}

static void
look_at_one(const struct replays *replays, size_t place, const struct fact *fact)
{
    struct replayed *replayed = replayed_of(replays, fact->id, fact->target);
    if (fact->kind == FACT_KEY && fact->other == replays->word_done && replayed->done == NEVER)
        replayed->done = place;
    else if (fact->kind == FACT_CALLED)
        replayed->called = place;
    else if (fact->kind == FACT_EXECUTED)
        executed(replays, place, fact);
    else if (fact->kind == FACT_JOURNALED && fact->word == replays->checked->word_delivered && replayed->delivered == NEVER)
        replayed->delivered = place;
}

static void
look_at(const struct replays *replays, size_t place)
{
    const struct fact *fact = &replays->checked->history->facts[place];
    if (fact->kind == FACT_PRODUCED)
        produced(replays, place, fact);
    else if (fact->kind == FACT_PARKED)
        parked(replays, fact);
    else if (fact->target >= 0)
        look_at_one(replays, place, fact);
}

void
check_replays(struct checked *checked)
{
    const struct history *history = checked->history;
    struct replays replays = { .checked = checked, .word_done = word_of(history, "D") };
    size_t n = (size_t)history->n_texts * checked->n_targets + 1;
    replays.replayed = malloc(n * sizeof(*replays.replayed));
    for (size_t i = 0; i < n; i++)
        replays.replayed[i] = (struct replayed){ NEVER, NEVER, NEVER, NEVER };
    replays.own_letter = calloc(checked->n_deliveries + 1, sizeof(*replays.own_letter));
    for (size_t i = 0; i < history->n; i++)
        replays.has_keys |= history->facts[i].kind == FACT_KEY;
    for (size_t i = 0; i < history->n; i++)
        look_at(&replays, i);
    check_ended(&replays);
    free(replays.replayed);
    free(replays.own_letter);
}

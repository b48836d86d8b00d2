/* check_executions.c: how often an id was carried out and shown: I7, and what I6 says of users. */
#include "tests/proof/checked.h"

#include <stdlib.h>

/* One id at one target while the history goes by. */
struct record {
    size_t first;                   /* its first sight: a key, a call, an execution; NEVER = none */
    uint32_t times, resends, excused, content_shown;
    int64_t doubt, doubt_in_key;    /* as journaled last; as the key says while it is claimed, else -1 */
    bool shown, replayed;           /* replayed: somebody decided to have it sent again */
};

struct executions {
    struct checked *checked;
    uint32_t word_claimed;
    struct record *records;         /* [id * n_targets + target] */
    size_t *seen, seen_room;        /* facts SHOWN by id, user and target: a place + 1, 0 = free */
};

static struct record *
record_of(const struct executions *executions, uint32_t id, int32_t target)
{
    return &executions->records[(size_t)id * executions->checked->n_targets + (size_t)target];
}

/* ---- I6 ------------------------------------------------------------------------------------------------------------------ */

/* False: it was shown to that user before. */
static bool
is_first_showing(struct executions *executions, size_t place, const struct fact *fact)
{
    const struct fact *facts = executions->checked->history->facts;
    uint64_t hash = ((uint64_t)fact->id << 32 | fact->user) * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)fact->target;
    size_t at = (size_t)(hash >> 16) & (executions->seen_room - 1);
    for (; executions->seen[at]; at = (at + 1) & (executions->seen_room - 1)) {
        const struct fact *other = &facts[executions->seen[at] - 1];
        if (other->id == fact->id && other->user == fact->user && other->target == fact->target)
            return false;
    }
    executions->seen[at] = place + 1;
    return true;
}

static void
shown(struct executions *executions, size_t place, const struct fact *fact)
{
    struct checked *checked = executions->checked;
    struct record *record = record_of(executions, fact->id, fact->target);
    judged(checked, 6);
    if (!is_first_showing(executions, place, fact) || fact->number > 1)
        violated(checked, 6, place, "%s was shown to %s a second time", name_of(checked, fact->id), name_of(checked, fact->user));
    if (record->shown && record->content_shown != fact->content)
        violated(checked, 6, place, "%s was shown with two contents", name_of(checked, fact->id));
    record->shown = true;
    record->content_shown = fact->content;
}

/* ---- I7 ------------------------------------------------------------------------------------------------------------------ */

/* How often the store lost what it held of this id. A history that does not see its keys sees it late: its claim, if that was
 * renewed, may be older than its first sight, but no more than a lease. */
static uint32_t
losses_of(const struct checked *checked, const struct record *record, size_t place)
{
    const struct fact *facts = checked->history->facts, *first = &facts[record->first], *now = &facts[place];
    int64_t slack = first->kind == FACT_KEY ? 0 : checked->targets[now->target].lease_ms;
    return forgot_times(checked, now->id, now->target, first->at - slack, place);
}

static bool
went_on_alone(const struct checked *checked, const struct record *record, size_t place)
{
    const struct fact *facts = checked->history->facts;
    const struct target_facts *target = &checked->targets[facts[place].target];
    return target->flags & TARGET_DEGRADES && missed_since(checked, facts[record->first].at - target->lease_ms, place);
}

/* Whoever comes after a loss meets nothing, and sends without a word: once for each loss.
 *
 * Why no more than once: a claim is one worker's at a time, so a loss cuts what an id goes through in two. Who held the claim
 * goes on under it for its safe time, though the key is gone; and one worker claims anew. Each of the two may carry out once
 * without a word, wherever the loss fell: before the old call, while it is under way, or behind it. What follows in either line
 * stands in a key or in its owner's own memory, and is announced: the next owner meets the new key, or the state that an old copy
 * brought back; a renewal of the old claim meets the new key and is over, or comes first and is itself what the next owner meets.
 * A failover to a replica that is behind is no more than that: what was written since is lost at one moment, as the way turns. */
static bool
is_excused(const struct executions *executions, struct record *record, size_t place)
{
    struct checked *checked = executions->checked;
    if (record->excused >= losses_of(checked, record, place) && !went_on_alone(checked, record, place))
        return false;
    checked->findings->apart += record->excused++ == 0;
    checked->findings->excused++;
    return true;
}

static void
executed(struct executions *executions, size_t place, const struct fact *fact)
{
    struct checked *checked = executions->checked;
    struct record *record = record_of(executions, fact->id, fact->target);
    const struct target_facts *target = &checked->targets[fact->target];
    if (!target->is_soar)
        return;
    judged(checked, 7);
    record->times++;
    bool holds = target->flags & TARGET_HOLDS && !record->replayed;
    uint32_t known = 1 + record->excused + (holds ? 0 : record->resends);
    if (record->times > known && !is_excused(executions, record, place)) {
        if (holds)
            violated(checked, 7, place, "%s was carried out %u times under hold", name_of(checked, fact->id), record->times);
        else
            violated(checked, 7, place, "%s was carried out %u times, %u re-sends are journaled", name_of(checked, fact->id),
                     record->times, record->resends);
    }
    uint64_t most = (uint64_t)target->sends_max * (1 + losses_of(checked, record, place));     /* the doubt is lost as well */
    if (target->sends_max && record->times > most && !record->replayed)
        violated(checked, 7, place, "%s was carried out %u times, it may be sent %u times in doubt", name_of(checked, fact->id),
                 record->times, target->sends_max - 1);
}

/* The next owner has to know: the doubt stands in the key before the call that it is about. */
static void
called(const struct executions *executions, const struct record *record, size_t place)
{
    struct checked *checked = executions->checked;
    judged(checked, 7);
    if (checked->targets[checked->history->facts[place].target].flags & TARGET_DEGRADES)
        return;             /* it goes on with what it remembers */
    if (record->doubt_in_key >= 0 && record->doubt_in_key < record->doubt &&
        losses_of(checked, record, place) == 0)
        violated(checked, 7, place, "%s is sent again in doubt %ld, its key knows of %ld",
                 name_of(checked, checked->history->facts[place].id), (long)record->doubt, (long)record->doubt_in_key);
}

static void
journaled(const struct executions *executions, struct record *record, const struct fact *fact)
{
    bool resend = fact->word == executions->checked->word_resend;
    record->resends += resend;
    record->doubt = resend ? fact->number : 0;
}

static void
produced(struct executions *executions, const struct fact *fact)
{
    for (int32_t target = 0; target < (int32_t)executions->checked->n_targets; target++)
        record_of(executions, fact->id, target)->replayed |= (fact->flags & PRODUCED_REPLAY) != 0;
}

static void
look_at(struct executions *executions, size_t place)
{
    const struct fact *fact = &executions->checked->history->facts[place];
    if (fact->kind == FACT_PRODUCED)
        produced(executions, fact);
    if (fact->target < 0 || fact->kind == FACT_PRODUCED)
        return;
    struct record *record = record_of(executions, fact->id, fact->target);
    if (record->first == NEVER && (fact->kind == FACT_KEY || fact->kind == FACT_CALLED || fact->kind == FACT_EXECUTED))
        record->first = place;
    if (fact->kind == FACT_SHOWN)
        shown(executions, place, fact);
    else if (fact->kind == FACT_EXECUTED)
        executed(executions, place, fact);
    else if (fact->kind == FACT_CALLED)
        called(executions, record, place);
    else if (fact->kind == FACT_JOURNALED)
        journaled(executions, record, fact);
    else if (fact->kind == FACT_KEY)
        record->doubt_in_key = fact->other == executions->word_claimed ? fact->number : -1;
}

void
check_executions(struct checked *checked)
{
    const struct history *history = checked->history;
    struct executions executions = { .checked = checked, .seen_room = 64, .word_claimed = word_of(history, "C") };
    size_t n = (size_t)history->n_texts * checked->n_targets, n_shown = 0;
    executions.records = calloc(n + 1, sizeof(*executions.records));
    for (size_t i = 0; i < n; i++)
        executions.records[i] = (struct record){ .first = NEVER, .doubt_in_key = -1 };
    for (size_t i = 0; i < history->n; i++)
        n_shown += history->facts[i].kind == FACT_SHOWN;
    while (executions.seen_room < 2 * n_shown)
        executions.seen_room *= 2;
    executions.seen = calloc(executions.seen_room, sizeof(*executions.seen));
    for (size_t i = 0; i < history->n; i++)
        look_at(&executions, i);
    free(executions.records);
    free(executions.seen);
}

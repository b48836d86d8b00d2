/* check_doubts.c: a call for what may have been carried out needs a cause, and a word in the journal before it: what I7 says of
 * calls. A doubt is caused by an answer in doubt, or by a claim that is taken over while a call may be under way for it. What was
 * acknowledged is not called for again. */
#include "tests/proof/doubts.h"

#include <stdlib.h>

static struct custody *
custody_of(struct doubts *doubts, size_t place, const struct fact *fact, uint32_t worker)
{
    size_t *first = &doubts->first[(size_t)fact->id * doubts->checked->n_targets + (size_t)fact->target];
    for (size_t at = *first; at; at = doubts->custodies[at - 1].next)
        if (doubts->custodies[at - 1].worker == worker)
            return &doubts->custodies[at - 1];
    if (doubts->n == doubts->room) {
        doubts->room = 2 * doubts->room + 64;
        doubts->custodies = realloc(doubts->custodies, doubts->room * sizeof(*doubts->custodies));
    }
    doubts->custodies[doubts->n] = (struct custody){ .worker = worker, .next = *first, .since = place, .custodies = 1 };
    *first = ++doubts->n;
    return &doubts->custodies[doubts->n - 1];
}

static bool
is_clear(const struct custody *custody)
{
    return custody->custodies == 1 && !custody->is_alone;
}

/* What a custody begins with: a claim that was left while a call may have been under way adds one, and none is lost. Where
 * nothing stands, the worker may bring what it knows from a custody before. */
static bool
begins_right(const struct doubts *doubts, const struct custody *before, const struct fact *fact)
{
    if (fact->word == doubts->word_none)
        return fact->number <= before->doubt;
    if (fact->word == doubts->word_claimed)
        return fact->number == fact->limit + 1;
    return fact->number == (fact->word == doubts->word_idle || fact->word == doubts->word_held ? fact->limit : 0);
}

/* The store never heard of what was acknowledged: its worker gave it back since and keeps nothing of what it gave back, and the
 * next one, be it another, met the claim as one that is still held. What came after is that one's doing. */
static bool
is_unheard(const struct doubts *doubts, const struct custody *custody, const struct fact *fact)
{
    uint32_t met_as = custody->met_as ? custody->met_as : fact->word;
    return met_as == doubts->word_claimed && doubts->given_back[fact->worker] > custody->heard;
}

static void
meet(struct doubts *doubts, const struct fact *fact)
{
    size_t first = doubts->first[(size_t)fact->id * doubts->checked->n_targets + (size_t)fact->target];
    for (size_t at = first; at; at = doubts->custodies[at - 1].next)
        if (doubts->custodies[at - 1].worker != fact->worker && !doubts->custodies[at - 1].met_as)
            doubts->custodies[at - 1].met_as = fact->word;
}

void
doubts_key(struct doubts *doubts, size_t place, const struct fact *fact)
{
    struct checked *checked = doubts->checked;
    if (!(fact->flags & KEY_BEGINS))
        return;
    struct custody *custody = custody_of(doubts, place, fact, fact->worker);
    judged(checked, 7);
    if (!begins_right(doubts, custody, fact) && is_clear(custody))
        violated(checked, 7, place, "worker %u meets %s as %s in doubt %ld, and has it in doubt %ld", fact->worker,
                 name_of(checked, fact->id), name_of(checked, fact->word), (long)fact->limit, (long)fact->number);
    custody->custodies += forgot_between(checked, fact->id, fact->target, custody->since, place);
    if (is_unheard(doubts, custody, fact))
        custody->acknowledged = 0;
    meet(doubts, fact);
    custody->met_as = 0;
    custody->since = place;
    custody->doubt = fact->number;
    custody->announced = 0;
}

void
doubts_left(struct doubts *doubts, size_t place, const struct fact *fact)
{
    doubts->given_back[fact->worker] = place;
}

void
doubts_alone(struct doubts *doubts, size_t place, const struct fact *fact)
{
    custody_of(doubts, place, fact, fact->worker)->is_alone = true;
}

/* What was decided under a claim that another took over since is not begun. */
void
doubts_begun(struct doubts *doubts, size_t place, const struct fact *fact)
{
    struct checked *checked = doubts->checked;
    const struct custody *custody = custody_of(doubts, place, fact, fact->worker);
    judged(checked, 7);
    if (custody->acknowledged >= custody->custodies && !custody->is_alone)
        violated(checked, 7, place, "worker %u calls for %s again, which was acknowledged to it", fact->worker,
                 name_of(checked, fact->id));
    if (custody->announced < custody->doubt && is_clear(custody))
        violated(checked, 7, place, "worker %u calls for %s in doubt %ld, and journaled %ld", fact->worker,
                 name_of(checked, fact->id), (long)custody->doubt, (long)custody->announced);
}

void
doubts_answered(struct doubts *doubts, size_t place, const struct fact *member, const struct fact *answer)
{
    struct custody *custody = custody_of(doubts, place, member, answer->worker);
    custody->doubt += answer->word == doubts->word_in_doubt;
    if (answer->word != doubts->checked->word_delivered)
        return;
    custody->acknowledged++;
    custody->heard = place;
}

void
doubts_journaled(struct doubts *doubts, size_t place, const struct fact *fact)
{
    struct checked *checked = doubts->checked;
    if (fact->word != checked->word_resend)
        return;
    struct custody *custody = custody_of(doubts, place, fact, fact->worker);
    bool has_cause = fact->number <= custody->doubt && fact->number > custody->announced;
    judged(checked, 7);
    if (!has_cause && doubts->has_keys && is_clear(custody))
        violated(checked, 7, place, "worker %u announces %s in doubt %ld, of %ld for a cause and %ld announced", fact->worker,
                 name_of(checked, fact->id), (long)fact->number, (long)custody->doubt, (long)custody->announced);
    custody->announced = fact->number;
}

void
doubts_init(struct doubts *doubts, struct checked *checked)
{
    const struct history *history = checked->history;
    *doubts = (struct doubts){ .checked = checked, .word_in_doubt = word_of(history, "in_doubt"),
                               .word_none = word_of(history, "-"), .word_claimed = word_of(history, "C"),
                               .word_idle = word_of(history, "I"), .word_held = word_of(history, "U") };
    doubts->given_back = calloc(checked->n_workers, sizeof(*doubts->given_back));
    doubts->first = calloc((size_t)history->n_texts * checked->n_targets + 1, sizeof(*doubts->first));
    for (size_t i = 0; i < history->n; i++)
        doubts->has_keys |= history->facts[i].kind == FACT_KEY && history->facts[i].flags & KEY_BEGINS;
}

void
doubts_release(struct doubts *doubts)
{
    free(doubts->first);
    free(doubts->given_back);
    free(doubts->custodies);
}

/* check_state.c: what the store held of each id, whether its word that nothing was under way was true, and the workers' own
 * numbers. */
#include "tests/proof/checked.h"

#include <string.h>

/* "-" = no key, I = claimed and idle. Done is never left; dead and held begin again only in a replay, or end as done. */
static bool
may_go(char from, char to, bool replay)
{
    switch (from) {
    case '-':
        return strchr("CIDXUR", to) != NULL;    /* I: a renewal wins a key that was forgotten */
    case 'C':
        return strchr("CIDXUR-", to) != NULL;   /* "-": a repeat that waits gives back what it found */
    case 'I':
        return strchr("CIDXUR", to) != NULL;
    case 'R':
        return strchr("CDXUR", to) != NULL;
    case 'X':
    case 'U':
        return to == 'D' || (replay && to == 'C');
    default:
        return false;
    }
}

/* Whoever takes an idle claim over sends without a word: so whoever wrote that must not call before it took it back. A target
 * that goes on without the store may do so without telling it. */
static void
check_call(struct checked *checked, size_t place, const struct fact *fact)
{
    size_t idle = fate_of(checked, fact->id, fact->target)->idle;
    if (idle == NEVER || checked->targets[fact->target].flags & TARGET_DEGRADES)
        return;
    const struct fact *said = &checked->history->facts[idle];
    if (said->worker != fact->worker ||
        forgot_since(checked, fact->id, fact->target, said->at - checked->targets[fact->target].lease_ms, place))
        return;
    violated(checked, 10, place, "worker %u calls %s at target %d, which it says is idle", fact->worker,
             name_of(checked, fact->id), fact->target);
}

/* Dead, and released, mean that it was surely not carried out. Whoever does without the store knows nothing of others, nor does
 * who met no key because it was lost since the claim under which it was carried out. */
static bool
is_false(const struct checked *checked, size_t place, const struct fact *fact, char from, char to)
{
    const struct target_facts *target = &checked->targets[fact->target];
    size_t first = fate_of(checked, fact->id, fact->target)->first;
    if ((to != 'X' && to != 'R') || from == to || first > place || target->flags & TARGET_DEGRADES)
        return false;
    return !forgot_since(checked, fact->id, fact->target, checked->history->facts[first].at - target->lease_ms, place);
}

/* A key is as it was left, unless the store lost it. */
static bool
is_changed(const struct checked *checked, size_t place, const struct fact *fact)
{
    size_t before = fate_of(checked, fact->id, fact->target)->key;
    return before != NEVER && checked->history->facts[before].other != fact->word &&
           !forgot_between(checked, fact->id, fact->target, before, place);
}

static void
check_key(struct checked *checked, size_t place, const struct fact *fact)
{
    char from = name_of(checked, fact->word)[0], to = name_of(checked, fact->other)[0];
    struct fate *fate = fate_of(checked, fact->id, fact->target);
    judged(checked, 10);
    if (is_false(checked, place, fact, from, to))
        violated(checked, 10, place, "%s at target %d is %c, and was carried out", name_of(checked, fact->id), fact->target, to);
    if (is_changed(checked, place, fact))
        violated(checked, 10, place, "%s at target %d was left as %s, and is met as %c", name_of(checked, fact->id), fact->target,
                 name_of(checked, checked->history->facts[fate->key].other), from);
    fate->key = place;
    fate->idle = to == 'I' ? place : NEVER;
    if (!may_go(from, to, fact->flags & KEY_REPLAY))
        violated(checked, 10, place, "%s at target %d went from %c to %c", name_of(checked, fact->id), fact->target, from, to);
}

/* By its name; who names it otherwise speaks of memory. */
static int
invariant_of(const char *what)
{
    static const struct { const char *what; int invariant; } rows[] = {
        { "opened", 13 }, { "halved", 16 }, { "takeover", 17 }, { "exit", 17 }, { "back", 17 },
        { "again", 18 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(what, rows[i].what) == 0)
            return rows[i].invariant;
    return 12;
}

static void
check_gauge(struct checked *checked, size_t place, const struct fact *fact)
{
    const char *what = name_of(checked, fact->word);
    int invariant = invariant_of(what);
    bool is_sum = invariant == 13;
    judged(checked, invariant);
    if (is_sum && fact->number != fact->limit)
        violated(checked, 13, place, "worker %u, target %d: %ld opened, %ld accounted for", fact->worker, fact->target,
                 (long)fact->number, (long)fact->limit);
    if (!is_sum && fact->number > fact->limit)
        violated(checked, invariant, place, "worker %u: %s %ld, the limit is %ld", fact->worker, what, (long)fact->number,
                 (long)fact->limit);
}

void
check_state(struct checked *checked)
{
    for (size_t i = 0; i < checked->history->n; i++) {
        const struct fact *fact = &checked->history->facts[i];
        if (fact->kind == FACT_KEY)
            check_key(checked, i, fact);
        else if (fact->kind == FACT_CALLED)
            check_call(checked, i, fact);
        else if (fact->kind == FACT_GAUGED)
            check_gauge(checked, i, fact);
    }
}

/* check_holds.c: what I9 says of claims: each is left alone for its lease, and no call begins when that is nearly over. */
#include "tests/proof/holds.h"

#include <stdlib.h>

enum { MARGIN_MS = 2000, MARGIN_SHARE = 5 };

static struct holders *
holders_of(const struct holds *holds, const struct fact *fact)
{
    return &holds->holders[(size_t)fact->id * holds->checked->n_targets + (size_t)fact->target];
}

/* NULL: nobody held it yet. */
static const struct hold *
newest_of(const struct holds *holds, const struct holders *holders)
{
    return holders->newest ? &holds->holds[holders->newest - 1] : NULL;
}

static const struct hold *
last_of(const struct holds *holds, const struct holders *holders, uint32_t worker)
{
    const struct hold *hold = newest_of(holds, holders);
    while (hold && hold->worker != worker)
        hold = hold->next ? &holds->holds[hold->next - 1] : NULL;
    return hold;
}

/* ---- leases -------------------------------------------------------------------------------------------------------------- */

/* Whoever forgot, or whose clock jumped, may give away what is held. */
static void
check_takeover(const struct holds *holds, const struct holders *holders, size_t place, const struct fact *key)
{
    const struct hold *held = newest_of(holds, holders);
    int64_t lease_ms = holds->checked->targets[key->target].lease_ms;
    judged(holds->checked, 9);
    if (!held || !holders->is_claimed || held->worker == key->worker || held->given_up || key->at - held->at >= lease_ms ||
        jumped_since(holds->checked, held->at, place) ||
        forgot_since(holds->checked, key->id, key->target, held->at, place))
        return;
    violated(holds->checked, 9, place, "worker %u takes %s over from worker %u %ld ms after its claim, of a lease of %ld",
             key->worker, name_of(holds->checked, key->id), held->worker, (long)(key->at - held->at), (long)lease_ms);
}

void
holds_key(struct holds *holds, size_t place, const struct fact *key)
{
    struct holders *holders = holders_of(holds, key);
    char to = name_of(holds->checked, key->other)[0];
    bool is_claimed = to == 'C' || to == 'I';
    if (is_claimed) {
        check_takeover(holds, holders, place, key);
        const struct hold *newest = newest_of(holds, holders);
        bool is_same = newest && newest->worker == key->worker;
        size_t next = is_same ? newest->next : holders->newest;
        if (!is_same)
            holders->newest = ++holds->n_holds;
        holds->holds[holders->newest - 1] = (struct hold){ .worker = key->worker, .at = key->at, .next = next,
                                                           .given_up = (key->flags & KEY_GIVEN_UP) != 0 };
    }
    holders->is_claimed = is_claimed;
}

/* ---- calls --------------------------------------------------------------------------------------------------------------- */

/* Its own claim may have been forgotten, and given to another. Who never had one has no excuse. */
static void
check_own(const struct holds *holds, size_t place, const struct fact *member, const struct hold *own)
{
    const struct holders *holders = holders_of(holds, member);
    const struct hold *newest = newest_of(holds, holders);
    if (!holders->is_claimed || newest == own || newest->given_up ||
        (own && (jumped_since(holds->checked, own->at, place) ||
                 forgot_since(holds->checked, member->id, member->target, own->at, place))))
        return;
    violated(holds->checked, 9, place, "worker %u begins a call for %s, which worker %u has claimed", member->worker,
             name_of(holds->checked, member->id), newest->worker);
}

/* By the worker's own clock, which went on while it stood still: that it was frozen excuses nothing, and neither does anything
 * that befell the store. The claim was sent before it was written, so this is late already. */
static void
check_in_time(const struct holds *holds, size_t place, const struct fact *member, const struct hold *own)
{
    struct checked *checked = holds->checked;
    const struct target_facts *target = &checked->targets[member->target];
    int64_t margin_ms = target->lease_ms / MARGIN_SHARE < MARGIN_MS ? target->lease_ms / MARGIN_SHARE : MARGIN_MS;
    int64_t safe_ms = target->lease_ms - target->call_timeout_ms - margin_ms;
    int64_t old_ms = checked->history->facts[place].at - own->at;
    if (target->call_timeout_ms > 0 && old_ms > safe_ms)
        violated(checked, 9, place, "worker %u begins a call for %s %ld ms after its claim, safe are %ld", member->worker,
                 name_of(checked, member->id), (long)old_ms, (long)safe_ms);
}

/* A target that goes on without the store holds claims that no key tells of. */
void
holds_begun(const struct holds *holds, size_t place, const struct fact *member)
{
    const struct hold *own = last_of(holds, holders_of(holds, member), member->worker);
    if (holds->checked->targets[member->target].flags & TARGET_DEGRADES)
        return;
    judged(holds->checked, 9);
    check_own(holds, place, member, own);
    if (own)
        check_in_time(holds, place, member, own);
}

/* ---- begin and end ------------------------------------------------------------------------------------------------------- */

void
holds_init(struct holds *holds, struct checked *checked)
{
    const struct history *history = checked->history;
    size_t n_keys = 0;
    for (size_t i = 0; i < history->n; i++)
        n_keys += history->facts[i].kind == FACT_KEY;
    *holds = (struct holds){ .checked = checked };
    holds->holders = calloc((size_t)history->n_texts * checked->n_targets + 1, sizeof(*holds->holders));
    holds->holds = malloc((n_keys + 1) * sizeof(*holds->holds));
}

void
holds_release(struct holds *holds)
{
    free(holds->holders);
    free(holds->holds);
}

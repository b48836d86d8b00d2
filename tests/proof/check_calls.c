/* check_calls.c: who was called for what, how soon, and by how many at once: I9, I16, and what I6 says of batches, I10 of keys
 * and I18 of calls. */
#include "tests/proof/doubts.h"
#include "tests/proof/holds.h"
#include "tests/proof/letters.h"
#include "tests/proof/repeats.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH_MAX = 100, MARGIN_MS = 2000, MARGIN_SHARE = 5 };

/* One id at one target: the calls that are under way for it. */
struct course {
    size_t called, begun;           /* decided, on the wire: as places; NEVER = none */
    int64_t frozen_ms;              /* of that worker, all its life, when it began */
};

/* A call under way, and one member of it. Links are places in their array + 1; 0 ends a list. */
struct call {
    int64_t number;
    int32_t target;
    size_t members, next;
};

struct member {
    struct course *course;
    size_t place, next;
};

/* A call of the same moment was under way when it was told. */
struct wait {
    int64_t told_at, until;
};

struct caller {
    size_t calls;                   /* under way */
    size_t assigned;                /* last, as a place */
    int64_t frozen_ms;              /* for how long so far */
    bool gone;
};

struct calls {
    struct checked *checked;
    struct course *courses;         /* [id * n_targets + target] */
    struct caller *callers;         /* [worker] */
    struct wait *waits;             /* [worker * n_targets + target] */
    struct call *calls;
    struct member *members;
    size_t n_calls, n_members;
    struct letters letters;
    struct doubts doubts;
    struct holds holds;
    struct repeats repeats;
};

static const struct fact *
fact_at(const struct calls *calls, size_t place)
{
    return &calls->checked->history->facts[place];
}

/* ---- calls under way ----------------------------------------------------------------------------------------------------- */

static size_t *
link_of(struct calls *calls, const struct fact *fact)
{
    size_t *link = &calls->callers[fact->worker].calls;
    while (*link && (calls->calls[*link - 1].number != fact->number || calls->calls[*link - 1].target != fact->target))
        link = &calls->calls[*link - 1].next;
    return link;
}

static void
decide(struct calls *calls, size_t place, const struct fact *fact, struct course *course)
{
    size_t *link = link_of(calls, fact);
    if (!*link) {
        size_t first = calls->callers[fact->worker].calls;
        calls->calls[calls->n_calls] = (struct call){ .number = fact->number, .target = fact->target, .next = first };
        calls->callers[fact->worker].calls = ++calls->n_calls;
        link = &calls->callers[fact->worker].calls;
    }
    struct call *call = &calls->calls[*link - 1];
    calls->members[calls->n_members] = (struct member){ course, place, call->members };
    call->members = ++calls->n_members;
    course->called = place;
}

static bool
is_begun_by(const struct calls *calls, const struct course *course, const struct fact *fact)
{
    const struct fact *begun = course->begun != NEVER ? fact_at(calls, course->begun) : NULL;
    return begun && begun->worker == fact->worker && begun->number == fact->number;
}

static void
end(struct calls *calls, size_t place, const struct fact *fact)
{
    size_t *link = link_of(calls, fact);
    if (!*link)
        return;
    for (size_t at = calls->calls[*link - 1].members; at; at = calls->members[at - 1].next) {
        const struct member *member = &calls->members[at - 1];
        if (member->course->called == member->place)
            member->course->called = NEVER;
        if (is_begun_by(calls, member->course, fact))
            member->course->begun = NEVER;
        letters_failed(&calls->letters, fact_at(calls, member->place), fact);
        doubts_answered(&calls->doubts, place, fact_at(calls, member->place), fact);
        repeats_member_answered(&calls->repeats, place, fact_at(calls, member->place));
    }
    *link = calls->calls[*link - 1].next;
}

/* ---- I9 ------------------------------------------------------------------------------------------------------------------ */

/* No request is open in the last fifth of its lease: only who stood still for longer than that may be met by another. */
static int64_t
margin_of(const struct target_facts *target)
{
    return target->lease_ms / MARGIN_SHARE < MARGIN_MS ? target->lease_ms / MARGIN_SHARE : MARGIN_MS;
}

static bool
may_overlap(const struct calls *calls, const struct course *course, uint32_t id, size_t place)
{
    const struct fact *before = fact_at(calls, course->begun), *now = fact_at(calls, place);
    const struct target_facts *target = &calls->checked->targets[now->target];
    const struct caller *owner = &calls->callers[before->worker];
    if (owner->gone || owner->frozen_ms - course->frozen_ms > margin_of(target))
        return true;
    int64_t since = before->at - target->lease_ms;
    return target->flags & TARGET_DEGRADES || jumped_since(calls->checked, since, place) ||
           forgot_since(calls->checked, id, now->target, since, place);
}

static void
check_owner(const struct calls *calls, size_t place, const struct member *member)
{
    const struct fact *now = fact_at(calls, place);
    const struct course *course = member->course;
    uint32_t id = fact_at(calls, member->place)->id;
    judged(calls->checked, 9);
    if (course->begun != NEVER && !is_begun_by(calls, course, now) && !may_overlap(calls, course, id, place))
        violated(calls->checked, 9, place, "%s is called by worker %u while worker %u still calls for it",
                 name_of(calls->checked, id), now->worker, fact_at(calls, course->begun)->worker);
}

static void
begun(struct calls *calls, size_t place, const struct fact *fact)
{
    size_t call = *link_of(calls, fact);
    for (size_t at = call ? calls->calls[call - 1].members : 0; at; at = calls->members[at - 1].next) {
        const struct member *member = &calls->members[at - 1];
        check_owner(calls, place, member);
        holds_begun(&calls->holds, place, fact_at(calls, member->place));
        doubts_begun(&calls->doubts, place, fact_at(calls, member->place));
        member->course->begun = place;
        member->course->frozen_ms = calls->callers[fact->worker].frozen_ms;
    }
}

/* ---- I6, I16 ------------------------------------------------------------------------------------------------------------- */

static void
check_batch(const struct calls *calls, size_t place, const struct course *course)
{
    const struct fact *now = fact_at(calls, place), *before = course->called != NEVER ? fact_at(calls, course->called) : NULL;
    judged(calls->checked, 6);
    if (now->limit > BATCH_MAX)
        violated(calls->checked, 6, place, "a batch of %ld", (long)now->limit);
    if (before && before->worker == now->worker && before->number == now->number)
        violated(calls->checked, 6, place, "%s is twice in one call", name_of(calls->checked, now->id));
}

static struct wait *
wait_of(const struct calls *calls, const struct fact *fact)
{
    return &calls->waits[(size_t)fact->worker * calls->checked->n_targets + (size_t)fact->target];
}

static void
called(struct calls *calls, size_t place, const struct fact *fact)
{
    struct course *course = &calls->courses[(size_t)fact->id * calls->checked->n_targets + (size_t)fact->target];
    check_batch(calls, place, course);
    judged(calls->checked, 16);
    if (fact->at > wait_of(calls, fact)->told_at && fact->at < wait_of(calls, fact)->until)
        violated(calls->checked, 16, place, "worker %u calls target %d at %ld ms, which told it to wait until %ld", fact->worker,
                 fact->target, (long)fact->at, (long)wait_of(calls, fact)->until);
    decide(calls, place, fact, course);
    letters_called(&calls->letters, fact);
    repeats_called(&calls->repeats, place, fact);
}

static void
answered(struct calls *calls, size_t place, const struct fact *fact)
{
    const struct target_facts *target = &calls->checked->targets[fact->target];
    repeats_answered(&calls->repeats, place);
    end(calls, place, fact);
    letters_answered(&calls->letters, fact);
    if (fact->word != calls->checked->word_throttled || fact->limit <= 0)
        return;
    int64_t wait = fact->limit < target->retry_after_max_ms ? fact->limit : target->retry_after_max_ms;
    struct wait *told = wait_of(calls, fact);
    told->told_at = fact->at;
    told->until = fact->at + wait > told->until ? fact->at + wait : told->until;
}

/* ---- I10 ----------------------------------------------------------------------------------------------------------------- */

/* Under a call its own custody writes nothing but the claim again: whoever takes the key over has to know of that call. */
static void
check_key(const struct calls *calls, size_t place, const struct fact *key)
{
    struct checked *checked = calls->checked;
    const struct target_facts *target = &checked->targets[key->target];
    const struct course *course = &calls->courses[(size_t)key->id * checked->n_targets + (size_t)key->target];
    const struct fact *call = course->called != NEVER ? fact_at(calls, course->called) : NULL;
    char to = name_of(checked, key->other)[0];
    if (!call || call->worker != key->worker || call->hash != key->hash || target->flags & TARGET_DEGRADES)
        return;
    judged(checked, 10);
    if (to != 'C' && to != 'D' && !forgot_since(checked, key->id, key->target, call->at - target->lease_ms, place))
        violated(checked, 10, place, "worker %u calls for %s at target %d and leaves its key as %c", key->worker,
                 name_of(checked, key->id), key->target, to);
}

static void
key_changed(struct calls *calls, size_t place, const struct fact *fact)
{
    check_key(calls, place, fact);
    holds_key(&calls->holds, place, fact);
    doubts_key(&calls->doubts, place, fact);
    repeats_key(&calls->repeats, fact);
}

/* A member of a call that the worker began behind that place and that is under way; NULL = there is none. */
static const struct member *
still_called(const struct calls *calls, uint32_t worker, size_t behind)
{
    for (size_t at = calls->callers[worker].calls; at; at = calls->calls[at - 1].next) {
        const struct member *member = &calls->members[calls->calls[at - 1].members - 1];
        if (member->place >= behind)
            return member;
    }
    return NULL;
}

/* Asked to give back, a worker finishes its calls first, as long as there is time. What it began before it was given these
 * partitions holds nobody up. */
static void
given_back(struct calls *calls, size_t place, const struct fact *fact)
{
    const struct member *open = still_called(calls, fact->worker, calls->callers[fact->worker].assigned);
    doubts_left(&calls->doubts, place, fact);
    if (fact->limit == 0)
        return;
    judged(calls->checked, 18);
    if (open && fact->number < fact->limit)
        violated(calls->checked, 18, place, "worker %u gives %d back after %ld ms while it still calls for %s", fact->worker,
                 fact->partition, (long)fact->number, name_of(calls->checked, fact_at(calls, open->place)->id));
}

/* Asked to leave, it finishes all of them, whatever became of their partitions meanwhile. */
static void
stopped(struct calls *calls, size_t place, const struct fact *fact)
{
    const struct member *open = still_called(calls, fact->worker, 0);
    calls->callers[fact->worker].gone = true;
    if (fact->limit == 0)
        return;
    judged(calls->checked, 18);
    if (open && fact->offset < fact->limit)
        violated(calls->checked, 18, place, "worker %u leaves after %ld ms of %ld while it still calls for %s", fact->worker,
                 (long)fact->offset, (long)fact->limit, name_of(calls->checked, fact_at(calls, open->place)->id));
}

static void
look_at(struct calls *calls, size_t place)
{
    const struct fact *fact = fact_at(calls, place);
    letters_look(&calls->letters, place);
    if (fact->kind == FACT_LOST)
        doubts_left(&calls->doubts, place, fact);
    else if (fact->kind == FACT_ALONE)
        doubts_alone(&calls->doubts, place, fact);
    else if (fact->kind == FACT_JOURNALED && fact->target >= 0)
        doubts_journaled(&calls->doubts, place, fact);
    else if (fact->kind == FACT_REVOKED)
        given_back(calls, place, fact);
    else if (fact->kind == FACT_CALLED && fact->target >= 0)
        called(calls, place, fact);
    else if (fact->kind == FACT_KEY)
        key_changed(calls, place, fact);
    else if (fact->kind == FACT_BEGUN)
        begun(calls, place, fact);
    else if (fact->kind == FACT_ANSWERED && fact->target >= 0)
        answered(calls, place, fact);
    else if (fact->kind == FACT_ASSIGNED)
        calls->callers[fact->worker].assigned = place;
    else if (fact->kind == FACT_STOPPED)
        stopped(calls, place, fact);
    else if (fact->kind == FACT_FROZEN)
        calls->callers[fact->worker].frozen_ms += fact->number;
}

void
check_calls(struct checked *checked)
{
    const struct history *history = checked->history;
    struct calls calls = { .checked = checked };
    size_t n = (size_t)history->n_texts * checked->n_targets, n_called = 0;
    for (size_t i = 0; i < history->n; i++)
        n_called += history->facts[i].kind == FACT_CALLED;
    calls.courses = malloc((n + 1) * sizeof(*calls.courses));
    for (size_t i = 0; i < n; i++)
        calls.courses[i] = (struct course){ .called = NEVER, .begun = NEVER };
    calls.callers = calloc(checked->n_workers, sizeof(*calls.callers));
    calls.waits = calloc((size_t)checked->n_workers * checked->n_targets + 1, sizeof(*calls.waits));
    calls.calls = malloc((n_called + 1) * sizeof(*calls.calls));
    calls.members = malloc((n_called + 1) * sizeof(*calls.members));
    letters_init(&calls.letters, checked, n_called);
    doubts_init(&calls.doubts, checked);
    holds_init(&calls.holds, checked);
    repeats_init(&calls.repeats, checked);
    for (size_t i = 0; i < history->n; i++)
        look_at(&calls, i);
    repeats_judge(&calls.repeats);
    letters_release(&calls.letters);
    doubts_release(&calls.doubts);
    holds_release(&calls.holds);
    repeats_release(&calls.repeats);
    free(calls.courses);
    free(calls.callers);
    free(calls.waits);
    free(calls.calls);
    free(calls.members);
}

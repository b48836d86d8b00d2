/* check_repeats.c: what I16 says of calls after a failure or a refusal: each waits its turn, and a batch is halved, no more. */
#include "tests/proof/repeats.h"

#include <stdlib.h>

enum { WAITS_MIN = 50, HALVES = 2, MEAN_SHARE = 4 };

static struct ending *
ending_of(const struct repeats *repeats, const struct fact *fact)
{
    return &repeats->endings[(size_t)fact->id * repeats->checked->n_targets + (size_t)fact->target];
}

static struct seen *
seen_by(const struct repeats *repeats, const struct fact *fact)
{
    return &repeats->seen[(size_t)fact->worker * repeats->checked->n_targets + (size_t)fact->target];
}

/* ---- how a call ended ---------------------------------------------------------------------------------------------------- */

static bool
is_failure(const struct repeats *repeats, const struct fact *answer)
{
    return answer->word == repeats->word_not_sent || answer->word == repeats->word_not_executed ||
           answer->word == repeats->word_in_doubt;
}

static bool
is_refusal(const struct repeats *repeats, const struct fact *answer)
{
    return answer->word == repeats->word_rejected || answer->word == repeats->word_too_large;
}

void
repeats_answered(struct repeats *repeats, size_t place)
{
    const struct fact *answer = &repeats->checked->history->facts[place];
    struct seen *seen = seen_by(repeats, answer);
    seen->failures++;
    if (!is_failure(repeats, answer)) {
        seen->alive = place + 1;
        seen->failures = 0;
    }
    if (answer->word == repeats->word_auth || answer->word == repeats->word_config)
        seen->is_paused = true;
    else if (answer->word == repeats->checked->word_delivered || is_refusal(repeats, answer))
        seen->is_paused = false;
    if (is_refusal(repeats, answer))
        repeats->refusals[repeats->n_refusals++] = (struct refusal){ 0 };
}

/* A told wait is judged by itself. A call that was not begun because its claim was too old says nothing of the target. */
void
repeats_member_answered(struct repeats *repeats, size_t place, const struct fact *member)
{
    const struct fact *answer = &repeats->checked->history->facts[place];
    struct ending *ending = ending_of(repeats, member);
    bool waits = is_failure(repeats, answer) && answer->limit <= 0 && !(answer->flags & ANSWERED_TOO_LATE);
    const struct seen *seen = seen_by(repeats, answer);
    *ending = (struct ending){ .worker = answer->worker, .at = answer->at, .members = member->limit, .place = place };
    ending->is_shut = seen->is_paused || seen->failures >= repeats->checked->targets[answer->target].breaker_failures;
    if (is_refusal(repeats, answer) && member->limit > 1) {
        ending->kind = ENDING_REFUSED;
        ending->refusal = repeats->n_refusals - 1;
    } else if (waits) {
        ending->kind = ENDING_FAILED;
    }
}

/* Claimed by another, or anew: whoever calls next does not go on with that call. */
void
repeats_key(struct repeats *repeats, const struct fact *key)
{
    struct ending *ending = ending_of(repeats, key);
    if (key->worker != ending->worker || key->flags & KEY_CLAIMED)
        ending->kind = ENDING_NONE;
}

/* ---- the next call ------------------------------------------------------------------------------------------------------- */

/* Once a call, and only where the same call is made again; of a target that may be shut, only if nothing told meanwhile that it
 * is well: a breaker that closes lets all go at once. A wait is drawn from 1 ms to a bound, retry.base at first, growing: the
 * mean is half of it or more. */
static void
count_wait(struct repeats *repeats, size_t place, const struct fact *called, const struct ending *ending)
{
    int64_t base_ms = repeats->checked->targets[called->target].back_off_base_ms, wait_ms = called->at - ending->at;
    struct waited *waited = &repeats->waited[called->target];
    struct seen *seen = seen_by(repeats, called);
    if (called->number == seen->last || called->limit != ending->members ||
        (ending->is_shut && seen->alive > ending->place))
        return;
    seen->last = called->number;
    waited->sum_ms += wait_ms < base_ms ? wait_ms : base_ms;
    waited->n++;
    waited->place = place;
}

/* Where the store forgot it, or the target goes on without, one of a batch may have been given to two. */
static void
check_half(struct repeats *repeats, size_t place, const struct fact *called, const struct ending *ending)
{
    struct checked *checked = repeats->checked;
    const struct target_facts *target = &checked->targets[called->target];
    struct refusal *refusal = &repeats->refusals[ending->refusal];
    if (refusal->last == called->number || target->flags & TARGET_DEGRADES ||
        forgot_since(checked, called->id, called->target, ending->at - target->lease_ms, place))
        return;
    refusal->last = called->number;
    refusal->calls++;
    judged(checked, 16);
    if (refusal->calls > HALVES)
        violated(checked, 16, place, "%s is called for in part %u of a refused batch of %ld", name_of(checked, called->id),
                 refusal->calls, (long)ending->members);
    if (called->limit > (ending->members + 1) / HALVES)
        violated(checked, 16, place, "%s is called for with %ld, after a batch of %ld was refused", name_of(checked, called->id),
                 (long)called->limit, (long)ending->members);
}

void
repeats_called(struct repeats *repeats, size_t place, const struct fact *called)
{
    struct ending *ending = ending_of(repeats, called);
    if (ending->worker == called->worker && ending->kind == ENDING_FAILED)
        count_wait(repeats, place, called, ending);
    else if (ending->worker == called->worker && ending->kind == ENDING_REFUSED)
        check_half(repeats, place, called, ending);
    ending->kind = ENDING_NONE;
}

/* One wait says nothing. The mean of so many is as good as never less than half of what is expected at least. */
void
repeats_judge(struct repeats *repeats)
{
    struct checked *checked = repeats->checked;
    for (uint32_t target = 0; target < checked->n_targets; target++) {
        const struct waited *waited = &repeats->waited[target];
        int64_t base_ms = checked->targets[target].back_off_base_ms;
        if (waited->n < WAITS_MIN)
            continue;
        judged(checked, 16);
        if (waited->sum_ms * MEAN_SHARE < (int64_t)waited->n * base_ms)
            violated(checked, 16, waited->place, "target %u: %ld ms of waiting after %lu failures, the first wait is up to %ld",
                     target, (long)waited->sum_ms, (unsigned long)waited->n, (long)base_ms);
    }
}

/* ---- begin and end ------------------------------------------------------------------------------------------------------- */

void
repeats_init(struct repeats *repeats, struct checked *checked)
{
    const struct history *history = checked->history;
    size_t n_answers = 0;
    for (size_t i = 0; i < history->n; i++)
        n_answers += history->facts[i].kind == FACT_ANSWERED;
    *repeats = (struct repeats){ .checked = checked };
    repeats->endings = calloc((size_t)history->n_texts * checked->n_targets + 1, sizeof(*repeats->endings));
    repeats->seen = calloc((size_t)checked->n_workers * checked->n_targets + 1, sizeof(*repeats->seen));
    repeats->refusals = malloc((n_answers + 1) * sizeof(*repeats->refusals));
    repeats->word_not_sent = word_of(history, "not_sent");
    repeats->word_not_executed = word_of(history, "not_executed");
    repeats->word_in_doubt = word_of(history, "in_doubt");
    repeats->word_rejected = word_of(history, "rejected");
    repeats->word_too_large = word_of(history, "too_large");
    repeats->word_auth = word_of(history, "auth");
    repeats->word_config = word_of(history, "config");
}

void
repeats_release(struct repeats *repeats)
{
    free(repeats->endings);
    free(repeats->seen);
    free(repeats->refusals);
}

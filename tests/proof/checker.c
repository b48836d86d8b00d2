/* checker.c: builds the indexes once, then lets every part judge. */
#include "tests/proof/checked.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const texts[INVARIANT_COUNT] = {
    [0] = "the facts make sense",
    [1] = "every delivery is delivered, a repeat of one delivered or parked, dropped by a route, or a sound dead letter",
    [2] = "no commit passes over a record that is not terminal",
    [3] = "commits of a partition do not decrease within an epoch",
    [4] = "no commit outside of an assignment",
    [5] = "what is said to be delivered was carried out, with that event's content",
    [6] = "no user sees a message twice; one id, one content; batches of at most 100 different ids",
    [7] = "a second execution, and a call in doubt, only after a journaled re-send that has a cause; under hold none",
    [8] = "one after the other within a lane",
    [9] = "one call for an id at a time on the wire, begun within its claim's safe time; no claim is taken over within its lease",
    [10] = "an id's states follow the table and tell the truth; done is never left",
    [11] = "who suppressed another was delivered, or suppressed by one that was; both are of one window, and it lasted",
    [12] = "windows and bytes are bounded",
    [13] = "opened = terminal + in flight; what is counted is what was journaled",
    [14] = "a dead letter carries the original bytes, key, headers and time, unless it is a stub",
    [15] = "what is replayed is not sent again once it is done, and tried anew if it was parked",
    [16] = "a told wait is kept, and one after a failure; a batch is halved, and for a refusal only",
    [17] = "after the faults all comes to rest in time, committed to the end",
    [18] = "after a complete drain nothing is read again; who is asked to give back or to leave finishes its calls first",
    [19] = "planted secrets appear nowhere",
    [20] = "the same seed gives the same trace",
};

const char *
invariant_text(int invariant)
{
    return texts[invariant];
}

void
judged(struct checked *checked, int invariant)
{
    checked->findings->judged[invariant]++;
}

void
violated(struct checked *checked, int invariant, size_t fact, const char *format, ...)
{
    struct findings *findings = checked->findings;
    uint32_t at = findings->n++;
    findings->violations[invariant]++;
    if (at >= sizeof(findings->first) / sizeof(findings->first[0]))
        return;
    va_list arguments;
    findings->first[at] = (struct violation){ .invariant = invariant, .fact = fact };
    va_start(arguments, format);
    vsnprintf(findings->first[at].text, sizeof(findings->first[at].text), format, arguments);
    va_end(arguments);
}

const char *
name_of(const struct checked *checked, uint32_t text)
{
    return history_name(checked->history, text);
}

struct fate *
fate_of(const struct checked *checked, uint32_t id, int32_t target)
{
    return &checked->fates[(size_t)id * checked->n_targets + (size_t)target];
}

/* ---- indexes ------------------------------------------------------------------------------------------------------------- */

uint32_t
word_of(const struct history *history, const char *text)
{
    for (uint32_t i = 1; i < history->n_texts; i++)
        if (strcmp(history->texts[i], text) == 0)
            return i;
    return UINT32_MAX;
}

static void
read_targets(struct checked *checked)
{
    const struct history *history = checked->history;
    uint32_t soar = word_of(history, "soar");
    for (size_t i = 0; i < history->n; i++) {
        const struct fact *fact = &history->facts[i];
        if (fact->kind == FACT_PRODUCED && fact->partition >= checked->n_partitions)
            checked->n_partitions = fact->partition + 1;
        checked->n_workers = fact->worker >= checked->n_workers ? fact->worker + 1 : checked->n_workers;
        if (fact->target >= 0 && (uint32_t)fact->target >= checked->n_targets)
            checked->n_targets = (uint32_t)fact->target + 1;
        if (fact->kind == FACT_TARGET)
            checked->targets[fact->target] = (struct target_facts){
                .known = true, .is_soar = fact->word == soar, .flags = fact->flags, .lease_ms = fact->number,
                .back_off_ms = fact->limit, .retry_after_max_ms = fact->offset, .call_timeout_ms = fact->epoch,
                .max_age_ms = (int64_t)fact->hash, .sends_max = fact->index,
            };
    }
    for (size_t i = 0; i < history->n; i++) {
        const struct fact *fact = &history->facts[i];
        if (fact->kind != FACT_PATIENCE)
            continue;
        checked->targets[fact->target].back_off_base_ms = fact->number;
        checked->targets[fact->target].breaker_failures = (uint32_t)fact->limit;
    }
}

static int
compare_deliveries(const struct history *history, const struct delivery *a, const struct delivery *b)
{
    const struct fact *x = &history->facts[a->produced], *y = &history->facts[b->produced];
    if (x->partition != y->partition)
        return x->partition < y->partition ? -1 : 1;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    return (a->target > b->target) - (a->target < b->target);
}

static int
compare(const void *a, const void *b, void *history)
{
    return compare_deliveries(history, a, b);
}

static void
add_deliveries(struct checked *checked, size_t place)
{
    const struct fact *fact = &checked->history->facts[place];
    if (fact->flags & PRODUCED_DROPPED)
        return;
    if (fact->targets == 0)
        checked->deliveries[checked->n_deliveries++] = (struct delivery){ place, -1, NEVER };
    for (uint32_t target = 0; target < checked->n_targets; target++)
        if (fact->targets & 1u << target)
            checked->deliveries[checked->n_deliveries++] = (struct delivery){ place, (int32_t)target, NEVER };
}

static void
read_deliveries(struct checked *checked)
{
    const struct history *history = checked->history;
    size_t n = 0;
    for (size_t i = 0; i < history->n; i++)
        n += history->facts[i].kind == FACT_PRODUCED;
    checked->deliveries = malloc((n * (checked->n_targets + 1) + 1) * sizeof(*checked->deliveries));
    for (size_t i = 0; i < history->n; i++)
        if (history->facts[i].kind == FACT_PRODUCED)
            add_deliveries(checked, i);
    qsort_r(checked->deliveries, checked->n_deliveries, sizeof(*checked->deliveries), compare, (void *)history);
    checked->first_of = calloc((size_t)checked->n_partitions + 1, sizeof(*checked->first_of));
    size_t at = 0;
    for (int32_t partition = 0; partition <= checked->n_partitions; partition++) {
        while (at < checked->n_deliveries && history->facts[checked->deliveries[at].produced].partition < partition)
            at++;
        checked->first_of[partition] = at;
    }
}

size_t
deliveries_from(const struct checked *checked, int32_t partition, int64_t offset)
{
    size_t low = checked->first_of[partition], high = checked->first_of[partition + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (checked->history->facts[checked->deliveries[middle].produced].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct delivery *
delivery_at(const struct checked *checked, int32_t partition, int64_t offset, uint32_t index, int32_t target)
{
    if (partition < 0 || partition >= checked->n_partitions)
        return NULL;
    for (size_t i = deliveries_from(checked, partition, offset); i < checked->first_of[partition + 1]; i++) {
        struct delivery *delivery = &checked->deliveries[i];
        const struct fact *fact = &checked->history->facts[delivery->produced];
        if (fact->offset != offset)
            return NULL;
        if (fact->index == index && delivery->target == target)
            return delivery;
    }
    return NULL;
}

static void
note_execution(struct checked *checked, size_t place, const struct fact *fact)
{
    struct fate *fate = fate_of(checked, fact->id, fact->target);
    checked->findings->executed++;
    checked->findings->repeated += fate->times++ > 0;
    if (fate->first == NEVER)
        fate->first = place;
    if (fact->content < CONTENTS_MAX && fate->executed[fact->content] == NEVER)
        fate->executed[fact->content] = place;
}

static void
note_parked(struct checked *checked, size_t place, const struct fact *fact)
{
    const struct delivery *delivery = delivery_at(checked, fact->partition, fact->offset, fact->index, fact->target);
    if (!delivery || fact->target < 0)
        return;
    const struct fact *produced = &checked->history->facts[delivery->produced];
    struct fate *fate = fate_of(checked, produced->id, fact->target);
    if (produced->content < CONTENTS_MAX && fate->parked[produced->content] == NEVER)
        fate->parked[produced->content] = place;
}

bool
was_heard(const struct checked *checked, uint32_t id, int32_t target, size_t place)
{
    const struct fate *fate = fate_of(checked, id, target);
    return fate->first < place || fate->suppressed < place;
}

static void
note_suppressed(struct checked *checked, size_t place, const struct fact *fact)
{
    struct fate *fate = fate_of(checked, fact->id, fact->target);
    bool suppressed = fact->word == checked->word_duplicate && fact->other != 0;
    if (suppressed && fate->suppressed == NEVER && was_heard(checked, fact->other, fact->target, place))
        fate->suppressed = place;
}

static void
read_fates(struct checked *checked)
{
    const struct history *history = checked->history;
    size_t n = (size_t)history->n_texts * checked->n_targets;
    checked->fates = malloc((n + 1) * sizeof(*checked->fates));
    memset(checked->fates, 0xff, (n + 1) * sizeof(*checked->fates));
    for (size_t i = 0; i < n; i++)
        checked->fates[i].times = 0;
    for (size_t i = 0; i < history->n; i++) {
        const struct fact *fact = &history->facts[i];
        if (fact->kind == FACT_EXECUTED)
            note_execution(checked, i, fact);
        else if (fact->kind == FACT_PARKED)
            note_parked(checked, i, fact);
        else if (fact->kind == FACT_JOURNALED && fact->target >= 0)
            note_suppressed(checked, i, fact);
    }
}

/* Facts that point nowhere would be judged as something that they are not. */
static bool
makes_sense(struct checked *checked)
{
    bool targets[FACT_TARGETS_MAX] = { 0 };
    for (size_t i = 0; i < checked->history->n; i++) {
        const struct fact *fact = &checked->history->facts[i];
        judged(checked, 0);
        if (!fact_is_sound(fact)) {
            violated(checked, 0, i, "fact %zu (%s) is out of bounds", i, fact_name(fact->kind));
            return false;
        }
        targets[fact->target >= 0 ? fact->target : 0] |= fact->kind == FACT_TARGET;
        if ((fact->kind == FACT_CALLED || fact->kind == FACT_EXECUTED) && !targets[fact->target]) {
            violated(checked, 0, i, "fact %zu (%s) is of target %d, of which nothing is said", i, fact_name(fact->kind),
                     fact->target);
            return false;
        }
    }
    return true;
}

void
history_check(const struct history *history, struct findings *findings)
{
    struct checked checked = { .history = history, .findings = findings, .n_workers = 1 };
    *findings = (struct findings){ 0 };
    if (!makes_sense(&checked))
        return;
    checked.word_delivered = word_of(history, "delivered");
    checked.word_duplicate = word_of(history, "duplicate");
    checked.word_resend = word_of(history, "resend");
    checked.word_throttled = word_of(history, "throttled");
    read_targets(&checked);
    read_deliveries(&checked);
    read_fates(&checked);
    losses_read(&checked);
    check_ends(&checked);
    check_windows(&checked);
    check_kafka(&checked);
    check_calls(&checked);
    check_executions(&checked);
    check_memory(&checked);
    check_replays(&checked);
    check_traces(&checked);
    check_lanes(&checked);
    check_state(&checked);
    check_counts(&checked);
    check_rest(&checked);
    free(checked.fates);
    free(checked.deliveries);
    free(checked.first_of);
    losses_release(&checked);
}

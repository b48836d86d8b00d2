/* walk_rules.c: what must hold, whatever happened. */
#include "tests/story/rest.h"
#include "tests/story/walk.h"

#include <stdlib.h>

/* ---- at each step --------------------------------------------------------------------------------------------------------- */

static void
adds_up(struct walk *walk, const struct target_stats *stats, uint32_t row)
{
    uint64_t opened = stats->opened[0], terminal = 0, inflight = 0;
    for (unsigned i = 0; i < TERMINAL_COUNT; i++)
        terminal += stats->terminal[i];
    for (unsigned i = 0; i < STAGE_COUNT; i++)
        inflight += stats->inflight[i];
    if (opened != terminal + inflight)
        walk_fail(walk, "row %u: opened %lu, terminal %lu, in flight %lu", row, opened, terminal, inflight);
}

/* Calls under way when the limit fell may be more than it for a while, and none is begun meanwhile. */
static void
uses_its_slots(struct walk *walk, const struct target_stats *stats, uint32_t target)
{
    const struct target_policy *policy = &walk->config.targets[target];
    uint32_t slots = stats->calls_inflight, before = walk->slots[target];
    if (slots < walk->calls[target] || slots > policy->concurrency)
        walk_fail(walk, "target %u: %u slots, %u calls", target, slots, walk->calls[target]);
    if (slots > stats->calls_limit && slots > before)
        walk_fail(walk, "target %u: %u slots, %u before, the limit is %u", target, slots, before, stats->calls_limit);
    if (stats->calls_limit < 1 || stats->calls_limit > policy->concurrency)
        walk_fail(walk, "target %u: a limit of %u", target, stats->calls_limit);
    if (policy->rate_per_hour && (stats->rate_per_hour == 0 || stats->rate_per_hour > policy->rate_per_hour))
        walk_fail(walk, "target %u: %lu an hour", target, stats->rate_per_hour);
    walk->slots[target] = slots;
    walk->slowed += stats->calls_limit < policy->concurrency || stats->rate_per_hour != policy->rate_per_hour;
}

void
rules_at_step(struct walk *walk)
{
    const struct engine_stats *stats = engine_stats(walk->engine);
    for (uint32_t i = 0; i < WALK_TARGETS + 2; i++)
        adds_up(walk, &stats->targets[i], i);
    for (uint32_t i = 0; i < WALK_TARGETS; i++)
        uses_its_slots(walk, &stats->targets[i], i);
    enum { LATE_MS = 200 };
    if (walk->revoke_by_ms > 0 && walk->now > walk->revoke_by_ms + LATE_MS)
        walk_fail(walk, "a revoke is not answered in time");
    if (walk->shutdown_by_ms > 1 && walk->now > walk->shutdown_by_ms + LATE_MS)
        walk_fail(walk, "a shutdown does not end in time");
}

/* ---- commits -------------------------------------------------------------------------------------------------------------- */

static bool
has_end(const struct walk *walk, const struct item *item, uint32_t target)
{
    const struct key *key = &walk->keys[(size_t)item->id * WALK_TARGETS + target];
    enum claim_state state = key->value.state;
    bool ended = state == CLAIM_STATE_DONE || state == CLAIM_STATE_DEAD || state == CLAIM_STATE_UNCONFIRMED;
    return (ended && key->value.fp == item->fp) || item->fates[target].ignored;
}

/* The targets an event goes to by the routes of walk.c, as bits; the last bit is "no route". */
static uint32_t
targets_of(const struct walk *walk, const struct item *item)
{
    switch (item->kind) {
    case EVENT_NOTICE:
        return 1;
    case EVENT_ALERT_GENERATED:
        return 2;
    case EVENT_INCIDENT_GENERATED:
        return 3;
    case EVENT_INCIDENT_UPDATED:
    case EVENT_KIND_COUNT:
        break;
    }
    return walk->config.n_routes == 4 ? 0 : 4;
}

/* epoch 0: in whatever assignment. */
static bool
is_terminal(const struct walk *walk, const struct item *item, uint32_t target, uint32_t epoch)
{
    const struct fate *fate = &item->fates[target];
    if (epoch == 0 ? fate->acked_epoch || fate->parked_epoch : fate->acked_epoch == epoch || fate->parked_epoch == epoch)
        return true;
    return target < WALK_TARGETS && has_end(walk, item, target);
}

static void
is_finished(struct walk *walk, const struct logged *record, uint32_t epoch)
{
    if (record->n_items == 0 && (epoch ? record->fate.parked_epoch != epoch : record->fate.parked_epoch == 0))
        walk_fail(walk, "%u/%ld is passed over, but its dead letter is not written", record->partition, record->offset);
    for (uint32_t i = 0; i < record->n_items; i++) {
        const struct item *item = &walk->items[record->first_item + i];
        for (uint32_t target = 0; target <= WALK_TARGETS; target++)
            if (targets_of(walk, item) & 1u << target && !is_terminal(walk, item, target, epoch))
                walk_fail(walk, "%u/%ld is passed over, but e%u is open for target %u", record->partition, record->offset,
                          item->id, target);
    }
}

void
rules_at_commit(struct walk *walk, uint32_t reader, int64_t offset)
{
    uint32_t partition = walk->readers[reader].partition;
    if (offset < walk->readers[reader].sent)
        walk_fail(walk, "the commit of %u goes back from %ld to %ld", partition, walk->readers[reader].sent, offset);
    if (offset > walk->logs[partition].end)
        walk_fail(walk, "a commit of %ld, beyond the end of %u", offset, partition);
    walk->readers[reader].sent = offset;
    for (uint32_t i = walk->readers[reader].first; i < walk->logs[partition].n_log; i++) {
        const struct logged *record = &walk->records[walk->logs[partition].log[i]];
        if (record->offset >= offset)
            return;
        if (i >= walk->readers[reader].reached)
            walk_fail(walk, "%u/%ld is passed over and was never read", partition, record->offset);
        is_finished(walk, record, walk->epoch);
        walk->readers[reader].first = i + 1;
    }
}

/* ---- the journal ---------------------------------------------------------------------------------------------------------- */

static uint32_t
row_of(struct walk *walk, const char *name)
{
    for (uint32_t i = 0; i < WALK_TARGETS; i++)
        if (strcmp(walk->config.targets[i].name, name) == 0)
            return i;
    if (strcmp(name, "_none") != 0 && strcmp(name, "_drop") != 0)
        walk_fail(walk, "the journal speaks of a target %s", name);
    return WALK_TARGETS + (strcmp(name, "_drop") == 0);
}

void
rules_at_journal(struct walk *walk, const struct journal_entry *entry)
{
    uint32_t row = row_of(walk, entry->target);
    if (entry->what == JOURNAL_END) {
        if (entry->end == TERMINAL_ABANDONED)
            walk_fail(walk, "the journal tells of a delivery that is given up");
        walk->ends[row] += !entry->again;
        return;
    }
    char name[32] = { 0 };
    memcpy(name, entry->id.at, entry->id.size < sizeof(name) ? entry->id.size : sizeof(name) - 1);
    if (row >= WALK_TARGETS || entry->doubt == 0)
        walk_fail(walk, "%s is sent again for %s, doubt %u", name, entry->target, entry->doubt);
    else
        store_key(walk, (uint32_t)strtoul(name + 1, NULL, 10), row)->resends += !entry->again;
}

/* Each execution but the first was announced. */
void
rules_at_execution(struct walk *walk, uint32_t id, uint32_t target)
{
    const struct key *key = store_key(walk, id, target);
    if (key->executed > key->resends)
        walk_fail(walk, "e%u is carried out once more by target %u: %u times before, %u entries of the journal", id, target,
                  key->executed, key->resends);
}

/* One entry an end; more only where a parked one was fenced behind its entry. */
static void
ends_are_journaled(struct walk *walk)
{
    const struct engine_stats *stats = engine_stats(walk->engine);
    for (uint32_t row = 0; row < WALK_TARGETS + 2; row++) {
        const struct target_stats *target = &stats->targets[row];
        uint64_t ends = 0;
        for (unsigned i = 0; i < TERMINAL_COUNT; i++)
            ends += i == TERMINAL_ABANDONED ? 0 : target->terminal[i];
        if (walk->ends[row] < ends || walk->ends[row] > ends + target->fenced)
            walk_fail(walk, "row %u: %lu ends, %lu entries of the journal", row, ends, walk->ends[row]);
    }
}

/* ---- calls ---------------------------------------------------------------------------------------------------------------- */

static void
follows_lane(struct walk *walk, uint32_t target, uint32_t member)
{
    const struct item *item = &walk->items[member];
    uint32_t partition = walk->records[item->record].partition;
    uint64_t place = (uint64_t)walk->records[item->record].offset * 1000 + (member - walk->records[item->record].first_item);
    if (walk->config.targets[target].order == ORDER_NONE)
        return;
    if (walk->lanes[target][partition][item->incident].epoch == walk->epoch &&
        place < walk->lanes[target][partition][item->incident].place)
        walk_fail(walk, "e%u overtook its lane", item->id);
    walk->lanes[target][partition][item->incident].epoch = walk->epoch;
    walk->lanes[target][partition][item->incident].place = place;
}

static bool
is_one_lane(const struct walk *walk, const struct item *a, const struct item *b)
{
    return a->incident == b->incident && walk->records[a->record].partition == walk->records[b->record].partition;
}

void
rules_at_call(struct walk *walk, uint32_t target, const uint32_t *members, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct item *item = &walk->items[members[i]];
        if (!(targets_of(walk, item) & 1u << target))
            walk_fail(walk, "e%u is none of target %u", item->id, target);
        for (uint32_t j = 0; j < i; j++) {
            const struct item *other = &walk->items[members[j]];
            if (item->id == other->id)
                walk_fail(walk, "e%u is twice in one call", item->id);
            if (walk->config.targets[target].order == ORDER_KEY && is_one_lane(walk, item, other))
                walk_fail(walk, "e%u and e%u of one lane are in one call", other->id, item->id);
        }
        follows_lane(walk, target, members[i]);
    }
}

/* ---- at rest -------------------------------------------------------------------------------------------------------------- */

void
rules_at_rest(struct walk *walk)
{
    const char *left = rest_of(walk->engine);
    if (left)
        walk_fail(walk, "%s", left);
    ends_are_journaled(walk);
    if (walk->n_freed != walk->n_handles)
        walk_fail(walk, "%u records given, %u given back", walk->n_handles, walk->n_freed);
    for (uint32_t i = 0; i < walk->n_records; i++)
        is_finished(walk, &walk->records[i], 0);
}

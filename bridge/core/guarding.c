/* guarding.c: a flood of dead letters is held: what is about to be parked waits as HELD with its claim kept, and the partitions
 * it came from are paused.
 *
 * Each target has a guard, and so has what no route matches. Only what a repaired backend or configuration would end otherwise
 * counts and is held. One of the held is called again every 10 s; after five in a row that were acknowledged, or when an operator
 * says resume, all of them are. What no route matches cannot be called: it waits for the operator. */
#include "bridge/core/state.h"

enum { GUARD_PROBE_MS = 10000, GUARD_PASSES = 5 };
enum mark { MARK_NONE, MARK_PROBE, MARK_LET_PASS };     /* of what is called again */

static struct guard *
guard_of(struct engine *engine, int target)
{
    return &engine->guards[target >= 0 ? (uint32_t)target : engine->config.n_targets];
}

struct list *
guard_held(struct engine *engine, const struct delivery *delivery)
{
    return &guard_of(engine, delivery->target)->held;
}

static bool
is_guarded(enum reason reason)
{
    switch (reason) {
    case REASON_NO_ROUTE:
    case REASON_REJECTED:
    case REASON_AUTH:
    case REASON_CONFIG:
    case REASON_TOO_LARGE:
    case REASON_BUDGET:
        return true;
    case REASON_BAD_INPUT:
    case REASON_EXPIRED:
    case REASON_CONFLICT:
    case REASON_UNCONFIRMED:
    case REASON_COUNT:
        break;
    }
    return false;
}

static void
note(struct engine *engine, const struct guard *guard, enum note what)
{
    uint32_t index = (uint32_t)(guard - engine->guards);
    todo_push(engine, EFFECT_NOTE, index, what);
    TRACE(engine, index < engine->config.n_targets ? engine->config.targets[index].name : "_none", "guard %s",
          what == NOTE_GUARD_ON ? "on" : "off");
}

/* A guard that is on holds everything; one that is off counts, until it is a flood. */
bool
guard_holds(struct engine *engine, const struct delivery *delivery)
{
    struct guard *guard = guard_of(engine, delivery->target);
    if (!is_guarded(delivery->reason) || delivery->let_pass || is_orphan(engine, delivery->record))
        return false;
    if (guard->on) {
        guard->passed = 0;
        return true;
    }
    if (!guard_floods(guard, &engine->config.guard, engine->now_ms))
        return false;
    guard->on = true;
    guard->passed = 0;
    guard->probe_ms = engine->now_ms + GUARD_PROBE_MS;
    note(engine, guard, NOTE_GUARD_ON);
    return true;
}

/* A partition is paused while something that it gave is held. Held ones are of the present assignment: a drain and a loss give
 * them up. */
void
guard_entered(struct engine *engine, const struct delivery *delivery)
{
    engine->partitions[delivery->record->partition].held++;
    engine->review = true;
}

void
guard_left(struct engine *engine, const struct delivery *delivery)
{
    struct partition *partition = &engine->partitions[delivery->record->partition];
    check(delivery->record->epoch == engine->epoch && partition->held > 0);
    if (--partition->held == 0)
        engine->review = true;
}

/* The first of the held, as many as go into one call. */
static void
call_again(struct engine *engine, struct guard *guard, uint32_t most, enum mark mark)
{
    struct target *target = &engine->targets[guard - engine->guards];
    struct batch *batch = batch_open(engine, target);
    uint64_t bytes = 0;
    struct node *node;
    while (batch->members.size < most && (node = list_first(&guard->held))) {
        struct delivery *delivery = LIST_ENTRY(node, struct delivery, link);
        if (batch->members.size > 0 && bytes + delivery->bytes > target->policy->batch_bytes)
            break;
        bytes += delivery->bytes;
        delivery->is_probe = mark == MARK_PROBE;
        delivery->let_pass = mark == MARK_LET_PASS;
        batch->sends = delivery->calls;
        batch_add(batch, delivery);
        delivery_move(engine, delivery, DELIVERY_BACKOFF);
    }
    batch->outcome = OUTCOME_REJECTED;
    batch->state = BATCH_READY;
    list_append(&target->ready, &batch->link);
}

static void
park_held(struct engine *engine, struct guard *guard)
{
    struct delivery *delivery = LIST_ENTRY(list_first(&guard->held), struct delivery, link);
    delivery->let_pass = true;
    park(engine, delivery, delivery->reason);
}

static void
end(struct engine *engine, struct guard *guard, enum mark mark)
{
    uint32_t index = (uint32_t)(guard - engine->guards);
    guard->on = false;
    guard_forget(guard);
    note(engine, guard, NOTE_GUARD_OFF);
    while (list_first(&guard->held)) {
        if (index == engine->config.n_targets)
            park_held(engine, guard);
        else
            call_again(engine, guard, engine->config.targets[index].batch_messages, mark);
    }
}

void
guards_resume(struct engine *engine)
{
    for (uint32_t i = 0; i <= engine->config.n_targets; i++)
        if (engine->guards[i].on)
            end(engine, &engine->guards[i], MARK_LET_PASS);
}

/* Those that were called again tell whether it is over; where none is held, whoever is acknowledged does. */
static void
pass(struct engine *engine, struct guard *guard, const struct delivery *delivery)
{
    if (!delivery->is_probe && list_first(&guard->held))
        return;
    if (++guard->passed >= GUARD_PASSES)
        end(engine, guard, MARK_NONE);
}

/* What was about to be parked has been counted then. What no route matches is compared with all that ends. */
void
guards_saw(struct engine *engine, const struct delivery *delivery, enum terminal terminal)
{
    struct guard *guard = guard_of(engine, delivery->target), *none = guard_of(engine, TARGET_NONE);
    bool parked = terminal == TERMINAL_PARKED;
    bool bad_input = delivery->target == TARGET_NONE;       /* or no route, which has been counted */
    if (terminal == TERMINAL_ABANDONED || bad_input)
        return;
    guard_ended(none, &engine->config.guard, engine->now_ms);
    if (delivery->target == TARGET_DROP || (parked && is_guarded(delivery->reason)))
        return;
    guard_ended(guard, &engine->config.guard, engine->now_ms);
    if (guard->on && terminal == TERMINAL_DELIVERED)
        pass(engine, guard, delivery);
}

static bool
may_probe(const struct engine *engine, const struct guard *guard)
{
    return guard->on && list_first(&guard->held) && !engine->paused && !engine->drain.active;
}

void
guard_probe_due(struct engine *engine, uint32_t target)
{
    struct guard *guard = &engine->guards[target];
    if (!may_probe(engine, guard) || guard->probe_ms > engine->now_ms)
        return;
    guard->probe_ms = engine->now_ms + GUARD_PROBE_MS;
    call_again(engine, guard, 1, MARK_PROBE);
}

ms_t
guard_deadline(const struct engine *engine, uint32_t target)
{
    const struct guard *guard = &engine->guards[target];
    return may_probe(engine, guard) ? guard->probe_ms : MS_NEVER;
}

void
guards_give_up(struct engine *engine)
{
    struct node *node;
    for (uint32_t i = 0; i <= engine->config.n_targets; i++)
        while ((node = list_first(&engine->guards[i].held)))
            give_up(engine, LIST_ENTRY(node, struct delivery, link));
}

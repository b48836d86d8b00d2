/* calling.c: a batch from its claims to the outcome of its call. */
#include "bridge/core/state.h"

#include <string.h>

enum { COPY_WAIT_MS = 20, BATCH_IDS = 256 };      /* a table twice as large as any batch; id_mark fits it */

void
batch_release_slot(struct batch *batch)
{
    check(batch->target->slots > 0);
    batch->target->slots--;
}

void
batch_drop(struct engine *engine, struct batch *batch)
{
    switch (batch->state) {
    case BATCH_CLAIMING:
    case BATCH_RENEWING:
        rate_give_back(&batch->target->rate);
        if (!MUTATED(slot_kept_waiting))
            batch_release_slot(batch);
        break;
    case BATCH_READY:
        list_remove(&batch->target->ready, &batch->link);
        break;
    case BATCH_BACKOFF:
        list_remove(&batch->target->resting, &batch->link);
        break;
    case BATCH_CALLING:
    case BATCH_FREE:
        break;
    }
    batch_free(engine, batch);
}

/* It was told to wait while claims were asked for: slot and token go back, the claims are kept. */
static void
hold_back(struct engine *engine, struct batch *batch)
{
    for (struct node *node = list_first(&batch->members); node; node = list_next(&batch->members, node)) {
        struct delivery *delivery = LIST_ENTRY(node, struct delivery, link);
        if (delivery->state == DELIVERY_CLAIMING)
            delivery_move(engine, delivery, DELIVERY_BACKOFF);
    }
    rate_give_back(&batch->target->rate);
    batch_release_slot(batch);
    batch_ready(engine, batch, READY_LAST);
}

/* Where an id begins to be looked for: by its last bytes, as ids differ there. The last of them is made the lowest, because a
 * product carries upwards. */
static uint32_t
id_mark(const struct delivery *delivery)
{
    uint64_t tail = delivery->id_size;
    size_t size = delivery->id_size < sizeof(tail) ? delivery->id_size : sizeof(tail);
    memcpy(&tail, delivery->id + delivery->id_size - size, size);
    return (uint32_t)(__builtin_bswap64(tail) * UINT64_C(0x9e3779b97f4a7c15) >> 56);
}

/* Whether the batch names its id already; else it does now. */
static bool
is_copy(const struct delivery *seen[BATCH_IDS], const struct delivery *delivery)
{
    uint32_t i = id_mark(delivery);
    for (; seen[i]; i = (i + 1) % BATCH_IDS)
        if (slice_eq(delivery_id(seen[i]), delivery_id(delivery)))
            return true;
    seen[i] = delivery;
    return false;
}

/* A store that forgot, or was done without, may have given one id to two copies of it. A batch that names it twice is refused as
 * a whole: the later one waits for the end of the first. Cheap, as it is asked of each batch. */
static void
set_copies_apart(struct engine *engine, struct batch *batch)
{
    const struct delivery *seen[BATCH_IDS] = { NULL };
    struct node *next;
    check(batch->members.size <= BATCH_IDS / 2);
    for (struct node *node = list_first(&batch->members); node; node = next) {
        struct delivery *delivery = LIST_ENTRY(node, struct delivery, link);
        next = list_next(&batch->members, node);
        if (!is_copy(seen, delivery))
            continue;
        TRACE(engine, delivery->id, "is in this batch already");
        claim_unkeep(engine, delivery);
        delivery->dispatch = 0;
        delivery->doubt_unwritten = false;
        wait_for_other(engine, delivery, COPY_WAIT_MS);
    }
}

/* All is answered: the call goes out, or the slot goes back. No call begins for an assignment that is over. */
static void
call_or_drop(struct engine *engine, struct batch *batch)
{
    struct node *node;
    while ((node = list_first(&batch->members))) {
        struct delivery *delivery = LIST_ENTRY(node, struct delivery, link);
        if (!is_orphan(engine, delivery->record))
            break;
        give_up(engine, delivery);
    }
    if (batch->members.size > 1 && !MUTATED(equal_ids_in_batch))
        set_copies_apart(engine, batch);
    if (!list_first(&batch->members))
        batch_drop(engine, batch);
    else if (batch->target->throttled_until_ms > engine->now_ms)
        hold_back(engine, batch);
    else
        call_begin(engine, batch);
}

void
batch_claimed(struct engine *engine, struct batch *batch)
{
    check(batch->pending > 0);
    if (--batch->pending == 0)
        call_or_drop(engine, batch);
}

/* Asked of each member and not counted: one whose lease grew old beside a slower one is renewed twice, and so is one that was
 * being marked as idle when the batch's turn came. */
void
batch_renewed(struct engine *engine, struct batch *batch)
{
    bool renewing = false;
    for (struct node *node = list_first(&batch->members); node; node = list_next(&batch->members, node)) {
        struct delivery *delivery = LIST_ENTRY(node, struct delivery, link);
        if (delivery->marked_idle && !MUTATED(idle_left))
            claim_renew_in_doubt(engine, delivery);
        renewing |= delivery->renewing;
    }
    if (!renewing)
        call_or_drop(engine, batch);
}

static void
count_call(struct engine *engine, struct batch *batch)
{
    struct target_stats *stats = target_stats(engine, (int)batch->target->index);
    stats->messages += batch->members.size;
    if (batch->sends++ > 0)
        stats->retries[batch->outcome]++;
}

void
call_begin(struct engine *engine, struct batch *batch)
{
    batch->state = BATCH_CALLING;
    batch->serial++;
    batch->called_ms = engine->now_ms;
    batch->target->new_waits = false;
    batch->credential = batch->target->credential.serial;
    if (batch->target->pause != TARGET_RUNNING)
        batch->target->probe_ms = engine->now_ms + PAUSED_PROBE_MS;
    if (batch->failures == 0)
        batch->delivered_before = batch->target->delivered;
    for (struct node *node = list_first(&batch->members); node; node = list_next(&batch->members, node)) {
        struct delivery *delivery = LIST_ENTRY(node, struct delivery, link);
        bool called_as_idle = delivery->marked_idle && !MUTATED(idle_left);
        check(!called_as_idle);
        delivery_move(engine, delivery, DELIVERY_CALLING);
        if (MUTATED(commit_before_ack))
            record_leave_window(engine, delivery->record);
        if (MUTATED(lane_released_early))
            delivery_leave_lane(engine, delivery);
        journal_resend(engine, delivery);       /* taken over, or replayed; an own doubt stands there since its renewal */
    }
    count_call(engine, batch);
    trace_batch(engine, batch, "call");
    todo_push(engine, EFFECT_CALL, batch->slot, batch->serial);
}

/* What the journal will say, and the dead letter, should it come to one. */
static void
remember_answer(struct batch *batch, const struct verdict *verdict)
{
    for (struct node *node = list_first(&batch->members); node; node = list_next(&batch->members, node))
        delivery_note_answer(LIST_ENTRY(node, struct delivery, link), verdict);
}

static void
call_delivered(struct engine *engine, struct batch *batch)
{
    struct node *node;
    trace_batch(engine, batch, "delivered");
    target_succeeded(engine, batch->target);
    while ((node = list_first(&batch->members)))
        settle(engine, LIST_ENTRY(node, struct delivery, link), CLAIM_STATE_DONE, TERMINAL_DELIVERED);
    batch_free(engine, batch);
}

static void
to_backoff(struct engine *engine, struct batch *batch)
{
    for (struct node *node = list_first(&batch->members); node; node = list_next(&batch->members, node))
        delivery_move(engine, LIST_ENTRY(node, struct delivery, link), DELIVERY_BACKOFF);
}

void
call_answered(struct engine *engine, const struct input *input)
{
    struct batch *batch = batch_of(engine, input->called.tag);
    if (!batch || batch->state != BATCH_CALLING) {
        engine->stats.stale_answers++;
        TRACE(engine, "engine", "stale call answer");
        return;
    }
    const struct verdict *verdict = &input->called.verdict;
    target_stats(engine, (int)batch->target->index)->calls[verdict->outcome]++;
    if (!input->called.lease_over)
        target_felt(engine, batch, verdict);
    batch_release_slot(batch);
    batch->outcome = verdict->outcome;
    remember_answer(batch, verdict);
    bool doubted = MUTATED(slow_doubted) && engine->now_ms - batch->called_ms > batch->target->policy->call_timeout_ms / 50;
    if (verdict->outcome == OUTCOME_DELIVERED && !doubted) {
        call_delivered(engine, batch);
        return;
    }
    TRACE(engine, batch->target->policy->name, "%s %u, code %d/%s", outcome_name(verdict->outcome), batch->members.size,
          verdict->status, verdict->code[0] ? verdict->code : "-");
    to_backoff(engine, batch);
    if (input->called.lease_over)
        retry_renewed(engine, batch, verdict);
    else
        retry(engine, batch, verdict);
}

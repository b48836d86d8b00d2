/* calling.c: a batch from its claims to the outcome of its call. */
#include "bridge/core/state.h"

#include <string.h>

void
batch_release_slot(struct engine *engine, struct batch *batch)
{
    (void)engine;
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
        batch_release_slot(engine, batch);
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
    if (list_first(&batch->members))
        call_begin(engine, batch);
    else
        batch_drop(engine, batch);
}

void
batch_claimed(struct engine *engine, struct batch *batch)
{
    check(batch->pending > 0);
    if (--batch->pending == 0)
        call_or_drop(engine, batch);
}

/* Asked of each member and not counted: one whose lease grew old beside a slower one is renewed twice. */
void
batch_renewed(struct engine *engine, struct batch *batch)
{
    for (struct node *node = list_first(&batch->members); node; node = list_next(&batch->members, node))
        if (LIST_ENTRY(node, struct delivery, link)->renewing)
            return;
    call_or_drop(engine, batch);
}

/* A message with doubt may have been carried out before: at a backend that does not filter repeats it may come twice. */
static void
count_call(struct engine *engine, struct batch *batch)
{
    struct target_stats *stats = target_stats(engine, (int)batch->target->index);
    stats->messages += batch->members.size;
    if (batch->sends++ > 0)
        stats->retries[batch->outcome]++;
    if (batch->target->policy->backend->filters_repeats)
        return;
    for (struct node *node = list_first(&batch->members); node; node = list_next(&batch->members, node))
        stats->possible_duplicates += LIST_ENTRY(node, struct delivery, link)->doubt > 0;
}

void
call_begin(struct engine *engine, struct batch *batch)
{
    batch->state = BATCH_CALLING;
    batch->serial++;
    batch->called_ms = engine->now_ms;
    if (batch->target->pause != TARGET_RUNNING)
        batch->target->probe_ms = engine->now_ms + PAUSED_PROBE_MS;
    if (batch->failures == 0)
        batch->delivered_before = batch->target->delivered;
    for (struct node *node = list_first(&batch->members); node; node = list_next(&batch->members, node)) {
        struct delivery *delivery = LIST_ENTRY(node, struct delivery, link);
        delivery_move(engine, delivery, DELIVERY_CALLING);
        delivery->calls++;
        delivery->last_ms = engine->wall_ms;
        if (delivery->first_ms == 0)
            delivery->first_ms = engine->wall_ms;
    }
    count_call(engine, batch);
    trace_batch(engine, batch, "call");
    todo_push(engine, EFFECT_CALL, batch->slot, batch->serial);
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

/* What the dead letter will say, should it come to one. */
static void
remember_code(struct batch *batch, const struct verdict *verdict)
{
    for (struct node *node = list_first(&batch->members); node; node = list_next(&batch->members, node)) {
        struct delivery *delivery = LIST_ENTRY(node, struct delivery, link);
        delivery->status = verdict->status;
        memcpy(delivery->code, verdict->code, sizeof(delivery->code));
    }
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
    batch_release_slot(engine, batch);
    batch->outcome = verdict->outcome;
    if (verdict->outcome == OUTCOME_DELIVERED) {
        call_delivered(engine, batch);
        return;
    }
    TRACE(engine, batch->target->policy->name, "%s %u, code %d/%s", outcome_name(verdict->outcome), batch->members.size,
          verdict->status, verdict->code[0] ? verdict->code : "-");
    remember_code(batch, verdict);
    to_backoff(engine, batch);
    if (input->called.lease_over)
        retry_renewed(engine, batch, verdict);
    else
        retry(engine, batch, verdict);
}

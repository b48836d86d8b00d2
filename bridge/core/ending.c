/* ending.c: how a delivery ends: its end is written to the store, its dead letter to the dead-letter topic. */
#include "bridge/core/state.h"

enum { SETTLE_AGAIN_FIRST_MS = 20, SETTLE_AGAIN_MAX_MS = 1000, PARK_AGAIN_MS = 1000, FENCED_WAIT_MS = 20 };

void
wait_for_other(struct engine *engine, struct delivery *delivery, ms_t wait_ms)
{
    delivery_move(engine, delivery, DELIVERY_WAITING);
    if (is_orphan(engine, delivery->record))
        delivery_done(engine, delivery, TERMINAL_ABANDONED);
    else
        timers_set(&engine->timers, &delivery->timer, engine->now_ms + wait_ms);
}

/* Its entry rides in the pipeline of its end, in front of it. Who is given up is not at his end. */
static void
push_settle(struct engine *engine, struct delivery *delivery)
{
    struct tag tag = delivery_tag(delivery);
    if (delivery->terminal != TERMINAL_ABANDONED)
        journal_end(engine, delivery);
    todo_push(engine, EFFECT_SETTLE, tag.slot, tag.serial);
}

void
settle(struct engine *engine, struct delivery *delivery, enum claim_state end, enum terminal terminal)
{
    delivery->end = end;
    delivery->terminal = terminal;
    delivery->asks = 0;
    delivery->renewing = delivery->journal_again = false;
    delivery_move(engine, delivery, DELIVERY_SETTLING);
    push_settle(engine, delivery);
}

void
settle_again(struct engine *engine, struct delivery *delivery)
{
    delivery->journal_again = true;
    push_settle(engine, delivery);
}

/* It stays, and its record with it, until its journal entry was pulled. */
void
end_here(struct engine *engine, struct delivery *delivery, enum terminal terminal)
{
    delivery->terminal = terminal;
    delivery->journal_again = false;
    delivery_move(engine, delivery, DELIVERY_ENDING);
    (void)delivery_tag(delivery);       /* what is still under way for it is stale from here on */
    journal_end(engine, delivery);
}

static void
settle_unknown(struct engine *engine, struct delivery *delivery)
{
    ms_t wait = SETTLE_AGAIN_FIRST_MS << (delivery->asks < 6 ? delivery->asks : 6);
    delivery->asks++;
    timers_set(&engine->timers, &delivery->timer, engine->now_ms + (wait > SETTLE_AGAIN_MAX_MS ? SETTLE_AGAIN_MAX_MS : wait));
}

/* Another owner took over. A done mark needs no owner; what was abandoned is the other's now; a parked
 * one waits for the other's end. */
static void
settle_fenced(struct engine *engine, struct delivery *delivery)
{
    target_stats(engine, delivery->target)->fenced++;
    if (delivery->end == CLAIM_STATE_DONE || delivery->terminal == TERMINAL_ABANDONED) {
        delivery_done(engine, delivery, delivery->terminal);
        return;
    }
    TRACE(engine, delivery->id, "fenced");
    claim_unkeep(engine, delivery);
    delivery->dispatch = 0;
    wait_for_other(engine, delivery, FENCED_WAIT_MS);
}

/* While the timer of asking again runs, nothing is out: an answer then is the last one once more. In PARKING the timer is the
 * dead letter's and says nothing about a renewal. */
static bool
is_asked_later(const struct delivery *delivery)
{
    return delivery->state != DELIVERY_PARKING && timer_is_set(&delivery->timer);
}

void
settle_answered(struct engine *engine, const struct input *input)
{
    struct delivery *delivery = delivery_of(engine, input->settled.tag);
    if (delivery && is_asked_later(delivery))
        delivery = NULL;
    if (delivery && delivery->renewing && delivery->state != DELIVERY_SETTLING) {
        renew_answered(engine, delivery, input->settled.answer);
        return;
    }
    if (!delivery || delivery->state != DELIVERY_SETTLING) {
        engine->stats.stale_answers++;
        TRACE(engine, "engine", "stale settle answer");
        return;
    }
    switch (input->settled.answer) {
    case SETTLE_OK:
        delivery_done(engine, delivery, delivery->terminal);
        return;
    case SETTLE_FENCED:
        settle_fenced(engine, delivery);
        return;
    case SETTLE_UNKNOWN:
        settle_unknown(engine, delivery);
        return;
    }
}

/* X says that it was never carried out. Whatever else it is parked for, a doubt is kept: a replay has to know of it. */
static enum claim_state
parked_end(const struct delivery *delivery)
{
    bool doubtful = delivery->reason == REASON_UNCONFIRMED || (delivery->doubt > 0 && !MUTATED(dead_in_doubt));
    return doubtful ? CLAIM_STATE_UNCONFIRMED : CLAIM_STATE_DEAD;
}

static void
push_park(struct engine *engine, struct delivery *delivery)
{
    struct tag tag = delivery_tag(delivery);
    todo_push(engine, EFFECT_PARK, tag.slot, tag.serial);
}

void
park(struct engine *engine, struct delivery *delivery, enum reason reason)
{
    delivery->reason = reason;
    delivery->renewing = false;
    if (guard_holds(engine, delivery)) {
        delivery_move(engine, delivery, DELIVERY_HELD);
        claim_mark_idle(engine, delivery);
        TRACE(engine, delivery->id, "held, %s", reason_name(reason));
        return;
    }
    delivery_move(engine, delivery, DELIVERY_PARKING);
    TRACE(engine, delivery->id_size ? delivery->id : "record", "park %s", reason_name(reason));
    push_park(engine, delivery);
    if (MUTATED(dead_before_letter) && delivery->claimed) {
        delivery->end = parked_end(delivery);
        todo_push(engine, EFFECT_SETTLE, delivery->slot, delivery->serial);
    }
}

/* An orphan's letter is for the next owner to write. The new tag makes the answer of a renewal that is out stale: it is out no
 * more. */
void
park_again(struct engine *engine, struct delivery *delivery)
{
    if (is_orphan(engine, delivery->record) && !MUTATED(orphan_kept)) {
        give_up(engine, delivery);
        return;
    }
    delivery->renewing = false;
    push_park(engine, delivery);
}

static void
letter_refused(struct engine *engine, struct delivery *delivery)
{
    if (is_orphan(engine, delivery->record) && !MUTATED(orphan_kept))
        give_up(engine, delivery);
    else
        timers_set(&engine->timers, &delivery->timer, engine->now_ms + PARK_AGAIN_MS);
}

/* The dead letter first, then the end in the store, then the window. What owns no key is over with the dead letter. */
void
park_answered(struct engine *engine, const struct input *input)
{
    struct delivery *delivery = delivery_of(engine, input->parked.tag);
    if (!delivery || delivery->state != DELIVERY_PARKING || timer_is_set(&delivery->timer)) {
        engine->stats.stale_answers++;
        TRACE(engine, "engine", "stale park answer");
        return;
    }
    if (!input->parked.ok && !MUTATED(letter_not_awaited)) {
        letter_refused(engine, delivery);
        return;
    }
    if (!delivery->claimed) {
        end_here(engine, delivery, TERMINAL_PARKED);
        return;
    }
    settle(engine, delivery, parked_end(delivery), TERMINAL_PARKED);
}

/* Released when it was surely not sent; else the next owner is told that it may have been. Where Redis forgot whether it was, it
 * may have been. */
void
give_up(struct engine *engine, struct delivery *delivery)
{
    if (delivery->state == DELIVERY_PARKING && delivery->reason == REASON_UNCONFIRMED && delivery->doubt == 0)
        delivery->doubt = 1;
    TRACE(engine, delivery->id_size ? delivery->id : "record", "given up, doubt %u", delivery->doubt);
    if (!delivery->claimed) {
        delivery_done(engine, delivery, TERMINAL_ABANDONED);
        return;
    }
    bool unsent = delivery->doubt == 0 || MUTATED(released_in_doubt);
    settle(engine, delivery, unsent ? CLAIM_STATE_RELEASED : CLAIM_STATE_CLAIMED, TERMINAL_ABANDONED);
}

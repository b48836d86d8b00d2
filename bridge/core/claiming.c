/* claiming.c: claims: asking for them, what their answers mean, and keeping them alive while a delivery is in custody. */
#include "bridge/core/state.h"

#include <string.h>

enum { ASK_AGAIN_FIRST_MS = 20, ASK_AGAIN_MAX_MS = 1000, RENEW_AGAIN_MS = 200 };

void
claim_ask(struct engine *engine, struct delivery *delivery)
{
    if (delivery->dispatch == 0)
        delivery->dispatch = ++engine->next_dispatch;
    struct tag tag = delivery_tag(delivery);
    todo_push(engine, EFFECT_CLAIM, tag.slot, tag.serial);
}

/* Custody stands in the order of renew_ms: every entry is appended with the same third of a lease from now. */
void
claim_keep(struct engine *engine, struct delivery *delivery)
{
    struct target *target = &engine->targets[delivery->target];
    if (delivery->claimed)
        list_remove(&target->custody, &delivery->custody);
    delivery->claimed = true;
    delivery->renew_ms = engine->now_ms + target->policy->claim_lease_ms / 3;
    list_append(&target->custody, &delivery->custody);
}

void
claim_unkeep(struct engine *engine, struct delivery *delivery)
{
    if (!delivery->claimed)
        return;
    list_remove(&engine->targets[delivery->target].custody, &delivery->custody);
    delivery->claimed = false;
}

/* 20 ms, doubling to 1 s; never longer than the other's lease lasts. */
static void
ask_later(struct engine *engine, struct delivery *delivery, const struct claim_answer *answer)
{
    ms_t rest_ms = answer->rest_ms;
    ms_t wait = ASK_AGAIN_FIRST_MS << (delivery->asks < 6 ? delivery->asks : 6);
    wait = wait > ASK_AGAIN_MAX_MS ? ASK_AGAIN_MAX_MS : wait;
    if (rest_ms > 0 && rest_ms < wait)
        wait = rest_ms;
    delivery->asks++;
    struct batch *batch = delivery->batch;
    batch->target->new_waits = true;
    wait_for_other(engine, delivery, wait);
    if (answer->verdict == CLAIM_BUSY && answer->met_owner == engine->config.owner && delivery->state == DELIVERY_WAITING) {
        delivery->waits_for = answer->met_dispatch;
        engine->targets[delivery->target].waiting_here++;
    }
    batch_claimed(engine, batch);
}

void
claim_ended(struct engine *engine, struct target *target, uint64_t dispatch)
{
    struct node *next;
    if (target->waiting_here == 0 || dispatch == 0)
        return;
    for (struct node *node = list_first(&target->waiting); node; node = next) {
        struct delivery *delivery = LIST_ENTRY(node, struct delivery, link);
        next = list_next(&target->waiting, node);
        if (delivery->waits_for == dispatch)
            delivery_move(engine, delivery, DELIVERY_QUEUED);
    }
}

/* A replay that met U was decided by a person, who knew of the doubt. */
static bool
must_hold(const struct engine *engine, const struct delivery *delivery, const struct claim_answer *answer)
{
    const struct target_policy *policy = &engine->config.targets[delivery->target];
    if (delivery->replay && answer->verdict == CLAIM_RETRY)
        return false;
    return delivery->doubt > 0 && (policy->on_ambiguous == AMBIGUOUS_HOLD || delivery->doubt > policy->max_ambiguous);
}

void
claims_forgotten(struct engine *engine, const struct input *input)
{
    TRACE(engine, "engine", "redis forgot what it held");
    if (input->amnesia.until_ms > engine->forgot_ms && !MUTATED(amnesia_ignored))
        engine->forgot_ms = input->amnesia.until_ms;
    for (uint32_t i = 0; MUTATED(amnesia_shared) && i < engine->config.n_targets; i++) {
        const struct list *custody = &engine->targets[i].custody;
        for (struct node *node = list_first(custody); node; node = list_next(custody, node))
            LIST_ENTRY(node, struct delivery, custody)->doubt = 0;
    }
}

/* A free key says nothing about a record from before the loss: its done mark may be among what was forgotten. A first claim
 * whose reply was lost may have met a free key too: then it left the attempt that it was asked with, and what it met otherwise
 * counts one more. A record without a time may be from before. What is replayed, a person decided. */
static bool
is_forgotten(const struct engine *engine, const struct delivery *delivery, const struct claim_answer *answer, uint32_t asked_with)
{
    bool met_nothing = answer->verdict == CLAIM_FREE || (answer->verdict == CLAIM_MINE && answer->attempt <= asked_with);
    return met_nothing && engine->forgot_ms > 0 && !delivery->replay &&
           engine->config.targets[delivery->target].on_amnesia == AMNESIA_HOLD &&
           delivery->record->view->timestamp_ms < engine->forgot_ms;
}

bool
is_expired(const struct engine *engine, const struct delivery *delivery)
{
    if (MUTATED(old_is_expired) && engine->wall_ms - delivery->record->view->timestamp_ms > 15000)
        return true;
    return delivery->expires_ms != 0 && engine->wall_ms >= delivery->expires_ms;
}

static void
claim_ours(struct engine *engine, struct delivery *delivery, const struct claim_answer *answer)
{
    struct batch *batch = delivery->batch;
    bool forgotten = is_forgotten(engine, delivery, answer, delivery->claim_attempt ? delivery->claim_attempt : 1);
    delivery->asks = 0;
    delivery->claim_attempt = answer->attempt ? answer->attempt : 1;
    delivery->doubt = answer->doubt;
    delivery->doubt_journaled = 0;
    delivery->marked_idle = false;
    if (answer->first_sent_ms > 0)
        delivery->first_ms = answer->first_sent_ms;
    claim_keep(engine, delivery);
    if (is_orphan(engine, delivery->record)) {
        delivery->doubt += forgotten;       /* who comes next meets a value, and would believe it */
        give_up(engine, delivery);
    } else if (must_hold(engine, delivery, answer) || forgotten) {
        park(engine, delivery, REASON_UNCONFIRMED);
    } else if (is_expired(engine, delivery)) {
        park(engine, delivery, REASON_EXPIRED);
    }
    batch_claimed(engine, batch);
}

static void
claim_over(struct engine *engine, struct delivery *delivery, enum terminal terminal)
{
    struct batch *batch = delivery->batch;
    end_here(engine, delivery, terminal);
    batch_claimed(engine, batch);
}

/* Another event of its window was delivered in its place. A repeat of ours gets its done mark, also where the policy holds what
 * is in doubt: nothing is sent. */
static void
claim_repeat(struct engine *engine, struct delivery *delivery, struct slice leader)
{
    struct batch *batch = delivery->batch;
    check(leader.size > 0 && leader.size <= ID_BYTES_MAX);
    delivery->leader_size = (uint8_t)leader.size;
    memcpy(delivery->rare->leader, leader.at, leader.size);
    delivery->rare->leader[leader.size] = '\0';
    TRACE(engine, delivery->id, "repeat of %s", delivery->rare->leader);
    settle(engine, delivery, CLAIM_STATE_DONE, TERMINAL_DUPLICATE);
    batch_claimed(engine, batch);
}

/* The key was given back: what is asked for next is another custody. */
static void
claim_twin(struct engine *engine, struct delivery *delivery, const struct claim_answer *answer)
{
    delivery->dispatch = 0;
    ask_later(engine, delivery, answer);
}

static void
claim_conflict(struct engine *engine, struct delivery *delivery)
{
    struct batch *batch = delivery->batch;
    if (engine->config.targets[delivery->target].on_conflict == CONFLICT_IGNORE) {
        delivery->reason = REASON_CONFLICT;
        claim_over(engine, delivery, TERMINAL_DUPLICATE);
        return;
    }
    park(engine, delivery, REASON_CONFLICT);
    batch_claimed(engine, batch);
}

void
claim_answered(struct engine *engine, const struct input *input)
{
    struct delivery *delivery = delivery_of(engine, input->claimed.tag);
    if (!delivery || delivery->state != DELIVERY_CLAIMING) {
        engine->stats.stale_answers++;
        TRACE(engine, "engine", "stale claim answer");
        return;
    }
    const struct claim_answer *answer = &input->claimed.answer;
    delivery->serial++;         /* answered: the same answer once more is stale, while its neighbours' claims are out */
    target_stats(engine, delivery->target)->claims[answer->verdict]++;
    if (answer->verdict != CLAIM_FREE)
        TRACE(engine, delivery->id, "claim %s", claim_verdict_name(answer->verdict));
    switch (answer->verdict) {
    case CLAIM_FREE:
    case CLAIM_MINE:
    case CLAIM_RETRY:
    case CLAIM_TAKEOVER:
        claim_ours(engine, delivery, answer);
        return;
    case CLAIM_BUSY:
    case CLAIM_UNKNOWN:
        if (MUTATED(unknown_is_free) && answer->verdict == CLAIM_UNKNOWN)
            claim_ours(engine, delivery, answer);
        else
            ask_later(engine, delivery, answer);
        return;
    case CLAIM_DUPLICATE:
        claim_over(engine, delivery, TERMINAL_DUPLICATE);
        return;
    case CLAIM_CONFLICT:
        claim_conflict(engine, delivery);
        return;
    case CLAIM_REPEAT:
        claim_repeat(engine, delivery, answer->leader);
        return;
    case CLAIM_TWIN:
        claim_twin(engine, delivery, answer);
        return;
    case CLAIM_VERDICT_COUNT:
        break;
    }
    broken("a claim verdict out of range");
}

/* A tag of its own: the answer to an earlier renewal, given once more, must not stand for this one, which may be the first that
 * writes a doubt. Only in PARKING the tag stays: it is the dead letter's, which answers by another input, and no call follows. */
static void
renewal_begins(struct delivery *delivery)
{
    delivery->renewing = true;
    if (delivery->state != DELIVERY_PARKING)
        (void)delivery_tag(delivery);
}

static void
push_renew(struct engine *engine, const struct delivery *delivery)
{
    todo_push(engine, EFFECT_RENEW, delivery->slot, delivery->serial);
}

static void
claim_renew(struct engine *engine, struct delivery *delivery)
{
    if (delivery->renewing)
        return;
    renewal_begins(delivery);
    push_renew(engine, delivery);
}

/* The entry of the journal in front: both ride in one pipeline. */
void
claim_renew_in_doubt(struct engine *engine, struct delivery *delivery)
{
    bool under_way = delivery->renewing;
    if (!under_way)
        renewal_begins(delivery);
    journal_resend(engine, delivery);
    if (!under_way)
        push_renew(engine, delivery);
}

void
claim_mark_idle(struct engine *engine, struct delivery *delivery)
{
    if (delivery->claimed && !delivery->marked_idle)
        claim_renew(engine, delivery);
}

/* A claim in BACKOFF, HELD or PARKING is kept alive at a third of its lease. In CALLING the safe deadline covers the call; in
 * SETTLING the end itself is on its way. In PARKING it is kept no longer than that once its partition is gone: when Kafka
 * answers nobody knows, and the next owner waits for the key. */
static void
keep_alive(struct engine *engine, struct delivery *delivery)
{
    enum delivery_state state = delivery->state;
    if (state == DELIVERY_PARKING && !partitions_have(engine, delivery->record) && !MUTATED(orphan_kept))
        give_up(engine, delivery);
    else if (state == DELIVERY_BACKOFF || state == DELIVERY_PARKING || state == DELIVERY_HELD)
        claim_renew(engine, delivery);
}

void
custody_renew_due(struct engine *engine, struct target *target)
{
    struct node *node;
    while ((node = list_first(&target->custody))) {
        struct delivery *delivery = LIST_ENTRY(node, struct delivery, custody);
        if (delivery->renew_ms > engine->now_ms)
            return;
        claim_keep(engine, delivery);
        keep_alive(engine, delivery);
    }
}

ms_t
custody_deadline(const struct target *target)
{
    struct node *first = list_first(&target->custody);
    return first ? LIST_ENTRY(first, struct delivery, custody)->renew_ms : MS_NEVER;
}

/* FENCED: another owner took over while we waited. Only the other's end will end ours. */
static void
renew_lost(struct engine *engine, struct delivery *delivery)
{
    struct batch *batch = delivery->batch;
    target_stats(engine, delivery->target)->fenced++;
    TRACE(engine, delivery->id, "fenced");
    claim_unkeep(engine, delivery);
    if (delivery->state == DELIVERY_PARKING)
        return;
    delivery->dispatch = 0;
    delivery->doubt_unwritten = false;
    wait_for_other(engine, delivery, ASK_AGAIN_FIRST_MS);
    if (MUTATED(fenced_ends) && delivery->state == DELIVERY_WAITING)
        delivery_done(engine, delivery, TERMINAL_DUPLICATE);
    if (!batch)
        return;                         /* a guard held it */
    if (batch->state == BATCH_RENEWING)
        batch_renewed(engine, batch);
    else if (!list_first(&batch->members))
        batch_drop(engine, batch);
}

void
renew_answered(struct engine *engine, struct delivery *delivery, enum settle_answer answer)
{
    delivery->renewing = false;
    switch (answer) {
    case SETTLE_OK:
        delivery->lease_from_ms = delivery->renew_from_ms;
        delivery->doubt_unwritten = false;
        delivery->marked_idle = delivery->renews_idle;
        if (delivery->batch && delivery->batch->state == BATCH_RENEWING)
            batch_renewed(engine, delivery->batch);
        return;
    case SETTLE_FENCED:
        renew_lost(engine, delivery);
        return;
    case SETTLE_UNKNOWN:
        if (delivery->state == DELIVERY_PARKING || delivery->state == DELIVERY_HELD)
            return;                     /* its timer is the dead letter's; renewed at the next third of the lease */
        delivery->renewing = true;      /* asked again by timer; the wait keeps a dead store from spinning us */
        timers_set(&engine->timers, &delivery->timer, engine->now_ms + RENEW_AGAIN_MS);
        return;
    }
}

void
renew_again(struct engine *engine, struct delivery *delivery)
{
    if (!delivery->renewing)
        return;
    renewal_begins(delivery);
    if (delivery->batch->state == BATCH_RENEWING && delivery->doubt > 0 && delivery->doubt_journaled == delivery->doubt) {
        delivery->journal_again = true;
        todo_push(engine, EFFECT_JOURNAL, delivery->slot, delivery->serial);
    }
    push_renew(engine, delivery);
}

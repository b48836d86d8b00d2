/* delivery.c: the states of a delivery and the one function that moves it between them. */
#include "bridge/core/state.h"

#include <string.h>

#define TO(state) (1u << DELIVERY_##state)

static const struct {
    const char *name;
    enum stage stage;
    uint32_t next;      /* states it may go to */
} states[DELIVERY_STATE_COUNT] = {
    [DELIVERY_FREE]     = { "free",     STAGE_COUNT,    TO(RECEIVED) },
    [DELIVERY_RECEIVED] = { "received", STAGE_RECEIVED, TO(QUEUED) | TO(PARKING) | TO(HELD) | TO(ENDING) | TO(FREE) },
    [DELIVERY_QUEUED]   = { "queued",   STAGE_QUEUED,   TO(CLAIMING) | TO(FREE) },
    [DELIVERY_CLAIMING] = { "claiming", STAGE_CLAIMING,
                            TO(CALLING) | TO(BACKOFF) | TO(WAITING) | TO(PARKING) | TO(SETTLING) | TO(ENDING) },
    [DELIVERY_WAITING]  = { "waiting",  STAGE_WAITING,  TO(QUEUED) | TO(FREE) },
    [DELIVERY_CALLING]  = { "calling",  STAGE_CALLING,  TO(SETTLING) | TO(BACKOFF) },
    [DELIVERY_BACKOFF]  = { "backoff",  STAGE_BACKOFF,  TO(CALLING) | TO(PARKING) | TO(HELD) | TO(SETTLING) | TO(WAITING) },
    [DELIVERY_SETTLING] = { "settling", STAGE_SETTLING, TO(WAITING) | TO(FREE) },
    [DELIVERY_PARKING]  = { "parking",  STAGE_PARKING,  TO(SETTLING) | TO(ENDING) | TO(FREE) },
    [DELIVERY_ENDING]   = { "ending",   STAGE_SETTLING, TO(FREE) },
    [DELIVERY_HELD]     = { "held",     STAGE_PARKING,  TO(BACKOFF) | TO(PARKING) | TO(SETTLING) | TO(WAITING) | TO(FREE) },
};

const char *
delivery_state_name(enum delivery_state state)
{
    return states[state].name;
}

const char *
stage_name(enum stage stage)
{
    for (unsigned state = 0; state < DELIVERY_STATE_COUNT; state++)
        if (states[state].stage == stage)
            return states[state].name;
    return "?";
}

bool
delivery_step_allowed(enum delivery_state from, enum delivery_state to)
{
    return (states[from].next & (1u << to)) != 0;
}

/* The list that deliveries of a state stand in; NULL = in none. */
static struct list *
list_of(struct engine *engine, const struct delivery *delivery, enum delivery_state state)
{
    switch (state) {
    case DELIVERY_FREE:
        return &engine->free_deliveries;
    case DELIVERY_RECEIVED:
        return delivery->lane && delivery->link.next ? &delivery->lane->waiting : NULL;
    case DELIVERY_WAITING:
        return &engine->targets[delivery->target].waiting;
    case DELIVERY_CLAIMING:
    case DELIVERY_CALLING:
    case DELIVERY_BACKOFF:
        return &delivery->batch->members;
    case DELIVERY_SETTLING:
    case DELIVERY_ENDING:
        return &engine->settling;
    case DELIVERY_PARKING:
        return &engine->parking;
    case DELIVERY_HELD:
        return guard_held(engine, delivery);
    case DELIVERY_QUEUED:       /* a heap, not a list */
    case DELIVERY_STATE_COUNT:
        break;
    }
    return NULL;
}

static bool
in_batch(enum delivery_state state)
{
    return state == DELIVERY_CLAIMING || state == DELIVERY_CALLING || state == DELIVERY_BACKOFF;
}

static void
count_stage(struct engine *engine, const struct delivery *delivery, enum delivery_state from, enum delivery_state to)
{
    struct target_stats *stats = target_stats(engine, delivery->target);
    if (from != DELIVERY_FREE)
        stats->inflight[states[from].stage]--;
    if (to != DELIVERY_FREE)
        stats->inflight[states[to].stage]++;
}

static void
move(struct engine *engine, struct delivery *delivery, enum delivery_state to, bool head)
{
    enum delivery_state from = delivery->state;
    check(delivery_step_allowed(from, to));
    timers_clear(&engine->timers, &delivery->timer);
    count_stage(engine, delivery, from, to);
    if (from == DELIVERY_QUEUED)
        queue_remove(&engine->targets[delivery->target].queue, delivery);
    if (delivery->waits_for) {
        engine->targets[delivery->target].waiting_here--;
        delivery->waits_for = 0;
    }
    if (from == DELIVERY_HELD)
        guard_left(engine, delivery);
    else if (to == DELIVERY_HELD)
        guard_entered(engine, delivery);
    delivery->state = to;
    if (in_batch(from) && in_batch(to))
        return;                 /* stays where it is, in order */
    struct list *old = delivery->link.next ? list_of(engine, delivery, from) : NULL;
    if (old)
        list_remove(old, &delivery->link);
    if (!in_batch(to))
        delivery->batch = NULL;
    struct list *list = list_of(engine, delivery, to);
    if (list && head)
        list_prepend(list, &delivery->link);
    else if (list)
        list_append(list, &delivery->link);
    if (to == DELIVERY_QUEUED)
        queue_add(&engine->targets[delivery->target].queue, delivery, engine->now_ms);
}

void
delivery_move(struct engine *engine, struct delivery *delivery, enum delivery_state to)
{
    move(engine, delivery, to, false);
}

void
delivery_move_to_head(struct engine *engine, struct delivery *delivery, enum delivery_state to)
{
    move(engine, delivery, to, true);
}

struct delivery *
delivery_open(struct engine *engine, struct record *record, int target)
{
    struct node *node = list_pop(&engine->free_deliveries);
    struct delivery *delivery;
    if (node) {
        delivery = LIST_ENTRY(node, struct delivery, link);
    } else {
        check(engine->fresh_deliveries < engine->n_deliveries);
        delivery = &engine->deliveries[engine->fresh_deliveries];
        delivery->slot = engine->fresh_deliveries++;
    }
    uint32_t slot = delivery->slot, serial = delivery->serial;
    memset(delivery, 0, offsetof(struct delivery, id));
    delivery->rare = &engine->rare[slot];
    delivery->slot = slot;
    delivery->serial = serial;
    delivery->timer.kind = TIMER_DELIVERY;
    delivery->number = ++engine->next_number;
    delivery->record = record;
    delivery->target = target;
    delivery->route = ROUTES_MAX;
    delivery->state = DELIVERY_RECEIVED;
    count_stage(engine, delivery, DELIVERY_FREE, DELIVERY_RECEIVED);
    record->open++;
    target_stats(engine, target)->opened[record->source]++;
    return delivery;
}

/* The lane goes to whoever waits in it, or away. */
void
delivery_leave_lane(struct engine *engine, struct delivery *delivery)
{
    struct lane *lane = delivery->lane;
    struct node *next = lane ? list_first(&lane->waiting) : NULL;
    delivery->lane = NULL;
    if (!lane)
        return;
    if (!next) {
        lanes_close(&engine->lanes, lane);
        return;
    }
    delivery_move(engine, LIST_ENTRY(next, struct delivery, link), DELIVERY_QUEUED);
}

void
delivery_done(struct engine *engine, struct delivery *delivery, enum terminal terminal)
{
    struct record *record = delivery->record;
    bool held_lane = delivery->lane && !(delivery->state == DELIVERY_RECEIVED && delivery->link.next);
    struct target_stats *stats = target_stats(engine, delivery->target);
    bool swapped = MUTATED(delivered_as_repeat) && terminal == TERMINAL_DELIVERED;
    stats->terminal[swapped ? TERMINAL_DUPLICATE : terminal] += MUTATED(metric_twice) ? 2 : 1;
    if (terminal == TERMINAL_PARKED)
        stats->parked[delivery->reason]++;
    if (terminal == TERMINAL_DUPLICATE && delivery->leader_size)
        stats->suppressed++;
    if (terminal == TERMINAL_ABANDONED)
        record->abandoned = true;
    guards_saw(engine, delivery, terminal);
    claim_unkeep(engine, delivery);
    uint64_t dispatch = delivery->dispatch;
    int target = delivery->target;
    delivery_move_to_head(engine, delivery, DELIVERY_FREE);
    delivery->serial++;         /* what is still under way for it is stale from here on */
    if (held_lane)
        delivery_leave_lane(engine, delivery);
    if (target >= 0)
        claim_ended(engine, &engine->targets[target], dispatch);
    if (MUTATED(finished_at_first))
        record_leave_window(engine, record);
    record_finish_one(engine, record);
}

struct slice
delivery_id(const struct delivery *delivery)
{
    return (struct slice){ delivery->id, delivery->id_size };
}

/* A text is copied as long as it is. */
void
delivery_note_answer(struct delivery *delivery, const struct verdict *verdict)
{
    struct delivery_rare *rare = delivery->rare;
    delivery->status = verdict->status;
    delivery->has_texts = verdict->code[0] || verdict->request_id[0];
    if (!delivery->has_texts)
        return;
    memcpy(rare->code, verdict->code, strnlen(verdict->code, sizeof(rare->code) - 1) + 1);
    memcpy(rare->request_id, verdict->request_id, strnlen(verdict->request_id, sizeof(rare->request_id) - 1) + 1);
}

const char *
delivery_code(const struct delivery *delivery)
{
    return delivery->has_texts ? delivery->rare->code : "";
}

const char *
delivery_request_id(const struct delivery *delivery)
{
    return delivery->has_texts ? delivery->rare->request_id : "";
}

struct slice
delivery_leader(const struct delivery *delivery)
{
    return delivery->leader_size ? (struct slice){ delivery->rare->leader, delivery->leader_size } : (struct slice){ 0 };
}

struct delivery *
delivery_of(struct engine *engine, struct tag tag)
{
    if (tag.slot >= engine->fresh_deliveries)
        return NULL;
    struct delivery *delivery = &engine->deliveries[tag.slot];
    bool latest = delivery->serial == tag.serial || MUTATED(stale_tag_accepted);
    return latest && delivery->state != DELIVERY_FREE ? delivery : NULL;
}

struct tag
delivery_tag(struct delivery *delivery)
{
    delivery->serial++;
    return (struct tag){ delivery->slot, delivery->serial };
}

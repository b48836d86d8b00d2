/* client_window.c: a claim that is ours asks its window who leads it, and what became of that one: bridge/io/redis_window.c. */
#include "tests/sim/client_parts.h"

#include <stdio.h>

void
client_window_ask(struct world *world, struct worker *worker, struct op *op)
{
    snprintf(op->other, sizeof(op->other), "ab:w:%u:%016lx%016lx", op->window.route, (unsigned long)op->window.hash.high,
             (unsigned long)op->window.hash.low);
    client_send(world, worker, op, STEP_WINDOW);
}

static void
give_back(struct world *world, struct worker *worker, struct op *op)
{
    struct claim_value value;
    claim_give_back(&op->order, worker->config.owner, &op->answer, &value);
    op->value[0] = '\0';
    if (value.state != CLAIM_STATE_NONE)
        client_value_text(&value, op->value);
    client_holder_text(worker, &op->order, op->expected);
    client_send(world, worker, op, STEP_GIVE_BACK);
}

static bool
ours(struct world *world, struct worker *worker, struct op *op)
{
    client_answer_claim(world, worker, op, &op->answer);
    return true;
}

static bool
meet_leader(struct world *world, struct worker *worker, struct op *op)
{
    struct claim_value met = { .state = CLAIM_STATE_NONE };
    if (op->reply.text[0] && !claim_value_read(slice_of(op->reply.text), &met)) {
        client_answer_claim(world, worker, op, &(struct claim_answer){ .verdict = CLAIM_UNKNOWN });
        return true;
    }
    ms_t ttl = met.ttl_ms > 0 ? met.ttl_ms : op->order.ttl_ms;
    ms_t age = op->reply.text[0] && op->reply.number >= 0 ? ttl - op->reply.number : 0;
    switch (claim_meet_leader(&op->order, &met, age)) {
    case TWIN_SUPPRESSED:
        op->answer.verdict = CLAIM_REPEAT;
        op->answer.leader = slice_of(op->leader);
        return ours(world, worker, op);
    case TWIN_WAITS:
        give_back(world, worker, op);
        return false;
    case TWIN_PROMOTED:
        snprintf(op->other, sizeof(op->other), "ab:w:%u:%016lx%016lx", op->window.route, (unsigned long)op->window.hash.high,
                 (unsigned long)op->window.hash.low);
        client_send(world, worker, op, STEP_PROMOTE);
        return false;
    }
    return true;
}

/* True: the order is answered and over. */
bool
client_window_replied(struct world *world, struct worker *worker, struct op *op)
{
    bool text = op->reply.kind == STORE_TEXT;
    if (op->step == STEP_WINDOW) {
        if (!text || strcmp(op->reply.text, op->id) == 0)
            return ours(world, worker, op);
        snprintf(op->leader, sizeof(op->leader), "%.*s", ID_BYTES_MAX, op->reply.text);
        snprintf(op->other, sizeof(op->other), "ab:d:%u:%s", op->order.target, op->leader);
        client_send(world, worker, op, STEP_LEADER);
        return false;
    }
    if (op->step == STEP_LEADER)
        return meet_leader(world, worker, op);
    if (op->step == STEP_PROMOTE) {
        if (!text)
            return ours(world, worker, op);
        give_back(world, worker, op);
        return false;
    }
    op->answer.verdict = CLAIM_TWIN;
    return ours(world, worker, op);
}

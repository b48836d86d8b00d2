/* client_tell.c: what a command did to the key of a delivery, or to the leader of a window, as a fact. */
#include "tests/sim/client_parts.h"

/* What is no claim is nothing to whoever looks for one. */
static struct claim_value
value_of(const struct store_reply *reply)
{
    struct claim_value value = { .state = CLAIM_STATE_NONE };
    if (reply->kind != STORE_TEXT || !claim_value_read(slice_of(reply->text), &value))
        return (struct claim_value){ .state = CLAIM_STATE_NONE };
    return value;
}

/* Left so that the next owner need not wait. */
static bool
is_given_up(const struct claim_value *value)
{
    return value->state == CLAIM_STATE_CLAIMED && value->lease_ms == 0;
}

/* The same claim once more makes it young again. */
static bool
is_claim_written(const struct op *op, const struct claim_value *is)
{
    bool written = op->step == STEP_CLAIM ? op->reply.kind == STORE_NIL : op->reply.kind == STORE_NUMBER;
    return written && is->state == CLAIM_STATE_CLAIMED;
}

/* Its letter; a claim that says that nothing is under way is an I. */
static char
letter_of(const struct claim_value *value)
{
    switch (value->state) {
    case CLAIM_STATE_NONE:
        return '-';
    case CLAIM_STATE_CLAIMED:
        return value->idle || is_given_up(value) ? 'I' : 'C';
    case CLAIM_STATE_DONE:
        return 'D';
    case CLAIM_STATE_RELEASED:
        return 'R';
    case CLAIM_STATE_UNCONFIRMED:
        return 'U';
    case CLAIM_STATE_DEAD:
        return 'X';
    }
    return '?';
}

/* By a claim, not by a renewal: that of one that it held before. */
static bool
begins(const struct op *op, const struct claim_value *was, const struct claim_value *is)
{
    bool same = was->state == CLAIM_STATE_CLAIMED && was->owner == is->owner && was->dispatch == is->dispatch;
    return op->is_claim && op->step != STEP_GIVE_BACK && is->state == CLAIM_STATE_CLAIMED && !same;
}

void
client_tell_taken(struct world *world, const struct op *op, const struct claim_value *met)
{
    if (!met || met->state != CLAIM_STATE_CLAIMED || met->idle || met->lease_ms == 0)
        return;
    world_fact(world, &(struct fact){ .kind = FACT_TAKEN, .worker = op->life, .target = (int32_t)op->order.target,
                                      .id = world_text(world, op->id) });
}

void
client_tell_opened(struct world *world, const struct op *op)
{
    if (op->reply.kind == STORE_NIL)
        world_fact(world, &(struct fact){ .kind = FACT_OPENED, .worker = op->life, .target = (int32_t)op->order.target,
                                          .id = world_text(world, op->id), .hash = op->order.dispatch });
}

void
client_tell_handed(struct world *world, const struct op *op)
{
    if (op->reply.kind == STORE_NUMBER)
        world_fact(world, &(struct fact){ .kind = FACT_HANDED, .worker = op->life, .target = (int32_t)op->order.target,
                                          .id = world_text(world, op->id), .other = world_text(world, op->leader) });
}

static void
tell_swap(struct world *world, const struct op *op, const struct store_reply *before)
{
    struct claim_value met = { 0 };
    bool took = op->is_claim && op->answer.verdict == CLAIM_TAKEOVER && op->reply.kind == STORE_NUMBER;
    if (took && before->kind == STORE_TEXT && claim_value_read(slice_of(before->text), &met))
        client_tell_taken(world, op, &met);
}

/* What a command did to a delivery's key, as a fact. */
void
client_tell_key(struct world *world, const struct op *op, const struct store_reply *before)
{
    struct store_reply now;
    if (op->step == STEP_SWAP)
        tell_swap(world, op, before);
    keys_get(store_keys(world), store_now_ms(world), op->key, &now);
    struct claim_value was = value_of(before), is = value_of(&now);
    char from[2] = { letter_of(&was) }, to[2] = { letter_of(&is) };
    if (from[0] == to[0] && was.doubt == is.doubt && !is_claim_written(op, &is))
        return;
    uint32_t flags = (op->order.replay ? KEY_REPLAY : 0) | (op->step == STEP_CLAIM ? KEY_ASKED : 0) |
                     (is_given_up(&is) ? KEY_GIVEN_UP : 0) | (op->is_claim ? KEY_CLAIMED : 0) |
                     (begins(op, &was, &is) ? KEY_BEGINS : 0) | (op->is_late ? KEY_LATE : 0);
    world_fact(world, &(struct fact){ .kind = FACT_KEY, .worker = op->life, .target = (int32_t)op->order.target,
                                      .id = world_text(world, op->id), .word = world_text(world, from),
                                      .other = world_text(world, to), .flags = flags, .number = is.doubt, .limit = was.doubt,
                                      .hash = op->order.dispatch });
}

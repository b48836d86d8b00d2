/* client_tell.c: what a command did to the key of a delivery, as a fact. */
#include "tests/sim/client_parts.h"

/* Its letter; a claim that says that nothing is under way is an I. What is no claim is nothing to whoever looks for one. */
static char
state_of(const struct store_reply *reply)
{
    struct claim_value value = { 0 };
    if (reply->kind != STORE_TEXT || !claim_value_read(slice_of(reply->text), &value))
        return '-';
    return value.idle ? 'I' : reply->text[0];
}

/* Left so that the next owner need not wait. */
static bool
is_given_up(const struct store_reply *reply)
{
    struct claim_value value;
    return reply->kind == STORE_TEXT && claim_value_read(slice_of(reply->text), &value) &&
           value.state == CLAIM_STATE_CLAIMED && value.lease_ms == 0;
}

/* The same claim once more makes it young again. */
static bool
is_claim_written(const struct op *op, char to)
{
    bool written = op->step == STEP_CLAIM ? op->reply.kind == STORE_NIL : op->reply.kind == STORE_NUMBER;
    return written && (to == 'C' || to == 'I');
}

static uint32_t
doubt_of(const struct store_reply *reply)
{
    struct claim_value value = { 0 };
    return reply->kind == STORE_TEXT && claim_value_read(slice_of(reply->text), &value) ? value.doubt : 0;
}

void
client_tell_taken(struct world *world, const struct op *op, const struct claim_value *met)
{
    if (!met || met->state != CLAIM_STATE_CLAIMED || met->idle || met->lease_ms == 0)
        return;
    world_fact(world, &(struct fact){ .kind = FACT_TAKEN, .worker = op->life, .target = (int32_t)op->order.target,
                                      .id = world_text(world, op->id) });
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
    char from[2] = { state_of(before) }, to[2] = { state_of(&now) };
    if (from[0] == to[0] && doubt_of(before) == doubt_of(&now) && !is_claim_written(op, to[0]))
        return;
    uint32_t flags = (op->order.replay ? KEY_REPLAY : 0) | (op->step == STEP_CLAIM ? KEY_ASKED : 0) |
                     (is_given_up(&now) ? KEY_GIVEN_UP : 0) | (op->is_claim ? KEY_CLAIMED : 0);
    world_fact(world, &(struct fact){ .kind = FACT_KEY, .worker = op->life, .target = (int32_t)op->order.target,
                                      .id = world_text(world, op->id), .word = world_text(world, from),
                                      .other = world_text(world, to), .flags = flags, .number = doubt_of(&now) });
}

/* client_degrade.c: what bridge/io/degrade.c does while the store is away, with the product's own memory and list of what is
 * owed: orders of targets that go on without Redis are answered here. */
#include "tests/sim/client_parts.h"

#include <stdlib.h>

static struct hash128
key_of(const struct worker *worker, const struct op *op)
{
    return siphash128(&worker->config.hash_key, op->key, strlen(op->key));
}

static const struct claim_value *
met_in_memory(const struct world *world, const struct worker *worker, const struct op *op, ms_t *age, bool *open_here)
{
    struct client *client = worker->client;
    const struct memory_entry *entry = recall_get(&client->recall, key_of(worker, op), world->now);
    *age = entry ? world->now - entry->written_ms : 0;
    *open_here = entry && entry->value.state == CLAIM_STATE_CLAIMED && entry->value.owner == worker->config.owner &&
                 custodies_is_open(&client->remembered, entry->value.dispatch, entry->value.lease_ms, world->now);
    return entry ? &entry->value : NULL;
}

static bool
knows_more(const struct world *world, const struct worker *worker, const struct op *op)
{
    ms_t age;
    bool open_here;
    const struct claim_value *met = met_in_memory(world, worker, op, &age, &open_here);
    if (!met)
        return false;
    return met->state == CLAIM_STATE_CLAIMED ? open_here : owed_count(&worker->client->owed) > 0;
}

static void
remember(const struct world *world, struct worker *worker, const struct op *op, const struct claim_value *value)
{
    if (value->state != CLAIM_STATE_NONE)
        recall_put(&worker->client->recall, key_of(worker, op), value, world->now, op->order.ttl_ms);
}

static void
claim_by_memory(struct world *world, struct worker *worker, struct op *op)
{
    struct claim_value write;
    ms_t age;
    bool open_here;
    const struct claim_value *met = met_in_memory(world, worker, op, &age, &open_here);
    claim_meet(&op->order, worker->config.owner, met, age, open_here, &op->answer, &write);
    if (op->answer.verdict == CLAIM_TAKEOVER)
        client_tell_taken(world, op, met);
    remember(world, worker, op, &write);
    if (write.state == CLAIM_STATE_NONE)
        return;
    custodies_open(&worker->client->remembered, op->order.dispatch, world->now);
    world_fact(world, &(struct fact){ .kind = FACT_ALONE, .worker = worker->life, .target = (int32_t)op->order.target,
                                      .id = world_text(world, op->id) });
}

static void
end_by_memory(struct world *world, struct worker *worker, struct op *op)
{
    struct claim_value write;
    ms_t age;
    bool open_here;
    const struct claim_value *met = met_in_memory(world, worker, op, &age, &open_here);
    op->settled = claim_settle_meet(&op->order, worker->config.owner, met, &write);
    remember(world, worker, op, &write);
    if (!op->is_settle) {
        custodies_open(&worker->client->remembered, op->order.dispatch, world->now);
        return;
    }
    custodies_close(&worker->client->remembered, op->order.dispatch);
    if (op->settled == SETTLE_OK)
        owed_add(&worker->client->owed, &op->order);
}

static void
said(struct world *world, struct happening *happening)
{
    struct op *op = happening->more;
    struct worker *worker = worker_of(world, happening);
    if (op->is_claim)
        client_say_claim(world, worker, op, &op->answer);
    else
        client_answer_end(world, worker, op, op->settled);
}

bool
client_goes_on_alone(struct world *world, struct worker *worker, struct op *op)
{
    struct client *client = worker->client;
    if (!op->order.degrade)
        return false;
    custodies_heard(&client->remembered, op->order.dispatch, world->now);
    if (!client->down && !(op->is_claim && knows_more(world, worker, op))) {
        struct claim_value value;
        claim_value_of(&op->order, worker->config.owner, op->order.end, &value);
        if (op->is_settle) {
            remember(world, worker, op, &value);
            custodies_close(&client->remembered, op->order.dispatch);
        }
        return false;
    }
    if (op->is_claim)
        claim_by_memory(world, worker, op);
    else
        end_by_memory(world, worker, op);
    world_later_for(world, 0, said, worker)->more = op;
    return true;
}

void
client_pay(struct world *world, struct worker *worker)
{
    struct claim_order order;
    while (!worker->client->down && owed_next(&worker->client->owed, &order))
        client_settle(world, worker, &order);
}

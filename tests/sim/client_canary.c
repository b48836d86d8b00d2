/* client_canary.c: the canary is counted up and looked at, as bridge/io/redis_pulse.c does. */
#include "tests/sim/client_parts.h"

#include <stdio.h>
#include <stdlib.h>

void
client_canary_replied(struct world *world, struct worker *worker, const struct op *op)
{
    struct canary *canary = &worker->client->canary;
    struct store_reply now;
    enum canary_sight sight = canary_see(canary, slice_of(op->reply.text));
    keys_get(store_keys(world), store_now_ms(world), op->key, &now);
    canary_wrote(canary, slice_of(now.text));
    if (sight == CANARY_ALIVE || sight == CANARY_FRESH)
        return;
    struct input input = { .kind = INPUT_AMNESIA };
    input.amnesia.until_ms = worker_wall_ms(world, worker);
    worker_feed(world, worker, &input);
    world_fact(world, &(struct fact){ .kind = FACT_WARNED, .worker = worker->life, .target = -1,
                                      .number = world->now + worker->wall_offset_ms });
}

void
client_pulse(struct world *world, struct worker *worker)
{
    struct client *client = worker->client;
    struct op *op = calloc(1, sizeof(*op));
    client->pulse_ms = world->now;
    op->worker = worker->number;
    op->life = worker->life;
    snprintf(op->key, sizeof(op->key), "ab:canary");
    snprintf(op->value, sizeof(op->value), "%016lx", (unsigned long)++client->generations);
    client_send(world, worker, op, STEP_CANARY);
}

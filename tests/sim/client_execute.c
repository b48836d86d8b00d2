/* client_execute.c: a command at the server: carried out when it arrives, or late, when its connection was closed long since. */
#include "tests/sim/client_parts.h"

#include <stdlib.h>

void
client_execute(struct world *world, struct op *op)
{
    struct keys *keys = store_keys(world);
    int64_t now = store_now_ms(world);
    const struct store_holder holder = { op->expected, op->order.connection };
    struct store_reply before;
    keys_get(keys, now, op->key, &before);
    switch (op->step) {
    case STEP_CLAIM:
        keys_set_nx_get(keys, now, op->key, op->value, op->order.ttl_ms, &op->reply);
        break;
    case STEP_LOOK:
    case STEP_SWAP:
        keys_swap(keys, now, op->key, op->expected, op->value, op->order.ttl_ms, op->pttl_most_ms, &op->reply);
        break;
    case STEP_DONE:
        keys_set(keys, now, op->key, op->value, op->order.ttl_ms, &op->reply);
        break;
    case STEP_HOLD:
        keys_hold(keys, now, op->key, &holder, op->value, op->order.ttl_ms, &op->reply);
        break;
    case STEP_GIVE_BACK:
        keys_give_back(keys, now, op->key, &holder, op->value, op->order.ttl_ms, &op->reply);
        break;
    case STEP_CANARY:
        keys_canary(keys, now, op->key, op->value, &op->reply);
        return;
    case STEP_WINDOW:
        keys_set_nx_get(keys, now, op->other, op->id, op->window.window_ms, &op->reply);
        client_tell_opened(world, op);
        return;
    case STEP_LEADER:
        keys_swap(keys, now, op->other, "?", "", 0, 0, &op->reply);
        return;
    case STEP_PROMOTE:
        keys_promote(keys, now, op->other, op->leader, op->id, &op->reply);
        client_tell_handed(world, op);
        return;
    }
    client_tell_key(world, op, &before);
    store_wrote(world, op->key);
}

/* ---- late ----------------------------------------------------------------------------------------------------------------- */

/* Not by a server that was started again or is another one: it never had those bytes. */
static void
execute_late(struct world *world, struct happening *happening)
{
    struct op *op = happening->more;
    if (world->calm || !store_is_up(world) || op->run != store_run(world))
        return;
    world_say(world, "store carries out late: worker %u, %s", op->worker, op->key);
    client_execute(world, op);
}

/* Those of one connection in the order in which they were sent. Nobody hears the answer. */
void
client_execute_late(struct world *world, struct client *client, const struct op *op)
{
    struct op *late = malloc(sizeof(*late));
    ms_t at = world->now + 1 + world_draw(world, (uint32_t)world_of(world, SWARM_late_ms));
    at = at < client->last_late ? client->last_late : at;
    client->last_late = at;
    *late = *op;
    late->is_late = true;
    late->run = store_run(world);
    late->order.id = slice_of(late->id);
    late->order.window = op->order.window ? &late->window : NULL;
    world_later(world, at - world->now, execute_late)->more = late;
}

/* store.c: the one Redis of the world: its keys, its clock, and what befalls it. */
#include "tests/sim/store.h"

#include <stdlib.h>
#include <string.h>

enum { DOWN_MS = 6000, SNAPSHOT_MS = 300, CLOCK_JUMP_MS = 20000 };

struct store {
    struct keys *keys, *replica;
    ms_t away_until, copied_ms;
    int64_t clock_offset_ms;
    uint32_t run;               /* connections of an earlier run are cut */
};

void
store_init(struct world *world)
{
    world->store = calloc(1, sizeof(*world->store));
    world->store->keys = keys_new();
}

void
store_free(struct world *world)
{
    keys_free(world->store->keys);
    keys_free(world->store->replica);
    free(world->store);
}

struct keys *
store_keys(struct world *world)
{
    return world->store->keys;
}

int64_t
store_now_ms(const struct world *world)
{
    return world_wall_ms(world) + world->store->clock_offset_ms;
}

bool
store_is_up(const struct world *world)
{
    return world->store->away_until <= world->now;
}

uint32_t
store_run(const struct world *world)
{
    return world->store->run;
}

static void
forget(struct world *world, const char *how)
{
    world->store->run++;
    world_say(world, "store %s", how);
    world_fact(world, &(struct fact){ .kind = FACT_FORGOT, .target = -1, .word = world_text(world, how) });
}

static void
go_away(struct world *world)
{
    ms_t for_ms = 1 + world_draw(world, DOWN_MS);
    world->store->away_until = world->now + for_ms;
    world->store->run++;
    world_say(world, "store down for %ld ms", (long)for_ms);
    world_fact(world, &(struct fact){ .kind = FACT_MISSED, .target = -1, .number = for_ms });
}

/* A replica is always a little behind; with it in charge, the newest writes are gone. */
static void
keep_replica(struct world *world)
{
    struct store *store = world->store;
    if (world_of(world, SWARM_redis_failover) == 0 || world->now - store->copied_ms < SNAPSHOT_MS)
        return;
    keys_free(store->replica);
    store->replica = keys_copy(store->keys);
    store->copied_ms = world->now;
}

void
store_moves(struct world *world)
{
    struct store *store = world->store;
    if (world_fires(world, SWARM_redis_down))
        go_away(world);
    if (world_fires(world, SWARM_redis_empty)) {
        keys_flush(store->keys);
        forget(world, "emptied");
    }
    if (store->replica && world_fires(world, SWARM_redis_failover)) {
        keys_free(store->keys);
        store->keys = store->replica;
        store->replica = NULL;
        store->copied_ms = 0;
        forget(world, "failed over");
    }
    if (keys_count(store->keys) > 0 && world_fires(world, SWARM_redis_evict)) {
        keys_evict(store->keys, world_draw(world, keys_count(store->keys)));
        forget(world, "evicted");
    }
    if (world_fires(world, SWARM_redis_clock)) {
        store->clock_offset_ms += (int64_t)world_draw(world, 2 * CLOCK_JUMP_MS) - CLOCK_JUMP_MS;
        world_say(world, "store clock %ld", (long)store->clock_offset_ms);
        world_fact(world, &(struct fact){ .kind = FACT_FORGOT, .target = -1, .word = world_text(world, "clock") });
    }
    keep_replica(world);
}

void
store_calm(struct world *world)
{
    world->store->away_until = world->now;
}

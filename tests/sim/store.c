/* store.c: the one Redis of the world: its keys, its clock, and what befalls it. */
#include "tests/sim/store.h"

#include <stdlib.h>
#include <string.h>

enum { DOWN_MS = 6000, BEHIND_MS = 300, SNAPSHOT_MS = 4000, CLOCK_JUMP_MS = 20000, FOREIGN_MS = 5000 };

static const char delivery_prefix[] = "ab:d:";

/* What the keys were a while ago. */
struct copy {
    struct keys *keys;          /* NULL = none yet */
    ms_t since;
};

struct store {
    struct keys *keys;
    struct copy replica, snapshot;
    ms_t away_until;
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
    keys_free(world->store->replica.keys);
    keys_free(world->store->snapshot.keys);
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

/* Of a delivery's key; others hold no claim. */
static void
tell_lost(struct world *world, const char *key, const char *how)
{
    char *id;
    if (strncmp(key, delivery_prefix, sizeof(delivery_prefix) - 1) != 0)
        return;
    long target = strtol(key + sizeof(delivery_prefix) - 1, &id, 10);
    world_fact(world, &(struct fact){ .kind = FACT_FORGOT, .target = (int32_t)target, .id = world_text(world, id + 1),
                                      .word = world_text(world, how) });
}

/* Connections are cut. */
static void
moved(struct world *world, const char *how)
{
    world->store->run++;
    world_say(world, "store %s", how);
}

void
store_down(struct world *world, ms_t for_ms)
{
    world->store->away_until = world->now + for_ms;
    world->store->run++;
    world_say(world, "store down for %ld ms", (long)for_ms);
    world_fact(world, &(struct fact){ .kind = FACT_MISSED, .target = -1, .number = for_ms });
}

static void
keep(struct world *world, enum swarm_row row, struct copy *copy, ms_t every_ms)
{
    if (world_of(world, row) == 0 || world->now - copy->since < every_ms)
        return;
    keys_free(copy->keys);
    *copy = (struct copy){ keys_copy(world->store->keys), world->now };
}

static void
tell_undone(void *owner, const char *key)
{
    tell_lost(owner, key, "undone");
}

/* What was written since that copy was made is gone. */
static void
go_back(struct world *world, struct copy *copy, const char *how)
{
    moved(world, how);
    keys_differ(world->store->keys, copy->keys, world, tell_undone);
    keys_free(world->store->keys);
    world->store->keys = copy->keys;
    *copy = (struct copy){ 0 };
}

/* What stood there was lost when it was spoilt. */
static void
heal(struct world *world, struct happening *happening)
{
    (void)happening;
    if (keys_heal(world->store->keys) > 0)
        moved(world, "rid of what was foreign");
}

static void
evict(struct world *world, const char *key)
{
    moved(world, "evicted");
    tell_lost(world, key, "evicted");
    keys_drop(world->store->keys, key);
}

static void
spoil(struct world *world, const char *key)
{
    if (strncmp(key, delivery_prefix, sizeof(delivery_prefix) - 1) != 0)
        return;
    moved(world, "spoilt");
    tell_lost(world, key, "spoilt");
    keys_spoil(world->store->keys, key);
    world_later(world, world_draw(world, FOREIGN_MS), heal);
}

static void
lose_some(struct world *world)
{
    const struct keys *keys = world->store->keys;
    if (keys_count(keys) > 0 && world_fires(world, SWARM_redis_evict))
        evict(world, keys_name(keys, world_draw(world, keys_count(keys))));
    if (keys_count(keys) > 0 && world_fires(world, SWARM_redis_foreign))
        spoil(world, keys_name(keys, world_draw(world, keys_count(keys))));
}

/* A replica is always a little behind, a snapshot far. */
void
store_moves(struct world *world)
{
    struct store *store = world->store;
    if (world_fires(world, SWARM_redis_down))
        store_down(world, 1 + world_draw(world, DOWN_MS));
    if (world_fires(world, SWARM_redis_empty)) {
        keys_flush(store->keys);
        moved(world, "emptied");
        world_fact(world, &(struct fact){ .kind = FACT_FORGOT, .target = -1, .word = world_text(world, "emptied") });
    }
    if (store->replica.keys && world_fires(world, SWARM_redis_failover))
        go_back(world, &store->replica, "failed over");
    if (store->snapshot.keys && world_fires(world, SWARM_redis_snapshot))
        go_back(world, &store->snapshot, "restarted from a snapshot");
    lose_some(world);
    if (world_fires(world, SWARM_redis_clock)) {
        store->clock_offset_ms += (int64_t)world_draw(world, 2 * CLOCK_JUMP_MS) - CLOCK_JUMP_MS;
        world_say(world, "store clock %ld", (long)store->clock_offset_ms);
        world_fact(world, &(struct fact){ .kind = FACT_JUMPED, .target = -1 });
    }
    keep(world, SWARM_redis_failover, &store->replica, BEHIND_MS);
    keep(world, SWARM_redis_snapshot, &store->snapshot, SNAPSHOT_MS);
}

void
store_wrote(struct world *world, const char *key)
{
    if (!world_fires(world, SWARM_redis_evict_new))
        return;
    world_say(world, "store evicted %s at once", key);
    tell_lost(world, key, "evicted");
    keys_drop(world->store->keys, key);
}

void
store_calm(struct world *world)
{
    world->store->away_until = world->now;
    heal(world, NULL);
}

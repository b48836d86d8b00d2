/* nemesis.c: what befalls processes and servers, one round of chances each 100 ms. */
#include "tests/sim/cluster.h"
#include "tests/sim/gateway.h"
#include "tests/sim/group.h"
#include "tests/sim/store.h"

enum { ROUND_MS = 100, DOWN_MS = 4000, WALL_JUMP_MS = 3600 * 1000, LEADERLESS_MS = 5000, SECOND_TERM_MS = 6000,
       OPERATOR_MS = 5000, ROLL_MS = 1000 };

static void
start_again(struct world *world, struct happening *happening)
{
    struct worker *worker = world->workers[happening->a];
    if (!worker->life && !world->leaving)
        worker_start(world, worker);
}

void
nemesis_starts_again(struct world *world, struct worker *worker)
{
    if (!world->leaving)
        world_later(world, 1 + world_draw(world, DOWN_MS), start_again)->a = worker->number;
}

static void
term_again(struct world *world, struct happening *happening)
{
    worker_term(world, world->workers[happening->worker]);
}

/* Long enough for the group to put it out, and to take it back. */
static void
cut_off(struct world *world, struct worker *worker)
{
    ms_t most = world_of(world, SWARM_cut_sessions) * world_of(world, SWARM_session_ms);
    worker->cut_until = world->now + 1 + world_draw(world, (uint32_t)most);
    world_say(world, "w%u.%u does not reach Kafka until %ld", worker->number, worker->life, (long)worker->cut_until);
}

static void
rolls(struct world *world, struct happening *happening)
{
    (void)happening;
    group_rebalance(world);
}

static void
is_asked_to_leave(struct world *world, struct worker *worker)
{
    worker_term(world, worker);
    if (worker->life && world_fires(world, SWARM_second_term))
        world_later_for(world, world_draw(world, 2) ? 0 : world_draw(world, SECOND_TERM_MS), term_again, worker);
    if (world_fires(world, SWARM_term_rebalance))
        world_later(world, world_draw(world, ROLL_MS), rolls);
}

static void
befalls(struct world *world, struct worker *worker)
{
    ms_t lease = world->config.targets[TARGET_PORTAL].claim_lease_ms;
    if (world_fires(world, SWARM_kill)) {
        worker_kill(world, worker);
    } else if (world_fires(world, SWARM_freeze)) {
        worker_freeze(world, worker, 1 + world_draw(world, (uint32_t)(3 * lease)));
    } else if (world_fires(world, SWARM_term)) {
        is_asked_to_leave(world, worker);
    } else if (world_fires(world, SWARM_wall_jump)) {
        worker->wall_offset_ms = (int64_t)world_draw(world, 2 * WALL_JUMP_MS) - WALL_JUMP_MS;
        worker_tell_clock(world, worker);
    } else if (world_fires(world, SWARM_rotate)) {
        keyring_rotate(world, worker);
    } else if (world_fires(world, SWARM_operator)) {
        worker_feed(world, worker, &(struct input){ .kind = INPUT_CONTROL, .control = CONTROL_PAUSE });
    } else if (world_fires(world, SWARM_cut_off)) {
        cut_off(world, worker);
    } else if (world_draw(world, 20) == 0) {
        worker_feed(world, worker, &(struct input){ .kind = INPUT_CONTROL, .control = CONTROL_RESUME });
    }
}

static void
brokers_down(struct world *world)
{
    ms_t until = world->now + world_draw(world, LEADERLESS_MS);
    world->cluster->down_until = until;
    group_away_until(world, until);
    for (uint32_t i = 0; i < world->cluster->n_logs; i++)
        world->cluster->logs[i].leaderless_until = until;
}

static void
befalls_kafka(struct world *world)
{
    uint32_t partition = world_draw(world, world->cluster->n_logs);
    if (world_fires(world, SWARM_leader_move))
        world->cluster->logs[partition].leaderless_until = world->now + world_draw(world, LEADERLESS_MS);
    if (world_fires(world, SWARM_broker_down))
        brokers_down(world);
    if (world_fires(world, SWARM_rebalance))
        group_rebalance(world);
    if (world->cluster->n_logs < LOG_PARTITIONS_MAX && world_fires(world, SWARM_partition_added)) {
        cluster_add_partition(world);
        group_rebalance(world);
    }
}

/* At any moment: a process dies between two messages, not at the stroke of a clock. */
static void
moment_of_chances(struct world *world, struct happening *happening)
{
    if (!world->calm)
        befalls(world, world->workers[happening->worker]);
}

static void
round_of_chances(struct world *world, struct happening *happening)
{
    (void)happening;
    if (world->calm)
        return;
    for (uint32_t i = 0; i < WORKERS_MAX; i++)
        if (worker_runs(world->workers[i]) && world->workers[i]->frozen_until <= world->now)
            world_later_for(world, world_draw(world, ROUND_MS), moment_of_chances, world->workers[i]);
    befalls_kafka(world);
    store_moves(world);
    gateway_moves(world);
    world_later(world, ROUND_MS, round_of_chances);
}

void
nemesis_start(struct world *world)
{
    world_later(world, ROUND_MS, round_of_chances);
}

/* A frozen one hears it when it runs again. What a guard holds is let go by an operator, again and again: a content that is
 * refused stays so. */
static void
resumes(struct world *world, struct happening *happening)
{
    struct worker *worker = world->workers[happening->a];
    if (worker->frozen_until > world->now)
        world_later(world, worker->frozen_until - world->now, resumes)->a = worker->number;
    else if (worker_runs(worker))
        worker_feed(world, worker, &(struct input){ .kind = INPUT_CONTROL, .control = CONTROL_RESUME });
    if (world_of(world, SWARM_guard) && !world->leaving)
        world_later(world, OPERATOR_MS, resumes)->a = worker->number;
}

/* Who is cut off stays so until all is at rest, where there is somebody else to do the work: nobody may have to wait for it. */
static void
leave_cut_off(struct world *world)
{
    bool others = false;
    for (uint32_t i = 0; i < world_of(world, SWARM_workers); i++)
        others |= !worker_is_cut_off(world, world->workers[i]);
    for (uint32_t i = 0; i < WORKERS_MAX; i++)
        world->workers[i]->cut_until = others && worker_is_cut_off(world, world->workers[i]) ? MS_NEVER : 0;
}

void
nemesis_mends(struct world *world)
{
    for (uint32_t i = 0; i < WORKERS_MAX; i++)
        world->workers[i]->cut_until = 0;
}

void
nemesis_ends(struct world *world)
{
    leave_cut_off(world);
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        world->workers[i]->wall_offset_ms = 0;
        world_later(world, 0, resumes)->a = i;
    }
    world->cluster->down_until = 0;
    group_away_until(world, world->now);
    for (uint32_t i = 0; i < world->cluster->n_logs; i++)
        world->cluster->logs[i].leaderless_until = 0;
}

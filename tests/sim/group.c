/* group.c: the group in the world: who hears what of the coordinator, and when. */
#include "tests/sim/group.h"

#include "tests/sim/cluster.h"
#include "tests/sim/coordinator.h"

#include <stdlib.h>

enum { HEARTBEATS = 3, LOOK_MS = 250, COORDINATOR_AWAY_MS = 3000, SLOW_MS = 1000 };

/* What a process knows of itself. */
struct seat {
    uint32_t life, generation, epoch;
    uint32_t partitions[LOG_PARTITIONS_MAX], n;
    bool reading;                   /* it was told of an assignment and did not give it back */
    bool revoking;
    ms_t asked_ms;                  /* to give back what it has */
    ms_t heard_ms;                  /* of the coordinator, last */
};

struct group {
    struct coordinator coordinator;
    ms_t away_until;
    struct seat seats[WORKERS_MAX];
};

static struct group_member *
member_of(struct group *group, uint32_t life)
{
    return coordinator_member(&group->coordinator, life);
}

static struct seat *
seat_of(struct world *world, const struct worker *worker)
{
    struct seat *seat = &world->group->seats[worker->number];
    if (seat->life != worker->life)
        *seat = (struct seat){ .life = worker->life };
    return seat;
}

/* What the group asked for is given back within `limit_ms`; 0 = it did not ask. */
static void
tell(struct world *world, const struct worker *worker, const struct seat *seat, enum fact_kind kind, ms_t limit_ms)
{
    for (uint32_t i = 0; i < seat->n; i++)
        world_fact(world, &(struct fact){ .kind = kind, .worker = worker->life, .target = -1, .epoch = seat->epoch,
                                          .partition = (int32_t)seat->partitions[i],
                                          .offset = world->cluster->logs[seat->partitions[i]].committed,
                                          .number = limit_ms ? world->now - seat->asked_ms : 0, .limit = limit_ms });
}

/* Who is to leave besides has no longer for it than for that. */
static ms_t
revoke_limit(const struct world *world, const struct worker *worker, const struct seat *seat)
{
    ms_t limit = world->config.revoke_drain_ms;
    if (worker->draining && worker->term_ms + world->config.drain_ms - seat->asked_ms < limit)
        limit = worker->term_ms + world->config.drain_ms - seat->asked_ms;
    return limit > 0 ? limit : 0;
}

/* ---- generations --------------------------------------------------------------------------------------------------------- */

/* The member hears what it was given, looks up the committed offsets and begins. */
static void
hears_assignment(struct world *world, struct happening *happening)
{
    static struct assignment assignment[LOG_PARTITIONS_MAX];
    struct worker *worker = worker_of(world, happening);
    struct group_member *member = member_of(world->group, worker->life);
    struct seat *seat = seat_of(world, worker);
    struct input input = { .kind = INPUT_ASSIGNED };
    if (!member || member->generation != happening->a)
        return;
    if (worker_is_cut_off(world, worker)) {
        world_later_for(world, LOOK_MS, hears_assignment, worker)->a = happening->a;
        return;
    }
    seat->generation = member->generation;
    seat->epoch++;
    seat->reading = true;
    seat->revoking = false;
    seat->n = member->n;
    for (uint32_t i = 0; i < member->n; i++) {
        seat->partitions[i] = member->partitions[i];
        assignment[i] = (struct assignment){ .topic = "log", .number = (int32_t)seat->partitions[i],
                                             .next_offset = world->cluster->logs[seat->partitions[i]].committed };
    }
    input.assigned.partitions = assignment;
    input.assigned.n = seat->n;
    input.assigned.epoch = seat->epoch;
    tell(world, worker, seat, FACT_ASSIGNED, 0);
    worker->left_bytes = (int64_t)engine_stats(worker->engine)->window_bytes;
    worker_feed(world, worker, &input);
    fetch_begin(world, worker, seat->partitions, seat->n, seat->epoch);
}

static void
review(struct world *world)
{
    struct coordinator *coordinator = &world->group->coordinator;
    if (!coordinator_review(coordinator, world->cluster->n_logs, world->now))
        return;
    for (uint32_t i = 0; i < coordinator->n; i++) {
        struct worker *worker = world->workers[coordinator->members[i].number];
        if (worker->life == coordinator->members[i].life)
            world_later_for(world, world_latency(world), hears_assignment, worker)->a = coordinator->generation;
    }
    world_say(world, "group generation %u, %u members", coordinator->generation, coordinator->n);
}

/* The answer to its heartbeat tells a member to give back what it has. */
static void
hears_of_rebalance(struct world *world, struct happening *happening)
{
    struct worker *worker = worker_of(world, happening);
    struct seat *seat = seat_of(world, worker);
    struct group_member *member = member_of(world->group, worker->life);
    if (!member || member->state != MEMBER_ASKED || seat->revoking)
        return;
    if (worker_is_cut_off(world, worker)) {
        world_later_for(world, LOOK_MS, hears_of_rebalance, worker);
        return;
    }
    fetch_end(world, worker);
    if (!seat->reading || seat->generation != member->generation) {
        coordinator_rejoin(member);         /* it has not even begun, and will not */
        review(world);
        return;
    }
    seat->revoking = true;
    seat->asked_ms = world->now;
    worker_feed(world, worker, &(struct input){ .kind = INPUT_REVOKED });
}

static void
prepare(struct world *world)
{
    struct coordinator *coordinator = &world->group->coordinator;
    for (uint32_t i = 0; i < coordinator->n; i++) {
        struct worker *worker = world->workers[coordinator->members[i].number];
        if (coordinator->members[i].state == MEMBER_STABLE && worker->life == coordinator->members[i].life)
            world_later_for(world, world_latency(world) + world_draw(world, LOOK_MS), hears_of_rebalance, worker);
    }
    coordinator_prepare(coordinator, world->now + 2 * world_of(world, SWARM_session_ms) + SLOW_MS);
    review(world);
}

void
group_rebalance(struct world *world)
{
    if (!world->group->coordinator.preparing)
        prepare(world);
}

bool
group_is_settled(struct world *world)
{
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        const struct worker *worker = world->workers[i];
        const struct group_member *member = worker->life ? member_of(world->group, worker->life) : NULL;
        if (worker->life && (!member || member->state != MEMBER_STABLE ||
                             seat_of(world, worker)->generation != world->group->coordinator.generation))
            return false;
    }
    return !world->group->coordinator.preparing && world->group->away_until <= world->now;
}

void
group_away_until(struct world *world, ms_t until)
{
    world->group->away_until = until;
}

void
group_drained(struct world *world, struct worker *worker)
{
    struct seat *seat = seat_of(world, worker);
    struct group_member *member = member_of(world->group, worker->life);
    if (!seat->revoking)
        return;                     /* it was lost meanwhile */
    tell(world, worker, seat, FACT_REVOKED, revoke_limit(world, worker, seat));
    seat->reading = seat->revoking = false;
    seat->n = 0;
    if (member && member->state == MEMBER_ASKED && !worker_is_cut_off(world, worker))
        coordinator_rejoin(member);
    review(world);
}

/* ---- who is there -------------------------------------------------------------------------------------------------------- */

static void
join(struct world *world, struct worker *worker)
{
    coordinator_join(&world->group->coordinator, worker->number, worker->life, world->now);
    prepare(world);
}

static void
loses_all(struct world *world, struct worker *worker, struct seat *seat)
{
    fetch_end(world, worker);
    if (!seat->reading)
        return;
    tell(world, worker, seat, FACT_LOST, 0);
    seat->reading = seat->revoking = false;
    seat->n = 0;
    worker_feed(world, worker, &(struct input){ .kind = INPUT_LOST });
}

/* It is a member as before, but what it was given it holds lost, or gave back, and nobody heard of it. */
static bool
must_rejoin(const struct group_member *member, const struct seat *seat)
{
    return member && member->state != MEMBER_JOINING && member->generation == seat->generation && !seat->reading;
}

/* A member that the group has put out hears it by its own heartbeat: what it had is lost, it joins anew. One that hears nothing
 * for a session takes all for lost, as librdkafka does. */
static void
heartbeat(struct world *world, struct happening *happening)
{
    struct worker *worker = worker_of(world, happening);
    struct seat *seat = seat_of(world, worker);
    struct coordinator *coordinator = &world->group->coordinator;
    world_later_for(world, world_of(world, SWARM_session_ms) / HEARTBEATS, heartbeat, worker);
    if (worker_is_cut_off(world, worker)) {
        if (world->now - seat->heard_ms > world_of(world, SWARM_session_ms))
            loses_all(world, worker, seat);
        return;
    }
    if (world->group->away_until > world->now)
        return;
    seat->heard_ms = world->now;
    if (coordinator_heartbeat(coordinator, worker->life, coordinator->generation, world->now) == COORDINATOR_UNKNOWN_MEMBER) {
        loses_all(world, worker, seat);
        join(world, worker);
    } else if (must_rejoin(member_of(world->group, worker->life), seat)) {
        coordinator_rejoin(member_of(world->group, worker->life));
        prepare(world);
    }
}

static void
look_for_silent(struct world *world, struct happening *happening)
{
    struct group *group = world->group;
    struct coordinator *coordinator = &group->coordinator;
    (void)happening;
    world_later(world, LOOK_MS, look_for_silent);
    if (world_fires(world, SWARM_coordinator_move))
        group->away_until = world->now + world_draw(world, COORDINATOR_AWAY_MS);
    if (group->away_until > world->now) {
        for (uint32_t i = 0; i < coordinator->n; i++)
            coordinator->members[i].heard_ms = world->now;      /* a new coordinator gives everybody a whole session */
        return;
    }
    if (coordinator_looks(coordinator, world_of(world, SWARM_session_ms), world->now))
        prepare(world);
    review(world);
}

void
group_joins(struct world *world, struct worker *worker)
{
    join(world, worker);
    seat_of(world, worker)->heard_ms = world->now;
    world_later_for(world, world_of(world, SWARM_session_ms) / HEARTBEATS, heartbeat, worker);
}

void
group_leaves(struct world *world, struct worker *worker)
{
    struct group_member *member = member_of(world->group, worker->life);
    struct seat *seat = seat_of(world, worker);
    if (seat->reading)
        tell(world, worker, seat, FACT_REVOKED, 0);
    *seat = (struct seat){ .life = worker->life };
    if (!member || worker_is_cut_off(world, worker))
        return;
    coordinator_leave(&world->group->coordinator, member);
    prepare(world);
}

void
group_init(struct world *world)
{
    world->group = calloc(1, sizeof(*world->group));
    world_later(world, LOOK_MS, look_for_silent);
}

void
group_free(struct world *world)
{
    free(world->group);
}

/* ---- commits ------------------------------------------------------------------------------------------------------------- */

struct commit {
    uint32_t number, life, generation, partition, assigned, epoch;
    int64_t offset;
    ms_t sent_ms;
    bool unheard;                   /* who sent it did not reach Kafka */
    enum commit_result result;
};

static void
commit_answered(struct world *world, struct happening *happening)
{
    const struct commit *commit = happening->more;
    struct input input = { .kind = INPUT_COMMITTED };
    input.committed.partition = commit->assigned;
    input.committed.epoch = commit->epoch;
    input.committed.offset = commit->offset;
    input.committed.result = commit->result;
    worker_feed(world, worker_of(world, happening), &input);
}

static enum commit_result
take_commit(struct world *world, const struct commit *commit)
{
    struct group *group = world->group;
    if (group->away_until > world->now || commit->unheard || world_fires(world, SWARM_commit_failed))
        return COMMIT_FAILED;
    if (coordinator_commit(&group->coordinator, commit->life, commit->generation) != COORDINATOR_OK)
        return COMMIT_STALE;
    if (group->coordinator.preparing && world_fires(world, SWARM_commit_stale))
        return COMMIT_STALE;
    world->cluster->logs[commit->partition].committed = commit->offset;
    world_fact(world, &(struct fact){ .kind = FACT_COMMITTED, .worker = commit->life, .target = -1, .epoch = commit->epoch,
                                      .partition = (int32_t)commit->partition, .offset = commit->offset,
                                      .number = world->now - commit->sent_ms });
    return world_fires(world, SWARM_commit_lost) ? COMMIT_FAILED : COMMIT_OK;
}

static void
commit_arrived(struct world *world, struct happening *happening)
{
    struct commit *commit = happening->more;
    struct worker *worker = world->workers[commit->number];
    commit->result = take_commit(world, commit);
    if (worker->life != commit->life)
        return;
    world_later_for(world, world_latency(world), commit_answered, worker)->more = commit;
    happening->more = NULL;
}

/* librdkafka does not look whether a commit is of the present assignment: the engine has to know. What was sent goes out with the
 * generation that the member knows. */
void
group_commit(struct world *world, struct worker *worker, const struct effect *effect)
{
    struct seat *seat = seat_of(world, worker);
    struct commit *commit = calloc(1, sizeof(*commit));
    *commit = (struct commit){ .number = worker->number, .life = worker->life, .generation = seat->generation,
                               .assigned = effect->commit.partition, .epoch = effect->commit.epoch,
                               .offset = effect->commit.offset, .sent_ms = world->now, .result = COMMIT_STALE };
    if (!seat->reading || effect->commit.epoch != seat->epoch || effect->commit.partition >= seat->n) {
        world_fail(world, "worker %u orders a commit of an assignment that is over", worker->number);
        free(commit);
        return;
    }
    commit->partition = seat->partitions[effect->commit.partition];
    commit->unheard = worker_is_cut_off(world, worker);
    world_later(world, world_latency(world), commit_arrived)->more = commit;
}

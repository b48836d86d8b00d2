/* recovery.c: when all is at rest and no fault comes any more, one thing happens in the middle of calls: a process is killed, or
 * asked to leave, or Redis was away and is back. How long it takes until somebody goes on is told as a gauge; the bounds are the
 * contract's (I17). One seed tries one of them, or none. */
#include "tests/sim/client.h"
#include "tests/sim/group.h"
#include "tests/sim/store.h"

enum { EVENTS = 6, FIRST_ID = 1000000, GATHER_MS = 3000, PATIENCE_MS = 600000, AWAY_MS = 6000 };
enum { OVER_LEASE_MS = 1000, FIRST_SEND_MS = 1000, EXIT_MS = 10000 };

static void
produce(struct world *world)
{
    for (uint32_t i = 0; i < EVENTS; i++)
        producer_add(world, FIRST_ID + i);
}

/* The next call of SOAR that is on the wire, from now on; NULL = none comes. */
static const struct fact *
next_call(struct world *world)
{
    ms_t until = world->now + PATIENCE_MS;
    size_t at = world->history.n;
    for (;;) {
        for (; at < world->history.n; at++)
            if (world->history.facts[at].kind == FACT_BEGUN && world->history.facts[at].target == TARGET_SOAR_PROD)
                return &world->history.facts[at];
        if (!world_step(world, until)) {
            world_fail(world, "nobody calls in a calm world");
            return NULL;
        }
    }
}

static struct worker *
next_caller(struct world *world)
{
    const struct fact *call = next_call(world);
    for (uint32_t i = 0; call && i < WORKERS_MAX; i++)
        if (world->workers[i]->life == call->worker)
            return world->workers[i];
    return NULL;
}

static void
tell(struct world *world, uint32_t life, const char *what, ms_t since, ms_t limit_ms)
{
    world_fact(world, &(struct fact){ .kind = FACT_GAUGED, .worker = life, .target = -1, .word = world_text(world, what),
                                      .number = world->now - since, .limit = limit_ms });
}

/* ---- kill -9 ------------------------------------------------------------------------------------------------------------- */

/* Bits of our events: whose keys that worker holds now. */
static uint32_t
keys_held(struct world *world, uint32_t life)
{
    uint32_t held = 0, claimed = world_text(world, "C"), idle = world_text(world, "I");
    for (uint32_t i = 0; i < EVENTS; i++) {
        uint32_t id = producer_text(world, FIRST_ID + i);
        for (size_t at = world->history.n; at-- > 0;) {
            const struct fact *fact = &world->history.facts[at];
            if (fact->kind != FACT_KEY || fact->id != id)
                continue;
            if (fact->worker == life && (fact->other == claimed || fact->other == idle))
                held |= 1u << i;
            break;
        }
    }
    return held;
}

static void
killed(struct world *world)
{
    struct worker *worker = next_caller(world);
    if (!worker)
        return;
    uint32_t life = worker->life, held = keys_held(world, life);
    ms_t since = world->now, until = since + PATIENCE_MS;
    worker_kill(world, worker);
    for (size_t at = world->history.n; held != 0;) {
        if (!world_step(world, until)) {
            world_fail(world, "nobody takes over in a calm world");
            return;
        }
        for (; at < world->history.n; at++)
            for (uint32_t i = 0; world->history.facts[at].kind == FACT_KEY && i < EVENTS; i++)
                if (world->history.facts[at].id == producer_text(world, FIRST_ID + i))
                    held &= ~(1u << i);
    }
    ms_t lease_ms = world->config.targets[TARGET_SOAR_PROD].claim_lease_ms;
    tell(world, life, "takeover", since, world_of(world, SWARM_session_ms) + lease_ms + OVER_LEASE_MS);
}

/* ---- SIGTERM, Redis ------------------------------------------------------------------------------------------------------ */

static void
asked_to_leave(struct world *world)
{
    struct worker *worker = next_caller(world);
    if (!worker)
        return;
    uint32_t life = worker->life;
    ms_t since = world->now;
    world->hangs = true;
    worker_term(world, worker);
    if (world_draw(world, 2))
        group_rebalance(world);         /* its calls outlast the revoke, and it waits for them all the same */
    while (worker->life == life && world_step(world, since + PATIENCE_MS))
        ;
    world->hangs = false;
    tell(world, life, "exit", since, EXIT_MS);
}

/* On top of the bound: what the messages of a claim take on their way. */
static void
redis_back(struct world *world)
{
    ms_t for_ms = 1 + world_draw(world, AWAY_MS);
    store_down(world, for_ms);
    ms_t since = world->now + for_ms;
    world_run_until(world, since);
    const struct fact *call = next_call(world);
    if (call)
        tell(world, call->worker, "back", since, FIRST_SEND_MS + client_answer_ms(world));
}

void
recovery_run(struct world *world)
{
    static void (*const trials[])(struct world *) = { NULL, killed, asked_to_leave, redis_back };
    uint32_t trial = world_draw(world, sizeof(trials) / sizeof(trials[0]));
    if (!trials[trial])
        return;
    world->leaving = false;
    if (world_of(world, SWARM_workers) > 1)
        worker_start(world, world->workers[1]);
    world_run_until(world, world->now + GATHER_MS);
    produce(world);
    trials[trial](world);
    ms_t until = world->now + PATIENCE_MS;
    while (!world_is_at_rest(world) && world_step(world, until))
        ;
    if (!world_is_at_rest(world))
        world_fail(world, "does not come to rest again");
}

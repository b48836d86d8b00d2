/* world.c: the clock, the heap of what is to happen, chances, and the run from the first event to rest. */
#include "tests/sim/world.h"

#include "tests/sim/client.h"
#include "tests/sim/cluster.h"
#include "tests/sim/gateway.h"
#include "tests/sim/group.h"
#include "tests/sim/spill.h"
#include "tests/sim/store.h"
#include "tests/sim/worker.h"
#include "tests/support/draw.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { STORM_MS = 40000, REST_MS = 12 * 3600 * 1000, LINE_BYTES = 512, AFTERWARDS_MS = 20000 };

static const int64_t WALL_START_MS = 1767322000000;
static const uint64_t FNV_START = UINT64_C(14695981039346656037), FNV_PRIME = UINT64_C(1099511628211);

/* ---- chances ------------------------------------------------------------------------------------------------------------- */

uint32_t
world_draw(struct world *world, uint32_t bound)
{
    return draw(&world->draws, bound);
}

int64_t
world_of(const struct world *world, enum swarm_row row)
{
    return world->swarm.of[row];
}

ms_t
world_latency(struct world *world)
{
    return world_draw(world, (uint32_t)world_of(world, SWARM_latency_ms) + 1);
}

bool
world_fires(struct world *world, enum swarm_row row)
{
    if (world->calm || world->swarm.of[row] == 0 || world_draw(world, 1000) >= world->swarm.of[row])
        return false;
    world->fired[row]++;
    return true;
}

int64_t
world_wall_ms(const struct world *world)
{
    return WALL_START_MS + world->now;
}

/* ---- what is said -------------------------------------------------------------------------------------------------------- */

static void
add_to_hash(struct world *world, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        world->hash = (world->hash ^ ((const unsigned char *)bytes)[i]) * FNV_PRIME;
}

void
world_say(struct world *world, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    size = size < (int)sizeof(line) ? size : (int)sizeof(line) - 1;
    add_to_hash(world, line, (size_t)size);
    if (world->trace)
        fprintf(world->trace, "%9ld %s\n", (long)world->now, line);
}

void
world_fail(struct world *world, const char *format, ...)
{
    if (world->failure[0])
        return;                 /* the first one is the cause */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(world->failure, sizeof(world->failure), format, arguments);
    va_end(arguments);
    world_say(world, "FAIL %s", world->failure);
}

uint32_t
world_text(struct world *world, const char *text)
{
    return history_text(&world->history, text, strlen(text));
}

void
world_fact(struct world *world, const struct fact *fact)
{
    struct fact kept = *fact;
    kept.at = world->now;
    history_add(&world->history, &kept);
    uint64_t digest[6] = { (uint64_t)kept.kind, (uint64_t)kept.at, kept.worker, (uint64_t)kept.offset, kept.id, kept.word };
    add_to_hash(world, digest, sizeof(digest));
    if (world->trace)
        fprintf(world->trace, "%9ld fact %s w%u t%d %d/%ld id %s %s %s n %ld\n", (long)world->now, fact_name(kept.kind),
                kept.worker, kept.target, kept.partition, (long)kept.offset, history_name(&world->history, kept.id),
                history_name(&world->history, kept.word), history_name(&world->history, kept.other), (long)kept.number);
}

/* ---- the heap ------------------------------------------------------------------------------------------------------------ */

static bool
is_before(const struct happening *a, const struct happening *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void
push(struct world *world, struct happening *happening)
{
    if (world->n_heap == world->heap_room) {
        world->heap_room = world->heap_room ? 2 * world->heap_room : 256;
        world->heap = realloc(world->heap, world->heap_room * sizeof(*world->heap));
    }
    uint32_t at = world->n_heap++;
    for (; at > 0 && is_before(happening, world->heap[(at - 1) / 2]); at = (at - 1) / 2)
        world->heap[at] = world->heap[(at - 1) / 2];
    world->heap[at] = happening;
}

static struct happening *
pop(struct world *world)
{
    struct happening *first = world->heap[0], *last = world->heap[--world->n_heap];
    uint32_t at = 0, child;
    while ((child = 2 * at + 1) < world->n_heap) {
        if (child + 1 < world->n_heap && is_before(world->heap[child + 1], world->heap[child]))
            child++;
        if (!is_before(world->heap[child], last))
            break;
        world->heap[at] = world->heap[child];
        at = child;
    }
    world->heap[at] = last;
    return first;
}

struct happening *
world_later(struct world *world, ms_t wait, void (*act)(struct world *, struct happening *))
{
    struct happening *happening = calloc(1, sizeof(*happening));
    happening->at = world->now + (wait > 0 ? wait : 0);
    happening->order = ++world->order;
    happening->act = act;
    push(world, happening);
    return happening;
}

struct happening *
world_later_for(struct world *world, ms_t wait, void (*act)(struct world *, struct happening *), struct worker *worker)
{
    struct happening *happening = world_later(world, wait, act);
    happening->worker = worker->number;
    happening->life = worker->life;
    return happening;
}

static void
drop(struct happening *happening)
{
    free(happening->more);
    free(happening);
}

/* What is meant for a process that died is dropped; a frozen one finds it when it runs again. */
static void
step(struct world *world)
{
    struct happening *happening = pop(world);
    world->steps++;
    world->now = happening->at > world->now ? happening->at : world->now;
    if (happening->life) {
        struct worker *worker = world->workers[happening->worker];
        if (worker->life != happening->life) {
            drop(happening);
            return;
        }
        if (worker->frozen_until > world->now) {
            happening->at = worker->frozen_until;
            push(world, happening);
            return;
        }
    }
    happening->act(world, happening);
    drop(happening);
}

/* ---- the run ------------------------------------------------------------------------------------------------------------- */

static bool
all_committed(const struct world *world)
{
    for (uint32_t i = 0; i < world->cluster->n_logs; i++)
        if (world->cluster->logs[i].n > 0 && world->cluster->logs[i].committed < world->cluster->logs[i].end)
            return false;
    return true;
}

bool
world_is_at_rest(struct world *world)
{
    bool all_read = world->hurried && cluster_all_read(world) && group_is_settled(world);
    if (!producer_is_done(world) || !(world->hurried ? all_read : all_committed(world)))
        return false;
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        const struct worker *worker = world->workers[i];
        if (worker->life && (worker->frozen_until > world->now || engine_stats(worker->engine)->window_records > 0))
            return false;
    }
    return true;
}

static bool
goes_on(struct world *world, ms_t until)
{
    if (world->failure[0] || world->n_heap == 0 || world->heap[0]->at > until)
        return false;
    if (world->steps >= world->steps_max) {
        world_fail(world, "still busy after %lu steps", (unsigned long)world->steps);
        return false;
    }
    return true;
}

bool
world_step(struct world *world, ms_t until)
{
    if (!goes_on(world, until))
        return false;
    step(world);
    return true;
}

void
world_run_until(struct world *world, ms_t until)
{
    while (world_step(world, until))
        ;
    if (!world->failure[0] && world->now < until)
        world->now = until;
}

/* Twice (lease + longest back-off), and what else may stand in the way when the last fault has passed: a frozen process (three
 * leases), an open breaker, a paused target's probe, a told wait, sessions that run out, a rate limit, a repeat whose leader is
 * dead, an id that fails for ever; where each failure opens the breaker, one of those that are refused is worked off a probe
 * beside it. */
static ms_t
allowed_ms(const struct world *world)
{
    const struct target_policy *policy = &world->config.targets[TARGET_SOAR_PROD];
    ms_t most = 2 * (policy->claim_lease_ms + policy->retry_max_ms) + 3 * policy->claim_lease_ms;
    most += 2 * policy->breaker_every_ms + 2 * 30000 + 4000 + 5 * world_of(world, SWARM_session_ms);
    if (policy->rate_per_hour)
        most += world_of(world, SWARM_events) * 3600000 / (ms_t)policy->rate_per_hour * 2;
    ms_t try_ms = policy->retry_max_ms + policy->breaker_every_ms + policy->call_timeout_ms;
    if (world_of(world, SWARM_sick) || world_of(world, SWARM_sick_after))
        most += 10 * world_of(world, SWARM_attempts) * try_ms;     /* its budget, each try in turn with a copy: in a batch, alone,
                                                                     * and when it is replayed */
    if (policy->breaker_failures == 1 && (world_of(world, SWARM_sick) || world_of(world, SWARM_sick_after)))
        most += 2 * world_of(world, SWARM_events) * world_of(world, SWARM_poison) / 1000 * policy->breaker_every_ms;
    return most + world_of(world, SWARM_drain_ms) + AFTERWARDS_MS + 60000;
}

static void
come_to_rest(struct world *world)
{
    ms_t until = world->now + REST_MS;
    world->calm = true;
    world->hurried = world_of(world, SWARM_workers) == 1 && world_draw(world, 2);
    world_fact(world, &(struct fact){ .kind = FACT_CALM, .number = allowed_ms(world) });
    nemesis_ends(world);
    store_calm(world);
    gateway_calm(world);
    while (!world_is_at_rest(world) && world_step(world, until))
        ;
    if (!world->failure[0] && !world_is_at_rest(world))
        world_fail(world, "does not come to rest");
    nemesis_mends(world);
}

/* Everybody leaves in peace, and one comes back: there must be nothing left to read (I18). */
static void
leave_and_look(struct world *world)
{
    world->leaving = true;
    for (uint32_t i = 0; i < WORKERS_MAX && !world->failure[0]; i++)
        if (world->workers[i]->life && !world->workers[i]->draining)
            worker_term(world, world->workers[i]);
    world_run_until(world, world->now + world_of(world, SWARM_drain_ms) + AFTERWARDS_MS);
    for (uint32_t i = 0; i < WORKERS_MAX; i++)
        if (world->workers[i]->life)
            world_fail(world, "worker %u does not leave", i);
    if (world->failure[0])
        return;
    world->hurried = false;
    world_fact(world, &(struct fact){ .kind = FACT_RESTED });
    worker_start(world, world->workers[0]);
    world_run_until(world, world->now + AFTERWARDS_MS);
    if (!world->failure[0] && world->workers[0]->polled > 0)
        world_fail(world, "records are read again after everybody left in peace");
}

void
world_run(struct world *world)
{
    ms_t storm = world_of(world, SWARM_span_ms) + world_draw(world, STORM_MS);
    for (uint32_t i = 0; i < world_of(world, SWARM_workers); i++)
        worker_start(world, world->workers[i]);
    producer_start(world);
    nemesis_start(world);
    world_run_until(world, storm);
    if (!world->failure[0])
        come_to_rest(world);
    if (!world->failure[0])
        leave_and_look(world);
    if (!world->failure[0])
        recovery_run(world);
    spill_end(world);
}

struct world *
world_new(const struct swarm *swarm, uint64_t steps_max, FILE *trace)
{
    struct world *world = calloc(1, sizeof(*world));
    world->swarm = *swarm;
    world->draws = swarm->seed * UINT64_C(0xd1342543de82ef95) + 7;
    world->hash = FNV_START;
    world->steps_max = steps_max;
    world->trace = trace;
    history_init(&world->history);
    world_configure(world);
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        world->workers[i] = calloc(1, sizeof(struct worker));
        world->workers[i]->number = i;
    }
    cluster_init(world);
    group_init(world);
    store_init(world);
    gateway_init(world);
    return world;
}

void
world_free(struct world *world)
{
    if (!world)
        return;
    world->leaving = true;
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        worker_kill(world, world->workers[i]);
        free(world->workers[i]);
    }
    while (world->n_heap)
        drop(world->heap[--world->n_heap]);
    free(world->heap);
    gateway_free(world);
    store_free(world);
    group_free(world);
    cluster_free(world);
    history_release(&world->history);
    free(world);
}

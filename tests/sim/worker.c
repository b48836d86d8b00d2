/* worker.c: the life of one process: an engine, what it holds, its effects to the models, their answers to it. */
#include "tests/sim/worker.h"

#include "tests/sim/client.h"
#include "tests/sim/cluster.h"
#include "tests/sim/gateway.h"
#include "tests/sim/group.h"
#include "tests/sim/spill.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { SPINS_MAX = 50, GAUGE_MS = 1000, MESSAGES_BYTES = 64 * 1024, AGAIN_MS = 200 };

struct worker *
worker_of(struct world *world, const struct happening *happening)
{
    return world->workers[happening->worker];
}

bool
worker_runs(const struct worker *worker)
{
    return worker->life != 0;
}

bool
worker_is_cut_off(const struct world *world, const struct worker *worker)
{
    return worker->cut_until > world->now;
}

int64_t
worker_wall_ms(const struct world *world, const struct worker *worker)
{
    return world_wall_ms(world) + worker->wall_offset_ms;
}

void
worker_tell_clock(struct world *world, const struct worker *worker)
{
    world_fact(world, &(struct fact){ .kind = FACT_CLOCK, .worker = worker->life, .target = -1,
                                      .number = worker->wall_offset_ms });
}

/* ---- effects ------------------------------------------------------------------------------------------------------------- */

static void
drained(struct world *world, struct worker *worker, const struct effect *effect)
{
    if (!effect->drained.shutdown) {
        group_drained(world, worker);
        return;
    }
    group_leaves(world, worker);
    worker->closing = true;         /* the process ends when this pump is over */
    worker->complete = effect->drained.complete;
}

static int32_t
target_number(const struct world *world, const char *name)
{
    for (uint32_t i = 0; i < TARGETS; i++)
        if (strcmp(world->config.targets[i].name, name) == 0)
            return (int32_t)i;
    return -1;
}

/* The log line of the real worker: nothing can be lost on its way. */
static void
tell_journal(struct world *world, const struct worker *worker, const struct journal_entry *entry)
{
    struct fact fact = { .kind = FACT_JOURNALED, .worker = worker->life, .target = target_number(world, entry->target),
                         .partition = entry->partition, .offset = entry->offset, .number = entry->doubt,
                         .limit = entry->attempts };
    spill_look_at_journal(world, worker, entry);
    if (entry->again)
        return;
    fact.id = entry->id.at ? history_text(&world->history, entry->id.at, entry->id.size) : 0;
    fact.word = world_text(world, journal_outcome(entry));
    if (entry->suppressed_by.at)
        fact.other = history_text(&world->history, entry->suppressed_by.at, entry->suppressed_by.size);
    world_fact(world, &fact);
}

static void
perform(struct world *world, struct worker *worker, const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_CLAIM:
        client_claim(world, worker, &effect->claim);
        return;
    case EFFECT_SETTLE:
        client_settle(world, worker, &effect->claim);
        return;
    case EFFECT_RENEW:
        client_renew(world, worker, &effect->claim);
        return;
    case EFFECT_JOURNAL:
        tell_journal(world, worker, &effect->journal);
        return;
    case EFFECT_CALL:
        gateway_call(world, worker, effect);
        return;
    case EFFECT_PARK:
        dead_letter_write(world, worker, effect);
        return;
    case EFFECT_COMMIT:
        group_commit(world, worker, effect);
        return;
    case EFFECT_PAUSE:
    case EFFECT_RESUME:
        fetch_pause(world, worker, effect->partition.partition, effect->kind == EFFECT_PAUSE);
        return;
    case EFFECT_FREE_RECORD:
        held_free(worker, effect->handle);
        return;
    case EFFECT_FETCH_CREDENTIAL:
        keyring_fetch(world, worker, effect);
        return;
    case EFFECT_NOTE:
        return;
    case EFFECT_DRAINED:
        drained(world, worker, effect);
        return;
    }
}

/* ---- the loop ------------------------------------------------------------------------------------------------------------ */

static void
tick(struct world *world, struct happening *happening)
{
    struct worker *worker = worker_of(world, happening);
    if (worker->tick_at != (ms_t)happening->a)
        return;
    worker->tick_at = MS_NEVER;
    worker_feed(world, worker, &(struct input){ .kind = INPUT_TICK });
}

static void
arm(struct world *world, struct worker *worker)
{
    ms_t deadline = engine_deadline(worker->engine);
    ms_t at = deadline > world->now ? deadline : world->now;
    worker->spins = deadline > world->now ? 0 : worker->spins + 1;
    if (worker->spins > SPINS_MAX)
        world_fail(world, "worker %u spins: its deadline stays in the past", worker->number);
    if (deadline == MS_NEVER || at == worker->tick_at)
        return;
    worker->tick_at = at;
    world_later_for(world, at - world->now, tick, worker)->a = (uint64_t)at;
}

static void
pump(struct world *world, struct happening *happening)
{
    struct worker *worker = worker_of(world, happening);
    struct effect effect;
    const struct engine_stats *stats = engine_stats(worker->engine);
    worker->awake = false;
    if (stats->assigned > 0)
        worker->unfinished = stats->window_records - stats->window_finished;
    while (!world->failure[0] && engine_next(worker->engine, &effect)) {
        perform(world, worker, &effect);
        if (world_fires(world, SWARM_kill_midway)) {
            worker_kill(world, worker);
            return;
        }
    }
    client_flush(world, worker);
    if (worker->closing)
        worker_stop(world, worker, "drained", worker->complete, worker->config.drain_ms);
    else if (!world->failure[0])
        arm(world, worker);
}

void
worker_feed(struct world *world, struct worker *worker, struct input *input)
{
    check(worker->life);
    input->now_ms = world->now;
    input->wall_ms = worker_wall_ms(world, worker);
    engine_feed(worker->engine, input);
    if (!worker->awake)
        world_later_for(world, 0, pump, worker);
    worker->awake = true;
}

static void
answers_again(struct world *world, struct happening *happening)
{
    worker_feed(world, worker_of(world, happening), happening->more);
}

void
worker_answer(struct world *world, struct worker *worker, struct input *input)
{
    worker_feed(world, worker, input);
    if (!world_fires(world, SWARM_answered_twice))
        return;
    struct input *copy = malloc(sizeof(*copy));
    *copy = *input;
    world_later_for(world, world_draw(world, AGAIN_MS), answers_again, worker)->more = copy;
}

/* ---- records ------------------------------------------------------------------------------------------------------------- */

bool
worker_give(struct world *world, struct worker *worker, uint32_t partition, uint32_t place, uint32_t assigned, uint32_t epoch)
{
    static char room[MESSAGES_BYTES];
    struct buf messages;
    struct log_record *record = world->cluster->logs[partition].records[place];
    uint32_t handle = held_take(worker, &record->view);
    if (handle == worker->held_room)
        return false;
    struct held *held = &worker->held[handle];
    buf_init(&messages, room, sizeof(room));
    worker->polled++;
    struct input input = { .kind = INPUT_RECORD };
    input.record.handle = handle;
    input.record.partition = assigned;
    input.record.epoch = epoch;
    input.record.offset = record->offset;
    input.record.view = &held->view;
    input.record.bytes = (uint32_t)(record->view.value.size + record->view.key.size + 1);
    input.record.messages = &messages;
    worker->largest = input.record.bytes > worker->largest ? input.record.bytes : worker->largest;
    worker_feed(world, worker, &input);
    held_keep_messages(held, &messages);
    return true;
}

/* ---- the process --------------------------------------------------------------------------------------------------------- */

static void
on_trace(void *owner, const char *text, size_t size)
{
    const struct worker *worker = owner;
    spill_look(worker->world, worker, SPILL_TRACE, (struct slice){ text, size });
    world_say(worker->world, "w%u.%u %.*s", worker->number, worker->life, (int)size, text);
}

static void
gauge(struct world *world, struct happening *happening)
{
    struct worker *worker = worker_of(world, happening);
    gauges_tell(world, worker);
    world_later_for(world, GAUGE_MS, gauge, worker);
}

void
worker_start(struct world *world, struct worker *worker)
{
    check(!worker->life);
    uint32_t number = worker->number;
    int64_t offset = worker->wall_offset_ms;
    *worker = (struct worker){ .number = number, .wall_offset_ms = offset, .world = world, .life = ++world->lives };
    worker->config = world->config;
    worker->config.owner = (uint64_t)worker->life * UINT64_C(0x9e3779b97f4a7c15);
    worker->config.seed = world->swarm.seed + worker->life;
    if (world_fires(world, SWARM_reconfigured))
        for (uint32_t i = 0; i < TARGETS; i++)
            worker->config.targets[i].max_attempts++;
    worker->decoder = decoder_new();
    worker->encode_decoder = decoder_new();
    worker->held_room = engine_records_max(&worker->config);
    worker->held = calloc(worker->held_room, sizeof(*worker->held));
    /* fresh pages: an engine touches little of what it asks for, and zeroing all of it would cost more than the run */
    worker->memory = mmap(NULL, engine_size(&worker->config), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(worker->memory != MAP_FAILED);
    worker->engine = engine_init(worker->memory, &worker->config, worker->decoder, world->now);
    worker->tick_at = MS_NEVER;
    engine_trace(worker->engine, on_trace, worker);
    worker->client = client_new(world, worker);
    worker->keyring = keyring_new();
    world_fact(world, &(struct fact){ .kind = FACT_STARTED, .worker = worker->life });
    if (worker->wall_offset_ms != 0)
        worker_tell_clock(world, worker);
    world_later_for(world, GAUGE_MS, gauge, worker);
    group_joins(world, worker);
}

static void
bury(struct world *world, struct worker *worker)
{
    fetch_end(world, worker);
    held_release(worker);
    munmap(worker->memory, engine_size(&worker->config));
    decoder_free(worker->decoder);
    decoder_free(worker->encode_decoder);
    client_free(worker->client);
    keyring_free(worker->keyring);
    worker->life = 0;
    worker->frozen_until = worker->cut_until = 0;
    nemesis_starts_again(world, worker);
}

void
worker_stop(struct world *world, struct worker *worker, const char *how, bool complete, ms_t limit_ms)
{
    gauges_tell(world, worker);
    if (complete)
        gauges_tell_counts(world, worker);
    world_fact(world, &(struct fact){ .kind = FACT_STOPPED, .worker = worker->life, .word = world_text(world, how),
                                      .number = worker->unfinished, .offset = world->now - worker->term_ms, .limit = limit_ms,
                                      .flags = complete });
    bury(world, worker);
}

void
worker_kill(struct world *world, struct worker *worker)
{
    if (!worker->life)
        return;
    world_fact(world, &(struct fact){ .kind = FACT_STOPPED, .worker = worker->life, .word = world_text(world, "killed") });
    bury(world, worker);
}

void
worker_freeze(struct world *world, struct worker *worker, ms_t for_ms)
{
    worker->frozen_until = world->now + for_ms;
    world_fact(world, &(struct fact){ .kind = FACT_FROZEN, .worker = worker->life, .number = for_ms });
}

void
worker_term(struct world *world, struct worker *worker)
{
    if (worker->draining) {
        group_leaves(world, worker);
        worker_stop(world, worker, "forced", false, 0);
        return;
    }
    worker->draining = true;
    worker->term_ms = world->now;
    worker_feed(world, worker, &(struct input){ .kind = INPUT_CONTROL, .control = CONTROL_DRAIN });
}

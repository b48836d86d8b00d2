/* cluster.c: the logs and what is read of them. */
#include "tests/sim/cluster.h"

#include "tests/sim/spill.h"

#include <stdlib.h>
#include <string.h>

enum { SLOW_MS = 1500, GAP_MAX = 4, AT_ONCE_MAX = 20 /* records */, LETTER_MS = 60000, LETTER_AGAIN_MS = 500 };

static void
add_to_hash(uint64_t *hash, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        *hash = (*hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(1099511628211);
    *hash = (*hash ^ size) * UINT64_C(1099511628211);
}

uint64_t
record_hash(const struct record_view *view)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    add_to_hash(&hash, view->key.at, view->key.size);
    add_to_hash(&hash, view->value.at, view->value.size);
    for (uint32_t i = 0; i < view->n_headers; i++) {
        add_to_hash(&hash, view->headers[i].name.at, view->headers[i].name.size);
        add_to_hash(&hash, view->headers[i].value.at, view->headers[i].value.size);
    }
    add_to_hash(&hash, &view->timestamp_ms, sizeof(view->timestamp_ms));
    return hash;
}

/* ---- the logs ------------------------------------------------------------------------------------------------------------ */

void
cluster_add_partition(struct world *world)
{
    struct cluster *cluster = world->cluster;
    cluster->logs[cluster->n_logs++] = (struct partition_log){ .committed = -1 };
}

void
cluster_init(struct world *world)
{
    world->cluster = calloc(1, sizeof(*world->cluster));
    for (uint32_t i = 0; i < world_of(world, SWARM_partitions); i++)
        cluster_add_partition(world);
}

void
cluster_free(struct world *world)
{
    for (uint32_t i = 0; i < world->cluster->n_logs; i++) {
        struct partition_log *log = &world->cluster->logs[i];
        for (uint32_t j = 0; j < log->n; j++) {
            free(log->records[j]->bytes);
            free(log->records[j]);
        }
        free(log->records);
    }
    free(world->cluster);
}

uint32_t
log_place(const struct partition_log *log, int64_t offset)
{
    uint32_t place = 0;
    while (place < log->n && log->records[place]->offset < offset)
        place++;
    return place;
}

static void fetch_soon(struct world *, struct worker *, ms_t wait);

struct log_record *
cluster_append(struct world *world, uint32_t partition, const struct record_view *view, char *bytes, uint32_t n_events)
{
    struct partition_log *log = &world->cluster->logs[partition];
    if (log->n == log->room) {
        log->room = log->room ? 2 * log->room : 64;
        log->records = realloc(log->records, log->room * sizeof(*log->records));
    }
    struct log_record *record = calloc(1, sizeof(*record));
    check(view->n_headers <= RECORD_HEADERS_MAX);
    record->offset = log->end + (world_fires(world, SWARM_gap) ? 1 + world_draw(world, GAP_MAX) : 0);
    record->view = *view;
    for (uint32_t i = 0; i < view->n_headers; i++)
        record->headers[i] = view->headers[i];
    record->view.headers = record->headers;
    record->bytes = bytes;
    record->n_events = n_events;
    record->hash = record_hash(&record->view);
    log->end = record->offset + 1;
    log->records[log->n++] = record;
    for (uint32_t i = 0; i < WORKERS_MAX; i++)
        if (world->workers[i]->life)
            fetch_soon(world, world->workers[i], world_latency(world));
    return record;
}

/* ---- reading ------------------------------------------------------------------------------------------------------------- */

static struct reader *
reader_of(struct world *world, const struct worker *worker)
{
    struct reader *reader = &world->cluster->readers[worker->number];
    return reader->life == worker->life && worker->life ? reader : NULL;
}

static bool
may_give(const struct world *world, const struct reader *reader, uint32_t i)
{
    const struct partition_log *log = &world->cluster->logs[reader->at[i].partition];
    return reader->at[i].next < log->n && log->leaderless_until <= world->now && !reader->at[i].paused;
}

static bool
give_one(struct world *world, struct worker *worker, struct reader *reader, uint32_t i)
{
    uint32_t partition = reader->at[i].partition, place = reader->at[i].next;
    if (place > reader->at[i].first && world_fires(world, SWARM_read_again))
        place--;
    else
        reader->at[i].next++;
    if (!worker->draining)      /* else it is dropped unread */
        world_fact(world, &(struct fact){ .kind = FACT_POLLED, .worker = worker->life, .target = -1, .epoch = reader->epoch,
                                          .partition = (int32_t)partition,
                                          .offset = world->cluster->logs[partition].records[place]->offset });
    if (worker_give(world, worker, partition, place, i, reader->epoch))
        return true;
    world_fail(world, "worker %u has no place for a record", worker->number);
    return false;
}

/* One answer to a fetch: some records of one partition. */
static void
fetched(struct world *world, struct happening *happening)
{
    struct worker *worker = worker_of(world, happening);
    struct reader *reader = reader_of(world, worker);
    if (!reader)
        return;
    reader->under_way = false;
    if (worker_is_cut_off(world, worker)) {
        fetch_soon(world, worker, SLOW_MS);
        return;
    }
    uint32_t first = reader->n ? world_draw(world, reader->n) : 0;
    for (uint32_t j = 0; j < reader->n; j++) {
        uint32_t i = (first + j) % reader->n;
        uint32_t left = 1 + world_draw(world, AT_ONCE_MAX);
        if (!may_give(world, reader, i))
            continue;
        while (left-- > 0 && may_give(world, reader, i) && engine_takes(worker->engine, i) &&
               give_one(world, worker, reader, i))
            ;
        fetch_soon(world, worker, world_latency(world));
        return;
    }
    for (uint32_t i = 0; i < reader->n; i++)
        if (world->cluster->logs[reader->at[i].partition].leaderless_until > world->now)
            fetch_soon(world, worker, SLOW_MS / 10);
}

static void
fetch_soon(struct world *world, struct worker *worker, ms_t wait)
{
    struct reader *reader = reader_of(world, worker);
    if (!reader || reader->under_way || reader->n == 0)
        return;
    reader->under_way = true;
    if (world_fires(world, SWARM_slow_fetch))
        wait += world_draw(world, SLOW_MS);
    world_later_for(world, wait, fetched, worker);
}

void
fetch_begin(struct world *world, struct worker *worker, const uint32_t *partitions, uint32_t n, uint32_t epoch)
{
    struct reader *reader = &world->cluster->readers[worker->number];
    bool under_way = reader->life == worker->life && reader->under_way;
    *reader = (struct reader){ .life = worker->life, .epoch = epoch, .n = n, .under_way = under_way };
    for (uint32_t i = 0; i < n; i++) {
        const struct partition_log *log = &world->cluster->logs[partitions[i]];
        reader->at[i].partition = partitions[i];
        reader->at[i].next = reader->at[i].first = log->committed < 0 ? 0 : log_place(log, log->committed);
    }
    fetch_soon(world, worker, world_latency(world));
}

void
fetch_end(struct world *world, struct worker *worker)
{
    struct reader *reader = reader_of(world, worker);
    if (reader)
        reader->n = 0;
}

void
fetch_pause(struct world *world, struct worker *worker, uint32_t assigned, bool pause)
{
    struct reader *reader = reader_of(world, worker);
    if (!reader || assigned >= reader->n)
        return;
    if (reader->at[assigned].paused == pause)
        world_fail(world, "worker %u: a partition is %s twice", worker->number, pause ? "paused" : "resumed");
    reader->at[assigned].paused = pause;
    if (!pause)
        fetch_soon(world, worker, world_latency(world));
}

bool
cluster_all_read(struct world *world)
{
    uint32_t read = 0;
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        const struct reader *reader = reader_of(world, world->workers[i]);
        for (uint32_t j = 0; reader && j < reader->n; j++)
            read += reader->at[j].next >= world->cluster->logs[reader->at[j].partition].n;
    }
    return read == world->cluster->n_logs;
}

/* ---- dead letters -------------------------------------------------------------------------------------------------------- */

struct letter {
    struct tag tag;
    bool failed, answer_lost;
    ms_t since, until;          /* its writer does not reach Kafka, and tries so long; until 0 = not so */
    struct fact fact;
};

static void
letter_answered(struct world *world, struct happening *happening)
{
    const struct letter *letter = happening->more;
    struct input input = { .kind = INPUT_PARKED };
    input.parked.tag = letter->tag;
    input.parked.ok = !letter->failed && !letter->answer_lost;
    worker_answer(world, worker_of(world, happening), &input);
}

static void letter_arrived(struct world *, struct happening *);

/* It stays with its writer, and dies with it, until Kafka is reached or its time is over: message.timeout.ms, of which it may
 * have spent some already. */
static bool
letter_waits(struct world *world, struct worker *worker, struct happening *happening)
{
    struct letter *letter = happening->more;
    if (worker->life != letter->fact.worker || !worker_is_cut_off(world, worker))
        return false;
    if (letter->until == 0)
        letter->until = world->now + world_draw(world, LETTER_MS);
    if (world->now >= letter->until) {
        letter->failed = true;
        return false;
    }
    struct happening *again = world_later_for(world, LETTER_AGAIN_MS, letter_arrived, worker);
    again->a = happening->a;
    again->more = letter;
    happening->more = NULL;
    return true;
}

static void
letter_arrived(struct world *world, struct happening *happening)
{
    struct letter *letter = happening->more;
    struct worker *worker = world->workers[happening->a];
    if (letter_waits(world, worker, happening))
        return;
    letter->fact.number = letter->until ? letter->since - world->now : 0;
    if (!letter->failed)
        world_fact(world, &letter->fact);
    if (worker->life != letter->fact.worker)
        return;
    world_later_for(world, world_latency(world) + (letter->failed ? SLOW_MS : 0), letter_answered, worker)->more = letter;
    happening->more = NULL;
}

/* What its headers name is the engine's word; what it holds are the worker's own bytes of that record. */
void
dead_letter_write(struct world *world, struct worker *worker, const struct effect *effect)
{
    const struct held *held = &worker->held[effect->park.handle];
    if (!held->used)
        world_fail(world, "a dead letter of a record that was given back");
    spill_look_at_letter(world, worker, effect, &held->view);
    struct letter *letter = calloc(1, sizeof(*letter));
    letter->tag = effect->park.tag;
    letter->since = world->now;
    letter->failed = world->cluster->down_until > world->now || world_fires(world, SWARM_park_failed);
    letter->answer_lost = !letter->failed && world_fires(world, SWARM_park_lost);
    letter->fact = (struct fact){ .kind = FACT_PARKED, .worker = worker->life, .target = effect->park.target,
                                  .partition = effect->park.partition, .offset = effect->park.offset,
                                  .index = effect->park.index, .hash = record_hash(&held->view) };
    letter->fact.id = effect->park.id.at ? history_text(&world->history, effect->park.id.at, effect->park.id.size) : 0;
    letter->fact.word = world_text(world, reason_name(effect->park.reason));
    struct happening *arrives = world_later(world, world_latency(world), letter_arrived);
    arrives->a = worker->number;
    arrives->more = letter;
}

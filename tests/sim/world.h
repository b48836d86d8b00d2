/* world.h: a world of one seed: workers, Kafka, Redis and both backends on one virtual clock.
 *
 * Everything that happens is a happening in one heap, in the order of its time; ties go by the order in which they were put
 * there. A happening may belong to a life of a worker: it is dropped when that process has died, and waits while it is frozen.
 * What a server does with a request that was sent belongs to nobody. The same seed gives the same happenings, the same engine
 * traces and the same history.
 *
 *   the run     world.c: clock, heap, chances; swarm.def, swarm.c: what a seed draws; config.c: the engine's settings from it;
 *               nemesis.c: what befalls processes and servers; recovery.c: one fault at rest, and how long it lasts
 *   workers     worker.c: one engine, its effects to the models, their answers to it; call.c: a call as a signed request;
 *               held.c: the records it holds; credential.c: keys and tokens; gauges.c: its own numbers; spill.c: secrets that
 *               it said
 *   Kafka       producer.c: the events; cluster.c: partitions, fetching, dead letters; group.c: who hears what, commits;
 *               coordinator.c: the group's coordinator by itself
 *   Redis       store.c: the server; keys.c: its keys and commands; client.c, client_*.c: a worker's adapter to it
 *   backends    gateway.c: the simulators' pure half behind a bad network; exchange.c: one request under way;
 *               made_up.c: replies that no backend meant
 *   around it   main.c, sweep.c: many seeds; trial.c: one seed, judged and made small; mutants.c: planted bugs */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "bridge/core/engine.h"
#include "tests/proof/history.h"
#include "tests/sim/swarm.h"

enum { WORKERS_MAX = 4, LOG_PARTITIONS_MAX = 8, TARGETS = 2, TARGET_PORTAL = 0, TARGET_SOAR_PROD = 1 };

/* What a worker says, and where. */
enum spill_place { SPILL_TRACE, SPILL_JOURNAL, SPILL_LETTER, SPILL_PLACES };

struct world;
struct worker;
struct cluster;
struct group;
struct store;
struct gateway;

struct happening {
    ms_t at;
    uint64_t order;
    void (*act)(struct world *, struct happening *);
    uint32_t worker, life;      /* life 0 = nobody's: it happens whoever lives */
    uint64_t a, b, c;           /* the owner's */
    void *more;                 /* freed with the happening unless act() takes it and puts NULL here */
};

struct world {
    struct swarm swarm;
    uint64_t draws;
    ms_t now;
    bool calm;                  /* no fault from here on */
    bool hangs;                 /* but this one: whoever is called carries it out and does not answer */
    struct happening **heap;
    uint32_t n_heap, heap_room;
    uint64_t order;
    uint64_t steps, steps_max;
    uint64_t fired[SWARM_COUNT];
    uint64_t searched[SPILL_PLACES];    /* bytes */
    uint64_t hash;              /* of every trace line and fact */
    FILE *trace;                /* NULL = off */
    char failure[256];          /* the first thing that must not be, seen while running; "" = none */

    struct history history;
    struct engine_config config;        /* what all workers share; owner and seed differ */
    struct backend_settings settings[TARGETS];
    struct worker *workers[WORKERS_MAX];
    struct cluster *cluster;
    struct group *group;
    struct store *store;
    struct gateway *gateway;
    uint32_t lives;             /* processes started so far */
    bool produced;              /* the producer is done */
    bool hurried;               /* a lone worker leaves as soon as all is read and done: it has the last commit to do */
    bool leaving;               /* the end: who stops is not started again */
};

/* One seed, or what the shrinker left of one. The history stays for the checker until world_free. */
struct world *world_new(const struct swarm *, uint64_t steps_max, FILE *trace);
void world_run(struct world *);
void world_free(struct world *);

/* ---- for the world's own files ------------------------------------------------------------------------------------------- */

uint32_t world_draw(struct world *, uint32_t bound);            /* 0 .. bound - 1 */
ms_t world_latency(struct world *);                             /* 0 .. latency_ms */
int64_t world_of(const struct world *, enum swarm_row);
bool world_fires(struct world *, enum swarm_row);               /* a chance of a RATE; counted; never when calm */
void world_fail(struct world *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void world_say(struct world *, const char *format, ...) __attribute__((format(printf, 2, 3)));  /* a line of the trace */
void world_fact(struct world *, const struct fact *);           /* at is filled in */
uint32_t world_text(struct world *, const char *text);          /* interned in the history */
int64_t world_wall_ms(const struct world *);                    /* the true wall clock */

/* Puts a happening `wait` ms from now. The returned one may be filled further. */
struct happening *world_later(struct world *, ms_t wait, void (*act)(struct world *, struct happening *));
struct happening *world_later_for(struct world *, ms_t wait, void (*act)(struct world *, struct happening *), struct worker *);

/* The next happening, if one is due until then. False: none is, or the run has failed. */
bool world_step(struct world *, ms_t until);
void world_run_until(struct world *, ms_t until);
bool world_is_at_rest(struct world *);

/* config.c: the engine's configuration and the facts of the targets, from the swarm */
void world_configure(struct world *);

/* producer.c */
void producer_start(struct world *);
bool producer_is_done(const struct world *);
void producer_add(struct world *, uint32_t id);                 /* one alert of its own lane, now */
uint32_t producer_text(struct world *, uint32_t id);            /* its id as a text of the history */

/* recovery.c */
void recovery_run(struct world *);

/* nemesis.c */
void nemesis_start(struct world *);
/* calm: who is paused goes on, who has no leader gets one; of several workers, those that do not reach Kafka do not yet */
void nemesis_ends(struct world *);
void nemesis_mends(struct world *);                             /* now they do */
void nemesis_starts_again(struct world *, struct worker *);     /* its process is gone: a new one comes after a while */

#endif

/* worker.h: one place for a process, the engine that lives there now, and its adapters' memory. */
#ifndef TESTS_SIM_WORKER_H
#define TESTS_SIM_WORKER_H

#include "codecs/check.h"
#include "tests/sim/world.h"

struct client;
struct keyring;

enum { RECORD_HEADERS_MAX = 2 };

/* A record that the engine holds, copied when it came. */
struct held {
    bool used;
    struct record_view view;    /* borrows `headers` and `bytes` */
    struct header headers[RECORD_HEADERS_MAX];
    char *bytes;
    size_t bytes_size;
    char *messages;             /* what the engine wrote for it, NULL = nothing */
    size_t messages_size;
};

struct worker {
    uint32_t number;            /* the place, from 0 */
    uint32_t life;              /* of the process that is there, from 1; 0 = none runs */
    ms_t frozen_until;          /* 0 = it runs */
    ms_t cut_until;             /* it does not reach Kafka; 0 = it does */
    int64_t wall_offset_ms;     /* its wall clock is wrong by so much */
    bool awake;                 /* inputs were fed since effects were pulled last */
    bool draining, closing, complete;
    ms_t term_ms;               /* when it was asked to leave */
    uint32_t spins;
    uint32_t unfinished;        /* records in its windows that were open when effects were pulled last */
    struct world *world;
    ms_t tick_at;               /* the one that counts; others are old */
    void *memory;
    struct engine *engine;
    struct engine_config config;
    struct decoder *decoder, *encode_decoder;
    struct held *held;
    uint32_t held_room, held_top;       /* places there are; those behind top were never used */
    struct client *client;
    struct keyring *keyring;
    uint64_t calls;             /* numbers of FACT_CALLED */
    uint64_t polled;
    uint32_t largest;           /* of its records, bytes */
    int64_t left_bytes;         /* what assignments before still held when the present one came */
};

void worker_start(struct world *, struct worker *);
void worker_kill(struct world *, struct worker *);              /* as by kill -9 */
void worker_freeze(struct world *, struct worker *, ms_t for_ms);
void worker_term(struct world *, struct worker *);              /* SIGTERM; twice = leaves at once */
/* The process is gone. It had `limit_ms` to finish what it began; 0 = that was not heeded. */
void worker_stop(struct world *, struct worker *, const char *how, bool complete, ms_t limit_ms);

/* Fills in the times. Effects are pulled in this turn or the next. */
void worker_feed(struct world *, struct worker *, struct input *);
/* An answer to an effect: an adapter may give it a second time, later; it is stale then. */
void worker_answer(struct world *, struct worker *, struct input *);
bool worker_runs(const struct worker *);
bool worker_is_cut_off(const struct world *, const struct worker *);    /* from Kafka */
int64_t worker_wall_ms(const struct world *, const struct worker *);
void worker_tell_clock(struct world *, const struct worker *);  /* how wrong it is, as a fact */

/* A record for the worker: false when it cannot take one now (all places are used). */
bool worker_give(struct world *, struct worker *, uint32_t partition, uint32_t place, uint32_t assigned, uint32_t epoch);

struct worker *worker_of(struct world *, const struct happening *);

/* gauges.c: what holds at any moment; and what holds when nothing is under way any more */
void gauges_tell(struct world *, const struct worker *);
void gauges_tell_counts(struct world *, const struct worker *);

/* held.c: records by their handles. Nothing of what was freed can be read any more. */
uint32_t held_take(struct worker *, const struct record_view *);       /* held_room: no place is left */
void held_keep_messages(struct held *, const struct buf *);
void held_free(struct worker *, uint32_t handle);
void held_release(struct worker *);

/* call.c: an effect CALL to a signed request */
struct request;
bool worker_encode(struct world *, struct worker *, const struct effect *, struct request *);

#endif

/* engine_stand.h: an engine between adapters that keep their promises, and what must hold of its effects; for fuzz_engine.c. */
#ifndef TESTS_FUZZ_ENGINE_STAND_H
#define TESTS_FUZZ_ENGINE_STAND_H

#include "bridge/core/engine.h"
#include "tests/fuzz/shared.h"

enum { RECORDS_MAX = 192, ORDERS_MAX = 512, PARTITIONS = 2, TARGETS = 2, AFTER_PAUSE_MAX = 100, STEPS_MAX = 600 };
enum { REST_TURNS_MAX = 20000, TEXT_BYTES = 1024, MESSAGES_BYTES = 4096, EFFECTS_MAX = 100000 };

/* An effect that waits for its answer, or (answered) one that is over. */
struct asked {
    enum effect_kind kind;
    struct tag tag;
    uint32_t target, partition, epoch;
    int64_t offset;
    bool answered;
};

struct kept {
    struct record_view view;
    char text[TEXT_BYTES], messages[MESSAGES_BYTES];
    struct buf written;
    uint32_t epoch, partition;
    int64_t offset;
    bool turned_away;           /* it came while the partitions were being given back */
    bool freed, over;           /* over: freed, and not because it is left to the next owner */
};

enum group { GROUP_AWAY, GROUP_READING, GROUP_LEAVING };

struct engine_stand {
    struct engine *engine;
    struct decoder *decoder;
    struct engine_config config;
    struct backend_settings settings[TARGETS];
    void *memory;
    size_t memory_bytes;
    ms_t now_ms;
    struct kept records[RECORDS_MAX];
    uint32_t n_records;
    struct asked orders[ORDERS_MAX];
    uint32_t n_orders;
    enum group group;
    uint32_t epoch, n_assigned;
    struct assignment assignment[PARTITIONS];
    int64_t next[PARTITIONS], sent[PARTITIONS];
    bool paused[PARTITIONS], over;
    bool unheard;               /* an order was dropped and will have no answer */
    uint32_t after_pause[PARTITIONS];
    uint32_t calls[TARGETS];
    bool fed, mixed;            /* since the last pull: an input; several, or one that lets several things come due */
    uint64_t abandoned;         /* deliveries until then */
};

extern struct engine_stand world;

void stand_start(struct bytes *);           /* a fresh engine; its configuration is drawn */
void stand_feed(struct input *);            /* now */
void stand_pull(void);                      /* every effect, each looked at and kept where it waits for an answer */

#endif

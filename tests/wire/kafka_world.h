/* kafka_world.h: a real Kafka for the suites whose names begin with "kafka", and members whose every callback is noted.
 *
 * The broker is started once for the whole program (tests/support/kafka.sh), or is the one that ALERTBRIDGE_TEST_KAFKA names. */
#ifndef TESTS_WIRE_KAFKA_WORLD_H
#define TESTS_WIRE_KAFKA_WORLD_H

#include "bridge/io/kafka.h"
#include "codecs/mutant.h"

enum { NOTES_MAX = 4096, PARTITIONS_OF_TEST = 8, LINE_BYTES = 400 };

struct noted_record {
    char topic[64];
    int32_t number;
    int64_t offset, timestamp_ms;
    uint32_t epoch;
    struct slice key, value;    /* copies */
    struct header headers[16];
    uint32_t n_headers;
};

struct noted_line {
    int level;
    char kind[16], text[LINE_BYTES];
};

struct noted_commit {
    uint32_t partition, epoch;
    int64_t offset;
    enum commit_result result;
};

struct noted_park {
    struct tag tag;
    bool ok;
    char refused[256];          /* why; "" = it was not */
};

struct member_of_test {
    struct kafka *kafka;
    struct assignment partitions[PARTITIONS_OF_TEST];
    uint32_t n_partitions, epoch;
    unsigned assigned, revoked, lost, closed, fatal;
    struct noted_record records[NOTES_MAX];
    unsigned n_records;
    struct noted_line lines[64];
    unsigned n_lines;
    struct noted_commit commits[64];
    unsigned n_commits;
    struct noted_park parks[64];
    unsigned n_parks;
    unsigned letters[LETTER_REFUSED + 1];   /* by their answer, noted or not */
    char why_fatal[LINE_BYTES];
    bool (*takes)(const struct member_of_test *, uint32_t partition);   /* NULL = all that comes */
};

const char *world_brokers(void);
struct event_base *world_base(void);                                        /* of this test's process */

/* A topic of its own name, `label` in it; settings "name=value", at most one, or NULL. */
const char *world_topic(const char *label, int partitions, const char *setting);
void world_grow(const char *topic, int partitions);                         /* to that many */
const char *world_name(const char *label);                                  /* a name that nobody used before */

/* `count` records "<label>-<i>" from i = first, round robin over the partitions. */
void world_fill(const char *topic, const char *label, int partitions, int first, int count);

/* `settings` as for world_topic; a name given by the caller. */
void world_make_topic(const char *name, int partitions, const char *setting);

struct member_config {
    const char *brokers, *group, *instance_id, *dead_letter_topic;
    struct kafka_topic topics[3];
    struct kafka_property properties[4];
};
struct member_of_test *member_start(const struct member_config *);
struct member_of_test *member_reading(const char *topic);                   /* from its beginning, in a new group */
void member_leave(struct member_of_test *);                                 /* and frees it; its notes stay */

void world_run_ms(int ms);
bool world_turn(ms_t *left_ms);
/* Of the loop: for what must come, on a slow machine too; not for what a planted bug keeps from coming. */
#define PATIENCE_MS (MUTATED(pause_stops_polling) ? 10000 : 60000)
/* Runs the loop until it holds; fails the test when patience ends. */
#define until(condition)                                                                                                        \
    do {                                                                                                                        \
        ms_t left_ms = PATIENCE_MS;                                                                                             \
        while (!(condition) && world_turn(&left_ms))                                                                            \
            ;                                                                                                                   \
        cr_assert(condition, "it never came: %s", #condition);                                                                  \
    } while (0)

/* It reads, and the group keeps where it began: from then on it commits only what it is told to. */
bool member_begun(const struct member_of_test *);

uint32_t member_partition(const struct member_of_test *, int32_t number);   /* index of a partition number of the only topic */
int member_count(const struct member_of_test *, const char *value);         /* records with that value */
bool member_said(const struct member_of_test *, const char *kind, const char *part);

/* A way from a free port to the broker that can be opened later. */
const char *relay_prepare(void);                                            /* "127.0.0.1:PORT" where nobody listens yet */
void relay_open(void);

#endif

/* demo.h: what the files of `alertbridge demo` share: a world that needs nothing outside, and books beside the worker's own. */
#ifndef BRIDGE_CMD_DEMO_H
#define BRIDGE_CMD_DEMO_H

#include "bridge/cmd/cmd.h"
#include "bridge/cmd/sample.h"
#include "bridge/config.h"
#include "bridge/core/engine.h"
#include "bridge/sim/table.h"

#include <sys/types.h>

struct execution;
struct kafka_mock;
struct sim;
struct sim_server;
struct event_base;

enum { DEMO_PARTITIONS = 4, DEMO_DLQ_PARTITIONS = 1, DEMO_PATH_BYTES = 64, DEMO_CONFIG_BYTES = 4096, DEMO_LOST_MAX = 10 };
#define DEMO_TOPIC "sec.alerts"
#define DEMO_DLQ "sec.alerts.dlq"
#define DEMO_GROUP "demo"
#define DEMO_MESSAGE_PREFIX "demo-"

struct demo_options {
    uint64_t records, seed;
    uint32_t drop_every;
};
void demo_samples(const struct demo_options *, struct sample_config *);

/* demo_world.c: brokers, store, backends, configuration and secrets; all gone after release. */
struct demo_world {
    char folder[DEMO_PATH_BYTES];
    char redis_url[128];            /* "memory:" where there is no redis-server */
    pid_t redis;                    /* 0 = none */
    struct kafka_mock *mock;
    struct sim *sim;
    struct sim_server *server;
    struct config *config;
    char shown[DEMO_CONFIG_BYTES];  /* the configuration as it is printed: usual places of the secrets, no secret */
    char error[256];
};
bool demo_world_init(struct demo_world *, struct event_base *, const struct demo_options *);     /* false with error */
void demo_world_release(struct demo_world *);

/* demo_redis.c: a private redis-server on a socket in the folder; dead when we are. False where there is none. */
bool demo_redis_start(const char *folder, char *url, size_t url_size, pid_t *pid);
void demo_redis_stop(pid_t pid);

/* demo_faults.c: what the backends do wrong, from the seed. */
bool demo_faults(struct sim *, const struct demo_options *, char *error, size_t error_size);
/* The one event that the portal never takes: a notice, about a third into the run. False when there is none. */
bool demo_poison_id(const struct demo_options *, char *id, size_t id_size);

/* demo_book.c: who was produced, carried out, parked: told by the producer, the simulators and the dead-letter topic, never by
 * the worker. */
struct demo_event {
    uint32_t records, executions, parked;
    bool is_notice;
};
struct demo_book {
    struct demo_event *events;      /* by number */
    struct table numbers;           /* of an id, and of what a backend sees of it, to number + 1 */
    struct decoder *decoder;
    uint64_t capacity, records, bad, distinct;
    uint64_t strangers;             /* carried out or parked, and never produced */
    uint64_t dead_letters, reasons[REASON_COUNT];
};
bool demo_book_init(struct demo_book *, uint64_t records);
void demo_book_release(struct demo_book *);
void demo_book_produced(struct demo_book *, const struct sample *);
void demo_book_executed(void *book, const struct execution *);
void demo_book_dead_letter(void *book, const struct record_view *);

struct demo_balance {
    uint64_t delivered[2];          /* events that a backend carried out and nobody parked: SOAR, portal */
    uint64_t lost;                  /* neither carried out nor parked; records that no decoder takes included */
    uint64_t again;                 /* SOAR: carried out once more than needed */
    uint64_t shown_twice;           /* portal */
    uint64_t lost_numbers[DEMO_LOST_MAX];
    uint32_t n_lost_numbers;
};
void demo_book_close(const struct demo_book *, struct demo_balance *);

/* demo_report.c */
struct demo_result {
    const struct demo_options *options;
    const struct demo_world *world;
    const struct demo_book *book;
    const struct engine_stats *stats;
    uint32_t n_targets;
    int64_t committed;
    bool dead_letters_read;
    ms_t worked_ms;
    const char *cut_short;          /* NULL = it ran to its end */
};
int demo_report(const struct demo_result *, bool json);          /* the exit code */

/* demo_show.c: the table while it runs, or a line now and then where there is no terminal. */
struct demo_counts {
    uint64_t delivered, duplicates, parked, calls, retries, messages, in_work;
};
void demo_count(const struct engine_stats *, uint32_t n_targets, struct demo_counts *);
struct demo_show {
    bool is_terminal;
    uint32_t lines;                 /* of the table on the screen */
    ms_t started_ms, line_ms;
    uint64_t records;
};
void demo_show_init(struct demo_show *, uint64_t records);
void demo_show(struct demo_show *, const struct engine_config *names, const struct engine_stats *, uint64_t produced);

#endif

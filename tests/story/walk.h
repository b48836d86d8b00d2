/* walk.h: a random walk over the engine. A seed decides the configuration, the faults and the order of everything that happens; a
 * truthful model of Kafka, of the store and of both backends stands around the engine, and the rules of docs/semantics.md are
 * checked at each step.
 *
 * walk.c is the clock and the loop, walk_seed.c what a seed decides, walk_kafka.c the log and the group, walk_store.c the
 * keys and another owner of them, walk_windows.c the windows of repeats, walk_backend.c calls, dead letters and credentials,
 * walk_rules.c what must hold. */
#ifndef TESTS_STORY_WALK_H
#define TESTS_STORY_WALK_H

#include "bridge/core/engine.h"
#include "tests/support/draw.h"

enum { WALK_COMMIT_MS = 2000, WALK_PARTITIONS = 4, WALK_TARGETS = 2, WALK_INCIDENTS = 8, WALK_WINDOWS = 32, WALK_LINKS = 100,
       WALK_LINES = 40, WALK_LINE_BYTES = 240 };

/* What became of one event for one target, or (the last place) for none. */
struct fate {
    uint32_t acked_epoch, parked_epoch;     /* the last assignment in which it was acknowledged, or its dead letter was */
    bool ignored;                           /* a conflict was met that the policy ignores */
};

struct item {
    uint32_t id;                /* its name is e<id> */
    uint32_t record;
    enum event_kind kind;
    uint8_t incident;
    uint64_t fp;
    struct fate fates[WALK_TARGETS + 1];
};

struct logged {
    char *text;
    char key[16];
    struct record_view view;
    int64_t offset;
    uint32_t partition, first_item, n_items;    /* without items: it cannot be read */
    struct fate fate;
};

/* One id for one target, as the store and the backend see it. */
struct key {
    struct claim_value value;
    ms_t written_ms;
    uint32_t executed;          /* times the backend carried it out, by whomever */
    uint32_t resends;           /* entries of the journal: it is sent again in doubt */
    uint32_t repeat_of;         /* with is_repeat: the id that it was suppressed for */
    bool is_repeat;
    ms_t other_ms;              /* another owner holds it and acts at this time; 0 = it does not */
};

/* Who leads a window of a route. */
struct window_of_walk {
    struct hash128 hash;
    uint32_t route, leader;     /* an id */
    ms_t expires_ms;
};

struct answer {
    ms_t at_ms;
    uint64_t order;
    struct input input;
    struct claim_order claim;   /* CLAIMED, SETTLED */
    char leader[16];            /* CLAIMED: a copy of the answer's */
    uint32_t members[100], n_members, target;   /* CALLED: items */
    uint32_t what;              /* PARKED: item, or record when there is none */
    bool whole;                 /* PARKED: of a record that cannot be read */
    uint32_t epoch;             /* CALLED, PARKED: of the records */
};

struct odds {                   /* in thousandths */
    uint32_t silent, busy_store, call_fails, park_fails, commit_fails, credential_fails, other, throttles;
};

struct walk {
    uint64_t seed, draws, hash;
    ms_t now;
    bool faults;                /* off at the end, when all must come to rest */
    struct odds odds;
    struct engine_config config;
    struct backend_settings settings[WALK_TARGETS];
    void *memory;
    struct engine *engine;
    struct decoder *decoder, *own_decoder;
    uint64_t steps;
    uint32_t turn;              /* inputs fed since effects were pulled last */

    struct answer **pending;
    uint32_t n_pending, pending_room;
    uint64_t order;
    struct input old[64];       /* answers given once, to be given again when their serial is over */
    uint32_t n_old;

    struct logged *records;
    uint32_t n_records, records_wanted, records_room;
    struct item *items;
    uint32_t n_items, items_room;
    uint32_t ids, ids_room;
    struct key *keys;           /* [id * WALK_TARGETS + target] */
    struct window_of_walk windows[WALK_WINDOWS];
    uint64_t n_repeats, n_twins, n_promoted;

    struct {
        uint32_t *log, n_log;   /* indexes of records, by offset */
        int64_t end, committed;
    } logs[WALK_PARTITIONS];

    enum { GROUP_AWAY, GROUP_READING, GROUP_LEAVING } group;
    uint32_t epoch, n_assigned;
    struct assignment assignment[WALK_PARTITIONS];
    struct {
        uint32_t partition, next, slack, first;     /* places in the log */
        int64_t sent;
        bool paused;
        uint32_t reached;       /* one past the furthest that was given */
        bool refused;           /* a commit was stale: the group has moved on, and will say so */
    } readers[WALK_PARTITIONS];
    ms_t revoke_by_ms, shutdown_by_ms;  /* DRAINED must have come, with the time for its last commit; 0 = none is awaited */

    struct {
        uint32_t record, epoch;
        bool freed;
    } *handles;
    uint32_t n_handles, n_freed, handles_room;

    struct {
        uint64_t dispatch;
        ms_t heard_ms;
        ms_t lease_ms;
    } custodies[4096];          /* of this process, by dispatch modulo */
    uint32_t *delivery_serials, *batch_serials;     /* the latest given out, by slot */
    uint32_t serials_room;

    uint32_t calls[WALK_TARGETS], slots[WALK_TARGETS];      /* slots: of the engine, at the step before */
    uint64_t ends[WALK_TARGETS + 2];    /* entries of the journal in this process, not told again; by row of the stats */
    struct {
        uint32_t epoch;
        uint64_t place;
    } lanes[WALK_TARGETS][WALK_PARTITIONS][WALK_INCIDENTS];
    ms_t resume_ms;             /* at rest: when an operator looks after what only he can let go */
    uint64_t floods, slowed;    /* guards that went on; steps at a rate or with a limit lower than configured */

    char lines[WALK_LINES][WALK_LINE_BYTES];
    uint64_t n_lines;
    char failure[256];
};

/* Walks one seed to its end. False: *walk tells why; walk_tell() prints it. walk_end() frees. */
bool walk_run(struct walk *, uint64_t seed);
void walk_tell(const struct walk *);
void walk_end(struct walk *);

/* ---- for the walk's own files --------------------------------------------------------------------------------------------- */

uint32_t walk_draw(struct walk *, uint32_t bound);
bool walk_chance(struct walk *, uint32_t thousandths);     /* never while faults are off */
void walk_fail(struct walk *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void walk_line(struct walk *, const char *text, size_t size);
void walk_feed(struct walk *, struct input *);
void walk_later(struct walk *, ms_t wait_ms, const struct answer *);
void seed_config(struct walk *);                            /* draws the configuration and the odds */
void walk_restart(struct walk *);                           /* the process dies and another one begins */

void kafka_produce(struct walk *);
void kafka_move(struct walk *);                             /* one thing at random */
void kafka_come_to_rest(struct walk *);                     /* whatever is not read here is read here */
void kafka_gone(struct walk *);
void kafka_commits(struct walk *, const struct effect *);
void kafka_pauses(struct walk *, const struct effect *);
void kafka_frees(struct walk *, uint32_t handle);
void kafka_drained(struct walk *, const struct effect *);
bool kafka_is_all_committed(const struct walk *);

struct key *store_key(struct walk *, uint32_t id, uint32_t target);
void store_claims(struct walk *, const struct effect *);
void store_settles(struct walk *, const struct effect *);
void store_answered(struct walk *, struct answer *);
void store_other_acts(struct walk *);
uint32_t store_id_of(struct slice id);
void windows_meet(struct walk *, struct answer *, struct claim_value *write);   /* the key of the claim is ours */

void backend_calls(struct walk *, const struct effect *);
void backend_answered(struct walk *, const struct answer *);
void backend_parks(struct walk *, const struct effect *);
void backend_parked(struct walk *, const struct answer *);
void backend_credential(struct walk *, const struct effect *);
void backend_rotates(struct walk *);

void rules_at_step(struct walk *);
void rules_at_commit(struct walk *, uint32_t reader, int64_t offset);
void rules_at_journal(struct walk *, const struct journal_entry *);
void rules_at_execution(struct walk *, uint32_t id, uint32_t target);
void rules_at_call(struct walk *, uint32_t target, const uint32_t *members, uint32_t n);
void rules_at_rest(struct walk *);

#endif

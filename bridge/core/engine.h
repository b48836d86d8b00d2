/* engine.h: the one door. It decides everything and does nothing.
 *
 *               engine_feed(input)                     engine_next(effect)
 *   Kafka ─ RECORD ASSIGNED REVOKED LOST COMMITTED ─┐ ┌─ COMMIT PAUSE RESUME FREE_RECORD DRAINED ─▶ Kafka
 *   Redis ─ CLAIMED SETTLED AMNESIA ────────────────┤ ├─ CLAIM SETTLE RENEW JOURNAL ──────────────▶ Redis, log
 *   HTTP  ─ CALLED CREDENTIAL ──────────────────────┤ ├─ CALL FETCH_CREDENTIAL ───────────────────▶ HTTP
 *   dlq   ─ PARKED ─────────────────────────────────┤ ├─ PARK ────────────────────────────────────▶ dead-letter topic
 *   human ─ CONTROL     time ─ TICK ────────────────┘ └─ engine_deadline(): wake me then
 *
 * Effects are pulled until none is left; no callback leaves the engine. Answers carry the tag of their effect; a late one finds a
 * stale serial and is dropped with a trace line. Time and randomness are arguments: same inputs, same effects, same trace. The
 * engine owns no socket, clock, file, thread or global, and takes all its memory at engine_init.
 *
 * States of a delivery, the life of a record and who may move what: delivery.h. */
#ifndef BRIDGE_CORE_ENGINE_H
#define BRIDGE_CORE_ENGINE_H

#include "bridge/core/claim.h"
#include "bridge/core/journal.h"
#include "bridge/core/guard.h"
#include "bridge/core/reason.h"
#include "bridge/core/route.h"
#include "bridge/core/types.h"
#include "codecs/backend.h"
#include "codecs/decode.h"
#include "codecs/outcome.h"

struct engine;

/* ---- what it is told at the start ------------------------------------------------------------------------------------------ */

enum order { ORDER_KEY, ORDER_NONE };
enum on_ambiguous { AMBIGUOUS_RESEND, AMBIGUOUS_HOLD };
enum on_conflict { CONFLICT_DEAD_LETTER, CONFLICT_IGNORE };
enum on_redis_down { REDIS_DOWN_PAUSE, REDIS_DOWN_DEGRADE };
enum on_amnesia { AMNESIA_CONTINUE, AMNESIA_HOLD };

/* One target's policies; design and defaults in docs/semantics.md. */
struct target_policy {
    const char *name;
    const struct backend *backend;
    const struct backend_settings *settings;
    uint32_t batch_messages;        /* 1 .. backend->batch_max */
    uint32_t batch_bytes;
    ms_t linger_ms;
    uint32_t concurrency;
    uint64_t rate_per_hour;         /* 0 = no limit */
    enum order order;
    uint32_t max_attempts;
    ms_t max_elapsed_ms, retry_base_ms, retry_max_ms, retry_after_max_ms;
    ms_t connect_timeout_ms, call_timeout_ms;
    ms_t claim_lease_ms, dedup_ttl_ms;
    ms_t max_age_ms;                /* 0 = off */
    enum on_ambiguous on_ambiguous;
    uint32_t max_ambiguous;         /* UINT32_MAX = no limit */
    enum on_conflict on_conflict;
    enum on_redis_down on_redis_down;
    enum on_amnesia on_amnesia;
    uint32_t breaker_failures;
    ms_t breaker_every_ms;
};

struct source_policy {
    const char *name;
    struct decode_rules rules;
};

struct engine_config {
    struct target_policy targets[TARGETS_MAX];
    uint32_t n_targets;
    struct guard_policy guard;      /* of each target, and of what no route matches */
    struct source_policy sources[SOURCES_MAX];
    uint32_t n_sources;
    struct route routes[ROUTES_MAX];
    uint32_t n_routes;
    uint32_t window_records;        /* of the process, shared out at assignment; at least 64 a partition */
    uint64_t window_bytes;
    uint32_t deliveries;            /* open at once; 0 = 2 * window_records, at least what one record can hold */
    ms_t drain_ms;                  /* shutdown.drain */
    ms_t revoke_drain_ms;           /* 5 s */
    ms_t commit_every_ms;           /* 1 s */
    uint32_t commit_every_records;  /* 1,000 */
    uint64_t owner;                 /* 64 random bits of the process */
    uint64_t seed;                  /* of the jitter */
    struct sipkey hash_key;         /* of the Redis prefix: fingerprints, long ids, lanes */
};

/* Memory the engine wants, in bytes. The decoder's and the slab's come on top. */
size_t engine_size(const struct engine_config *);

/* Most records it holds at once, for whoever keeps their bytes. */
uint32_t engine_records_max(const struct engine_config *);

/* `memory` holds engine_size() bytes, zeroed, aligned to 16. The config is copied, what it points to is borrowed for ever. The
 * decoder is used in engine_feed only. */
struct engine *engine_init(void *memory, const struct engine_config *, struct decoder *, ms_t now_ms);

/* One line a step, without a newline. NULL = off (the default). */
void engine_trace(struct engine *, void (*line)(void *owner, const char *text, size_t size), void *owner);

/* ---- inputs ---------------------------------------------------------------------------------------------------------------- */

enum input_kind {
    INPUT_RECORD,       /* Kafka gave a record                                  */
    INPUT_CLAIMED,      /* answer to CLAIM                                      */
    INPUT_CALLED,       /* answer to CALL                                       */
    INPUT_SETTLED,      /* answer to SETTLE and to RENEW                        */
    INPUT_PARKED,       /* answer to PARK                                       */
    INPUT_COMMITTED,    /* answer to COMMIT                                     */
    INPUT_ASSIGNED,     /* these partitions are ours now (eager: all of them)   */
    INPUT_REVOKED,      /* give all of them up, in order: DRAINED will follow   */
    INPUT_LOST,         /* they are gone already: no wait, no commit            */
    INPUT_CREDENTIAL,   /* answer to FETCH_CREDENTIAL, or a rotation            */
    INPUT_CONTROL,      /* pause, resume, drain                                 */
    INPUT_AMNESIA,      /* Redis lost its memory                                */
    INPUT_TICK,         /* time passed                                          */
};

struct assignment {
    const char *topic;          /* borrowed for ever: dead letters of an earlier assignment still name it */
    int32_t number;
    uint32_t source;
    int64_t next_offset;        /* where reading begins; -1 = not known yet (the first record tells) */
    bool only_begun;            /* the group has that offset, and nothing was ever finished */
};

enum control { CONTROL_PAUSE, CONTROL_RESUME, CONTROL_DRAIN };

enum commit_result {
    COMMIT_OK,
    COMMIT_STALE,       /* other generation, unknown member, rebalance in progress, assignment lost: dropped, never repeated */
    COMMIT_FAILED,      /* passing: asked again with the next commit */
};

struct input {
    enum input_kind kind;
    ms_t now_ms;        /* CLOCK_BOOTTIME, never below the input before */
    int64_t wall_ms;    /* epoch milliseconds, for what people read and for expiresAt */
    union {
        struct {
            uint32_t handle;            /* the worker's; comes back with FREE_RECORD */
            uint32_t partition;         /* index in the last ASSIGNED */
            uint32_t epoch;             /* the epoch of that ASSIGNED */
            int64_t offset;
            const struct record_view *view;     /* borrowed until FREE_RECORD */
            uint32_t bytes;             /* what it occupies in the slab */
            struct buf *messages;       /* empty; the messages of batches are written here, for the worker to keep with the
                                         * record. NULL = none are wanted */
        } record;
        struct {
            struct tag tag;
            struct claim_answer answer;
        } claimed;
        struct {
            struct tag tag;
            struct verdict verdict;
            bool lease_over;            /* not begun because its claims' safe time was over: no fault of the target */
        } called;
        struct {
            struct tag tag;
            enum settle_answer answer;
        } settled;
        struct {
            struct tag tag;
            bool ok;                    /* false: not acknowledged, to be written again */
        } parked;
        struct {
            uint32_t partition, epoch;
            int64_t offset;
            enum commit_result result;
        } committed;
        struct {
            const struct assignment *partitions;
            uint32_t n;
            uint32_t epoch;             /* greater than any before */
        } assigned;
        struct {
            uint32_t target;
            bool ok;                    /* false: could not be had, the engine asks again later */
            bool refused;               /* the service says key or secret are wrong */
            bool same;                  /* with ok: it is the one that there was before */
            bool rotated;               /* the secrets themselves are new: with ok a paused target tries at once, without ok
                                         * (nobody asked) what was made with the old ones is to be fetched anew */
            ms_t expires_at_ms;         /* BOOTTIME; MS_NEVER for static keys */
        } credential;
        enum control control;
        struct {
            int64_t until_ms;           /* wall clock: claims and done marks written before it may be gone */
        } amnesia;
    };
};

void engine_feed(struct engine *, const struct input *);

/* ---- effects --------------------------------------------------------------------------------------------------------------- */

enum effect_kind {
    EFFECT_CLAIM,               /* claim: answer CLAIMED                                                           */
    EFFECT_SETTLE,              /* claim: write `end`; answer SETTLED                                              */
    EFFECT_RENEW,               /* claim: extend the lease, write doubt and first_sent; answer SETTLED             */
    EFFECT_JOURNAL,             /* journal: an end, before its SETTLE; a re-send in doubt, before its CALL          */
    EFFECT_CALL,                /* call: encode, sign, send; answer CALLED                                         */
    EFFECT_PARK,                /* park: write the dead letter; answer PARKED                                      */
    EFFECT_COMMIT,              /* commit: answer COMMITTED                                                        */
    EFFECT_PAUSE,               /* partition: stop fetching                                                        */
    EFFECT_RESUME,              /* partition: go on                                                                */
    EFFECT_FREE_RECORD,         /* handle: its bytes are needed no more                                            */
    EFFECT_FETCH_CREDENTIAL,    /* credential: answer CREDENTIAL                                                   */
    EFFECT_DRAINED,             /* drained: a revoke may be answered, or the process may leave                     */
    EFFECT_NOTE,                /* note: a target changed its mind; to be told to people, nothing to answer          */
};

/* What a target did that people want to know at once. */
enum note {
    NOTE_BREAKER_OPEN, NOTE_BREAKER_HALF_OPEN, NOTE_BREAKER_CLOSED, NOTE_PAUSED_AUTH, NOTE_PAUSED_CONFIG, NOTE_GOES_ON,
    NOTE_HEAD_WAITS,        /* of a partition: its window is full, and nearly all of it waits for the oldest record */
    NOTE_MARK_MISSING, NOTE_GUARD_ON, NOTE_GUARD_OFF,      /* the guard of target n_targets is that of what no route matches */
};

/* A member of a call, by engine_call_member. */
struct call_member {
    uint32_t handle;            /* its record */
    uint32_t index;             /* of the event within the record */
    uint32_t source;            /* whose rules the record is read by */
    uint32_t message_at, message_size;  /* its message among those written at the RECORD; size 0 = encode the event */
    struct slice id;
    uint64_t dispatch;          /* under which claim */
};

struct effect {
    enum effect_kind kind;
    union {
        struct claim_order claim;
        struct journal_entry journal;
        struct {
            struct tag tag;
            uint32_t target;
            uint32_t n;             /* members, in order: engine_call_member(engine, tag, 0 .. n - 1) */
            ms_t not_after_ms;      /* BOOTTIME: no request may begin later (the claims' safe deadline) */
            uint32_t attempt;
        } call;
        struct {
            struct tag tag;
            uint32_t handle;
            int target;             /* TARGET_NONE for bad input and no route */
            enum reason reason;
            enum fault fault;       /* with REASON_BAD_INPUT */
            char code[80];          /* "<http>/<backend>", "-" for none */
            const char *message;    /* for people, static or borrowed until the answer */
            uint32_t attempts;
            struct slice id;        /* absent if unreadable */
            uint32_t index;
            const char *topic;
            int32_t partition;
            int64_t offset;
            int64_t first_ms, last_ms;  /* wall clock of the calls; 0 = none */
        } park;
        struct {
            uint32_t partition, epoch;
            int64_t offset;
            bool final;             /* part of a drain: to be awaited */
        } commit;
        struct {
            uint32_t partition, epoch;
        } partition;
        uint32_t handle;
        struct {
            uint32_t target;
            bool refused;           /* the present one was refused: get another, do not refresh it */
        } credential;
        struct {
            enum note what;
            uint32_t target;        /* 0 with NOTE_HEAD_WAITS, which has these: */
            const char *topic;
            int32_t partition;
            int64_t offset;
        } note;
        struct {
            bool shutdown;          /* else a revoke */
            bool complete;          /* within its bound; nothing was abandoned but what was never begun, the last commit was
                                     * taken, and no partition was lost before it */
            uint32_t abandoned;     /* deliveries whose end is not known here */
        } drained;
    };
};

bool engine_next(struct engine *, struct effect *);     /* false: nothing to do now */

/* Valid from the CALL effect until its CALLED was fed. */
void engine_call_member(const struct engine *, struct tag call, uint32_t i, struct call_member *);

/* Whose call a tag is, for the judge and the log. False when the tag is stale. */
struct call_origin {
    uint32_t target, n, attempt;
    struct slice first_id;
};
bool engine_call_origin(const struct engine *, struct tag call, struct call_origin *);

/* Whose claim, end or dead letter a tag is, for the log. False when the tag is stale. The id is borrowed until the next input. */
bool engine_delivery_origin(const struct engine *, struct tag, int *target, struct slice *id);

/* Whether a record of that partition (its index in the assignment) is wanted now: no = it is paused, or will be as soon as its
 * effect is pulled. Who asks before each record never has more than it may: one that came all the same would be taken. */
bool engine_takes(const struct engine *, uint32_t partition);

/* When to feed a TICK at the latest; MS_NEVER = no need. */
ms_t engine_deadline(const struct engine *);

/* ---- what it counts -------------------------------------------------------------------------------------------------------- */

enum stage {
    STAGE_RECEIVED, STAGE_CLAIMING, STAGE_WAITING, STAGE_QUEUED, STAGE_CALLING, STAGE_BACKOFF, STAGE_SETTLING, STAGE_PARKING,
    STAGE_COUNT
};
enum breaker { BREAKER_CLOSED, BREAKER_HALF_OPEN, BREAKER_OPEN };
enum target_pause { TARGET_RUNNING, TARGET_PAUSED_AUTH, TARGET_PAUSED_CONFIG };

const char *stage_name(enum stage);

struct target_stats {
    uint64_t opened[SOURCES_MAX];
    uint64_t terminal[TERMINAL_COUNT];
    uint64_t parked[REASON_COUNT];
    uint64_t suppressed;            /* of the duplicates: repeats within a window */
    uint64_t claims[CLAIM_VERDICT_COUNT];
    uint64_t fenced;
    uint64_t calls[OUTCOME_COUNT];
    uint64_t retries[OUTCOME_COUNT];
    uint64_t messages;              /* sent, over all calls */
    uint64_t lease_aborts;
    uint64_t possible_duplicates;
    uint64_t splits[2];             /* rejected, too_large */
    uint64_t flushes[3];            /* full, bytes, linger */
    uint32_t inflight[STAGE_COUNT];
    uint32_t calls_inflight, calls_limit;
    uint64_t rate_per_hour;         /* in use; 0 = no limit */
    enum breaker breaker;
    enum target_pause pause;
    bool guarded;                   /* too much is being parked: it is held */
    uint32_t held;                  /* deliveries; in flight they count as parking */
};

struct engine_stats {
    struct target_stats targets[TARGETS_MAX + 2];   /* n_targets is _none, n_targets + 1 is _drop */
    uint64_t records[FORMAT_COUNT];                 /* by format; FORMAT_AUTO = unknown */
    uint64_t faults[SOURCES_MAX][FAULT_COUNT];
    uint64_t unknown_fields[SOURCES_MAX];
    uint64_t routed[ROUTES_MAX];
    uint64_t commits[3];                            /* ok, stale, failed */
    uint64_t stale_answers;
    uint64_t records_repeated;                      /* Kafka went back below what it had given in this assignment */
    uint64_t marks_missing;                         /* delivered, but the store was away when we had to leave */
    uint32_t window_records, window_finished;
    uint64_t window_bytes;
    uint32_t lanes;
    uint32_t assigned, paused;
    bool paused_by_operator;
};

const struct engine_stats *engine_stats(struct engine *);       /* gauges are brought up to date by the call */

struct partition_stats {
    const char *topic;
    int32_t number;
    int64_t committable, committed;
    uint32_t window, finished;
    ms_t oldest_ms;             /* age of the oldest unfinished record; 0 = none */
    bool paused;
};
uint32_t engine_partitions(const struct engine *, ms_t now_ms, struct partition_stats *out, uint32_t capacity);

#endif

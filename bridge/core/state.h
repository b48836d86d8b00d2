/* state.h: the inside of the engine, for its own files only. */
#ifndef BRIDGE_CORE_STATE_H
#define BRIDGE_CORE_STATE_H

#include "bridge/core/batch.h"
#include "bridge/core/delivery.h"
#include "bridge/core/retry.h"
#include "bridge/core/target.h"
#include "bridge/core/timers.h"
#include "bridge/core/window.h"
#include "codecs/check.h"
#include "codecs/mutant.h"

enum {
    WINDOW_SLACK_RECORDS = 256,     /* room for what comes after a pause was decided, from whoever does not ask: engine_takes */
    DRAIN_COMMIT_MS = 2000,         /* how long a drain waits for its last commit */
    DRAIN_COMMIT_AGAIN_MS = 100,    /* between its tries */
    PAUSED_PROBE_MS = 30000,        /* a paused target tries one delivery so often */
};

enum timer_kind { TIMER_DELIVERY, TIMER_BATCH };

struct partition {
    struct window window;
    const char *topic;
    size_t topic_size;
    int32_t number;
    uint64_t place;             /* hash of topic and number: the same in every assignment */
    uint32_t source;
    int64_t sent;               /* offset of the last COMMIT given out; -1 = none */
    int64_t committed;          /* last accepted; -1 = none */
    uint32_t finished_since;    /* records finished since the last COMMIT */
    bool committing;            /* one is out */
    bool stale;                 /* the group has moved on: no more commits in this epoch */
    bool paused;                /* as told to the adapter */
    uint32_t held;              /* deliveries of it that a guard holds */
    bool full;                  /* over the high mark, until the low mark */
    bool head_told;             /* that it waits for its oldest record; until it is full no more */
};

/* An effect to be given out: what and for whom; the rest is read when it is pulled. */
struct todo {
    uint8_t kind;
    uint32_t slot, serial;
};

/* Two bounds: other members wait for a revoke, nobody for a shutdown. Where both are under way the revoke ends first, and the
 * shutdown goes on. */
struct drain {
    bool active, revoke, shutdown, committing;
    ms_t revoke_by_ms, shutdown_by_ms;
    ms_t commit_by_ms;          /* while committing */
    ms_t commit_at_ms;          /* the last commit failed: not before */
    bool left_open;             /* not complete: a bound was passed, or partitions went during the shutdown with work undone */
};

struct engine {
    struct engine_config config;
    struct decoder *decoder;
    struct buf *messages;       /* of the record that is being read in right now; NULL = nobody keeps them */
    void (*trace)(void *, const char *, size_t);
    void *trace_owner;
    ms_t now_ms, start_ms;
    int64_t wall_ms;
    int64_t forgot_ms;          /* wall clock: what Redis held before it may be gone; 0 = it never lost its memory */
    struct random random;
    uint64_t next_dispatch;
    ms_t next_number;           /* of the deliveries, in the order of arrival */

    struct delivery *deliveries;
    struct delivery_rare *rare; /* one a delivery */
    struct batch *batches;
    struct timer **queue_memory;
    struct record *records;
    uint32_t n_deliveries, n_records;
    struct list free_deliveries, free_batches, free_records;
    /* never used so far: handed out last, so memory is touched as needed */
    uint32_t fresh_deliveries, fresh_batches, fresh_records;
    struct list settling, parking, unexpanded;
    struct lanes lanes;
    struct timers timers;

    struct target targets[TARGETS_MAX];
    struct guard guards[TARGETS_MAX + 1];   /* the last, at n_targets, is of what no route matches */
    struct partition *partitions;
    struct window_slot *window_slots;
    uint32_t n_window_slots;
    uint32_t n_partitions, epoch;
    uint32_t n_open;            /* records of the present assignment that are not over */
    uint64_t bytes;             /* of the records held */
    bool memory_full;           /* bytes or record slots over the high mark, until the low mark */
    bool review;                /* a mark was passed: pauses and resumes are to be looked at */
    ms_t commit_at_ms;
    uint32_t next_target;       /* where the round of dispatching begins */

    struct todo *todo;
    uint32_t todo_capacity, todo_head, todo_count;
    bool work;                  /* something was fed since the last round */

    struct drain drain;
    bool paused;                /* by an operator */
    bool stopped;               /* a shutdown's drain is over: nothing is taken any more */
    struct engine_stats stats;
};

/* effects.c: what is to be given out */
enum { DRAINED_SHUTDOWN = 1, DRAINED_INCOMPLETE = 2 };      /* the slot of a DRAINED */
void todo_push(struct engine *, enum effect_kind, uint32_t slot, uint32_t serial);
bool todo_pull(struct engine *, struct effect *);

/* intake.c: records to deliveries */
void intake_record(struct engine *, const struct input *);
void intake_expand(struct engine *);                    /* what waited for room */
void record_finish_one(struct engine *, struct record *);
void record_leave_window(struct engine *, struct record *);     /* its offset may be committed; once */

/* partitions.c: windows, pauses, commits */
void partitions_assign(struct engine *, const struct input *);
void partitions_clear(struct engine *);
bool partitions_have(const struct engine *, const struct record *);     /* it is of the present assignment */
void partition_received(struct engine *, struct partition *);
void partition_finished(struct engine *, uint32_t partition, uint32_t window_slot);
void memory_review(struct engine *);                    /* records came or went, of whatever assignment */
void partitions_review(struct engine *);                /* pauses and resumes by marks, bytes, operator, drain */
void partitions_commit_due(struct engine *);
void partitions_commit_all(struct engine *);
void partition_committed(struct engine *, const struct input *);
bool partitions_committing(const struct engine *);
bool partitions_are_committed(const struct engine *);   /* whatever may be committed was accepted */

/* claiming.c: claims and their answers */
void claim_ask(struct engine *, struct delivery *);
void claim_ended(struct engine *, struct target *, uint64_t dispatch);  /* copies in this process ask again at once */
bool is_expired(const struct engine *, const struct delivery *);    /* past its time: to be parked instead of sent */
void claim_answered(struct engine *, const struct input *);
void claims_forgotten(struct engine *, const struct input *);   /* Redis lost its memory */
void claim_keep(struct engine *, struct delivery *);    /* the lease begins now: custody */
void claim_unkeep(struct engine *, struct delivery *);
/* extends the lease, writes doubt; nothing when one is out. A doubt that is new is journaled in front of it */
void claim_renew_in_doubt(struct engine *, struct delivery *);
void claim_mark_idle(struct engine *, struct delivery *);   /* renews it: who takes over is told that no call is under way */
void renew_answered(struct engine *, struct delivery *, enum settle_answer);
void renew_again(struct engine *, struct delivery *);
void custody_renew_due(struct engine *, struct target *);
ms_t custody_deadline(const struct target *);

/* calling.c: calls and their outcomes */
void call_begin(struct engine *, struct batch *);       /* claimed, slot held: out it goes */
void call_answered(struct engine *, const struct input *);
void batch_claimed(struct engine *, struct batch *);    /* one claim is answered */
void batch_renewed(struct engine *, struct batch *);    /* one renewal is answered */
void batch_release_slot(struct batch *);
void batch_drop(struct engine *, struct batch *);       /* nobody is left in it: out of its list and freed */

/* retrying.c: what comes after a call that did not deliver */
enum ready_place { READY_FIRST, READY_LAST };
/* to be sent as soon as the target may be called, before or behind what is ready already */
void batch_ready(struct engine *, struct batch *, enum ready_place);
void retry(struct engine *, struct batch *, const struct verdict *);
void retry_renewed(struct engine *, struct batch *, const struct verdict *);   /* not begun, its claims were too old */
void batch_rested(struct engine *, struct batch *);         /* its wait is over */
void batch_begin_again(struct engine *, struct batch *);    /* slot and token are taken: call, or renew first */
bool is_orphan(const struct engine *, const struct record *);   /* of an assignment that is over, or being given up */

/* journal.c: what is told of a delivery to Redis and the log */
void journal_end(struct engine *, struct delivery *);       /* by its present tag */
void journal_resend(struct engine *, struct delivery *);    /* once for each doubt, before the call that it is about */
bool journal_fill(const struct engine *, const struct delivery *, struct journal_entry *);  /* false: nothing to be told */

/* guarding.c: floods of dead letters */
struct list *guard_held(struct engine *, const struct delivery *);     /* where it stands when it is HELD */
bool guard_holds(struct engine *, const struct delivery *);            /* it is about to be parked: false = it may be */
void guard_entered(struct engine *, const struct delivery *);          /* HELD now */
void guard_left(struct engine *, const struct delivery *);
void guards_saw(struct engine *, const struct delivery *, enum terminal);
void guards_resume(struct engine *);                                    /* by an operator */
void guards_give_up(struct engine *);                                   /* of an assignment that ends: all that is held */
void guard_probe_due(struct engine *, uint32_t target);
ms_t guard_deadline(const struct engine *, uint32_t target);

/* ending.c: settle and park */
void settle(struct engine *, struct delivery *, enum claim_state end, enum terminal);
void settle_again(struct engine *, struct delivery *);
void settle_answered(struct engine *, const struct input *);
void park(struct engine *, struct delivery *, enum reason);
void park_again(struct engine *, struct delivery *);
void park_answered(struct engine *, const struct input *);
void end_here(struct engine *, struct delivery *, enum terminal);  /* terminal, with nothing to be written to its key */
void give_up(struct engine *, struct delivery *);       /* abandoned: the claim is released as what is known allows */
/* WAITING, unless it is an orphan: then it is over here */
void wait_for_other(struct engine *, struct delivery *, ms_t wait_ms);

/* draining.c: revoke, loss, shutdown */
void drain_revoke(struct engine *);
void drain_shutdown(struct engine *);
void drain_lost(struct engine *);
void drain_review(struct engine *);
ms_t drain_deadline(const struct engine *);

/* stats.c */
struct target_stats *target_stats(struct engine *, int target);

/* trace.c */
void trace(struct engine *, const char *who, const char *format, ...) __attribute__((format(printf, 3, 4)));
void trace_batch(struct engine *, const struct batch *, const char *verb);
const char *target_name(const struct engine *, int target);
#define TRACE(engine, ...) ((engine)->trace ? trace(engine, __VA_ARGS__) : (void)0)

#endif

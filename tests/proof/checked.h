/* checked.h: what the parts of the checker share: the history with its indexes. Private to tests/proof. */
#ifndef TESTS_PROOF_CHECKED_H
#define TESTS_PROOF_CHECKED_H

#include "tests/proof/checker.h"

#define NEVER SIZE_MAX

enum { CONTENTS_MAX = FACT_CONTENTS_MAX };

/* One id at one target. Moments are places in the history. */
struct fate {
    size_t executed[CONTENTS_MAX];      /* first time with that content */
    size_t parked[CONTENTS_MAX];        /* first dead letter of that content */
    size_t told[CONTENTS_MAX];          /* first time that only the journal could tell its end */
    size_t first;                       /* first execution of all */
    size_t idle;                        /* when its key began to say so, while check_state.c reads; NEVER = it does not */
    size_t key;                         /* the last change of its key, while check_state.c reads; NEVER = none */
    size_t suppressed;                  /* first journal entry that says duplicate of another, which was heard */
    size_t forgot;                      /* last time that the store lost its key alone: a place in `losses` */
    uint32_t times;                     /* executions */
};

/* One event for one target. */
struct delivery {
    size_t produced;                    /* its fact */
    int32_t target;                     /* -1: none, it can only be parked */
    size_t ended;                       /* when it was terminal at the latest, as far as the world could see; NEVER = not */
};

/* One key was lost. */
struct loss {
    size_t place, before;               /* the same key's loss before: a place in `losses`, NEVER = none */
};

struct target_facts {
    bool known, is_soar;
    uint32_t flags;
    int64_t lease_ms, back_off_ms, retry_after_max_ms, call_timeout_ms, max_age_ms, back_off_base_ms;
    uint32_t sends_max;         /* doubtful ones, and the last; 0 = no limit */
    uint32_t breaker_failures;  /* in a row; 0 = not said */
};

struct checked {
    const struct history *history;
    struct findings *findings;
    struct target_facts targets[FACT_TARGETS_MAX];
    uint32_t n_targets, n_workers;      /* workers: one more than the highest number of one */
    struct fate *fates;                 /* [id * n_targets + target] */
    struct delivery *deliveries;        /* by partition, offset, index, target */
    size_t n_deliveries;
    size_t *first_of;                   /* deliveries of a partition begin there; n_partitions + 1 */
    int32_t n_partitions;
    size_t *forgets, *jumps, *misses;   /* places of FACT_FORGOT of all keys, FACT_JUMPED and FACT_MISSED */
    struct loss *losses;                /* FACT_FORGOT of one key */
    size_t n_forgets, n_jumps, n_misses, n_losses;
    int64_t longest_loss_ms;            /* of all FACT_FORGOT: how long it is not known when it happened */
    uint32_t word_delivered, word_duplicate, word_resend, word_throttled;
};

/* Carried out before that place, or suppressed for one of its window that was: what stands for it reached the backend. */
bool was_heard(const struct checked *, uint32_t id, int32_t target, size_t place);

struct fate *fate_of(const struct checked *, uint32_t id, int32_t target);

/* losses.c: whether the store lost what it held of that id, or its clock jumped, or it was away, from that time on and before
 * that place; and how often it lost it. */
bool forgot_since(const struct checked *, uint32_t id, int32_t target, int64_t at_ms, size_t to);
uint32_t forgot_times(const struct checked *, uint32_t id, int32_t target, int64_t at_ms, size_t to);
bool forgot_between(const struct checked *, uint32_t id, int32_t target, size_t from, size_t to);    /* places, and neither */
bool jumped_since(const struct checked *, int64_t at_ms, size_t to);
bool missed_since(const struct checked *, int64_t at_ms, size_t to);
void losses_read(struct checked *);
void losses_release(struct checked *);
void judged(struct checked *, int invariant);
void violated(struct checked *, int invariant, size_t fact, const char *format, ...) __attribute__((format(printf, 4, 5)));
const char *name_of(const struct checked *, uint32_t text);
uint32_t word_of(const struct history *, const char *);      /* no fact has UINT32_MAX */

/* The delivery at these coordinates; NULL when nothing like it was produced. */
struct delivery *delivery_at(const struct checked *, int32_t partition, int64_t offset, uint32_t index, int32_t target);

/* The first delivery of the partition at that offset or behind it: a place in `deliveries`. */
size_t deliveries_from(const struct checked *, int32_t partition, int64_t offset);

void check_ends(struct checked *);      /* check_ends.c:  I1 I2 I5 I14 */
void check_windows(struct checked *);   /* check_windows.c: I11 */
void check_kafka(struct checked *);     /* check_kafka.c: I3 I4 I18 */
void check_calls(struct checked *);     /* check_calls.c: I6 I9 I16 I18; check_letters.c: I1 of what was parked;
                                         * check_holds.c: I9 of claims; check_repeats.c: I16 of waits and halves */
void check_executions(struct checked *);    /* check_executions.c: I6 I7 */
void check_memory(struct checked *);     /* check_memory.c: I7 under on_amnesia: hold */
void check_replays(struct checked *);   /* check_replays.c: I15 */
void check_traces(struct checked *);    /* check_traces.c: I19 I20 */
void check_lanes(struct checked *);     /* check_lanes.c: I8 */
void check_state(struct checked *);     /* check_state.c: I10 I12 I13 */
void check_counts(struct checked *);    /* check_counts.c: I13 of metrics and journal */
void check_rest(struct checked *);      /* check_rest.c:  I17 */

#endif

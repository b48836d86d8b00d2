/* repeats.h: why an id is called for again by the worker that called for it last, and how soon. Private to tests/proof. */
#ifndef TESTS_PROOF_REPEATS_H
#define TESTS_PROOF_REPEATS_H

#include "tests/proof/checked.h"

enum ending_kind { ENDING_NONE, ENDING_FAILED, ENDING_REFUSED };

/* How the last call for one id at one target ended, as long as its worker keeps the claim. */
struct ending {
    enum ending_kind kind;
    uint32_t worker;
    int64_t at, members;
    size_t place, refusal;      /* refusal: a place in their array */
    bool is_shut;               /* the target may be: so its next try has no wait of its own */
};

/* A batch that was refused, and the calls that were made for its members next. */
struct refusal {
    int64_t last;               /* number of the latest of them */
    uint32_t calls;
};

/* One worker and target. */
struct seen {
    size_t alive;               /* when the target last answered with anything but a failure: a place + 1 */
    uint32_t failures;          /* in a row */
    bool is_paused;             /* it may be, for its credentials or settings */
    int64_t last;               /* number of the call whose wait was counted last */
};

/* One target: how long was waited after failures, each wait counted up to the first one's bound. */
struct waited {
    int64_t sum_ms;
    uint64_t n;
    size_t place;               /* of the last one */
};

struct repeats {
    struct checked *checked;
    struct ending *endings;     /* [id * n_targets + target] */
    struct seen *seen;          /* [worker * n_targets + target] */
    struct waited waited[FACT_TARGETS_MAX];
    struct refusal *refusals;
    size_t n_refusals;
    uint32_t word_not_sent, word_not_executed, word_in_doubt, word_rejected, word_too_large, word_auth, word_config;
};

void repeats_init(struct repeats *, struct checked *);
void repeats_release(struct repeats *);
void repeats_key(struct repeats *, const struct fact *key);
void repeats_called(struct repeats *, size_t place, const struct fact *called);
void repeats_answered(struct repeats *, size_t place);                              /* before its members */
void repeats_member_answered(struct repeats *, size_t place, const struct fact *member);
void repeats_judge(struct repeats *);                                               /* what only the sum tells */

#endif

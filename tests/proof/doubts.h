/* doubts.h: what each worker knows of the sends of an id whose end is unknown: whether it may call for it, and what it has to say
 * first. Private to tests/proof. */
#ifndef TESTS_PROOF_DOUBTS_H
#define TESTS_PROOF_DOUBTS_H

#include "tests/proof/checked.h"

/* One id at one target, as one worker knows it. */
struct custody {
    uint32_t worker;
    size_t next;                /* the same id's and target's for another worker: a place in `custodies` + 1, 0 = none */
    int64_t doubt;              /* what its key said when it became this worker's, and each answer in doubt since */
    int64_t announced;          /* of that, as journaled last */
    size_t since;               /* when it began last */
    uint32_t custodies;         /* the first, and those for which the store had to lose the one before: they may go on side by
                                 * side, so that only the number of them is judged from there on */
    bool is_alone;              /* it began without the store: neither is judged */
    uint32_t acknowledged;      /* how often the backend told this worker that it was delivered */
    size_t heard;               /* when it did so last */
    uint32_t met_as;            /* the state in which another worker met it first, since it began last; 0 = none did */
};

struct doubts {
    struct checked *checked;
    size_t *first;              /* [id * n_targets + target]: a place in `custodies` + 1 */
    struct custody *custodies;
    size_t n, room;
    size_t *given_back;         /* [worker]: when it gave back a partition last, or lost one; 0 = never */
    bool has_keys;              /* the history tells how each custody began */
    uint32_t word_in_doubt, word_none, word_claimed, word_idle, word_held;
};

void doubts_init(struct doubts *, struct checked *);
void doubts_release(struct doubts *);
void doubts_key(struct doubts *, size_t place, const struct fact *);
void doubts_left(struct doubts *, size_t place, const struct fact *);
void doubts_alone(struct doubts *, size_t place, const struct fact *);
void doubts_begun(struct doubts *, size_t place, const struct fact *member);      /* its call is on the wire from here on */
void doubts_answered(struct doubts *, size_t place, const struct fact *member, const struct fact *answer);
void doubts_journaled(struct doubts *, size_t place, const struct fact *);

#endif

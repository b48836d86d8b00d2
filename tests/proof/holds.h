/* holds.h: who holds the claim of an id, and since when: whether it may be taken over, and whether a call may begin under it.
 * Private to tests/proof. */
#ifndef TESTS_PROOF_HOLDS_H
#define TESTS_PROOF_HOLDS_H

#include "tests/proof/checked.h"

/* One worker's claim of an id. Links are places in the array + 1; 0 ends a list. */
struct hold {
    uint32_t worker;
    int64_t at;                 /* when it was written last */
    size_t next;                /* of the worker before */
    bool given_up;              /* nobody need wait for its lease */
};

/* One id at one target. */
struct holders {
    size_t newest;
    bool is_claimed;            /* the key says so now; else it was ended, given back or lost */
};

struct holds {
    struct checked *checked;
    struct holders *holders;    /* [id * n_targets + target] */
    struct hold *holds;
    size_t n_holds;
};

void holds_init(struct holds *, struct checked *);
void holds_release(struct holds *);
void holds_key(struct holds *, size_t place, const struct fact *key);
void holds_begun(const struct holds *, size_t place, const struct fact *member);        /* its call is on the wire from here on */

#endif

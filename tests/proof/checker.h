/* checker.h: the invariants of the delivery contract, judged over a history alone. It knows nothing of how the worker is built:
 * no header of the product is included here.
 *
 * Shared by the simulation (tests/sim) and the runs on real parts (tests/chaos). Each invariant has hand-made bad histories that
 * it must refuse (tests/proof/test_*.c). */
#ifndef TESTS_PROOF_CHECKER_H
#define TESTS_PROOF_CHECKER_H

#include "tests/proof/history.h"

enum { INVARIANT_COUNT = 21 };      /* I1 .. I20; 0 is the history itself */

struct violation {
    int invariant;
    size_t fact;                /* where it shows; SIZE_MAX = the history as a whole */
    char text[200];
};

struct findings {
    struct violation first[16];
    uint32_t n;                         /* all of them, also those without a place above */
    uint32_t violations[INVARIANT_COUNT];   /* by invariant; [0]: facts that make no sense, nothing else is judged then */
    uint64_t judged[INVARIANT_COUNT];   /* how many things each invariant looked at: one that looked at none proves nothing */
    uint64_t executed, repeated;        /* calls carried out, and those beyond the first of an id */
    uint64_t excused, apart;            /* of these, what nothing but a loss of the store's memory excuses; of so many ids */
};

void history_check(const struct history *, struct findings *);

const char *invariant_text(int invariant);      /* one line each */

#endif

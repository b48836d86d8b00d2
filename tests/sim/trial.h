/* trial.h: one seed, run and judged, in a process of its own where it may crash. */
#ifndef TESTS_SIM_TRIAL_H
#define TESTS_SIM_TRIAL_H

#include "tests/proof/checker.h"
#include "tests/sim/swarm.h"

#include <stdio.h>

enum { TRIAL_TEXT_BYTES = 320 };

struct trial {
    bool passed;
    int invariant;                      /* 0 = seen by the world itself, or a crash */
    char text[TRIAL_TEXT_BYTES];        /* why not */
    uint64_t hash;                      /* of its trace */
    uint64_t steps, executed, repeated, excused, apart;
    uint64_t fired[SWARM_COUNT];
    uint64_t judged[INVARIANT_COUNT];
};

void trial_run(struct trial *, const struct swarm *, uint64_t steps_max, FILE *trace);

/* The same in a child: a crash is a failure and not the end. */
void trial_run_apart(struct trial *, const struct swarm *, uint64_t steps_max);

/* Makes a failing swarm small: each row in turn to its quiet value, as long as it still fails by the same invariant. Returns how
 * many trials it took. */
uint32_t trial_shrink(struct swarm *, const struct trial *failed, uint64_t steps_max);

#endif

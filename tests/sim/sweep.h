/* sweep.h: many seeds, on several processes, with a table of what they met. */
#ifndef TESTS_SIM_SWEEP_H
#define TESTS_SIM_SWEEP_H

#include "tests/sim/trial.h"

struct sweep {
    uint64_t first, last, steps_max;
    uint32_t jobs;
    bool twice;
    int (*run)(const struct sweep *);
    bool is_set[SWARM_COUNT];
    int64_t set[SWARM_COUNT];
};

int sweep_run(const struct sweep *);        /* prints progress, tables and the last line; the exit code */
int sweep_trace(const struct sweep *);      /* the first seed alone, every step on stdout */

void sweep_draw(const struct sweep *, uint64_t seed, struct swarm *);      /* what a seed decides, with the rows that are set */

#endif

/* swarm.h: the numbers that a seed draws: sizes, policies and how often each fault fires. Rows: swarm.def. */
#ifndef TESTS_SIM_SWARM_H
#define TESTS_SIM_SWARM_H

#include <stdbool.h>
#include <stdint.h>

enum swarm_row {
#define SIZE(name, quiet, text, ...) SWARM_##name,
#define RATE(name, text, ...)        SWARM_##name,
#include "tests/sim/swarm.def"
#undef SIZE
#undef RATE
    SWARM_COUNT,
};

struct swarm {
    uint64_t seed;
    int64_t of[SWARM_COUNT];
};

void swarm_draw(struct swarm *, uint64_t seed);

const char *swarm_name(enum swarm_row);
const char *swarm_text(enum swarm_row);
bool swarm_is_rate(enum swarm_row);
int64_t swarm_quiet(enum swarm_row);        /* 0 for rates */

#endif

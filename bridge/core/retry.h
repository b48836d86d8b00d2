/* retry.h: how long to wait before the next attempt: exponential, full jitter (each wait is drawn evenly from 0 to the step's
 * bound). https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/ */
#ifndef BRIDGE_CORE_RETRY_H
#define BRIDGE_CORE_RETRY_H

#include "bridge/core/types.h"

struct random {
    uint64_t state[2];
};

void random_seed(struct random *, uint64_t seed);
uint64_t random_next(struct random *);
uint64_t random_below(struct random *, uint64_t bound);     /* 0 .. bound - 1, bound > 0, unbiased */

/* Wait before attempt `failures` + 1 (failures >= 1): 1 .. min(max, base * 2^(failures - 1)) ms. */
ms_t retry_wait(struct random *, ms_t base_ms, ms_t max_ms, uint32_t failures);

#endif

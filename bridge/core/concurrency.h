/* concurrency.h: how many calls of a target may be under way at once: a limit that feels its way below a ceiling.
 *
 * It begins at the ceiling, so a healthy target never notices it. Calls that say "too much" (throttled, 503, timeouts) lower it
 * by a quarter, once for all calls that were under way together; each round of as many acknowledged calls as the limit holds
 * raises it by one (additive increase, multiplicative decrease: https://www.rfc-editor.org/rfc/rfc5681).
 *
 * Slowness lowers it too, but only where calling less helps. The shortest round trip of a round (noise only ever adds to one) is
 * compared with what is usual, a smoothed long-term value of the same. Two rounds well above that halve the limit on trial: did
 * the next round get faster, the queue was of our making and the limit stays low; did it not, the target is simply slow now,
 * the limit comes back and the new time is the usual one. Kin: TCP Vegas, https://github.com/Netflix/concurrency-limits. */
#ifndef BRIDGE_CORE_CONCURRENCY_H
#define BRIDGE_CORE_CONCURRENCY_H

#include "bridge/core/types.h"

struct concurrency {
    uint32_t ceiling;
    uint64_t limit;             /* in thousandths of a call */
    ms_t lowered_ms;            /* calls begun until then belong to the burst that lowered it */
    uint32_t samples;           /* of this round */
    uint32_t most;              /* that were under way at once in this round */
    ms_t shortest_ms;           /* of this round */
    uint32_t slow_rounds;       /* in a row */
    int64_t usual;              /* in 1/16 ms; 0 = not known yet */
    uint64_t on_trial;          /* the limit before it was halved for slowness; 0 = no trial */
    ms_t slow_ms;               /* the shortest round trip that led to it */
};

void concurrency_init(struct concurrency *, uint32_t ceiling);
uint32_t concurrency_limit(const struct concurrency *);     /* 1 .. ceiling */

/* A call that was begun then was acknowledged now; `under_way` calls were, itself included. */
void concurrency_acknowledged(struct concurrency *, ms_t begun_ms, ms_t now_ms, uint32_t under_way);

/* A call that was begun then says that it was too much. */
void concurrency_overloaded(struct concurrency *, ms_t begun_ms, ms_t now_ms);

#endif

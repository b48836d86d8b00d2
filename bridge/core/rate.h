/* rate.h: a token bucket in whole numbers. Rates from 1 an hour to 1,000,000 a second; the burst is one second, at least 1.
 *
 * A backend that throttles lowers the rate by three tenths, once for all calls that were under way together; each second brings a
 * sixtieth of the whole back. Where no limit is configured one is set from the calls that were seen lately, and it is gone again
 * once it has come to twice that. */
#ifndef BRIDGE_CORE_RATE_H
#define BRIDGE_CORE_RATE_H

#include "bridge/core/types.h"

struct rate {
    uint64_t per_hour;      /* in use; 0 = no limit */
    uint64_t level;         /* in 1/3,600,000 tokens: per_hour of these come each millisecond */
    uint64_t ceiling;
    ms_t at_ms;
    uint64_t configured;    /* 0 = no limit */
    uint64_t whole;         /* per hour: a lowered rate is over when it has come back to it; 0 = not lowered */
    ms_t lowered_ms;        /* calls begun until then belong to the burst that lowered it */
    ms_t step_ms;           /* when the next sixtieth comes back */
    ms_t seen_from_ms, seen_before_ms;
    uint64_t seen, seen_before;     /* calls since seen_from_ms, and in the span before it */
};

void rate_init(struct rate *, uint64_t per_hour, ms_t now_ms);   /* starts full */
bool rate_take(struct rate *, ms_t now_ms);                     /* false: no token now */
void rate_give_back(struct rate *);                             /* an unused token returns */
ms_t rate_ready_at(const struct rate *, ms_t now_ms);           /* when the next token is there; now when there is one */
void rate_lower(struct rate *, ms_t begun_ms, ms_t now_ms);     /* a call that was begun then was throttled now */

#endif

/* rate.h: a token bucket in whole numbers. Rates from 1 an hour to 1,000,000 a second; the burst is one second, at least 1. */
#ifndef BRIDGE_CORE_RATE_H
#define BRIDGE_CORE_RATE_H

#include "bridge/core/types.h"

struct rate {
    uint64_t per_hour;      /* 0 = no limit */
    uint64_t level;         /* in 1/3,600,000 tokens: per_hour of these come each millisecond */
    uint64_t ceiling;
    ms_t at_ms;
};

void rate_init(struct rate *, uint64_t per_hour, ms_t now_ms);   /* starts full */
bool rate_take(struct rate *, ms_t now_ms);                     /* false: no token now */
void rate_give_back(struct rate *);                             /* an unused token returns */
ms_t rate_ready_at(const struct rate *, ms_t now_ms);           /* when the next token is there; now when there is one */

#endif

/* redis_watch.h: how long a claim of another owner has been seen unchanged by this process's own clock.
 *
 * Age is told by Redis's clock (ttl - PTTL). Should that clock jump back, a dead owner's claim would look young for as long as
 * the jump was wide. A claim whose value is the same, and whose PTTL fell as our clock went on, was not renewed in between: the
 * time it was watched is an age too. Direct-mapped, so an entry may be pushed out: then the watch begins anew, which is only
 * slower. */
#ifndef BRIDGE_IO_REDIS_WATCH_H
#define BRIDGE_IO_REDIS_WATCH_H

#include "bridge/core/types.h"

enum { WATCH_ENTRIES = 1024, WATCH_SLACK_MS = 500 };

struct watch_sight {
    uint64_t key, value;        /* hashes */
    ms_t ttl_ms, pttl_ms;       /* what a renewal sets, and what is left of it; below 0: the key does not expire */
    ms_t at_ms;                 /* by our own clock */
};

struct watch {
    struct watch_sight first[WATCH_ENTRIES];    /* zeroed = empty */
};

/* Notes a sight and returns for how long, at least, the claim has been watched without a renewal. */
ms_t watch_age_ms(struct watch *, const struct watch_sight *);

#endif

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

struct watch_entry {
    uint64_t key, value;
    ms_t pttl_ms, since_ms;     /* of the first sight */
};

struct watch {
    struct watch_entry at[WATCH_ENTRIES];       /* zeroed = empty */
};

/* Notes a sight and returns for how long, at least, the claim has been watched without a renewal. pttl_ms below 0: the key does
 * not expire. */
ms_t watch_age_ms(struct watch *, uint64_t key, uint64_t value, ms_t pttl_ms, ms_t now_ms);

#endif

/* guard.h: counts what is parked against what ends, over a sliding window, and says when that is a flood.
 *
 * A bad deploy, or a backend that refuses everything, must not empty a topic into the dead-letter topic. What is done about a
 * flood, and when it is over: guarding.c. */
#ifndef BRIDGE_CORE_GUARD_H
#define BRIDGE_CORE_GUARD_H

#include "bridge/core/list.h"
#include "bridge/core/types.h"

enum { GUARD_SPANS = 12 };

struct guard_policy {
    uint32_t share_permille;    /* of what ends, that may be parked; 1000 = the guard is off */
    uint32_t min_records;       /* must have ended before the share counts; 0 = the guard is off */
    ms_t window_ms;
};

struct guard {
    struct list held;           /* deliveries, HELD */
    bool on;
    uint32_t passed;            /* that were not refused, in a row, while it is on */
    ms_t probe_ms;              /* when one of the held is called again */
    int64_t span;               /* number of the present one: a twelfth of the window */
    struct { uint32_t ended, parked; } spans[GUARD_SPANS];
    uint64_t ended, parked;     /* of all spans; `ended` includes `parked` */
};

void guard_init(struct guard *);
void guard_forget(struct guard *);      /* what was counted; not whether it is on */
void guard_ended(struct guard *, const struct guard_policy *, ms_t now_ms);

/* One more is about to be parked. True: that would be a flood; it is not counted. */
bool guard_floods(struct guard *, const struct guard_policy *, ms_t now_ms);

#endif

/* timers.h: things to be woken at a time: an indexed binary heap. An entry is intrusive and in the heap at most once. */
#ifndef BRIDGE_CORE_TIMERS_H
#define BRIDGE_CORE_TIMERS_H

#include "bridge/core/types.h"

#include <stdbool.h>

struct timer {
    ms_t at_ms;
    uint32_t index;     /* 1 + place in the heap; 0 = not in it */
    uint32_t kind;      /* the owner's */
};

struct timers {
    struct timer **heap;    /* the caller's memory */
    uint32_t capacity;
    uint32_t count;
};

void timers_init(struct timers *, struct timer **memory, uint32_t capacity);
void timers_set(struct timers *, struct timer *, ms_t at_ms);   /* adds, or moves one that is in it */
bool timer_is_set(const struct timer *);
void timers_clear(struct timers *, struct timer *);             /* fine when it is not in it */
struct timer *timers_due(struct timers *, ms_t now_ms);         /* takes out and returns one with at_ms <= now, or NULL */
struct timer *timers_first(const struct timers *);              /* the earliest, still in it; NULL when empty */
ms_t timers_next(const struct timers *);                        /* MS_NEVER when empty */

#endif

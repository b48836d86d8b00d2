/* timers.c: the binary heap behind timers.h: the earliest stands at 0, the children of n at 2n + 1 and 2n + 2. */
#include "bridge/core/timers.h"

#include "codecs/check.h"

#include <stddef.h>

static void
put(struct timers *timers, uint32_t place, struct timer *timer)
{
    timers->heap[place] = timer;
    timer->index = place + 1;
}

static void
rise(struct timers *timers, uint32_t place, struct timer *timer)
{
    while (place > 0) {
        uint32_t parent = (place - 1) / 2;
        if (timers->heap[parent]->at_ms <= timer->at_ms)
            break;
        put(timers, place, timers->heap[parent]);
        place = parent;
    }
    put(timers, place, timer);
}

static void
sink(struct timers *timers, uint32_t place, struct timer *timer)
{
    for (;;) {
        uint64_t child = 2 * (uint64_t)place + 1;
        if (child >= timers->count)
            break;
        if (child + 1 < timers->count && timers->heap[child + 1]->at_ms < timers->heap[child]->at_ms)
            child++;
        if (timer->at_ms <= timers->heap[child]->at_ms)
            break;
        put(timers, place, timers->heap[child]);
        place = (uint32_t)child;
    }
    put(timers, place, timer);
}

/* The timer fills a place whose neighbours may be earlier or later. */
static void
settle_at(struct timers *timers, uint32_t place, struct timer *timer)
{
    if (place > 0 && timer->at_ms < timers->heap[(place - 1) / 2]->at_ms)
        rise(timers, place, timer);
    else
        sink(timers, place, timer);
}

void
timers_init(struct timers *timers, struct timer **memory, uint32_t capacity)
{
    *timers = (struct timers){ .heap = memory, .capacity = capacity };
}

void
timers_set(struct timers *timers, struct timer *timer, ms_t at_ms)
{
    timer->at_ms = at_ms;
    if (timer->index > 0) {
        check(timer->index <= timers->count && timers->heap[timer->index - 1] == timer);
        settle_at(timers, timer->index - 1, timer);
        return;
    }
    check(timers->count < timers->capacity);
    rise(timers, timers->count++, timer);
}

bool
timer_is_set(const struct timer *timer)
{
    return timer->index > 0;
}

void
timers_clear(struct timers *timers, struct timer *timer)
{
    if (timer->index == 0)
        return;
    uint32_t place = timer->index - 1;
    check(place < timers->count && timers->heap[place] == timer);
    timer->index = 0;
    struct timer *last = timers->heap[--timers->count];
    if (last != timer)
        settle_at(timers, place, last);
}

struct timer *
timers_due(struct timers *timers, ms_t now_ms)
{
    if (timers->count == 0 || timers->heap[0]->at_ms > now_ms)
        return NULL;
    struct timer *due = timers->heap[0];
    timers_clear(timers, due);
    return due;
}

ms_t
timers_next(const struct timers *timers)
{
    return timers->count == 0 ? MS_NEVER : timers->heap[0]->at_ms;
}

struct timer *
timers_first(const struct timers *timers)
{
    return timers->count ? timers->heap[0] : NULL;
}

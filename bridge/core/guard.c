/* guard.c: the sliding window of guard.h. */
#include "bridge/core/guard.h"

#include <string.h>

void
guard_init(struct guard *guard)
{
    *guard = (struct guard){ .on = false };
    list_init(&guard->held);
}

void
guard_forget(struct guard *guard)
{
    memset(guard->spans, 0, sizeof(guard->spans));
    guard->ended = guard->parked = 0;
}

/* Spans that have left the window are emptied. */
static void
slide(struct guard *guard, const struct guard_policy *policy, ms_t now_ms)
{
    ms_t width_ms = policy->window_ms > GUARD_SPANS ? policy->window_ms / GUARD_SPANS : 1;
    int64_t span = now_ms / width_ms;
    if (span - guard->span >= GUARD_SPANS) {
        guard_forget(guard);
        guard->span = span;
    }
    while (guard->span < span) {
        uint32_t at = (uint32_t)(++guard->span % GUARD_SPANS);
        guard->ended -= guard->spans[at].ended;
        guard->parked -= guard->spans[at].parked;
        guard->spans[at].ended = guard->spans[at].parked = 0;
    }
}

static bool
is_off(const struct guard_policy *policy)
{
    return policy->min_records == 0 || policy->share_permille >= 1000;
}

void
guard_ended(struct guard *guard, const struct guard_policy *policy, ms_t now_ms)
{
    if (is_off(policy))
        return;
    slide(guard, policy, now_ms);
    guard->spans[guard->span % GUARD_SPANS].ended++;
    guard->ended++;
}

bool
guard_floods(struct guard *guard, const struct guard_policy *policy, ms_t now_ms)
{
    if (is_off(policy))
        return false;
    slide(guard, policy, now_ms);
    uint64_t ended = guard->ended + 1, parked = guard->parked + 1;
    if (ended >= policy->min_records && parked * 1000 > ended * policy->share_permille)
        return true;
    guard->spans[guard->span % GUARD_SPANS].ended++;
    guard->spans[guard->span % GUARD_SPANS].parked++;
    guard->ended = ended;
    guard->parked = parked;
    return false;
}

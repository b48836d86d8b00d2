/* redis_watch.c: a claim counts as unchanged while its PTTL falls as our clock goes on. A renewal sets it back to the whole TTL:
 * it lies above what it should be then, or below, where the clock jumped back before. Compared is with the first sight, so that
 * renewals add up and what a slow reply hides once is seen later. Two kinds of renewal the slack would hide for ever. One so soon
 * after the first sight makes the claim younger by no more than the slack: that is taken off the age. One after a jump back, just
 * when the PTTL has fallen to the TTL, could come at any age: where it falls below, the watch begins anew. */
#include "bridge/io/redis_watch.h"

static bool
is_unchanged(const struct watch_sight *first, const struct watch_sight *now)
{
    if (first->key != now->key || first->value != now->value)
        return false;
    if (now->pttl_ms < 0 || first->pttl_ms < 0)
        return now->pttl_ms < 0 && first->pttl_ms < 0;
    if (first->pttl_ms > now->ttl_ms && now->pttl_ms <= now->ttl_ms)
        return false;
    ms_t fell_ms = first->pttl_ms - now->pttl_ms, passed_ms = now->at_ms - first->at_ms;
    return fell_ms >= passed_ms - WATCH_SLACK_MS && fell_ms <= passed_ms + WATCH_SLACK_MS;
}

ms_t
watch_age_ms(struct watch *watch, const struct watch_sight *now)
{
    struct watch_sight *first = &watch->first[now->key % WATCH_ENTRIES];
    if (!is_unchanged(first, now))
        *first = *now;
    ms_t age_ms = now->at_ms - first->at_ms - WATCH_SLACK_MS;
    return age_ms > 0 ? age_ms : 0;
}

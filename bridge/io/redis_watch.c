/* redis_watch.c: a claim counts as unchanged while its PTTL falls as our clock goes on. A renewal sets it back to the whole TTL:
 * it lies above what it should be then, or below, where the clock jumped back before. Compared is with the first sight, so that
 * renewals add up and what a slow reply hides once is seen later. One so soon after the first sight that the slack hides it for
 * ever makes the claim younger by no more than the slack: that is taken off the age. */
#include "bridge/io/redis_watch.h"

static bool
is_unchanged(const struct watch_entry *entry, uint64_t key, uint64_t value, ms_t pttl_ms, ms_t now_ms)
{
    if (entry->key != key || entry->value != value)
        return false;
    if (pttl_ms < 0 || entry->pttl_ms < 0)
        return pttl_ms < 0 && entry->pttl_ms < 0;
    ms_t fell_ms = entry->pttl_ms - pttl_ms, passed_ms = now_ms - entry->since_ms;
    return fell_ms >= passed_ms - WATCH_SLACK_MS && fell_ms <= passed_ms + WATCH_SLACK_MS;
}

ms_t
watch_age_ms(struct watch *watch, uint64_t key, uint64_t value, ms_t pttl_ms, ms_t now_ms)
{
    struct watch_entry *entry = &watch->at[key % WATCH_ENTRIES];
    if (!is_unchanged(entry, key, value, pttl_ms, now_ms))
        *entry = (struct watch_entry){ .key = key, .value = value, .pttl_ms = pttl_ms, .since_ms = now_ms };
    ms_t age_ms = now_ms - entry->since_ms - WATCH_SLACK_MS;
    return age_ms > 0 ? age_ms : 0;
}

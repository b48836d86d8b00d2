/* redis_watch.c: a claim counts as unchanged while its PTTL falls with our clock; a renewal lifts it by a second at least. */
#include "bridge/io/redis_watch.h"

static bool
is_unchanged(const struct watch_entry *entry, uint64_t key, uint64_t value, ms_t pttl_ms, ms_t now_ms)
{
    if (entry->key != key || entry->value != value)
        return false;
    if (pttl_ms < 0 || entry->pttl_ms < 0)
        return pttl_ms < 0 && entry->pttl_ms < 0;
    return entry->pttl_ms - pttl_ms + WATCH_SLACK_MS >= now_ms - entry->seen_ms;
}

ms_t
watch_age_ms(struct watch *watch, uint64_t key, uint64_t value, ms_t pttl_ms, ms_t now_ms)
{
    struct watch_entry *entry = &watch->at[key % WATCH_ENTRIES];
    if (!is_unchanged(entry, key, value, pttl_ms, now_ms))
        *entry = (struct watch_entry){ .key = key, .value = value, .since_ms = now_ms };
    entry->pttl_ms = pttl_ms;
    entry->seen_ms = now_ms;
    return now_ms - entry->since_ms;
}

/* redis_tell.c: what people are told of the store: each change once, and the same again after a while as long as it lasts. With
 * several hosts each attempt fails in its own way, in turn: a text is known by its hash, whatever was said in between. */
#include "bridge/io/clock.h"
#include "bridge/io/redis_parts.h"

#include <stdio.h>

enum { TOLD_AGAIN_MS = 30000 };

static bool
is_up(enum dedup_state state)
{
    return state != DEDUP_AWAY && state != DEDUP_REFUSES;
}

/* The entry of that text, or the oldest. */
static struct told *
entry_of(struct redis *redis, uint64_t hash)
{
    struct told *oldest = &redis->told[0];
    for (size_t i = 0; i < TOLD_TEXTS; i++) {
        struct told *one = &redis->told[i];
        if (one->at_ms > 0 && one->hash == hash)
            return one;
        if (one->at_ms < oldest->at_ms)
            oldest = one;
    }
    return oldest;
}

static bool
is_news(struct redis *redis, const char *text, bool up)
{
    ms_t now_ms = clock_now_ms();
    uint64_t hash = siphash64(&redis->dedup.names.hash_key, text, strlen(text));
    if (!redis->told_any || redis->told_up != up)
        memset(redis->told, 0, sizeof(redis->told));
    redis->told_any = true;
    redis->told_up = up;
    struct told *entry = entry_of(redis, hash);
    if (entry->at_ms > 0 && entry->hash == hash && now_ms - entry->at_ms < TOLD_AGAIN_MS)
        return false;
    *entry = (struct told){ hash, now_ms };
    return true;
}

void
redis_tell(struct redis *redis, enum dedup_state state, const char *text)
{
    bool up = is_up(state);
    char name[LINK_NAME_BYTES], whole[LINK_NAME_BYTES + LINK_TEXT_BYTES * 2];
    redis->stats.up = up && redis->ready;
    if (redis->closing)
        return;
    redis_link_name(&redis->link, name);
    snprintf(whole, sizeof(whole), "%s: %s", name, text);
    if (is_news(redis, whole, up))
        redis->dedup.handler.state(redis->dedup.handler.owner, state, whole);
}

/* A connection that is ended because of what the server said. */
void
redis_refused(struct redis *redis, const char *text)
{
    redis->refused = true;
    redis_link_drop(&redis->link, text);
}

/* memory_windows.c: open addressing with linear probing, as memory_table.c: what expired stays in its chain until a rebuild. */
#include "bridge/io/memory_windows.h"

#include "codecs/check.h"

#include <stdlib.h>

enum { CAPACITY_FIRST = 256 };

void
memory_windows_release(struct memory_windows *windows)
{
    free(windows->at);
    windows->at = NULL;
}

/* The entry of the key, open or not, or the empty one where it belongs. The table is never full. */
static struct memory_window *
find(const struct memory_windows *windows, struct hash128 key)
{
    uint32_t mask = windows->capacity - 1, i = (uint32_t)key.low & mask;
    while (windows->at[i].leader_size && (windows->at[i].key.low != key.low || windows->at[i].key.high != key.high))
        i = (i + 1) & mask;
    return &windows->at[i];
}

struct slice
memory_windows_leader(const struct memory_windows *windows, struct hash128 key, ms_t now_ms)
{
    const struct memory_window *window = windows->at ? find(windows, key) : NULL;
    if (!window || window->leader_size == 0 || window->expires_ms <= now_ms)
        return (struct slice){ 0 };
    return (struct slice){ window->leader, window->leader_size };
}

static uint32_t
count_open(const struct memory_windows *windows, ms_t now_ms)
{
    uint32_t open = 0;
    for (uint32_t i = 0; windows->at && i < windows->capacity; i++)
        open += windows->at[i].leader_size && windows->at[i].expires_ms > now_ms;
    return open;
}

/* Sweeps what expired; doubles when that leaves the table more than a third full. The first one makes the table. */
static bool
rebuild(struct memory_windows *windows, ms_t now_ms)
{
    uint32_t open = count_open(windows, now_ms);
    struct memory_windows fresh = *windows;
    if (!windows->at)
        fresh.capacity = CAPACITY_FIRST;
    else if (open > windows->capacity / 3 && windows->capacity < windows->capacity_max)
        fresh.capacity *= 2;
    if (open >= fresh.capacity / 10 * 7 || !(fresh.at = calloc(fresh.capacity, sizeof(*fresh.at))))
        return false;
    for (uint32_t i = 0; windows->at && i < windows->capacity; i++)
        if (windows->at[i].leader_size && windows->at[i].expires_ms > now_ms)
            *find(&fresh, windows->at[i].key) = windows->at[i];
    fresh.n = open;
    memory_windows_release(windows);
    *windows = fresh;
    return true;
}

static void
put_leader(struct memory_window *window, struct slice leader)
{
    check(leader.size > 0 && leader.size <= sizeof(window->leader));
    window->leader_size = (uint8_t)leader.size;
    memcpy(window->leader, leader.at, leader.size);
}

bool
memory_windows_open(struct memory_windows *windows, struct hash128 key, struct slice leader, ms_t now_ms, ms_t window_ms)
{
    struct memory_window *window = windows->at ? find(windows, key) : NULL;
    if (!window || (window->leader_size == 0 && windows->n >= windows->capacity / 10 * 7)) {
        if (!rebuild(windows, now_ms))
            return false;
        window = find(windows, key);
    }
    windows->n += window->leader_size == 0;
    window->key = key;
    window->expires_ms = now_ms + window_ms;
    put_leader(window, leader);
    return true;
}

void
memory_windows_hand_over(struct memory_windows *windows, struct hash128 key, struct slice leader)
{
    struct memory_window *window = find(windows, key);
    check(window->leader_size > 0);
    put_leader(window, leader);
}

/* sink_seen.c: hashes and how often each came; open addressing, doubled when it is half full. */
#include "bench/sink.h"

#include <stdlib.h>

struct entry {
    uint64_t hash, times;   /* times 0 = empty */
};

static struct {
    struct entry *entries;
    uint64_t capacity, n;
} seen;

/* FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/; then stirred, because the low bits choose the place. */
static uint64_t
hash_of(const char *id, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)id[i]) * 0x100000001b3;
    hash ^= hash >> 32;
    hash *= 0x9e3779b97f4a7c15;
    hash ^= hash >> 29;
    return hash;
}

/* Where the hash is, or is to be. */
static struct entry *
entry_of(uint64_t hash)
{
    uint64_t at = hash & (seen.capacity - 1);
    while (seen.entries[at].times != 0 && seen.entries[at].hash != hash)
        at = (at + 1) & (seen.capacity - 1);
    return &seen.entries[at];
}

static void
grow(void)
{
    struct entry *old = seen.entries;
    uint64_t size = seen.capacity;
    seen.capacity = size ? size * 2 : 1 << 16;
    seen.entries = calloc(seen.capacity, sizeof *seen.entries);
    if (!seen.entries)
        abort();
    for (uint64_t i = 0; i < size; i++)
        if (old[i].times != 0)
            *entry_of(old[i].hash) = old[i];
    free(old);
}

void
seen_add(const char *id, size_t size)
{
    if (seen.n * 2 >= seen.capacity)
        grow();
    uint64_t hash = hash_of(id, size);
    struct entry *entry = entry_of(hash);
    seen.n += entry->times == 0;
    entry->hash = hash;
    entry->times++;
}

uint64_t
seen_times(const char *id, size_t size)
{
    return seen.n ? entry_of(hash_of(id, size))->times : 0;
}

uint64_t
seen_distinct(void)
{
    return seen.n;
}

void
seen_reset(void)
{
    free(seen.entries);
    seen.entries = NULL;
    seen.capacity = seen.n = 0;
}

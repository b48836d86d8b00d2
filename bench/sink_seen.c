/* sink_seen.c: a set of hashes, open addressing, doubled when it is half full. */
#include "bench/sink.h"

#include <stdlib.h>

static struct {
    uint64_t *hashes;       /* 0 = empty */
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
    return hash ? hash : 1;
}

static void
place(uint64_t hash)
{
    uint64_t at = hash & (seen.capacity - 1);
    while (seen.hashes[at] != 0 && seen.hashes[at] != hash)
        at = (at + 1) & (seen.capacity - 1);
    seen.n += seen.hashes[at] == 0;
    seen.hashes[at] = hash;
}

static void
grow(void)
{
    uint64_t *old = seen.hashes, size = seen.capacity;
    seen.capacity = size ? size * 2 : 1 << 16;
    seen.hashes = calloc(seen.capacity, sizeof *seen.hashes);
    if (!seen.hashes)
        abort();
    seen.n = 0;
    for (uint64_t i = 0; i < size; i++)
        if (old[i] != 0)
            place(old[i]);
    free(old);
}

void
seen_add(const char *id, size_t size)
{
    if (seen.n * 2 >= seen.capacity)
        grow();
    place(hash_of(id, size));
}

uint64_t
seen_distinct(void)
{
    return seen.n;
}

void
seen_reset(void)
{
    free(seen.hashes);
    seen.hashes = NULL;
    seen.capacity = seen.n = 0;
}

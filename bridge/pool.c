/* pool.c: chunks in a list; large pieces get a chunk of their own. */
#include "bridge/pool.h"

#include "codecs/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK_BYTES = 16 * 1024, ALIGNMENT = 16 };

struct chunk {
    struct chunk *next;
    size_t used, size;
    _Alignas(ALIGNMENT) char at[];
};

struct pool {
    struct chunk *chunks;
};

struct pool *
pool_new(void)
{
    struct pool *pool = calloc(1, sizeof *pool);
    check(pool != NULL);
    return pool;
}

void
pool_free(struct pool *pool)
{
    if (pool == NULL)
        return;
    for (struct chunk *chunk = pool->chunks, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(pool);
}

static struct chunk *
pool_grow(struct pool *pool, size_t size)
{
    size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;
    struct chunk *chunk = calloc(1, sizeof *chunk + room);
    check(chunk != NULL);
    chunk->size = room;
    chunk->next = pool->chunks;
    pool->chunks = chunk;
    return chunk;
}

void *
pool_take(struct pool *pool, size_t size)
{
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct chunk *chunk = pool->chunks;
    if (chunk == NULL || chunk->size - chunk->used < size)
        chunk = pool_grow(pool, size);
    void *piece = chunk->at + chunk->used;
    chunk->used += size;
    return piece;
}

const char *
pool_slice(struct pool *pool, struct slice text)
{
    char *copy = pool_take(pool, text.size + 1);
    if (text.size > 0)
        memcpy(copy, text.at, text.size);
    return copy;
}

const char *
pool_text(struct pool *pool, const char *text)
{
    return pool_slice(pool, slice_of(text));
}

const char *
pool_format(struct pool *pool, const char *format, ...)
{
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    int size = vsnprintf(NULL, 0, format, list);
    va_end(list);
    check(size >= 0);
    char *text = pool_take(pool, (size_t)size + 1);
    vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return text;
}

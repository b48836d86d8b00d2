/* arena.c: memory handed out in order, taken back all at once. */
#include "codecs/arena.h"

enum { ALIGNMENT = 16 };

void
arena_init(struct arena *arena, void *memory, size_t capacity)
{
    *arena = (struct arena){ .at = memory, .capacity = capacity };
}

void
arena_reset(struct arena *arena)
{
    arena->used = 0;
    arena->overflow = false;
}

void *
arena_take(struct arena *arena, size_t size)
{
    size_t start = (arena->used + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (start > arena->capacity || size > arena->capacity - start) {
        arena->overflow = true;
        return NULL;
    }
    arena->used = start + size;
    return arena->at + start;
}

/* arena.h: memory of fixed size that is handed out in order and taken back all at once. Alignment 16. */
#ifndef CODECS_ARENA_H
#define CODECS_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena {
    char *at;
    size_t used;
    size_t capacity;
    bool overflow;   /* sticky: a request did not fit */
};

void arena_init(struct arena *, void *memory, size_t capacity);
void arena_reset(struct arena *);
void *arena_take(struct arena *, size_t size);      /* NULL and overflow when it does not fit; not zeroed */

#endif

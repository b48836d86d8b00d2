/* redis_canary.h: a small key by which a Redis that lost its memory is known: `<generation>:<n>`, 16 hex digits and a decimal.
 *
 * All workers of a prefix share it and only ever count it up. Another generation, a smaller n or no canary at all means that
 * writes which Redis had acknowledged are gone. Pure. */
#ifndef BRIDGE_IO_REDIS_CANARY_H
#define BRIDGE_IO_REDIS_CANARY_H

#include "codecs/slice.h"

#include <stdint.h>

enum canary_sight {
    CANARY_ALIVE,       /* as expected, or seen for the first time */
    CANARY_FRESH,       /* this process sees Redis for the first time, and no canary stands there */
    CANARY_GONE,        /* there was one, now there is none */
    CANARY_OTHER,       /* another generation */
    CANARY_OLDER,       /* counted less than it did: an old copy */
};

struct canary {
    bool seen;          /* ever */
    bool known;         /* generation and n are what stands there as far as we know */
    uint64_t generation;
    uint64_t n;
};

/* The text that was read; size 0 = no key. Says a loss once: what stands there is the new measure. */
enum canary_sight canary_see(struct canary *, struct slice text);

/* What we wrote. */
void canary_wrote(struct canary *, struct slice text);

const char *canary_text(enum canary_sight);

#endif

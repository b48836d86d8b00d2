/* draw.h: repeatable random numbers for tests: the same seed, the same run. Not the generator under test. */
#ifndef TESTS_SUPPORT_DRAW_H
#define TESTS_SUPPORT_DRAW_H

#include <stdint.h>

/* 0 .. bound - 1, from the high bits of a 64-bit linear congruence (Knuth's MMIX constants). */
static inline uint32_t
draw(uint64_t *state, uint32_t bound)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((*state >> 33) % bound);
}

#endif

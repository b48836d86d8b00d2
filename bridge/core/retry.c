/* retry.c: the generator (xoroshiro128++, https://prng.di.unimi.it/) and the wait drawn from it. */
#include "bridge/core/retry.h"

#include "codecs/check.h"
#include "codecs/mutant.h"

/* splitmix64: spreads one seed over the state, which is never all zero then. */
static uint64_t
spread(uint64_t *seed)
{
    uint64_t mixed = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

void
random_seed(struct random *random, uint64_t seed)
{
    random->state[0] = spread(&seed);
    random->state[1] = spread(&seed);
}

static uint64_t
rotate_left(uint64_t bits, int by)
{
    return bits << by | bits >> (64 - by);
}

uint64_t
random_next(struct random *random)
{
    uint64_t a = random->state[0], b = random->state[1];
    uint64_t result = rotate_left(a + b, 17) + a;
    b ^= a;
    random->state[0] = rotate_left(a, 49) ^ b ^ b << 21;
    random->state[1] = rotate_left(b, 28);
    return result;
}

uint64_t
random_below(struct random *random, uint64_t bound)
{
    check(bound > 0);
    uint64_t uneven = (0 - bound) % bound;      /* 2^64 mod bound: so many values at the low end would come once too often */
    uint64_t drawn;
    do
        drawn = random_next(random);
    while (drawn < uneven);
    return drawn % bound;
}

/* min(max, base * 2^(failures - 1)), at least 1, without overflow. */
static ms_t
step_bound(ms_t base_ms, ms_t max_ms, uint32_t failures)
{
    if (max_ms < 1)
        return 1;
    ms_t bound = base_ms < 1 ? 1 : base_ms;
    for (uint32_t step = 1; step < failures && bound < max_ms; step++)
        bound = bound > max_ms / 2 ? max_ms : 2 * bound;
    return bound < max_ms ? bound : max_ms;
}

ms_t
retry_wait(struct random *random, ms_t base_ms, ms_t max_ms, uint32_t failures)
{
    check(failures >= 1);
    ms_t bound = step_bound(base_ms, MUTATED(backoff_without_cap) ? INT32_MAX : max_ms, failures);
    if (MUTATED(backoff_without_jitter))
        return bound;
    return 1 + (ms_t)random_below(random, (uint64_t)bound);
}

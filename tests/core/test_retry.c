/* test_retry.c: waits stay in their bounds, use them whole, and repeat with their seed. */
#include "bridge/core/retry.h"

#include <criterion/criterion.h>
#include <signal.h>

Test(retry, the_generator_gives_the_published_numbers)
{
    /* From state {1, 2}: https://prng.di.unimi.it/xoroshiro128plusplus.c */
    static const uint64_t published[] = { 393217, 669327710093319, 1732421326133921491, UINT64_C(11394790081659126983) };
    struct random random = { .state = { 1, 2 } };
    for (size_t i = 0; i < 4; i++)
        cr_expect_eq(random_next(&random), published[i], "number %zu", i);
}

Test(retry, a_seed_is_spread_by_splitmix64)
{
    /* The first two outputs of splitmix64 for seed 0, as published with java.util.SplittableRandom. */
    struct random random;
    random_seed(&random, 0);
    cr_expect_eq(random.state[0], UINT64_C(0xe220a8397b1dcdaf));
    cr_expect_eq(random.state[1], UINT64_C(0x6e789e6aa1b965f4));
}

Test(retry, the_same_seed_gives_the_same_waits)
{
    struct random a, b, c;
    random_seed(&a, 12);
    random_seed(&b, 12);
    random_seed(&c, 13);
    bool differs = false;
    for (uint32_t i = 1; i < 100; i++) {
        ms_t wait_ms = retry_wait(&a, 200, 30000, i);
        cr_assert_eq(wait_ms, retry_wait(&b, 200, 30000, i));
        differs |= wait_ms != retry_wait(&c, 200, 30000, i);
    }
    cr_expect(differs);
}

Test(retry, numbers_below_a_bound_come_about_equally_often)
{
    struct random random;
    random_seed(&random, 99);
    enum { BOUND = 7, DRAWS = 70000 };
    int count[BOUND] = { 0 };
    for (int i = 0; i < DRAWS; i++) {
        uint64_t drawn = random_below(&random, BOUND);
        cr_assert_lt(drawn, BOUND);
        count[drawn]++;
    }
    for (int i = 0; i < BOUND; i++)
        cr_expect(count[i] > 9500 && count[i] < 10500, "%d came %d times of about 10,000", i, count[i]);
}

Test(retry, a_bound_that_does_not_divide_the_range_is_not_skewed)
{
    /* With bound = 3/4 of the range, a plain remainder would give the lowest third twice as often. */
    struct random random;
    random_seed(&random, 5);
    uint64_t bound = UINT64_C(3) << 62;
    int low = 0;
    for (int i = 0; i < 30000; i++)
        low += random_below(&random, bound) < UINT64_C(1) << 62;
    cr_expect(low > 9500 && low < 10500, "%d of about 10,000", low);
}

Test(retry, a_bound_of_one_is_zero)
{
    struct random random;
    random_seed(&random, 1);
    for (int i = 0; i < 10; i++)
        cr_expect_eq(random_below(&random, 1), 0);
}

Test(retry, a_bound_of_zero_is_broken_code, .signal = SIGABRT)
{
    struct random random;
    random_seed(&random, 1);
    random_below(&random, 0);
}

Test(retry, each_wait_is_drawn_from_the_whole_of_its_step)
{
    static const struct { ms_t base_ms, max_ms; uint32_t failures; ms_t bound_ms; } rows[] = {
        { 200, 30000, 1, 200 }, { 200, 30000, 2, 400 }, { 200, 30000, 3, 800 }, { 200, 30000, 8, 25600 },
        { 200, 30000, 9, 30000 },
        { 200, 30000, 10, 30000 }, { 200, 30000, UINT32_MAX, 30000 }, { 500, 300, 1, 300 }, { 1, 1, 1, 1 }, { 1, 1, 50, 1 },
        { 0, 100, 1, 1 }, { 0, 100, 3, 4 }, { 100, 0, 4, 1 }, { 3, INT64_MAX, UINT32_MAX, INT64_MAX },
        { INT64_MAX, INT64_MAX, 2, INT64_MAX }, { 100, 150, 2, 150 }, { 100, 100, 2, 100 },
    };
    struct random random;
    random_seed(&random, 2024);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ms_t least = INT64_MAX, most = 0, bound = rows[i].bound_ms;
        for (int n = 0; n < 3000; n++) {
            ms_t wait_ms = retry_wait(&random, rows[i].base_ms, rows[i].max_ms, rows[i].failures);
            cr_assert(wait_ms >= 1 && wait_ms <= bound, "row %zu: %ld", i, (long)wait_ms);
            least = wait_ms < least ? wait_ms : least;
            most = wait_ms > most ? wait_ms : most;
        }
        cr_expect_leq(least, 1 + bound / 100, "row %zu: low waits occur, least %ld", i, (long)least);
        cr_expect_geq(most, bound - bound / 100, "row %zu: high waits occur, most %ld", i, (long)most);
    }
}

Test(retry, a_wait_before_any_failure_is_broken_code, .signal = SIGABRT)
{
    struct random random;
    random_seed(&random, 1);
    retry_wait(&random, 1, 1, 0);
}

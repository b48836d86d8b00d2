/* test_clock.c: clocks go forward, nonces never repeat. */
#include "bridge/io/clock.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

Test(clock, monotone_clocks_never_go_back)
{
    ms_t last_ms = 0;
    int64_t last_us = 0;
    for (int i = 0; i < 10000; i++) {
        ms_t now_ms = clock_now_ms();
        int64_t now_us = clock_now_us();
        cr_assert(now_ms >= last_ms && now_us >= last_us);
        last_ms = now_ms;
        last_us = now_us;
    }
}

Test(clock, each_clock_is_the_kernels_in_its_unit)
{
    struct timespec before, after;
    clock_gettime(CLOCK_BOOTTIME, &before);
    ms_t now_ms = clock_now_ms();
    clock_gettime(CLOCK_BOOTTIME, &after);
    cr_expect_geq(now_ms, before.tv_sec * 1000 + before.tv_nsec / 1000000);
    cr_expect_leq(now_ms, after.tv_sec * 1000 + after.tv_nsec / 1000000);
    clock_gettime(CLOCK_MONOTONIC, &before);
    int64_t now_us = clock_now_us();
    clock_gettime(CLOCK_MONOTONIC, &after);
    cr_expect_geq(now_us, before.tv_sec * 1000000 + before.tv_nsec / 1000);
    cr_expect_leq(now_us, after.tv_sec * 1000000 + after.tv_nsec / 1000);
    clock_gettime(CLOCK_REALTIME, &before);
    int64_t wall_ms = clock_wall_ms();
    clock_gettime(CLOCK_REALTIME, &after);
    cr_expect_geq(wall_ms, before.tv_sec * 1000 + before.tv_nsec / 1000000);
    cr_expect_leq(wall_ms, after.tv_sec * 1000 + after.tv_nsec / 1000000);
}

/* Every look at a clock in this program goes through here (tests/CMakeLists.txt). */
int __real_clock_gettime(clockid_t clock, struct timespec *now);
static time_t slept_s;

int
__wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = __real_clock_gettime(clock, now);
    if (clock == CLOCK_BOOTTIME)
        now->tv_sec += slept_s;
    return result;
}

Test(clock, leases_go_on_while_the_machine_sleeps)
{
    ms_t before_ms = clock_now_ms();
    slept_s = 3600;
    ms_t passed_ms = clock_now_ms() - before_ms;
    cr_expect(passed_ms >= 3600 * 1000 && passed_ms < 3700 * 1000, "%ld ms", (long)passed_ms);
}

static int
text_order(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* More than the 256 of one draw from the kernel, so that the refill is crossed several times. */
Test(clock, nonces_are_32_hex_digits_and_never_repeat)
{
    enum { N = 5000 };
    static char nonces[N][33];
    for (int i = 0; i < N; i++) {
        entropy_nonce(nonces[i]);
        cr_assert_eq(strlen(nonces[i]), 32);
        cr_assert_eq(strspn(nonces[i], "0123456789abcdef"), 32);
    }
    qsort(nonces, N, sizeof(nonces[0]), text_order);
    for (int i = 1; i < N; i++)
        cr_assert_str_neq(nonces[i - 1], nonces[i]);
}

Test(clock, entropy_fills_every_byte)
{
    enum { N = 1000 };
    unsigned char seen[N] = { 0 }, bytes[N + 2];
    for (int round = 0; round < 8; round++) {
        memset(bytes, 0, sizeof(bytes));
        entropy(bytes + 1, N);
        for (int i = 0; i < N; i++)
            seen[i] |= bytes[i + 1];
        cr_assert(bytes[0] == 0 && bytes[N + 1] == 0);
    }
    for (int i = 0; i < N; i++)
        cr_expect_neq(seen[i], 0, "byte %d", i);
}

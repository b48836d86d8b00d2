/* test_guard.c: what counts as a flood of dead letters, and for how long. */
#include "bridge/core/guard.h"

#include <criterion/criterion.h>

static const struct guard_policy policy = { .share_permille = 500, .min_records = 10, .window_ms = 60000 };

static uint32_t
park_until_flood(struct guard *guard, const struct guard_policy *rules, ms_t now_ms, uint32_t most)
{
    uint32_t n = 0;
    while (n < most && !guard_floods(guard, rules, now_ms))
        n++;
    return n;
}

Test(guard, nothing_is_a_flood_below_the_least_number)
{
    struct guard guard;
    guard_init(&guard);
    cr_expect_eq(park_until_flood(&guard, &policy, 0, 100), 9);
    cr_expect(guard_floods(&guard, &policy, 1000), "still");
}

Test(guard, the_share_must_be_passed_not_reached)
{
    struct guard guard;
    guard_init(&guard);
    for (int i = 0; i < 100; i++)
        guard_ended(&guard, &policy, 0);
    cr_expect_eq(park_until_flood(&guard, &policy, 0, 1000), 100);
}

Test(guard, what_is_older_than_the_window_is_forgotten)
{
    struct guard guard;
    guard_init(&guard);
    for (ms_t at_ms = 0; at_ms < 60000; at_ms += 1000)
        cr_assert_eq(guard_floods(&guard, &policy, at_ms), at_ms >= 9000, "at %ld", at_ms);
    cr_expect_not(guard_floods(&guard, &policy, 66000), "the first of them is out of the window");
    guard_forget(&guard);
    cr_expect_eq(park_until_flood(&guard, &policy, 66000, 100), 9);
    cr_expect_eq(park_until_flood(&guard, &policy, 10000000, 100), 9, "after hours of silence");
}

Test(guard, sums_stay_right_over_long_times)
{
    struct guard guard;
    guard_init(&guard);
    for (ms_t at_ms = 0; at_ms < 3600000; at_ms += 7) {
        guard_ended(&guard, &policy, at_ms);
        if (at_ms % 3 == 0)
            cr_assert_not(guard_floods(&guard, &policy, at_ms));
    }
    uint64_t ended = 0, parked = 0;
    for (unsigned i = 0; i < GUARD_SPANS; i++) {
        ended += guard.spans[i].ended;
        parked += guard.spans[i].parked;
    }
    cr_expect_eq(guard.ended, ended);
    cr_expect_eq(guard.parked, parked);
    cr_expect_leq(ended, 60000 / 7 * 4 / 3 + 10);
}

Test(guard, a_share_of_one_and_no_least_number_switch_it_off)
{
    static const struct guard_policy off[] = { { 1000, 1, 60000 }, { 500, 0, 60000 }, { 0 } };
    for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
        struct guard guard;
        guard_init(&guard);
        cr_expect_eq(park_until_flood(&guard, &off[i], 0, 10000), 10000, "row %zu", i);
    }
}

/* test_rate.c: the token bucket: bursts, slow and fast rates, and exact counts over long times. */
#include "bridge/core/rate.h"
#include "tests/support/draw.h"

#include <criterion/criterion.h>
#include <signal.h>

enum { HOUR_MS = 3600000 };

static uint64_t
take_all(struct rate *rate, ms_t now_ms)
{
    uint64_t n = 0;
    while (rate_take(rate, now_ms))
        n++;
    return n;
}

Test(rate, no_limit_always_has_a_token)
{
    struct rate rate;
    rate_init(&rate, 0, 0);
    for (int i = 0; i < 1000; i++)
        cr_assert(rate_take(&rate, 0));
    cr_expect_eq(rate_ready_at(&rate, 5), 5);
    rate_give_back(&rate);
    cr_expect(rate_take(&rate, 0));
}

Test(rate, the_burst_is_one_second_of_the_rate_and_at_least_one)
{
    static const struct { uint64_t per_hour, burst; } rows[] = {
        { 1, 1 }, { 60, 1 }, { 3600, 1 }, { 3601, 1 }, { 7199, 1 }, { 7200, 2 }, { 36000, 10 }, { UINT64_C(3600000000), 1000000 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rate rate;
        rate_init(&rate, rows[i].per_hour, 1000);
        cr_expect_eq(take_all(&rate, 1000), rows[i].burst, "row %zu", i);
        uint64_t nearly = rows[i].per_hour == 1 ? 0 : rows[i].burst;
        cr_expect_eq(take_all(&rate, 1000 + HOUR_MS - 1), nearly, "row %zu: nearly an hour idle", i);
        cr_expect_eq(take_all(&rate, 1000 + 10 * (ms_t)HOUR_MS), rows[i].burst, "row %zu: idle time is not saved up", i);
    }
}

Test(rate, a_token_is_there_exactly_when_it_was_promised)
{
    static const uint64_t per_hour[] = { 1, 7, 60, 1000, 3600, 36000, 360000, 3599999 };
    for (size_t i = 0; i < sizeof(per_hour) / sizeof(per_hour[0]); i++) {
        struct rate rate;
        ms_t now_ms = 123456;
        rate_init(&rate, per_hour[i], now_ms);
        take_all(&rate, now_ms);
        for (int n = 0; n < 50; n++) {
            ms_t ready_ms = rate_ready_at(&rate, now_ms);
            cr_assert_gt(ready_ms, now_ms, "row %zu", i);
            cr_assert_not(rate_take(&rate, ready_ms - 1), "row %zu: a millisecond early", i);
            cr_assert_eq(rate_ready_at(&rate, ready_ms), ready_ms, "row %zu", i);
            cr_assert(rate_take(&rate, ready_ms), "row %zu", i);
            now_ms = ready_ms;
        }
    }
}

Test(rate, one_an_hour_is_one_an_hour)
{
    struct rate rate;
    rate_init(&rate, 1, 0);
    cr_expect(rate_take(&rate, 0));
    cr_expect_eq(rate_ready_at(&rate, 0), HOUR_MS);
    cr_expect_not(rate_take(&rate, HOUR_MS - 1));
    cr_expect(rate_take(&rate, HOUR_MS));
}

Test(rate, over_a_day_no_token_is_lost_or_made_by_rounding)
{
    static const uint64_t per_hour[] = { 36000, 100003, 3599999, 999999937 };
    for (size_t i = 0; i < sizeof(per_hour) / sizeof(per_hour[0]); i++) {
        struct rate rate;
        rate_init(&rate, per_hour[i], 0);
        take_all(&rate, 0);
        uint64_t taken = 0, luck = 9 + i;
        ms_t now_ms = 0, end_ms = (i < 3 ? 24 : 1) * (ms_t)HOUR_MS / (i < 3 ? 1 : 60);
        while (now_ms < end_ms) {   /* asked often enough that the bucket is never full */
            now_ms += 1 + draw(&luck, 800);
            now_ms = now_ms < end_ms ? now_ms : end_ms;
            taken += take_all(&rate, now_ms);
        }
        uint64_t exact = per_hour[i] * (uint64_t)end_ms / HOUR_MS;
        cr_expect(taken == exact || taken == exact + 1, "row %zu: %lu for %lu (and what was left of the burst)", i,
                  (unsigned long)taken, (unsigned long)exact);
    }
}

Test(rate, a_slow_rate_is_kept_over_a_week)
{
    static const uint64_t per_hour[] = { 1, 7, 59, 3599 };
    for (size_t i = 0; i < sizeof(per_hour) / sizeof(per_hour[0]); i++) {
        struct rate rate;
        rate_init(&rate, per_hour[i], 0);
        take_all(&rate, 0);
        uint64_t taken = 0, exact = 7 * 24 * per_hour[i];
        for (ms_t now_ms = rate_ready_at(&rate, 0); now_ms <= 7 * 24 * (ms_t)HOUR_MS; now_ms = rate_ready_at(&rate, now_ms))
            taken += rate_take(&rate, now_ms);
        cr_expect_leq(taken, exact, "row %zu", i);
        cr_expect_geq(taken, exact - 1 - exact / 1000, "row %zu: %lu of %lu", i, (unsigned long)taken, (unsigned long)exact);
    }
}

Test(rate, an_unused_token_returns_and_never_overfills)
{
    struct rate rate;
    rate_init(&rate, 7200, 0);
    cr_expect(rate_take(&rate, 0));
    rate_give_back(&rate);
    rate_give_back(&rate);
    cr_expect_eq(take_all(&rate, 0), 2);
    rate_give_back(&rate);
    cr_expect_eq(take_all(&rate, 0), 1);
}

Test(rate, a_clock_that_stands_still_or_steps_back_gives_nothing)
{
    struct rate rate;
    rate_init(&rate, 3600, 5000);
    cr_expect(rate_take(&rate, 5000));
    cr_expect_not(rate_take(&rate, 5000));
    cr_expect_not(rate_take(&rate, 1000));
    cr_expect_eq(rate_ready_at(&rate, 1000), 6000);
    cr_expect(rate_take(&rate, 6000), "the step back is not paid for twice");
}

Test(rate, ages_of_silence_do_not_overflow)
{
    struct rate rate;
    rate_init(&rate, UINT64_C(3600000000), 0);
    take_all(&rate, 0);
    cr_expect_eq(take_all(&rate, INT64_MAX / 2), 1000000);
}

Test(rate, more_than_a_million_a_second_is_broken_code, .signal = SIGABRT)
{
    struct rate rate;
    rate_init(&rate, UINT64_C(3600000001), 0);
}

/* ---- throttling ------------------------------------------------------------------------------------------------------------ */

/* Tokens of the time from..to, taken as soon as each is there. */
static uint64_t
take_between(struct rate *rate, ms_t from_ms, ms_t to_ms)
{
    uint64_t n = 0;
    for (ms_t at_ms = from_ms; at_ms < to_ms; at_ms++)
        n += take_all(rate, at_ms);
    return n;
}

Test(rate, throttling_lowers_a_configured_rate_and_a_minute_brings_it_back)
{
    struct rate rate;
    rate_init(&rate, 100 * 3600, 0);
    take_between(&rate, 0, 5000);
    rate_lower(&rate, 4900, 5000);
    cr_expect_leq(rate.per_hour, 72 * 3600, "seven tenths of what was used");
    cr_expect_geq(rate.per_hour, 68 * 3600);
    uint64_t at_first = take_between(&rate, 5000, 7000);
    cr_expect_lt(at_first, 160, "%lu in two seconds", at_first);
    cr_expect_gt(at_first, 120, "%lu in two seconds", at_first);
    take_between(&rate, 7000, 70000);
    cr_expect_eq(rate.per_hour, 100 * 3600);
    cr_expect_eq(take_between(&rate, 70000, 80000), 1000);
}

Test(rate, a_burst_of_throttled_calls_lowers_it_once)
{
    struct rate rate;
    rate_init(&rate, 100 * 3600, 0);
    take_between(&rate, 0, 5000);
    rate_lower(&rate, 4900, 5000);
    uint64_t once = rate.per_hour;
    for (ms_t at_ms = 5000; at_ms < 5050; at_ms++)
        rate_lower(&rate, 4990, at_ms);
    cr_expect_eq(rate.per_hour, once);
    rate_lower(&rate, 5001, 5050);
    cr_expect_lt(rate.per_hour, once);
}

Test(rate, without_a_configured_rate_one_is_set_from_what_was_seen_and_goes_again)
{
    struct rate rate;
    rate_init(&rate, 0, 0);
    for (ms_t at_ms = 0; at_ms < 10000; at_ms += 10)
        cr_assert(rate_take(&rate, at_ms));
    rate_lower(&rate, 9990, 10000);
    cr_expect_geq(rate.per_hour, 65 * 3600, "%lu", rate.per_hour / 3600);
    cr_expect_leq(rate.per_hour, 75 * 3600, "%lu", rate.per_hour / 3600);
    uint64_t limited = take_between(&rate, 10000, 11000);
    cr_expect_lt(limited, 80, "%lu", limited);
    ms_t at_ms = 11000;
    while (rate.per_hour != 0 && at_ms < 100000)
        (void)rate_take(&rate, at_ms++);
    cr_expect_lt(at_ms, 75000, "free again at %ld", at_ms);
    for (int i = 0; i < 10000; i++)
        cr_assert(rate_take(&rate, at_ms));
}

Test(rate, however_often_it_is_lowered_calls_go_on)
{
    static const uint64_t configured[] = { 0, 1, 5, 3600, 3600000 };
    for (size_t i = 0; i < sizeof(configured) / sizeof(configured[0]); i++) {
        struct rate rate;
        rate_init(&rate, configured[i], 0);
        rate_take(&rate, 0);
        for (ms_t at_ms = 0; at_ms < 1000; at_ms++)
            rate_lower(&rate, at_ms, at_ms);
        cr_expect_gt(rate.per_hour, 0, "row %zu", i);
        cr_expect_leq(rate.per_hour, configured[i] ? configured[i] : 36000, "row %zu", i);
        ms_t ready_ms = rate_ready_at(&rate, 1000);
        cr_expect_lt(ready_ms, 1000 + 3700000, "row %zu", i);
        cr_expect(rate_take(&rate, ready_ms), "row %zu", i);
    }
}

Test(rate, a_token_is_there_exactly_when_it_was_promised_while_the_rate_comes_back)
{
    static const uint64_t configured[] = { 0, 60, 3600, 36000 };
    for (size_t i = 0; i < sizeof(configured) / sizeof(configured[0]); i++) {
        struct rate rate;
        rate_init(&rate, configured[i], 0);
        rate_take(&rate, 0);
        for (ms_t at_ms = 10; at_ms < 20; at_ms++)
            rate_lower(&rate, at_ms, at_ms);
        for (ms_t now_ms = 20; rate.whole > 0 && now_ms < 80000;) {
            struct rate early = rate;
            ms_t ready_ms = rate_ready_at(&rate, now_ms);
            if (ready_ms > now_ms)
                cr_assert_not(rate_take(&early, ready_ms - 1), "row %zu: a millisecond early at %ld", i, ready_ms);
            cr_assert(rate_take(&rate, ready_ms), "row %zu at %ld", i, ready_ms);
            now_ms = ready_ms;
            if (rate.per_hour == 0)
                break;
        }
    }
}

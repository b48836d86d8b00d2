/* test_timers.c: the heap of timers against edges and a plain array that is searched from end to end. */
#include "bridge/core/timers.h"
#include "tests/support/draw.h"

#include <criterion/criterion.h>
#include <signal.h>

enum { CAPACITY = 64 };
static struct timer *memory[CAPACITY];
static struct timer timer[CAPACITY + 1];
static struct timers timers;

static void
begin(void)
{
    timers_init(&timers, memory, CAPACITY);
}

TestSuite(timers, .init = begin);

Test(timers, an_empty_heap_has_nothing_due_and_no_next)
{
    cr_expect_null(timers_due(&timers, MS_NEVER));
    cr_expect_eq(timers_next(&timers), MS_NEVER);
}

Test(timers, a_timer_is_due_at_its_time_and_not_before)
{
    timers_set(&timers, &timer[0], 500);
    cr_expect_eq(timers_next(&timers), 500);
    cr_expect_null(timers_due(&timers, 499));
    cr_expect_eq(timers_due(&timers, 500), &timer[0]);
    cr_expect_eq(timer[0].index, 0, "taken out");
    cr_expect_null(timers_due(&timers, 500), "only once");
}

Test(timers, what_is_due_comes_in_the_order_of_time)
{
    static const ms_t at[] = { 70, 10, 50, 30, 20, 60, 40 };
    for (size_t i = 0; i < 7; i++)
        timers_set(&timers, &timer[i], at[i]);
    for (ms_t expected = 10; expected <= 70; expected += 10)
        cr_expect_eq(timers_due(&timers, 1000)->at_ms, expected);
    cr_expect_null(timers_due(&timers, 1000));
}

Test(timers, setting_again_moves_a_timer_both_ways)
{
    timers_set(&timers, &timer[0], 100);
    timers_set(&timers, &timer[1], 200);
    timers_set(&timers, &timer[2], 300);
    timers_set(&timers, &timer[0], 900);
    cr_expect_eq(timers_next(&timers), 200);
    timers_set(&timers, &timer[2], 50);
    cr_expect_eq(timers_next(&timers), 50);
    cr_expect_eq(timers.count, 3);
}

Test(timers, clearing_takes_out_one_and_leaves_the_rest_in_order)
{
    for (int i = 0; i < 20; i++)
        timers_set(&timers, &timer[i], 100 - i);
    for (int i = 0; i < 20; i += 2)
        timers_clear(&timers, &timer[i]);
    for (int i = 19; i > 0; i -= 2)
        cr_expect_eq(timers_due(&timers, 1000), &timer[i]);
    cr_expect_eq(timers.count, 0);
}

Test(timers, clearing_what_is_not_set_is_fine)
{
    timers_clear(&timers, &timer[0]);
    timers_set(&timers, &timer[0], 1);
    timers_clear(&timers, &timer[0]);
    timers_clear(&timers, &timer[0]);
    cr_expect_eq(timers.count, 0);
    cr_expect_eq(timers_next(&timers), MS_NEVER);
}

Test(timers, the_heap_takes_as_many_as_it_has_room_for)
{
    for (int i = 0; i < CAPACITY; i++)
        timers_set(&timers, &timer[i], i % 7);
    timers_set(&timers, &timer[CAPACITY - 1], -5);  /* moving one needs no room */
    cr_expect_eq(timers_due(&timers, 0), &timer[CAPACITY - 1]);
}

Test(timers, one_more_than_there_is_room_for_is_broken_code, .signal = SIGABRT)
{
    for (int i = 0; i <= CAPACITY; i++)
        timers_set(&timers, &timer[i], i);
}

/* The picture to compare with: when each timer rings, or not at all. */
static ms_t rings[CAPACITY];
static bool is_set[CAPACITY];

static ms_t
earliest(void)
{
    ms_t least = MS_NEVER;
    for (int i = 0; i < CAPACITY; i++)
        if (is_set[i] && rings[i] < least)
            least = rings[i];
    return least;
}

static void
expect_all_due(ms_t now_ms, int step)
{
    struct timer *due;
    while ((due = timers_due(&timers, now_ms)) != NULL) {
        ptrdiff_t i = due - timer;
        cr_assert(is_set[i], "step %d", step);
        cr_assert_eq(rings[i], earliest(), "step %d: the earliest goes first", step);
        cr_assert_leq(due->at_ms, now_ms, "step %d", step);
        is_set[i] = false;
    }
    cr_assert_gt(earliest(), now_ms, "step %d: nothing due was left", step);
}

Test(timers, a_hundred_thousand_random_steps_agree_with_a_plain_array)
{
    uint64_t luck = 77;
    ms_t now_ms = 0;
    for (int step = 0; step < 100000; step++) {
        uint32_t i = draw(&luck, CAPACITY), dice = draw(&luck, 10);
        if (dice < 6) {
            rings[i] = now_ms + draw(&luck, 200);
            is_set[i] = true;
            timers_set(&timers, &timer[i], rings[i]);
        } else if (dice < 8) {
            is_set[i] = false;
            timers_clear(&timers, &timer[i]);
        } else {
            now_ms += draw(&luck, 40);
            expect_all_due(now_ms, step);
        }
        cr_assert_eq(timers_next(&timers), earliest(), "step %d", step);
    }
}

/* test_lanes.c: the table of lanes against edges and a plain array of keys, with keys that all want the same place. */
#include "bridge/core/lanes.h"
#include "tests/support/draw.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

static void *memory;
static struct lanes lanes;

static void
begin(uint32_t capacity)
{
    memory = calloc(1, lanes_size(capacity));
    lanes_init(&lanes, memory, capacity);
}

static void
end(void)
{
    free(memory);
}

TestSuite(lanes, .fini = end);

Test(lanes, nobody_is_in_a_lane_that_was_never_opened)
{
    begin(4);
    cr_expect_null(lanes_find(&lanes, 1));
    cr_expect_eq(lanes.count, 0);
}

Test(lanes, an_open_lane_is_found_and_a_closed_one_is_not)
{
    begin(4);
    struct lane *lane = lanes_open(&lanes, 42);
    cr_expect_eq(lanes_find(&lanes, 42), lane);
    cr_expect_eq(lane->waiting.size, 0);
    cr_expect_null(list_first(&lane->waiting));
    lanes_close(&lanes, lane);
    cr_expect_null(lanes_find(&lanes, 42));
    cr_expect_eq(lane->key, 0);
}

Test(lanes, who_waits_in_a_lane_is_still_there_when_others_came_and_went)
{
    begin(64);
    struct node node = { 0 };
    struct lane *lane = lanes_open(&lanes, 128);
    list_append(&lane->waiting, &node);
    for (uint64_t key = 1; key <= 60; key++)
        lanes_open(&lanes, 128 + 128 * key);
    for (uint64_t key = 1; key <= 60; key++)
        lanes_close(&lanes, lanes_find(&lanes, 128 + 128 * key));
    cr_expect_eq(lanes_find(&lanes, 128), lane, "a lane does not move while it lives");
    cr_expect_eq(list_first(&lane->waiting), &node);
}

Test(lanes, a_full_house_can_be_emptied_and_filled_again)
{
    begin(33);
    for (int round = 0; round < 3; round++) {
        for (uint64_t key = 1; key <= 33; key++)
            lanes_open(&lanes, key * 7);
        cr_expect_eq(lanes.count, 33);
        for (uint64_t key = 33; key >= 1; key--)
            lanes_close(&lanes, lanes_find(&lanes, key * 7));
        cr_expect_eq(lanes.count, 0);
    }
}

Test(lanes, the_memory_asked_for_is_just_what_is_used)
{
    for (uint32_t capacity = 1; capacity <= 65; capacity++) {
        begin(capacity);
        cr_assert_eq((uintptr_t)lanes.slots % 16, 0);
        cr_assert_eq((uintptr_t)lanes.table % 16, 0);
        cr_assert_eq((uintptr_t)lanes.free % 16, 0);
        cr_assert_geq((char *)lanes.table, (char *)(lanes.slots + capacity));
        cr_assert_geq((char *)lanes.free, (char *)(lanes.table + lanes.table_size));
        size_t used = (size_t)((char *)(lanes.free + capacity) - (char *)memory);
        cr_assert(used <= lanes_size(capacity) && lanes_size(capacity) < used + 16, "capacity %u", capacity);
        cr_assert_geq(lanes.table_size, 2 * capacity);
        if (capacity < 65)
            end();
    }
}

Test(lanes, opening_a_lane_twice_is_broken_code, .signal = SIGABRT)
{
    begin(4);
    lanes_open(&lanes, 1);
    lanes_open(&lanes, 1);
}

Test(lanes, opening_one_more_than_there_is_room_for_is_broken_code, .signal = SIGABRT)
{
    begin(1);
    lanes_open(&lanes, 1);
    lanes_open(&lanes, 2);
}

Test(lanes, closing_a_lane_that_somebody_waits_in_is_broken_code, .signal = SIGABRT)
{
    begin(4);
    struct node node = { 0 };
    struct lane *lane = lanes_open(&lanes, 1);
    list_append(&lane->waiting, &node);
    lanes_close(&lanes, lane);
}

Test(lanes, key_zero_is_broken_code, .signal = SIGABRT)
{
    begin(4);
    lanes_open(&lanes, 0);
}

/* Every key that may occur, with the lane that it should be in. Most share their low bits: they crowd around a few places and
 * around the end of the table, where a run wraps. */
enum { KEYS = 96, CAPACITY = 40 };
static uint64_t keys[KEYS];
static struct lane *open_lane[KEYS];

static void
expect_same(int step)
{
    uint32_t open = 0;
    for (int i = 0; i < KEYS; i++) {
        open += open_lane[i] != NULL;
        cr_assert_eq(lanes_find(&lanes, keys[i]), open_lane[i], "step %d, key %d", step, i);
    }
    cr_assert_eq(lanes.count, open, "step %d", step);
}

Test(lanes, a_hundred_thousand_random_steps_agree_with_a_plain_array)
{
    begin(CAPACITY);
    uint64_t luck = 4711;
    static const uint32_t crowded[] = { 0, 1, 126, 127 };
    for (uint32_t i = 0; i < KEYS; i++)
        keys[i] = (uint64_t)(i + 1) << 32 | (i % 3 ? crowded[i % 4] : draw(&luck, 1 << 30));
    int fulls = 0;
    for (int step = 0; step < 100000; step++) {
        uint32_t i = draw(&luck, KEYS);
        if (open_lane[i]) {
            lanes_close(&lanes, open_lane[i]);
            open_lane[i] = NULL;
        } else if (lanes.count < CAPACITY) {
            open_lane[i] = lanes_open(&lanes, keys[i]);
        } else {
            fulls++;
        }
        if (step % 8 == 0 || step < 1000)
            expect_same(step);
    }
    cr_expect_gt(fulls, 100, "the run must have met a full table");
}

/* test_memory.c: the store in memory: the shared table, its clock, its growth, and when it answers. */
#include "bridge/io/clock.h"
#include "bridge/io/memory_table.h"
#include "tests/wire/window_rows.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(memory, every_row_of_the_table_is_answered_as_written)
{
    struct stand stand;
    stand_memory(&stand);
    claim_rows_play(&(struct bench){ &stand, NULL });
    stand_release(&stand);
}

Test(memory, two_copies_in_one_process_wait_for_each_other)
{
    struct stand stand;
    stand_memory(&stand);
    custody_story_play(&(struct bench){ &stand, NULL });
    stand_release(&stand);
}

Test(memory, every_row_of_the_table_of_repeats_is_answered_as_written)
{
    struct stand stand;
    stand_memory(&stand);
    window_rows_play(&(struct bench){ &stand, NULL });
    window_story_play(&(struct bench){ &stand, NULL });
    window_batch_play(&(struct bench){ &stand, NULL });
    stand_release(&stand);
}

Test(memory, it_says_loudly_that_it_forgets)
{
    struct stand stand;
    stand_memory(&stand);
    cr_expect(stand_until(&stand, true));
    cr_expect(stand_heard(&stand, "forgotten when it ends"));
    cr_expect(dedup_is_memory("memory:"));
    cr_expect_not(dedup_is_memory("redis://memory:1"));
    stand_release(&stand);
}

Test(memory, answers_come_from_the_loop_and_in_order)
{
    struct stand stand;
    struct dedup_stats stats;
    stand_memory(&stand);
    for (uint32_t i = 0; i < 1000; i++)
        stand_claim(&stand, stand_order(i % 2 ? "odd" : "even", 9, 1));
    stand_flush(&stand);
    cr_expect_eq(stand.answered, 0, "nothing is answered before the loop runs");
    cr_expect(stand_answers(&stand));
    cr_expect_eq(stand.answers[0].claim.verdict, CLAIM_FREE);
    cr_expect_eq(stand.answers[1].claim.verdict, CLAIM_FREE);
    cr_expect_eq(stand.answers[2].claim.verdict, CLAIM_MINE);
    dedup_stats(stand.dedup, &stats);
    cr_expect(stats.up);
    cr_expect_eq(stats.commands[DEDUP_CLAIM][0], 1000);
    cr_expect_eq(stats.flushes, 1);
    stand_release(&stand);
}

Test(memory, two_targets_do_not_share_a_key)
{
    struct stand stand;
    stand_memory(&stand);
    struct claim_order order = stand_order("one", 9, 1);
    cr_expect_eq(stand_claimed(&stand, order).verdict, CLAIM_FREE);
    order.target = 1;
    order.dispatch = 10;
    cr_expect_eq(stand_claimed(&stand, order).verdict, CLAIM_FREE);
    stand_release(&stand);
}

static struct hash128
key_of(uint32_t i)
{
    return (struct hash128){ .low = i * UINT64_C(0x9e3779b97f4a7c15), .high = i };
}

Test(memory_table, values_live_until_their_time_and_no_longer)
{
    struct memory_table table;
    const struct claim_value done = { .state = CLAIM_STATE_DONE, .fp = 5 };
    cr_assert(memory_table_init(&table, 4096));
    cr_expect(memory_table_put(&table, key_of(1), &done, 1000, 500));
    cr_assert_not_null(memory_table_get(&table, key_of(1), 1499));
    cr_expect_eq(memory_table_get(&table, key_of(1), 1499)->value.fp, 5);
    cr_expect_null(memory_table_get(&table, key_of(1), 1500));
    cr_expect_null(memory_table_get(&table, key_of(2), 1000));
    cr_expect(memory_table_put(&table, key_of(1), &done, 1000, 500));
    memory_table_remove(&table, key_of(1), 1000);
    memory_table_remove(&table, key_of(2), 1000);
    cr_expect_null(memory_table_get(&table, key_of(1), 1000), "what is removed is gone at once");
    memory_table_release(&table);
}

Test(memory_table, it_grows_keeps_what_lives_and_sweeps_what_does_not)
{
    struct memory_table table;
    struct claim_value done = { .state = CLAIM_STATE_DONE };
    cr_assert(memory_table_init(&table, 1 << 17));
    for (uint32_t i = 1; i <= 50000; i++) {
        done.fp = i;
        cr_assert(memory_table_put(&table, key_of(i), &done, 0, i % 2 ? 10 : 1000));
    }
    for (uint32_t i = 1; i <= 50000; i++) {
        const struct memory_entry *entry = memory_table_get(&table, key_of(i), 500);
        cr_assert_eq(entry != NULL, i % 2 == 0, "key %u", i);
        cr_assert(!entry || entry->value.fp == i, "key %u", i);
    }
    uint32_t capacity = table.capacity;
    for (uint32_t i = 0; i < 2000000; i++)
        cr_assert(memory_table_put(&table, key_of(100000 + i), &done, 2000 + i, 1000));
    cr_expect_eq(table.capacity, capacity, "what expired makes room");
    memory_table_release(&table);
}

Test(memory_table, full_to_its_ceiling_it_refuses_and_loses_nothing)
{
    struct memory_table table;
    const struct claim_value done = { .state = CLAIM_STATE_DONE };
    uint32_t kept = 0;
    cr_assert(memory_table_init(&table, 1024));
    while (memory_table_put(&table, key_of(kept + 1), &done, 0, 1000))
        cr_assert(++kept < 1024);
    cr_expect(kept > 600, "%u", kept);
    for (uint32_t i = 1; i <= kept; i++)
        cr_assert_not_null(memory_table_get(&table, key_of(i), 1));
    cr_expect(memory_table_put(&table, key_of(1), &done, 1, 1000), "a key that is there can be written still");
    memory_table_release(&table);
}

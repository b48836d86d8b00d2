/* test_reading.c: what Kafka gives, and gives again. */
#include "tests/story/story.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(story, a_record_that_is_terminal_and_comes_again_in_the_same_assignment_is_ignored)
{
    stage();
    story_begin();
    receive_alert(41, "inc-1", "i1");
    receive_alert(42, "inc-2", "i2");
    pass(2000);
    cr_expect_eq(committed(), 43);
    forget();
    receive_alert(40, "inc-0", "i0");
    receive_alert(42, "inc-2", "i2");
    pass(2000);
    expect_line("3/40 came again, ignored");
    expect_line("3/42 came again, ignored");
    cr_expect_eq(calls_seen(), 2);
    cr_expect_eq(freed(), 4, "its bytes are given back");
    cr_expect_eq(stats()->records_repeated, 2);
    cr_expect_eq(committed(), 43, "and the commit stays");
    receive_alert(43, "inc-3", "i3");
    pass(2000);
    cr_expect_eq(calls_seen(), 3);
    cr_expect_eq(committed(), 44);
    everything_adds_up();
}

Test(story, a_record_that_is_open_and_comes_again_is_delivered_once)
{
    stage();
    story_begin();
    calls_hang();
    receive_alert(41, "inc-1", "i1");
    receive_alert(43, "inc-3", "i3");
    pass(1);
    receive_alert(41, "inc-1", "i1");
    receive_alert(42, "inc-2", "i2");
    receive_alert(43, "inc-3", "i3");
    calls_return();
    pass(2000);
    cr_expect_eq(calls_seen(), 2);
    cr_expect_eq(stats()->records_repeated, 3);
    cr_expect_eq(freed(), 5);
    cr_expect_eq(committed(), 44);
    everything_adds_up();
}

Test(story, the_next_assignment_reads_again_what_was_not_committed)
{
    stage();
    story_begin();
    receive_alert(41, "inc-1", "i1");
    pass(1);
    lose();
    assign(41);
    claim_says("inc-1", CLAIM_DUPLICATE, 0);
    receive_alert(41, "inc-1", "i1");
    pass(2000);
    cr_expect_eq(stats()->records_repeated, 0);
    cr_expect_eq(committed(), 42);
    everything_adds_up();
}

Test(story, a_full_window_that_waits_for_its_oldest_record_is_told_once)
{
    struct engine_config *config = stage();
    config->window_records = 64;
    config->targets[1].max_attempts = 5;
    story_begin();
    fail_for("stuck");
    receive_alert(41, "stuck", "s");
    for (int i = 1; i < 64; i++) {
        char id[16];
        snprintf(id, sizeof(id), "n-%02d", i);
        receive_alert(41 + i, id, id);
    }
    pass(300);
    cr_expect(is_paused());
    expect_line("waits for 41");
    forget();
    pass(600000);
    expect_no_line("waits for");
    cr_expect_eq(parked_seen("budget"), 1);
    cr_expect_eq(committed(), 105);
}

/* Whoever asks before each record never has one too many, however late the pause is carried out. */
Test(story, a_full_window_takes_not_one_record_more)
{
    stage()->window_records = 64;
    story_begin();
    calls_hang();
    for (int i = 0; i < 64; i++) {
        char id[16];
        snprintf(id, sizeof(id), "n-%02d", i);
        cr_assert(takes(), "record %d", i);
        receive_alert(41 + i, id, id);
    }
    cr_expect_not(takes());
    pass(1);
    cr_expect(is_paused());
    calls_return();
    pass(2000);
    cr_expect(takes());
    cr_expect_not(is_paused());
    lose();
    cr_expect_not(takes(), "of what is not assigned");
}

Test(story, while_memory_is_full_an_empty_window_takes_one_record)
{
    stage()->window_bytes = 1;
    story_begin();
    calls_hang();
    receive_alert(41, "inc-1", "i1");
    cr_expect_not(takes());
    pass(1);
    lose();
    assign(42);
    cr_expect(takes(), "what fills the memory is of an earlier assignment");
    receive_alert(42, "inc-2", "i2");
    cr_expect_not(takes());
    calls_return();
    pass(2000);
    cr_expect(takes());
    everything_adds_up();
}

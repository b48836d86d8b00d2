/* test_batches.c: batches that fill, linger, fail as a whole, and are halved. */
#include "tests/story/story.h"

#include <criterion/criterion.h>
#include <stdio.h>

static void
batches_of_four(void)
{
    struct engine_config *config = stage();
    config->targets[0].batch_messages = 4;
    config->targets[0].linger_ms = 50;
    config->targets[0].concurrency = 1;
    story_begin();
}

Test(story, a_full_batch_goes_at_once_and_a_rest_after_its_linger)
{
    batches_of_four();
    receive(41, "a", "1");
    receive(42, "b", "2");
    receive(43, "c", "3");
    receive(44, "d", "4");
    receive(45, "e", "5");
    pass(100);
    expect("[   0] portal   call 4: a b c d\n"
           "[  10] portal   delivered 4: a b c d\n"
           "[  50] portal   call 1: e\n"
           "[  60] portal   delivered 1: e\n");
}

Test(story, a_refused_batch_is_halved_until_the_guilty_message_is_alone)
{
    batches_of_four();
    replies(OUTCOME_REJECTED, OUTCOME_DELIVERED, OUTCOME_REJECTED, OUTCOME_REJECTED, OUTCOME_DELIVERED, OUTCOME_COUNT);
    receive(41, "inc-1", "1");
    receive(42, "inc-2", "2");
    receive(43, "bad-3", "3");
    receive(44, "inc-4", "4");
    pass(100);
    expect("[   0] portal   call 4: inc-1 inc-2 bad-3 inc-4\n"
           "[  10] portal   rejected 4, code 200/31400\n"
           "[  10] portal   rejected 4, halve 2 + 2\n"
           "[  10] portal   call 2: inc-1 inc-2\n"
           "[  20] portal   delivered 2: inc-1 inc-2\n"
           "[  20] portal   call 2: bad-3 inc-4\n"
           "[  30] portal   rejected 2, code 200/31400\n"
           "[  30] portal   rejected 2, halve 1 + 1\n"
           "[  30] portal   call 1: bad-3\n"
           "[  40] portal   rejected 1, code 200/31400\n"
           "[  40] bad-3    rejected alone, park rejected, code 200/31400\n"
           "[  40] bad-3    park rejected\n"
           "[  40] portal   call 1: inc-4\n"
           "[  50] portal   delivered 1: inc-4\n");
    pass(2000);
    cr_expect_eq(committed(), 45);
    cr_expect_eq(parked_seen("rejected"), 1);
    everything_adds_up();
}

Test(story, one_bad_message_in_a_hundred_costs_at_most_sixteen_calls)
{
    for (uint32_t bad = 0; bad < 100; bad += 11) {
        struct engine_config *config = stage();
        config->targets[0].batch_messages = 100;
        config->targets[0].linger_ms = 50;
        story_begin();
        refuse_whatever_holds("m-", bad);
        for (uint32_t i = 0; i < 100; i++) {
            char id[16];
            snprintf(id, sizeof(id), "m-%02u", i);
            receive(41 + i, id, id);
        }
        pass(5000);
        cr_expect_leq(calls_seen(), 16, "bad %u: %u calls", bad, calls_seen());
        cr_expect_eq(parked_seen("rejected"), 1);
        cr_expect_eq(committed(), 141);
        everything_adds_up();
    }
}

Test(story, a_server_error_never_halves_a_batch)
{
    batches_of_four();
    replies(OUTCOME_NOT_EXECUTED, OUTCOME_IN_DOUBT, OUTCOME_DELIVERED, OUTCOME_COUNT);
    receive(41, "a", "1");
    receive(42, "b", "2");
    receive(43, "c", "3");
    receive(44, "d", "4");
    pass(3000);
    expect_no_line("halve");
    cr_expect_eq(calls_seen(), 3);
    expect_line("delivered 4: a b c d");
}

Test(story, repeats_leave_a_batch_and_the_rest_goes)
{
    batches_of_four();
    claim_says("b", CLAIM_DUPLICATE, 0);
    receive(41, "a", "1");
    receive(42, "b", "2");
    receive(43, "c", "3");
    receive(44, "d", "4");
    pass(100);
    expect("[   0] b        claim duplicate\n"
           "[   0] portal   call 3: a c d\n"
           "[  10] portal   delivered 3: a c d\n");
}

Test(story, a_batch_whose_budget_is_spent_goes_through_singles_before_anything_is_parked)
{
    struct engine_config *config = stage();
    config->targets[0].batch_messages = 2;
    config->targets[0].max_attempts = 2;
    config->targets[0].breaker_failures = 100;
    config->targets[0].retry_max_ms = 300;
    story_begin();
    replies(OUTCOME_NOT_EXECUTED, OUTCOME_NOT_EXECUTED, OUTCOME_DELIVERED, OUTCOME_NOT_EXECUTED, OUTCOME_COUNT);
    receive(41, "a", "1");
    receive(42, "b", "2");
    pass(5000);
    expect_line("budget of 2 spent, singles");
    cr_expect_eq(parked_seen("budget"), 1);
    cr_expect_eq(committed(), 43);
    everything_adds_up();
}

Test(story, a_batch_never_names_one_id_twice_even_if_the_store_gave_it_to_both_copies)
{
    batches_of_four();
    receive(41, "a", "k1");
    receive(42, "b", "k2");
    receive(43, "a", "k3");
    pass(51);
    expect_line("portal   call 2: a b");
    claim_says("a", CLAIM_DUPLICATE, 0);
    pass(2000);
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(committed(), 44);
    everything_adds_up();
}

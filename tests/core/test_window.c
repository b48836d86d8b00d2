/* test_window.c: the window against sentences, edges, and a naive list of every offset that ever came. */
#include "bridge/core/window.h"
#include "tests/support/draw.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

enum { CAPACITY = 8 };
static struct window_slot slots[CAPACITY];
static struct window window;

static void
begin(void)
{
    window_init(&window, slots, CAPACITY, 100);
}

TestSuite(window, .init = begin);

Test(window, a_new_window_is_empty_and_commits_where_reading_begins)
{
    cr_expect(window_is_empty(&window));
    cr_expect_not(window_is_full(&window));
    cr_expect_eq(window.committable, 100);
    cr_expect_eq(window_oldest_ms(&window), -1);
}

Test(window, finishing_in_order_moves_the_commit_each_time)
{
    uint32_t a = window_receive(&window, 100, 1), b = window_receive(&window, 101, 2);
    cr_expect(window_finish(&window, a));
    cr_expect_eq(window.committable, 101);
    cr_expect(window_finish(&window, b));
    cr_expect_eq(window.committable, 102);
    cr_expect(window_is_empty(&window));
}

Test(window, what_is_open_holds_the_commit_back_however_much_is_finished_behind_it)
{
    uint32_t first = window_receive(&window, 100, 1);
    for (int i = 1; i < CAPACITY; i++)
        cr_expect_not(window_finish(&window, window_receive(&window, 100 + i, 1 + i)));
    cr_expect_eq(window.committable, 100);
    cr_expect_eq(window.finished, CAPACITY - 1);
    cr_expect(window_is_full(&window), "finished slots behind an open one still take room");
    cr_expect(window_finish(&window, first));
    cr_expect_eq(window.committable, 100 + CAPACITY);
    cr_expect_eq(window.finished, 0);
    cr_expect(window_is_empty(&window));
}

Test(window, a_gap_never_holds_back_the_commit)
{
    uint32_t a = window_receive(&window, 105, 1), b = window_receive(&window, 900, 2);
    cr_expect(window_finish(&window, a));
    cr_expect_eq(window.committable, 106, "one past the finished run, not the next record");
    cr_expect(window_finish(&window, b));
    cr_expect_eq(window.committable, 901);
}

Test(window, an_unknown_beginning_is_told_by_the_first_record)
{
    window_init(&window, slots, CAPACITY, -1);
    cr_expect_eq(window.committable, -1);
    uint32_t a = window_receive(&window, 4000, 1);
    cr_expect_eq(window.committable, 4000);
    window_finish(&window, a);
    cr_expect_eq(window.committable, 4001);
}

Test(window, the_oldest_is_the_oldest_that_is_not_finished)
{
    uint32_t a = window_receive(&window, 100, 11), b = window_receive(&window, 101, 22);
    window_receive(&window, 102, 33);
    cr_expect_eq(window_oldest_ms(&window), 11);
    window_finish(&window, b);
    cr_expect_eq(window_oldest_ms(&window), 11);
    window_finish(&window, a);
    cr_expect_eq(window_oldest_ms(&window), 33);
}

Test(window, a_window_of_one_slot_works_for_ever)
{
    window_init(&window, slots, 1, 0);
    for (int64_t offset = 0; offset < 1000; offset += 3) {
        uint32_t slot = window_receive(&window, offset, offset);
        cr_assert(window_is_full(&window));
        cr_assert(window_finish(&window, slot));
        cr_assert_eq(window.committable, offset + 1);
    }
}

Test(window, the_largest_offset_is_committed_as_one_past_it)
{
    window_init(&window, slots, CAPACITY, INT64_MAX - 1);
    window_finish(&window, window_receive(&window, INT64_MAX - 1, 1));
    cr_expect_eq(window.committable, INT64_MAX);
}

Test(window, receiving_into_a_full_window_is_broken_code, .signal = SIGABRT)
{
    for (int i = 0; i <= CAPACITY; i++)
        window_receive(&window, 100 + i, 1);
}

Test(window, an_offset_that_does_not_grow_is_broken_code, .signal = SIGABRT)
{
    window_receive(&window, 101, 1);
    window_receive(&window, 101, 1);
}

Test(window, an_offset_below_the_commit_is_broken_code, .signal = SIGABRT)
{
    window_receive(&window, 99, 1);
}

Test(window, what_is_expected_is_above_all_that_was_received_and_committed)
{
    cr_expect_not(window_expects(&window, -1));
    cr_expect_not(window_expects(&window, 99));
    cr_expect(window_expects(&window, 100));
    uint32_t a = window_receive(&window, 105, 1);
    cr_expect_not(window_expects(&window, 104), "a gap is not filled later");
    cr_expect_not(window_expects(&window, 105));
    cr_expect(window_expects(&window, 106));
    window_finish(&window, a);
    cr_expect_not(window_expects(&window, 105), "it has left the window");
    cr_expect(window_expects(&window, 106));
    window_init(&window, slots, CAPACITY, -1);
    cr_expect(window_expects(&window, 0), "reading begins anywhere");
}

Test(window, finishing_twice_is_broken_code, .signal = SIGABRT)
{
    window_receive(&window, 100, 1);
    uint32_t b = window_receive(&window, 101, 1);
    window_finish(&window, b);
    window_finish(&window, b);
}

Test(window, finishing_a_slot_that_is_not_in_use_is_broken_code, .signal = SIGABRT)
{
    window_receive(&window, 100, 1);
    window_finish(&window, 3);
}

/* The naive picture: every record in order; the commit is found by walking from the front. */
enum { MODEL_STEPS = 100000, MODEL_CAPACITY = 61 };

struct seen {
    int64_t offset, received_ms;
    uint32_t slot;
    bool finished;
};

struct model {
    struct seen *records;
    uint32_t n, front;      /* records before `front` are all finished */
    int64_t commit;
};

static void
model_walk(struct model *model)
{
    while (model->front < model->n && model->records[model->front].finished)
        model->commit = model->records[model->front++].offset + 1;
}

static void
model_compare(const struct model *model, const struct window *real, int step)
{
    uint32_t finished = 0;
    for (uint32_t i = model->front; i < model->n; i++)
        finished += model->records[i].finished;
    uint32_t open = model->n - model->front;
    cr_assert_eq(real->committable, model->commit, "step %d", step);
    cr_assert_eq(real->count, open, "step %d", step);
    cr_assert_eq(real->finished, finished, "step %d", step);
    cr_assert_eq(window_is_full(real), open == MODEL_CAPACITY, "step %d", step);
    cr_assert_eq(window_is_empty(real), open == 0, "step %d", step);
    cr_assert_eq(window_oldest_ms(real), open == 0 ? -1 : model->records[model->front].received_ms, "step %d", step);
}

static void
model_receive(struct model *model, struct window *real, int64_t offset, int step)
{
    uint32_t slot = window_receive(real, offset, step);
    model->records[model->n++] = (struct seen){ .offset = offset, .received_ms = step, .slot = slot };
}

static void
model_finish_any(struct model *model, struct window *real, uint64_t *luck, int step)
{
    struct seen *record = &model->records[model->front + draw(luck, model->n - model->front)];
    if (record->finished)
        return;
    int64_t before = model->commit;
    record->finished = true;
    model_walk(model);
    cr_assert_eq(window_finish(real, record->slot), model->commit != before, "step %d", step);
}

Test(window, a_hundred_thousand_random_steps_agree_with_a_naive_list)
{
    static struct window_slot memory[MODEL_CAPACITY];
    struct window real;
    struct model model = { .records = calloc(MODEL_STEPS, sizeof(struct seen)), .commit = 7 };
    uint64_t luck = 20240501;
    int64_t offset = 7;
    int fulls = 0, empties = 0;
    window_init(&real, memory, MODEL_CAPACITY, 7);
    for (int step = 0; step < MODEL_STEPS; step++) {
        uint32_t eager = step / 5000 % 2 ? 3 : 6;   /* filling and emptying take turns */
        if (draw(&luck, 10) < eager && !window_is_full(&real)) {
            offset += draw(&luck, 4) == 0 ? draw(&luck, 50) : 0;
            model_receive(&model, &real, offset++, step);
        } else if (model.front < model.n) {
            model_finish_any(&model, &real, &luck, step);
        } else {
            empties++;
        }
        fulls += window_is_full(&real);
        model_compare(&model, &real, step);
    }
    cr_expect_gt(fulls, 100, "the run must have met a full window: %d", fulls);
    cr_expect_gt(empties, 10, "and an empty one: %d", empties);
    free(model.records);
}

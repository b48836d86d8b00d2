/* test_history.c: a history as a file of JSON lines, and its order. */
#include "tests/proof/course.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void
write_to(const struct history *history, char **text, size_t *size)
{
    FILE *file = open_memstream(text, size);
    history_write(history, file);
    fclose(file);
}

static bool
read_from(struct history *history, const char *text, size_t size, char *error, size_t error_size)
{
    FILE *file = fmemopen((void *)text, size, "r");
    bool good = history_read(history, file, error, error_size);
    fclose(file);
    return good;
}

/* As numbers of texts differ between two histories, the texts are compared. */
static bool
is_same(const struct history *a, const struct fact *x, const struct history *b, const struct fact *y)
{
    const uint32_t xs[] = { x->id, x->other, x->user, x->word, x->lane, x->keys };
    const uint32_t ys[] = { y->id, y->other, y->user, y->word, y->lane, y->keys };
    for (size_t i = 0; i < sizeof(xs) / sizeof(xs[0]); i++)
        if (strcmp(history_name(a, xs[i]), history_name(b, ys[i])) != 0)
            return false;
    return x->kind == y->kind && x->at == y->at && x->worker == y->worker && x->target == y->target &&
           x->partition == y->partition && x->offset == y->offset && x->index == y->index && x->epoch == y->epoch &&
           x->content == y->content && x->targets == y->targets && x->windows == y->windows && x->flags == y->flags &&
           x->hash == y->hash && x->number == y->number && x->limit == y->limit;
}

Test(proof_history, what_is_written_is_read_again)
{
    struct history written, read;
    struct findings before, after;
    char *text, *again, error[100] = "";
    size_t size, again_size;
    history_init(&written);
    history_init(&read);
    course_draw(&written, 5);
    course_break(&written, 1, 3);
    write_to(&written, &text, &size);
    cr_assert(read_from(&read, text, size, error, sizeof(error)), "%s", error);
    cr_assert_eq(read.n, written.n);
    for (size_t i = 0; i < read.n; i++)
        cr_expect(is_same(&written, &written.facts[i], &read, &read.facts[i]), "fact %zu", i);
    history_check(&written, &before);
    history_check(&read, &after);
    cr_expect_gt(before.n, 0);
    cr_expect_arr_eq(&before, &after, sizeof(before));
    write_to(&read, &again, &again_size);
    cr_expect_eq(size, again_size);
    cr_expect_arr_eq(text, again, size);
    free(text);
    free(again);
    history_release(&written);
    history_release(&read);
}

Test(proof_history, every_field_and_every_kind_survives)
{
    struct history written, read;
    char *text, error[100];
    size_t size;
    history_init(&written);
    history_init(&read);
    for (int kind = 0; kind < FACT_KIND_COUNT; kind++)
        history_add(&written, &(struct fact){ .kind = (enum fact_kind)kind, .at = INT64_C(1) << 50, .worker = 1, .target = 2,
                                              .partition = 3, .offset = INT64_MAX, .index = 5, .epoch = UINT32_MAX,
                                              .id = history_text(&written, "\"\\\n\x01\xc3\xa9", 6), .content = 7,
                                              .other = history_text(&written, "o", 1), .user = history_text(&written, "u", 1),
                                              .word = history_text(&written, "w", 1), .lane = history_text(&written, "l", 1),
                                              .keys = history_text(&written, "k", 1), .targets = UINT32_MAX,
                                              .windows = 3, .flags = 9, .hash = UINT64_MAX, .number = INT64_MIN, .limit = -1 });
    write_to(&written, &text, &size);
    cr_assert(read_from(&read, text, size, error, sizeof(error)), "%s", error);
    cr_assert_eq(read.n, written.n);
    for (size_t i = 0; i < read.n; i++)
        cr_expect(is_same(&written, &written.facts[i], &read, &read.facts[i]), "fact %zu", i);
    free(text);
    history_release(&written);
    history_release(&read);
}

Test(proof_history, a_broken_line_is_named)
{
    static const struct { const char *text, *error; } rows[] = {
        { "{\"fact\":\"calm\",\"at\":1}\n{\"fact\":\"calm\",\"at\":2}\n", NULL },
        { "{\"fact\":\"calm\",\"at\":1}\n{\"fact\":\"calm\"", "line 2 is no fact" },
        { "\n", "line 1 is no fact" },
        { "{}\n", "line 1 is no fact" },
        { "[]\n", "line 1 is no fact" },
        { "{\"fact\":\"quiet\"}\n", "line 1 is no fact" },
        { "{\"fact\":\"rested\"}\n{\"fact\":7}\n", "line 2 is no fact" },
        { "{\"fact\":\"executed\",\"target\":8}\n", "line 1 is no fact" },
        { "{\"fact\":\"executed\",\"target\":-1}\n", "line 1 is no fact" },
        { "{\"fact\":\"produced\",\"content\":8}\n", "line 1 is no fact" },
        { "{\"fact\":\"stopped\",\"worker\":-1}\n", "line 1 is no fact" },
        { "{\"fact\":\"stopped\",\"worker\":4294967297}\n", "line 1 is no fact" },
        { "{\"fact\":\"stopped\",\"worker\":\"1\"}\n", "line 1 is no fact" },
        { "{\"fact\":\"calm\",\"id\":7}\n", "line 1 is no fact" },
        { "{\"fact\":\"parked\",\"hash\":\"xyz\"}\n", "line 1 is no fact" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct history history;
        char error[100] = "";
        history_init(&history);
        bool good = read_from(&history, rows[i].text, strlen(rows[i].text), error, sizeof(error));
        cr_expect_eq(good, rows[i].error == NULL, "row %zu", i);
        cr_expect_str_eq(error, rows[i].error ? rows[i].error : "", "row %zu", i);
        history_release(&history);
    }
}

Test(proof_history, facts_are_sorted_by_time_and_keep_their_order)
{
    static const int64_t times[] = { 5, 1, 5, 3, 1, 9, 0 };
    struct history history;
    history_init(&history);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        history_add(&history, &(struct fact){ .kind = FACT_CALM, .at = times[i], .number = (int64_t)i });
    history_sort(&history);
    for (size_t i = 1; i < history.n; i++) {
        const struct fact *a = &history.facts[i - 1], *b = &history.facts[i];
        cr_expect(a->at < b->at || (a->at == b->at && a->number < b->number), "place %zu", i);
    }
    history_add(&history, &(struct fact){ .kind = FACT_CALM });
    cr_expect_eq(history.n, 8);
    history_release(&history);
}

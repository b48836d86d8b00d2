/* test_list.c: the intrusive list. */
#include "bridge/core/list.h"
#include "tests/support/draw.h"

#include <criterion/criterion.h>
#include <string.h>

struct item {
    int number;
    struct node link;
};

static struct list list;
static struct item items[32];

static void
begin(void)
{
    list_init(&list);
    for (int i = 0; i < 32; i++)
        items[i].number = i;
}

TestSuite(list, .init = begin);

static struct item *
item_of(struct node *node)
{
    return node ? LIST_ENTRY(node, struct item, link) : NULL;
}

Test(list, an_empty_list_has_no_first_and_pops_nothing)
{
    cr_expect_null(list_first(&list));
    cr_expect_null(list_pop(&list));
    cr_expect_eq(list.size, 0);
}

Test(list, what_is_appended_comes_out_in_order)
{
    for (int i = 0; i < 5; i++)
        list_append(&list, &items[i].link);
    cr_expect_eq(list.size, 5);
    for (int i = 0; i < 5; i++)
        cr_expect_eq(item_of(list_pop(&list))->number, i);
    cr_expect_eq(list.size, 0);
}

Test(list, what_is_prepended_comes_out_first)
{
    list_append(&list, &items[1].link);
    list_prepend(&list, &items[0].link);
    cr_expect_eq(item_of(list_pop(&list))->number, 0);
    cr_expect_eq(item_of(list_pop(&list))->number, 1);
}

Test(list, inserting_before_a_node_keeps_the_rest_in_order)
{
    list_append(&list, &items[0].link);
    list_append(&list, &items[2].link);
    list_insert(&list, &items[2].link, &items[1].link);
    int expected = 0;
    for (struct node *node = list_first(&list); node; node = list_next(&list, node))
        cr_expect_eq(item_of(node)->number, expected++);
    cr_expect_eq(expected, 3);
}

Test(list, a_removed_node_is_in_no_list)
{
    list_append(&list, &items[0].link);
    list_remove(&list, &items[0].link);
    cr_expect_null(items[0].link.next);
    cr_expect_null(items[0].link.prev);
    cr_expect_eq(list.size, 0);
}

Test(list, a_removal_in_the_middle_joins_its_neighbours_both_ways)
{
    for (int i = 0; i < 3; i++)
        list_append(&list, &items[i].link);
    list_remove(&list, &items[1].link);
    cr_expect_eq(list_next(&list, &items[0].link), &items[2].link);
    cr_expect_eq(items[2].link.prev, &items[0].link);
    cr_expect_null(list_next(&list, &items[2].link));
}

Test(list, random_steps_agree_with_a_plain_array)
{
    int order[32], n = 0;
    uint64_t luck = 3;
    for (int step = 0; step < 20000; step++) {
        int i = (int)draw(&luck, 32), at = 0;
        while (at < n && order[at] != i)
            at++;
        if (at < n) {
            list_remove(&list, &items[i].link);
            memmove(&order[at], &order[at + 1], (size_t)(--n - at) * sizeof(int));
        } else if (draw(&luck, 2)) {
            list_append(&list, &items[i].link);
            order[n++] = i;
        } else {
            list_prepend(&list, &items[i].link);
            memmove(&order[1], order, (size_t)n++ * sizeof(int));
            order[0] = i;
        }
        cr_assert_eq(list.size, (uint32_t)n);
        int place = 0;
        for (struct node *node = list_first(&list); node; node = list_next(&list, node), place++)
            cr_assert(place < n && item_of(node)->number == order[place], "step %d, place %d", step, place);
        cr_assert_eq(place, n);
    }
}

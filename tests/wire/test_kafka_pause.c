/* test_kafka_pause.c: a partition that is silent loses nothing and holds up no other. */
#include "tests/wire/kafka_world.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct member_of_test *
join(const char *topic)
{
    struct member_of_test *m = member_reading(topic);
    until(m->assigned == 1);
    return m;
}

static void
expect_each_once(struct member_of_test *m, int n)
{
    for (int i = 0; i < n; i++) {
        char value[32];
        snprintf(value, sizeof value, "r-%d", i);
        cr_expect_eq(member_count(m, value), 1, "%s", value);
    }
}

static unsigned
count_of(const struct member_of_test *m, int32_t number)
{
    unsigned n = 0;
    for (unsigned i = 0; i < m->n_records; i++)
        n += m->records[i].number == number;
    return n;
}

static void
expect_in_order(const struct member_of_test *m)
{
    int64_t last[2] = { -1, -1 };
    for (unsigned i = 0; i < m->n_records; i++) {
        cr_assert_gt(m->records[i].offset, last[m->records[i].number], "record %u", i);
        last[m->records[i].number] = m->records[i].offset;
    }
}

Test(kafka_pause, a_silent_partition_holds_up_no_other_and_goes_on_where_it_was)
{
    const char *topic = world_topic("silent", 2, NULL);
    struct member_of_test *m = join(topic);
    kafka_pause(m->kafka, member_partition(m, 0));
    world_fill(topic, "r", 2, 0, 200);
    until(m->n_records == 100);
    cr_expect_eq(count_of(m, 1), 100, "the other one");
    world_run_ms(700);
    cr_expect_eq(count_of(m, 0), 0, "and nothing of this, however long");
    kafka_resume(m->kafka, member_partition(m, 0));
    until(m->n_records == 200);
    world_run_ms(300);
    cr_expect_eq(m->n_records, 200);
    expect_in_order(m);
    expect_each_once(m, 200);
    member_leave(m);
}

Test(kafka_pause, pauses_and_resumes_in_any_order_lose_nothing)
{
    const char *topic = world_topic("order", 2, NULL);
    struct member_of_test *m = join(topic);
    for (int i = 0; i < 40; i++) {
        world_fill(topic, "r", 2, 10 * i, 10);
        kafka_pause(m->kafka, (uint32_t)i % 2);
        kafka_pause(m->kafka, (uint32_t)i % 2);
        world_run_ms(5);
        kafka_resume(m->kafka, (uint32_t)(i / 3) % 2);
        kafka_resume(m->kafka, (uint32_t)(i / 3) % 2);
        kafka_resume(m->kafka, 7);
    }
    kafka_resume(m->kafka, 0);
    kafka_resume(m->kafka, 1);
    until(m->n_records == 400);
    world_run_ms(300);
    expect_in_order(m);
    expect_each_once(m, 400);
    member_leave(m);
}

/* test_kafka_pause.c: a short pause holds everything back and is forgotten; a long one is of its partition alone. */
#include "bridge/io/clock.h"
#include "tests/wire/kafka_world.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct member_of_test *
join(const char *topic)
{
    struct member_of_test *m = member_start(&(struct member_config){
        .group = world_name("g"), .topics = { { topic, 0, false } } });
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

Test(kafka_pause, a_short_pause_holds_back_all_partitions_and_goes_on_where_they_were)
{
    const char *topic = world_topic("hold", 2, NULL);
    struct member_of_test *m = join(topic);
    ms_t begin_ms = clock_now_ms();
    kafka_pause(m->kafka, member_partition(m, 0));
    world_fill(topic, "r", 2, 0, 200);
    world_run_ms(100);
    if (clock_now_ms() - begin_ms < 400)        /* on a slow machine the hold of 500 ms is over by now */
        cr_expect_eq(m->n_records, 0, "held: the fetched records stay where they are");
    kafka_resume(m->kafka, member_partition(m, 0));
    until(m->n_records == 200);
    world_run_ms(300);
    cr_expect_eq(m->n_records, 200);
    expect_each_once(m, 200);
    member_leave(m);
}

Test(kafka_pause, pauses_and_resumes_in_any_order_lose_nothing)
{
    const char *topic = world_topic("order", 2, NULL);
    struct member_of_test *m = join(topic);
    kafka_pause(m->kafka, 0);
    kafka_pause(m->kafka, 0);
    kafka_pause(m->kafka, 1);
    kafka_resume(m->kafka, 0);
    kafka_resume(m->kafka, 0);
    world_fill(topic, "r", 2, 0, 100);
    until(m->n_records == 50);
    world_run_ms(300);
    for (unsigned i = 0; i < m->n_records; i++)
        cr_assert_eq(m->records[i].number, m->partitions[0].number, "the other one is paused by now");
    kafka_pause(m->kafka, 0);
    kafka_resume(m->kafka, 1);
    kafka_resume(m->kafka, 0);
    until(m->n_records == 100);
    world_run_ms(300);
    cr_expect_eq(m->n_records, 100);
    expect_each_once(m, 100);
    member_leave(m);
}

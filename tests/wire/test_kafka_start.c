/* test_kafka_start.c: where reading begins: new groups, added partitions, new topics of a pattern; and who gets which. */
#include "bridge/io/kafka_parts.h"
#include "tests/wire/kafka_world.h"

#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>

#define SOON { "topic.metadata.refresh.interval.ms", "500" }

/* How many of "<label>-0" to "<label>-<count - 1>" came. */
static int
present(const struct member_of_test *m, const char *label, int count)
{
    int n = 0;
    for (int i = 0; i < count; i++) {
        char value[64];
        snprintf(value, sizeof value, "%s-%d", label, i);
        n += member_count(m, value) > 0;
    }
    return n;
}

/* Until the two have all partitions between them, and each some; revokes are answered. */
static void
share(struct member_of_test *a, struct member_of_test *b, uint32_t partitions)
{
    struct member_of_test *members[] = { a, b };
    for (ms_t left_ms = PATIENCE_MS; !a->n_partitions || !b->n_partitions || a->n_partitions + b->n_partitions != partitions;) {
        for (int i = 0; i < 2; i++) {
            if (!members[i]->revoked)
                continue;
            members[i]->revoked = members[i]->n_partitions = 0;
            kafka_release(members[i]->kafka);
        }
        cr_assert(world_turn(&left_ms), "%u and %u of %u partitions", a->n_partitions, b->n_partitions, partitions);
    }
}

Test(kafka_start, a_partition_that_was_added_while_nobody_read_begins_at_its_beginning_although_the_source_starts_at_the_end)
{
    const char *topic = world_topic("added", 1, NULL), *group = world_name("g");
    const struct member_config config = { .group = group, .topics = { { topic, 0, true } } };
    world_fill(topic, "old", 1, 0, 5);
    struct member_of_test *first = member_start(&config);
    until(member_begun(first));
    member_leave(first);
    world_grow(topic, 3);
    world_fill(topic, "new", 3, 0, 30);
    struct member_of_test *second = member_start(&config);
    until(second->n_partitions == 3 && second->n_records >= 30);
    world_run_ms(300);
    cr_expect_eq(second->n_records, 30, "and nothing of what was there when the group was new");
    cr_expect_eq(present(second, "new", 30), 30);
    member_leave(second);
}

Test(kafka_start, an_added_partition_is_told_by_those_of_other_members_too)
{
    const char *topic = world_topic("added", 1, NULL), *group = world_name("g");
    const struct member_config config = { .group = group, .topics = { { topic, 0, true } } };
    struct member_of_test *a = member_start(&config);
    until(member_begun(a));
    member_leave(a);
    world_grow(topic, 2);
    world_fill(topic, "new", 2, 0, 20);
    a = member_start(&config);
    struct member_of_test *b = member_start(&config);
    share(a, b, 2);
    struct member_of_test *other = a->n_partitions && a->partitions[0].number == 1 ? a : b;
    until(other->n_records >= 10);
    for (unsigned i = 0; i < other->n_records; i++)
        cr_expect_eq(other->records[i].offset % 10, i % 10, "from the beginning");
    member_leave(a);
    member_leave(b);
}

Test(kafka_start, partitions_added_while_running_are_found_and_read_from_their_beginning)
{
    for (int at_end = 0; at_end < 2; at_end++) {
        const char *topic = world_topic("grow", 2, NULL);
        struct member_of_test *m = member_start(&(struct member_config){
            .group = world_name("g"), .topics = { { topic, 0, at_end } }, .properties = { SOON }
        });
        until(member_begun(m));
        world_grow(topic, 4);
        world_fill(topic, "r", 4, 0, 80);
        until(m->revoked == 1);
        kafka_release(m->kafka);
        until(m->n_partitions == 4);
        until(present(m, "r", 80) == 80);       /* what was not committed may come twice */
        member_leave(m);
    }
}

Test(kafka_start, where_reading_began_is_kept_although_nothing_was_finished)
{
    const char *topic = world_topic("pinned", 1, NULL), *group = world_name("g");
    const struct member_config config = { .group = group, .topics = { { topic, 0, true } } };
    world_fill(topic, "old", 1, 0, 5);
    struct member_of_test *first = member_start(&config);
    until(member_begun(first));
    world_fill(topic, "new", 1, 0, 6);
    until(present(first, "new", 6) == 6);
    cr_expect_eq(first->n_commits, 0, "the worker has finished nothing");
    unsigned seen = first->n_records;
    member_leave(first);
    struct member_of_test *second = member_start(&config);
    until(second->n_records >= seen);
    world_run_ms(300);
    cr_expect_eq(second->n_records, seen, "the same ones again");
    cr_expect(slice_eq(second->records[0].value, first->records[0].value));
    cr_expect_geq(second->partitions[0].next_offset, 5);
    cr_expect(second->partitions[0].only_begun);
    kafka_commit(second->kafka, 0, second->epoch, second->records[0].offset + 1);
    kafka_flush(second->kafka);
    until(second->n_commits == 1);
    member_leave(second);
    struct member_of_test *third = member_start(&config);
    until(third->assigned == 1);
    cr_expect_not(third->partitions[0].only_begun, "something was finished");
    member_leave(third);
}

Test(kafka_start, a_topic_of_a_pattern_that_is_made_later_is_found_and_read_from_its_beginning)
{
    const char *stem = world_name("later");
    char pattern[96], name[96];
    snprintf(pattern, sizeof pattern, "^%s-", stem);
    snprintf(name, sizeof name, "%s-one", stem);
    world_make_topic(name, 1, NULL);
    world_fill(name, "old", 1, 0, 5);
    struct member_of_test *m = member_start(&(struct member_config){
        .group = world_name("g"), .topics = { { pattern, 2, true } }, .properties = { SOON }
    });
    until(member_begun(m));
    snprintf(name, sizeof name, "%s-two", stem);
    world_make_topic(name, 2, NULL);
    world_fill(name, "new", 2, 0, 10);
    until(m->revoked == 1);
    kafka_release(m->kafka);
    until(m->n_partitions == 3 && m->n_records >= 10);
    world_run_ms(300);
    for (uint32_t i = 0; i < 3; i++)
        cr_expect_eq(m->partitions[i].source, 2);
    cr_expect_eq(m->n_records, 10, "and nothing of what was there when the group was new");
    cr_expect_eq(present(m, "new", 10), 10);
    member_leave(m);
}

/* As after a change of leader; here librdkafka is told to. What comes again is handed on: the engine knows what it has. */
Test(kafka_start, a_log_that_goes_back_is_said_once_and_the_commit_does_not_follow_it)
{
    const char *topic = world_topic("back", 1, NULL);
    world_fill(topic, "r", 1, 0, 10);
    const struct member_config config = { .group = world_name("g"), .topics = { { topic, 0, false } } };
    struct member_of_test *m = member_start(&config);
    until(m->n_records == 10);
    kafka_commit(m->kafka, 0, m->epoch, 10);
    kafka_flush(m->kafka);
    until(m->n_commits == 1);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, 0)->offset = 4;
    rd_kafka_error_t *error = rd_kafka_seek_partitions(m->kafka->consumer, list, 5000);
    cr_assert_null(error);
    rd_kafka_topic_partition_list_destroy(list);
    until(m->n_records == 16);
    cr_expect(member_said(m, "other", "went back to offset 4 after 9"));
    cr_expect_not(member_said(m, "other", "went back to offset 5"));
    cr_expect_eq(m->kafka->positions[0].given, 10);
    world_run_ms(1500);
    cr_expect_eq(m->n_commits, 1);
    member_leave(m);
}

/* Two topics of three partitions and two members: range gives 4 and 2, roundrobin 3 and 3. */
static uint32_t
larger_share(const char *assignor)
{
    const char *one = world_topic("one", 3, NULL), *two = world_topic("two", 3, NULL);
    const struct member_config config = { .group = world_name("g"), .topics = { { one, 0, false }, { two, 0, false } },
                                          .properties = { SOON, { "partition.assignment.strategy", assignor } } };
    struct member_of_test *a = member_start(&config), *b = member_start(&config);
    share(a, b, 6);
    uint32_t larger = a->n_partitions > b->n_partitions ? a->n_partitions : b->n_partitions;
    member_leave(a);
    member_leave(b);
    return larger;
}

Test(kafka_start, partitions_are_shared_out_by_the_assignor_of_the_configuration)
{
    cr_expect_eq(larger_share("range"), 4);
    cr_expect_eq(larger_share("roundrobin"), 3);
}

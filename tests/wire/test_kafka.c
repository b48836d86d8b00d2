/* test_kafka.c: the client against a real broker: reading, committing, rebalances, ends. */
#include "tests/wire/kafka_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

static struct member_of_test *
join(const char *topic, const char *group)
{
    return member_start(&(struct member_config){ .group = group, .topics = { { topic, 5, false } } });
}

static void
commit_all_below(struct member_of_test *m, int64_t offset)
{
    for (uint32_t i = 0; i < m->n_partitions; i++)
        kafka_commit(m->kafka, i, m->epoch, offset);
    kafka_flush(m->kafka);
}

Test(kafka, records_arrive_in_order_with_their_source_and_only_after_assigned)
{
    const char *topic = world_topic("order", 4, NULL);
    world_fill(topic, "r", 4, 0, 100);
    struct member_of_test *m = member_start(&(struct member_config){
        .group = world_name("g"), .topics = { { topic, 5, false } }, .properties = { { "statistics.interval.ms", "300" } }
    });
    until(m->n_records == 100);
    cr_assert_eq(m->assigned, 1);
    cr_assert_eq(m->n_partitions, 4);
    int64_t next[4] = { 0 };
    for (unsigned i = 0; i < 100; i++) {
        char value[32];
        const struct noted_record *r = &m->records[i];
        snprintf(value, sizeof value, "r-%d", (int)(r->offset * 4 + r->number));
        cr_expect(slice_is(r->value, value));
        cr_expect_eq(r->offset, next[r->number]++, "record %u", i);
        cr_expect_eq(r->epoch, m->epoch);
        cr_expect_str_eq(r->topic, topic);
        cr_expect_gt(r->timestamp_ms, 1500000000000);
    }
    for (uint32_t i = 0; i < 4; i++) {
        cr_expect_eq(m->partitions[i].source, 5);
        cr_expect_eq(m->partitions[i].next_offset, -1, "the group has no offsets yet");
    }
    struct kafka_stats stats;
    world_run_ms(1500);
    kafka_stats(m->kafka, &stats);
    cr_expect(stats.joined);
    cr_expect_eq(stats.rebalances[0], 1);
    cr_expect_eq(stats.brokers_up, 1);
    member_leave(m);
    cr_expect_eq(m->revoked, 0, "who leaves is not asked");
}

Test(kafka, a_restart_resumes_at_what_was_committed)
{
    const char *topic = world_topic("resume", 2, NULL), *group = world_name("g");
    world_fill(topic, "r", 2, 0, 40);
    struct member_of_test *first = join(topic, group);
    until(first->n_records == 40);
    kafka_commit(first->kafka, member_partition(first, 0), first->epoch, 7);
    kafka_commit(first->kafka, member_partition(first, 1), first->epoch, 19);
    kafka_flush(first->kafka);
    until(first->n_commits == 2);
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(first->commits[i].result, COMMIT_OK);
        cr_expect_eq(first->commits[i].epoch, first->epoch);
        cr_expect_eq(first->commits[i].offset, first->partitions[first->commits[i].partition].number == 0 ? 7 : 19);
    }
    member_leave(first);

    struct member_of_test *second = join(topic, group);
    until(second->n_records == 14);
    world_run_ms(300);
    cr_expect_eq(second->n_records, 14, "13 of partition 0 and 1 of partition 1");
    cr_expect_eq(second->partitions[member_partition(second, 0)].next_offset, 7);
    cr_expect_eq(second->partitions[member_partition(second, 1)].next_offset, 19);
    member_leave(second);
}

Test(kafka, commits_that_come_while_one_is_under_way_are_merged)
{
    const char *topic = world_topic("merge", 1, NULL), *group = world_name("g");
    world_fill(topic, "r", 1, 0, 10);
    struct member_of_test *m = join(topic, group);
    until(m->n_records == 10 && member_begun(m));
    for (int64_t offset = 1; offset <= 10; offset++) {
        kafka_commit(m->kafka, 0, m->epoch, offset);
        kafka_flush(m->kafka);
    }
    until(m->n_commits == 2);
    world_run_ms(200);
    cr_expect_eq(m->n_commits, 2, "1 at once, 2 to 10 together");
    cr_expect_eq(m->commits[0].offset, 1);
    cr_expect_eq(m->commits[1].offset, 10);
    member_leave(m);
}

Test(kafka, an_offset_of_an_old_epoch_is_not_sent)
{
    const char *topic = world_topic("epoch", 1, NULL), *group = world_name("g");
    world_fill(topic, "r", 1, 0, 10);
    struct member_of_test *m = join(topic, group);
    until(m->n_records == 10);
    kafka_commit(m->kafka, 0, m->epoch - 1, 10);
    kafka_flush(m->kafka);
    world_run_ms(1500);
    cr_expect_eq(m->n_commits, 0);
    member_leave(m);
    struct member_of_test *second = join(topic, group);
    until(second->assigned == 1);
    cr_expect_eq(second->partitions[0].next_offset, 0, "only where reading began");
    member_leave(second);
}

Test(kafka, a_paused_partition_is_silent_and_loses_nothing)
{
    const char *topic = world_topic("pause", 2, NULL);
    struct member_of_test *m = join(topic, world_name("g"));
    until(m->assigned == 1);
    kafka_pause(m->kafka, member_partition(m, 0));
    world_fill(topic, "r", 2, 0, 200);
    until(m->n_records == 100);
    world_run_ms(500);
    for (unsigned i = 0; i < m->n_records; i++)
        cr_assert_eq(m->records[i].number, 1);
    kafka_resume(m->kafka, member_partition(m, 0));
    until(m->n_records == 200);
    world_run_ms(300);
    cr_expect_eq(m->n_records, 200);
    for (int i = 0; i < 200; i++) {
        char value[32];
        snprintf(value, sizeof value, "r-%d", i);
        cr_expect_eq(member_count(m, value), 1, "%s", value);
    }
    member_leave(m);
}

Test(kafka, a_revoke_is_answered_when_the_worker_is_ready_and_its_commit_is_seen_by_the_next)
{
    const char *topic = world_topic("revoke", 4, NULL), *group = world_name("g");
    world_fill(topic, "r", 4, 0, 80);
    struct member_of_test *a = join(topic, group);
    until(a->n_records == 80);
    struct member_of_test *b = join(topic, group);
    until(a->revoked == 1);
    unsigned seen = a->n_records;
    world_fill(topic, "r", 4, 80, 40);
    world_run_ms(2500);
    cr_expect_eq(b->assigned, 0, "nothing moves before the answer");
    cr_expect_eq(a->n_records, seen, "no record comes while a revoke is open");
    commit_all_below(a, 20);
    until(a->n_commits == 4);
    for (int i = 0; i < 4; i++)
        cr_expect_eq(a->commits[i].result, COMMIT_OK, "commit %d", i);
    kafka_release(a->kafka);
    until(a->assigned == 2 && b->assigned == 1);
    cr_expect_eq(a->n_partitions + b->n_partitions, 4);
    cr_expect_eq(a->n_partitions, 2);
    for (uint32_t i = 0; i < 2; i++) {
        cr_expect_eq(a->partitions[i].next_offset, 20);
        cr_expect_eq(b->partitions[i].next_offset, 20);
    }
    until(a->n_records - seen + b->n_records == 40);
    cr_expect_eq(a->lost, 0);
    member_leave(b);
    until(a->revoked == 2);
    kafka_release(a->kafka);
    until(a->n_partitions == 4);
    member_leave(a);
}

Test(kafka, a_member_that_leaves_with_an_open_revoke_gives_the_partitions_back)
{
    const char *topic = world_topic("leave", 2, NULL), *group = world_name("g");
    struct member_of_test *a = join(topic, group);
    until(a->assigned == 1);
    struct member_of_test *b = join(topic, group);
    until(a->revoked == 1);
    member_leave(a);
    until(b->n_partitions == 2);
    member_leave(b);
}

Test(kafka, a_member_that_leaves_at_once_is_closed_in_any_state)
{
    const char *topic = world_topic("brief", 2, NULL), *group = world_name("g");
    for (int ms = 0; ms < 400; ms += 40) {
        struct member_of_test *m = join(topic, group);
        world_run_ms(ms);
        member_leave(m);
        cr_expect_eq(m->closed, 1);
        cr_expect_eq(m->fatal, 0);
    }
}

Test(kafka, a_member_that_was_put_out_is_told_that_its_partitions_are_lost)
{
    const char *topic = world_topic("lost", 2, NULL), *group = world_name("g");
    struct member_of_test *m = member_start(&(struct member_config){
        .group = group,
        .topics = { { topic, 0, false } },
        .properties = { { "max.poll.interval.ms", "6000" } },
    });
    until(m->assigned == 1);
    usleep(7500 * 1000);        /* a loop that stands still */
    until(m->lost == 1);
    cr_expect_eq(m->revoked, 0);
    cr_expect(member_said(m, "group", "MAX_POLL"));
    until(m->assigned == 2);    /* and it joins again */
    struct kafka_stats stats;
    kafka_stats(m->kafka, &stats);
    cr_expect_eq(stats.rebalances[2], 1);
    member_leave(m);
}

Test(kafka, a_second_process_with_the_same_instance_id_is_fatal_for_the_first)
{
    const char *topic = world_topic("fenced", 1, NULL), *group = world_name("g");
    const struct member_config config = { .group = group, .instance_id = "pod-0", .topics = { { topic, 0, false } } };
    struct member_of_test *a = member_start(&config);
    until(a->assigned == 1);
    struct member_of_test *b = member_start(&config);
    until(b->assigned == 1 && a->fatal == 1);
    cr_expect_not_null(strstr(a->why_fatal, "FENCED_INSTANCE_ID"), "%s", a->why_fatal);
    world_run_ms(1500);
    cr_expect_eq(a->fatal, 1, "said once");
    kafka_leave(a->kafka, 2000);
    until(a->closed == 1);
    kafka_free(a->kafka);
    member_leave(b);
}

Test(kafka, brokers_may_come_later_than_the_client)
{
    const char *topic = world_topic("late", 2, NULL);
    world_fill(topic, "r", 2, 0, 10);
    struct member_of_test *m = member_start(&(struct member_config){
        .brokers = relay_prepare(), .group = world_name("g"), .topics = { { topic, 0, false } }
    });
    until(member_said(m, "transport", "Connection refused"));
    cr_expect_eq(m->fatal, 0);
    cr_expect_eq(m->assigned, 0);
    relay_open();
    until(m->n_records == 10);
    member_leave(m);
}

Test(kafka, leaving_without_brokers_ends_within_its_bound)
{
    struct member_of_test *m = member_start(&(struct member_config){
        .brokers = relay_prepare(), .group = "g", .topics = { { "t", 0, false } }, .dead_letter_topic = "dlq"
    });
    world_run_ms(200);
    kafka_leave(m->kafka, 500);
    world_run_ms(700);
    cr_expect_eq(m->closed, 1);
    kafka_free(m->kafka);
}

Test(kafka, a_topic_goes_to_the_source_of_its_name_before_that_of_a_pattern)
{
    const char *stem = world_name("pattern");
    char label[80], pattern[96], wide[96];
    snprintf(label, sizeof label, "%s-a", stem);
    const char *exact = world_topic(label, 1, NULL);
    snprintf(label, sizeof label, "%s-b", stem);
    const char *other = world_topic(label, 1, NULL);
    snprintf(label, sizeof label, "%s-c", stem);
    const char *third = world_topic(label, 1, NULL);
    snprintf(pattern, sizeof pattern, "^%s-[ab]-", stem);
    snprintf(wide, sizeof wide, "^%s-", stem);
    struct member_of_test *m = member_start(&(struct member_config){
        .group = world_name("g"), .topics = { { pattern, 1, false }, { wide, 2, false }, { exact, 3, false } }
    });
    until(m->n_partitions == 3);
    for (uint32_t i = 0; i < 3; i++) {
        const char *topic = m->partitions[i].topic;
        uint32_t wanted = strcmp(topic, exact) == 0 ? 3 : strcmp(topic, other) == 0 ? 1 : strcmp(topic, third) == 0 ? 2 : 99;
        cr_expect_eq(m->partitions[i].source, wanted, "%s", topic);
    }
    member_leave(m);
}

Test(kafka, a_source_that_starts_at_the_end_skips_what_was_there_and_nothing_that_came_while_it_was_away)
{
    const char *topic = world_topic("end", 1, NULL), *group = world_name("g");
    const struct member_config config = { .group = group, .topics = { { topic, 0, true } } };
    world_fill(topic, "old", 1, 0, 5);
    struct member_of_test *first = member_start(&config);
    until(first->assigned == 1 && member_begun(first));
    cr_expect_eq(first->n_records, 0);
    cr_expect_eq(first->n_commits, 0, "it was not the worker's commit");
    member_leave(first);
    world_fill(topic, "new", 1, 0, 3);
    struct member_of_test *second = member_start(&config);
    until(second->n_records == 3);
    cr_expect_eq(second->partitions[0].next_offset, 5);
    cr_expect_eq(member_count(second, "new-0"), 1);
    member_leave(second);
}

Test(kafka, an_offset_out_of_range_stops_the_partition_and_is_said)
{
    const char *topic = world_topic("range", 2, NULL), *group = world_name("g");
    world_fill(topic, "r", 2, 0, 10);
    struct member_of_test *first = join(topic, group);
    until(first->n_records == 10);
    kafka_commit(first->kafka, member_partition(first, 0), first->epoch, 1000);
    kafka_flush(first->kafka);
    until(first->n_commits == 1);
    member_leave(first);

    struct member_of_test *second = join(topic, group);
    until(second->n_records == 5 && member_said(second, "offset", "[0] stands still"));
    world_fill(topic, "more", 2, 0, 4);
    until(second->n_records == 7);
    world_run_ms(500);
    for (unsigned i = 0; i < second->n_records; i++)
        cr_expect_eq(second->records[i].number, 1);
    cr_expect_eq(second->fatal, 0);
    struct kafka_stats stats;
    kafka_stats(second->kafka, &stats);
    cr_expect_eq(stats.stopped, 1);
    member_leave(second);
}

/* test_refusals.c: what a library or the kernel refuses at once, in the place where a refusal would come. The functions behind
 * are wrapped by the linker (tests/CMakeLists.txt). */
#include "tests/wire/http_bench.h"
#include "tests/wire/kafka_world.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <librdkafka/rdkafka.h>
#include <sys/resource.h>
#include <unistd.h>

static unsigned commits_refused, assigns_refused;
static short watch_refused;      /* EV_READ or EV_WRITE: the next watch of this kind */

rd_kafka_resp_err_t __real_rd_kafka_commit_queue(rd_kafka_t *, const rd_kafka_topic_partition_list_t *, rd_kafka_queue_t *,
                                                 void (*)(rd_kafka_t *, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t *,
                                                          void *),
                                                 void *);
rd_kafka_resp_err_t
__wrap_rd_kafka_commit_queue(rd_kafka_t *client, const rd_kafka_topic_partition_list_t *offsets, rd_kafka_queue_t *queue,
                             void (*told)(rd_kafka_t *, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t *, void *),
                             void *opaque)
{
    if (commits_refused == 0)
        return __real_rd_kafka_commit_queue(client, offsets, queue, told, opaque);
    commits_refused--;
    return RD_KAFKA_RESP_ERR__STATE;
}

rd_kafka_resp_err_t __real_rd_kafka_assign(rd_kafka_t *, const rd_kafka_topic_partition_list_t *);
rd_kafka_resp_err_t
__wrap_rd_kafka_assign(rd_kafka_t *client, const rd_kafka_topic_partition_list_t *partitions)
{
    if (assigns_refused == 0)
        return __real_rd_kafka_assign(client, partitions);
    assigns_refused--;
    return RD_KAFKA_RESP_ERR__STATE;
}

int __real_event_add(struct event *, const struct timeval *);
int
__wrap_event_add(struct event *event, const struct timeval *after)
{
    if (!(event_get_events(event) & watch_refused))
        return __real_event_add(event, after);
    watch_refused = 0;
    return -1;
}

Test(kafka, a_commit_that_is_refused_at_once_is_answered_and_the_next_goes_through)
{
    const char *topic = world_topic("refused", 1, NULL), *group = world_name("g");
    world_fill(topic, "r", 1, 0, 5);
    struct member_of_test *m = member_start(&(struct member_config){ .group = group, .topics = { { topic, 5, false } } });
    until(m->n_records == 5 && member_begun(m));
    commits_refused = 1;
    kafka_commit(m->kafka, 0, m->epoch, 3);
    kafka_flush(m->kafka);
    cr_expect_eq(commits_refused, 0);
    cr_assert_eq(m->n_commits, 1, "an answer that never comes holds back all later commits");
    cr_expect_eq(m->commits[0].result, COMMIT_FAILED);
    cr_expect_eq(m->commits[0].offset, 3);
    cr_expect(member_said(m, "other", "commit: "));
    kafka_commit(m->kafka, 0, m->epoch, 4);
    kafka_flush(m->kafka);
    until(m->n_commits == 2);
    cr_expect_eq(m->commits[1].result, COMMIT_OK);
    member_leave(m);
}

Test(kafka, an_assignment_that_the_client_refuses_is_fatal_and_no_silence)
{
    const char *topic = world_topic("unassigned", 1, NULL);
    world_fill(topic, "r", 1, 0, 5);
    assigns_refused = 1;
    struct member_of_test *m =
        member_start(&(struct member_config){ .group = world_name("g"), .topics = { { topic, 5, false } } });
    until(m->fatal == 1);
    cr_expect_not_null(strstr(m->why_fatal, "assign: "), "%s", m->why_fatal);
    member_leave(m);
}

Test(kafka, a_client_without_a_descriptor_is_told_from_one_with_a_wrong_setting)
{
    const struct kafka_handler handler = { 0 };
    struct kafka_config config = { .brokers = "127.0.0.1:1", .group = "g", .topics = &(struct kafka_topic){ "t", 0, false },
                                   .n_topics = 1 };
    struct rlimit limit, none;
    char error[256] = "";
    struct event_base *base = world_base();
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    int free_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    none.rlim_cur = (rlim_t)free_fd;        /* all below are taken */
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct kafka *kafka = kafka_new(&config, base, &handler, error, sizeof error);
    int why = errno;
    setrlimit(RLIMIT_NOFILE, &limit);
    cr_expect_null(kafka);
    cr_expect_eq(why, EMFILE, "%d: %s", why, error);
    cr_expect_str_eq(error, "kafka: Too many open files");

    config.topics = &(struct kafka_topic){ "^(", 0, false };
    cr_expect_null(kafka_new(&config, base, &handler, error, sizeof error));
    cr_expect_eq(errno, EINVAL, "%s", error);
    close(free_fd);
}

/* Whether libcurl looks after a connection by itself depends on its age: 7.88 does, 8.14 does not. */
Test(http, a_connection_that_cannot_be_watched_ends_its_call_as_the_peer_saw_it)
{
    BENCH(2, PEER_OK);
    bench->endpoint.connect_timeout_ms = bench->endpoint.call_timeout_ms = 1000;
    watch_refused = EV_WRITE;
    const struct answer *first = call(bench, 1, 10);
    cr_expect_eq(watch_refused, 0);
    if (peer_copies(&bench->peer, 1) == 0) {
        cr_expect_eq(first->transport, TRANSPORT_CONNECT);
        cr_expect_eq(first->outcome, OUTCOME_NOT_SENT);
    } else {
        cr_expect_eq(first->status, 200);
    }
    cr_expect_eq(call(bench, 2, 10)->status, 200);
    http_bench_stop(bench);
}

/* On a connection that stands: there no timer of the connecting happens to read the reply. */
Test(http, a_reply_that_cannot_be_watched_ends_its_call_in_time_and_harms_no_other)
{
    BENCH(2, PEER_OK);
    bench->endpoint.connect_timeout_ms = bench->endpoint.call_timeout_ms = 1000;
    cr_assert_eq(call(bench, 1, 10)->status, 200);
    watch_refused = EV_READ;
    const struct answer *second = call(bench, 2, 10);
    cr_expect_eq(watch_refused, 0);
    cr_expect_eq(bench->peer.connections, 1);
    cr_expect_eq(second->transport, TRANSPORT_TIMEOUT);
    cr_expect_eq(second->outcome, OUTCOME_IN_DOUBT, "the peer has read it");
    cr_expect_eq(call(bench, 3, 10)->status, 200);
    http_bench_stop(bench);
}

/* floor.c: the work of the worker by its libraries alone, as the physical limit that the worker is measured against.
 *
 * One thread: librdkafka's consumer queue, a claim in Redis for each id (SET NX GET PX), a POST of what is free with the SHA-256
 * of its body, a done mark in Redis, a commit of the finished run. No leases, routes, retries, orders, signatures: what fails
 * ends the program. The consumer's settings are the worker's own.
 *
 *     floor j1|j2 BROKERS TOPIC GROUP REDIS-PORT URL RECORDS
 *
 * Ends when so many records are finished, and prints a line of JSON. */
#include "bench/floor.h"

#include "bridge/io/kafka_parts.h"

#include <event2/event.h>
#include <hiredis/adapters/libevent.h>
#include <hiredis/hiredis.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <yyjson.h>

enum { IN_WORK_MAX = 10000, COMMIT_EVERY = 1000, WAKE_EVERY_BYTES = 1 << 20, PARSE_BYTES = 1 << 20, NONE = UINT32_MAX };

struct record {
    rd_kafka_message_t *message;
    int64_t free_us;                    /* when its claim was answered */
    uint32_t next;                      /* in the stack of unused, or in the queue */
    uint32_t key_size;
    char key[FLOOR_KEY_BYTES];            /* as a bulk string of Redis */
};

static struct {
    uint32_t batch_max;
    int64_t linger_us;
    uint64_t records, finished, committed_at, posted, events_posted;
    int64_t first_post_us, last_post_us;
    rd_kafka_t *consumer;
    rd_kafka_queue_t *queue;
    const char *topic;
    int wake_fd;
    bool fetcher_sleeps;                /* see bridge/io/kafka_fetch.c; the same is done here */
    size_t taken_bytes;
    bool readable;                      /* librdkafka's queue may hold more */
    struct event_base *base;
    struct event *pump, *linger;
    redisAsyncContext *redis;
    struct posts *posts;
    struct offsets *offsets;
    struct record *all;
    uint32_t unused, in_work;
    uint32_t first, last, queued;       /* free records that wait for a POST */
    char *parse_memory;
} loop;

static int64_t
now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
wake(void)
{
    event_active(loop.pump, EV_TIMEOUT, 0);
}

/* ---- offsets ---- */

static void
commit(int async)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(4);
    for (int32_t i = 0; i < FLOOR_PARTITIONS; i++) {
        int64_t offset = offsets_moved(loop.offsets, i);
        if (offset >= 0)
            rd_kafka_topic_partition_list_add(list, loop.topic, i)->offset = offset;
    }
    if (list->cnt > 0 && rd_kafka_commit(loop.consumer, list, async) != RD_KAFKA_RESP_ERR_NO_ERROR)
        floor_die("commit failed");
    rd_kafka_topic_partition_list_destroy(list);
    loop.committed_at = loop.finished;
}

static void
finish(struct record *record)
{
    offsets_finish(loop.offsets, record->message->partition, record->message->offset);
    rd_kafka_message_destroy(record->message);
    record->next = loop.unused;
    loop.unused = (uint32_t)(record - loop.all);
    loop.in_work--;
    if (++loop.finished == loop.records)
        event_base_loopbreak(loop.base);
    if (loop.finished - loop.committed_at >= COMMIT_EVERY)
        commit(1);
    wake();
}

/* ---- Redis ---- */

static void
ask(struct record *record, redisCallbackFn *answered, const char *before, const char *behind)
{
    char command[FLOOR_KEY_BYTES + 128];
    size_t before_size = strlen(before), behind_size = strlen(behind);
    memcpy(command, before, before_size);
    memcpy(command + before_size, record->key, record->key_size);
    memcpy(command + before_size + record->key_size, behind, behind_size);
    size_t size = before_size + record->key_size + behind_size;
    if (redisAsyncFormattedCommand(loop.redis, answered, record, command, size) != REDIS_OK)
        floor_die("Redis: cannot be asked");
}

static const redisReply *
answer(redisAsyncContext *redis, void *data)
{
    const redisReply *reply = data;
    if (!reply || reply->type == REDIS_REPLY_ERROR)
        floor_die("Redis: %s", reply ? reply->str : redis->errstr);
    return reply;
}

static void
on_claimed(redisAsyncContext *redis, void *data, void *argument)
{
    struct record *record = argument;
    if (answer(redis, data)->type != REDIS_REPLY_NIL) {
        finish(record);
        return;
    }
    uint32_t index = (uint32_t)(record - loop.all);
    record->next = NONE;
    record->free_us = loop.linger_us ? now_us() : 0;
    if (loop.queued++ == 0)
        loop.first = index;
    else
        loop.all[loop.last].next = index;
    loop.last = index;
    wake();
}

static void
on_settled(redisAsyncContext *redis, void *data, void *argument)
{
    answer(redis, data);
    finish(argument);
}

/* ---- POSTs ---- */

static void
on_posted(void *owner, struct post *post)
{
    (void)owner;
    loop.posted++;
    loop.events_posted += post->n;
    loop.last_post_us = now_us();
    for (uint32_t i = 0; i < post->n; i++)
        ask(&loop.all[post->records[i]], on_settled, "*5\r\n$3\r\nSET\r\n", "$1\r\nD\r\n$2\r\nPX\r\n$8\r\n86400000\r\n");
    wake();
}

static void
fill(struct post *post)
{
    while (post->n < loop.batch_max && loop.queued > 0) {
        struct record *record = &loop.all[loop.first];
        if (post->size + record->message->len + 2 > POST_BYTES_MAX)
            break;
        post->body[post->size++] = post->n == 0 ? '[' : ',';
        memcpy(post->body + post->size, record->message->payload, record->message->len);
        post->size += record->message->len;
        post->records[post->n++] = loop.first;
        loop.first = record->next;
        loop.queued--;
    }
    post->body[post->size++] = ']';
}

static bool
lingers(void)
{
    if (loop.queued >= loop.batch_max)
        return false;
    int64_t left_us = loop.all[loop.first].free_us + loop.linger_us - now_us();
    struct timeval after = { left_us / 1000000, left_us % 1000000 };
    if (left_us > 0)
        event_add(loop.linger, &after);
    return left_us > 0;
}

static void
post_all(void)
{
    while (loop.queued > 0 && !lingers()) {
        struct post *post = posts_take(loop.posts);
        if (!post)
            return;
        fill(post);
        if (loop.first_post_us == 0)
            loop.first_post_us = now_us();
        post_send(post);
    }
}

/* ---- records ---- */

static void
read_key(struct record *record)
{
    yyjson_alc pool;
    yyjson_alc_pool_init(&pool, loop.parse_memory, PARSE_BYTES);
    yyjson_doc *event = yyjson_read_opts(record->message->payload, record->message->len, 0, &pool, NULL);
    yyjson_val *id = yyjson_obj_get(yyjson_doc_get_root(event), "id");
    size_t size = yyjson_get_len(id);
    if (!yyjson_is_str(id) || size > FLOOR_KEY_BYTES - 32)
        floor_die("a record without a usable id");
    int head = snprintf(record->key, FLOOR_KEY_BYTES, "$%zu\r\nfloor:", size + sizeof "floor:" - 1);
    memcpy(record->key + head, yyjson_get_str(id), size);
    memcpy(record->key + (size_t)head + size, "\r\n", 2);
    record->key_size = (uint32_t)((size_t)head + size + 2);
}

static void
receive(rd_kafka_message_t *message)
{
    if (message->err) {
        if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
            floor_die("Kafka: %s", rd_kafka_message_errstr(message));
        rd_kafka_message_destroy(message);
        return;
    }
    struct record *record = &loop.all[loop.unused];
    loop.unused = record->next;
    loop.in_work++;
    loop.taken_bytes += message->len;
    record->message = message;
    offsets_receive(loop.offsets, message->partition, message->offset);
    read_key(record);
    ask(record, on_claimed, "*7\r\n$3\r\nSET\r\n", "$1\r\nC\r\n$2\r\nNX\r\n$3\r\nGET\r\n$2\r\nPX\r\n$5\r\n60000\r\n");
}

static void
poll_records(void)
{
    for (int i = 0; i < KAFKA_RECORDS_A_TURN && loop.readable && loop.in_work < IN_WORK_MAX; i++) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(loop.consumer, 0);
        loop.readable = message != NULL;
        if (message)
            receive(message);
    }
    if (loop.fetcher_sleeps && loop.taken_bytes >= WAKE_EVERY_BYTES) {
        kafka_wake_fetcher(loop.consumer);
        loop.taken_bytes = 0;
    }
    if (loop.readable && loop.in_work < IN_WORK_MAX)
        wake();
}

static void
on_pump(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what, (void)data;
    post_all();
    poll_records();
}

static void
on_wake(evutil_socket_t fd, short what, void *data)
{
    uint64_t ignored;
    (void)what, (void)data;
    ssize_t got = read(fd, &ignored, sizeof ignored);
    (void)got;
    loop.readable = true;
    wake();
}

static void
on_second(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what, (void)data;
    loop.readable = true;       /* a member has to poll, whatever it waits for */
    commit(1);
    wake();
}

/* ---- start and end ---- */

/* A small prefetch is for who keeps the fetching thread awake, as the worker does; without that it sleeps a second beside each
 * full queue, and the floor would be no floor. */
#define PREFETCH_KB "65536"

static void
start_kafka(const char *brokers, const char *group)
{
    char error[512] = "";
    const uint64_t one = 1;
    const struct kafka_config config = { .brokers = brokers, .group = group };
    rd_kafka_conf_t *conf = kafka_consumer_conf(&config, error, sizeof error);
    if (!conf || rd_kafka_conf_set(conf, "auto.offset.reset", "earliest", error, sizeof error) != RD_KAFKA_CONF_OK ||
        rd_kafka_conf_set(conf, "queued.max.messages.kbytes", PREFETCH_KB, error, sizeof error) != RD_KAFKA_CONF_OK)
        floor_die("Kafka: %s", error);
    loop.fetcher_sleeps = kafka_fetcher_sleeps(conf);
    loop.consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    if (!loop.consumer)
        floor_die("Kafka: %s", error);
    rd_kafka_poll_set_consumer(loop.consumer);
    loop.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    loop.queue = rd_kafka_queue_get_consumer(loop.consumer);
    rd_kafka_queue_io_event_enable(loop.queue, loop.wake_fd, &one, sizeof one);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, loop.topic, RD_KAFKA_PARTITION_UA);
    if (rd_kafka_subscribe(loop.consumer, topics) != RD_KAFKA_RESP_ERR_NO_ERROR)
        floor_die("Kafka: cannot subscribe");
    rd_kafka_topic_partition_list_destroy(topics);
}

static void
start_records(void)
{
    loop.all = calloc(IN_WORK_MAX, sizeof *loop.all);
    loop.parse_memory = malloc(PARSE_BYTES);
    loop.offsets = offsets_new();
    if (!loop.all || !loop.parse_memory || !loop.offsets)
        floor_die("out of memory");
    for (uint32_t i = 0; i < IN_WORK_MAX; i++)
        loop.all[i].next = i + 1;
}

static void
start_loop(int redis_port, const char *url)
{
    static const struct timeval second = { 1, 0 };
    loop.base = event_base_new();
    loop.pump = event_new(loop.base, -1, 0, on_pump, NULL);
    loop.linger = evtimer_new(loop.base, on_pump, NULL);
    event_add(event_new(loop.base, loop.wake_fd, EV_READ | EV_PERSIST, on_wake, NULL), NULL);
    event_add(event_new(loop.base, -1, EV_PERSIST, on_second, NULL), &second);
    loop.redis = redisAsyncConnect("127.0.0.1", redis_port);
    if (!loop.redis || loop.redis->err || redisLibeventAttach(loop.redis, loop.base) != REDIS_OK)
        floor_die("Redis: cannot be reached at port %d", redis_port);
    loop.posts = posts_new(loop.base, url, on_posted, NULL);
}

int
main(int argc, char **argv)
{
    if (argc != 8 || (strcmp(argv[1], "j1") != 0 && strcmp(argv[1], "j2") != 0)) {
        fputs("floor j1|j2 BROKERS TOPIC GROUP REDIS-PORT URL RECORDS\n", stderr);
        return 64;
    }
    bool batches = strcmp(argv[1], "j2") == 0;
    loop.batch_max = batches ? POST_RECORDS_MAX : 1;
    loop.linger_us = batches ? 50 * 1000 : 0;
    loop.topic = argv[3];
    loop.records = strtoull(argv[7], NULL, 10);
    start_records();
    start_kafka(argv[2], argv[4]);
    start_loop(atoi(argv[5]), argv[6]);
    event_base_dispatch(loop.base);
    commit(0);
    floor_report((double)(loop.last_post_us - loop.first_post_us) / 1e6, loop.posted, loop.events_posted, loop.finished);
    rd_kafka_consumer_close(loop.consumer);
    redisAsyncFree(loop.redis);
    posts_free(loop.posts);
    offsets_free(loop.offsets);
    fflush(stdout);
    _exit(0);       /* rd_kafka_destroy() would only wait for threads that the kernel ends */
}

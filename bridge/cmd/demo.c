/* demo.c: `alertbridge demo`: the whole bridge in one process, with faults, and a ledger that must balance. */
#include "bridge/cmd/demo.h"

#include "bridge/io/clock.h"
#include "bridge/io/kafka_mock.h"
#include "bridge/io/kafka_sender.h"
#include "bridge/log.h"
#include "bridge/sim/sim.h"
#include "bridge/worker/worker.h"
#include "codecs/check.h"

#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    FEED_MS = 5,
    SHOW_MS = 200,
    SLICE_RECORDS = 250,
    AHEAD_RECORDS = 6000,       /* produced and not finished: the mock's partitions drop what is above 5 MiB */
    BOUND_MS = 300000,
    READ_BOUND_MS = 10000,
    RECORDS_DEFAULT = 10000,
    RECORDS_MAX = 10000000,
    EVENTS = 4,
};

struct demo {
    struct demo_options options;
    struct demo_world world;
    struct demo_book book;
    struct demo_show show;
    struct engine_config names;
    struct engine_stats stats;          /* the worker's last word */
    struct event_base *base;
    struct worker *worker;
    struct sampler *sampler;
    struct kafka_sender *sender;
    struct event *events[EVENTS];
    ms_t started_ms, fed_ms, worked_ms;
    bool quiet, leaving, stopped;
    const char *cut_short;
    char error[512];
};

static uint64_t
finished(struct demo *demo, struct demo_counts *counts)
{
    demo_count(worker_stats(demo->worker), demo->names.n_targets, counts);
    return counts->delivered + counts->duplicates + counts->parked;
}

static void
leave(struct demo *demo, const char *cut_short)
{
    if (!demo->cut_short)
        demo->cut_short = cut_short;
    if (demo->leaving || demo->stopped)
        return;
    demo->leaving = true;
    demo->worked_ms = clock_now_ms() - demo->fed_ms;
    worker_drain(demo->worker);
}

static void
feed(struct demo *demo, uint64_t done)
{
    struct sample sample;
    for (int i = 0; i < SLICE_RECORDS && demo->book.records < demo->options.records; i++) {
        if (demo->book.records - done >= AHEAD_RECORDS)
            return;
        sampler_next(demo->sampler, &sample);
        demo_book_produced(&demo->book, &sample);
        kafka_sender_put(demo->sender, &sample.record, -1);
    }
}

/* The time counts from the first record: joining the group takes three seconds, and those are Kafka's. */
static void
on_feed(evutil_socket_t fd, short what, void *data)
{
    struct demo *demo = data;
    struct demo_counts counts;
    (void)fd, (void)what;
    uint64_t done = finished(demo, &counts);
    if (demo->leaving)
        return;
    if (done > 0 && demo->fed_ms == demo->started_ms)
        demo->fed_ms = clock_now_ms();
    feed(demo, done);
    if (demo->book.records == demo->options.records && done >= demo->options.records)
        leave(demo, NULL);
    else if (clock_now_ms() - demo->started_ms > BOUND_MS)
        leave(demo, "not finished within 5 minutes");
}

static void
on_show(evutil_socket_t fd, short what, void *data)
{
    struct demo *demo = data;
    (void)fd, (void)what;
    log_flush();
    if (!demo->quiet && demo->worker && !demo->stopped)
        demo_show(&demo->show, &demo->names, worker_stats(demo->worker), demo->book.records);
}

static void
on_signal(evutil_socket_t number, short what, void *data)
{
    (void)number, (void)what;
    leave(data, "interrupted");
}

static void
on_stopped(void *owner, int code)
{
    struct demo *demo = owner;
    demo->stopped = true;
    demo->stats = *worker_stats(demo->worker);
    if (!demo->leaving)
        demo->cut_short = "the worker stopped by itself";
    else if (code != EXIT_DONE && !demo->cut_short)
        demo->cut_short = "the worker did not leave in order";
    event_base_loopbreak(demo->base);
}

/* The hard bound of a drain, whatever a library is stuck in. The folder then stays: its secrets were good for this process
 * only. */
static void
on_alarm(int number)
{
    (void)number;
    _exit(EXIT_DATA);
}

static bool
watch(struct demo *demo)
{
    struct timeval often = { .tv_usec = FEED_MS * 1000 }, seldom = { .tv_usec = SHOW_MS * 1000 };
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, on_alarm);
    demo->events[0] = event_new(demo->base, -1, EV_PERSIST, on_feed, demo);
    demo->events[1] = event_new(demo->base, -1, EV_PERSIST, on_show, demo);
    demo->events[2] = evsignal_new(demo->base, SIGINT, on_signal, demo);
    demo->events[3] = evsignal_new(demo->base, SIGTERM, on_signal, demo);
    const struct timeval *when[EVENTS] = { &often, &seldom, NULL, NULL };
    for (int i = 0; i < EVENTS; i++)
        if (!demo->events[i] || event_add(demo->events[i], when[i]) != 0)
            return false;
    return true;
}

static bool
make_source(struct demo *demo)
{
    struct sample_config samples;
    struct kafka_sender_config sender = { .brokers = kafka_mock_brokers(demo->world.mock), .topic = DEMO_TOPIC, .linger_ms = 5 };
    demo_samples(&demo->options, &samples);
    demo->sampler = sampler_new(&samples);
    demo->sender = kafka_sender_new(&sender, demo->error, sizeof(demo->error));
    return demo->sampler && demo->sender && demo_book_init(&demo->book, demo->options.records);
}

static bool
start(struct demo *demo)
{
    struct worker_options options = { on_stopped, demo, demo->options.drop_every };
    int code;
    snprintf(demo->error, sizeof(demo->error), "out of memory");
    demo->base = event_base_new();
    if (!demo->base)
        return false;
    if (!demo_world_init(&demo->world, demo->base, &demo->options)) {
        snprintf(demo->error, sizeof(demo->error), "%s", demo->world.error);
        return false;
    }
    worker_engine_config(demo->world.config, &demo->names);
    if (!make_source(demo))
        return false;
    ledger_listen(sim_ledger(demo->world.sim), demo_book_executed, &demo->book);
    demo->started_ms = demo->fed_ms = clock_now_ms();
    demo_show_init(&demo->show, demo->options.records);
    demo->worker = worker_new(demo->world.config, demo->base, &options, &code, demo->error, sizeof(demo->error));
    return demo->worker && watch(demo);
}

static int
report(struct demo *demo, bool json)
{
    struct kafka_sender_result sent;
    kafka_sender_finish(demo->sender, READ_BOUND_MS, &sent);
    if (sent.failed && !demo->cut_short)
        demo->cut_short = "the mock cluster did not take all records";
    struct demo_result result = {
        .options = &demo->options, .world = &demo->world, .book = &demo->book, .stats = &demo->stats,
        .n_targets = demo->names.n_targets, .worked_ms = demo->worked_ms, .cut_short = demo->cut_short,
        .dead_letters_read = kafka_mock_read(demo->world.mock, DEMO_DLQ, DEMO_DLQ_PARTITIONS, READ_BOUND_MS,
                                             demo_book_dead_letter, &demo->book),
        .committed = kafka_mock_committed(demo->world.mock, DEMO_GROUP, DEMO_TOPIC, DEMO_PARTITIONS, READ_BOUND_MS),
    };
    return demo_report(&result, json);
}

static void
release(struct demo *demo)
{
    if (demo->worker)
        worker_free(demo->worker);
    for (int i = 0; i < EVENTS; i++)
        if (demo->events[i])
            event_free(demo->events[i]);
    kafka_sender_free(demo->sender);
    sampler_free(demo->sampler);
    demo_world_release(&demo->world);
    demo_book_release(&demo->book);
    if (demo->base)
        event_base_free(demo->base);
}

static bool
number_of(const char *text, uint64_t low, uint64_t high, uint64_t *number)
{
    char *end;
    unsigned long long n = strtoull(text, &end, 10);
    *number = n;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && n >= low && n <= high;
}

static int
read_options(struct cmd_context *context, struct demo_options *options)
{
    static const struct option known[] = {
        { "events", required_argument, NULL, 'e' },     { "seed", required_argument, NULL, 's' },
        { "drop-every", required_argument, NULL, 'd' }, { NULL, 0, NULL, 0 },
    };
    int option;
    uint64_t number = 0;
    *options = (struct demo_options){ .records = RECORDS_DEFAULT, .seed = 1 };
    optind = 0;
    while ((option = getopt_long(context->argc, context->argv, "", known, NULL)) != -1) {
        uint64_t high = option == 'e' ? RECORDS_MAX : option == 's' ? INT64_MAX : UINT32_MAX;
        if (option == '?' || !number_of(optarg, option == 'e', high, &number)) {
            if (option != '?')
                fprintf(stderr, "alertbridge demo: \"%.60s\" is no number that fits; 1 to %llu\n", optarg,
                        (unsigned long long)high);
            return EXIT_USAGE;
        }
        if (option == 'e')
            options->records = number;
        else if (option == 's')
            options->seed = number;
        else
            options->drop_every = (uint32_t)number;
    }
    if (optind < context->argc)
        fprintf(stderr, "alertbridge demo: unexpected \"%.60s\"\n", context->argv[optind]);
    return optind < context->argc ? EXIT_USAGE : EXIT_DONE;
}

int
cmd_demo(struct cmd_context *context)
{
    static struct demo demo;    /* large */
    int code = read_options(context, &demo.options);
    if (code != EXIT_DONE)
        return code;
    demo.quiet = context->quiet;
    log_open(STDERR_FILENO, LOG_LEVEL_ERROR, LOG_FORMAT_AUTO);
    log_level_holds();              /* what is sent again in doubt is counted in the report */
    if (start(&demo)) {
        event_base_dispatch(demo.base);
        alarm(0);
        on_show(-1, 0, &demo);
        code = report(&demo, context->json);
    } else {
        fprintf(stderr, "alertbridge demo: %s\n", demo.error);
        code = EXIT_UNAVAILABLE;
    }
    release(&demo);
    log_close();
    return code;
}

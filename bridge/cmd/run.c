/* run.c: `alertbridge run`: the worker, until SIGTERM. */
#include "bridge/cmd/cmd.h"
#include "bridge/config.h"
#include "bridge/log.h"
#include "bridge/worker/worker.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

struct run {
    struct event_base *base;
    struct worker *worker;
    int code;
};

static void
on_signal(evutil_socket_t number, short what, void *data)
{
    struct run *run = data;
    (void)number;
    (void)what;
    worker_drain(run->worker);
}

static void
on_stopped(void *owner, int code)
{
    struct run *run = owner;
    run->code = code;
    event_base_loopbreak(run->base);
}

static void
on_flush(evutil_socket_t fd, short what, void *data)
{
    (void)fd;
    (void)what;
    (void)data;
    log_flush();
}

/* No core dump: it would hold secrets. A closed pipe is an error code, not an end. */
static void
prepare_process(void)
{
    struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGPIPE, SIG_IGN);
}

/* The hard bound of a drain: whatever a library is stuck in, the process ends. */
static void
on_alarm(int number)
{
    (void)number;
    _exit(EXIT_TEMPORARY);
}

static bool
watch(struct run *run, struct event *events[3])
{
    struct timeval often = { .tv_usec = 200000 };
    signal(SIGALRM, on_alarm);
    events[0] = evsignal_new(run->base, SIGTERM, on_signal, run);
    events[1] = evsignal_new(run->base, SIGINT, on_signal, run);
    events[2] = event_new(run->base, -1, EV_PERSIST, on_flush, run);
    return events[0] && events[1] && events[2] && event_add(events[0], NULL) == 0 && event_add(events[1], NULL) == 0 &&
           event_add(events[2], &often) == 0;
}

static int
run_worker(struct run *run, const struct config *config)
{
    struct worker_options options = { on_stopped, run, 0 };
    struct event *events[3];
    char error[512];
    int code;
    if (!watch(run, events))
        return EXIT_INTERNAL;
    run->worker = worker_new(config, run->base, &options, &code, error, sizeof(error));
    if (!run->worker) {
        log_line(code == EXIT_UNAVAILABLE ? LOG_AB7102 : LOG_AB8204, &(struct log_fields){ .error = error });
        return code;
    }
    log_line(LOG_AB8101, NULL);
    event_base_dispatch(run->base);
    log_line(run->code == EXIT_DONE ? LOG_AB8202 : LOG_AB8203, NULL);
    return run->code;
}

int
cmd_run(struct cmd_context *context)
{
    struct run run = { .code = EXIT_INTERNAL };
    int code;
    struct config *config = cmd_load(context, &code);
    if (!config)
        return code;
    prepare_process();
    log_open(STDERR_FILENO, (enum log_level)config->log.level, (enum log_format)config->log.format);
    run.base = event_base_new();
    code = run.base ? run_worker(&run, config) : EXIT_INTERNAL;
    log_close();
    _exit(code);            /* librdkafka's own teardown may block: everything that matters was awaited above */
}

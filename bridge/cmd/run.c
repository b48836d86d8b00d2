/* run.c: `alertbridge run`: the worker, until SIGTERM. */
#include "bridge/cmd/cmd.h"
#include "bridge/cmd/load.h"
#include "bridge/config.h"
#include "bridge/log.h"
#include "bridge/worker/worker.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

struct run {
    struct event_base *base;
    struct worker *worker;
    int code;
};

/* What a signal handler may know. */
static struct {
    int wake_fd;                /* tells the loop */
    unsigned gone_s;            /* after the first signal */
    volatile sig_atomic_t seen;
} leaving;

/* The bound is set here and not in the loop: the loop may be what hangs, in a write to a log that nobody reads. */
static void
on_signal(int number)
{
    const uint64_t one = 1;
    int error = errno;
    (void)number;
    alarm(leaving.seen ? WORKER_GONE_S : leaving.gone_s);
    leaving.seen = 1;
    if (write(leaving.wake_fd, &one, sizeof(one)) < 0)
        _exit(EXIT_TEMPORARY);
    errno = error;
}

static void
on_leave(evutil_socket_t fd, short what, void *data)
{
    struct run *run = data;
    uint64_t signals = 0;
    (void)what;
    if (read(fd, &signals, sizeof(signals)) != sizeof(signals))
        return;
    worker_drain(run->worker);
    if (signals > 1)
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

/* libevent would write a line of its own form between ours. */
static void
on_loop_trouble(int severity, const char *text)
{
    if (severity >= EVENT_LOG_WARN)
        log_line(LOG_AB7201, &(struct log_fields){ .error = text });
}

/* What libevent cannot begin without, it does not return from. */
static void
on_loop_lost(int error)
{
    (void)error;
    log_last(LOG_AB8204, &(struct log_fields){ .error = "the event loop cannot go on; see the line before" });
    _exit(EXIT_SYSTEM);
}

/* Before anything was begun there is nothing to drain. */
static void
on_early_signal(int number)
{
    (void)number;
    _exit(EXIT_DONE);
}

/* No core dump: it would hold secrets. A closed pipe is an error code, not an end. */
static void
prepare_process(void)
{
    struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, on_early_signal);
    signal(SIGINT, on_early_signal);
}

/* The hard bound of a drain: whatever a library is stuck in, the process ends. Its last words take no memory and no lock. */
static void
on_alarm(int number)
{
    (void)number;
    log_last(LOG_AB8203, NULL);
    _exit(EXIT_TEMPORARY);
}

static bool
watch(struct run *run, const struct config *config)
{
    const struct timeval often = { .tv_usec = 200000 };
    const struct sigaction leave = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    leaving.gone_s = worker_gone_s(config);
    leaving.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (leaving.wake_fd < 0)
        return false;
    struct event *left = event_new(run->base, leaving.wake_fd, EV_READ | EV_PERSIST, on_leave, run);
    struct event *flush = event_new(run->base, -1, EV_PERSIST, on_flush, run);
    signal(SIGALRM, on_alarm);
    return left && flush && event_add(left, NULL) == 0 && event_add(flush, &often) == 0 &&
           sigaction(SIGTERM, &leave, NULL) == 0 && sigaction(SIGINT, &leave, NULL) == 0;
}

static int
run_worker(struct run *run, const struct config *config)
{
    struct worker_options options = { on_stopped, run, 0 };
    char error[512];
    int code;
    if (!watch(run, config)) {
        log_line(LOG_AB8204, &(struct log_fields){ .error = strerror(errno) });
        return EXIT_SYSTEM;
    }
    run->worker = worker_new(config, run->base, &options, &code, error, sizeof(error));
    if (!run->worker) {
        log_line(code == EXIT_UNAVAILABLE ? LOG_AB7102 : LOG_AB8204, &(struct log_fields){ .error = error });
        return code;
    }
    log_line(LOG_AB8101, NULL);
    event_base_dispatch(run->base);
    return run->code;
}

int
cmd_run(struct cmd_context *context)
{
    struct run run = { .code = EXIT_INTERNAL };
    int code;
    struct config_report report;
    prepare_process();
    struct config *config = cmd_load_report(context, &report, &code);
    if (!config) {
        cmd_print_refusal(context, &report, code);
        config_report_free(&report);
        return code;
    }
    log_open(STDERR_FILENO, (enum log_level)config->log.level, (enum log_format)config->log.format);
    cmd_log_warnings(&report);
    config_report_free(&report);
    event_set_log_callback(on_loop_trouble);
    event_set_fatal_callback(on_loop_lost);
    run.base = event_base_new();
    if (run.base) {
        code = run_worker(&run, config);
    } else {
        log_line(LOG_AB8204, &(struct log_fields){ .error = strerror(errno) });
        code = EXIT_SYSTEM;
    }
    log_close();
    _exit(code);            /* librdkafka's own teardown may block: everything that matters was awaited above */
}

/* worker.c: making a worker, its pump, and its end. */
#include "bridge/worker/parts.h"

#include "bridge/cmd/cmd.h"
#include "bridge/io/clock.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEAVE_MS = 5000, LEAVE_NOW_MS = 1000, HARD_MARGIN_S = 12 };

void
worker_wake(struct worker *worker)
{
    if (worker->awake)
        return;
    worker->awake = true;
    worker->now_ms = clock_now_ms();        /* one reading of the clocks a round: hundreds of inputs come in one */
    worker->wall_ms = clock_wall_ms();
    event_active(worker->pump_event, EV_TIMEOUT, 0);
}

void
worker_feed(struct worker *worker, struct input *input)
{
    worker_wake(worker);
    input->now_ms = worker->now_ms;
    input->wall_ms = worker->wall_ms;
    engine_feed(worker->engine, input);
}

static void
arm(struct worker *worker)
{
    ms_t at = engine_deadline(worker->engine);
    if (at == MS_NEVER) {
        evtimer_del(worker->timer_event);
        return;
    }
    ms_t wait = at - clock_now_ms();
    wait = wait < 1 ? 1 : wait;         /* a deadline that work could not meet must not spin the loop */
    struct timeval after = { .tv_sec = wait / 1000, .tv_usec = (wait % 1000) * 1000 };
    evtimer_add(worker->timer_event, &after);
}

/* Effects are pulled until none is left; what they asked of Redis and Kafka then goes out in one write each. */
static void
pump(evutil_socket_t fd, short what, void *data)
{
    struct worker *worker = data;
    struct effect effect;
    (void)fd;
    (void)what;
    while (!worker->stopped && engine_next(worker->engine, &effect))
        perform(worker, &effect);
    worker->awake = false;
    if (worker->stopped)
        return;
    dedup_flush(worker->dedup);
    kafka_flush(worker->kafka);
    arm(worker);
}

static void
tick(evutil_socket_t fd, short what, void *data)
{
    struct input input = { .kind = INPUT_TICK };
    (void)fd;
    (void)what;
    worker_feed(data, &input);
}

static void
check_secrets(evutil_socket_t fd, short what, void *data)
{
    (void)fd;
    (void)what;
    credentials_check_files(data);
}

static void
trace_line(void *owner, const char *text, size_t size)
{
    (void)owner;
    log_trace(text, size);
}

static bool
make_core(struct worker *worker)
{
    const struct config *config = worker->config;
    worker->settings = calloc(1, sizeof(*worker->settings));
    worker->crypto = crypto_new();
    worker->decoder = decoder_new();
    worker->encode_decoder = decoder_new();
    if (!worker->settings || !worker->crypto || !worker->decoder || !worker->encode_decoder)
        return false;
    worker_engine_config(config, worker->settings);
    entropy(&worker->settings->owner, sizeof(worker->settings->owner));
    entropy(&worker->settings->seed, sizeof(worker->settings->seed));
    worker_hash_key(worker->crypto, config->redis.prefix, &worker->settings->hash_key);
    uint32_t records = engine_records_max(worker->settings);
    worker->engine_memory = calloc(1, engine_size(worker->settings));
    worker->slab = slab_new(2 * config->limits.window_bytes, 2 * records);      /* records, and the messages written from them */
    worker->messages_of = calloc(2 * (size_t)records, sizeof(*worker->messages_of));
    worker->messages_memory = malloc(MESSAGES_BYTES_MAX);
    if (!worker->engine_memory || !worker->slab || !worker->messages_of || !worker->messages_memory)
        return false;
    buf_init(&worker->messages, worker->messages_memory, MESSAGES_BYTES_MAX);
    worker->engine = engine_init(worker->engine_memory, worker->settings, worker->decoder, clock_now_ms());
    if (config->log.level == LOG_LEVEL_DEBUG)
        engine_trace(worker->engine, trace_line, worker);
    return true;
}

static bool
make_dedup(struct worker *worker, char *error, size_t error_size)
{
    const struct config *config = worker->config;
    struct dedup_handler handler;
    answers_dedup(worker, &handler);
    for (uint32_t i = 0; i < config->n_routes; i++)
        worker->route_names[i] = config->routes[i].name;
    struct dedup_config settings = {
        .url = config->redis.url, .password_file = config->redis.password_file,
        .sentinel_password_file = config->redis.sentinel_password_file, .ca_file = config->redis.ca_file,
        .prefix = config->redis.prefix,
        .timeout_ms = config->redis.timeout_ms, .owner = worker->settings->owner,
        .targets = worker->target_names, .n_targets = config->n_targets,
        .routes = worker->route_names, .n_routes = config->n_routes,
        .orders = 2 * (worker->settings->deliveries ? worker->settings->deliveries : 2 * config->limits.window_records) + 4096,
        .hash_key = worker->settings->hash_key,
        .degrade = worker_degrades(worker->settings),
        .journal_max_len = config->redis.journal_max_len, .journal_max_age_ms = config->redis.journal_max_age_ms,
    };
    worker->dedup = dedup_new(&settings, worker->base, &handler, error, error_size);
    return worker->dedup != NULL;
}

static bool
make_kafka(struct worker *worker, char *error, size_t error_size)
{
    struct kafka_property properties[CONFIG_PROPERTIES_MAX];
    static struct kafka_topic topics[CONFIG_LIST_MAX * CONFIG_TOPICS_MAX];     /* large; used at start only */
    struct kafka_config settings;
    struct kafka_handler handler;
    settings_kafka(worker->config, &settings, properties, topics);
    answers_kafka(worker, &handler);
    worker->kafka = kafka_new(&settings, worker->base, &handler, error, error_size);
    return worker->kafka != NULL;
}

static bool
make_http(struct worker *worker)
{
    struct http_handler handler;
    uint32_t calls = worker->config->n_targets;
    for (uint32_t i = 0; i < worker->config->n_targets; i++) {
        calls += worker->config->targets[i].concurrency;
        settings_endpoint(&worker->config->targets[i], &worker->endpoints[i]);
        worker->target_names[i] = worker->config->targets[i].name;
    }
    answers_http(worker, &handler);
    worker->http = http_new(worker->base, calls, &handler);
    return worker->http != NULL;
}

static bool
make_events(struct worker *worker)
{
    struct timeval often = { .tv_sec = SECRET_CHECK_S };
    worker->pump_event = event_new(worker->base, -1, 0, pump, worker);
    worker->timer_event = evtimer_new(worker->base, tick, worker);
    worker->secret_event = event_new(worker->base, -1, EV_PERSIST, check_secrets, worker);
    return worker->pump_event && worker->timer_event && worker->secret_event && event_add(worker->secret_event, &often) == 0;
}

static bool
make_admin(struct worker *worker, char *error, size_t error_size)
{
    struct admin_handler handler;
    if (strcmp(worker->config->admin.listen, "none") == 0)
        return true;
    observe_admin(worker, &handler);
    worker->admin = admin_new(worker->base, worker->config->admin.listen, &handler, error, error_size);
    return worker->admin != NULL;
}

struct worker *
worker_new(const struct config *config, struct event_base *base, const struct worker_options *options, int *code, char *error,
           size_t error_size)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    check(worker);
    *code = EXIT_SYSTEM;
    snprintf(error, error_size, "the event loop or the cryptography library refused");
    worker->config = config;
    worker->base = base;
    worker->options = *options;
    worker->decoded_handle = UINT32_MAX;
    worker->started_ms = clock_now_ms();
    if (!make_events(worker) || !make_http(worker) || !make_core(worker))
        goto fail;
    credentials_init(worker);
    *code = EXIT_UNAVAILABLE;
    if (!make_admin(worker, error, error_size))
        goto fail;
    *code = EXIT_CONFIG;
    if (!make_dedup(worker, error, error_size))
        goto fail;
    if (!make_kafka(worker, error, error_size)) {
        *code = errno == EINVAL ? EXIT_CONFIG : EXIT_SYSTEM;
        goto fail;
    }
    worker_wake(worker);
    return worker;
fail:
    worker_free(worker);
    return NULL;
}

unsigned
worker_gone_s(const struct config *config)
{
    return (unsigned)(config->drain_ms / 1000) + HARD_MARGIN_S;
}

/* Blocking library calls cannot hold the process: past the hard bound the kernel ends it. A nearer bound stays. */
static void
hard_deadline(unsigned bound_s)
{
    unsigned left_s = alarm(bound_s);
    if (left_s > 0 && left_s < bound_s)
        alarm(left_s);
}

void
worker_tell_cut_short(struct worker *worker, uint32_t abandoned)
{
    if (!worker->told_cut_short)
        log_line(LOG_AB8203, &(struct log_fields){ .count = abandoned });
    worker->told_cut_short = true;
}

void
worker_drain(struct worker *worker)
{
    struct input input = { .kind = INPUT_CONTROL, .control = CONTROL_DRAIN };
    if (worker->draining) {
        worker_tell_cut_short(worker, 0);
        worker_close(worker, EXIT_TEMPORARY, LEAVE_NOW_MS);
        return;
    }
    worker->draining = true;
    log_line(LOG_AB8201, NULL);
    hard_deadline(worker_gone_s(worker->config));
    worker_feed(worker, &input);
}

void
worker_close(struct worker *worker, int code, ms_t bound_ms)
{
    if (worker->exit_code < code)
        worker->exit_code = code;
    if (worker->closing)
        return;
    worker->closing = true;
    kafka_leave(worker->kafka, bound_ms ? bound_ms : LEAVE_MS);
}

void
worker_exit(struct worker *worker, int code)
{
    if (worker->stopped)
        return;
    worker->stopped = true;
    if (code == EXIT_DONE)
        log_line(LOG_AB8202, NULL);
    else
        worker_tell_cut_short(worker, 0);
    worker->options.stopped(worker->options.owner, code);
}

static void
free_event(struct event *event)
{
    if (event)
        event_free(event);
}

/* Redis did not come back before we leave: the marks of what went on without it end with us. */
static void
tell_owed(const struct worker *worker)
{
    struct dedup_stats stats;
    if (!worker->dedup)
        return;
    dedup_stats(worker->dedup, &stats);
    if (stats.owed > 0)
        log_line(LOG_AB4204, &(struct log_fields){ .count = stats.owed });
}

void
worker_free(struct worker *worker)
{
    if (!worker)
        return;
    tell_owed(worker);
    admin_free(worker->admin);
    kafka_free(worker->kafka);
    dedup_free(worker->dedup);
    http_free(worker->http);
    free_event(worker->pump_event);
    free_event(worker->timer_event);
    free_event(worker->secret_event);
    credentials_wipe(worker);
    slab_free(worker->slab);
    free(worker->messages_of);
    free(worker->messages_memory);
    decoder_free(worker->decoder);
    decoder_free(worker->encode_decoder);
    crypto_free(worker->crypto);
    free(worker->engine_memory);
    free(worker->settings);
    free(worker);
}

const struct engine_stats *
worker_stats(struct worker *worker)
{
    return engine_stats(worker->engine);
}

uint32_t
worker_partitions(struct worker *worker, struct partition_stats *out, uint32_t capacity)
{
    return engine_partitions(worker->engine, clock_now_ms(), out, capacity);
}

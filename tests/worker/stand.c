/* stand.c: the worker and the simulators for tests of credentials. */
#include "tests/worker/stand.h"

#include "bridge/io/clock.h"
#include "bridge/sim/sim_server.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct stand stand;

enum { PATIENCE_MS = 60000 };

static void
pump(evutil_socket_t fd, short what, void *data)
{
    stand.worker.awake = false;     /* as the worker's own pump does */
    struct effect effect;
    (void)fd;
    (void)what;
    (void)data;
    while (engine_next(stand.worker.engine, &effect)) {
        cr_assert_eq(effect.kind, EFFECT_FETCH_CREDENTIAL);
        stand.fetches++;
        perform(&stand.worker, &effect);
    }
    ms_t at = engine_deadline(stand.worker.engine), wait = at - clock_now_ms();
    if (at == MS_NEVER)
        return;
    wait = wait < 1 ? 1 : wait;
    struct timeval after = { .tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000 };
    evtimer_add(stand.worker.timer_event, &after);
}

static void
tick(evutil_socket_t fd, short what, void *data)
{
    struct input input = { .kind = INPUT_TICK };
    (void)fd;
    (void)what;
    (void)data;
    worker_feed(&stand.worker, &input);
}

static void
trace(void *owner, const char *text, size_t size)
{
    (void)owner;
    if (memmem(text, size, "credential ", 11))
        snprintf(stand.told, sizeof(stand.told), "%.*s", (int)size, text);
}

bool
told(const char *text)
{
    return strstr(stand.told, text) != NULL;
}

void
stand_serve(const char *listen)
{
    char error[256];
    stand.server = sim_server_new(stand.worker.base, stand.sim, listen, NULL, error, sizeof(error));
    cr_assert(stand.server, "%s", error);
}

void
stand_knob(const char *pair)
{
    char error[256];
    cr_assert(knobs_set_pair(sim_knobs(stand.sim), pair, error, sizeof(error)), "%s", error);
}

void
stand_fault(const char *spec)
{
    char error[256];
    cr_assert(faults_add_text(sim_faults(stand.sim), spec, clock_wall_ms(), error, sizeof(error)), "%s", error);
}

void
stand_setup(void)
{
    char error[256];
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < CHAIN_VARIABLE_COUNT; i++)
        unsetenv(chain_variable_name((enum chain_variable)i));
    cr_assert_eq(pipe2(stand.log, O_NONBLOCK | O_CLOEXEC), 0);
    log_open(stand.log[1], LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    cr_assert(temp_dir_make(&stand.dir));
    snprintf(stand.path, sizeof(stand.path), "%s/file", stand.dir.path);
    struct worker *worker = &stand.worker;
    worker->config = &stand.config;
    worker->base = event_base_new();
    stand.sim = sim_new(&(struct sim_options){ .seed = 1 }, error, sizeof(error));
    stand_serve("127.0.0.1:0");
}

void
stand_teardown(void)
{
    http_free(stand.worker.http);
    credentials_wipe(&stand.worker);
    sim_server_free(stand.server);
    sim_free(stand.sim);
    decoder_free(stand.worker.decoder);
    free(stand.worker.engine_memory);
    free(stand.worker.settings);
    if (stand.worker.pump_event)
        event_free(stand.worker.pump_event);
    if (stand.worker.timer_event)
        event_free(stand.worker.timer_event);
    event_base_free(stand.worker.base);
    temp_dir_remove(&stand.dir);
}

void
stand_variable(enum chain_variable id, const char *format)
{
    char *text = stand.text[stand.n_texts++];
    const char *mark = strstr(format, "%s");
    cr_assert_lt(stand.n_texts, 16);
    int before = mark ? (int)(mark - format) : (int)strlen(format);
    snprintf(text, sizeof(stand.text[0]), "%.*s%s%s", before, format, mark ? sim_server_address(stand.server) : "",
             mark ? mark + 2 : "");
    setenv(chain_variable_name(id), text, 1);
}

void
stand_file(const char *text)
{
    FILE *file = fopen(stand.path, "w");
    cr_assert(file);
    fputs(text, file);
    fclose(file);
}

void
stand_start(void)
{
    struct worker *worker = &stand.worker;
    struct config_target *target = &stand.config.targets[0];
    struct http_handler handler;
    stand.config.n_targets = 1;
    stand.config.limits.window_records = 64;
    stand.config.limits.window_bytes = 1 << 20;
    target->name = worker->target_names[0] = "soar";
    target->settings.kind = TARGET_SOAR;
    target->concurrency = 1;
    target->batch_messages = 1;
    target->proxy = target->ca_file = "";
    worker->settings = calloc(1, sizeof(*worker->settings));
    worker_engine_config(&stand.config, worker->settings);
    worker->engine_memory = calloc(1, engine_size(worker->settings));
    worker->decoder = decoder_new();
    worker->engine = engine_init(worker->engine_memory, worker->settings, worker->decoder, clock_now_ms());
    engine_trace(worker->engine, trace, NULL);
    worker->pump_event = event_new(worker->base, -1, 0, pump, NULL);
    worker->timer_event = evtimer_new(worker->base, tick, NULL);
    answers_http(worker, &handler);
    worker->http = http_new(worker->base, 1, &handler);     /* one slot: a second call at once would end the test */
    credentials_init(worker);
    tick(-1, 0, NULL);
}

struct chain *
chain(void)
{
    return stand.worker.holders[0].chain;
}

void
run_until_other(const char *than)
{
    ms_t end = clock_now_ms() + PATIENCE_MS;
    while (strcmp(chain()->keys.id, than) == 0 && clock_now_ms() < end)
        event_base_loop(stand.worker.base, EVLOOP_ONCE);
    cr_assert_str_neq(chain()->keys.id, than, "no other key: %s", chain()->why);
}

void
run_until_ended(uint32_t rounds)
{
    ms_t end = clock_now_ms() + PATIENCE_MS;
    while ((stand.fetches < rounds || stand.worker.holders[0].chain_busy) && clock_now_ms() < end)
        event_base_loop(stand.worker.base, EVLOOP_ONCE);
    cr_assert_geq(stand.fetches, rounds);
}

const char *
logged(void)
{
    static char text[64 * 1024];
    size_t size = strlen(text);
    log_flush();
    ssize_t got = read(stand.log[0], text + size, sizeof(text) - 1 - size);
    text[size + (got > 0 ? (size_t)got : 0)] = '\0';
    return text;
}

uint64_t
asked(void)
{
    return sim_stats(stand.sim)->requests[API_STS];
}

void
stand_hang_up(char address[64])
{
    snprintf(address, 64, "%s", sim_server_address(stand.server));
    sim_server_free(stand.server);
    stand.server = NULL;
}

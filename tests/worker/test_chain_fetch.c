/* test_chain_fetch.c: a target's credential chain against the simulators, over HTTP, with the engine asking. */
#include "bridge/io/clock.h"
#include "bridge/sim/sim.h"
#include "bridge/sim/sim_server.h"
#include "bridge/worker/parts.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A worker of which only what credentials need is there, and the simulator on the same loop. */
struct stand {
    struct worker worker;
    struct config config;
    struct sim *sim;
    struct sim_server *server;
    uint32_t fetches;           /* times that the engine asked */
    char told[128];             /* what it made of the last answer, from its trace */
    char folder[32], path[96], text[16][64];
    uint32_t n_texts;
    int log[2];
};
static struct stand stand;

static void
pump(evutil_socket_t fd, short what, void *data)
{
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

static bool
told(const char *text)
{
    return strstr(stand.told, text) != NULL;
}

static void
serve(const char *listen)
{
    char error[256];
    stand.server = sim_server_new(stand.worker.base, stand.sim, listen, NULL, error, sizeof(error));
    cr_assert(stand.server, "%s", error);
}

static void
knob(const char *pair)
{
    char error[256];
    cr_assert(knobs_set_pair(sim_knobs(stand.sim), pair, error, sizeof(error)), "%s", error);
}

static void
fault(const char *spec)
{
    char error[256];
    cr_assert(faults_add_text(sim_faults(stand.sim), spec, clock_wall_ms(), error, sizeof(error)), "%s", error);
}

static void
setup(void)
{
    char error[256];
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < CHAIN_VARIABLE_COUNT; i++)
        unsetenv(chain_variable_name((enum chain_variable)i));
    cr_assert_eq(pipe2(stand.log, O_NONBLOCK | O_CLOEXEC), 0);
    log_open(stand.log[1], LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    strcpy(stand.folder, "/tmp/chain.XXXXXX");
    cr_assert(mkdtemp(stand.folder));
    snprintf(stand.path, sizeof(stand.path), "%s/file", stand.folder);
    struct worker *worker = &stand.worker;
    worker->config = &stand.config;
    worker->base = event_base_new();
    stand.sim = sim_new(&(struct sim_options){ .seed = 1 }, error, sizeof(error));
    serve("127.0.0.1:0");
}

static void
teardown(void)
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
    unlink(stand.path);
    rmdir(stand.folder);
}

TestSuite(chain_fetch, .init = setup, .fini = teardown);

/* A variable of the environment; %s stands for the simulator's address. */
static void
variable(enum chain_variable id, const char *format)
{
    char *text = stand.text[stand.n_texts++];
    const char *mark = strstr(format, "%s");
    cr_assert_lt(stand.n_texts, 16);
    int before = mark ? (int)(mark - format) : (int)strlen(format);
    snprintf(text, sizeof(stand.text[0]), "%.*s%s%s", before, format, mark ? sim_server_address(stand.server) : "",
             mark ? mark + 2 : "");
    setenv(chain_variable_name(id), text, 1);
}

static void
file(const char *text)
{
    FILE *file = fopen(stand.path, "w");
    cr_assert(file);
    fputs(text, file);
    fclose(file);
}

static void
start(void)
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

static struct chain *
chain(void)
{
    return stand.worker.holders[0].chain;
}

/* Runs until the key in use is another than `than`, at most 15 s. */
static void
run_until_other(const char *than)
{
    ms_t end = clock_now_ms() + 15000;
    while (strcmp(chain()->keys.id, than) == 0 && clock_now_ms() < end)
        event_base_loop(stand.worker.base, EVLOOP_ONCE);
    cr_assert_str_neq(chain()->keys.id, than, "no other key within 15 s: %s", chain()->why);
}

static void
run_until_ended(uint32_t rounds)
{
    ms_t end = clock_now_ms() + 15000;
    while ((stand.fetches < rounds || stand.worker.holders[0].chain_busy) && clock_now_ms() < end)
        event_base_loop(stand.worker.base, EVLOOP_ONCE);
    cr_assert_geq(stand.fetches, rounds);
}

static const char *
logged(void)
{
    static char text[64 * 1024];
    size_t size = strlen(text);
    log_flush();
    ssize_t got = read(stand.log[0], text + size, sizeof(text) - 1 - size);
    text[size + (got > 0 ? (size_t)got : 0)] = '\0';
    return text;
}

static uint64_t
asked(void)
{
    return sim_stats(stand.sim)->requests[API_STS];
}

static void
oidc(void)
{
    variable(CHAIN_ROLE_ARN, "acs:ram::1:role/r");
    variable(CHAIN_OIDC_PROVIDER_ARN, "acs:ram::1:oidc-provider/p");
    setenv("ALIBABA_CLOUD_OIDC_TOKEN_FILE", stand.path, 1);
    variable(CHAIN_STS_ENDPOINT, "http://%s");
}

Test(chain_fetch, an_oidc_token_becomes_keys_that_end)
{
    struct credential credential;
    file("a.b.c\n");
    oidc();
    start();
    run_until_other("");
    credentials_view(&stand.worker.holders[0], &credential);
    cr_expect_eq(strncmp(credential.id.at, "STS.", 4), 0);
    cr_expect_gt(credential.secret.size, 0);
    cr_expect_eq(strncmp(credential.token.at, "CAIS", 4), 0);
    ms_t left = stand.worker.holders[0].chain_expires_ms - clock_now_ms();
    cr_expect(left > 3590000 && left <= 3600000, "%lld", (long long)left);
    ms_t refresh = engine_deadline(stand.worker.engine) - clock_now_ms();
    cr_expect(refresh > 2690000 && refresh <= 2700000, "asked again 15 min before the end: in %lld ms", (long long)refresh);
    cr_expect(strstr(logged(), "AB5301") && strstr(logged(), "\"oidc\""), "%s", logged());
    cr_expect_not(strstr(logged(), "CAIS"));
}

Test(chain_fetch, the_metadata_service_is_asked_with_a_token)
{
    variable(CHAIN_ECS_METADATA_ENDPOINT, "http://%s");
    start();
    run_until_other("");
    cr_expect_eq(chain()->provider, CHAIN_ECS_ROLE);
    cr_expect_eq(asked(), 3);
    cr_expect_not(chain()->metadata_plain);
    cr_expect_not(chain()->endpoint.allow_internal);
}

Test(chain_fetch, the_metadata_service_of_old_is_asked_without_a_token)
{
    variable(CHAIN_ECS_METADATA_ENDPOINT, "http://%s");
    fault("status_before:api=sts,count=1,status=404");
    start();
    run_until_other("");
    cr_expect_eq(asked(), 3);
    cr_expect(chain()->metadata_plain);
}

Test(chain_fetch, a_credentials_uri_is_asked)
{
    variable(CHAIN_ECS_METADATA_DISABLED, "true");
    variable(CHAIN_CREDENTIALS_URI, "http://%s/credentials");
    start();
    run_until_other("");
    cr_expect_eq(chain()->provider, CHAIN_URI);
    cr_expect_eq(asked(), 1);
}

Test(chain_fetch, keys_are_renewed_before_they_end_and_the_token_file_is_read_anew)
{
    char first[128];
    knob("sts_life=4");
    file("one");
    oidc();
    start();
    run_until_other("");
    strcpy(first, chain()->keys.id);
    ms_t end = stand.worker.holders[0].chain_expires_ms;
    unlink(stand.path);
    file("");
    run_until_ended(2);                     /* empty now: no token, the present keys stay */
    cr_expect_str_eq(chain()->keys.id, first);
    cr_expect(strstr(logged(), "AB5304"), "%s", logged());
    file("two");
    run_until_other(first);
    cr_expect_lt(clock_now_ms(), end + 3000);
    cr_expect_eq(asked(), 2);
}

Test(chain_fetch, the_present_keys_outlive_a_refresh_that_fails_and_no_longer_than_their_end)
{
    struct holder *holder = &stand.worker.holders[0];
    char address[64], first[128];
    knob("sts_life=4");
    file("one");
    oidc();
    start();
    run_until_other("");
    strcpy(first, chain()->keys.id);
    snprintf(address, sizeof(address), "%s", sim_server_address(stand.server));
    sim_server_free(stand.server);
    stand.server = NULL;
    run_until_ended(2);
    cr_expect_lt(clock_now_ms(), holder->chain_expires_ms);
    cr_expect_eq(chain()->result, CHAIN_AGAIN);
    cr_expect_str_eq(chain()->keys.id, first);
    cr_expect(told("credential ready"), "%s", stand.told);
    cr_expect(strstr(logged(), "AB5302") && strstr(logged(), "STS does not answer"), "%s", logged());
    while (clock_now_ms() <= holder->chain_expires_ms)
        event_base_loop(stand.worker.base, EVLOOP_ONCE);
    uint32_t rounds = stand.fetches;
    run_until_ended(rounds + 1);
    cr_expect(told("credential not had"), "%s", stand.told);
    serve(address);
    run_until_other(first);
    cr_expect(told("credential ready"), "%s", stand.told);
}

Test(chain_fetch, sts_may_be_away_at_the_start)
{
    char address[64];
    file("one");
    oidc();
    snprintf(address, sizeof(address), "%s", sim_server_address(stand.server));
    sim_server_free(stand.server);
    stand.server = NULL;
    start();
    run_until_ended(1);
    cr_expect_eq(chain()->result, CHAIN_AGAIN);
    serve(address);
    run_until_other("");
    cr_expect_eq(chain()->provider, CHAIN_OIDC);
}

Test(chain_fetch, a_refusal_of_sts_is_said_with_its_code)
{
    file("one");
    oidc();
    fault("status_before:api=sts,count=1,status=400,code=AuthenticationFail.OIDCToken.Expired");
    start();
    run_until_ended(1);
    cr_expect(strstr(logged(), "AB5303") && strstr(logged(), "AuthenticationFail.OIDCToken.Expired"), "%s", logged());
    run_until_other("");
}

Test(chain_fetch, keys_in_a_profile_file_are_changed_by_changing_the_file)
{
    setenv("ALIBABA_CLOUD_CREDENTIALS_FILE", stand.path, 1);
    file("[default]\ntype=access_key\naccess_key_id=one\naccess_key_secret=s\n");
    start();
    run_until_other("");
    cr_expect_str_eq(chain()->keys.id, "one");
    credentials_check_files(&stand.worker);
    cr_expect_str_eq(chain()->keys.id, "one");
    file("[default]\ntype=access_key\naccess_key_id=two\naccess_key_secret=s\n");
    credentials_check_files(&stand.worker);
    cr_expect_str_eq(chain()->keys.id, "two");
    cr_expect(strstr(logged(), "AB1202"), "%s", logged());
    cr_expect_eq(engine_deadline(stand.worker.engine), MS_NEVER);
    cr_expect_eq(asked(), 0);
}

Test(chain_fetch, refused_keys_are_not_kept_when_no_others_can_be_had)
{
    file("one");
    oidc();
    start();
    run_until_other("");
    char first[128];
    strcpy(first, chain()->keys.id);
    fault("status_before:api=sts,status=503,count=1");
    credentials_fetch(&stand.worker, 0, true);      /* as after a reply that refused them */
    while (stand.worker.holders[0].chain_busy)
        event_base_loop(stand.worker.base, EVLOOP_ONCE);
    cr_expect(told("credential not had"), "%s", stand.told);
    run_until_other(first);
    cr_expect(told("credential ready"), "%s", stand.told);
    cr_expect_not(stand.worker.holders[0].refused);
}

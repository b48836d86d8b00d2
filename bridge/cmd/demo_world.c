/* demo_world.c: all that the demo's worker needs, made in a private folder and in this process. */
#include "bridge/cmd/demo.h"

#include "bridge/io/clock.h"
#include "bridge/io/kafka_mock.h"
#include "bridge/sim/sim.h"
#include "bridge/sim/sim_server.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Made for this run; the simulators know them, and the worker reads them from files. */
struct keys {
    char access_secret[33], app_secret[33];
    char access_pair[64], app_pair[64];
};

#define ACCESS_KEY "demo-access-key"
#define APP_KEY "demo-app-key"
#define PLAYBOOK "c5c88b5e-97ca-435d-8c20-000000000000"
#define ORG "o15427722038191"

static const char *const files[] = { "access-key", "access-secret", "app-key", "app-secret", "bridge.yaml", "redis.sock" };

static bool
write_private(struct demo_world *world, const char *name, const char *text)
{
    char path[DEMO_PATH_BYTES + 32];
    size_t size = strlen(text);
    snprintf(path, sizeof(path), "%s/%s", world->folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, text, size) == (ssize_t)size;
    if (fd >= 0)
        close(fd);
    if (!good)
        snprintf(world->error, sizeof(world->error), "%s cannot be written", path);
    return good;
}

/* Waits, limits and breakers are quick: the faults are many and the demo is short. A rate is set, because one that a 429 lowered
 * climbs by a sixtieth of it a second. */
static int
config_text(char *text, size_t size, const char *brokers, const char *redis_url, const char *backends, const char *secrets)
{
    return snprintf(text, size,
        "kafka: {brokers: %s, group: " DEMO_GROUP "}\n"
        "redis: {url: '%s', prefix: demo}\n"
        "sources:\n"
        "  - {name: alerts, topics: [" DEMO_TOPIC "]}\n"
        "targets:\n"
        "  - name: soar\n"
        "    kind: soar\n"
        "    endpoint: http://%s\n"
        "    playbook_uuid: " PLAYBOOK "\n"
        "    node_name: notify_message\n"
        "    component_name: NotifyMessage\n"
        "    action_name: notifyByMessageCenter\n"
        "    channels: [sms, email]\n"
        "    credentials: {access_key_id_file: %s/access-key, access_key_secret_file: %s/access-secret}\n"
        "    concurrency: 32\n"
        "    rate_limit: 5000/s\n"
        "    max_ambiguous: 20\n"
        "    retry: {base: 20ms, max: 500ms, after_max: 1s}\n"
        "    breaker: {failures: 20, every: 100ms}\n"
        "    call_timeout: 3s\n"
        "    claim_lease: 10s\n"
        "  - name: portal\n"
        "    kind: notice\n"
        "    endpoint: http://%s\n"
        "    org_id: " ORG "\n"
        "    app_name: Demo\n"
        "    message_id_prefix: " DEMO_MESSAGE_PREFIX "\n"
        "    credentials: {app_key_file: %s/app-key, app_secret_file: %s/app-secret}\n"
        "    batch: {max_messages: 100, linger: 20ms}\n"
        "    concurrency: 4\n"
        "    rate_limit: 5000/s\n"
        "    retry: {base: 20ms, max: 500ms, after_max: 1s}\n"
        "    breaker: {failures: 20, every: 100ms}\n"
        "    call_timeout: 3s\n"
        "    claim_lease: 10s\n"
        "routes:\n"
        "  - {name: notify, when: {kinds: [incident.generated, alert.generated, incident.updated]}, to: soar}\n"
        "  - {name: notices, when: {kinds: [notice]}, to: portal}\n"
        "dead_letter: {topic: " DEMO_DLQ ", guard: {share: 1}}\n"
        "admin: {listen: none}\n"
        "shutdown: {drain: 20s}\n",
        brokers, redis_url, backends, secrets, secrets, backends, secrets, secrets);
}

static bool
make_folder(struct demo_world *world)
{
    const char *base = getenv("TMPDIR");
    char folder[DEMO_PATH_BYTES];
    if (!base || base[0] != '/' || strlen(base) > DEMO_PATH_BYTES - 32)
        base = "/tmp";
    snprintf(folder, sizeof(folder), "%s/alertbridge-demo-XXXXXX", base);
    if (!mkdtemp(folder)) {             /* mode 0700 */
        snprintf(world->error, sizeof(world->error), "no folder can be made in %s", base);
        return false;
    }
    memcpy(world->folder, folder, sizeof(folder));
    return true;
}

static bool
make_secrets(struct demo_world *world, struct keys *keys)
{
    entropy_nonce(keys->access_secret);
    entropy_nonce(keys->app_secret);
    snprintf(keys->access_pair, sizeof(keys->access_pair), ACCESS_KEY ":%s", keys->access_secret);
    snprintf(keys->app_pair, sizeof(keys->app_pair), APP_KEY ":%s", keys->app_secret);
    return write_private(world, "access-key", ACCESS_KEY) && write_private(world, "access-secret", keys->access_secret) &&
           write_private(world, "app-key", APP_KEY) && write_private(world, "app-secret", keys->app_secret);
}

static bool
make_backends(struct demo_world *world, struct event_base *base, const struct demo_options *options, const struct keys *keys)
{
    static const char *const orgs[] = { ORG }, *const playbooks[] = { PLAYBOOK };
    const char *access[] = { keys->access_pair }, *app[] = { keys->app_pair };
    struct sim_options made = { options->seed, access, app, orgs, playbooks, 1, 1, 1, 1 };
    world->sim = sim_new(&made, world->error, sizeof(world->error));
    if (!world->sim || !demo_faults(world->sim, options, world->error, sizeof(world->error)))
        return false;
    ledger_limit(sim_ledger(world->sim), 0);        /* the demo listens, and keeps books of its own */
    world->server = sim_server_new(base, world->sim, "127.0.0.1:0", NULL, world->error, sizeof(world->error));
    return world->server != NULL;
}

static bool
make_brokers(struct demo_world *world)
{
    world->mock = kafka_mock_new(world->error, sizeof(world->error));
    if (!world->mock)
        return false;
    if (kafka_mock_topic(world->mock, DEMO_TOPIC, DEMO_PARTITIONS) &&
        kafka_mock_topic(world->mock, DEMO_DLQ, DEMO_DLQ_PARTITIONS))
        return true;
    snprintf(world->error, sizeof(world->error), "the mock cluster does not take the topics");
    return false;
}

static bool
load(struct demo_world *world)
{
    char text[DEMO_CONFIG_BYTES], path[DEMO_PATH_BYTES + 16];
    const char *brokers = kafka_mock_brokers(world->mock), *backends = sim_server_address(world->server);
    bool is_memory = strcmp(world->redis_url, "memory:") == 0;
    snprintf(path, sizeof(path), "%s/bridge.yaml", world->folder);
    config_text(text, sizeof(text), brokers, world->redis_url, backends, world->folder);
    config_text(world->shown, sizeof(world->shown), brokers, is_memory ? "memory:" : "redis://127.0.0.1:6379/0", backends,
                "/run/secrets");
    if (!write_private(world, "bridge.yaml", text))
        return false;
    const char *const paths[] = { path };
    const struct config_load given = { .files = paths, .n_files = 1 };
    struct config_report report = { 0 };
    world->config = config_load(&given, &report);
    if (!world->config)
        snprintf(world->error, sizeof(world->error), "the demo's configuration is refused: %s: %s",
                 report.n ? report.problems[0].path : "-", report.n ? report.problems[0].text : "-");
    config_report_free(&report);
    return world->config != NULL;
}

bool
demo_world_init(struct demo_world *world, struct event_base *base, const struct demo_options *options)
{
    struct keys keys;
    *world = (struct demo_world){ .redis_url = "memory:" };
    bool good = make_folder(world) && make_secrets(world, &keys) && make_brokers(world) &&
                make_backends(world, base, options, &keys);
    explicit_bzero(&keys, sizeof(keys));
    if (good && !demo_redis_start(world->folder, world->redis_url, sizeof(world->redis_url), &world->redis))
        snprintf(world->redis_url, sizeof(world->redis_url), "memory:");
    return good && load(world);
}

void
demo_world_release(struct demo_world *world)
{
    char path[DEMO_PATH_BYTES + 32];
    config_free(world->config);
    sim_server_free(world->server);
    sim_free(world->sim);
    kafka_mock_free(world->mock);
    demo_redis_stop(world->redis);
    for (size_t i = 0; world->folder[0] && i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", world->folder, files[i]);
        unlink(path);
    }
    if (world->folder[0])
        rmdir(world->folder);
    *world = (struct demo_world){ 0 };
}

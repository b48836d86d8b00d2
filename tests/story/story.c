/* story.c: the little world around an engine in a story: its stage, its clock, what happens in it. */
#include "tests/story/story.h"
#include "codecs/buf.h"
#include "tests/story/story_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct story_world world;

static void
on_trace(void *owner, const char *text, size_t size)
{
    (void)owner;
    cr_assert(world.trace_size + size + 2 < TRACE_MAX, "the story's trace is too long");
    memcpy(world.trace + world.trace_size, text, size);
    world.trace_size += size;
    world.trace[world.trace_size++] = '\n';
    world.trace[world.trace_size] = '\0';
}

static void
policy(struct target_policy *target, const char *name, enum target_kind kind, const struct backend_settings *settings)
{
    *target = (struct target_policy){
        .name = name, .backend = backend_of(kind), .settings = settings, .batch_messages = 1, .batch_bytes = 1 << 20,
            .concurrency = 4,
        .max_attempts = 20, .max_elapsed_ms = 900000, .retry_base_ms = 200, .retry_max_ms = 30000, .retry_after_max_ms = 300000,
        .connect_timeout_ms = 2000, .call_timeout_ms = 10000, .claim_lease_ms = 30000, .dedup_ttl_ms = 86400000,
        .max_ambiguous = UINT32_MAX, .breaker_failures = 5, .breaker_every_ms = 30000,
    };
}

static void
story_end(void)
{
    free(world.memory);
    free(world.records);
    decoder_free(world.decoder);
    memset(&world, 0, sizeof(world));
}

TestSuite(story, .fini = story_end);

struct engine_config *
stage(void)
{
    story_end();
    memset(&world, 0, sizeof(world));
    struct engine_config *config = &world.config;
    world.notice = (struct backend_settings){ .kind = TARGET_NOTICE, .host = "h", .path = "/p", .org_id = "o1", .app_id = "a",
                                              .message_id_prefix = "ab-", .default_audience = AUDIENCE_ALL };
    world.soar = (struct backend_settings){ .kind = TARGET_SOAR, .host = "h", .path = "/", .playbook_uuid = "p", .node_name = "n",
                                            .component_name = "c", .action_name = "a", .role_for = "", .lang = "" };
    config->n_targets = 2;
    policy(&config->targets[0], "portal", TARGET_NOTICE, &world.notice);
    policy(&config->targets[1], "soar", TARGET_SOAR, &world.soar);
    config->targets[1].max_ambiguous = 5;
    config->n_sources = 1;
    config->sources[0] = (struct source_policy){ "alerts", { FORMAT_AUTO, false, false, RECORD_BYTES_DEFAULT } };
    config->n_routes = 2;
    config->routes[0] = (struct route){ .name = "portal", .kinds = 1u << EVENT_NOTICE, .target = 0 };
    config->routes[1] = (struct route){ .name = "soar", .kinds = 7, .target = 1 };
    config->window_records = 100;
    config->window_bytes = 1 << 20;
    config->drain_ms = 40000;
    config->revoke_drain_ms = 5000;
    config->commit_every_ms = 1000;
    config->commit_every_records = 1000;
    config->owner = 7;
    config->seed = 42;
    world.committed = -1;
    return config;
}

void
story_feed(struct input input)
{
    input.now_ms = world.now;
    input.wall_ms = 1767322000000 + world.now;
    engine_feed(world.engine, &input);
}

void
story_later(ms_t wait, struct input input)
{
    for (uint32_t i = 0; i < EVENTS_MAX; i++) {
        if (world.happenings[i].used)
            continue;
        world.happenings[i] = (struct happening){ world.now + wait, ++world.order, input, true };
        return;
    }
    cr_assert(false, "too many happenings");
}

static struct happening *
next_happening(ms_t until)
{
    struct happening *best = NULL;
    for (uint32_t i = 0; i < EVENTS_MAX; i++) {
        struct happening *one = &world.happenings[i];
        if (one->used && one->at <= until && (!best || one->at < best->at || (one->at == best->at && one->order < best->order)))
            best = one;
    }
    return best;
}

static void
pump(void)
{
    struct effect effect;
    while (engine_next(world.engine, &effect))
        story_perform(&effect);
}

/* One moment: the next answer, or the engine's own deadline, whichever is first; false when nothing comes until `until`. */
static bool
moment(ms_t until)
{
    ms_t deadline = engine_deadline(world.engine);
    struct happening *next = next_happening(until);
    ms_t at = next && next->at <= deadline ? next->at : deadline;
    if (at > until)
        return false;
    world.now = at > world.now ? at : world.now;
    if (next && next->at <= deadline) {
        next->used = false;
        story_feed(next->input);
    } else {
        story_feed((struct input){ .kind = INPUT_TICK });
    }
    pump();
    return true;
}

void
pass(ms_t ms)
{
    ms_t until = world.now + ms;
    uint32_t guard = 0;
    pump();
    while (moment(until))
        cr_assert(++guard < 1000000, "the engine spins: its deadline does not move");
    world.now = until;
    story_feed((struct input){ .kind = INPUT_TICK });
    pump();
}

void
assign(int64_t next_offset)
{
    static struct assignment partition;
    struct input input = { .kind = INPUT_ASSIGNED };
    partition = (struct assignment){ .topic = "alerts", .number = 3, .next_offset = next_offset };
    input.assigned.partitions = &partition;
    input.assigned.n = 1;
    input.assigned.epoch = ++world.epoch;
    world.paused = false;
    story_feed(input);
    pump();
}

void
story_begin(void)
{
    world.memory = calloc(1, engine_size(&world.config));
    world.records = calloc(RECORDS_MAX, sizeof(*world.records));
    world.decoder = decoder_new();
    cr_assert(world.memory && world.decoder && world.records);
    world.engine = engine_init(world.memory, &world.config, world.decoder, 0);
    assign(41);
    pass(0);
    engine_trace(world.engine, on_trace, NULL);
}

static int64_t made_ago_ms;        /* age of the records that are received */

static void
receive_record(int64_t offset, const char *json, const char *key, bool replay)
{
    cr_assert(world.n_records < RECORDS_MAX);
    uint32_t handle = world.n_records++;
    struct stored_record *record = &world.records[handle];
    struct input input = { .kind = INPUT_RECORD };
    snprintf(record->value, sizeof(record->value), "%s", json);
    snprintf(record->key, sizeof(record->key), "%s", key);
    record->view.value = slice_of(record->value);
    record->view.key = key[0] ? slice_of(record->key) : (struct slice){ 0 };
    record->view.timestamp_ms = 1767322000000 + world.now - made_ago_ms;
    if (replay) {
        record->header = (struct header){ SLICE("alertbridge-replay"), SLICE("r1") };
        record->view.headers = &record->header;
        record->view.n_headers = 1;
    }
    input.record.handle = handle;
    input.record.epoch = world.epoch;
    input.record.offset = offset;
    input.record.view = &record->view;
    input.record.bytes = (uint32_t)strlen(json);
    story_feed(input);
}

static void
receive_notice(int64_t offset, const char *id, const char *incident, bool replay)
{
    char json[512];
    snprintf(json, sizeof(json), "{\"v\":1,\"id\":\"%s\",\"kind\":\"notice\",\"incidentID\":\"%s\",\"title\":\"t\"}", id,
             incident);
    receive_record(offset, json, incident, replay);
}

void
receive(int64_t offset, const char *id, const char *incident)
{
    receive_notice(offset, id, incident, false);
}

void
receive_repeat(int64_t offset, const char *id, const char *incident, const char *dedup_key)
{
    char json[512];
    snprintf(json, sizeof(json), "{\"v\":1,\"id\":\"%s\",\"kind\":\"notice\",\"incidentID\":\"%s\",\"title\":\"t\","
             "\"dedupKey\":\"%s\"}", id, incident, dedup_key);
    receive_record(offset, json, incident, false);
}

void
receive_replay(int64_t offset, const char *id, const char *incident)
{
    receive_notice(offset, id, incident, true);
}

void
receive_alert(int64_t offset, const char *id, const char *incident)
{
    char json[512];
    snprintf(json, sizeof(json), "{\"v\":1,\"id\":\"%s\",\"kind\":\"incident.generated\",\"aliyunUID\":\"1467890000733152\","
             "\"incidentName\":\"n\",\"incidentID\":\"%s\",\"startTime\":\"2026-01-02 03:04:05\"}", id, incident);
    receive_record(offset, json, incident, false);
}

void
receive_alert_made(int64_t offset, const char *id, const char *incident, int64_t ago_ms)
{
    made_ago_ms = ago_ms;
    receive_alert(offset, id, incident);
    made_ago_ms = 0;
}

void
receive_text(int64_t offset, const char *json)
{
    receive_record(offset, json, "", false);
}

void
revoke(void)
{
    story_feed((struct input){ .kind = INPUT_REVOKED });
    pump();
}

void
lose(void)
{
    story_feed((struct input){ .kind = INPUT_LOST });
    pump();
}

void
resume(void)
{
    story_feed((struct input){ .kind = INPUT_CONTROL, .control = CONTROL_RESUME });
    pump();
}

void
drain(void)
{
    story_feed((struct input){ .kind = INPUT_CONTROL, .control = CONTROL_DRAIN });
    pump();
}

void
operator_says(enum control control)
{
    story_feed((struct input){ .kind = INPUT_CONTROL, .control = control });
    pump();
}

void
tokens_stay(void)
{
    world.tokens_stay = true;
}

void
credentials_live(ms_t ms)
{
    world.credential_life = ms;
}

void
credential_fails_then_hangs(void)
{
    world.credential_refusals = 1;
}

void
rotate(uint32_t target)
{
    struct input input = { .kind = INPUT_CREDENTIAL };
    input.credential.target = target;
    input.credential.ok = true;
    input.credential.rotated = true;
    input.credential.expires_at_ms = MS_NEVER;
    story_feed(input);
    pump();
}

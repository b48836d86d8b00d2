/* story.c: the little world around an engine in a story. */
#include "tests/story/story.h"

#include "codecs/buf.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { EVENTS_MAX = 4096, SCRIPT_MAX = 256, TRACE_MAX = 1 << 18, RECORDS_MAX = 4096, CALL_MS = 10, SILENT_MS = 5 };

struct happening {
    ms_t at;
    uint64_t order;
    struct input input;
    bool used;
};

struct stored_record {
    struct record_view view;
    char value[2048], key[64];
    struct header header;
};

static struct {
    struct engine_config config;
    struct backend_settings notice, soar;
    void *memory;
    struct engine *engine;
    struct decoder *decoder;
    ms_t now;
    uint64_t order;
    struct happening happenings[EVENTS_MAX];
    struct stored_record *records;
    uint32_t n_records;
    struct {
        char id[64];
        enum claim_verdict verdict;
        uint32_t doubt;
        bool used;
    } claims[SCRIPT_MAX];
    uint32_t n_claims;
    struct verdict replies[SCRIPT_MAX];
    uint32_t n_replies, next_reply;
    enum settle_answer settle_answer;
    enum commit_result commit_result;
    uint32_t settles, parks_failing, commits;
    bool hanging, silent, paused, credentials_hang;
    uint32_t credential_refusals;
    ms_t credential_life;
    char guilty[32], foreign[32];
    struct input held[SCRIPT_MAX];
    uint32_t n_held;
    char trace[TRACE_MAX];
    size_t trace_size;
    int64_t committed;
    uint32_t freed, calls, drained, epoch;
    uint32_t parked[REASON_COUNT];
    bool complete;
} world;

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
        .name = name, .backend = backend_of(kind), .settings = settings, .batch_messages = 1, .batch_bytes = 1 << 20, .concurrency = 4,
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

static void
feed(struct input input)
{
    input.now_ms = world.now;
    input.wall_ms = 1767322000000 + world.now;
    engine_feed(world.engine, &input);
}

static void
later(ms_t wait, struct input input)
{
    for (uint32_t i = 0; i < EVENTS_MAX; i++) {
        if (world.happenings[i].used)
            continue;
        world.happenings[i] = (struct happening){ world.now + wait, ++world.order, input, true };
        return;
    }
    cr_assert(false, "too many happenings");
}

static struct claim_answer
claim_script(const struct claim_order *order)
{
    struct claim_answer answer = { .verdict = CLAIM_FREE, .attempt = 1, .doubt = order->doubt };
    for (uint32_t i = 0; i < world.n_claims; i++) {
        if (world.claims[i].used || !slice_is(order->id, world.claims[i].id))
            continue;
        world.claims[i].used = true;
        answer.verdict = world.claims[i].verdict;
        answer.doubt = world.claims[i].doubt;
        answer.rest_ms = answer.verdict == CLAIM_BUSY ? 30000 : 0;
        return answer;
    }
    return answer;
}

static void
on_claim(const struct effect *effect)
{
    struct input input = { .kind = INPUT_CLAIMED };
    input.claimed.tag = effect->claim.tag;
    input.claimed.answer = world.silent ? (struct claim_answer){ .verdict = CLAIM_UNKNOWN } : claim_script(&effect->claim);
    later(world.silent ? SILENT_MS : 0, input);
}

static void
on_settle(const struct effect *effect)
{
    struct input input = { .kind = INPUT_SETTLED };
    input.settled.tag = effect->claim.tag;
    input.settled.answer = world.silent ? SETTLE_UNKNOWN : world.settles ? world.settle_answer : SETTLE_OK;
    if (!world.silent && world.settles)
        world.settles--;
    later(world.silent ? SILENT_MS : 0, input);
}

static bool
call_holds(const struct effect *effect, const char *id)
{
    struct call_member member;
    for (uint32_t i = 0; i < effect->call.n; i++) {
        engine_call_member(world.engine, effect->call.tag, i, &member);
        if (slice_is(member.id, id))
            return true;
    }
    return false;
}

static void
on_call(const struct effect *effect)
{
    struct input input = { .kind = INPUT_CALLED };
    struct call_member member;
    engine_call_member(world.engine, effect->call.tag, effect->call.n - 1, &member);
    cr_expect(effect->call.not_after_ms >= world.now, "a call that may not begin any more");
    input.called.tag = effect->call.tag;
    input.called.verdict = (struct verdict){ .outcome = OUTCOME_DELIVERED, .status = 200 };
    if (world.next_reply < world.n_replies)
        input.called.verdict = world.replies[world.next_reply++];
    if (world.guilty[0] && call_holds(effect, world.guilty))
        input.called.verdict = (struct verdict){ .outcome = OUTCOME_REJECTED, .status = 200, .code = "31400" };
    if (world.foreign[0] && call_holds(effect, world.foreign))
        input.called.verdict = (struct verdict){ .outcome = OUTCOME_AUTH, .status = 403, .code = "NoPermission" };
    world.calls++;
    if (world.hanging)
        world.held[world.n_held++] = input;
    else
        later(CALL_MS, input);
}

static void
on_park(const struct effect *effect)
{
    struct input input = { .kind = INPUT_PARKED };
    input.parked.tag = effect->park.tag;
    input.parked.ok = world.parks_failing == 0;
    if (world.parks_failing)
        world.parks_failing--;
    else
        world.parked[effect->park.reason]++;
    later(0, input);
}

static void
on_commit(const struct effect *effect)
{
    struct input input = { .kind = INPUT_COMMITTED };
    input.committed.partition = effect->commit.partition;
    input.committed.epoch = effect->commit.epoch;
    input.committed.offset = effect->commit.offset;
    input.committed.result = world.commits ? world.commit_result : COMMIT_OK;
    if (world.commits)
        world.commits--;
    if (input.committed.result == COMMIT_OK)
        world.committed = effect->commit.offset;
    later(0, input);
}

static void
perform(const struct effect *effect)
{
    struct input input = { .kind = INPUT_CREDENTIAL };
    switch (effect->kind) {
    case EFFECT_CLAIM:
        on_claim(effect);
        return;
    case EFFECT_SETTLE:
    case EFFECT_RENEW:
        on_settle(effect);
        return;
    case EFFECT_CALL:
        on_call(effect);
        return;
    case EFFECT_PARK:
        on_park(effect);
        return;
    case EFFECT_COMMIT:
        on_commit(effect);
        return;
    case EFFECT_PAUSE:
    case EFFECT_RESUME:
        world.paused = effect->kind == EFFECT_PAUSE;
        return;
    case EFFECT_FREE_RECORD:
        world.freed++;
        return;
    case EFFECT_FETCH_CREDENTIAL:
        input.credential.target = effect->credential.target;
        input.credential.ok = world.credential_refusals == 0;
        input.credential.expires_at_ms = world.credential_life ? world.now + world.credential_life : MS_NEVER;
        if (!world.credentials_hang)
            later(0, input);
        world.credentials_hang |= world.credential_refusals > 0;
        world.credential_refusals = 0;
        return;
    case EFFECT_NOTE:
        return;
    case EFFECT_DRAINED:
        world.drained++;
        world.complete = effect->drained.complete;
        return;
    }
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
        perform(&effect);
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
        feed(next->input);
    } else {
        feed((struct input){ .kind = INPUT_TICK });
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
    feed((struct input){ .kind = INPUT_TICK });
    pump();
}

void
assign(int64_t next_offset)
{
    static struct assignment partition;
    struct input input = { .kind = INPUT_ASSIGNED };
    partition = (struct assignment){ "alerts", 3, 0, next_offset };
    input.assigned.partitions = &partition;
    input.assigned.n = 1;
    input.assigned.epoch = ++world.epoch;
    world.paused = false;
    feed(input);
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
    record->view.timestamp_ms = 1767322000000 + world.now;
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
    feed(input);
}

void
receive(int64_t offset, const char *id, const char *incident)
{
    char json[512];
    snprintf(json, sizeof(json), "{\"v\":1,\"id\":\"%s\",\"kind\":\"notice\",\"incidentID\":\"%s\",\"title\":\"t\"}", id, incident);
    receive_record(offset, json, incident, false);
}

void
receive_replay(int64_t offset, const char *id, const char *incident)
{
    char json[512];
    snprintf(json, sizeof(json), "{\"v\":1,\"id\":\"%s\",\"kind\":\"notice\",\"incidentID\":\"%s\",\"title\":\"t\"}", id, incident);
    receive_record(offset, json, incident, true);
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
receive_text(int64_t offset, const char *json)
{
    receive_record(offset, json, "", false);
}

void
claim_says(const char *id, enum claim_verdict verdict, uint32_t doubt)
{
    cr_assert(world.n_claims < SCRIPT_MAX);
    snprintf(world.claims[world.n_claims].id, sizeof(world.claims[0].id), "%s", id);
    world.claims[world.n_claims].verdict = verdict;
    world.claims[world.n_claims++].doubt = doubt;
}

void
reply_is(enum outcome outcome, int status, const char *code, int64_t retry_after_ms)
{
    cr_assert(world.n_replies < SCRIPT_MAX);
    struct verdict *verdict = &world.replies[world.n_replies++];
    *verdict = (struct verdict){ .outcome = outcome, .status = status, .retry_after_ms = retry_after_ms };
    snprintf(verdict->code, sizeof(verdict->code), "%s", code);
}

void
replies(enum outcome first, ...)
{
    va_list arguments;
    va_start(arguments, first);
    for (int outcome = (int)first; outcome != OUTCOME_COUNT; outcome = va_arg(arguments, int))
        reply_is((enum outcome)outcome, outcome == OUTCOME_DELIVERED || outcome == OUTCOME_REJECTED ? 200 : outcome == OUTCOME_NOT_SENT ? 0 : 500,
                 outcome == OUTCOME_REJECTED ? "31400" : "", 0);
    va_end(arguments);
}

void
refuse_whatever_holds(const char *prefix, uint32_t number)
{
    snprintf(world.guilty, sizeof(world.guilty), "%s%02u", prefix, number);
}

void
refuse_auth_for(const char *id)
{
    snprintf(world.foreign, sizeof(world.foreign), "%s", id);
}

void
calls_hang(void)
{
    world.hanging = true;
}

void
calls_return(void)
{
    world.hanging = false;
    for (uint32_t i = 0; i < world.n_held; i++)
        later(0, world.held[i]);
    world.n_held = 0;
}

void
settles_say(enum settle_answer answer, uint32_t times)
{
    world.settle_answer = answer;
    world.settles = times;
}

void
parks_fail(uint32_t times)
{
    world.parks_failing = times;
}

void
commits_say(enum commit_result result, uint32_t times)
{
    world.commit_result = result;
    world.commits = times;
}

void
store_is_silent(bool silent)
{
    world.silent = silent;
}

void
revoke(void)
{
    feed((struct input){ .kind = INPUT_REVOKED });
    pump();
}

void
lose(void)
{
    feed((struct input){ .kind = INPUT_LOST });
    pump();
}

void
drain(void)
{
    feed((struct input){ .kind = INPUT_CONTROL, .control = CONTROL_DRAIN });
    pump();
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
    feed(input);
    pump();
}

void
forget(void)
{
    world.trace_size = 0;
    world.trace[0] = '\0';
}

void
expect(const char *trace)
{
    cr_expect_str_eq(world.trace, trace, "\n--- expected\n%s--- told\n%s---", trace, world.trace);
    forget();
}

void
expect_line(const char *part)
{
    cr_expect(strstr(world.trace, part) != NULL, "no line says \"%s\" in\n%s", part, world.trace);
}

void
expect_no_line(const char *part)
{
    cr_expect(strstr(world.trace, part) == NULL, "a line says \"%s\" in\n%s", part, world.trace);
}

int64_t
committed(void)
{
    return world.committed;
}

uint32_t
freed(void)
{
    return world.freed;
}

uint32_t
calls_seen(void)
{
    return world.calls;
}

uint32_t
parked_seen(const char *reason)
{
    for (unsigned i = 0; i < REASON_COUNT; i++)
        if (strcmp(reason_name((enum reason)i), reason) == 0)
            return world.parked[i];
    cr_assert(false, "no reason is called %s", reason);
    return 0;
}

uint32_t
drained_seen(void)
{
    return world.drained;
}

bool
drained_complete(void)
{
    return world.complete;
}

bool
is_paused(void)
{
    return world.paused;
}

const struct engine_stats *
stats(void)
{
    return engine_stats(world.engine);
}

void
everything_adds_up(void)
{
    const struct engine_stats *all = stats();
    for (uint32_t i = 0; i < world.config.n_targets + 2; i++) {
        const struct target_stats *target = &all->targets[i];
        uint64_t opened = 0, terminal = 0, inflight = 0;
        for (unsigned j = 0; j < SOURCES_MAX; j++)
            opened += target->opened[j];
        for (unsigned j = 0; j < TERMINAL_COUNT; j++)
            terminal += target->terminal[j];
        for (unsigned j = 0; j < STAGE_COUNT; j++)
            inflight += target->inflight[j];
        cr_expect_eq(opened, terminal + inflight, "target %u: opened %lu, terminal %lu, in flight %lu", i, opened, terminal, inflight);
    }
}

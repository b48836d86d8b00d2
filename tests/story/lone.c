/* lone.c: the world of lone.h: its stage, and what the engine is told. */
#include "tests/story/lone.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/mman.h>

/* ---- the stage ------------------------------------------------------------------------------------------------------------- */

static void
policy(struct lone *lone, enum lone_target which, const char *name, enum target_kind kind, uint32_t batch)
{
    lone->settings[which] = (struct backend_settings){
        .kind = kind, .host = "h", .path = "/", .playbook_uuid = "p", .node_name = "n", .component_name = "c", .action_name = "a",
        .role_for = "", .lang = "", .org_id = "o", .app_id = "a", .message_id_prefix = "", .default_audience = AUDIENCE_ALL,
    };
    lone->config.targets[which] = (struct target_policy){
        .name = name, .backend = backend_of(kind), .settings = &lone->settings[which], .batch_messages = batch,
        .batch_bytes = 1 << 20, .concurrency = 1, .max_attempts = 20, .max_elapsed_ms = 900000, .retry_base_ms = 200,
        .retry_max_ms = 30000, .retry_after_max_ms = 300000, .connect_timeout_ms = 2000, .call_timeout_ms = 10000,
        .claim_lease_ms = 30000, .dedup_ttl_ms = 86400000, .max_ambiguous = UINT32_MAX, .breaker_failures = 5,
        .breaker_every_ms = 30000,
    };
}

static void
config(struct lone *lone)
{
    lone->config = (struct engine_config){
        .n_targets = 2, .n_sources = 1, .n_routes = 2, .window_records = 64, .window_bytes = 1 << 20, .deliveries = 1000,
        .drain_ms = 40000, .revoke_drain_ms = 5000, .commit_every_ms = 1000, .commit_every_records = 1000, .owner = 7, .seed = 42,
    };
    policy(lone, LONE_PORTAL, "portal", TARGET_NOTICE, 2);
    policy(lone, LONE_SOAR, "soar", TARGET_SOAR, 1);
    lone->config.sources[0] = (struct source_policy){ "alerts", { FORMAT_AUTO, false, false, RECORD_BYTES_DEFAULT } };
    lone->config.routes[0] = (struct route){ .name = "portal", .kinds = 1u << EVENT_NOTICE, .target = 0 };
    lone->config.routes[1] = (struct route){ .name = "soar", .kinds = 1u << EVENT_INCIDENT_GENERATED, .target = 1 };
}

/* Fresh pages instead of a megabyte that is set to zero for each of some thousand engines. */
static void
fresh_memory(struct lone *lone)
{
    size_t size = engine_size(&lone->config);
    if (!lone->memory) {
        lone->memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        lone->memory_size = size;
        lone->decoder = decoder_new();
        cr_assert(lone->memory != MAP_FAILED && lone->decoder);
    }
    cr_assert_eq(madvise(lone->memory, size, MADV_DONTNEED), 0);
}

void
lone_begin(struct lone *lone)
{
    struct lone old = *lone;
    *lone = (struct lone){ .memory = old.memory, .memory_size = old.memory_size, .decoder = old.decoder, .next_offset = 41 };
    config(lone);
    fresh_memory(lone);
    lone->engine = engine_init(lone->memory, &lone->config, lone->decoder, 0);
    lone_assign(lone);
    lone_answer_credentials(lone);
}

void
lone_answer_credentials(struct lone *lone)
{
    for (uint32_t i = 0; i < LONE_OUT; i++)
        if (lone->out[i].used && lone->out[i].effect.kind == EFFECT_FETCH_CREDENTIAL) {
            struct input input = { .kind = INPUT_CREDENTIAL };
            lone->out[i].used = false;
            input.credential.target = lone->out[i].effect.credential.target;
            input.credential.ok = true;
            input.credential.expires_at_ms = MS_NEVER;
            lone_feed(lone, input);
        }
}

void
lone_release(struct lone *lone)
{
    if (lone->memory)
        munmap(lone->memory, lone->memory_size);
    decoder_free(lone->decoder);
    *lone = (struct lone){ 0 };
}

/* ---- what it is told ------------------------------------------------------------------------------------------------------- */

void
lone_feed_only(struct lone *lone, struct input input)
{
    input.now_ms = lone->now;
    input.wall_ms = 1767322000000 + lone->now;
    engine_feed(lone->engine, &input);
}

void
lone_feed(struct lone *lone, struct input input)
{
    lone_feed_only(lone, input);
    lone_pull(lone);
}

void
lone_wait(struct lone *lone, ms_t ms)
{
    lone->now += ms;
    lone_feed(lone, (struct input){ .kind = INPUT_TICK });
}

void
lone_assign(struct lone *lone)
{
    static const struct assignment partition = { .topic = "alerts", .number = 3 };
    struct assignment now = partition;
    struct input input = { .kind = INPUT_ASSIGNED };
    now.next_offset = lone->next_offset;
    input.assigned.partitions = &now;
    input.assigned.n = 1;
    input.assigned.epoch = ++lone->epoch;
    lone->committed = lone->next_offset;
    lone_feed(lone, input);
}

uint32_t
lone_receive_text(struct lone *lone, const char *text)
{
    cr_assert_lt(lone->n_records, LONE_RECORDS);
    uint32_t handle = lone->n_records++;
    struct input input = { .kind = INPUT_RECORD };
    struct buf messages;
    snprintf(lone->records[handle].value, sizeof(lone->records[handle].value), "%s", text);
    lone->records[handle].view = (struct record_view){ .value = slice_of(lone->records[handle].value),
                                                       .timestamp_ms = 1767322000000 + lone->now };
    if (lone->header.name.at) {
        lone->records[handle].view.headers = &lone->header;
        lone->records[handle].view.n_headers = 1;
    }
    lone->records[handle].epoch = lone->epoch;
    lone->records[handle].offset = lone->next_offset++;
    input.record.handle = handle;
    input.record.epoch = lone->epoch;
    input.record.offset = lone->records[handle].offset;
    input.record.view = &lone->records[handle].view;
    buf_init(&messages, lone->messages[handle], sizeof(lone->messages[handle]));
    input.record.messages = &messages;
    input.record.bytes = (uint32_t)strlen(text);
    lone_feed(lone, input);
    return handle;
}

uint32_t
lone_receive(struct lone *lone, enum lone_target target, const char *id, const char *incident)
{
    char text[400];
    snprintf(text, sizeof(text), "{\"v\":1,\"id\":\"%s\",\"kind\":\"%s\",\"incidentID\":\"%s\",%s}", id,
             target == LONE_PORTAL ? "notice" : "incident.generated", incident,
             target == LONE_PORTAL ? "\"title\":\"t\""
                                   : "\"aliyunUID\":\"1\",\"incidentName\":\"n\",\"startTime\":\"2026-01-02 03:04:05\"");
    return lone_receive_text(lone, text);
}

static bool
take(struct lone *lone, enum effect_kind kind, uint32_t handle, struct effect *effect)
{
    for (uint32_t i = 0; i < LONE_OUT; i++) {
        if (!lone->out[i].used || lone->out[i].effect.kind != kind || lone->out[i].handle != handle)
            continue;
        *effect = lone->out[i].effect;
        lone->out[i].used = false;
        return true;
    }
    return false;
}

bool
lone_claimed(struct lone *lone, uint32_t handle, enum claim_verdict verdict)
{
    struct effect effect;
    struct input input = { .kind = INPUT_CLAIMED };
    if (!take(lone, EFFECT_CLAIM, handle, &effect))
        return false;
    input.claimed.tag = effect.claim.tag;
    input.claimed.answer = (struct claim_answer){ .verdict = verdict, .attempt = 1, .doubt = effect.claim.doubt,
                                                  .rest_ms = 30000 };
    lone_feed(lone, input);
    return true;
}

struct input
lone_call_answer(struct tag tag, enum outcome outcome, int64_t retry_after_ms)
{
    struct input input = { .kind = INPUT_CALLED };
    input.called.tag = tag;
    input.called.verdict = (struct verdict){ .outcome = outcome, .retry_after_ms = retry_after_ms,
                                             .status = outcome == OUTCOME_NOT_SENT ? 0 : 200 };
    return input;
}

bool
lone_called(struct lone *lone, uint32_t handle, enum outcome outcome, int64_t retry_after_ms)
{
    struct effect effect;
    if (!take(lone, EFFECT_CALL, handle, &effect))
        return false;
    lone_feed(lone, lone_call_answer(effect.call.tag, outcome, retry_after_ms));
    return true;
}

bool
lone_settled(struct lone *lone, uint32_t handle, enum settle_answer answer)
{
    struct effect effect;
    struct input input = { .kind = INPUT_SETTLED };
    if (!take(lone, EFFECT_SETTLE, handle, &effect) && !take(lone, EFFECT_RENEW, handle, &effect))
        return false;
    input.settled.tag = effect.claim.tag;
    input.settled.answer = answer;
    lone_feed(lone, input);
    return true;
}

bool
lone_parked(struct lone *lone, uint32_t handle, bool ok)
{
    struct effect effect;
    struct input input = { .kind = INPUT_PARKED };
    if (!take(lone, EFFECT_PARK, handle, &effect))
        return false;
    input.parked.tag = effect.park.tag;
    input.parked.ok = ok;
    lone_feed(lone, input);
    return true;
}

static struct tag
tag_of(const struct effect *effect)
{
    if (effect->kind == EFFECT_CALL)
        return effect->call.tag;
    return effect->kind == EFFECT_PARK ? effect->park.tag : effect->claim.tag;
}

void
lone_forget_out(struct lone *lone, enum effect_kind kind, struct tag tag)
{
    for (uint32_t i = 0; i < LONE_OUT; i++) {
        struct tag out = tag_of(&lone->out[i].effect);
        if (lone->out[i].used && lone->out[i].effect.kind == kind && out.slot == tag.slot && out.serial == tag.serial)
            lone->out[i].used = false;
    }
}

enum delivery_state
lone_state(const struct lone *lone)
{
    for (uint32_t i = 0; i < lone->engine->fresh_deliveries; i++) {
        const struct delivery *delivery = &lone->engine->deliveries[i];
        if (delivery->state != DELIVERY_FREE && delivery->record->handle == lone->x)
            return delivery->state;
    }
    return DELIVERY_FREE;
}

/* lone_watch.c: what the world of lone.h keeps of the effects, what it watches, and how everything comes to an end. */
#include "tests/story/lone.h"

#include "tests/story/rest.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>

static void __attribute__((format(printf, 2, 3)))
fail(struct lone *lone, const char *format, ...)
{
    va_list arguments;
    if (lone->failure[0])
        return;
    va_start(arguments, format);
    vsnprintf(lone->failure, sizeof(lone->failure), format, arguments);
    va_end(arguments);
}

/* ---- what the engine wants ------------------------------------------------------------------------------------------------- */

static void
committed(struct lone *lone, const struct effect *effect)
{
    for (uint32_t i = 0; i < lone->n_records; i++) {
        if (lone->records[i].epoch != effect->commit.epoch || lone->records[i].offset >= effect->commit.offset)
            continue;
        if (!lone->records[i].freed || lone->records[i].abandoned)
            fail(lone, "%ld is committed, but %ld is %s", effect->commit.offset, lone->records[i].offset,
                 lone->records[i].freed ? "abandoned" : "open");
    }
}

static void
freed(struct lone *lone, uint32_t handle)
{
    if (handle >= lone->n_records || lone->records[handle].freed) {
        fail(lone, "record %u is given back twice, or was never given", handle);
        return;
    }
    lone->records[handle].freed = true;
    for (uint32_t i = 0; i < lone->engine->fresh_records; i++)
        if (lone->engine->records[i].handle == handle)
            lone->records[handle].abandoned = lone->engine->records[i].abandoned;
}

static uint32_t
handle_of(struct lone *lone, const struct effect *effect)
{
    struct call_member member;
    switch (effect->kind) {
    case EFFECT_CLAIM:
    case EFFECT_SETTLE:
    case EFFECT_RENEW:
        return lone->engine->deliveries[effect->claim.tag.slot].record->handle;
    case EFFECT_PARK:
        return effect->park.handle;
    case EFFECT_CALL:
        engine_call_member(lone->engine, effect->call.tag, 0, &member);
        return member.handle;
    default:
        return UINT32_MAX;
    }
}

static void
keep(struct lone *lone, const struct effect *effect)
{
    uint32_t handle = handle_of(lone, effect), i = 0;
    while (i < LONE_OUT && lone->out[i].used)
        i++;
    cr_assert_lt(i, LONE_OUT);
    lone->out[i] = (struct lone_out){ *effect, handle, true };
    if (handle != lone->x)
        return;
    if (effect->kind == EFFECT_CALL)
        lone->call_tag = effect->call.tag;
    else
        lone->delivery_tag = effect->kind == EFFECT_PARK ? effect->park.tag : effect->claim.tag;
}

static void
adds_up(struct lone *lone)
{
    const struct engine_stats *stats = engine_stats(lone->engine);
    for (uint32_t i = 0; i < lone->config.n_targets + 2; i++) {
        uint64_t opened = stats->targets[i].opened[0], known = 0;
        for (unsigned j = 0; j < TERMINAL_COUNT; j++)
            known += stats->targets[i].terminal[j];
        for (unsigned j = 0; j < STAGE_COUNT; j++)
            known += stats->targets[i].inflight[j];
        if (opened != known)
            fail(lone, "target %u: %lu opened, %lu terminal or in flight", i, opened, known);
    }
}

void
lone_pull(struct lone *lone)
{
    struct effect effect;
    while (engine_next(lone->engine, &effect)) {
        switch (effect.kind) {
        case EFFECT_FREE_RECORD:
            freed(lone, effect.handle);
            break;
        case EFFECT_COMMIT:
            committed(lone, &effect);
            keep(lone, &effect);
            break;
        case EFFECT_CLAIM:
        case EFFECT_SETTLE:
        case EFFECT_RENEW:
        case EFFECT_CALL:
        case EFFECT_PARK:
        case EFFECT_FETCH_CREDENTIAL:
            keep(lone, &effect);
            break;
        default:                    /* pauses, notes, the end of a drain: nobody waits for an answer */
            break;
        }
    }
    adds_up(lone);
}

/* ---- the end --------------------------------------------------------------------------------------------------------------- */

static void
answer_well(struct lone *lone, struct lone_out *out)
{
    struct input input = { .kind = INPUT_CREDENTIAL };
    switch (out->effect.kind) {
    case EFFECT_CLAIM:
        lone_claimed(lone, out->handle, CLAIM_FREE);
        return;
    case EFFECT_SETTLE:
    case EFFECT_RENEW:
        lone_settled(lone, out->handle, SETTLE_OK);
        return;
    case EFFECT_CALL:
        lone_called(lone, out->handle, OUTCOME_DELIVERED, 0);
        return;
    case EFFECT_PARK:
        lone_parked(lone, out->handle, true);
        return;
    case EFFECT_COMMIT:
        out->used = false;
        input.kind = INPUT_COMMITTED;
        input.committed.partition = out->effect.commit.partition;
        input.committed.epoch = out->effect.commit.epoch;
        input.committed.offset = out->effect.commit.offset;
        input.committed.result = COMMIT_OK;
        if (input.committed.epoch == lone->epoch)
            lone->committed = out->effect.commit.offset;
        break;
    default:
        out->used = false;
        input.credential.target = out->effect.credential.target;
        input.credential.ok = true;
        input.credential.expires_at_ms = MS_NEVER;
        break;
    }
    lone_feed(lone, input);
}

static bool
answer_all(struct lone *lone)
{
    bool any = false;
    for (uint32_t i = 0; i < LONE_OUT; i++)
        if (lone->out[i].used) {
            any = true;
            answer_well(lone, &lone->out[i]);
        }
    return any;
}

static void
records_are_back(struct lone *lone)
{
    bool all_done = true;
    for (uint32_t i = 0; i < lone->n_records; i++) {
        if (!lone->records[i].freed)
            fail(lone, "record %u was never given back", i);
        all_done &= lone->records[i].epoch != lone->epoch || !lone->records[i].abandoned;
    }
    bool reading = lone->engine->n_partitions > 0 && !lone->engine->stopped;
    if (reading && all_done && !lone->stale_commits && lone->committed != lone->next_offset)
        fail(lone, "all is finished, %ld is committed and %ld comes next", lone->committed, lone->next_offset);
}

void
lone_finish(struct lone *lone)
{
    struct input resume = { .kind = INPUT_CONTROL, .control = CONTROL_RESUME };
    lone_feed(lone, resume);
    for (uint32_t round = 0; round < 1000; round++) {
        if (answer_all(lone))
            continue;
        ms_t at = engine_deadline(lone->engine);
        if (at == MS_NEVER)
            break;
        lone_wait(lone, at > lone->now ? at - lone->now : 0);
    }
    const char *rest = rest_of(lone->engine);
    if (rest)
        fail(lone, "%s", rest);
    records_are_back(lone);
}

/* story_answers.c: what the world answers to the effects of the engine, and the scripts that say it. */
#include "tests/story/story.h"
#include "tests/story/story_world.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
        answer.attempt = order->attempt + (answer.verdict == CLAIM_RETRY || answer.verdict == CLAIM_TAKEOVER);
        answer.rest_ms = answer.verdict == CLAIM_BUSY ? 30000 : 0;
        answer.met_owner = world.claims[i].own_dispatch ? world.config.owner : 0;
        answer.met_dispatch = world.claims[i].own_dispatch;
        return answer;
    }
    return answer;
}

static void
count_order(const struct claim_order *order)
{
    world.orders[order->target]++;
    world.degradable[order->target] += order->degrade;
}

static void
on_claim(const struct effect *effect)
{
    struct input input = { .kind = INPUT_CLAIMED };
    count_order(&effect->claim);
    input.claimed.tag = effect->claim.tag;
    if (world.silent)
        input.claimed.answer = (struct claim_answer){ .verdict = CLAIM_UNKNOWN };
    else
        input.claimed.answer = world.store.truthful ? store_claim(&effect->claim) : claim_script(&effect->claim);
    story_later(world.silent ? SILENT_MS : world.claim_ms, input);
}

static void
on_settle(const struct effect *effect)
{
    struct input input = { .kind = INPUT_SETTLED };
    count_order(&effect->claim);
    input.settled.tag = effect->claim.tag;
    if (effect->kind == EFFECT_SETTLE) {
        snprintf(world.last_end_id, sizeof(world.last_end_id), "%.*s", (int)effect->claim.id.size, effect->claim.id.at);
        world.last_end = effect->claim.end;
    }
    input.settled.answer = world.silent ? SETTLE_UNKNOWN : world.settles ? world.settle_answer : SETTLE_OK;
    if (!world.silent && !world.settles && world.store.truthful)
        input.settled.answer = store_settle(&effect->claim);
    if (!world.silent && world.settles)
        world.settles--;
    story_later(world.silent ? SILENT_MS : 0, input);
}

/* "resend inc-1 soar by soar, doubt 1, 1 calls, 500/-, alerts/3/41" */
static void
on_journal(const struct effect *effect)
{
    const struct journal_entry *from = &effect->journal;
    if (world.n_journal == JOURNAL_MAX)
        return;                 /* long stories do not ask for it */
    struct story_entry *entry = &world.journal[world.n_journal++];
    struct buf text;
    *entry = (struct story_entry){ .what = from->what, .again = from->again, .end = from->end, .doubt = from->doubt };
    snprintf(entry->id, sizeof(entry->id), "%.*s", (int)from->id.size, from->id.size ? from->id.at : "");
    snprintf(entry->target, sizeof(entry->target), "%s", from->target);
    buf_init(&text, entry->text, sizeof(entry->text));
    buf_format(&text, "%s%s %s %s by %s, ", from->again ? "again " : "", journal_outcome(from), entry->id, entry->target,
               from->route ? from->route : "-");
    if (from->reason != REASON_COUNT) {
        journal_put_reason(&text, from->reason, from->fault);
        buf_text(&text, ", ");
    }
    buf_format(&text, "doubt %u, %u calls, ", from->doubt, from->attempts);
    journal_put_code(&text, from->status, from->code);
    buf_format(&text, ", %s/%d/%lld", from->topic, from->partition, (long long)from->offset);
    if (from->suppressed_by.size)
        buf_format(&text, ", repeat of %.*s", (int)from->suppressed_by.size, from->suppressed_by.at);
    (void)buf_cstr(&text);
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

/* What is delivered, or refused alone, comes after what ended before it. */
static void
watch_order(const struct effect *effect, enum outcome outcome)
{
    struct call_member member;
    if (outcome != OUTCOME_DELIVERED && !(outcome == OUTCOME_REJECTED && effect->call.n == 1))
        return;
    for (uint32_t i = 0; i < effect->call.n; i++) {
        char id[32];
        engine_call_member(world.engine, effect->call.tag, i, &member);
        snprintf(id, sizeof(id), "%.*s", (int)member.id.size, member.id.at);
        world.out_of_order |= strcmp(id, world.last_ended) < 0;
        memcpy(world.last_ended, id, sizeof(id));
    }
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
    for (uint32_t i = 0; i < world.n_guilty; i++)
        if (call_holds(effect, world.guilty_ids[i]))
            input.called.verdict = (struct verdict){ .outcome = OUTCOME_REJECTED, .status = 200, .code = "31400" };
    watch_order(effect, input.called.verdict.outcome);
    if (world.foreign[0] && call_holds(effect, world.foreign))
        input.called.verdict = (struct verdict){ .outcome = world.foreign_outcome, .status = 403, .code = "NoPermission" };
    if (world.poison[0] && call_holds(effect, world.poison))
        input.called.verdict = (struct verdict){ .outcome = OUTCOME_NOT_EXECUTED, .status = 503 };
    if (world.refusing)
        input.called.verdict = (struct verdict){ .outcome = OUTCOME_REJECTED, .status = 200, .code = "31400" };
    world.calls++;
    if (world.hanging)
        world.held[world.n_held++] = input;
    else
        story_later(world.takes_ms[effect->call.target] ? world.takes_ms[effect->call.target] : CALL_MS, input);
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
    if (world.parks_hang)
        world.held_parks[world.n_held_parks++] = input;
    else
        story_later(0, input);
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
    story_later(0, input);
}

/* "claim a", "journal resend", "call 2", "free"; a renewal as idle is "idle a". */
static void
note_order(const struct effect *effect)
{
    static const char *const verbs[] = { [EFFECT_CLAIM] = "claim", [EFFECT_SETTLE] = "settle", [EFFECT_RENEW] = "renew" };
    struct buf text;
    buf_init(&text, world.given_out + world.given_out_size, sizeof(world.given_out) - world.given_out_size);
    if (effect->kind == EFFECT_CALL)
        buf_format(&text, "call %u\n", effect->call.n);
    else if (effect->kind == EFFECT_FREE_RECORD)
        buf_text(&text, "free\n");
    else if (effect->kind == EFFECT_JOURNAL)
        buf_format(&text, "journal %s\n", journal_outcome(&effect->journal));
    else if (effect->kind == EFFECT_CLAIM || effect->kind == EFFECT_SETTLE || effect->kind == EFFECT_RENEW)
        buf_format(&text, "%s %.*s\n", effect->claim.idle ? "idle" : verbs[effect->kind], (int)effect->claim.id.size,
                   effect->claim.id.at);
    world.given_out_size += text.overflow ? 0 : text.size;      /* long stories do not ask for it */
}

void
story_perform(const struct effect *effect)
{
    note_order(effect);
    struct input input = { .kind = INPUT_CREDENTIAL };
    switch (effect->kind) {
    case EFFECT_CLAIM:
        on_claim(effect);
        return;
    case EFFECT_SETTLE:
    case EFFECT_RENEW:
        on_settle(effect);
        return;
    case EFFECT_JOURNAL:
        on_journal(effect);
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
        input.credential.same = world.tokens_stay;
        input.credential.expires_at_ms = world.credential_life ? world.now + world.credential_life : MS_NEVER;
        if (!world.credentials_hang)
            story_later(0, input);
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

void
claim_says(const char *id, enum claim_verdict verdict, uint32_t doubt)
{
    cr_assert(world.n_claims < SCRIPT_MAX);
    snprintf(world.claims[world.n_claims].id, sizeof(world.claims[0].id), "%s", id);
    world.claims[world.n_claims].verdict = verdict;
    world.claims[world.n_claims++].doubt = doubt;
}

void
claim_meets_own(const char *id, uint64_t dispatch)
{
    claim_says(id, CLAIM_BUSY, 0);
    world.claims[world.n_claims - 1].own_dispatch = dispatch;
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
        reply_is((enum outcome)outcome,
                 outcome == OUTCOME_DELIVERED || outcome == OUTCOME_REJECTED ? 200 : outcome == OUTCOME_NOT_SENT ? 0 : 500,
                 outcome == OUTCOME_REJECTED ? "31400" : "", 0);
    va_end(arguments);
}

void
refuse_whatever_holds(const char *prefix, uint32_t number)
{
    snprintf(world.guilty, sizeof(world.guilty), "%s%02u", prefix, number);
}

void
refuse_message(const char *id)
{
    cr_assert(world.n_guilty < sizeof(world.guilty_ids) / sizeof(world.guilty_ids[0]));
    snprintf(world.guilty_ids[world.n_guilty++], sizeof(world.guilty_ids[0]), "%s", id);
}

void
refuse_all(bool refuse)
{
    world.refusing = refuse;
}

void
refuse_for(const char *id, enum outcome outcome)
{
    world.foreign_outcome = outcome;
    snprintf(world.foreign, sizeof(world.foreign), "%s", id);
}

void
fail_for(const char *id)
{
    snprintf(world.poison, sizeof(world.poison), "%s", id);
}

void
slow_target(uint32_t target, ms_t takes_ms)
{
    world.takes_ms[target] = takes_ms;
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
        story_later(0, world.held[i]);
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
parks_hang(bool hang)
{
    world.parks_hang = hang;
    for (uint32_t i = 0; i < world.n_held_parks; i++)
        story_later(0, world.held_parks[i]);
    world.n_held_parks = 0;
}

void
commits_say(enum commit_result result, uint32_t times)
{
    world.commit_result = result;
    world.commits = times;
}

void
store_forgets(void)
{
    struct input input = { .kind = INPUT_AMNESIA };
    input.amnesia.until_ms = 1767322000000 + world.now;
    story_feed(input);
}

void
claims_take(ms_t ms)
{
    world.claim_ms = ms;
}

void
store_is_silent(bool silent)
{
    world.silent = silent;
}

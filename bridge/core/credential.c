/* credential.c: whether a target's credentials work, and when others are asked for. The secrets themselves never come in here. */
#include "bridge/core/state.h"

enum { REFRESH_BEFORE_MAX_MS = 300000, FETCH_AGAIN_FIRST_MS = 500, FETCH_AGAIN_MAX_MS = 30000 };
enum { SHORT_LIFE_MS = 10000, SHORT_LIVES_MAX = 1, STORM_FIRST_MS = 1000, STORM_MAX_MS = 10000 };

static void
fetch(struct engine *engine, struct target *target, enum credential_state state)
{
    target->credential.state = state;
    todo_push(engine, EFFECT_FETCH_CREDENTIAL, target->index, target->credential.refused);
}

/* One fetch at a time; the present credential goes on working while its successor is asked for. */
void
credential_review(struct engine *engine, struct target *target)
{
    switch (target->credential.state) {
    case CREDENTIAL_NONE:
        fetch(engine, target, CREDENTIAL_FETCHING);
        return;
    case CREDENTIAL_READY:
        if (target->credential.refresh_ms <= engine->now_ms)
            fetch(engine, target, CREDENTIAL_REFRESHING);
        return;
    case CREDENTIAL_FAILED:
        if (target->credential.retry_ms <= engine->now_ms)
            fetch(engine, target, credential_usable(engine, target) ? CREDENTIAL_REFRESHING : CREDENTIAL_FETCHING);
        return;
    case CREDENTIAL_FETCHING:
    case CREDENTIAL_REFRESHING:
        return;
    }
}

/* Where a service gives one token at a time, each worker's ends those of the others, and whoever asks at once for the next one
 * ends them again. Growing waits of chance leave whoever has one in peace for a while. */
static void
refused_soon(struct engine *engine, struct target *target)
{
    ms_t wait = retry_wait(&engine->random, STORM_FIRST_MS, STORM_MAX_MS, ++target->credential.short_lives - SHORT_LIVES_MAX);
    target->credential.state = CREDENTIAL_FAILED;
    target->credential.retry_ms = engine->now_ms + wait;
    TRACE(engine, target->policy->name, "tokens end soon, another in %lld ms", (long long)wait);
}

void
credential_refused(struct engine *engine, struct target *target)
{
    if (target->credential.state != CREDENTIAL_READY)
        return;                     /* one is on its way */
    bool soon = target->policy->backend->needs_token && engine->now_ms - target->credential.had_ms < SHORT_LIFE_MS;
    target->credential.refused = true;
    target->credential.state = CREDENTIAL_NONE;
    if (!soon)
        target->credential.short_lives = 0;
    else if (target->credential.short_lives < SHORT_LIVES_MAX)
        target->credential.short_lives++;
    else
        refused_soon(engine, target);
}

/* What was refused half a minute ago says little about a token that came just now, and may be over in another half. */
static void
try_at_once(struct engine *engine, struct target *target)
{
    bool second = target->credential.is_second && target->pause != TARGET_RUNNING && target->policy->backend->needs_token;
    target->credential.tried_at_once = second && !target->credential.tried_at_once;
    if (target->credential.tried_at_once)
        target_try_now(engine, target);
}

static void
had(struct engine *engine, struct target *target, ms_t expires_ms)
{
    ms_t life = expires_ms == MS_NEVER ? 0 : expires_ms - engine->now_ms;
    ms_t before = life / 4 < REFRESH_BEFORE_MAX_MS ? life / 4 : REFRESH_BEFORE_MAX_MS;
    target->credential.state = CREDENTIAL_READY;
    target->credential.failures = 0;
    target->credential.serial++;
    target->credential.had_ms = engine->now_ms;
    target->credential.is_second = target->credential.refused;
    target->credential.refused = false;
    target->credential.expires_ms = expires_ms;
    target->credential.refresh_ms = expires_ms == MS_NEVER ? MS_NEVER : expires_ms - before;
    TRACE(engine, target->policy->name, "credential ready");
}

static void
failed(struct engine *engine, struct target *target, bool refused)
{
    target->credential.failures++;
    ms_t wait = retry_wait(&engine->random, FETCH_AGAIN_FIRST_MS, FETCH_AGAIN_MAX_MS, target->credential.failures);
    target->credential.state = CREDENTIAL_FAILED;
    target->credential.retry_ms = engine->now_ms + wait;
    TRACE(engine, target->policy->name, "credential %s, again in %lld ms", refused ? "refused" : "not had", (long long)wait);
}

void
credential_answered(struct engine *engine, const struct input *input)
{
    check(input->credential.target < engine->config.n_targets);
    struct target *target = &engine->targets[input->credential.target];
    if (input->credential.ok && input->credential.expires_at_ms > engine->now_ms) {
        had(engine, target, input->credential.expires_at_ms);
        if (input->credential.same)
            target->credential.short_lives = 0;
        try_at_once(engine, target);
        if (input->credential.rotated)
            target_try_now(engine, target);
        return;
    }
    if (input->credential.rotated) {
        target->credential.short_lives = 0;
        credential_refused(engine, target);
    } else {
        failed(engine, target, input->credential.refused);
    }
}

/* A failed refresh leaves the old one in use until it expires. */
bool
credential_usable(const struct engine *engine, const struct target *target)
{
    switch (target->credential.state) {
    case CREDENTIAL_READY:
    case CREDENTIAL_REFRESHING:
        return true;
    case CREDENTIAL_FAILED:
        return !target->credential.refused && target->credential.expires_ms > engine->now_ms;
    case CREDENTIAL_NONE:
    case CREDENTIAL_FETCHING:
        return false;
    }
    return false;
}

ms_t
credential_deadline(const struct target *target)
{
    switch (target->credential.state) {
    case CREDENTIAL_READY:
        return target->credential.refresh_ms;
    case CREDENTIAL_FAILED:
        return target->credential.retry_ms;
    case CREDENTIAL_NONE:
    case CREDENTIAL_FETCHING:
    case CREDENTIAL_REFRESHING:
        return MS_NEVER;
    }
    return MS_NEVER;
}

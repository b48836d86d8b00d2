/* chain_fetch.c: carries out what a target's credential chain asks for, and tells the engine how it ended. */
#include "bridge/worker/parts.h"

#include "bridge/io/clock.h"

#include <stdlib.h>
#include <string.h>

enum {
    REFRESH_BEFORE_MAX_MS = 15 * 60 * 1000,
    ENGINE_BEFORE_MAX_MS = 5 * 60 * 1000,   /* the engine asks when so much is left, or a quarter */
    AGAIN_FIRST_MS = 1000, AGAIN_MAX_MS = 30000,
};

struct chain *
chain_new(const struct config_target *target)
{
    struct chain_environment environment = { .proxy = target->proxy, .ca_file = target->ca_file };
    for (int i = 0; i < CHAIN_VARIABLE_COUNT; i++)
        environment.values[i] = getenv(chain_variable_name((enum chain_variable)i));
    struct chain *chain = calloc(1, sizeof(*chain));
    check(chain != NULL);
    chain_init(chain, &environment);
    return chain;
}

void
chain_free(struct chain *chain)
{
    if (!chain)
        return;
    chain_wipe(chain);
    free(chain);
}

void
chain_drop(struct holder *holder)
{
    secret_wipe(&holder->profile);
    chain_free(holder->chain);
    holder->chain = NULL;
}

/* ---- how a round ends ---- */

/* The engine asks again when min(5 min, a quarter) of what it is told is left. For temporary keys min(15 min, a quarter) is
 * wanted, so it is told an earlier end; the true one stays here. */
static ms_t
told_end(ms_t now_ms, ms_t ask_ms)
{
    ms_t third = (ask_ms - now_ms) / 3;
    return ask_ms + (third < ENGINE_BEFORE_MAX_MS ? third : ENGINE_BEFORE_MAX_MS);
}

static void
had(struct holder *holder)
{
    int64_t end_ms = holder->chain->keys.expires_wall_ms;
    ms_t now = clock_now_ms(), life = end_ms == CHAIN_NEVER ? 0 : end_ms - clock_wall_ms();
    ms_t before = life / 4 < REFRESH_BEFORE_MAX_MS ? life / 4 : REFRESH_BEFORE_MAX_MS;
    holder->fetched[0]++;
    holder->refused = false;
    holder->chain_failures = 0;
    holder->chain_expires_ms = end_ms == CHAIN_NEVER ? MS_NEVER : now + life;
    log_line(LOG_AB5301, &(struct log_fields){ .target = holder->worker->target_names[holder->target], .duration_ms = life,
                                               .outcome = chain_provider_name(holder->chain->provider) });
    credentials_answer(holder, true, false, end_ms == CHAIN_NEVER ? MS_NEVER : told_end(now, now + life - before));
}

/* Half of a bound that doubles, and up to as much again by chance: workers that lost the same service come back one by one. */
static ms_t
wait_ms(uint32_t failures)
{
    ms_t bound = failures > 5 ? AGAIN_MAX_MS : AGAIN_FIRST_MS << (failures - 1);
    uint32_t chance;
    entropy(&chance, sizeof(chance));
    bound = bound < AGAIN_MAX_MS ? bound : AGAIN_MAX_MS;
    return bound / 2 + (ms_t)(chance % (uint64_t)(bound / 2 + 1));
}

static void
had_not(struct holder *holder)
{
    const struct chain *chain = holder->chain;
    static const enum log_code codes[] = {
        [CHAIN_AGAIN] = LOG_AB5302, [CHAIN_REFUSED] = LOG_AB5303, [CHAIN_UNUSABLE] = LOG_AB5304,
    };
    holder->fetched[1]++;
    ms_t now = clock_now_ms();
    log_line(codes[chain->result], &(struct log_fields){ .target = holder->worker->target_names[holder->target],
                                                         .outcome = chain_provider_name(chain->provider),
                                                         .http_status = chain->status, .error = chain->why });
    holder->chain_failures++;
    holder->rotated = false;
    if (holder->refused || !chain->keys.id[0] || holder->chain_expires_ms <= now) {
        credentials_answer(holder, false, chain->result == CHAIN_REFUSED, 0);
        return;
    }
    /* The present keys are good: they stay in use, and the engine asks again soon. */
    ms_t again = now + wait_ms(holder->chain_failures);
    credentials_answer(holder, true, false, told_end(now, again < holder->chain_expires_ms ? again : holder->chain_expires_ms));
}

/* ---- what the chain asks for ---- */

static void
read_file(struct holder *holder)
{
    struct chain *chain = holder->chain;
    struct secret token = { .path = chain->path };
    bool is_profile = chain->step == STEP_PROFILE_FILE;
    struct secret *secret = is_profile ? &holder->profile : &token;
    secret->path = chain->path;
    enum secret_result result = secret_read(secret);
    holder->rotated |= is_profile && chain->settled && result == SECRET_CHANGED;
    chain_take_file(chain, result, secret_view(secret));
    secret_wipe(&token);
}

static void
call(struct holder *holder)
{
    struct worker *worker = holder->worker;
    uint32_t slot;
    struct request *request = http_request(worker->http, &slot);
    check(request != NULL);
    chain_write(holder->chain, request, clock_wall_ms());
    http_send(worker->http, slot, &holder->chain->endpoint, (struct tag){ (uint32_t)TOKEN_TAG | holder->target, 1 }, MS_NEVER);
}

static void
go_on(struct holder *holder)
{
    while (chain_ask(holder->chain) == CHAIN_FILE)
        read_file(holder);
    if (chain_ask(holder->chain) == CHAIN_CALL) {
        call(holder);
        return;
    }
    holder->chain_busy = false;
    if (holder->chain->result == CHAIN_HAD)
        had(holder);
    else
        had_not(holder);
}

/* One round at a time: what it brings answers whoever asked meanwhile. */
void
chain_fetch(struct holder *holder, bool refused)
{
    holder->refused |= refused;
    if (holder->chain_busy)
        return;
    holder->chain_busy = true;
    chain_begin(holder->chain);
    go_on(holder);
}

void
chain_answered(struct holder *holder, const struct reply *reply)
{
    chain_take_reply(holder->chain, reply, clock_wall_ms());
    go_on(holder);
}

/* Keys that stand in a profile file may be changed there. */
void
chain_check_file(struct holder *holder)
{
    struct chain *chain = holder->chain;
    if (!chain->settled || holder->chain_busy || (chain->provider != CHAIN_CLI_PROFILE && chain->provider != CHAIN_INI_FILE))
        return;
    holder->profile.path = chain->profile_path;
    if (secret_read(&holder->profile) != SECRET_CHANGED)
        return;
    holder->rotated = true;
    log_line(LOG_AB1202, &(struct log_fields){ .target = holder->worker->target_names[holder->target] });
    chain_fetch(holder, false);
}

/* credentials.c: what signs for each target: secret files, else the default chain (chain_fetch.c); the portal's access token. */
#include "bridge/worker/parts.h"

#include "bridge/io/clock.h"

#include <string.h>

static bool
given(const char *path)
{
    return path && path[0];
}

static void
init_soar(struct holder *holder, const struct config_target *target)
{
    holder->id.path = target->access_key_id_file;
    holder->secret.path = target->access_key_secret_file;
    holder->extra.path = target->security_token_file;
    if (!given(target->access_key_id_file))
        holder->chain = chain_new(target);
}

void
credentials_init(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->config->n_targets; i++) {
        const struct config_target *target = &worker->config->targets[i];
        struct holder *holder = &worker->holders[i];
        holder->worker = worker;
        holder->target = i;
        if (target->settings.kind == TARGET_SOAR) {
            init_soar(holder, target);
            continue;
        }
        holder->id.path = target->app_key_file;
        holder->secret.path = target->app_secret_file;
    }
}

/* Keys go into headers, where a line break would be a header of its own. */
static bool
is_one_line(struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f)
            return false;
    return true;
}

enum secret_result
credentials_read_line(struct secret *secret)
{
    struct secret fresh = { .path = secret->path };
    enum secret_result result = secret_read(&fresh);
    if (result == SECRET_CHANGED && !is_one_line(secret_view(&fresh)))
        result = SECRET_UNREADABLE;
    if (result == SECRET_CHANGED && slice_eq(secret_view(secret), secret_view(&fresh)))
        result = SECRET_SAME;
    if (result != SECRET_CHANGED) {
        secret_wipe(&fresh);
        return result;
    }
    secret_wipe(secret);
    *secret = fresh;
    return SECRET_CHANGED;
}

static enum log_code
code_of(const struct secret *secret, enum secret_result result)
{
    if (secret_view(secret).size == 0)
        return LOG_AB1201;
    return result == SECRET_MISSING ? LOG_AB1203 : LOG_AB1204;
}

/* True when the file is not configured, or its value is at hand. A bad file keeps the old value and is said once. */
static bool
read_one(struct holder *holder, struct secret *secret, bool *changed)
{
    if (!given(secret->path))
        return true;
    enum secret_result result = credentials_read_line(secret);
    if (result != SECRET_SAME)
        holder->worker->secret_reloads[result != SECRET_CHANGED]++;
    *changed |= result == SECRET_CHANGED;
    if (result == SECRET_SAME || result == SECRET_CHANGED) {
        holder->logged_bad = false;
        return true;
    }
    if (!holder->logged_bad)
        log_line(code_of(secret, result), &(struct log_fields){ .target = holder->worker->target_names[holder->target],
                                                                .error = secret_result_text(result) });
    holder->logged_bad = true;
    return secret_view(secret).size > 0;
}

static bool
read_all(struct holder *holder, bool *changed)
{
    bool id = read_one(holder, &holder->id, changed);
    bool secret = read_one(holder, &holder->secret, changed);
    return read_one(holder, &holder->extra, changed) && id && secret;
}

void
credentials_view(const struct holder *holder, struct credential *credential)
{
    if (holder->chain) {
        chain_credential(holder->chain, credential);
        return;
    }
    credential->id = secret_view(&holder->id);
    credential->secret = secret_view(&holder->secret);
    credential->token = holder->token[0] ? slice_of(holder->token) : secret_view(&holder->extra);
}

void
credentials_answer(struct holder *holder, bool ok, bool refused, ms_t expires_at_ms)
{
    struct input input = { .kind = INPUT_CREDENTIAL };
    input.credential.target = holder->target;
    input.credential.ok = ok;
    input.credential.refused = refused;
    input.credential.same = ok && holder->same_token;
    input.credential.rotated = ok && holder->rotated;
    input.credential.expires_at_ms = expires_at_ms;
    holder->rotated = holder->rotated && !ok;
    worker_feed(holder->worker, &input);
}

/* token/get, or token/refresh while the present token is still good. */
static void
ask_token(struct worker *worker, struct holder *holder)
{
    uint32_t slot;
    struct credential credential;
    struct request *request = http_request(worker->http, &slot);
    check(request != NULL);
    credentials_view(holder, &credential);
    struct slice old = holder->token[0] && !holder->refused ? slice_of(holder->token) : (struct slice){ 0 };
    notice_token_request(request, worker->crypto, &credential, old, clock_wall_ms());
    http_send(worker->http, slot, &worker->endpoints[holder->target], (struct tag){ (uint32_t)TOKEN_TAG | holder->target, 1 },
              MS_NEVER);
}

void
credentials_fetch(struct worker *worker, uint32_t target, bool refused)
{
    struct holder *holder = &worker->holders[target];
    struct credential credential;
    bool changed = false;
    if (holder->chain) {
        chain_fetch(holder, refused);
        return;
    }
    bool read = read_all(holder, &changed);
    credentials_view(holder, &credential);
    if (!read || credential.id.size == 0 || credential.secret.size == 0) {
        log_line(LOG_AB5302, &(struct log_fields){ .target = worker->target_names[target], .error = "no credentials at hand" });
        credentials_answer(holder, false, true, 0);
        return;
    }
    holder->refused |= refused;
    if (worker->settings->targets[target].backend->needs_token)
        ask_token(worker, holder);
    else
        credentials_answer(holder, true, false, MS_NEVER);
}

void
credentials_answered(struct worker *worker, uint32_t target, const struct reply *reply)
{
    struct holder *holder = &worker->holders[target];
    struct token_reply token;
    if (holder->chain) {
        chain_answered(holder, reply);
        return;
    }
    notice_token_judge(reply, &token);
    if (token.result == TOKEN_OK && token.expire_s > 0) {
        holder->same_token = strcmp(holder->token, token.token) == 0;
        memcpy(holder->token, token.token, sizeof(holder->token));
        holder->refused = false;
        log_line(LOG_AB5301, &(struct log_fields){ .target = worker->target_names[target],
                                                   .duration_ms = token.expire_s * 1000 });
        holder->fetched[0]++;
        credentials_answer(holder, true, false, clock_now_ms() + token.expire_s * 1000);
    } else {
        if (token.result == TOKEN_GET_INSTEAD)
            holder->refused = true;
        log_line(token.result == TOKEN_REFUSED ? LOG_AB5303 : LOG_AB5302,
                 &(struct log_fields){ .target = worker->target_names[target], .http_status = token.status });
        holder->fetched[1]++;
        credentials_answer(holder, false, token.result == TOKEN_REFUSED, 0);
    }
    explicit_bzero(&token, sizeof(token));
}

static void
say_rotated(struct holder *holder)
{
    struct input input = { .kind = INPUT_CREDENTIAL };
    input.credential.target = holder->target;
    input.credential.rotated = true;
    worker_feed(holder->worker, &input);
}

/* A mounted secret changed: the next signature uses it; a portal token made with the old one is asked for anew. */
void
credentials_check_files(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->config->n_targets; i++) {
        struct holder *holder = &worker->holders[i];
        bool changed = false;
        if (holder->chain) {
            chain_check_file(holder);
            continue;
        }
        if (!read_all(holder, &changed) || !changed)
            continue;
        holder->rotated = true;
        log_line(LOG_AB1202, &(struct log_fields){ .target = worker->target_names[i] });
        if (worker->settings->targets[i].backend->needs_token)
            say_rotated(holder);        /* the engine asks for a token when none is being asked for */
        else
            credentials_answer(holder, true, false, MS_NEVER);
    }
}

void
credentials_wipe(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->config->n_targets; i++) {
        struct holder *holder = &worker->holders[i];
        secret_wipe(&holder->id);
        secret_wipe(&holder->secret);
        secret_wipe(&holder->extra);
        explicit_bzero(holder->token, sizeof(holder->token));
        chain_drop(holder);
    }
}

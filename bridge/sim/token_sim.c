/* token_sim.c: the portal's token service: one living token a key, given out again with its remaining life. */
#include "bridge/sim/notice_sim.h"

#include "codecs/notice.h"

#include <stdio.h>
#include <stdlib.h>

void
tokens_expire(struct sim *sim, int64_t now_ms)
{
    for (uint32_t i = 0; i < TOKENS_MAX; i++)
        if (sim->tokens[i].text[0] && sim->tokens[i].expires_ms > now_ms)
            sim->tokens[i].expires_ms = now_ms;
}

static void
refuse(struct sim_call *call, int code, const char *message)
{
    snprintf(call->code_text, sizeof(call->code_text), "%d", code);
    call->code = slice_of(call->code_text);
    reply_type(call->reply, "application/json;charset=UTF-8");
    buf_format(&call->reply->body, "{\"status\":%d,\"msg\":", code);
    buf_json_string(&call->reply->body, slice_of(message));
    buf_text(&call->reply->body, ",\"business\":\"apim-token-service\",\"data\":null}");
}

void
token_reply(struct sim_call *call, const struct access_token *token)
{
    reply_type(call->reply, "application/json;charset=UTF-8");
    buf_format(&call->reply->body, "{\"status\":0,\"msg\":\"SUCCESS\",\"business\":\"apim-token-service\","
               "\"data\":{\"accessToken\":\"%s\",\"expire\":%lld}}", token->text,
               (long long)((token->expires_ms - call->now_ms) / 1000));
    call->reply->executed = true;
}

static struct access_token *
new_token(struct sim_call *call, uint32_t app)
{
    struct sim *sim = call->sim;
    struct access_token *token = &sim->tokens[sim->next_token++ % TOKENS_MAX];
    *token = (struct access_token){ .app = app, .expires_ms = call->now_ms + knob_number(&sim->knobs, KNOB_token_life) };
    random_hex(sim, token->text, SHA256_HEX);
    return token;
}

/* The newest that lives: after a refresh two may. */
static struct access_token *
living_token(struct sim_call *call, uint32_t app)
{
    struct access_token *found = NULL;
    for (uint32_t i = 0; i < TOKENS_MAX; i++) {
        struct access_token *token = &call->sim->tokens[i];
        if (token->text[0] && token->app == app && token->expires_ms > call->now_ms
            && (!found || token->expires_ms > found->expires_ms))
            found = token;
    }
    return found;
}

/* A number, or a text of digits: the vendor's samples have both. */
static bool
read_timestamp(const struct value *value, int64_t *ms)
{
    if (value->type == VALUE_INT) {
        *ms = value->integer;
        return *ms >= 0;
    }
    *ms = 0;
    if (value->type != VALUE_STRING || value->text.size == 0 || value->text.size > 18)
        return false;
    for (size_t i = 0; i < value->text.size; i++) {
        if (value->text.at[i] < '0' || value->text.at[i] > '9')
            return false;
        *ms = *ms * 10 + (value->text.at[i] - '0');
    }
    return true;
}

static bool
is_empty(const struct value *value)
{
    return !value || value->type == VALUE_NULL || (value->type == VALUE_STRING && value->text.size == 0);
}

static bool
is_seen(struct sim_call *call, struct slice encryption)
{
    int64_t memory_ms = knob_number(&call->sim->knobs, KNOB_encryption_memory);
    int64_t *seen_ms = table_put(&call->sim->encryptions, table_key(&encryption, 1));
    bool seen = *seen_ms != 0 && (memory_ms < 0 || call->now_ms - *seen_ms < memory_ms);
    if (!seen)
        *seen_ms = call->now_ms;
    return seen;
}

/* The checks that get and refresh share. False = refused. */
static bool
check_caller(struct sim_call *call, const struct value *body, bool refresh, uint32_t *app)
{
    struct sim *sim = call->sim;
    const struct value *key = value_member(body, "appKey"), *encryption = value_member(body, "encryption");
    const struct value *timestamp = value_member(body, "timestamp"), *token = value_member(body, "accessToken");
    char hex[SHA256_HEX + 1];
    int64_t ms = 0;
    int code = 0;
    if (!body || body->type != VALUE_OBJECT)
        code = 1004;
    else if (is_empty(key) || is_empty(encryption) || is_empty(timestamp) || (refresh && is_empty(token)))
        code = 1202;
    else if (key->type != VALUE_STRING || encryption->type != VALUE_STRING || !read_timestamp(timestamp, &ms)
             || (refresh && token->type != VALUE_STRING))
        code = 1004;
    for (*app = 0; !code && *app < sim->n_apps && !slice_is(key->text, sim->apps[*app].key); ++*app)
        continue;
    if (!code && *app == sim->n_apps)
        code = 1002;
    if (!code) {
        notice_encryption(sim->crypto, key->text, ms, slice_of(sim->apps[*app].secret), hex);
        code = !slice_is(encryption->text, hex) ? 1003 : is_seen(call, encryption->text) ? 1001 : 0;
    }
    if (code)
        refuse(call, code, code == 1001 ? "repeated request" : code == 1002 ? "appKey does not exist" :
               code == 1003 ? "encryption is not valid" : code == 1004 ? "invalid parameter" : "parameter is empty");
    return code == 0;
}

static void
refresh_token(struct sim_call *call, uint32_t app, struct slice text)
{
    struct sim *sim = call->sim;
    struct access_token *old = NULL;
    for (uint32_t i = 0; i < TOKENS_MAX; i++)
        if (sim->tokens[i].app == app && slice_is(text, sim->tokens[i].text))
            old = &sim->tokens[i];
    if (!old || old->expires_ms <= call->now_ms) {
        refuse(call, 1204, "failed to refresh access token");
        return;
    }
    if (knob_is(&sim->knobs, KNOB_refresh_mode, "extend")) {
        old->expires_ms = call->now_ms + knob_number(&sim->knobs, KNOB_token_life);
        token_reply(call, old);
        return;
    }
    if (knob_is(&sim->knobs, KNOB_refresh_mode, "new_kill_old"))
        old->expires_ms = call->now_ms;
    token_reply(call, new_token(call, app));
}

void
token_call(struct sim_call *call)
{
    bool get = slice_is(call->path, "/apim-token-service/v2.0/token/get");
    bool refresh = slice_is(call->path, "/apim-token-service/v2.0/token/refresh");
    uint32_t app;
    if (!get && !refresh) {
        kong_refuse(call, 404, "no Route matched with those values");
        return;
    }
    if (!slice_is(call->request->method, "POST")) {
        kong_refuse(call, 405, NULL);
        return;
    }
    const struct value *body = call_json(call, call->request->body);
    if (!check_caller(call, body, refresh, &app))
        return;
    if (refresh) {
        refresh_token(call, app, value_member(body, "accessToken")->text);
        return;
    }
    struct access_token *token = living_token(call, app);
    if (token && knob_is(&call->sim->knobs, KNOB_get_mode, "new_kill_old")) {
        token->expires_ms = call->now_ms;
        token = NULL;
    }
    token_reply(call, token ? token : new_token(call, app));
}

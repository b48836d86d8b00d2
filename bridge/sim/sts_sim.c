/* sts_sim.c: where temporary credentials come from: STS AssumeRoleWithOIDC, an ECS metadata stand-in, a credentials URI. */
#include "bridge/sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char METADATA[] = "/latest/meta-data/ram/security-credentials/";

bool
sts_is_wanted(const struct sim_call *call)
{
    return slice_is(call_parameter(call, "Action"), "AssumeRoleWithOIDC");
}

void
sts_expire(struct sim *sim, int64_t now_ms)
{
    for (uint32_t i = 0; i < sim->n_sessions && i < SESSIONS_MAX; i++)
        if (sim->sessions[i].expires_ms > now_ms)
            sim->sessions[i].expires_ms = now_ms;
}

static struct access_key *
new_session(struct sim *sim, int64_t life_ms, int64_t now_ms)
{
    char hex[97];
    struct access_key *session = &sim->sessions[sim->n_sessions++ % SESSIONS_MAX];
    *session = (struct access_key){ .expires_ms = now_ms + life_ms };
    random_hex(sim, hex, 24);
    snprintf(session->id, sizeof(session->id), "STS.%s", hex);
    random_hex(sim, hex, 44);
    snprintf(session->secret, sizeof(session->secret), "%s", hex);
    random_hex(sim, hex, 96);
    snprintf(session->token, sizeof(session->token), "CAIS%s", hex);
    return session;
}

static void
put_credentials(struct buf *body, const struct access_key *session)
{
    char text[32];
    time_t until = (time_t)(session->expires_ms / 1000);
    struct tm tm;
    gmtime_r(&until, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    buf_format(body, "\"AccessKeyId\":\"%s\",\"AccessKeySecret\":\"%s\",\"SecurityToken\":\"%s\",\"Expiration\":\"%s\"",
               session->id, session->secret, session->token, text);
}

/* From the query, else from the form body: the vendor's own clients use both. */
static struct slice
form_value(const struct sim_call *call, const struct pair *form, uint32_t n, const char *name)
{
    struct slice value = call_parameter(call, name);
    for (uint32_t i = 0; !value.at && i < n; i++)
        if (slice_is(form[i].name, name))
            value = form[i].value;
    return value;
}

static int64_t
duration_ms(const struct sim_call *call, struct slice text)
{
    char digits[16] = "";
    if (text.size == 0 || text.size >= sizeof(digits))
        return knob_number(&call->sim->knobs, KNOB_sts_life);
    memcpy(digits, text.at, text.size);
    return strtoll(digits, NULL, 10) * 1000;
}

static void
assume_role(struct sim_call *call)
{
    static const char *const required[] = { "RoleArn", "OIDCProviderArn", "OIDCToken", "RoleSessionName" };
    static const char *const missing[] = { "MissingRoleArn", "MissingOIDCProviderArn", "MissingOIDCToken",
                                          "MissingRoleSessionName" };
    struct pair form[PAIRS_MAX];
    struct buf decoded;
    uint32_t n = 0;
    buf_init(&decoded, call->sim->canonical_text, CANONICAL_BYTES);
    if (!pairs_read(call->request->body, &decoded, form, &n)) {
        soar_refuse_as(call, 400, "InvalidParameter", NULL);
        return;
    }
    for (int i = 0; i < 4; i++)
        if (form_value(call, form, n, required[i]).size == 0) {
            soar_refuse_as(call, 400, missing[i], NULL);
            return;
        }
    int64_t life_ms = duration_ms(call, form_value(call, form, n, "DurationSeconds"));
    int64_t knob_ms = knob_number(&call->sim->knobs, KNOB_sts_life);
    if (life_ms < 900000 || life_ms > 43200000) {
        soar_refuse_as(call, 400, "InvalidParameter.DurationSeconds", NULL);
        return;
    }
    struct access_key *session = new_session(call->sim, life_ms < knob_ms ? life_ms : knob_ms, call->now_ms);
    soar_begin(call);
    buf_text(&call->reply->body, ",\"AssumedRoleUser\":{\"Arn\":\"acs:ram::1467890000733152:role/sim/session\","
             "\"AssumedRoleId\":\"300000000000000000:session\"},\"OIDCTokenInfo\":{\"Subject\":\"system:serviceaccount:sim:sim\","
             "\"Issuer\":\"https://oidc.sim\",\"ClientIds\":\"sts.aliyuncs.com\"},\"Credentials\":{");
    put_credentials(&call->reply->body, session);
    buf_text(&call->reply->body, "}}");
    call->reply->executed = true;
}

/* The metadata service and the credentials URI answer in the same form. */
static void
show_credentials(struct sim_call *call)
{
    struct access_key *session = new_session(call->sim, knob_number(&call->sim->knobs, KNOB_sts_life), call->now_ms);
    reply_type(call->reply, "application/json");
    buf_text(&call->reply->body, "{\"Code\":\"Success\",");
    put_credentials(&call->reply->body, session);
    buf_text(&call->reply->body, ",\"LastUpdated\":\"2026-01-01T00:00:00Z\"}");
    call->reply->executed = true;
}

static void
show_text(struct sim_call *call, const char *text)
{
    reply_type(call->reply, "text/plain");
    buf_text(&call->reply->body, text);
}

void
sts_call(struct sim_call *call)
{
    char token[57];
    if (slice_is(call->path, "/")) {
        assume_role(call);
    } else if (slice_is(call->path, "/latest/api/token") && slice_is(call->request->method, "PUT")) {
        random_hex(call->sim, token, 56);
        show_text(call, token);
    } else if (slice_is(call->path, METADATA)) {
        show_text(call, "sim-role");
    } else if (slice_is(call->path, "/credentials")
               || (call->path.size > sizeof(METADATA) - 1 && memcmp(call->path.at, METADATA, sizeof(METADATA) - 1) == 0)) {
        show_credentials(call);
    } else {
        reply_html(call, 404);
    }
}

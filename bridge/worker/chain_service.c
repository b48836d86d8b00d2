/* chain_service.c: the services that give temporary credentials: STS, the ECS metadata service, a credentials URI. */
#include "bridge/worker/chain_parts.h"

#include "codecs/check.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

#define METADATA_ORIGIN "http://100.100.100.200"
#define METADATA_ROLES  "/latest/meta-data/ram/security-credentials/"
#define METADATA_TTL_S  "21600"
#define SESSION_NAME    "alertbridge"

enum {
    METADATA_CONNECT_MS = 1000, METADATA_CALL_MS = 2000,    /* 1 s to connect, 1 s to read */
    SERVICE_CONNECT_MS = 5000, SERVICE_CALL_MS = 15000,     /* 5 s, 10 s */
};

/* ---- where to ---- */

const char *
chain_origin(struct chain *chain, const char *origin)
{
    for (int i = 0; i < CHAIN_ORIGINS_MAX; i++) {
        if (chain->origins[i][0] == '\0')
            snprintf(chain->origins[i], sizeof(chain->origins[i]), "%s", origin);
        if (strcmp(chain->origins[i], origin) == 0)
            return chain->origins[i];
    }
    return NULL;
}

/* Directs the next calls; false ends the round. */
static bool
direct(struct chain *chain, const char *origin, ms_t connect_ms, ms_t call_ms)
{
    chain->endpoint = (struct http_endpoint){
        .origin = chain_origin(chain, origin),
        .connect_timeout_ms = connect_ms,
        .call_timeout_ms = call_ms,
        .proxy = "",
        .ca_file = "",
    };
    if (!chain->endpoint.origin)
        chain_end(chain, CHAIN_UNUSABLE, "the profile named more than %d services since the start", CHAIN_ORIGINS_MAX);
    return chain->endpoint.origin != NULL;
}

static bool
region_is_valid(const char *region)
{
    for (const char *at = region; *at; at++)
        if (!islower((unsigned char)*at) && !isdigit((unsigned char)*at) && *at != '-')
            return false;
    return true;
}

/* sts.aliyuncs.com, or a region's own; https://api.aliyun.com/product/Sts */
static bool
sts_origin(struct chain *chain, char origin[CHAIN_ORIGIN_BYTES])
{
    const char *given = chain_value(chain, CHAIN_STS_ENDPOINT), *region = chain->role.region;
    bool vpc = chain->role.vpc || chain_is_true(chain, CHAIN_VPC_ENDPOINT_ENABLED);
    struct slice path;
    if (!region[0])
        region = chain_value(chain, CHAIN_STS_REGION);
    if (given[0]) {
        const char *wrong = chain_parse_url(slice_of(given), origin, &path);
        if (wrong || path.size != 1)
            chain_end(chain, CHAIN_UNUSABLE, "ALIBABA_CLOUD_STS_ENDPOINT %s", wrong ? wrong : "has a path");
        return !wrong && path.size == 1;
    }
    if (!region_is_valid(region) || strlen(region) > 63) {
        chain_end(chain, CHAIN_UNUSABLE, "the region of STS is no name of a region");
        return false;
    }
    snprintf(origin, CHAIN_ORIGIN_BYTES, "https://%s%s%s.aliyuncs.com", region[0] && vpc ? "sts-vpc" : "sts",
             region[0] ? "." : "", region);
    return true;
}

/* A given STS over http is this machine's: no proxy is in between. */
static void
through_proxy(struct chain *chain)
{
    const char *proxy = chain->environment.proxy;
    if (!proxy || !proxy[0] || strncmp(chain->endpoint.origin, "https://", 8) != 0)
        return;
    chain->endpoint.proxy = proxy;
    chain->endpoint.ca_file = chain->environment.ca_file ? chain->environment.ca_file : "";
}

void
chain_assume(struct chain *chain)
{
    char origin[CHAIN_ORIGIN_BYTES];
    if (!sts_origin(chain, origin) || !direct(chain, origin, SERVICE_CONNECT_MS, SERVICE_CALL_MS))
        return;
    through_proxy(chain);
    snprintf(chain->path, sizeof(chain->path), "%s", chain->role.token_file);
    chain->step = STEP_TOKEN_FILE;
}

void
chain_metadata(struct chain *chain, const char *role_name)
{
    const char *given = chain_value(chain, CHAIN_ECS_METADATA_ENDPOINT);
    char origin[CHAIN_ORIGIN_BYTES] = METADATA_ORIGIN;
    struct slice path = SLICE("/");
    bool usual = !given[0] || strcmp(given, METADATA_ORIGIN) == 0;
    const char *wrong = usual ? NULL : chain_parse_url(slice_of(given), origin, &path);
    if (wrong || path.size != 1) {
        chain_end(chain, CHAIN_UNUSABLE, "ALIBABA_CLOUD_ECS_METADATA_ENDPOINT %s", wrong ? wrong : "has a path");
        return;
    }
    if (!chain_copy(chain->role_name, sizeof(chain->role_name), slice_of(role_name))) {
        chain_end(chain, CHAIN_UNUSABLE, "the name of the ECS role is too long, or not printable");
        return;
    }
    if (!direct(chain, origin, METADATA_CONNECT_MS, METADATA_CALL_MS))
        return;
    chain->endpoint.allow_internal = usual;     /* the one address, for this one purpose */
    chain->metadata_plain = false;
    chain->step = STEP_METADATA_TOKEN;
}

void
chain_uri(struct chain *chain)
{
    char origin[CHAIN_ORIGIN_BYTES];
    const char *wrong = chain_parse_url(slice_of(chain_value(chain, CHAIN_CREDENTIALS_URI)), origin, &chain->uri_path);
    if (wrong)
        chain_end(chain, CHAIN_UNUSABLE, "ALIBABA_CLOUD_CREDENTIALS_URI %s", wrong);
    else if (direct(chain, origin, SERVICE_CONNECT_MS, SERVICE_CALL_MS))
        chain->step = STEP_URI;
}

/* ---- requests ---- */

static void
put_pair(struct buf *body, const char *before, struct slice value)
{
    buf_text(body, before);
    percent_encode(body, value);
}

/* Unsigned: the token is the proof. */
static void
write_assume(const struct chain *chain, struct request *request, int64_t wall_ms)
{
    const struct chain_role *role = &chain->role;
    const char *session = role->session_name[0] ? role->session_name : chain_value(chain, CHAIN_ROLE_SESSION_NAME);
    time_t now = (time_t)(wall_ms / 1000);
    char date[32];
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
    put_pair(&request->target, "/?Action=AssumeRoleWithOIDC&Format=JSON&Version=2015-04-01&Timestamp=", slice_of(date));
    request_header(request, "Content-Type", SLICE("application/x-www-form-urlencoded"));
    put_pair(&request->body, "RoleArn=", slice_of(role->role_arn));
    put_pair(&request->body, "&OIDCProviderArn=", slice_of(role->provider_arn));
    put_pair(&request->body, "&OIDCToken=", slice_of(chain->web_token));
    put_pair(&request->body, "&RoleSessionName=", slice_of(session[0] ? session : SESSION_NAME));
    buf_text(&request->body, "&DurationSeconds=");
    buf_i64(&request->body, role->duration_s);
    if (role->policy[0])
        put_pair(&request->body, "&Policy=", slice_of(role->policy));
}

static void
write_metadata(const struct chain *chain, struct request *request)
{
    request->method = "GET";
    buf_text(&request->target, METADATA_ROLES);
    if (chain->step == STEP_METADATA_KEYS)
        percent_encode(&request->target, slice_of(chain->role_name));
    if (!chain->metadata_plain)
        request_header(request, "X-aliyun-ecs-metadata-token", slice_of(chain->metadata_token));
}

void
chain_write(const struct chain *chain, struct request *request, int64_t wall_ms)
{
    check(chain_ask(chain) == CHAIN_CALL);
    request_header(request, "accept", SLICE("application/json"));
    request_header(request, "user-agent", SLICE("alertbridge/" ALERTBRIDGE_VERSION));
    if (chain->step == STEP_ASSUME_ROLE) {
        write_assume(chain, request, wall_ms);
    } else if (chain->step == STEP_METADATA_TOKEN) {
        request->method = "PUT";
        buf_text(&request->target, "/latest/api/token");
        request_header(request, "X-aliyun-ecs-metadata-token-ttl-seconds", SLICE(METADATA_TTL_S));
    } else if (chain->step == STEP_URI) {
        request->method = "GET";
        buf_slice(&request->target, chain->uri_path);
    } else {
        write_metadata(chain, request);
    }
}

/* ---- replies ---- */

/* What kept a service from answering with credentials. */
static void
say(struct chain *chain, char why[CHAIN_WHY_BYTES], const char *service, const struct reply *reply)
{
    char code[64];
    chain->status = reply->transport == TRANSPORT_OK ? reply->status : 0;
    chain_parse_code(reply->body, code, sizeof(code));
    if (reply->transport != TRANSPORT_OK)
        snprintf(why, CHAIN_WHY_BYTES, "%s does not answer", service);
    else if (reply->status == 200 && (!code[0] || strcmp(code, "Success") == 0))
        snprintf(why, CHAIN_WHY_BYTES, "the answer of %s holds no whole credentials", service);
    else
        snprintf(why, CHAIN_WHY_BYTES, "%s answers %d%s%s", service, reply->status, code[0] ? " " : "", code);
}

/* 4xx is a no, but for those that ask to come again. */
static bool
is_refusal(const struct reply *reply)
{
    char code[64];
    chain_parse_code(reply->body, code, sizeof(code));
    return reply->transport == TRANSPORT_OK && reply->status >= 400 && reply->status < 500 && reply->status != 408
           && reply->status != 429 && strncmp(code, "Throttling", 10) != 0;
}

static void
take_keys(struct chain *chain, const struct reply *reply, const char *service, bool parsed, struct chain_keys *keys,
          int64_t wall_ms)
{
    char why[CHAIN_WHY_BYTES];
    if (parsed) {
        chain_had(chain, keys, wall_ms);
        return;
    }
    say(chain, why, service, reply);
    chain_end(chain, is_refusal(reply) ? CHAIN_REFUSED : CHAIN_AGAIN, "%s", why);
}

static bool
is_200(const struct reply *reply)
{
    return reply->transport == TRANSPORT_OK && reply->status == 200;
}

/* Without a role the metadata service has nothing for us: then this provider is not set up. A role that was named has to be
 * there. */
static void
metadata_failed(struct chain *chain, const struct reply *reply)
{
    char why[CHAIN_WHY_BYTES];
    say(chain, why, "the ECS metadata service", reply);
    if (chain->provider == CHAIN_ECS_ROLE && !chain_value(chain, CHAIN_ECS_METADATA)[0])
        chain_pass(chain, why);
    else
        chain_end(chain, CHAIN_AGAIN, "%s", why);
}

static void
metadata_begin(struct chain *chain)
{
    chain->step = chain->role_name[0] ? STEP_METADATA_KEYS : STEP_METADATA_ROLE;
}

static void
metadata_without_token(struct chain *chain, const struct reply *reply)
{
    if (chain->metadata_plain || chain_is_true(chain, CHAIN_IMDSV1_DISABLED)) {
        metadata_failed(chain, reply);
        return;
    }
    explicit_bzero(chain->metadata_token, sizeof(chain->metadata_token));
    chain->metadata_plain = true;
    metadata_begin(chain);
}

static void
take_metadata(struct chain *chain, const struct reply *reply, int64_t wall_ms)
{
    struct chain_keys keys;
    if (chain->step == STEP_METADATA_TOKEN) {
        if (is_200(reply) && chain_parse_line(reply->body, chain->metadata_token, sizeof(chain->metadata_token)))
            metadata_begin(chain);
        else
            metadata_without_token(chain, reply);
    } else if (chain->step == STEP_METADATA_ROLE) {
        if (is_200(reply) && chain_parse_line(reply->body, chain->role_name, sizeof(chain->role_name)))
            chain->step = STEP_METADATA_KEYS;
        else
            metadata_without_token(chain, reply);
    } else if (is_200(reply) && chain_parse_keys(reply->body, &keys)) {
        chain_had(chain, &keys, wall_ms);
    } else {
        metadata_without_token(chain, reply);
    }
}

void
chain_take_reply(struct chain *chain, const struct reply *reply, int64_t wall_ms)
{
    struct chain_keys keys;
    check(chain_ask(chain) == CHAIN_CALL);
    explicit_bzero(chain->web_token, sizeof(chain->web_token));
    if (chain->step == STEP_ASSUME_ROLE)
        take_keys(chain, reply, "STS", is_200(reply) && chain_parse_sts(reply->body, &keys), &keys, wall_ms);
    else if (chain->step == STEP_URI)
        take_keys(chain, reply, "the credentials URI", is_200(reply) && chain_parse_keys(reply->body, &keys), &keys, wall_ms);
    else
        take_metadata(chain, reply, wall_ms);
}

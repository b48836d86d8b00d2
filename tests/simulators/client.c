/* client.c: see client.h. */
#include "tests/simulators/client.h"

#include "codecs/crypto.h"
#include "codecs/notice.h"
#include "codecs/request.h"
#include "codecs/soar.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct client client;

static struct crypto *crypto;
static char reply_memory[SIM_REPLY_BYTES];
static const char EMPTY[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

void
begin_with(const struct sim_options *options)
{
    char error[256] = "";
    sim_free(client.sim);
    client = (struct client){ .now_ms = 1767322800000 };
    client.sim = sim_new(options, error, sizeof(error));
    cr_assert(client.sim, "%s", error);
    sim_reply_init(&client.reply, reply_memory);
    if (!crypto)
        crypto = crypto_new();
    cr_assert(crypto);
}

void
begin(void)
{
    begin_with(&(struct sim_options){ .seed = 7 });
}

void
knob(const char *pair)
{
    char error[4096] = "";
    cr_assert(knobs_set_pair(sim_knobs(client.sim), pair, error, sizeof(error)), "%s", error);
}

void
fault(const char *spec)
{
    char error[4096] = "";
    cr_assert(faults_add_text(sim_faults(client.sim), spec, client.now_ms, error, sizeof(error)), "%s", error);
}

const char *
body(void)
{
    return buf_cstr(&client.reply.body);
}

bool
body_has(const char *text)
{
    return strstr(body(), text) != NULL;
}

bool
head_has(const char *text)
{
    return strstr(buf_cstr(&client.reply.head), text) != NULL;
}

struct stats *
stats(void)
{
    return sim_stats(client.sim);
}

uint64_t
executions(void)
{
    return ledger_count(sim_ledger(client.sim));
}

const struct execution *
execution(uint64_t i)
{
    const struct execution *found = ledger_at(sim_ledger(client.sim), i);
    cr_assert(found, "execution %llu is not in the ledger", (unsigned long long)i);
    return found;
}

bool
text_is(struct slice text, const char *expected)
{
    return slice_is(text, expected);
}

struct soar
soar(void)
{
    struct soar call = { .method = "POST", .path = "/", .key = "testid", .secret = "testsecret", .accept = "application/json",
                         .action = "RunNotifyComponentWithMessageCenter", .version = "2022-07-28", .body = "" };
    with(&call, "ActionName", "notifyByMessageCenter");
    with(&call, "Aliuid", "1467890000733152");
    with(&call, "ComponentName", "NotifyMessage");
    with(&call, "EventId", "yundun_soar_incident_generate");
    with(&call, "NodeName", "notify_message");
    with(&call, "Params", "{\"aliyunUID\":\"1\",\"incidentName\":\"n\",\"incidentID\":\"i-1\",\"startTime\":\"t\"}");
    with(&call, "PlaybookUuid", "uuid-1");
    return call;
}

void
with(struct soar *call, const char *name, const char *value)
{
    unsigned i = 0;
    while (i < call->n && strcmp(call->names[i], name) != 0)
        i++;
    call->names[i] = name;
    call->values[i] = value;
    call->n += i == call->n;
}

static void
put_query(const struct soar *call, struct buf *out)
{
    struct pair pairs[PARAMETERS_MAX];
    uint32_t n = 0;
    for (unsigned i = 0; i < call->n; i++)
        if (call->values[i])
            pairs[n++] = (struct pair){ slice_of(call->names[i]), slice_of(call->values[i]) };
    soar_canonical_query(out, pairs, n);
}

static void
put_date(char text[32], int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void
handle(const char *method, struct slice target, struct slice content, const struct pair *headers, uint32_t n)
{
    struct sim_header received[SIM_REQUEST_HEADERS_MAX];
    for (uint32_t i = 0; i < n; i++)
        received[i] = (struct sim_header){ headers[i].name, headers[i].value };
    struct sim_request request = { slice_of(method), target, content, received, n, client.now_ms };
    sim_handle(client.sim, &request, &client.reply);
}

int
send_soar(const struct soar *call)
{
    static char target_memory[65536], canonical_memory[131072], authorization_memory[4096];
    char date[32], nonce[40];
    struct buf query, target, canonical, authorization;
    put_date(date, client.now_ms + call->skew_ms);
    snprintf(nonce, sizeof(nonce), "%032u", ++client.nonces);
    buf_init(&target, target_memory, sizeof(target_memory));
    buf_format(&target, "%s?", call->path);
    buf_init(&query, target_memory + target.size, sizeof(target_memory) - target.size);
    put_query(call, &query);
    buf_init(&canonical, canonical_memory, sizeof(canonical_memory));
    buf_init(&authorization, authorization_memory, sizeof(authorization_memory));
    struct pair headers[12] = {
        { SLICE("Host"), SLICE("127.0.0.1:80") },
        { SLICE("x-acs-action"), slice_of(call->action) },
        { SLICE("x-acs-version"), slice_of(call->version) },
        { SLICE("x-acs-date"), slice_of(date) },
        { SLICE("x-acs-signature-nonce"), slice_of(call->nonce ? call->nonce : nonce) },
        { SLICE("x-acs-content-sha256"), slice_of(EMPTY) },
    };
    uint32_t n = 6;
    if (call->token)
        headers[n++] = (struct pair){ SLICE("x-acs-security-token"), slice_of(call->token) };
    cr_assert(soar_authorization(crypto, call->method, "/", buf_view(&query), headers, n, slice_of(EMPTY), slice_of(call->key),
                                 slice_of(call->secret), &canonical, &authorization));
    struct slice signature = call->authorization ? slice_of(call->authorization) : buf_view(&authorization);
    if (signature.size > 0)
        headers[n++] = (struct pair){ SLICE("Authorization"), signature };
    if (call->accept)
        headers[n++] = (struct pair){ SLICE("Accept"), slice_of(call->accept) };
    handle(call->method, (struct slice){ target_memory, target.size + query.size }, slice_of(call->body), headers, n);
    return client.reply.status;
}

int
send_incident(const char *id)
{
    char params[256];
    struct soar call = soar();
    snprintf(params, sizeof(params), "{\"incidentID\":\"%s\",\"incidentName\":\"name of %s\"}", id, id);
    with(&call, "Params", params);
    return send_soar(&call);
}

bool
code_is(const char *code)
{
    char json[128];
    snprintf(json, sizeof(json), "\"Code\":\"%s\"", code);
    return body_has(json);
}

int
raw(const char *method, const char *target, const char *content)
{
    struct pair headers[] = { { SLICE("Host"), SLICE("127.0.0.1") }, { SLICE("Accept"), SLICE("application/json") } };
    handle(method, slice_of(target), slice_of(content), headers, 2);
    return client.reply.status;
}

/* The number behind "name":, or -1. */
static int
number_of(const char *name)
{
    char text[32];
    snprintf(text, sizeof(text), "\"%s\":", name);
    const char *at = strstr(body(), text);
    return at ? atoi(at + strlen(text)) : -1;
}

static int
token_call(const char *path, int64_t ms, const char *more)
{
    char hex[65], json[512];
    notice_encryption(crypto, SLICE("testkey"), ms, SLICE("testsecret"), hex);
    snprintf(json, sizeof(json), "{\"appKey\":\"testkey\",\"encryption\":\"%s\",\"timestamp\":%lld%s}", hex, (long long)ms, more);
    raw("POST", path, json);
    const char *at = strstr(body(), "\"accessToken\":\"");
    if (at)
        snprintf(client.token, sizeof(client.token), "%.64s", at + 15);
    return number_of("status");
}

int
token_get(int64_t ms)
{
    return token_call("/apim-token-service/v2.0/token/get", ms, "");
}

int
token_refresh(int64_t ms)
{
    char more[256];
    snprintf(more, sizeof(more), ",\"accessToken\":\"%s\"", client.token);
    return token_call("/apim-token-service/v2.0/token/refresh", ms, more);
}

int
portal(const char *path, const char *org, const char *json)
{
    char target[256], hex[65], time[24];
    if (!client.token[0])
        cr_assert_eq(token_get(client.now_ms), 0);
    struct notice_parameter parameter = { SLICE("orgId"), slice_of(org) };
    snprintf(target, sizeof(target), "%s?orgId=%s", path, org);
    snprintf(time, sizeof(time), "%lld", (long long)client.now_ms);
    notice_signature(crypto, slice_of(client.token), &parameter, 1, slice_of(json), client.now_ms, SLICE("testsecret"), hex);
    struct pair headers[] = { { SLICE("Host"), SLICE("127.0.0.1") },
                              { SLICE("apim-accesstoken"), slice_of(client.token) },
                              { SLICE("apim-signature"), slice_of(hex) },
                              { SLICE("apim-timestamp"), slice_of(time) } };
    handle("POST", slice_of(target), slice_of(json), headers, 4);
    int code = number_of("code");
    return code >= 0 ? code : number_of("status") >= 0 ? number_of("status") : -client.reply.status;
}

int
produce(const char *messages)
{
    static char json[1024 * 1024];
    snprintf(json, sizeof(json), "{\"messages\":[%s]}", messages);
    return portal("/app-portal-service/v2.2/notice-message/produce", "o1", json);
}

const char *
message(const char *id, const char *to)
{
    static char texts[4][1024];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    bool all = strcmp(to, "all") == 0;
    snprintf(text, sizeof(texts[0]), "{\"messageId\":\"%s\",\"messageType\":1,\"targetType\":%d%s%s,"
             "\"appName\":{\"defaultValue\":\"SOC\"},\"header\":{\"defaultValue\":\"title\"}}", id, all ? 0 : 1,
             all ? "" : ",\"targets\":", all ? "" : to);
    return text;
}

int
produce_one(const char *id, const char *to)
{
    return produce(message(id, to));
}

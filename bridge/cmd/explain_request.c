/* explain_request.c: the exact calls, built and signed by the worker's own functions; what is secret shows as ***. */
#include "bridge/cmd/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* As the slots of the HTTP adapter. */
enum { TARGET_BYTES = 16 * 1024, BODY_BYTES = REQUEST_BODY_BYTES_MAX + 64 * 1024, HEAD_BYTES = 16 * 1024 };

/* Signing needs some key; nothing of it is shown. */
#define PLACEHOLDER SLICE("placeholder")
#define MASK "***"

static const char *const secret_headers[] = { "authorization", "apim-signature", "apim-accesstoken", "x-acs-security-token",
                                              "x-acs-accesskey-id" };

/* The record's events for one target, and the request that takes some of them. */
struct calls {
    struct outline *out;
    struct explain *explain;
    const struct config_target *target;
    const struct target_policy *policy;
    uint32_t index;
    struct request request;
    uint32_t open[EVENTS_IN_RECORD_MAX];    /* events still to be sent, in order */
    uint32_t n_open;
    uint32_t members[EVENTS_IN_RECORD_MAX];
    uint32_t n_members;
    uint64_t bytes;
};

static const struct event *
event_at(const struct calls *calls, uint32_t index)
{
    return &calls->explain->decoded.events[index];
}

static bool
is_secret(const char *line, size_t name_size)
{
    for (size_t i = 0; i < sizeof(secret_headers) / sizeof(secret_headers[0]); i++)
        if (strlen(secret_headers[i]) == name_size && strncasecmp(line, secret_headers[i], name_size) == 0)
            return true;
    return false;
}

static void
put_headers(struct calls *calls)
{
    outline_list(calls->out, "headers");
    outline_format(calls->out, NULL, "Host: %s", calls->policy->settings->host);
    for (uint32_t i = 0; i < calls->request.n_lines; i++) {
        const char *line = calls->request.lines[i];
        size_t name_size = strcspn(line, ":");
        if (is_secret(line, name_size))
            outline_format(calls->out, NULL, "%.*s: " MASK, (int)name_size, line);
        else
            outline_text(calls->out, NULL, slice_of(line));
    }
    outline_format(calls->out, NULL, "Content-Length: %zu", calls->request.body.size);
    outline_close(calls->out);
}

static void
put_url(struct calls *calls)
{
    static char memory[TARGET_BYTES + 1024];
    struct buf url;
    buf_init(&url, memory, sizeof(memory));
    buf_text(&url, calls->target->endpoint);
    buf_slice(&url, buf_view(&calls->request.target));
    outline_text(calls->out, "url", buf_view(&url));
}

static void
sign(struct calls *calls)
{
    const struct config_target *target = calls->target;
    bool has_token = calls->policy->backend->needs_token || (target->security_token_file && target->security_token_file[0]);
    struct credential credential = { PLACEHOLDER, PLACEHOLDER, has_token ? PLACEHOLDER : (struct slice){ 0 } };
    struct stamp stamp = { .wall_ms = calls->explain->wall_ms, .nonce = "00000000000000000000000000000000" };
    calls->policy->backend->sign(calls->policy->settings, &credential, &stamp, calls->explain->crypto, &calls->request);
}

static void
put_request(struct calls *calls)
{
    struct outline *out = calls->out;
    calls->policy->backend->end(calls->policy->settings, &calls->request);
    sign(calls);
    outline_object(out, NULL);
    outline_texts(out, "target", calls->policy->name);
    outline_list(out, "ids");
    for (uint32_t i = 0; i < calls->n_members; i++)
        outline_text(out, NULL, event_at(calls, calls->members[i])->id);
    outline_close(out);
    if (calls->policy->backend->needs_token)
        outline_format(out, "before", "POST %s/apim-token-service/v2.0/token/get, when no access token is held",
                       calls->target->endpoint);
    if (request_is_whole(&calls->request)) {
        outline_texts(out, "method", calls->request.method);
        put_url(calls);
        put_headers(calls);
        outline_text(out, "body", calls->request.body.size ? buf_view(&calls->request.body) : SLICE(""));
    } else {
        outline_format(out, "parked", "%s: %s", reason_name(REASON_TOO_LARGE), reason_text(REASON_TOO_LARGE));
    }
    outline_close(out);
}

static void
put_parked(struct calls *calls, const struct event *event, enum reason reason)
{
    outline_object(calls->out, NULL);
    outline_texts(calls->out, "target", calls->policy->name);
    outline_list(calls->out, "ids");
    outline_text(calls->out, NULL, event->id);
    outline_close(calls->out);
    outline_format(calls->out, "parked", "%s: %s", reason_name(reason), reason_text(reason));
    outline_close(calls->out);
}

/* Events of one lane go one after the other, so never in one call. */
static bool
shares_lane(const struct calls *calls, const struct event *event)
{
    struct slice key = event_order_key(event, calls->explain->record.key);
    for (uint32_t i = 0; i < calls->n_members && key.size > 0 && calls->policy->order == ORDER_KEY; i++)
        if (slice_eq(key, event_order_key(event_at(calls, calls->members[i]), calls->explain->record.key)))
            return true;
    return false;
}

enum took { TOOK, TOOK_NOT, TOOK_FOR_GOOD, TOOK_NO_MORE };

static enum took
take(struct calls *calls, uint32_t index)
{
    const struct event *event = event_at(calls, index);
    const struct target_policy *policy = calls->policy;
    uint32_t weight = policy->batch_messages > 1 ? policy->backend->weigh(policy->settings, event) : 1;
    if (calls->n_members == policy->batch_messages || (calls->n_members > 0 && calls->bytes + weight > policy->batch_bytes))
        return TOOK_NO_MORE;
    if (shares_lane(calls, event))
        return TOOK_NOT;
    enum encode_result result = policy->backend->add(policy->settings, event, &calls->request);
    if (result == ENCODE_FULL && calls->n_members > 0)
        return TOOK_NO_MORE;
    if (result != ENCODE_OK) {
        put_parked(calls, event, result == ENCODE_FULL ? REASON_TOO_LARGE : REASON_REJECTED);
        return TOOK_FOR_GOOD;
    }
    calls->bytes += weight;
    calls->members[calls->n_members++] = index;
    return TOOK;
}

/* One call with as many of the open events as fit; the others stay open for the next. */
static void
next_call(struct calls *calls)
{
    uint32_t left = 0;
    bool full = false;
    calls->n_members = 0;
    calls->bytes = 0;
    calls->policy->backend->begin(calls->policy->settings, &calls->request);
    for (uint32_t i = 0; i < calls->n_open; i++) {
        enum took took = full ? TOOK_NO_MORE : take(calls, calls->open[i]);
        full = took == TOOK_NO_MORE;
        if (took == TOOK_NOT || took == TOOK_NO_MORE)
            calls->open[left++] = calls->open[i];
    }
    calls->n_open = left;
    if (calls->n_members > 0)
        put_request(calls);
}

static bool
goes_to(const struct explain *explain, const struct event *event, uint32_t target)
{
    struct routed routed[ROUTES_MAX];
    const struct engine_config *settings = &explain->settings;
    int64_t expires;
    if (event_time_ms(&event->expires_at, &expires) && expires <= explain->wall_ms)
        return false;
    uint32_t n = route_event(settings->routes, settings->n_routes, event, explain->source, slice_of(explain->topic), routed);
    for (uint32_t i = 0; i < n; i++)
        if (routed[i].target == (int)target)
            return true;
    return false;
}

static void
put_target(struct calls *calls, uint32_t target)
{
    calls->target = &calls->explain->config->targets[target];
    calls->policy = &calls->explain->settings.targets[target];
    calls->n_open = 0;
    for (uint32_t i = 0; i < calls->explain->decoded.n; i++)
        if (goes_to(calls->explain, event_at(calls, i), target))
            calls->open[calls->n_open++] = i;
    while (calls->n_open > 0)
        next_call(calls);
}

void
explain_requests(struct outline *out, struct explain *explain)
{
    static struct calls calls;      /* large */
    void *memory = malloc(TARGET_BYTES + BODY_BYTES + HEAD_BYTES);
    if (!memory)
        return;
    calls = (struct calls){ .out = out, .explain = explain };
    request_init(&calls.request, memory, TARGET_BYTES, BODY_BYTES, HEAD_BYTES);
    outline_list(out, "requests");
    for (uint32_t i = 0; i < explain->settings.n_targets; i++)
        put_target(&calls, i);
    outline_close(out);
    free(memory);
}

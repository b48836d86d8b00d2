/* notice_auth.c: the portal's gateway: flow control, access token, timestamp, signature over the bytes received. */
#include "bridge/sim/notice_sim.h"

#include "codecs/check.h"
#include "codecs/notice.h"

#include <stdio.h>
#include <stdlib.h>

static struct access_token *
find_token(struct sim *sim, struct slice text)
{
    for (uint32_t i = 0; text.size > 0 && i < TOKENS_MAX; i++)
        if (slice_is(text, sim->tokens[i].text))
            return &sim->tokens[i];
    return NULL;
}

static void
refuse_expired(struct sim_call *call)
{
    const struct knobs *knobs = &call->sim->knobs;
    if (knob_is(knobs, KNOB_expired_token_shape, "http401_message")) {
        kong_refuse(call, 401, NULL);
        return;
    }
    notice_refuse(call, 1203, "access token expired");
    call->reply->status = 200;
    if (knob_is(knobs, KNOB_expired_token_shape, "http200_code"))
        return;
    buf_reset(&call->reply->body);
    buf_text(&call->reply->body, "{\"status\":1203,\"msg\":\"access token expired\",\"business\":\"apim\",\"data\":null}");
}

/* Requests of all keys count together in a window of the clock, as Kong's rate-limiting plugin counts them. */
static bool
passes_rate(struct sim_call *call)
{
    static const struct {
        const char *word, *header;
        int64_t ms;
    } windows[] = {
        { "second", "Second", 1000 }, { "minute", "Minute", 60000 }, { "hour", "Hour", 3600000 }, { "day", "Day", 86400000 },
    };
    struct sim *sim = call->sim;
    int64_t limit = knob_number(&sim->knobs, KNOB_rate_limit);
    size_t i = 0;
    char name[48], text[24];
    if (limit <= 0)
        return true;
    while (!knob_is(&sim->knobs, KNOB_rate_window, windows[i].word))
        i++;
    int64_t window = call->now_ms / windows[i].ms;
    sim->rate_calls = window == sim->rate_window ? sim->rate_calls + 1 : 1;
    sim->rate_window = window;
    bool passes = sim->rate_calls <= limit;
    if (!passes)
        kong_refuse(call, 429, NULL);
    snprintf(name, sizeof(name), "X-RateLimit-Limit-%s", windows[i].header);
    snprintf(text, sizeof(text), "%lld", (long long)limit);
    reply_header(call->reply, name, slice_of(text));
    snprintf(name, sizeof(name), "X-RateLimit-Remaining-%s", windows[i].header);
    snprintf(text, sizeof(text), "%lld", (long long)(passes ? limit - sim->rate_calls : 0));
    reply_header(call->reply, name, slice_of(text));
    snprintf(text, sizeof(text), "%lld", (long long)(((window + 1) * windows[i].ms - call->now_ms + 999) / 1000));
    if (!passes && knob_is(&sim->knobs, KNOB_rate_retry_after, "yes"))
        reply_header(call->reply, "Retry-After", slice_of(text));
    return passes;
}

static bool
read_timestamp(struct slice text, int64_t *ms)
{
    *ms = 0;
    if (text.size == 0 || text.size > 18)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        *ms = *ms * 10 + (text.at[i] - '0');
    }
    return true;
}

/* Sorted by name; of equal names the first stays first. */
static uint32_t
sorted_parameters(const struct sim_call *call, struct notice_parameter *sorted)
{
    for (uint32_t i = 0; i < call->n_pairs; i++) {
        struct slice name = call->pairs[i].name;
        uint32_t at = i;
        for (; at > 0; at--) {
            struct slice before = sorted[at - 1].name;
            int order = memcmp(before.at, name.at, before.size < name.size ? before.size : name.size);
            if (order < 0 || (order == 0 && before.size <= name.size))
                break;
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = (struct notice_parameter){ name, call->pairs[i].value };
    }
    return call->n_pairs;
}

static bool
is_signed(struct sim_call *call, struct slice token, int64_t timestamp_ms, const char *secret)
{
    struct notice_parameter sorted[PAIRS_MAX];
    char hex[SHA256_HEX + 1];
    struct slice signature = call_header(call, "apim-signature"), body = call->request->body;
    uint32_t n = sorted_parameters(call, sorted);
    if (call->query_is_broken || signature.size != SHA256_HEX)
        return false;
    notice_signature(call->sim->crypto, token, sorted, n, body.at ? body : SLICE(""), timestamp_ms, slice_of(secret), hex);
    return crypto_equal(hex, signature.at, SHA256_HEX);
}

static bool
is_replay(struct sim_call *call)
{
    struct slice signature = call_header(call, "apim-signature");
    if (!knob_is(&call->sim->knobs, KNOB_replay_check, "on"))
        return false;
    return (*table_put(&call->sim->signatures, table_key(&signature, 1)))++ > 0;
}

struct app *
notice_authenticate(struct sim_call *call)
{
    struct sim *sim = call->sim;
    int64_t timestamp_ms;
    if (!passes_rate(call))
        return NULL;
    struct access_token *token = find_token(sim, call_header(call, "apim-accesstoken"));
    if (!token) {
        kong_refuse(call, 401, NULL);
        return NULL;
    }
    if (call->now_ms >= token->expires_ms) {
        refuse_expired(call);
        return NULL;
    }
    struct app *app = &sim->apps[token->app];
    if (!read_timestamp(call_header(call, "apim-timestamp"), &timestamp_ms)
        || llabs(call->now_ms - timestamp_ms) > knob_number(&sim->knobs, KNOB_max_skew_ms))
        notice_refuse_signature(call, "App Timestamp Checked Fail");
    else if (!is_signed(call, slice_of(token->text), timestamp_ms, app->secret) || is_replay(call))
        notice_refuse_signature(call, "App Signature Checked Fail");
    else
        return app;
    return NULL;
}

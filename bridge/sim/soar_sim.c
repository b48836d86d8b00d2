/* soar_sim.c: SOAR's gateway: who calls, and the gateway's checks in a set order; soar_action.c has what is called. */
#include "bridge/sim/soar_sim.h"

#include "bridge/sim/soar_verify.h"
#include "codecs/check.h"

#include <stdlib.h>

/* One request on its way through the checks. */
struct attempt {
    struct sim_call *call;
    struct soar_signature signature;
    struct access_key *key;
    struct slice action, nonce;
};

static bool
check_date(struct attempt *attempt)
{
    struct sim_call *call = attempt->call;
    int64_t date_ms = time_read(call_header(call, "x-acs-date"));
    int64_t skew_ms = llabs(call->now_ms - date_ms);
    if (date_ms < 0)
        soar_refuse(call, "InvalidTimeStamp.Format");
    else if (skew_ms > knob_number(&call->sim->knobs, KNOB_max_skew))
        soar_refuse(call, "InvalidTimeStamp.Expired");
    else
        return true;
    return false;
}

static struct access_key *
find_in(struct access_key *keys, uint32_t n, struct slice id, struct slice token, struct access_key *found)
{
    for (uint32_t i = 0; i < n; i++)
        if (slice_is(id, keys[i].id)) {
            if (slice_is(token, keys[i].token))
                return &keys[i];
            found = &keys[i];
        }
    return found;
}

/* The key of that id whose token is the one sent; else any of that id, to say what is wrong with it. */
static struct access_key *
find_key(struct sim *sim, struct slice id, struct slice token)
{
    uint32_t sessions = sim->n_sessions < SESSIONS_MAX ? sim->n_sessions : SESSIONS_MAX;
    if (!token.at)
        token = SLICE("");
    struct access_key *found = find_in(sim->keys, sim->n_keys, id, token, NULL);
    if (found && slice_is(token, found->token))
        return found;
    return find_in(sim->sessions, sessions, id, token, found);
}

static bool
check_key(struct attempt *attempt)
{
    struct sim_call *call = attempt->call;
    struct slice token = call_header(call, "x-acs-security-token");
    struct access_key *key = attempt->key;
    const char *code = NULL;
    if (!key)
        code = "InvalidAccessKeyId.NotFound";
    else if (knob_is(&call->sim->knobs, KNOB_key_state, "inactive"))
        code = "InvalidAccessKeyId.Inactive";
    else if (key->token[0] && !token.at)
        code = "MissingSecurityToken";
    else if (token.at && !key->token[0])
        code = "InvalidSecurityToken.Malformed";
    else if (token.at && !slice_is(token, key->token))
        code = "InvalidSecurityToken.MismatchWithAccessKey";
    else if (call->now_ms >= key->expires_ms)
        code = "InvalidSecurityToken.Expired";
    if (code)
        soar_refuse(call, code);
    return !code;
}

static struct hash128
nonce_key(const struct attempt *attempt)
{
    struct sim *sim = attempt->call->sim;
    char node = 0;
    if (knob_is(&sim->knobs, KNOB_nonce_check, "per_node"))
        node = (char)(fault_random(&sim->random) % (uint64_t)knob_number(&sim->knobs, KNOB_nonce_nodes));
    struct slice parts[] = { attempt->nonce, { &node, 1 } };
    return table_key(parts, 2);
}

/* Two tables that change places once a life time: a nonce is remembered for one to two of them, and checked against its own. */
static void
rotate_nonces(struct sim *sim, int64_t now_ms)
{
    if (now_ms - sim->nonces_since_ms < knob_number(&sim->knobs, KNOB_nonce_ttl))
        return;
    table_release(&sim->nonces[1]);
    sim->nonces[1] = sim->nonces[0];
    sim->nonces[0] = (struct table){ 0 };
    sim->nonces_since_ms = now_ms;
}

static bool
check_nonce(struct attempt *attempt)
{
    struct sim_call *call = attempt->call;
    struct sim *sim = call->sim;
    if (knob_is(&sim->knobs, KNOB_nonce_check, "off"))
        return true;
    if (attempt->nonce.size == 0) {
        soar_refuse(call, "MissingParameter");
        return false;
    }
    struct hash128 key = nonce_key(attempt);
    rotate_nonces(sim, call->now_ms);
    for (int i = 0; i < 2; i++) {
        const int64_t *used_ms = table_find(&sim->nonces[i], key);
        if (used_ms && call->now_ms - *used_ms < knob_number(&sim->knobs, KNOB_nonce_ttl)) {
            soar_refuse(call, "SignatureNonceUsed");
            return false;
        }
    }
    return true;
}

static void
burn_nonce(struct attempt *attempt)
{
    if (attempt->nonce.size > 0 && !knob_is(&attempt->call->sim->knobs, KNOB_nonce_check, "off"))
        *table_put(&attempt->call->sim->nonces[0], nonce_key(attempt)) = attempt->call->now_ms;
}

/* The real gateway tells its own string to sign in the message. */
static void
refuse_signature(struct sim_call *call, struct slice canonical)
{
    char text[16 * 1024];
    uint8_t digest[SHA256_BYTES];
    struct buf message;
    buf_init(&message, text, sizeof(text));
    crypto_sha256(call->sim->crypto, &canonical, 1, digest);
    buf_text(&message, "Specified signature is not matched with our calculation. server StringToSign is [ACS3-HMAC-SHA256\n");
    buf_hex(&message, digest, sizeof(digest));
    buf_text(&message, "] server CanonicalRequest is [");
    buf_slice(&message, canonical);
    buf_text(&message, "]");
    soar_refuse_as(call, atoi(knob_text(&call->sim->knobs, KNOB_http_signature)), "SignatureDoesNotMatch",
                   message.overflow ? NULL : buf_cstr(&message));
}

static bool
check_signature(struct attempt *attempt)
{
    struct sim_call *call = attempt->call;
    struct sim *sim = call->sim;
    struct buf canonical;
    buf_init(&canonical, sim->canonical_text, CANONICAL_BYTES);
    if (!attempt->key) {
        soar_refuse(call, "InvalidAccessKeyId.NotFound");
        return false;
    }
    if (!call->query_is_broken
        && soar_verify(sim->crypto, call->request, call->pairs, call->n_pairs, &attempt->signature,
                       slice_of(attempt->key->secret), &canonical) == SOAR_SIGNED)
        return true;
    refuse_signature(call, buf_view(&canonical));
    return false;
}

static bool
check_permission(struct attempt *attempt)
{
    struct sim_call *call = attempt->call;
    const char *code;
    int status;
    bool only_looks = attempt->action.size > 8 && memcmp(attempt->action.at, "Describe", 8) == 0;
    if (knob_is(&call->sim->knobs, KNOB_permission, "deny")
        || (only_looks && knob_is(&call->sim->knobs, KNOB_permission, "deny_describe")))
        soar_refuse(call, "NoPermission");
    else if (knob_answer(&call->sim->knobs, KNOB_overdue, &status, &code))
        soar_refuse_as(call, status, code, NULL);
    else
        return true;
    return false;
}

static bool
check_throttle(struct attempt *attempt)
{
    struct sim *sim = attempt->call->sim;
    const struct knob_value *rate = &sim->knobs.values[KNOB_rate];
    int64_t wait_ms = 0;
    if (rate->number < 0 || !attempt->key
        || bucket_take(&attempt->key->bucket, rate, knob_number(&sim->knobs, KNOB_burst), attempt->call->now_ms, &wait_ms))
        return true;
    soar_throttle(attempt->call, wait_ms);
    return false;
}

static bool
check_parameters(struct attempt *attempt)
{
    return soar_check_parameters(attempt->call, attempt->action);
}

static const struct {
    const char *name;
    bool (*passes)(struct attempt *);
    bool burns;                 /* the nonce is used up although this check refuses */
} checks[] = {
    { "date", check_date, false },             { "key", check_key, false },
    { "nonce", check_nonce, false },           { "signature", check_signature, false },
    { "permission", check_permission, true },  { "throttle", check_throttle, false },
    { "parameters", check_parameters, true },
};

/* Walks the names in check_order. */
static bool
passes_checks(struct attempt *attempt)
{
    const struct knobs *knobs = &attempt->call->sim->knobs;
    for (const char *at = knob_text(knobs, KNOB_check_order); *at;) {
        size_t size = strcspn(at, ","), i = 0;
        while (!slice_is((struct slice){ at, size }, checks[i].name))
            i++;
        if (!checks[i].passes(attempt)) {
            bool throttled = checks[i].passes == check_throttle && knob_is(knobs, KNOB_throttle_burns_nonce, "yes");
            if (checks[i].burns || throttled)
                burn_nonce(attempt);
            return false;
        }
        at += size + (at[size] == ',');
    }
    burn_nonce(attempt);
    return true;
}

/* What is looked at before any account is known. */
static bool
passes_front(struct sim_call *call, struct attempt *attempt)
{
    const struct knobs *knobs = &call->sim->knobs;
    int64_t url_max = knob_number(knobs, KNOB_url_max);
    if (url_max > 0 && (int64_t)call->request->target.size > url_max)
        reply_html(call, atoi(knob_text(knobs, KNOB_url_status)));
    else if (!slice_is(call->request->method, "POST") && !slice_is(call->request->method, "GET"))
        soar_refuse(call, "UnsupportedHTTPMethod");
    else if (knob_is(knobs, KNOB_need_ssl, "yes"))
        soar_refuse(call, "InvalidProtocol.NeedSsl");
    else if (!soar_signature_read(call_header(call, "authorization"), &attempt->signature))
        soar_refuse(call, call_parameter(call, "Signature").at ? "InvalidSignatureMethod" : "IncompleteSignature");
    else if (!soar_action_is_known(attempt->action))
        soar_refuse(call, "InvalidAction.NotFound");
    else if (!slice_is(call_header(call, "x-acs-version"), "2022-07-28"))
        soar_refuse(call, "InvalidVersion");
    else
        return true;
    return false;
}

void
soar_call(struct sim_call *call)
{
    struct attempt attempt = { .call = call, .action = call_header(call, "x-acs-action") };
    attempt.nonce = call_header(call, "x-acs-signature-nonce");
    if (!passes_front(call, &attempt))
        return;
    attempt.key = find_key(call->sim, attempt.signature.key_id, call_header(call, "x-acs-security-token"));
    if (passes_checks(&attempt))
        soar_act(call, attempt.action);
}

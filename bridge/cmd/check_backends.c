/* check_backends.c: judges how a backend answered to a target's credentials. */
#include "bridge/cmd/check_connect.h"
#include "codecs/check.h"
#include "codecs/soar.h"

#include <stdio.h>
#include <stdlib.h>

enum { SKEW_WARN_MS = 30000 };

static const char *
transport_text(const struct inquiry_call *call)
{
    if (!call->answered)
        return "no answer in time";
    switch (call->transport) {
    case TRANSPORT_CONNECT:
        return "cannot connect: the name, the port, TLS or the way to it";
    case TRANSPORT_ABORTED:
        return "the time was over before the call began";
    case TRANSPORT_TIMEOUT:
        return "no answer in time";
    case TRANSPORT_RESET:
        return "the connection was closed without an answer";
    case TRANSPORT_BROKEN:
        return "the answer is no whole HTTP";
    case TRANSPORT_OK:
    case TRANSPORT_COUNT:
        break;
    }
    return "no answer";
}

static bool
has_answer(const struct inquiry_call *call)
{
    return call->answered && call->transport == TRANSPORT_OK && call->verdict.status > 0;
}

static void
judge_away(struct findings *findings, const struct config_target *target, const struct inquiry_call *call)
{
    finding_remedy(finding_fail(findings, EXIT_UNAVAILABLE, "target.credentials", target->name, "%.128s: %s", target->endpoint,
                                transport_text(call)),
                   "look at endpoint, proxy and ca_file of the target, and the network");
}

/* A status and a code as people look them up: "HTTP 403 NoPermission". */
static const char *
answer_text(const struct inquiry_call *call, char out[96])
{
    snprintf(out, 96, "HTTP %d%s%s", call->verdict.status, call->verdict.code[0] ? " " : "", call->verdict.code);
    return out;
}

static bool
code_begins(const struct inquiry_call *call, const char *prefix)
{
    return strncmp(call->verdict.code, prefix, strlen(prefix)) == 0;
}

/* Known, well signed, and without the right to this one action. */
static bool
is_forbidden(const struct inquiry_call *call)
{
    if (call->verdict.outcome != OUTCOME_AUTH)
        return false;
    return code_begins(call, "NoPermission") || code_begins(call, "Forbidden")
           || (call->verdict.code[0] == '\0' && call->verdict.status == 403);
}

/* ---- keys ---------------------------------------------------------------------------------------------------------------- */

static bool
judge_keys(struct findings *findings, const struct config_target *target, const struct inquiry *seen)
{
    const char *provider = seen->provider ? seen->provider : "files";
    switch (seen->keys) {
    case KEYS_HAD:
        return true;
    case KEYS_WAITED:
        finding_remedy(finding_fail(findings, EXIT_UNAVAILABLE, "target.credentials", target->name,
                                    "the credential chain did not end in time, at %s", provider),
                       "look at the service that gives the keys, or set credentials.access_key_id_file");
        return false;
    case KEYS_AWAY:
        finding_remedy(finding_fail(findings, EXIT_UNAVAILABLE, "target.credentials", target->name, "no key: %s", seen->why),
                       "set up one provider of the credential chain, or credentials.access_key_id_file and its secret");
        return false;
    case KEYS_REFUSED:
        finding_remedy(finding_fail(findings, EXIT_NO_PERMISSION, "target.credentials", target->name, "no key, %s: %s", provider,
                                    seen->why),
                       "look at the role and its trust policy");
        return false;
    case KEYS_UNUSABLE:
        finding_remedy(finding_fail(findings, EXIT_CONFIG, "target.credentials", target->name, "%s: %s", provider, seen->why),
                       "put it right: one key, on one line");
        return false;
    }
    return false;
}

static void
judge_clock(struct findings *findings, const struct config_target *target, const struct inquiry_call *call)
{
    char skew[24];
    if (!call->dated)
        return;
    if (llabs(call->skew_ms) <= SKEW_WARN_MS)
        finding_pass(findings, "target.clock", target->name, "agrees with the backend's");
    else
        finding_remedy(finding_warn(findings, "target.clock", target->name, "this machine's clock is %s %s the backend's",
                                    duration_text(llabs(call->skew_ms), skew), call->skew_ms > 0 ? "ahead of" : "behind"),
                       "synchronise it: signatures hold a time, and one that is minutes off is refused");
}

/* ---- SOAR ---------------------------------------------------------------------------------------------------------------- */

static void
judge_refusal(struct findings *findings, const struct config_target *target, const struct inquiry_call *call)
{
    char text[96];
    if (code_begins(call, "InvalidTimeStamp"))
        finding_remedy(finding_fail(findings, EXIT_NO_PERMISSION, "target.credentials", target->name,
                                    "%s: the signature's time is too far from the backend's", answer_text(call, text)),
                       "synchronise this machine's clock");
    else
        finding_remedy(finding_fail(findings, EXIT_NO_PERMISSION, "target.credentials", target->name, "refused: %s",
                                    answer_text(call, text)),
                       "%s", code_begins(call, "Signature") ? "the secret does not belong to this key"
                             : code_begins(call, "InvalidSecurityToken") || code_begins(call, "MissingSecurityToken")
                                 ? "the security token is missing, has ended or belongs to another key"
                                 : "the key is not known or not active: look at the target's credentials");
}

/* True when it is settled that the key is accepted. */
static bool
judge_soar_key(struct findings *findings, const struct config_target *target, const struct inquiry *seen)
{
    const struct inquiry_call *call = &seen->calls[SOAR_PLAYBOOKS];
    char text[96];
    switch (call->verdict.outcome) {
    case OUTCOME_AUTH:
        if (!is_forbidden(call)) {
            judge_refusal(findings, target, call);
            return false;
        }
        break;
    case OUTCOME_DELIVERED:
        break;
    case OUTCOME_CONFIG:
        if (code_begins(call, "InvalidPlaybookUuid"))
            break;
        finding_remedy(finding_fail(findings, EXIT_CONFIG, "target.credentials", target->name, "%.128s: %s", target->endpoint,
                                    answer_text(call, text)),
                       "this is not SOAR of version 2022-07-28: look at endpoint or region");
        return false;
    case OUTCOME_THROTTLED:
        finding_remedy(finding_warn(findings, "target.credentials", target->name, "not checked: throttled, %s",
                                    answer_text(call, text)),
                       "try again later; lower rate_limit");
        return false;
    case OUTCOME_NOT_SENT: case OUTCOME_NOT_EXECUTED: case OUTCOME_IN_DOUBT: case OUTCOME_REJECTED: case OUTCOME_TOO_LARGE:
    case OUTCOME_COUNT:
        finding_remedy(finding_fail(findings, EXIT_UNAVAILABLE, "target.credentials", target->name, "%.128s: %s",
                                    target->endpoint, answer_text(call, text)),
                       "look at the backend's status");
        return false;
    }
    finding_pass(findings, "target.credentials", target->name, "accepted, from %s", seen->provider ? seen->provider : "files");
    return true;
}

static void
judge_right(struct findings *findings, const char *check, const struct config_target *target, enum soar_describe what,
            const struct inquiry_call *call)
{
    char text[96];
    finding_remedy(finding_warn(findings, check, target->name, "not seen: %s",
                                has_answer(call) ? answer_text(call, text) : transport_text(call)),
                   "%s%s%s", is_forbidden(call) ? "allow " : "try again; this looks by ", soar_describe_name(what),
                   is_forbidden(call) ? " in the key's policy, or go without this check: sending needs no such right" : "");
}

static void
judge_playbook(struct findings *findings, const struct config_target *target, const struct inquiry *seen)
{
    const struct inquiry_call *call = &seen->calls[SOAR_PLAYBOOKS];
    const char *uuid = target->settings.playbook_uuid;
    bool is_refused = code_begins(call, "InvalidPlaybookUuid");
    if (call->verdict.outcome != OUTCOME_DELIVERED && !is_refused)
        judge_right(findings, "target.playbook", target, SOAR_PLAYBOOKS, call);
    else if (is_refused || !seen->playbook.found)
        finding_remedy(finding_fail(findings, EXIT_CONFIG, "target.playbook", target->name, "%.64s is not known to this account",
                                    uuid),
                       "put right playbook_uuid, endpoint or region");
    else if (!seen->playbook.active)
        finding_remedy(finding_warn(findings, "target.playbook", target->name,
                                    "%.64s is switched off; whether calls are taken then is documented nowhere", uuid),
                       "switch the playbook on");
    else
        finding_pass(findings, "target.playbook", target->name, "%.64s is known and on", uuid);
}

/* Kinds of event that some route may send to the target. */
static uint32_t
routed_kinds(const struct config *config, uint32_t target)
{
    uint32_t kinds = 0;
    for (uint32_t i = 0; i < config->n_routes; i++)
        if (config->routes[i].target == (int)target)
            kinds |= config->routes[i].kinds ? config->routes[i].kinds : (1u << EVENT_KIND_COUNT) - 1;
    return kinds & ~(1u << EVENT_NOTICE);
}

static void
judge_templates(struct findings *findings, const struct config *config, uint32_t index, const struct inquiry *seen)
{
    const struct config_target *target = &config->targets[index];
    const struct inquiry_call *call = &seen->calls[SOAR_TEMPLATES];
    uint32_t missing = routed_kinds(config, index) & ~seen->templates.kinds;
    if (!has_answer(call) || call->verdict.outcome != OUTCOME_DELIVERED) {
        judge_right(findings, "target.templates", target, SOAR_TEMPLATES, call);
        return;
    }
    for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++)
        if (missing >> kind & 1)
            finding_remedy(finding_warn(findings, "target.templates", target->name,
                                        "the account has no template for %s, which %s events are sent as",
                                        soar_event_id((enum event_kind)kind), event_kind_name((enum event_kind)kind)),
                           "look at the message center's templates, or route these events elsewhere");
    if (missing == 0)
        finding_pass(findings, "target.templates", target->name, "%u templates, one for each kind that is routed here",
                     seen->templates.n);
}

static void
judge_soar(struct findings *findings, const struct config *config, uint32_t index, const struct inquiry *seen)
{
    const struct config_target *target = &config->targets[index];
    if (!has_answer(&seen->calls[SOAR_PLAYBOOKS])) {
        judge_away(findings, target, &seen->calls[SOAR_PLAYBOOKS]);
        return;
    }
    bool accepted = judge_soar_key(findings, target, seen);
    judge_clock(findings, target, &seen->calls[SOAR_PLAYBOOKS]);
    if (!accepted)
        return;
    judge_playbook(findings, target, seen);
    if (seen->calls[SOAR_TEMPLATES].asked)
        judge_templates(findings, config, index, seen);
}

/* ---- the portal ---------------------------------------------------------------------------------------------------------- */

static void
judge_token_refused(struct findings *findings, const struct config_target *target, const struct inquiry *seen)
{
    int status = seen->calls[0].verdict.status;
    if (seen->token_code != 0 || status == 401 || status == 403)
        finding_remedy(finding_fail(findings, EXIT_NO_PERMISSION, "target.credentials", target->name,
                                    "refused: HTTP %d, code %d", status, seen->token_code),
                       "%s", seen->token_code == 1002 ? "the portal knows no such appKey"
                             : seen->token_code == 1003 ? "the appSecret does not belong to this appKey"
                                                        : "look at app_key_file and app_secret_file");
    else
        finding_remedy(finding_fail(findings, EXIT_CONFIG, "target.credentials", target->name,
                                    "%.128s answers token get with HTTP %d", target->endpoint, status),
                       "this is not the portal's API gateway: look at endpoint");
}

static void
judge_token(struct findings *findings, const struct config_target *target, const struct inquiry *seen)
{
    switch (seen->token) {
    case TOKEN_OK:
        finding_pass(findings, "target.credentials", target->name, "accepted: a token with %llds of life",
                     (long long)seen->token_life_s);
        return;
    case TOKEN_REFUSED:
        judge_token_refused(findings, target, seen);
        return;
    case TOKEN_AGAIN:
    case TOKEN_GET_INSTEAD:
        finding_remedy(finding_fail(findings, EXIT_UNAVAILABLE, "target.credentials", target->name,
                                    "no token for now: HTTP %d, code %d", seen->calls[0].verdict.status, seen->token_code),
                       "try again; look at the portal's status");
        return;
    }
}

void
judge_backend(struct findings *findings, const struct config *config, uint32_t index, const struct inquiry *seen)
{
    const struct config_target *target = &config->targets[index];
    if (!judge_keys(findings, target, seen))
        return;
    if (target->settings.kind == TARGET_SOAR) {
        judge_soar(findings, config, index, seen);
        return;
    }
    if (!has_answer(&seen->calls[0])) {
        judge_away(findings, target, &seen->calls[0]);
        return;
    }
    judge_token(findings, target, seen);
    judge_clock(findings, target, &seen->calls[0]);
}

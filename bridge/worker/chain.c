/* chain.c: the order of the providers, the two profile files, and how a round ends. */
#include "bridge/worker/chain_parts.h"

#include "codecs/check.h"

#include <stdarg.h>
#include <stdio.h>

const char *
chain_variable_name(enum chain_variable variable)
{
    static const char *const names[CHAIN_VARIABLE_COUNT] = {
#define CHAIN_VARIABLE(id, name) [CHAIN_##id] = name,
        CHAIN_VARIABLES(CHAIN_VARIABLE)
#undef CHAIN_VARIABLE
    };
    check((unsigned)variable < CHAIN_VARIABLE_COUNT);
    return names[variable];
}

const char *
chain_provider_name(enum chain_provider provider)
{
    static const char *const names[CHAIN_PROVIDER_COUNT + 1] = {
        "environment", "oidc", "cli_profile", "ini_file", "ecs_role", "uri", "none",
    };
    check((unsigned)provider <= CHAIN_PROVIDER_COUNT);
    return names[provider];
}

void
chain_init(struct chain *chain, const struct chain_environment *environment)
{
    memset(chain, 0, sizeof(*chain));
    chain->environment = *environment;
}

void
chain_wipe(struct chain *chain)
{
    explicit_bzero(&chain->keys, sizeof(chain->keys));
    explicit_bzero(chain->web_token, sizeof(chain->web_token));
    explicit_bzero(chain->metadata_token, sizeof(chain->metadata_token));
}

void
chain_credential(const struct chain *chain, struct credential *credential)
{
    const struct chain_keys *keys = &chain->keys;
    *credential = (struct credential){ slice_of(keys->id), slice_of(keys->secret), { 0 } };
    if (keys->token[0])
        credential->token = slice_of(keys->token);
}

/* ---- how a round ends ---- */

static void
end(struct chain *chain, enum chain_result result)
{
    chain->step = STEP_DONE;
    chain->result = result;
    explicit_bzero(chain->web_token, sizeof(chain->web_token));
    explicit_bzero(chain->metadata_token, sizeof(chain->metadata_token));
}

void
chain_had(struct chain *chain, struct chain_keys *keys, int64_t wall_ms)
{
    if (keys->expires_wall_ms > wall_ms) {
        explicit_bzero(&chain->keys, sizeof(chain->keys));
        chain->keys = *keys;
        chain->settled = true;
        chain->why[0] = '\0';
        end(chain, CHAIN_HAD);
    } else {
        chain_end(chain, CHAIN_AGAIN, "the credentials that were given have expired already");
    }
    explicit_bzero(keys, sizeof(*keys));
}

void
chain_end(struct chain *chain, enum chain_result result, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(chain->why, sizeof(chain->why), format, arguments);
    va_end(arguments);
    end(chain, result);
}

/* ---- the providers: each asks for something, ends the round, or passes ---- */

static void
try_environment(struct chain *chain)
{
    const char *id = chain_value(chain, CHAIN_ACCESS_KEY_ID), *secret = chain_value(chain, CHAIN_ACCESS_KEY_SECRET);
    struct chain_keys keys = { .expires_wall_ms = CHAIN_NEVER };
    if (!id[0] || !secret[0])
        chain_pass(chain, "");
    else if (chain_copy(keys.id, sizeof(keys.id), slice_of(id)) && chain_copy(keys.secret, sizeof(keys.secret), slice_of(secret))
             && chain_copy(keys.token, sizeof(keys.token), slice_of(chain_value(chain, CHAIN_SECURITY_TOKEN))))
        chain_had(chain, &keys, 0);
    else
        chain_end(chain, CHAIN_UNUSABLE, "a variable of the access key is too long, or not printable");
    explicit_bzero(&keys, sizeof(keys));
}

static bool
take_variable(const struct chain *chain, enum chain_variable variable, char *to, size_t size)
{
    return chain_copy(to, size, slice_of(chain_value(chain, variable)));
}

static void
try_oidc(struct chain *chain)
{
    struct chain_profile profile = { 0 };
    struct chain_role *role = &profile.role;
    if (!chain_value(chain, CHAIN_ROLE_ARN)[0] || !chain_value(chain, CHAIN_OIDC_PROVIDER_ARN)[0]
        || !chain_value(chain, CHAIN_OIDC_TOKEN_FILE)[0]) {
        chain_pass(chain, "");
        return;
    }
    if (!take_variable(chain, CHAIN_ROLE_ARN, role->role_arn, sizeof(role->role_arn))
        || !take_variable(chain, CHAIN_OIDC_PROVIDER_ARN, role->provider_arn, sizeof(role->provider_arn))
        || !take_variable(chain, CHAIN_OIDC_TOKEN_FILE, role->token_file, sizeof(role->token_file))) {
        chain_end(chain, CHAIN_UNUSABLE, "a variable of the OIDC role is too long, or not printable");
        return;
    }
    chain_profile_role(&profile);
    chain->role = profile.role;
    chain_assume(chain);
}

/* A path of the environment's, else one below the home folder. */
static bool
profile_path(struct chain *chain, enum chain_variable variable, const char *below_home)
{
    const char *given = chain_value(chain, variable), *home = chain_value(chain, CHAIN_HOME);
    int size = given[0] ? snprintf(chain->path, sizeof(chain->path), "%s", given)
                        : snprintf(chain->path, sizeof(chain->path), "%s/%s", home, below_home);
    return (given[0] || home[0]) && (size_t)size < sizeof(chain->path);
}

static void
ask_profile(struct chain *chain, enum chain_variable variable, const char *below_home)
{
    if (profile_path(chain, variable, below_home))
        chain->step = STEP_PROFILE_FILE;
    else
        chain_pass(chain, "");
}

static void
try_cli(struct chain *chain)
{
    if (chain_is_true(chain, CHAIN_CLI_PROFILE_DISABLED))
        chain_pass(chain, "");
    else
        ask_profile(chain, CHAIN_CONFIG_FILE, ".aliyun/config.json");
}

static void
try_ini(struct chain *chain)
{
    ask_profile(chain, CHAIN_CREDENTIALS_FILE, chain->second_ini ? ".alibabacloud/credentials.ini" : ".alibabacloud/credentials");
}

static void
try_ecs(struct chain *chain)
{
    if (chain_is_true(chain, CHAIN_ECS_METADATA_DISABLED))
        chain_pass(chain, "");
    else
        chain_metadata(chain, chain_value(chain, CHAIN_ECS_METADATA));
}

static void
try_uri(struct chain *chain)
{
    if (chain_value(chain, CHAIN_CREDENTIALS_URI)[0])
        chain_uri(chain);
    else
        chain_pass(chain, "");
}

static void
try_provider(struct chain *chain)
{
    static void (*const providers[CHAIN_PROVIDER_COUNT])(struct chain *) = { try_environment, try_oidc, try_cli,
                                                                             try_ini,         try_ecs,  try_uri };
    if (chain->provider < CHAIN_PROVIDER_COUNT)
        providers[chain->provider](chain);
    else if (chain->passed[0] == '\0')
        chain_end(chain, CHAIN_AGAIN, "no provider of the credential chain is set up");
    else
        chain_end(chain, CHAIN_AGAIN, "no provider of the credential chain is set up, and %.180s", chain->passed);
}

/* Goes at most as deep as there are providers. */
void
chain_pass(struct chain *chain, const char *why)
{
    if (chain->settled) {
        chain_end(chain, CHAIN_AGAIN, "%s", why[0] ? why : "the provider that gave the present credentials has gone");
        return;
    }
    if (why[0])
        snprintf(chain->passed, sizeof(chain->passed), "%s", why);
    chain->provider++;
    try_provider(chain);
}

void
chain_begin(struct chain *chain)
{
    check(chain->step == STEP_DONE);
    if (!chain->settled)
        chain->provider = CHAIN_ENVIRONMENT;
    chain->second_ini = false;
    chain->status = 0;
    chain->why[0] = '\0';
    chain->passed[0] = '\0';
    try_provider(chain);
}

enum chain_ask
chain_ask(const struct chain *chain)
{
    switch (chain->step) {
    case STEP_DONE:
        return CHAIN_DONE;
    case STEP_PROFILE_FILE:
    case STEP_TOKEN_FILE:
        return CHAIN_FILE;
    case STEP_ASSUME_ROLE:
    case STEP_METADATA_TOKEN:
    case STEP_METADATA_ROLE:
    case STEP_METADATA_KEYS:
    case STEP_URI:
        return CHAIN_CALL;
    }
    return CHAIN_DONE;
}

/* ---- files ---- */

static void
use_profile(struct chain *chain, struct chain_profile *profile)
{
    switch (profile->kind) {
    case PROFILE_ABSENT:
        chain_pass(chain, "");
        return;
    case PROFILE_KEYS:
        chain_had(chain, &profile->keys, 0);
        return;
    case PROFILE_ECS_ROLE:
        chain_metadata(chain, profile->role_name);
        return;
    case PROFILE_OIDC_ROLE:
        chain->role = profile->role;
        chain_assume(chain);
        return;
    case PROFILE_UNUSABLE:
        chain_end(chain, CHAIN_UNUSABLE, "%.150s: %.100s", chain->profile_path, profile->why);
        return;
    }
}

static void
read_profile(struct chain *chain, struct slice text)
{
    struct chain_profile profile;
    const char *name = chain_value(chain, CHAIN_PROFILE);
    memcpy(chain->profile_path, chain->path, sizeof(chain->profile_path));
    if (chain->provider == CHAIN_CLI_PROFILE)
        chain_parse_cli(text, name, &profile);
    else
        chain_parse_ini(text, name[0] ? name : "default", &profile);
    use_profile(chain, &profile);
    explicit_bzero(&profile, sizeof(profile));
}

static void
read_token(struct chain *chain, struct slice text)
{
    text = chain_trim(text);
    if (text.size == 0 || text.size >= sizeof(chain->web_token)) {
        chain_end(chain, CHAIN_UNUSABLE, "%.200s: holds no token", chain->path);
        return;
    }
    memcpy(chain->web_token, text.at, text.size);
    chain->web_token[text.size] = '\0';
    chain->step = STEP_ASSUME_ROLE;
}

static void
miss_profile(struct chain *chain)
{
    bool is_ini = chain->provider == CHAIN_INI_FILE;
    if (!is_ini || chain->second_ini || chain_value(chain, CHAIN_CREDENTIALS_FILE)[0]) {
        chain_pass(chain, "");
        return;
    }
    chain->second_ini = true;
    try_ini(chain);
}

void
chain_take_file(struct chain *chain, enum secret_result result, struct slice text)
{
    check(chain_ask(chain) == CHAIN_FILE);
    bool is_profile = chain->step == STEP_PROFILE_FILE;
    if (is_profile && (result == SECRET_MISSING || result == SECRET_EMPTY))
        miss_profile(chain);
    else if (result != SECRET_SAME && result != SECRET_CHANGED)
        chain_end(chain, CHAIN_UNUSABLE, "%.180s: %s", chain->path, secret_result_text(result));
    else if (is_profile)
        read_profile(chain, text);
    else
        read_token(chain, text);
}

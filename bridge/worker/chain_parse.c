/* chain_parse.c: credentials in JSON.
 * https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerolewithoidc */
#include "bridge/worker/chain_parse.h"

#include "codecs/check.h"
#include "codecs/event.h"
#include "codecs/json.h"
#include "codecs/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { DURATION_S = 3600, DURATION_MIN_S = 900, DURATION_MAX_S = 43200 };

bool
chain_copy(char *to, size_t size, struct slice from)
{
    to[0] = '\0';
    if (from.size >= size)
        return false;
    for (size_t i = 0; i < from.size; i++)
        if (from.at[i] < ' ' || from.at[i] > '~')
            return false;
    if (from.size > 0)
        memcpy(to, from.at, from.size);
    to[from.size] = '\0';
    return true;
}

struct slice
chain_trim(struct slice text)
{
    while (text.size > 0 && strchr(" \t\r\n", text.at[text.size - 1]))
        text.size--;
    while (text.size > 0 && strchr(" \t\r\n", text.at[0])) {
        text.at++;
        text.size--;
    }
    return text;
}

/* ---- JSON ---- */

/* Calls `read` with the object that `text` is; false when it is none. The tree has its own memory, because it is full of secrets
 * and is wiped. */
static bool
with_object(struct slice text, bool (*read)(const struct value *object, void *into), void *into)
{
    size_t size = json_arena_bytes(text.size);
    void *memory = malloc(size);
    const struct value *root = NULL;
    struct arena arena;
    check(memory);
    arena_init(&arena, memory, size);
    bool ok = json_read(text, &arena, &root) == FAULT_NONE && root->type == VALUE_OBJECT && read(root, into);
    explicit_bzero(memory, size);
    free(memory);
    return ok;
}

static struct slice
member_text(const struct value *object, const char *name)
{
    struct slice text = { 0 };
    reply_text(value_member(object, name), &text);
    return text;
}

static bool
take_text(const struct value *object, const char *name, char *to, size_t size)
{
    return chain_copy(to, size, member_text(object, name));
}

#define TAKE(object, name, field) take_text(object, name, field, sizeof(field))

static bool
take_keys(const struct value *object, struct chain_keys *keys)
{
    struct event_time end = { .text = member_text(object, "Expiration") };
    return TAKE(object, "AccessKeyId", keys->id) && TAKE(object, "AccessKeySecret", keys->secret)
           && TAKE(object, "SecurityToken", keys->token) && keys->id[0] && keys->secret[0] && keys->token[0]
           && event_time_ms(&end, &keys->expires_wall_ms);
}

static bool
read_sts(const struct value *object, void *keys)
{
    const struct value *inner = value_member(object, "Credentials");
    return inner && take_keys(inner, keys);
}

static bool
read_keys(const struct value *object, void *keys)
{
    struct slice code = member_text(object, "Code");
    return (!code.at || slice_is(code, "Success")) && take_keys(object, keys);
}

static bool
parse_keys(struct slice json, bool (*read)(const struct value *, void *), struct chain_keys *keys)
{
    memset(keys, 0, sizeof(*keys));
    if (with_object(json, read, keys))
        return true;
    explicit_bzero(keys, sizeof(*keys));
    return false;
}

bool
chain_parse_sts(struct slice json, struct chain_keys *keys)
{
    return parse_keys(json, read_sts, keys);
}

bool
chain_parse_keys(struct slice json, struct chain_keys *keys)
{
    return parse_keys(json, read_keys, keys);
}

struct code {
    char *text;
    size_t size;
};

static bool
read_code(const struct value *object, void *into)
{
    struct code *code = into;
    return take_text(object, "Code", code->text, code->size);
}

void
chain_parse_code(struct slice json, char *code, size_t size)
{
    code[0] = '\0';
    with_object(json, read_code, &(struct code){ code, size });
}

bool
chain_parse_line(struct slice text, char *line, size_t size)
{
    text = chain_trim(text);
    const char *end = text.size > 0 ? memchr(text.at, '\n', text.size) : NULL;
    if (end)
        text.size = (size_t)(end - text.at);
    return chain_copy(line, size, chain_trim(text)) && line[0] != '\0' && !strchr(line, ' ');
}

/* ---- the command line's profiles; https://www.alibabacloud.com/help/en/cli/configure-credentials ---- */

void
chain_unusable(struct chain_profile *profile, const char *format, ...)
{
    va_list arguments;
    explicit_bzero(profile, sizeof(*profile));
    profile->kind = PROFILE_UNUSABLE;
    va_start(arguments, format);
    vsnprintf(profile->why, sizeof(profile->why), format, arguments);
    va_end(arguments);
}

void
chain_profile_role(struct chain_profile *profile)
{
    struct chain_role *role = &profile->role;
    profile->kind = PROFILE_OIDC_ROLE;
    if (!role->role_arn[0] || !role->provider_arn[0] || !role->token_file[0]) {
        chain_unusable(profile, "the OIDC role lacks its ARN, its provider's ARN or its token file");
        return;
    }
    if (role->duration_s == 0)
        role->duration_s = DURATION_S;
    role->duration_s = role->duration_s < DURATION_MIN_S ? DURATION_MIN_S : role->duration_s;
    role->duration_s = role->duration_s > DURATION_MAX_S ? DURATION_MAX_S : role->duration_s;
}

struct cli {
    const char *name;
    struct chain_profile *profile;
};

static bool
cli_keys(const struct value *object, struct chain_profile *profile)
{
    profile->kind = PROFILE_KEYS;
    profile->keys.expires_wall_ms = CHAIN_NEVER;
    return TAKE(object, "access_key_id", profile->keys.id) && TAKE(object, "access_key_secret", profile->keys.secret);
}

static void
cli_key_mode(const struct value *object, struct chain_profile *profile, bool with_token)
{
    bool whole = cli_keys(object, profile) && (!with_token || TAKE(object, "sts_token", profile->keys.token));
    if (whole && !profile->keys.id[0] && !profile->keys.secret[0])
        profile->kind = PROFILE_ABSENT;     /* the command line writes such a one before anybody configures it */
    else if (!whole || !profile->keys.id[0] || !profile->keys.secret[0] || (with_token && !profile->keys.token[0]))
        chain_unusable(profile, "the profile's key is not whole, or not printable");
}

static void
cli_role(const struct value *object, struct chain_profile *profile)
{
    struct chain_role *role = &profile->role;
    const struct value *vpc = value_member(object, "enable_vpc");
    role->vpc = vpc && vpc->type == VALUE_BOOL && vpc->boolean;
    reply_integer(value_member(object, "expired_seconds"), &role->duration_s);
    struct slice session = member_text(object, "ram_session_name");
    if (!session.at)
        session = member_text(object, "role_session_name");
    bool fits = TAKE(object, "ram_role_arn", role->role_arn) && TAKE(object, "oidc_provider_arn", role->provider_arn)
                && TAKE(object, "oidc_token_file", role->token_file) && TAKE(object, "policy", role->policy)
                && TAKE(object, "sts_region", role->region)
                && chain_copy(role->session_name, sizeof(role->session_name), session);
    if (fits)
        chain_profile_role(profile);
    else
        chain_unusable(profile, "a text of the profile's OIDC role is too long, or not printable");
}

static void
cli_profile(const struct value *object, struct chain_profile *profile)
{
    char mode[32];
    if (!TAKE(object, "mode", mode))
        mode[0] = '\0';
    if (strcmp(mode, "AK") == 0) {
        cli_key_mode(object, profile, false);
    } else if (strcmp(mode, "StsToken") == 0) {
        cli_key_mode(object, profile, true);
    } else if (strcmp(mode, "EcsRamRole") == 0) {
        profile->kind = PROFILE_ECS_ROLE;
        if (!TAKE(object, "ram_role_name", profile->role_name))
            chain_unusable(profile, "the profile's ram_role_name is too long, or not printable");
    } else if (strcmp(mode, "OIDC") == 0) {
        cli_role(object, profile);
    } else {
        chain_unusable(profile, "the profile's mode \"%s\" cannot be used here; AK, StsToken, EcsRamRole and OIDC can", mode);
    }
}

static bool
read_cli(const struct value *object, void *into)
{
    struct cli *cli = into;
    struct slice name = cli->name[0] ? slice_of(cli->name) : member_text(object, "current");
    const struct value *profiles = value_member(object, "profiles");
    for (uint32_t i = 0; profiles && profiles->type == VALUE_ARRAY && i < profiles->count; i++)
        if (name.at && slice_eq(member_text(&profiles->items[i], "name"), name)) {
            cli_profile(&profiles->items[i], cli->profile);
            break;
        }
    return true;
}

void
chain_parse_cli(struct slice json, const char *name, struct chain_profile *profile)
{
    memset(profile, 0, sizeof(*profile));
    if (!with_object(json, read_cli, &(struct cli){ name, profile }))
        chain_unusable(profile, "the file is no JSON object");
}

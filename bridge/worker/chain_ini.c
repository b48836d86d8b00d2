/* chain_ini.c: the shared credentials file: sections of `key = value`.
 * https://www.alibabacloud.com/help/en/sdk/developer-reference/v2-manage-access-credentials */
#include "bridge/worker/chain_parse.h"

/* What one section said. Slices borrow from the file's text. */
struct section {
    struct slice type, id, secret, role_name, role_arn, provider_arn, token_file, session_name, policy;
};

static struct slice
take_line(struct slice *rest)
{
    const char *end = memchr(rest->at, '\n', rest->size);
    struct slice line = { rest->at, end ? (size_t)(end - rest->at) : rest->size };
    size_t taken = line.size + (end != NULL);
    rest->at += taken;
    rest->size -= taken;
    return chain_trim(line);
}

static struct slice *
field_of(struct section *section, struct slice name)
{
    const struct {
        const char *name;
        struct slice *field;
    } fields[] = {
        { "type", &section->type },
        { "access_key_id", &section->id },
        { "access_key_secret", &section->secret },
        { "role_name", &section->role_name },
        { "role_arn", &section->role_arn },
        { "oidc_provider_arn", &section->provider_arn },
        { "oidc_token_file_path", &section->token_file },
        { "role_session_name", &section->session_name },
        { "policy", &section->policy },
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (slice_is(name, fields[i].name))
            return fields[i].field;
    return NULL;
}

/* False: the line is no `key = value`. A key that nobody knows is passed over; `#` ends a value, as in the vendor's readers. */
static bool
take_pair(struct slice line, struct section *section)
{
    const char *equals = memchr(line.at, '=', line.size);
    if (!equals)
        return false;
    struct slice name = { line.at, (size_t)(equals - line.at) };
    struct slice value = { equals + 1, line.size - name.size - 1 };
    const char *comment = memchr(value.at, '#', value.size);
    if (comment)
        value.size = (size_t)(comment - value.at);
    struct slice *field = field_of(section, chain_trim(name));
    if (field)
        *field = chain_trim(value);
    return true;
}

static bool
is_header(struct slice line, const char *name)
{
    struct slice inner = { line.at + 1, line.size >= 2 ? line.size - 2 : 0 };
    return line.size >= 2 && line.at[line.size - 1] == ']' && slice_is(chain_trim(inner), name);
}

enum found { FOUND, FOUND_NOT, FOUND_BROKEN };

static enum found
find(struct slice text, const char *name, struct section *section, unsigned *line_number)
{
    enum found found = FOUND_NOT;
    bool inside = false;
    for (*line_number = 1; text.size > 0; ++*line_number) {
        struct slice line = take_line(&text);
        if (line.size == 0 || line.at[0] == '#' || line.at[0] == ';')
            continue;
        if (line.at[0] == '[') {
            inside = is_header(line, name);
            found = inside ? FOUND : found;
        } else if (inside && !take_pair(line, section)) {
            return FOUND_BROKEN;
        }
    }
    return found;
}

static void
use_key(const struct section *section, struct chain_profile *profile)
{
    struct chain_keys *keys = &profile->keys;
    profile->kind = PROFILE_KEYS;
    keys->expires_wall_ms = CHAIN_NEVER;
    if (!chain_copy(keys->id, sizeof(keys->id), section->id) || !chain_copy(keys->secret, sizeof(keys->secret), section->secret)
        || !keys->id[0] || !keys->secret[0])
        chain_unusable(profile, "access_key_id or access_key_secret is missing, too long, or not printable");
}

static void
use_role(const struct section *section, struct chain_profile *profile)
{
    struct chain_role *role = &profile->role;
    if (chain_copy(role->role_arn, sizeof(role->role_arn), section->role_arn)
        && chain_copy(role->provider_arn, sizeof(role->provider_arn), section->provider_arn)
        && chain_copy(role->token_file, sizeof(role->token_file), section->token_file)
        && chain_copy(role->session_name, sizeof(role->session_name), section->session_name)
        && chain_copy(role->policy, sizeof(role->policy), section->policy))
        chain_profile_role(profile);
    else
        chain_unusable(profile, "a text of the OIDC role is too long, or not printable");
}

static void
use_section(const struct section *section, struct chain_profile *profile)
{
    char type[32];
    if (!chain_copy(type, sizeof(type), section->type))
        type[0] = '\0';
    if (strcmp(type, "access_key") == 0) {
        use_key(section, profile);
    } else if (strcmp(type, "ecs_ram_role") == 0) {
        profile->kind = PROFILE_ECS_ROLE;
        if (!chain_copy(profile->role_name, sizeof(profile->role_name), section->role_name))
            chain_unusable(profile, "role_name is too long, or not printable");
    } else if (strcmp(type, "oidc_role_arn") == 0) {
        use_role(section, profile);
    } else {
        chain_unusable(profile, "type \"%s\" cannot be used here; access_key, ecs_ram_role and oidc_role_arn can", type);
    }
}

void
chain_parse_ini(struct slice text, const char *name, struct chain_profile *profile)
{
    struct section section = { 0 };
    unsigned line = 0;
    memset(profile, 0, sizeof(*profile));
    switch (find(text, name, &section, &line)) {
    case FOUND:
        use_section(&section, profile);
        return;
    case FOUND_NOT:
        return;
    case FOUND_BROKEN:
        chain_unusable(profile, "line %u is neither a section nor key = value", line);
        return;
    }
}

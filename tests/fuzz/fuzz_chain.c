/* fuzz_chain.c: the texts of the credential chain: replies of its services, profile files, addresses. The first byte says how the
 * name of the profile is chosen; the rest is the text. */
#include "bridge/worker/chain_parse.h"
#include "tests/fuzz/shared.h"

static void
keys_must_be_sound(const struct chain_keys *keys)
{
    text_must_be_printable(keys->id, sizeof(keys->id));
    text_must_be_printable(keys->secret, sizeof(keys->secret));
    text_must_be_printable(keys->token, sizeof(keys->token));
}

static void
profile_must_be_sound(const struct chain_profile *profile)
{
    switch (profile->kind) {
    case PROFILE_ABSENT:
        return;
    case PROFILE_KEYS:
        keys_must_be_sound(&profile->keys);
        check(profile->keys.id[0] && profile->keys.secret[0]);
        return;
    case PROFILE_ECS_ROLE:
        text_must_be_printable(profile->role_name, sizeof(profile->role_name));
        return;
    case PROFILE_OIDC_ROLE:
        text_must_be_printable(profile->role.role_arn, sizeof(profile->role.role_arn));
        text_must_be_printable(profile->role.token_file, sizeof(profile->role.token_file));
        text_must_be_printable(profile->role.region, sizeof(profile->role.region));
        check(profile->role.role_arn[0] && profile->role.provider_arn[0] && profile->role.token_file[0]);
        check(profile->role.duration_s >= 900 && profile->role.duration_s <= 43200);
        return;
    case PROFILE_UNUSABLE:
        text_must_be_printable(profile->why, sizeof(profile->why));
        check(profile->why[0]);
        return;
    }
    broken("a kind of profile that does not exist");
}

static void
address(struct slice text)
{
    char origin[CHAIN_ORIGIN_BYTES];
    struct slice path;
    if (chain_parse_url(text, origin, &path))
        return;
    text_must_be_printable(origin, sizeof(origin));
    check(strncmp(origin, "http", 4) == 0 && !strchr(origin, '@') && !strchr(origin, ' '));
    check(path.size > 0 && path.at[0] == '/');
}

int
FUZZ(chain)(const uint8_t *data, size_t size)
{
    static struct chain_profile profile;
    static struct chain_keys keys;
    struct bytes bytes = { data, size };
    char code[64], line[CHAIN_ROLE_NAME_BYTES];
    const char *name = (const char *const[]){ "", "default", "a" }[bytes_below(&bytes, 3)];
    struct slice text = bytes_rest(&bytes);
    if (text.size > FUZZ_BYTES_MAX)
        return 0;
    if (chain_parse_sts(text, &keys))
        keys_must_be_sound(&keys);
    if (chain_parse_keys(text, &keys))
        keys_must_be_sound(&keys);
    chain_parse_code(text, code, sizeof(code));
    text_must_be_printable(code, sizeof(code));
    if (chain_parse_line(text, line, sizeof(line)))
        text_must_be_printable(line, sizeof(line));
    chain_parse_cli(text, name, &profile);
    profile_must_be_sound(&profile);
    chain_parse_ini(text, name, &profile);
    profile_must_be_sound(&profile);
    address(text);
    return 0;
}

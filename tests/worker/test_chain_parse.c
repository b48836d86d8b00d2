/* test_chain_parse.c: the texts of the credential chain: whole, wrong and cut. */
#include "bridge/worker/chain_parse.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static const char sts[] = "{\"RequestId\":\"4BDB\",\"AssumedRoleUser\":{\"Arn\":\"acs:ram::1:role/r/s\"},\"OIDCTokenInfo\":{},"
                          "\"Credentials\":{\"AccessKeyId\":\"STS.a\",\"AccessKeySecret\":\"sec\",\"SecurityToken\":\"tok\","
                          "\"Expiration\":\"2026-01-02T03:04:05Z\"}}";
static const char keys[] = "{\"Code\":\"Success\","
                           "\"AccessKeyId\":\"STS.a\",\"AccessKeySecret\":\"sec\",\"SecurityToken\":\"tok\","
                           "\"LastUpdated\":\"2026-01-02T00:00:00Z\",\"Expiration\":\"2026-01-02T03:04:05Z\"}";

Test(chain_parse, credentials_are_read_with_their_end)
{
    struct chain_keys got[2];
    cr_assert(chain_parse_sts(slice_of(sts), &got[0]));
    cr_assert(chain_parse_keys(slice_of(keys), &got[1]));
    for (size_t i = 0; i < 2; i++) {
        cr_expect_str_eq(got[i].id, "STS.a", "row %zu", i);
        cr_expect_str_eq(got[i].secret, "sec", "row %zu", i);
        cr_expect_str_eq(got[i].token, "tok", "row %zu", i);
        cr_expect_eq(got[i].expires_wall_ms, 1767323045000, "row %zu", i);
    }
}

static bool
is_zero(const void *bytes, size_t size)
{
    const char *at = bytes;
    for (size_t i = 0; i < size; i++)
        if (at[i])
            return false;
    return true;
}

Test(chain_parse, a_cut_reply_gives_nothing_and_leaves_nothing)
{
    for (size_t size = 0; size < sizeof(sts) - 1; size++) {
        struct chain_keys got;
        char *copy = malloc(size + 1);      /* of this size, so that a read behind it is found */
        memcpy(copy, sts, size);
        cr_expect_not(chain_parse_sts((struct slice){ copy, size }, &got), "cut at %zu", size);
        cr_expect(is_zero(&got, sizeof(got)), "cut at %zu", size);
        free(copy);
    }
    for (size_t size = 0; size < sizeof(keys) - 1; size++) {
        struct chain_keys got;
        cr_expect_not(chain_parse_keys((struct slice){ keys, size }, &got), "cut at %zu", size);
        cr_expect(is_zero(&got, sizeof(got)), "cut at %zu", size);
    }
}

#define KEYS(id, secret, token, end) \
    "{\"Code\":\"Success\"," \
    "\"AccessKeyId\":" id ",\"AccessKeySecret\":" secret ",\"SecurityToken\":" token ",\"Expiration\":" end "}"

Test(chain_parse, credentials_that_are_not_whole_are_refused)
{
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        { KEYS("\"a\"", "\"b\"", "\"c\"", "\"2026-01-02T03:04:05Z\""), true },
        { KEYS("\"a\"", "\"b\"", "\"c\"", "\"2026-01-02T03:04:05+08:00\""), true },
        { KEYS("\"\"", "\"b\"", "\"c\"", "\"2026-01-02T03:04:05Z\""), false },
        { KEYS("\"a\"", "\"\"", "\"c\"", "\"2026-01-02T03:04:05Z\""), false },
        { KEYS("\"a\"", "\"b\"", "\"\"", "\"2026-01-02T03:04:05Z\""), false },
        { KEYS("\"a\"", "\"b\"", "null", "\"2026-01-02T03:04:05Z\""), false },
        { KEYS("7", "\"b\"", "\"c\"", "\"2026-01-02T03:04:05Z\""), false },
        { KEYS("\"a\"", "\"b\"", "\"c\"", "\"tomorrow\""), false },
        { KEYS("\"a\"", "\"b\"", "\"c\"", "1767323045"), false },
        { KEYS("\"a\\r\\nx-acs-date: now\"", "\"b\"", "\"c\"", "\"2026-01-02T03:04:05Z\""), false },
        { KEYS("\"a\"", "\"b\"", "\"c\\n\"", "\"2026-01-02T03:04:05Z\""), false },
        { "{\"Code\":\"Failed\",\"AccessKeyId\":\"a\",\"AccessKeySecret\":\"b\",\"SecurityToken\":\"c\","
          "\"Expiration\":\"2026-01-02T03:04:05Z\"}", false },
        { "[]", false },
        { "", false },
        { "<html>", false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct chain_keys got;
        cr_expect_eq(chain_parse_keys(slice_of(rows[i].text), &got), rows[i].ok, "row %zu", i);
        cr_expect(rows[i].ok || is_zero(&got, sizeof(got)), "row %zu: what was read before it failed stayed behind", i);
    }
}

Test(chain_parse, a_token_that_does_not_fit_is_refused_and_one_that_just_fits_is_not)
{
    struct chain_keys got;
    char text[8192], token[sizeof(got.token) + 1];
    memset(token, 't', sizeof(token));
    for (size_t size = sizeof(got.token) - 1; size <= sizeof(got.token); size++) {
        snprintf(text, sizeof(text), KEYS("\"a\"", "\"b\"", "\"%.*s\"", "\"2026-01-02T03:04:05Z\""), (int)size, token);
        cr_expect_eq(chain_parse_keys(slice_of(text), &got), size < sizeof(got.token), "%zu bytes", size);
    }
}

Test(chain_parse, the_code_of_a_refusal_is_found)
{
    char code[24];
    chain_parse_code(SLICE("{\"Code\":\"AuthenticationFail\",\"Message\":\"x\"}"), code, sizeof(code));
    cr_expect_str_eq(code, "AuthenticationFail");
    chain_parse_code(SLICE("<html>"), code, sizeof(code));
    cr_expect_str_eq(code, "");
    chain_parse_code(SLICE("{\"Code\":\"ACodeThatIsLongerThanItsPlace\"}"), code, sizeof(code));
    cr_expect_str_eq(code, "");
}

Test(chain_parse, a_line_is_one_word)
{
    static const struct {
        const char *text, *line;
    } rows[] = {
        { "my-role", "my-role" }, { "my-role\n", "my-role" }, { " my-role\r\nother\n", "my-role" },
        { "", NULL }, { "\n\n", NULL },
        { "two words", NULL }, { "r\x01", NULL }, { "a-name-that-is-too-long-here", NULL },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[16];
        cr_expect_eq(chain_parse_line(slice_of(rows[i].text), line, sizeof(line)), rows[i].line != NULL, "row %zu", i);
        if (rows[i].line)
            cr_expect_str_eq(line, rows[i].line, "row %zu", i);
    }
}

/* ---- the CLI's profiles ---- */

#define CLI(current, profiles) "{\"current\":\"" current "\",\"profiles\":[" profiles "],\"meta_path\":\"\"}"
#define AK(name, id)           "{\"name\":\"" name "\",\"mode\":\"AK\",\"access_key_id\":\"" id "\",\"access_key_secret\":\"s\"}"

Test(chain_parse, a_profile_of_the_cli_is_found_and_its_mode_is_followed)
{
    static const struct {
        const char *text, *name;
        enum chain_profile_kind kind;
        const char *what;       /* key id, role name, role ARN, or part of why */
    } rows[] = {
        { CLI("b", AK("a", "1") "," AK("b", "2")), "", PROFILE_KEYS, "2" },
        { CLI("b", AK("a", "1") "," AK("b", "2")), "a", PROFILE_KEYS, "1" },
        { CLI("b", AK("a", "1")), "", PROFILE_ABSENT, "" },
        { CLI("", AK("", "1")), "", PROFILE_ABSENT, "" },
        { CLI("a", ""), "", PROFILE_ABSENT, "" },
        { "{}", "", PROFILE_ABSENT, "" },
        { "{}", "a", PROFILE_ABSENT, "" },
        { CLI("a", "{\"name\":\"a\",\"mode\":\"AK\",\"access_key_id\":\"\",\"access_key_secret\":\"\"}"), "",
          PROFILE_ABSENT, "" },
        { CLI("a", "{\"name\":\"a\",\"mode\":\"AK\",\"access_key_id\":\"1\"}"), "", PROFILE_UNUSABLE, "key is not whole" },
        { CLI("a", "{\"name\":\"a\",\"mode\":\"StsToken\",\"access_key_id\":\"1\",\"access_key_secret\":\"s\","
                   "\"sts_token\":\"t\"}"), "", PROFILE_KEYS, "1" },
        { CLI("a", "{\"name\":\"a\",\"mode\":\"StsToken\",\"access_key_id\":\"1\",\"access_key_secret\":\"s\"}"), "",
          PROFILE_UNUSABLE, "key is not whole" },
        { CLI("a", "{\"name\":\"a\",\"mode\":\"EcsRamRole\",\"ram_role_name\":\"r\"}"), "", PROFILE_ECS_ROLE, "r" },
        { CLI("a", "{\"name\":\"a\",\"mode\":\"EcsRamRole\"}"), "", PROFILE_ECS_ROLE, "" },
        { CLI("a", "{\"name\":\"a\",\"mode\":\"OIDC\",\"ram_role_arn\":\"r\",\"oidc_provider_arn\":\"p\","
                   "\"oidc_token_file\":\"/t\"}"), "", PROFILE_OIDC_ROLE, "r" },
        { CLI("a", "{\"name\":\"a\",\"mode\":\"OIDC\",\"ram_role_arn\":\"r\",\"oidc_token_file\":\"/t\"}"), "", PROFILE_UNUSABLE,
          "lacks" },
        { CLI("a", "{\"name\":\"a\",\"mode\":\"RamRoleArn\"}"), "", PROFILE_UNUSABLE, "mode \"RamRoleArn\" cannot be used" },
        { CLI("a", "{\"name\":\"a\",\"mode\":\"CloudSSO\"}"), "", PROFILE_UNUSABLE, "mode \"CloudSSO\" cannot be used" },
        { CLI("a", "{\"name\":\"a\",\"mode\":\"ChainableRamRoleArn\"}"), "", PROFILE_UNUSABLE, "mode \"ChainableRamRoleArn\"" },
        { CLI("a", "{\"name\":\"a\",\"mode\":\"OAuth\"}"), "", PROFILE_UNUSABLE, "mode \"OAuth\" cannot be used" },
        { CLI("a", "{\"name\":\"a\",\"mode\":\"External\"}"), "", PROFILE_UNUSABLE, "mode \"External\" cannot be used" },
        { CLI("a", "{\"name\":\"a\"}"), "", PROFILE_UNUSABLE, "mode \"\" cannot be used" },
        { CLI("a", AK("a", "1")) "x", "", PROFILE_UNUSABLE, "no JSON object" },
        { "", "", PROFILE_UNUSABLE, "no JSON object" },
        { "[]", "", PROFILE_UNUSABLE, "no JSON object" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct chain_profile got;
        chain_parse_cli(slice_of(rows[i].text), rows[i].name, &got);
        cr_expect_eq(got.kind, rows[i].kind, "row %zu", i);
        const char *what = got.kind == PROFILE_KEYS ? got.keys.id : got.kind == PROFILE_ECS_ROLE ? got.role_name
                           : got.kind == PROFILE_OIDC_ROLE ? got.role.role_arn : "";
        if (rows[i].kind == PROFILE_UNUSABLE)
            cr_expect(strstr(got.why, rows[i].what), "row %zu: %s", i, got.why);
        else
            cr_expect_str_eq(what, rows[i].what, "row %zu", i);
    }
}

Test(chain_parse, the_cli_names_all_that_an_oidc_role_needs)
{
    struct chain_profile got;
    chain_parse_cli(SLICE(CLI("a", "{\"name\":\"a\",\"mode\":\"OIDC\",\"ram_role_arn\":\"r\",\"oidc_provider_arn\":\"p\","
                                   "\"oidc_token_file\":\"/t\",\"ram_session_name\":\"me\",\"expired_seconds\":7200,"
                                   "\"sts_region\":\"cn-hangzhou\",\"enable_vpc\":true,\"policy\":\"{}\"}")), "", &got);
    cr_assert_eq(got.kind, PROFILE_OIDC_ROLE);
    cr_expect_str_eq(got.role.provider_arn, "p");
    cr_expect_str_eq(got.role.token_file, "/t");
    cr_expect_str_eq(got.role.session_name, "me");
    cr_expect_str_eq(got.role.region, "cn-hangzhou");
    cr_expect_str_eq(got.role.policy, "{}");
    cr_expect(got.role.vpc);
    cr_expect_eq(got.role.duration_s, 7200);
}

Test(chain_parse, the_life_asked_for_stays_within_what_sts_takes)
{
    static const struct {
        int64_t asked, got;
    } rows[] = { { 0, 3600 }, { 60, 900 }, { 900, 900 }, { 43200, 43200 }, { 99999, 43200 } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct chain_profile profile = { .role = { "r", "p", "", "/t", "", "", false, rows[i].asked } };
        chain_profile_role(&profile);
        cr_expect_eq(profile.role.duration_s, rows[i].got, "row %zu", i);
    }
}

/* ---- the INI file ---- */

Test(chain_parse, a_section_of_the_ini_file_is_found_and_its_type_is_followed)
{
    static const struct {
        const char *text, *section;
        enum chain_profile_kind kind;
        const char *what;
    } rows[] = {
        { "[default]\ntype = access_key\naccess_key_id = 1\naccess_key_secret = s\n", "default", PROFILE_KEYS, "1" },
        { "[default]\r\ntype=access_key\r\naccess_key_id=1\r\naccess_key_secret=s", "default", PROFILE_KEYS, "1" },
        { "; note\n# note\n[ other ]\ntype=access_key\naccess_key_id=2 # mine\naccess_key_secret=s\n[default]\n", "other",
          PROFILE_KEYS, "2" },
        { "[a]\ntype=access_key\naccess_key_id=1\naccess_key_secret=s\n[b]\naccess_key_id=2\n", "a", PROFILE_KEYS, "1" },
        { "[a]\ntype=access_key\naccess_key_id=1\naccess_key_secret=s=t==\n", "a", PROFILE_KEYS, "1" },
        { "[a]\ntype=access_key\n", "default", PROFILE_ABSENT, "" },
        { "", "default", PROFILE_ABSENT, "" },
        { "\n\n\n", "default", PROFILE_ABSENT, "" },
        { "[default", "default", PROFILE_ABSENT, "" },
        { "[", "", PROFILE_ABSENT, "" },
        { "[a]\nthis belongs to nobody here\n[default]\ntype=ecs_ram_role\nrole_name=r\n", "default", PROFILE_ECS_ROLE, "r" },
        { "[default]\ntype=ecs_ram_role\n", "default", PROFILE_ECS_ROLE, "" },
        { "[default]\ntype=oidc_role_arn\nrole_arn=r\noidc_provider_arn=p\noidc_token_file_path=/t\n", "default",
          PROFILE_OIDC_ROLE, "r" },
        { "[default]\ntype=oidc_role_arn\nrole_arn=r\n", "default", PROFILE_UNUSABLE, "lacks" },
        { "[default]\ntype=access_key\naccess_key_id=1\n", "default", PROFILE_UNUSABLE, "access_key_secret is missing" },
        { "[default]\ntype=access_key\naccess_ke", "default", PROFILE_UNUSABLE, "line 3 is neither" },
        { "[default]\ntype=ram_role_arn\n", "default", PROFILE_UNUSABLE, "type \"ram_role_arn\" cannot be used" },
        { "[default]\ntype=rsa_key_pair\n", "default", PROFILE_UNUSABLE, "type \"rsa_key_pair\" cannot be used" },
        { "[default]\n", "default", PROFILE_UNUSABLE, "type \"\" cannot be used" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct chain_profile got;
        size_t size = strlen(rows[i].text);
        char *copy = malloc(size + 1);
        memcpy(copy, rows[i].text, size);
        chain_parse_ini((struct slice){ copy, size }, rows[i].section, &got);
        free(copy);
        cr_expect_eq(got.kind, rows[i].kind, "row %zu", i);
        const char *what = got.kind == PROFILE_KEYS ? got.keys.id : got.kind == PROFILE_ECS_ROLE ? got.role_name
                           : got.kind == PROFILE_OIDC_ROLE ? got.role.role_arn : "";
        if (rows[i].kind == PROFILE_UNUSABLE)
            cr_expect(strstr(got.why, rows[i].what), "row %zu: %s", i, got.why);
        else
            cr_expect_str_eq(what, rows[i].what, "row %zu", i);
    }
}

/* ---- addresses ---- */

Test(chain_parse, http_is_taken_for_this_machine_only)
{
    static const struct {
        const char *url, *origin, *path;
    } rows[] = {
        { "https://sts.aliyuncs.com", "https://sts.aliyuncs.com", "/" },
        { "https://sts.aliyuncs.com:8443/", "https://sts.aliyuncs.com:8443", "/" },
        { "HTTP://127.0.0.1:8080/a/b?c=d", "http://127.0.0.1:8080", "/a/b?c=d" },
        { "http://127.9.9.9/", "http://127.9.9.9", "/" },
        { "http://localhost:80/x", "http://localhost:80", "/x" },
        { "http://[::1]:80/x", "http://[::1]:80", "/x" },
        { "http://[::1]", "http://[::1]", "/" },
        { "http://[::2]:80/x", NULL, NULL },
        { "http://10.0.0.1/", NULL, NULL },
        { "http://100.100.100.200/", NULL, NULL },
        { "http://127.0.0.1.example.com/", NULL, NULL },
        { "http://localhost.example.com/", NULL, NULL },
        { "http://user@127.0.0.1/", NULL, NULL },
        { "http://127.0.0.1@example.com/", NULL, NULL },
        { "http://127.0.0.1:80@example.com/", NULL, NULL },
        { "https://host:port/", NULL, NULL },
        { "https://host:/", NULL, NULL },
        { "https://host:123456/", NULL, NULL },
        { "https://[::1/", NULL, NULL },
        { "https://[::1]x/", NULL, NULL },
        { "https:///path", NULL, NULL },
        { "https://", NULL, NULL },
        { "http://", NULL, NULL },
        { "ftp://host/", NULL, NULL },
        { "", NULL, NULL },
        { "https://host?x", NULL, NULL },
        { "https://host/a b", NULL, NULL },
        { "https://host/a\r\nb", NULL, NULL },
        { "https://host/#x", NULL, NULL },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char origin[CHAIN_ORIGIN_BYTES];
        struct slice path;
        const char *wrong = chain_parse_url(slice_of(rows[i].url), origin, &path);
        cr_expect_eq(wrong == NULL, rows[i].origin != NULL, "row %zu: %s", i, wrong ? wrong : "taken");
        if (wrong || !rows[i].origin)
            continue;
        cr_expect_str_eq(origin, rows[i].origin, "row %zu", i);
        cr_expect(slice_is(path, rows[i].path), "row %zu", i);
    }
}

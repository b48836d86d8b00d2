/* test_chain.c: whom the credential chain asks, in which order, and what it makes of the answers. */
#include "tests/worker/chain_walk.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define NOW_MS 1767323045000    /* 2026-01-02T03:04:05Z */
#define KEYS(id)  "{\"Code\":\"Success\",\"AccessKeyId\":\"" id "\",\"AccessKeySecret\":\"s\",\"SecurityToken\":\"t\"," \
                  "\"Expiration\":\"2026-01-02T04:04:05Z\"}"
#define STS(id)   "{\"Credentials\":" KEYS(id) "}"
#define OLD_KEYS  "{\"Code\":\"Success\",\"AccessKeyId\":\"old\",\"AccessKeySecret\":\"s\",\"SecurityToken\":\"t\"," \
                  "\"Expiration\":\"2026-01-02T03:04:05Z\"}"
#define CLI       "{\"current\":\"d\",\"profiles\":[" \
                  "{\"name\":\"d\",\"mode\":\"AK\",\"access_key_id\":\"cli\",\"access_key_secret\":\"s\"}," \
                  "{\"name\":\"ecs\",\"mode\":\"EcsRamRole\",\"ram_role_name\":\"from-cli\"}," \
                  "{\"name\":\"sso\",\"mode\":\"CloudSSO\"}]}"
#define INI       "[default]\ntype=access_key\naccess_key_id=ini\naccess_key_secret=s\n" \
                  "[other]\ntype=access_key\naccess_key_id=ini-other\naccess_key_secret=s\n"

#define CLI_PATH  "/h/.aliyun/config.json"
#define INI_PATH  "/h/.alibabacloud/credentials"
#define META      "http://100.100.100.200/latest"
#define ROLES     META "/meta-data/ram/security-credentials/"
#define META_TOKEN "PUT " META "/api/token"

#define POST_STS  "POST https://sts.aliyuncs.com/"
#define TOKEN     { "/token", "j" }
#define NO_FILE   { NULL, NULL }
#define NO_SERVICE { NULL, NULL, 0, NULL }

static struct chain chain;      /* large */
static struct walk walk;

static void
begin(const struct chain_environment *environment)
{
    walk.wall_ms = NOW_MS;
    chain_init(&chain, environment);
}

#define ENV_KEYS   [CHAIN_ACCESS_KEY_ID] = "env", [CHAIN_ACCESS_KEY_SECRET] = "s"
#define ENV_OIDC   [CHAIN_ROLE_ARN] = "acs:ram::1:role/r", [CHAIN_OIDC_PROVIDER_ARN] = "acs:ram::1:oidc-provider/p", \
                   [CHAIN_OIDC_TOKEN_FILE] = "/token"
#define ENV_URI    [CHAIN_CREDENTIALS_URI] = "http://127.0.0.1:9/creds?x=1"
#define HOME       [CHAIN_HOME] = "/h"
#define FILES_ALL  { CLI_PATH, CLI }, { INI_PATH, INI }, { "/token", "jwt\n" }
#define SERVICES_ALL { POST_STS, NULL, 200, STS("oidc") }, { META_TOKEN, NULL, 200, "mt" }, \
                     { "GET " ROLES, NULL, 200, "role" }, { "GET " ROLES "role", NULL, 200, KEYS("ecs") }, \
                     { "GET http://127.0.0.1:9/creds", NULL, 200, KEYS("uri") }
#define ASKED_ECS  META_TOKEN "\nGET " ROLES "\nGET " ROLES "role\n"
#define NO_ECS     META_TOKEN "\nGET " ROLES "\n"
#define NO_FILES   "read " CLI_PATH "\nread " INI_PATH "\nread " INI_PATH ".ini\n"

Test(chain, providers_are_asked_in_order_and_those_that_are_not_set_up_are_passed_over)
{
    static const struct {
        const char *values[CHAIN_VARIABLE_COUNT];
        struct walk_file files[WALK_FILES_MAX];
        struct walk_service services[WALK_SERVICES_MAX];
        enum chain_provider provider;
        const char *id, *trace;
    } rows[] = {
        { { HOME, ENV_KEYS, ENV_OIDC, ENV_URI }, { FILES_ALL }, { SERVICES_ALL }, CHAIN_ENVIRONMENT, "env", "" },
        { { HOME, [CHAIN_ACCESS_KEY_ID] = "half", ENV_OIDC, ENV_URI }, { FILES_ALL }, { SERVICES_ALL }, CHAIN_OIDC, "oidc",
          "read /token\nPOST https://sts.aliyuncs.com/\n" },
        { { HOME, ENV_URI }, { FILES_ALL }, { SERVICES_ALL }, CHAIN_CLI_PROFILE, "cli", "read " CLI_PATH "\n" },
        { { HOME, ENV_URI, [CHAIN_CLI_PROFILE_DISABLED] = "true" }, { FILES_ALL }, { SERVICES_ALL }, CHAIN_INI_FILE, "ini",
          "read " INI_PATH "\n" },
        { { HOME, ENV_URI, [CHAIN_PROFILE] = "other" }, { FILES_ALL }, { SERVICES_ALL }, CHAIN_INI_FILE, "ini-other",
          "read " CLI_PATH "\nread " INI_PATH "\n" },
        { { HOME, ENV_URI }, { { INI_PATH ".ini", INI } }, { SERVICES_ALL }, CHAIN_INI_FILE, "ini", NO_FILES },
        { { HOME, ENV_URI, [CHAIN_CREDENTIALS_FILE] = "/mine" }, { { "/mine", INI } }, { SERVICES_ALL }, CHAIN_INI_FILE, "ini",
          "read " CLI_PATH "\nread /mine\n" },
        { { HOME, [CHAIN_CONFIG_FILE] = "/mine.json" }, { { "/mine.json", CLI } }, { SERVICES_ALL }, CHAIN_CLI_PROFILE, "cli",
          "read /mine.json\n" },
        { { HOME, ENV_URI }, { NO_FILE }, { SERVICES_ALL }, CHAIN_ECS_ROLE, "ecs", NO_FILES ASKED_ECS },
        { { ENV_URI }, { NO_FILE }, { SERVICES_ALL }, CHAIN_ECS_ROLE, "ecs", ASKED_ECS },
        { { ENV_URI, [CHAIN_ECS_METADATA] = "role" }, { NO_FILE }, { SERVICES_ALL }, CHAIN_ECS_ROLE, "ecs",
          META_TOKEN "\nGET " ROLES "role\n" },
        { { ENV_URI, [CHAIN_ECS_METADATA_DISABLED] = "true" }, { NO_FILE }, { SERVICES_ALL }, CHAIN_URI, "uri",
          "GET http://127.0.0.1:9/creds\n" },
        { { ENV_URI }, { NO_FILE }, { { "GET http://127.0.0.1:9/creds", "?x=1", 200, KEYS("uri") } }, CHAIN_URI, "uri",
          NO_ECS "GET http://127.0.0.1:9/creds\n" },
        { { HOME, [CHAIN_PROFILE] = "ecs" }, { FILES_ALL },
          { { META_TOKEN, NULL, 200, "mt" }, { "GET " ROLES "from-cli", NULL, 200, KEYS("ecs") } }, CHAIN_CLI_PROFILE, "ecs",
          "read " CLI_PATH "\n" META_TOKEN "\nGET " ROLES "from-cli\n" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct chain_environment environment = { 0 };
        memcpy(environment.values, rows[i].values, sizeof(environment.values));
        memcpy(walk.files, rows[i].files, sizeof(walk.files));
        memcpy(walk.services, rows[i].services, sizeof(walk.services));
        begin(&environment);
        walk_round(&walk, &chain);
        cr_expect_eq(chain.result, CHAIN_HAD, "row %zu: %s", i, chain.why);
        cr_expect_eq(chain.provider, rows[i].provider, "row %zu", i);
        cr_expect_str_eq(chain.keys.id, rows[i].id, "row %zu", i);
        cr_expect_str_eq(walk.trace, rows[i].trace, "row %zu", i);
    }
}

Test(chain, one_that_is_set_up_and_fails_is_not_passed_over)
{
    static const struct {
        const char *values[CHAIN_VARIABLE_COUNT];
        struct walk_file files[WALK_FILES_MAX];
        struct walk_service services[WALK_SERVICES_MAX];
        enum chain_result result;
        enum chain_provider provider;
        const char *why;
    } rows[] = {
        { { ENV_OIDC, ENV_URI }, { NO_FILE }, { SERVICES_ALL }, CHAIN_UNUSABLE, CHAIN_OIDC,
          "/token: the file does not exist" },
        { { ENV_OIDC, ENV_URI }, { { "/token", " \n" } }, { SERVICES_ALL }, CHAIN_UNUSABLE, CHAIN_OIDC,
          "/token: holds no token" },
        { { ENV_OIDC, ENV_URI }, { TOKEN }, { { META_TOKEN, NULL, 200, "mt" } }, CHAIN_AGAIN, CHAIN_OIDC,
          "STS does not answer" },
        { { ENV_OIDC }, { TOKEN }, { { POST_STS, NULL, 503, "" } }, CHAIN_AGAIN, CHAIN_OIDC,
          "STS answers 503" },
        { { ENV_OIDC }, { TOKEN }, { { POST_STS, NULL, 400, "{\"Code\":\"Throttling.User\"}" } },
          CHAIN_AGAIN, CHAIN_OIDC, "STS answers 400 Throttling.User" },
        { { ENV_OIDC }, { TOKEN },
          { { POST_STS, NULL, 400, "{\"Code\":\"AuthenticationFail.OIDCToken.Expired\"}" } }, CHAIN_REFUSED,
          CHAIN_OIDC, "STS answers 400 AuthenticationFail.OIDCToken.Expired" },
        { { ENV_OIDC }, { TOKEN }, { { POST_STS, NULL, 200, "{}" } }, CHAIN_AGAIN, CHAIN_OIDC,
          "the answer of STS holds no whole credentials" },
        { { ENV_OIDC }, { TOKEN }, { { POST_STS, NULL, 200, "{\"Credentials\":" OLD_KEYS "}" } },
          CHAIN_AGAIN, CHAIN_OIDC, "expired already" },
        { { HOME, [CHAIN_PROFILE] = "sso", ENV_URI }, { FILES_ALL }, { SERVICES_ALL }, CHAIN_UNUSABLE, CHAIN_CLI_PROFILE,
          CLI_PATH ": the profile's mode \"CloudSSO\" cannot be used here" },
        { { HOME, ENV_URI }, { { CLI_PATH, "{" }, { INI_PATH, INI } }, { SERVICES_ALL }, CHAIN_UNUSABLE, CHAIN_CLI_PROFILE,
          CLI_PATH ": the file is no JSON object" },
        { { HOME, ENV_URI }, { { CLI_PATH, NULL }, { INI_PATH, INI } }, { SERVICES_ALL }, CHAIN_UNUSABLE, CHAIN_CLI_PROFILE,
          "cannot be read" },
        { { HOME, ENV_URI }, { { INI_PATH, "[default]\ntype=rsa_key_pair\n" } }, { SERVICES_ALL }, CHAIN_UNUSABLE, CHAIN_INI_FILE,
          INI_PATH ": type \"rsa_key_pair\" cannot be used here" },
        { { [CHAIN_ECS_METADATA] = "named", ENV_URI }, { NO_FILE }, { SERVICES_ALL }, CHAIN_AGAIN, CHAIN_ECS_ROLE,
          "the ECS metadata service does not answer" },
        { { ENV_URI }, { NO_FILE }, { { "GET http://127.0.0.1:9/creds", NULL, 403, "" } }, CHAIN_REFUSED, CHAIN_URI,
          "the credentials URI answers 403" },
        { { ENV_URI }, { NO_FILE }, { { "GET http://127.0.0.1:9/creds", NULL, 200, OLD_KEYS } }, CHAIN_AGAIN, CHAIN_URI,
          "expired already" },
        { { [CHAIN_CREDENTIALS_URI] = "http://10.0.0.1/" }, { NO_FILE }, { NO_SERVICE }, CHAIN_UNUSABLE, CHAIN_URI,
          "ALIBABA_CLOUD_CREDENTIALS_URI is plain http to another machine" },
        { { [CHAIN_ACCESS_KEY_ID] = "a\nb", [CHAIN_ACCESS_KEY_SECRET] = "s" }, { NO_FILE }, { NO_SERVICE },
          CHAIN_UNUSABLE, CHAIN_ENVIRONMENT, "not printable" },
        { { ENV_OIDC, [CHAIN_STS_REGION] = "x.evil.example/" }, { TOKEN }, { SERVICES_ALL }, CHAIN_UNUSABLE, CHAIN_OIDC,
          "no name of a region" },
        { { ENV_OIDC, [CHAIN_STS_ENDPOINT] = "http://10.0.0.1" }, { TOKEN }, { SERVICES_ALL }, CHAIN_UNUSABLE, CHAIN_OIDC,
          "ALIBABA_CLOUD_STS_ENDPOINT is plain http" },
        { { [CHAIN_ECS_METADATA_ENDPOINT] = "http://10.0.0.1" }, { NO_FILE }, { SERVICES_ALL }, CHAIN_UNUSABLE, CHAIN_ECS_ROLE,
          "ALIBABA_CLOUD_ECS_METADATA_ENDPOINT is plain http" },
        { { NULL }, { NO_FILE }, { NO_SERVICE }, CHAIN_AGAIN, CHAIN_PROVIDER_COUNT,
          "no provider of the credential chain is set up, and the ECS metadata service does not answer" },
        { { [CHAIN_ECS_METADATA_DISABLED] = "true" }, { NO_FILE }, { NO_SERVICE }, CHAIN_AGAIN, CHAIN_PROVIDER_COUNT,
          "no provider of the credential chain is set up" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct chain_environment environment = { 0 };
        memcpy(environment.values, rows[i].values, sizeof(environment.values));
        memcpy(walk.files, rows[i].files, sizeof(walk.files));
        memcpy(walk.services, rows[i].services, sizeof(walk.services));
        begin(&environment);
        walk_round(&walk, &chain);
        cr_expect_eq(chain.result, rows[i].result, "row %zu", i);
        cr_expect_eq(chain.provider, rows[i].provider, "row %zu", i);
        cr_expect(strstr(chain.why, rows[i].why), "row %zu: %s", i, chain.why);
        cr_expect_str_eq(chain.keys.id, "", "row %zu", i);
    }
}

Test(chain, who_worked_once_is_asked_for_ever_and_the_present_keys_stay)
{
    struct chain_environment environment = { .values = { [CHAIN_ECS_METADATA_DISABLED] = "true", ENV_URI } };
    walk = (struct walk){ .services = { { "GET http://127.0.0.1:9/creds", NULL, 200, KEYS("uri") } } };
    begin(&environment);
    walk_round(&walk, &chain);
    cr_assert_eq(chain.result, CHAIN_HAD);

    chain.environment.values[CHAIN_ACCESS_KEY_ID] = "env";      /* would come first */
    chain.environment.values[CHAIN_ACCESS_KEY_SECRET] = "s";
    walk.services[0].body = KEYS("uri-2");
    walk_round(&walk, &chain);
    cr_expect_str_eq(chain.keys.id, "uri-2");
    cr_expect_str_eq(walk.trace, "GET http://127.0.0.1:9/creds\n");

    walk.services[0].status = 500;
    walk_round(&walk, &chain);
    cr_expect_eq(chain.result, CHAIN_AGAIN);
    cr_expect_str_eq(chain.keys.id, "uri-2");
    cr_expect_eq(chain.provider, CHAIN_URI);
}

Test(chain, a_metadata_service_that_is_away_is_not_passed_over_once_it_has_worked)
{
    struct chain_environment environment = { .values = { ENV_URI } };
    walk = (struct walk){ .services = { SERVICES_ALL } };
    begin(&environment);
    walk_round(&walk, &chain);
    cr_assert_str_eq(chain.keys.id, "ecs");
    walk.services[1] = walk.services[2] = walk.services[3] = (struct walk_service){ 0 };
    walk_round(&walk, &chain);
    cr_expect_eq(chain.result, CHAIN_AGAIN);
    cr_expect_str_eq(walk.trace, NO_ECS);
    cr_expect_str_eq(chain.keys.id, "ecs");
}

Test(chain, a_profile_file_that_goes_away_keeps_its_keys)
{
    struct chain_environment environment = { .values = { HOME, ENV_URI } };
    walk = (struct walk){ .files = { { CLI_PATH, CLI } }, .services = { SERVICES_ALL } };
    begin(&environment);
    walk_round(&walk, &chain);
    walk.files[0].path = NULL;
    walk_round(&walk, &chain);
    cr_expect_eq(chain.result, CHAIN_AGAIN);
    cr_expect(strstr(chain.why, "has gone"), "%s", chain.why);
    cr_expect_str_eq(chain.keys.id, "cli");
}

/* ---- STS ---- */

Test(chain, the_call_of_sts_is_unsigned_and_carries_the_token_of_now)
{
    struct chain_environment environment = { .values = { ENV_OIDC } };
    walk = (struct walk){ .files = { { "/token", "one+/=\n" } }, .services = { { POST_STS, NULL, 200, STS("1") } } };
    begin(&environment);
    walk_round(&walk, &chain);
    cr_expect_str_eq(walk.last,
                     "POST /?Action=AssumeRoleWithOIDC&Format=JSON&Version=2015-04-01&Timestamp=2026-01-02T03%3A04%3A05Z\n"
                     "accept: application/json\nuser-agent: alertbridge/" ALERTBRIDGE_VERSION "\n"
                     "Content-Type: application/x-www-form-urlencoded\n\n"
                     "RoleArn=acs%3Aram%3A%3A1%3Arole%2Fr&OIDCProviderArn=acs%3Aram%3A%3A1%3Aoidc-provider%2Fp"
                     "&OIDCToken=one%2B%2F%3D&RoleSessionName=alertbridge&DurationSeconds=3600");
    cr_expect_eq(walk.endpoint.connect_timeout_ms, 5000);
    cr_expect_eq(walk.endpoint.call_timeout_ms, 15000);
    cr_expect_not(walk.endpoint.allow_internal);

    walk.files[0].text = "two\r\n";
    walk_round(&walk, &chain);
    cr_expect(strstr(walk.last, "&OIDCToken=two&"), "%s", walk.last);
    cr_expect_eq(chain.web_token[0], 0);
}

Test(chain, the_host_of_sts_follows_region_and_network)
{
    static const struct {
        const char *region, *vpc, *endpoint, *origin;
    } rows[] = {
        { NULL, NULL, NULL, "https://sts.aliyuncs.com" },
        { NULL, "true", NULL, "https://sts.aliyuncs.com" },
        { "cn-beijing", NULL, NULL, "https://sts.cn-beijing.aliyuncs.com" },
        { "cn-beijing", "false", NULL, "https://sts.cn-beijing.aliyuncs.com" },
        { "cn-beijing", "true", NULL, "https://sts-vpc.cn-beijing.aliyuncs.com" },
        { "cn-beijing", "true", "http://127.0.0.1:77", "http://127.0.0.1:77" },
        { NULL, NULL, "https://sts.example.com/", "https://sts.example.com" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct chain_environment environment = { .values = { ENV_OIDC } };
        environment.values[CHAIN_STS_REGION] = rows[i].region;
        environment.values[CHAIN_VPC_ENDPOINT_ENABLED] = rows[i].vpc;
        environment.values[CHAIN_STS_ENDPOINT] = rows[i].endpoint;
        walk = (struct walk){ .files = { TOKEN } };
        begin(&environment);
        walk_round(&walk, &chain);
        cr_expect_str_eq(walk.endpoint.origin, rows[i].origin, "row %zu", i);
    }
}

Test(chain, only_sts_goes_through_the_targets_proxy)
{
    struct chain_environment environment = { .values = { ENV_OIDC, ENV_URI }, "http://proxy:3128", "/ca.pem" };
    walk = (struct walk){ .files = { TOKEN } };
    begin(&environment);
    walk_round(&walk, &chain);
    cr_expect_str_eq(walk.endpoint.proxy, "http://proxy:3128");
    cr_expect_str_eq(walk.endpoint.ca_file, "/ca.pem");
    environment.values[CHAIN_OIDC_TOKEN_FILE] = NULL;
    begin(&environment);
    walk_round(&walk, &chain);
    cr_expect(strstr(walk.trace, META_TOKEN), "%s", walk.trace);
    cr_expect_str_eq(walk.endpoint.proxy, "");
}

/* The HTTP adapter takes two endpoints with the same address of text for the same endpoint. */
Test(chain, the_text_of_an_origin_never_changes_where_it_stands)
{
    char text[512];
    struct chain_environment environment = { .values = { HOME } };
    const char *first = NULL;
    walk = (struct walk){ .files = { { CLI_PATH, text }, { "/t", "j" } } };
    begin(&environment);
    for (int i = 0; i <= CHAIN_ORIGINS_MAX; i++) {
        snprintf(text, sizeof(text), "{\"current\":\"d\",\"profiles\":[{\"name\":\"d\",\"mode\":\"OIDC\",\"ram_role_arn\":\"r\","
                 "\"oidc_provider_arn\":\"p\",\"oidc_token_file\":\"/t\",\"sts_region\":\"region-%d\"}]}", i);
        walk_round(&walk, &chain);
        if (i == 0)
            first = chain.endpoint.origin;
        cr_expect_str_eq(first, "https://sts.region-0.aliyuncs.com");
        cr_expect_eq(chain.result, i < CHAIN_ORIGINS_MAX ? CHAIN_AGAIN : CHAIN_UNUSABLE, "region %d: %s", i, chain.why);
    }
}

/* ---- metadata ---- */

Test(chain, the_metadata_token_is_asked_for_and_shown)
{
    struct chain_environment environment = { .values = { NULL } };
    walk = (struct walk){ .services = { { META_TOKEN, "X-aliyun-ecs-metadata-token-ttl-seconds: 21600", 200, "mt" },
                                        { "GET " ROLES, "X-aliyun-ecs-metadata-token: mt", 200, "role one\n" },
                                        { "GET " ROLES, NULL, 200, "role\n" },
                                        { "GET " ROLES "role", "X-aliyun-ecs-metadata-token: mt", 200, KEYS("ecs") } } };
    walk.services[1].body = "role\n";
    begin(&environment);
    walk_round(&walk, &chain);
    cr_expect_eq(chain.result, CHAIN_HAD, "%s", chain.why);
    cr_expect_str_eq(chain.keys.id, "ecs");
    cr_expect_str_eq(walk.endpoint.origin, "http://100.100.100.200");
    cr_expect(walk.endpoint.allow_internal);
    cr_expect_eq(walk.endpoint.connect_timeout_ms, 1000);
    cr_expect_eq(walk.endpoint.call_timeout_ms, 2000);
    cr_expect_eq(chain.metadata_token[0], 0);
}

Test(chain, without_a_metadata_token_it_goes_on_without_unless_that_is_disabled)
{
    struct chain_environment environment = { .values = { NULL } };
    walk = (struct walk){ .services = { { META_TOKEN, NULL, 404, "" }, { "GET " ROLES, NULL, 200, "role" },
                                        { "GET " ROLES "role", NULL, 200, KEYS("v1") } } };
    begin(&environment);
    walk_round(&walk, &chain);
    cr_expect_str_eq(chain.keys.id, "v1");
    cr_expect_not(strstr(walk.last, "X-aliyun-ecs-metadata-token"), "%s", walk.last);

    environment.values[CHAIN_IMDSV1_DISABLED] = "true";
    begin(&environment);
    walk_round(&walk, &chain);
    cr_expect_eq(chain.result, CHAIN_AGAIN);
    cr_expect_str_eq(walk.trace, META_TOKEN "\n");
    cr_expect(strstr(chain.why, "the ECS metadata service answers 404"), "%s", chain.why);
}

Test(chain, a_metadata_token_that_is_not_taken_is_left_out_once)
{
    struct chain_environment environment = { .values = { NULL } };
    walk = (struct walk){ .services = { { META_TOKEN, NULL, 200, "mt" }, { "GET " ROLES, "metadata-token: mt", 403, "" },
                                        { "GET " ROLES, NULL, 200, "role" }, { "GET " ROLES "role", NULL, 200, KEYS("v1") } } };
    begin(&environment);
    walk_round(&walk, &chain);
    cr_expect_str_eq(chain.keys.id, "v1");
    cr_expect_str_eq(walk.trace, META_TOKEN "\nGET " ROLES "\nGET " ROLES "\nGET " ROLES "role\n");
}

Test(chain, a_role_name_cannot_leave_its_place_in_the_path)
{
    struct chain_environment environment = { .values = { [CHAIN_ECS_METADATA] = "../../x?y" } };
    walk = (struct walk){ 0 };
    begin(&environment);
    walk_round(&walk, &chain);
    cr_expect(strstr(walk.trace, "GET " ROLES "..%2F..%2Fx%3Fy\n"), "%s", walk.trace);
}

Test(chain, no_secret_is_among_what_people_are_told)
{
    struct chain_environment environment = { .values = { ENV_OIDC } };
    walk = (struct walk){ .files = { { "/token", "my-secret-jwt" } },
                          .services = { { POST_STS, NULL, 200,
                                          "{\"Credentials\":{\"AccessKeyId\":\"a\",\"AccessKeySecret\":\"my-secret-key\"}}" } } };
    begin(&environment);
    walk_round(&walk, &chain);
    cr_expect_eq(chain.result, CHAIN_AGAIN);
    cr_expect_not(strstr(chain.why, "my-secret"), "%s", chain.why);
    cr_expect(!memmem(&chain, sizeof(chain), "my-secret", 9), "a copy stayed behind");
}

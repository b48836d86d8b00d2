/* chain.h: Alibaba Cloud's default credential chain: who is asked for a key, what to do next, and what an answer means.
 *
 * In order: environment, OIDC role (RRSA), CLI profile, INI file, ECS metadata, credentials URI. One that is not set up is passed
 * over. One that is set up and fails is asked again, and nobody behind it is: a worker must not take up another identity because
 * a service was away for a second. Who worked once is asked for ever.
 *
 *   chain_begin ─▶ chain_ask ─▶ CHAIN_FILE: read `path`, chain_take_file  ─┐
 *                      ▲     ─▶ CHAIN_CALL: chain_write, send to `endpoint`, chain_take_reply
 *                      │     ─▶ CHAIN_DONE: `result`; `keys` hold what signs
 *                      └────────────────────────────────────────────────────┘
 * No I/O in here: chain_fetch.c does it. Secrets are wiped when they are replaced. */
#ifndef BRIDGE_WORKER_CHAIN_H
#define BRIDGE_WORKER_CHAIN_H

#include "bridge/io/http.h"
#include "bridge/io/secrets.h"
#include "bridge/worker/chain_parse.h"
#include "codecs/backend.h"

/* The environment variables that are read. The last two of the list are ours, not the vendor's. */
#define CHAIN_VARIABLES(X)                                                 \
    X(HOME, "HOME")                                                        \
    X(ACCESS_KEY_ID, "ALIBABA_CLOUD_ACCESS_KEY_ID")                        \
    X(ACCESS_KEY_SECRET, "ALIBABA_CLOUD_ACCESS_KEY_SECRET")                \
    X(SECURITY_TOKEN, "ALIBABA_CLOUD_SECURITY_TOKEN")                      \
    X(ROLE_ARN, "ALIBABA_CLOUD_ROLE_ARN")                                  \
    X(OIDC_PROVIDER_ARN, "ALIBABA_CLOUD_OIDC_PROVIDER_ARN")                \
    X(OIDC_TOKEN_FILE, "ALIBABA_CLOUD_OIDC_TOKEN_FILE")                    \
    X(ROLE_SESSION_NAME, "ALIBABA_CLOUD_ROLE_SESSION_NAME")                \
    X(STS_REGION, "ALIBABA_CLOUD_STS_REGION")                              \
    X(VPC_ENDPOINT_ENABLED, "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED")          \
    X(PROFILE, "ALIBABA_CLOUD_PROFILE")                                    \
    X(CONFIG_FILE, "ALIBABA_CLOUD_CONFIG_FILE")                            \
    X(CLI_PROFILE_DISABLED, "ALIBABA_CLOUD_CLI_PROFILE_DISABLED")          \
    X(CREDENTIALS_FILE, "ALIBABA_CLOUD_CREDENTIALS_FILE")                  \
    X(ECS_METADATA, "ALIBABA_CLOUD_ECS_METADATA")                          \
    X(ECS_METADATA_DISABLED, "ALIBABA_CLOUD_ECS_METADATA_DISABLED")        \
    X(IMDSV1_DISABLED, "ALIBABA_CLOUD_IMDSV1_DISABLED")                    \
    X(CREDENTIALS_URI, "ALIBABA_CLOUD_CREDENTIALS_URI")                    \
    X(STS_ENDPOINT, "ALIBABA_CLOUD_STS_ENDPOINT")                          \
    X(ECS_METADATA_ENDPOINT, "ALIBABA_CLOUD_ECS_METADATA_ENDPOINT")

enum chain_variable {
#define CHAIN_VARIABLE(id, name) CHAIN_##id,
    CHAIN_VARIABLES(CHAIN_VARIABLE)
#undef CHAIN_VARIABLE
    CHAIN_VARIABLE_COUNT,
};

struct chain_environment {
    const char *values[CHAIN_VARIABLE_COUNT];   /* borrowed for ever; NULL and "" = not set */
    const char *proxy, *ca_file;                /* the way to STS: the target's; "" = direct, the system's certificates */
};

enum chain_provider {
    CHAIN_ENVIRONMENT, CHAIN_OIDC, CHAIN_CLI_PROFILE, CHAIN_INI_FILE, CHAIN_ECS_ROLE, CHAIN_URI,
    CHAIN_PROVIDER_COUNT,
};

/* What the chain waits for. */
enum chain_step {
    STEP_DONE,              /* nothing */
    STEP_PROFILE_FILE,      /* the CLI's or the INI file */
    STEP_TOKEN_FILE,        /* the OIDC token, read anew for each call: who mounts it rotates it */
    STEP_ASSUME_ROLE,       /* STS */
    STEP_METADATA_TOKEN,    /* IMDSv2; https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata */
    STEP_METADATA_ROLE,
    STEP_METADATA_KEYS,
    STEP_URI,
};

enum chain_ask { CHAIN_FILE, CHAIN_CALL, CHAIN_DONE };

enum chain_result {
    CHAIN_HAD,
    CHAIN_AGAIN,            /* passing: no answer, or nobody has a key yet */
    CHAIN_REFUSED,          /* the service says no */
    CHAIN_UNUSABLE,         /* a file or a variable is not as it has to be */
};

enum { CHAIN_ORIGINS_MAX = 8 };

struct chain {
    struct chain_environment environment;
    enum chain_provider provider;       /* who is asked now, or worked; CHAIN_PROVIDER_COUNT = nobody was left */
    bool settled;                       /* it worked once */
    enum chain_step step;

    char path[CHAIN_PATH_BYTES];        /* CHAIN_FILE: to be read */
    struct http_endpoint endpoint;      /* CHAIN_CALL: where to */
    char profile_path[CHAIN_PATH_BYTES];    /* the profile file that was read last; "" = none */

    enum chain_result result;           /* CHAIN_DONE: of this round */
    char why[CHAIN_WHY_BYTES];          /* for people, when it is not CHAIN_HAD; no secret in it */
    int status;                         /* HTTP status that decided, 0 = none */
    struct chain_keys keys;             /* what signs: of the last round that had some */

    /* of one round: */
    bool second_ini;                    /* the first of the two usual places of the INI file is empty */
    bool metadata_plain;                /* IMDSv1 */
    char passed[CHAIN_WHY_BYTES];       /* why a provider was passed over that might have had keys */
    char role_name[CHAIN_ROLE_NAME_BYTES];
    char metadata_token[512];
    struct chain_role role;
    char web_token[SECRET_BYTES_MAX + 1];
    struct slice uri_path;

    /* Texts of endpoints stay where they are for ever, because the HTTP adapter tells endpoints by them. */
    char origins[CHAIN_ORIGINS_MAX][CHAIN_ORIGIN_BYTES];
};

void chain_init(struct chain *, const struct chain_environment *);
void chain_wipe(struct chain *);

void chain_begin(struct chain *);       /* a round: new keys are wanted */
enum chain_ask chain_ask(const struct chain *);
void chain_write(const struct chain *, struct request *, int64_t wall_ms);
void chain_take_file(struct chain *, enum secret_result, struct slice text);
void chain_take_reply(struct chain *, const struct reply *, int64_t wall_ms);

void chain_credential(const struct chain *, struct credential *);   /* borrows `keys` */

const char *chain_variable_name(enum chain_variable);
const char *chain_provider_name(enum chain_provider);   /* "oidc"; "none" for CHAIN_PROVIDER_COUNT */

#endif

/* chain_parse.h: the texts that the credential chain reads: replies of STS, metadata service and credentials URI, profile files.
 *
 * Pure: texts in, structs out. What is copied is printable ASCII and fits, or the text counts as unreadable: it goes into headers
 * and addresses later. Copies of secrets made on the way are wiped. */
#ifndef BRIDGE_WORKER_CHAIN_PARSE_H
#define BRIDGE_WORKER_CHAIN_PARSE_H

#include "codecs/slice.h"

#include <stdint.h>

enum { CHAIN_WHY_BYTES = 256, CHAIN_ORIGIN_BYTES = 272, CHAIN_ROLE_NAME_BYTES = 128, CHAIN_PATH_BYTES = 1024 };

#define CHAIN_NEVER INT64_MAX

/* What signs. `id` "" = none. */
struct chain_keys {
    char id[128], secret[256];
    char token[4096];           /* "" = a permanent key */
    int64_t expires_wall_ms;    /* epoch milliseconds; CHAIN_NEVER = not told */
};

/* A role that a token of an OIDC provider stands for. */
struct chain_role {
    char role_arn[256], provider_arn[256], session_name[72];
    char token_file[CHAIN_PATH_BYTES];
    char policy[2048];          /* "" = none */
    char region[64];            /* of STS; "" = the central endpoint */
    bool vpc;
    int64_t duration_s;
};

enum chain_profile_kind {
    PROFILE_ABSENT,             /* no such profile, or one that was never filled in */
    PROFILE_KEYS,               /* keys */
    PROFILE_ECS_ROLE,           /* role_name, "" = whichever the machine has */
    PROFILE_OIDC_ROLE,          /* role */
    PROFILE_UNUSABLE,           /* why */
};

struct chain_profile {
    enum chain_profile_kind kind;
    struct chain_keys keys;
    char role_name[CHAIN_ROLE_NAME_BYTES];
    struct chain_role role;
    char why[CHAIN_WHY_BYTES];
};

/* Credentials in a reply of STS, and those of the metadata service or a credentials URI. They are temporary: a token and an end
 * belong to them. */
bool chain_parse_sts(struct slice json, struct chain_keys *);
bool chain_parse_keys(struct slice json, struct chain_keys *);

/* The Code of a refusal; "" when there is none. */
void chain_parse_code(struct slice json, char *code, size_t size);

/* The first line of a plain text: a metadata token, a role's name. */
bool chain_parse_line(struct slice text, char *line, size_t size);

/* ~/.aliyun/config.json: the profile of that name, "" = the one that `current` names. */
void chain_parse_cli(struct slice json, const char *name, struct chain_profile *);

/* ~/.alibabacloud/credentials: the section of that name. */
void chain_parse_ini(struct slice text, const char *section, struct chain_profile *);

/* scheme://host[:port][/path]: https anywhere, http to loopback addresses only. NULL, or why it cannot be used. `path` borrows,
 * and is at least "/". */
const char *chain_parse_url(struct slice url, char origin[CHAIN_ORIGIN_BYTES], struct slice *path);

/* Shared by the parsers. */
bool chain_copy(char *to, size_t size, struct slice from);      /* false: does not fit, or not printable ASCII */
struct slice chain_trim(struct slice);
void chain_unusable(struct chain_profile *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void chain_profile_role(struct chain_profile *);                /* an OIDC role was read: is it whole? */

#endif

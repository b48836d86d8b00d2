/* backend.h: what a backend is: pure functions from events to a request and from a reply to a verdict, and its limits.
 *
 * A new backend is one file like soar.c and one row in backend.c. The simulators and the tests use the same functions. */
#ifndef CODECS_BACKEND_H
#define CODECS_BACKEND_H

#include "codecs/crypto.h"
#include "codecs/event.h"
#include "codecs/outcome.h"
#include "codecs/request.h"

enum target_kind {
    TARGET_SOAR,
    TARGET_NOTICE,
    TARGET_KIND_COUNT,
};

/* A text of the configuration in one or several languages: locale NULL or "default" is the plain one. */
struct locale_text {
    const char *locale;     /* "zh_CN"; "default" */
    const char *text;       /* templates: may hold {field} placeholders */
};

enum { LOCALES_MAX = 16, DEFAULT_USERS_MAX = 1000 };

struct template {
    struct locale_text texts[LOCALES_MAX];
    uint32_t n;             /* 0 = the built-in default for the kind */
};

/* Settings of one target that shape its requests. Texts are owned by the configuration and outlive every use. */
struct backend_settings {
    enum target_kind kind;
    const char *host;               /* as in the Host header: "sophonsoar.aliyuncs.com", "127.0.0.1:8080" */
    const char *path;               /* notice: produce path; soar: "/" */
    /* soar */
    const char *playbook_uuid, *node_name, *component_name, *action_name;
    int role_type;                  /* 0 or 1 */
    const char *role_for;           /* "" = absent */
    uint32_t channels;              /* bits of enum channel; 0 = absent */
    const char *lang;               /* "" = absent */
    /* notice */
    const char *org_id;
    const char *app_id;             /* "" = external application, then app_name */
    struct template app_name;
    const char *message_id_prefix;
    enum audience default_audience; /* AUDIENCE_ALL or AUDIENCE_LIST */
    const char *const *default_users;
    uint32_t n_default_users;
    bool allow_http_urls;
    struct template titles[EVENT_KIND_COUNT], bodies[EVENT_KIND_COUNT];
};

/* What signs a request. Slices are borrowed for the call. */
struct credential {
    struct slice id;        /* AccessKey id, or appKey */
    struct slice secret;    /* AccessKey secret, or appSecret */
    struct slice token;     /* STS security token (absent = none), or the portal's access token */
};

/* What is fresh for each attempt. */
struct stamp {
    int64_t wall_ms;
    char nonce[33];         /* 32 hex digits, from 16 random bytes */
};

/* Why an event cannot be encoded for a target; ENCODE_OK = it was added. */
enum encode_result {
    ENCODE_OK,
    ENCODE_FULL,            /* does not fit beside the messages already there, or is too large alone */
    ENCODE_REFUSED,         /* never possible: a notice for SOAR, a url that the target does not allow */
};

struct backend {
    const char *name;                   /* "soar" */
    uint32_t batch_max;                 /* messages in one call */
    bool filters_repeats;               /* the backend itself never shows one id to one user twice */
    bool needs_token;                   /* a token call comes before business calls */
    void (*begin)(const struct backend_settings *, struct request *);
    enum encode_result (*add)(const struct backend_settings *, const struct event *, struct request *);
    void (*end)(const struct backend_settings *, struct request *);
    /* Adds the headers that authenticate. Called once for each attempt, after end(); wipes those of an earlier attempt. */
    void (*sign)(const struct backend_settings *, const struct credential *, const struct stamp *, struct crypto *,
                 struct request *);
    void (*judge)(const struct reply *, struct verdict *);
    /* A batch is built from messages that were written once, when their events were read. message() writes one, all or nothing;
     * add_message() adds it to a request, as add() does an event: the bytes come out the same. NULL = this backend has no
     * batches. */
    enum encode_result (*message)(const struct backend_settings *, const struct event *, struct buf *);
    enum encode_result (*add_message)(struct slice message, struct request *);
    /* About the bytes that the event will take in a body, for batches by bytes; cheap, may be off by a tenth. */
    uint32_t (*weigh)(const struct backend_settings *, const struct event *);
};

const struct backend *backend_of(enum target_kind);
bool target_kind_of(struct slice name, enum target_kind *);

#endif

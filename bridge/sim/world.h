/* world.h: what the parts of one simulator share: keys, knobs, scratch, the call being answered. Private to bridge/sim. */
#ifndef BRIDGE_SIM_WORLD_H
#define BRIDGE_SIM_WORLD_H

#include "bridge/sim/sim.h"
#include "bridge/sim/table.h"
#include "codecs/arena.h"
#include "codecs/crypto.h"
#include "codecs/soar.h"
#include "codecs/value.h"

enum {
    KEYS_MAX = 32, SESSIONS_MAX = 256, APPS_MAX = 32, TOKENS_MAX = 256, NAMES_MAX = 64,
    KEY_BYTES = 128, SECRET_BYTES = 256, SECURITY_TOKEN_BYTES = 1024,
    QUERY_BYTES = 128 * 1024, CANONICAL_BYTES = 256 * 1024,
};

/* So many calls in so many ms, with a burst; `at_ms` 0 = full. */
struct bucket {
    double level;
    int64_t at_ms;
};

struct access_key {
    char id[KEY_BYTES], secret[SECRET_BYTES], token[SECURITY_TOKEN_BYTES];  /* token "" = a permanent key */
    int64_t expires_ms;                 /* INT64_MAX = never */
    struct bucket bucket;
};

struct app {
    char key[KEY_BYTES], secret[SECRET_BYTES];
    bool has_name;
    struct hash128 name;                /* of the first appName it sent, for appname_mismatch */
};

struct access_token {
    char text[SHA256_HEX + 1];          /* "" = free row */
    uint32_t app;
    int64_t expires_ms;
};

/* A message of the portal. `first_users` of the organization's u1, u2, ... have it by a send to all. */
struct message {
    struct message *next;               /* newest first; all of them are owned by the simulator */
    struct hash128 content;
    int64_t created_ms;
    uint32_t lives;                     /* times it was created: above 1 only where id_ttl lets ids be forgotten */
    int target_type;
    int64_t first_users;
    struct slice org, id, title;        /* in `text` */
    char *text;                         /* org, id, title, then its content members as notice-message/get shows them */
    size_t text_bytes;
    struct user_list {
        char *text;                     /* the inside of a JSON list: "u1","u2" */
        size_t size, capacity;
    } sent, as_sent;                    /* single users it was shown to; targets of the first call */
};

struct names {
    char text[NAMES_MAX][KEY_BYTES];
    uint32_t n;
};

struct sim {
    struct knobs knobs;
    struct faults faults;
    struct ledger *ledger;
    struct stats stats;
    struct crypto *crypto;
    uint64_t seed, random;
    struct access_key keys[KEYS_MAX], sessions[SESSIONS_MAX];   /* sessions: from STS; the oldest is overwritten */
    uint32_t n_keys, n_sessions;
    struct table nonces[2];             /* this life time's and the one before */
    int64_t nonces_since_ms;
    struct table sends;                 /* SOAR: executions of a content */
    struct app apps[APPS_MAX];
    uint32_t n_apps;
    struct access_token tokens[TOKENS_MAX];
    uint32_t next_token;
    struct table encryptions, signatures;
    struct table messages;              /* (org, id) -> address of its struct message */
    struct table receipts;              /* (org, id, user, life): shown */
    struct message *newest;
    int64_t users_seen;                 /* users when the last call came, for late_joiner */
    int64_t rate_window, rate_calls;    /* rate_limit: number of the current window, calls in it */
    struct names orgs, playbooks, disabled_playbooks;
    char *query_text, *canonical_text;
    struct arena arena;
    size_t arena_capacity;
    int64_t date_s;
    char date[32];
};

/* The call being answered. */
struct sim_call {
    struct sim *sim;
    const struct sim_request *request;
    struct sim_reply *reply;
    enum sim_api api;
    int64_t now_ms;                     /* by the simulator's clock */
    struct slice path, query;           /* as received */
    struct pair pairs[PAIRS_MAX];       /* the query, decoded */
    uint32_t n_pairs;
    bool query_is_broken;
    struct slice code;                  /* the error code that was answered, for the statistics */
    char code_text[16];                 /* where it is a number */
};

struct slice call_header(const struct sim_call *, const char *name);        /* absent: at == NULL */
struct slice call_parameter(const struct sim_call *, const char *name);
bool pairs_read(struct slice text, struct buf *decoded, struct pair *pairs, uint32_t *n);   /* false: broken, or too many */
const struct value *call_json(struct sim_call *, struct slice text);        /* NULL = not one JSON value */

/* The parts: each answers the call. */
void soar_call(struct sim_call *);
void sts_call(struct sim_call *);
void token_call(struct sim_call *);
void notice_call(struct sim_call *);
bool sts_is_wanted(const struct sim_call *);
void sts_expire(struct sim *, int64_t now_ms);
void tokens_expire(struct sim *, int64_t now_ms);

/* Faults of a phase; true = the exchange is over. */
bool faults_play(struct sim_call *, enum fault_phase);

/* Replies (reply.c). */
void reply_reset(struct sim_reply *);
void reply_header(struct sim_reply *, const char *name, struct slice value);
void reply_type(struct sim_reply *, const char *content_type);
void reply_date(struct sim_call *);
void reply_html(struct sim_call *, int status);
void kong_refuse(struct sim_call *, int status, const char *message);       /* the portal's gateway: {"message":"..."} */
const char *status_text(int status);

/* SOAR's errors (soar_reply.c): by the code's own row, or with everything given (NULL message = the row's). */
void soar_refuse(struct sim_call *, const char *code);
void soar_refuse_as(struct sim_call *, int status, const char *code, const char *message);
void soar_refuse_xml(struct sim_call *, int status, const char *code);
void soar_throttle(struct sim_call *, int64_t retry_after_ms);
void soar_begin(struct sim_call *);                                         /* 200 and the headers; the body follows */
void soar_succeed(struct sim_call *);
void request_id(struct sim *, char text[37]);

/* The portal's errors (notice_reply.c). */
void notice_refuse(struct sim_call *, int code, const char *message);
void notice_succeed(struct sim_call *, bool success);
void notice_refuse_signature(struct sim_call *, const char *message);

bool bucket_take(struct bucket *, const struct knob_value *rate, int64_t burst, int64_t now_ms, int64_t *wait_ms);
bool names_has(const struct names *, struct slice);
void random_hex(struct sim *, char *text, size_t digits);
int64_t time_read(struct slice iso);        /* YYYY-MM-DDTHH:MM:SSZ to ms; -1 = not of that form */

#endif

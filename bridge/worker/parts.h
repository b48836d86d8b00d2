/* parts.h: the inside of the worker, for its own files only. */
#ifndef BRIDGE_WORKER_PARTS_H
#define BRIDGE_WORKER_PARTS_H

#include "bridge/io/admin.h"
#include "bridge/io/dedup.h"
#include "bridge/io/http.h"
#include "bridge/io/kafka.h"
#include "bridge/io/secrets.h"
#include "bridge/io/slab.h"
#include "bridge/log.h"
#include "bridge/metrics.h"
#include "bridge/worker/chain.h"
#include "bridge/worker/worker.h"
#include "codecs/check.h"
#include "codecs/notice.h"

struct event;

enum {
    TOKEN_TAG = 0x40000000,         /* a tag's slot with this bit is a token call of the target in the rest */
    TOKEN_BYTES_MAX = 512,
    SECRET_CHECK_S = 60,
    MESSAGES_BYTES_MAX = 64 * 1024,     /* of one record; an event whose message does not fit is encoded when it is called */
};

/* What signs for one target. */
struct holder {
    struct worker *worker;
    uint32_t target;
    struct secret id, secret, extra;    /* extra: a static security token */
    struct chain *chain;                /* the default chain, without files of our own; NULL = the files above */
    struct secret profile;              /* the chain's profile file */
    ms_t chain_expires_ms;              /* BOOTTIME: end of the chain's keys */
    uint32_t chain_failures;            /* rounds in a row */
    bool chain_busy;                    /* a round is under way */
    char token[TOKEN_BYTES_MAX];        /* the portal's access token, "" = none */
    bool refused;                       /* the present token was refused: get, do not refresh */
    bool same_token;                    /* the last one that came is the one that there was */
    bool rotated;                       /* the files hold new secrets that the engine does not know of yet */
    bool logged_bad;
    uint64_t fetched[2];                /* ok, error */
};

enum call_result { CALL_OK, CALL_REFUSED, CALL_THROTTLED, CALL_IN_DOUBT, CALL_RESULT_COUNT };

struct worker_timing {
    struct histogram encode, call[TARGETS_MAX][CALL_RESULT_COUNT], batch[TARGETS_MAX], age[TARGETS_MAX];
};

struct worker {
    const struct config *config;
    struct engine_config *settings;
    struct event_base *base;
    struct worker_options options;
    struct engine *engine;
    void *engine_memory;
    struct decoder *decoder;            /* the engine's */
    struct decoder *encode_decoder;     /* for reading members of a call once more */
    uint32_t decoded_handle;            /* what encode_decoder holds; UINT32_MAX = nothing */
    struct decoded decoded;
    struct slab *slab;
    struct buf messages;                /* scratch: what the engine wrote for the record that just came */
    void *messages_memory;
    uint32_t *messages_of;              /* by a record's handle: that of its messages; UINT32_MAX = none */
    struct kafka *kafka;
    struct dedup *dedup;
    struct http *http;
    struct admin *admin;
    struct crypto *crypto;
    struct http_endpoint endpoints[TARGETS_MAX];
    struct holder holders[TARGETS_MAX];
    const char *target_names[TARGETS_MAX], *route_names[ROUTES_MAX];
    struct event *pump_event, *timer_event, *secret_event;
    uint32_t calls_made;
    uint64_t letters_refused;           /* dead letters, since the last line about them */
    ms_t letters_told_ms;               /* when that line was; 0 = never */
    bool told_cut_short;        /* AB8203 was said */
    bool joined, draining, closing, stopped, store_down, brokers_away;
    uint64_t park_writes[2], secret_reloads[2];     /* ok, error */
    enum group_past group_past;         /* as the first assignment told it */
    uint64_t began_empty;               /* 1: Redis held nothing at the first connect although the group has a past */
    int exit_code;
    bool awake;                         /* the pump is to run in this round; now_ms and wall_ms are its time */
    ms_t now_ms;
    int64_t wall_ms;
    ms_t started_ms;
    struct worker_timing timing;
};

/* worker.c */
void worker_wake(struct worker *);                      /* the pump runs soon, in this turn of the loop */
void worker_feed(struct worker *, struct input *);      /* fills in the times, feeds, wakes */
void worker_close(struct worker *, int code, ms_t bound_ms);
void worker_exit(struct worker *, int code);
void worker_tell_cut_short(struct worker *, uint32_t abandoned);    /* once */

/* perform.c: effects to adapter calls */
void perform(struct worker *, const struct effect *);

/* call.c: one CALL effect to a signed request */
void perform_call(struct worker *, const struct effect *);

/* park.c: one PARK effect to a dead letter */
void perform_park(struct worker *, const struct effect *);

/* journal.c: one JOURNAL effect to the log and to Redis */
void perform_journal(struct worker *, const struct journal_entry *);

/* amnesia.c: Redis lost its memory */
void amnesia_tell(struct worker *, const char *why);
void amnesia_assigned(struct worker *, const struct assignment *, uint32_t n);
void amnesia_review(struct worker *);                   /* Redis or the group was heard of: has it begun empty? */

/* answers.c: what adapters call */
void answers_kafka(struct worker *, struct kafka_handler *);
void answers_dedup(struct worker *, struct dedup_handler *);
void answers_http(struct worker *, struct http_handler *);

/* credentials.c */
void credentials_init(struct worker *);
void credentials_fetch(struct worker *, uint32_t target, bool refused);
void credentials_answered(struct worker *, uint32_t target, const struct reply *);
void credentials_view(const struct holder *, struct credential *);
void credentials_check_files(struct worker *);          /* rotation: the next signature uses the new value */
void credentials_answer(struct holder *, bool ok, bool refused, ms_t expires_at_ms);    /* to the engine */
void credentials_wipe(struct worker *);
enum secret_result credentials_read_line(struct secret *);  /* as secret_read; more than one line keeps the old value too */

/* chain_fetch.c: the same for the default chain */
struct chain *chain_new(const struct config_target *);    /* with the variables of this process */
void chain_free(struct chain *);
void chain_fetch(struct holder *, bool refused);
void chain_answered(struct holder *, const struct reply *);
void chain_check_file(struct holder *);
void chain_drop(struct holder *);

/* observe.c */
void observe_admin(struct worker *, struct admin_handler *);
void observe_outcome(struct worker *, const struct input *called, const struct call_origin *, ms_t duration_ms);
enum call_result timing_result(enum outcome);
uint32_t observe_checks(void *worker, struct admin_check out[ADMIN_CHECKS_MAX]);

/* metrics_text.c */
void metrics_text(void *worker, struct buf *text);

/* settings.c */
bool worker_degrades(const struct engine_config *);    /* a target goes on without Redis */
void settings_kafka(const struct config *, struct kafka_config *, struct kafka_property *properties, struct kafka_topic *topics);
void settings_endpoint(const struct config_target *, struct http_endpoint *);

#endif

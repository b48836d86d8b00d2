/* redis_parts.h: the Redis store from inside. Private to redis*.c.
 *
 *   redis.c         the store behind dedup.h: start, orders, flush, stats
 *   redis_queue.c   commands under way: one slot each, answered in the order they were sent, with a deadline
 *   redis_claim.c   what the reply to a claim means          redis_end.c    the same for ends and renewals
 *   redis_window.c  whether a claim that is ours is a repeat
 *   redis_hello.c   the first commands of a connection       redis_pulse.c  the canary, and a sign of life when idle
 *   redis_journal.c the journal's stream                     redis_info.c   what the server says of itself
 *   redis_tell.c    what people are told
 *   redis_link.c    the connection: redis_sentinel.c, redis_resolve.c, redis_tls.c */
#ifndef BRIDGE_IO_REDIS_PARTS_H
#define BRIDGE_IO_REDIS_PARTS_H

#include "bridge/io/dedup_custody.h"
#include "bridge/io/dedup_store.h"
#include "bridge/io/redis_canary.h"
#include "bridge/io/redis_info.h"
#include "bridge/io/redis_link.h"
#include "bridge/io/redis_resp.h"
#include "bridge/io/redis_script.h"
#include "bridge/io/redis_watch.h"
#include "bridge/io/secrets.h"
#include "codecs/limits.h"

struct redis;
struct redisReply;

enum redis_step {
    STEP_CLAIM,         /* SET key C NX GET PX               nil = ours, else the value met              */
    STEP_LOOK,          /* SCRIPT_SWAP that expects nothing  the value met and its PTTL                  */
    STEP_SWAP,          /* SCRIPT_SWAP                       1 = written, else the value met and its PTTL */
    STEP_DONE,          /* SET key D PX                      OK                                          */
    STEP_HOLD,          /* SCRIPT_HOLD                       1 = written, else the value met             */
    STEP_WINDOW,        /* SET w id NX GET PX                nil or our id = we lead, else the leader    */
    STEP_LEADER,        /* SCRIPT_SWAP that expects nothing  the value of the leader's key and its PTTL  */
    STEP_PROMOTE,       /* SCRIPT_PROMOTE                    1 = we lead now, else who does              */
    STEP_GIVE_BACK,     /* SCRIPT_GIVE_BACK                  1 = done, else the value that another holds */
    STEP_PEEK,          /* GET canary */
    STEP_ADVANCE,       /* SCRIPT_CANARY */
    STEP_JOURNAL,       /* XADD                              the id of the entry                     */
    STEP_TRIM,          /* XTRIM */
    STEP_AUTH, STEP_SELECT, STEP_NAME, STEP_INFO, STEP_ROLE, STEP_SAVE, STEP_LOAD, STEP_READY,      /* of the hello */
    STEP_COUNT,
};

/* What a claim with a window needs beside its slot: out of line, as most claims have none. */
struct redis_window {
    struct claim_window window;
    uint8_t id_size, leader_size;
    char id[ID_BYTES_MAX], leader[ID_BYTES_MAX];
};

/* A command under way, or an order that waits to be answered with UNKNOWN. */
struct redis_slot {
    struct redis *redis;
    struct redis_slot *next;
    enum redis_step step;
    enum dedup_op op;
    enum redis_script script;   /* of STEP_LOAD */
    enum script_form form;
    uint32_t rounds;            /* compare and set that met something new */
    ms_t at_ms;                 /* when it was sent; when it is to be answered */
    struct claim_order order;   /* its id is not kept: the key is; its window is the one beside the slot */
    struct claim_answer answer; /* of STEP_SWAP: valid once it is written; of a claim that is ours: until its window is known */
    uint16_t key_size;
    char key[DEDUP_KEY_BYTES_MAX];
};

struct slot_list {
    struct redis_slot *head, *tail;
};

enum { REDIS_JOURNAL_MOST = 16384 };

struct redis_journal {
    char key[DEDUP_PREFIX_BYTES_MAX + 8];
    uint64_t max_len;           /* 0 = no journal */
    ms_t max_age_ms;
    ms_t trim_at_ms;            /* old entries are taken out no sooner */
    uint32_t under_way;
    char head[DEDUP_PREFIX_BYTES_MAX + 128];    /* of each command */
    size_t head_size;
    int64_t time_ms;            /* the last time that was written, and its text */
    size_t time_size;
    char time[32];
};

/* A text that people were told, and when. */
enum { TOLD_TEXTS = 32 };
struct told {
    uint64_t hash;
    ms_t at_ms;                 /* 0 = none */
};

struct redis {
    struct dedup dedup;
    struct redis_link link;
    struct secret password, sentinel_password;
    enum secret_result password_read;   /* how the last reading went */
    char canary_key[DEDUP_PREFIX_BYTES_MAX + 8];
    ms_t timeout_ms;
    bool ready;                 /* the hello was answered in full */
    uint32_t connection;        /* counts those: what is written over one is not undone by what comes late of those before */
    bool ill;                   /* answers, but with errors that concern all keys */
    bool closing;               /* no handler is called any more */
    bool timed_out;             /* why the link is being dropped, for the counters */
    bool was_ready;             /* ever */
    uint32_t pings;             /* of `sent`: ours, not the engine's */

    struct redis_slot *slots;
    struct redis_window *windows;       /* one a slot; touched only where a claim has a window */
    uint32_t n_slots, n_used;   /* those beyond n_used were never touched and take no memory */
    struct slot_list free, sent, failed;
    struct event *late;         /* watches the oldest of `sent` */
    struct event *fail;         /* answers those of `failed` */
    struct event *idle;
    struct event *round_over;
    bool in_round;              /* round_ms is the time of this round of the loop */
    ms_t round_ms;
    bool late_seen;

    struct redis_scripts scripts;
    struct redis_server server;
    struct canary canary;
    struct watch *watch;
    struct custodies custodies;
    struct redis_journal journal;
    uint32_t unflushed;         /* orders since the last flush */
    bool peeked;                /* the canary was read in front of them */
    ms_t pulse_ms;              /* when the canary was looked at last */

    struct told told[TOLD_TEXTS];
    bool told_any, told_up;
    bool refused;               /* the connection is being ended because of what the server said */
    struct resp resp;           /* the command being written */
    struct dedup_stats stats;
};

/* redis.c */
ms_t redis_now(struct redis *);      /* read once a round of the loop: hundreds of orders and answers come in one */
void redis_answer_claim(struct redis *, struct redis_slot *, const struct claim_answer *);    /* frees the slot */
void redis_answer_end(struct redis *, struct redis_slot *, enum settle_answer);               /* frees the slot */

/* redis_tell.c */
void redis_tell(struct redis *, enum dedup_state, const char *text);
void redis_refused(struct redis *, const char *text);       /* drops the link */

/* redis_queue.c */
bool redis_queue_init(struct redis *, struct event_base *, uint32_t orders);
void redis_queue_release(struct redis *);
struct redis_slot *redis_slot_take(struct redis *);
void redis_slot_free(struct redis *, struct redis_slot *);
void redis_send(struct redis *, struct redis_slot *, enum redis_step);      /* the command in redis->resp */
void redis_fail_later(struct redis *, struct redis_slot *);                 /* answers UNKNOWN from the loop, after a pause */
void redis_call(struct redis *, struct redis_slot *, enum redis_script, uint32_t arguments);   /* begins redis->resp */
bool redis_is_idle(const struct redis *);

/* Whether the reply is of that type; else the slot was answered with UNKNOWN and the link dropped. */
struct slice redis_text_of(const struct redisReply *);         /* a string or a status; absent otherwise */
void redis_strange(struct redis *, struct redis_slot *);        /* a reply that no such command gives */
void redis_foreign(struct redis *, struct redis_slot *);        /* a value that none of us wrote */

/* redis_claim.c, redis_end.c: send the first step, take a reply */
void redis_claim_send(struct redis *, struct redis_slot *);
void redis_claim_reply(struct redis *, struct redis_slot *, const struct redisReply *);
void redis_end_send(struct redis *, struct redis_slot *);
void redis_end_reply(struct redis *, struct redis_slot *, const struct redisReply *);
void redis_put_holder(struct redis *, const struct redis_slot *);       /* "<owner>.<dispatch>" and connection: two words */
ms_t redis_age_of(struct redis *, struct slice key, ms_t ttl_ms, struct slice text, ms_t pttl_ms);
void redis_swap_send(struct redis *, struct redis_slot *, struct slice expected, const struct claim_value *, ms_t pttl_most_ms);
bool redis_swap_reply(const struct redisReply *, struct slice *met, ms_t *pttl_ms);   /* {value, PTTL} */

/* redis_journal.c */
void redis_journal(struct dedup *, const struct journal_entry *);
void redis_journal_init(struct redis_journal *, const char *prefix, uint64_t max_len, ms_t max_age_ms);
void redis_journal_reply(struct redis *, struct redis_slot *, const struct redisReply *);
void redis_journal_over(struct redis *, struct redis_slot *);      /* frees the slot */
void redis_journal_failed(struct redis *, const char *why);         /* tells it; nothing else follows from it */

/* redis_window.c */
void redis_window_keep(struct redis *, struct redis_slot *, const struct claim_order *);
void redis_window_ask(struct redis *, struct redis_slot *);     /* the claim is ours, slot->answer says how */
void redis_window_again(struct redis *, struct redis_slot *);   /* the step it is at, with the script's text */
void redis_window_reply(struct redis *, struct redis_slot *, const struct redisReply *);

/* redis_hello.c */
void redis_hello_send(struct redis *);
void redis_hello_reply(struct redis *, struct redis_slot *, const struct redisReply *);
void redis_hello_error(struct redis *, struct redis_slot *, const char *text);

/* redis_pulse.c */
void redis_peek_send(struct redis *);
void redis_advance_send(struct redis *, struct redis_slot *, enum redis_step);
void redis_pulse_reply(struct redis *, struct redis_slot *, const struct redisReply *);
enum canary_sight redis_pulse_see(struct redis *, const struct redisReply *);
void redis_pulse_lost(struct redis *, const char *why);

#endif

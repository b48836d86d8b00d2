/* redis_link.h: one connection to the server that redis.url means: asks sentinels for it, resolves without blocking, connects,
 * and connects again with a growing pause, each time from the beginning.
 *
 * hiredis resolves names blocking and knows no timeouts (0.14.1), so both are done here and by the owner: it sees every command
 * and drops the link when an answer is late. */
#ifndef BRIDGE_IO_REDIS_LINK_H
#define BRIDGE_IO_REDIS_LINK_H

#include "bridge/io/redis_resolve.h"
#include "bridge/redis_url.h"
#include "codecs/slice.h"

struct redisAsyncContext;
struct redis_tls;
struct secret;
struct ssl_st;

enum { LINK_TEXT_BYTES = 256, LINK_NAME_BYTES = REDIS_HOST_BYTES + 32 };

/* What is not at rest is either being resolved or has a context. */
enum link_aim {
    LINK_AT_REST,       /* the timer brings the next attempt     */
    LINK_TO_SENTINEL,   /* it is to name the master              */
    LINK_TO_SERVER,     /* commands may be sent once `context`   */
};

struct redis_link {
    struct event_base *base;
    struct redis_url url;
    struct redis_tls *tls;                              /* NULL = plain */
    struct secret *sentinel_password;
    ms_t timeout_ms;                                    /* of the resolver and of a sentinel */
    void *owner;
    void (*opened)(void *owner);                        /* commands may be sent; the connection itself is still being made */
    void (*closed)(void *owner, const char *text);      /* after every command was answered with NULL, or before */

    enum link_aim aim;
    struct redis_place place;                           /* where `aim` is */
    struct redisAsyncContext *context;
    struct ssl_st *ssl;                                 /* of the context, which owns it */
    struct resolver resolver;
    struct event *timer;                                /* of the next attempt, or of a sentinel's answer */
    uint32_t turn;                                      /* of url.places: goes on when one is of no use */
    uint32_t attempt;                                   /* of a name's addresses */
    bool proved;                                        /* the server is as wanted */
    ms_t pause_ms;
};

bool redis_link_init(struct redis_link *);          /* the fields of the first block are set by the owner */
void redis_link_release(struct redis_link *);       /* commands under way are answered with NULL */

void redis_link_open_soon(struct redis_link *);     /* now, from the loop, unless it is open or being opened */
void redis_link_proved(struct redis_link *);        /* the server is as wanted: pauses begin small again */
void redis_link_drop(struct redis_link *, const char *why);
void redis_link_name(const struct redis_link *, char out[LINK_NAME_BYTES]);     /* "redis host:port", for people */

/* One command in full. The callback of hiredis: `data` with a redisReply or NULL. false: not open, nothing will be called. */
bool redis_link_send(struct redis_link *, struct slice command,
                     void (*reply)(struct redisAsyncContext *, void *, void *), void *data);

/* redis_sentinel.c: the question, and what comes of it: the link goes on to the master, or drops. */
void redis_sentinel_ask(struct redis_link *);
void redis_link_go_to(struct redis_link *, const struct redis_place *master);

#endif

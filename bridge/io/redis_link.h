/* redis_link.h: one connection to Redis: resolves without blocking, connects, and connects again with a growing pause.
 *
 * hiredis resolves names blocking and knows no timeouts (0.14.1), so both are done here and by the owner: it sees every command
 * and drops the link when an answer is late. */
#ifndef BRIDGE_IO_REDIS_LINK_H
#define BRIDGE_IO_REDIS_LINK_H

#include "bridge/core/types.h"
#include "bridge/io/redis_url.h"

struct event;
struct event_base;
struct evdns_base;
struct redisAsyncContext;
struct resolve;

enum { LINK_ADDRESSES_MAX = 8, LINK_ADDRESS_BYTES = 48, LINK_TEXT_BYTES = 256 };

struct redis_link {
    struct event_base *base;
    struct redis_url url;
    ms_t timeout_ms;            /* of the resolver */
    void *owner;
    void (*opened)(void *owner);                        /* commands may be sent; the connection itself is still being made */
    void (*closed)(void *owner, const char *text);      /* after every command was answered with NULL, or before */

    struct redisAsyncContext *context;                  /* NULL = closed */
    struct evdns_base *dns;
    struct resolve *resolve;                            /* under way */
    struct event *timer;                                /* of the next attempt, or of the resolver */
    char addresses[LINK_ADDRESSES_MAX][LINK_ADDRESS_BYTES];
    uint32_t n_addresses, attempt;
    ms_t pause_ms;
};

bool redis_link_init(struct redis_link *, struct event_base *);     /* the other fields of the first block are set by the owner */
void redis_link_release(struct redis_link *);       /* commands under way are answered with NULL */

void redis_link_open_soon(struct redis_link *);     /* now, from the loop, unless it is open or being opened */
void redis_link_proved(struct redis_link *);        /* the server is as wanted: pauses begin small again */
void redis_link_drop(struct redis_link *, const char *why);

/* One command in full. The callback of hiredis: `data` with a redisReply or NULL. false: not open, nothing will be called. */
bool redis_link_send(struct redis_link *, struct slice command,
                     void (*reply)(struct redisAsyncContext *, void *, void *), void *data);

#endif

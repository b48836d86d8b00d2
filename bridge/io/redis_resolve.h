/* redis_resolve.h: a name's addresses, without blocking: hiredis would stop the loop for as long as a name server takes. */
#ifndef BRIDGE_IO_REDIS_RESOLVE_H
#define BRIDGE_IO_REDIS_RESOLVE_H

#include "bridge/core/types.h"

struct event;
struct event_base;
struct evdns_base;
struct resolve;

enum { RESOLVE_ADDRESSES_MAX = 8, RESOLVE_ADDRESS_BYTES = 48 };

struct resolver {
    struct event_base *base;
    ms_t timeout_ms;
    void *owner;
    void (*found)(void *owner, const char *failure);    /* addresses are there; with a failure none. May come at once */

    struct evdns_base *dns;
    struct resolve *asked;      /* under way */
    struct event *late;
    char addresses[RESOLVE_ADDRESSES_MAX][RESOLVE_ADDRESS_BYTES];
    uint32_t n;
};

bool resolver_init(struct resolver *);      /* the fields of the first block are set by the owner */
void resolver_release(struct resolver *);
void resolver_start(struct resolver *, const char *host);
void resolver_cancel(struct resolver *);

#endif

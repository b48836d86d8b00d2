/* redis_resolve.c: asks the system's name servers anew each time: after a failover a name points elsewhere. */
#include "bridge/io/redis_resolve.h"

#include "codecs/check.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>

/* Outlives the resolver when a question is still out: a cancelled question is answered as well. */
struct resolve {
    struct resolver *resolver;      /* NULL = cancelled */
    struct evdns_getaddrinfo_request *request;
};

static void
keep_addresses(struct resolver *resolver, const struct evutil_addrinfo *found)
{
    resolver->n = 0;
    for (const struct evutil_addrinfo *at = found; at && resolver->n < RESOLVE_ADDRESSES_MAX; at = at->ai_next) {
        const void *address = at->ai_addr, *bytes = NULL;
        if (at->ai_family == AF_INET)
            bytes = &((const struct sockaddr_in *)address)->sin_addr;
        else if (at->ai_family == AF_INET6)
            bytes = &((const struct sockaddr_in6 *)address)->sin6_addr;
        if (bytes && inet_ntop(at->ai_family, bytes, resolver->addresses[resolver->n], RESOLVE_ADDRESS_BYTES))
            resolver->n++;
    }
}

static void
on_found(int failure, struct evutil_addrinfo *found, void *data)
{
    struct resolve *asked = data;
    struct resolver *resolver = asked->resolver;
    if (resolver) {
        resolver->asked = NULL;
        evtimer_del(resolver->late);
        keep_addresses(resolver, failure ? NULL : found);
    }
    if (found)
        evutil_freeaddrinfo(found);
    free(asked);
    if (resolver)
        resolver->found(resolver->owner, resolver->n > 0 ? NULL : failure ? evutil_gai_strerror(failure) : "it has no address");
}

void
resolver_cancel(struct resolver *resolver)
{
    struct resolve *asked = resolver->asked;
    resolver->asked = NULL;
    if (!asked)
        return;
    evtimer_del(resolver->late);
    asked->resolver = NULL;
    evdns_getaddrinfo_cancel(asked->request);
}

static void
on_late(evutil_socket_t fd, short what, void *data)
{
    struct resolver *resolver = data;
    (void)fd, (void)what;
    resolver_cancel(resolver);
    resolver->found(resolver->owner, "the name server does not answer");
}

static bool
is_numeric(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/* The answer may come before the question returns: then `asked` is gone already. */
static void
ask(struct resolver *resolver, const char *host)
{
    const struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP };
    struct timeval wait = { .tv_sec = resolver->timeout_ms / 1000, .tv_usec = (suseconds_t)(resolver->timeout_ms % 1000) * 1000 };
    struct resolve *asked = calloc(1, sizeof(*asked));
    check(asked != NULL);
    asked->resolver = resolver;
    resolver->asked = asked;
    evtimer_add(resolver->late, &wait);
    struct evdns_getaddrinfo_request *request = evdns_getaddrinfo(resolver->dns, host, NULL, &hints, on_found, asked);
    if (resolver->asked == asked && request)
        asked->request = request;
}

void
resolver_start(struct resolver *resolver, const char *host)
{
    resolver->n = 0;
    if (is_numeric(host)) {
        snprintf(resolver->addresses[resolver->n++], RESOLVE_ADDRESS_BYTES, "%.45s", host);
        resolver->found(resolver->owner, NULL);
        return;
    }
    if (!resolver->dns)
        resolver->dns = evdns_base_new(resolver->base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (resolver->dns)
        ask(resolver, host);
    else
        resolver->found(resolver->owner, "no name server is configured");
}

bool
resolver_init(struct resolver *resolver)
{
    resolver->late = evtimer_new(resolver->base, on_late, resolver);
    return resolver->late != NULL;
}

void
resolver_release(struct resolver *resolver)
{
    resolver_cancel(resolver);
    if (resolver->dns)
        evdns_base_free(resolver->dns, 1);
    if (resolver->late)
        event_free(resolver->late);
}

/* redis_link.c: closed, resolving, open: what is not closed is either `resolve` or `context`. */
#include "bridge/io/redis_link.h"

#include "codecs/check.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <hiredis/alloc.h>      /* the adapter of 0.14 uses it without including it */
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <hiredis/adapters/libevent.h>
#pragma GCC diagnostic pop

enum { PAUSE_MS_MIN = 100, PAUSE_MS_MAX = 2000 };

/* Outlives the link when a question is still out: the resolver answers a cancelled question as well. */
struct resolve {
    struct redis_link *link;    /* NULL = cancelled */
    struct evdns_getaddrinfo_request *request;
};

static void open_address(struct redis_link *);

static void
arm(struct redis_link *link, ms_t ms)
{
    struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
    evtimer_add(link->timer, &wait);
}

/* Ends in a text for the owner and a next attempt. */
static void
closed(struct redis_link *link, const char *text)
{
    char copy[LINK_TEXT_BYTES];     /* the text may lie in what is freed next */
    snprintf(copy, sizeof(copy), "%s", text);
    arm(link, link->pause_ms);
    link->pause_ms = link->pause_ms * 2 < PAUSE_MS_MAX ? link->pause_ms * 2 : PAUSE_MS_MAX;
    link->closed(link->owner, copy);
}

/* ---- names --------------------------------------------------------------------------------------------------------------- */

static void
keep_addresses(struct redis_link *link, const struct evutil_addrinfo *found)
{
    link->n_addresses = 0;
    for (const struct evutil_addrinfo *at = found; at && link->n_addresses < LINK_ADDRESSES_MAX; at = at->ai_next) {
        const void *address = at->ai_addr, *bytes = NULL;
        if (at->ai_family == AF_INET)
            bytes = &((const struct sockaddr_in *)address)->sin_addr;
        else if (at->ai_family == AF_INET6)
            bytes = &((const struct sockaddr_in6 *)address)->sin6_addr;
        if (bytes && inet_ntop(at->ai_family, bytes, link->addresses[link->n_addresses], LINK_ADDRESS_BYTES))
            link->n_addresses++;
    }
}

static void
resolve_failed(struct redis_link *link, const char *why)
{
    char text[LINK_TEXT_BYTES + 64];
    snprintf(text, sizeof(text), "cannot resolve %s: %s", link->url.host, why);
    closed(link, text);
}

static void
on_resolved(int failure, struct evutil_addrinfo *found, void *data)
{
    struct resolve *resolve = data;
    struct redis_link *link = resolve->link;
    if (link) {
        link->resolve = NULL;
        evtimer_del(link->timer);
        keep_addresses(link, failure ? NULL : found);
    }
    if (found)
        evutil_freeaddrinfo(found);
    free(resolve);
    if (link && link->n_addresses > 0)
        open_address(link);
    else if (link)
        resolve_failed(link, failure ? evutil_gai_strerror(failure) : "it has no address");
}

static void
resolve_cancel(struct redis_link *link)
{
    struct resolve *resolve = link->resolve;
    link->resolve = NULL;
    if (!resolve)
        return;
    resolve->link = NULL;
    evdns_getaddrinfo_cancel(resolve->request);
}

/* The answer may come before the question returns: then `resolve` is gone already. */
static void
resolve_start(struct redis_link *link)
{
    if (!link->dns)
        link->dns = evdns_base_new(link->base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (!link->dns) {
        resolve_failed(link, "no name server is configured");
        return;
    }
    struct resolve *resolve = calloc(1, sizeof(*resolve));
    check(resolve != NULL);
    resolve->link = link;
    link->resolve = resolve;
    arm(link, link->timeout_ms);
    const struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP };
    struct evdns_getaddrinfo_request *request = evdns_getaddrinfo(link->dns, link->url.host, NULL, &hints, on_resolved, resolve);
    if (link->resolve == resolve && request)
        resolve->request = request;
}

static bool
is_numeric(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/* ---- connections --------------------------------------------------------------------------------------------------------- */

/* Takes the connection's end to the owner, once, and only if it still is ours. */
static void
ended(const redisAsyncContext *context, int status)
{
    struct redis_link *link = context->data;
    if (!link || link->context != context)
        return;
    link->context = NULL;
    bool told = status != REDIS_OK && context->errstr && context->errstr[0];
    closed(link, told ? context->errstr : "the server closed the connection");
}

static void
on_connect(const redisAsyncContext *context, int status)
{
    if (status != REDIS_OK)
        ended(context, status);
}

static void
attach(struct redis_link *link, redisAsyncContext *context)
{
    context->data = link;
    redisLibeventAttach(context, link->base);
    redisAsyncSetConnectCallback(context, on_connect);
    redisAsyncSetDisconnectCallback(context, ended);
    link->context = context;
    link->opened(link->owner);
}

static void
open_context(struct redis_link *link, redisAsyncContext *context)
{
    check(context != NULL);     /* out of memory */
    if (!context->err) {
        attach(link, context);
        return;
    }
    char text[LINK_TEXT_BYTES];
    snprintf(text, sizeof(text), "%s", context->errstr);
    redisAsyncFree(context);
    closed(link, text);
}

/* Each attempt takes the next address of the name. */
static void
open_address(struct redis_link *link)
{
    const char *address = link->addresses[link->attempt++ % link->n_addresses];
    open_context(link, redisAsyncConnect(address, link->url.port));
}

static void
open_now(struct redis_link *link)
{
    if (link->url.path[0]) {
        open_context(link, redisAsyncConnectUnix(link->url.path));
    } else if (is_numeric(link->url.host)) {
        snprintf(link->addresses[0], LINK_ADDRESS_BYTES, "%.45s", link->url.host);
        link->n_addresses = 1;
        open_address(link);
    } else {
        resolve_start(link);
    }
}

static void
on_timer(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    struct redis_link *link = data;
    if (link->resolve) {
        resolve_cancel(link);
        resolve_failed(link, "the name server does not answer");
    } else if (!link->context) {
        open_now(link);
    }
}

bool
redis_link_init(struct redis_link *link, struct event_base *base)
{
    link->base = base;
    link->pause_ms = PAUSE_MS_MIN;
    link->timer = evtimer_new(base, on_timer, link);
    return link->timer != NULL;
}

void
redis_link_release(struct redis_link *link)
{
    redisAsyncContext *context = link->context;
    link->context = NULL;
    if (context)
        redisAsyncFree(context);
    resolve_cancel(link);
    if (link->dns)
        evdns_base_free(link->dns, 1);
    if (link->timer)
        event_free(link->timer);
}

void
redis_link_open_soon(struct redis_link *link)
{
    if (!link->context && !link->resolve)
        arm(link, 0);
}

void
redis_link_proved(struct redis_link *link)
{
    link->pause_ms = PAUSE_MS_MIN;
}

void
redis_link_drop(struct redis_link *link, const char *why)
{
    redisAsyncContext *context = link->context;
    if (!context)
        return;
    link->context = NULL;
    closed(link, why);
    redisAsyncFree(context);
}

bool
redis_link_send(struct redis_link *link, struct slice command, redisCallbackFn *reply, void *data)
{
    return link->context && redisAsyncFormattedCommand(link->context, reply, data, command.at, command.size) == REDIS_OK;
}

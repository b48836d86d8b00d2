/* redis_link.c: at rest, to a sentinel, to the server; each of the latter two is resolved, then opened. */
#include "bridge/io/redis_link.h"

#include "bridge/io/redis_tls.h"
#include "codecs/check.h"

#include <event2/event.h>
#include <hiredis/alloc.h>      /* the adapter of 0.14 uses it without including it */
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <hiredis/adapters/libevent.h>
#pragma GCC diagnostic pop

enum { PAUSE_MS_MIN = 100, PAUSE_MS_MAX = 500 };      /* the first call is to go out within a second of its return */

static void
arm(struct redis_link *link, ms_t ms)
{
    struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
    evtimer_add(link->timer, &wait);
}

/* Ends in a text for the owner and a next attempt. The other places of the url are tried without a pause. */
static void
closed(struct redis_link *link, const char *text)
{
    char copy[LINK_TEXT_BYTES];     /* the text may lie in what is freed next */
    snprintf(copy, sizeof(copy), "%s", text);
    link->turn += !link->proved;
    bool again = link->proved || link->url.n_places < 2 || link->turn % link->url.n_places == 0;
    arm(link, again ? link->pause_ms : 0);
    if (again)
        link->pause_ms = link->pause_ms * 2 < PAUSE_MS_MAX ? link->pause_ms * 2 : PAUSE_MS_MAX;
    link->closed(link->owner, copy);        /* its place is still the one that failed */
    link->aim = LINK_AT_REST;
    link->proved = false;
}

/* ---- connections --------------------------------------------------------------------------------------------------------- */

/* Takes the connection's end to the owner, once, and only if it still is ours. */
static void
ended(const redisAsyncContext *context, int status)
{
    struct redis_link *link = context->data;
    if (!link || link->context != context)
        return;
    char text[LINK_TEXT_BYTES];
    bool told = status != REDIS_OK && context->errstr && context->errstr[0];
    snprintf(text, sizeof(text), "%s", told ? context->errstr : "the server closed the connection");
    if (link->ssl)
        redis_tls_why(link->ssl, text, sizeof(text));
    link->context = NULL;
    link->ssl = NULL;
    closed(link, text);
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
    if (link->aim == LINK_TO_SENTINEL) {
        arm(link, link->timeout_ms);
        redis_sentinel_ask(link);
    } else {
        link->opened(link->owner);
    }
}

static void
open_context(struct redis_link *link, redisAsyncContext *context)
{
    char text[LINK_TEXT_BYTES];
    check(context != NULL);     /* out of memory */
    if (context->err)
        snprintf(text, sizeof(text), "%s", context->errstr);
    else if (!link->tls || redis_tls_start(link->tls, context, link->place.host, &link->ssl, text, sizeof(text))) {
        attach(link, context);
        return;
    }
    redisAsyncFree(context);
    closed(link, text);
}

/* Each attempt takes the next address of the name. */
static void
on_found(void *owner, const char *failure)
{
    struct redis_link *link = owner;
    char text[LINK_TEXT_BYTES + 64];
    if (!failure) {
        const char *address = link->resolver.addresses[link->attempt++ % link->resolver.n];
        open_context(link, redisAsyncConnect(address, link->place.port));
        return;
    }
    snprintf(text, sizeof(text), "cannot resolve %.200s: %s", link->place.host, failure);
    closed(link, text);
}

static void
open_now(struct redis_link *link)
{
    const struct redis_url *url = &link->url;
    link->aim = url->way == REDIS_BY_SENTINEL ? LINK_TO_SENTINEL : LINK_TO_SERVER;
    if (url->way == REDIS_BY_PATH) {
        open_context(link, redisAsyncConnectUnix(url->path));
        return;
    }
    link->place = url->places[link->turn % url->n_places];
    resolver_start(&link->resolver, link->place.host);
}

/* The sentinel's answer is taken; what is left of its connection is no longer ours. */
void
redis_link_go_to(struct redis_link *link, const struct redis_place *master)
{
    redisAsyncContext *context = link->context;
    link->context = NULL;
    link->ssl = NULL;
    evtimer_del(link->timer);
    redisAsyncFree(context);
    link->aim = LINK_TO_SERVER;
    link->place = *master;
    resolver_start(&link->resolver, link->place.host);
}

static void
on_timer(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    struct redis_link *link = data;
    if (link->aim == LINK_AT_REST)
        open_now(link);
    else
        redis_link_drop(link, "no answer within redis.timeout");
}

bool
redis_link_init(struct redis_link *link)
{
    link->pause_ms = PAUSE_MS_MIN;
    link->timer = evtimer_new(link->base, on_timer, link);
    link->resolver.base = link->base;
    link->resolver.timeout_ms = link->timeout_ms;
    link->resolver.owner = link;
    link->resolver.found = on_found;
    return resolver_init(&link->resolver) && link->timer != NULL;
}

void
redis_link_release(struct redis_link *link)
{
    redisAsyncContext *context = link->context;
    link->context = NULL;
    if (context)
        redisAsyncFree(context);
    resolver_release(&link->resolver);
    if (link->timer)
        event_free(link->timer);
}

void
redis_link_open_soon(struct redis_link *link)
{
    if (link->aim == LINK_AT_REST)
        arm(link, 0);
}

void
redis_link_proved(struct redis_link *link)
{
    link->pause_ms = PAUSE_MS_MIN;
    link->proved = true;
}

void
redis_link_drop(struct redis_link *link, const char *why)
{
    redisAsyncContext *context = link->context;
    if (!context)
        return;
    link->context = NULL;
    link->ssl = NULL;
    closed(link, why);
    redisAsyncFree(context);
}

void
redis_link_name(const struct redis_link *link, char out[LINK_NAME_BYTES])
{
    if (link->url.way == REDIS_BY_PATH)
        snprintf(out, LINK_NAME_BYTES, "redis unix:%s", link->url.path);
    else
        snprintf(out, LINK_NAME_BYTES, "%s %s:%u", link->aim == LINK_TO_SENTINEL ? "sentinel" : "redis", link->place.host,
                 link->place.port);
}

bool
redis_link_send(struct redis_link *link, struct slice command, redisCallbackFn *reply, void *data)
{
    return link->context && redisAsyncFormattedCommand(link->context, reply, data, command.at, command.size) == REDIS_OK;
}

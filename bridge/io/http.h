/* http.h: calls over HTTP/1.1 on the loop. Only http*.c know libcurl; its settings and why: http_settings.c.
 *
 * A call that libcurl would send twice by itself is aborted by a pre-request check and reported with begun = 2. */
#ifndef BRIDGE_IO_HTTP_H
#define BRIDGE_IO_HTTP_H

#include "bridge/core/types.h"
#include "codecs/outcome.h"
#include "codecs/request.h"

struct event_base;
struct http;

/* One address that calls go to, with its limits. Texts are borrowed for ever. */
struct http_endpoint {
    const char *origin;         /* "https://host[:port]" without a path */
    ms_t connect_timeout_ms, call_timeout_ms;
    const char *proxy;          /* "" = none; the environment is never asked */
    const char *ca_file;        /* "" = the system's */
    bool allow_internal;        /* link-local and metadata addresses may be called */
};

struct http_handler {
    void *owner;
    /* The reply's slices are valid for the call. duration_ms from start to end. */
    void (*called)(void *owner, struct tag, const struct reply *, ms_t duration_ms);
};

/* `calls`: most calls under way at once; memory for their replies (64 KiB each, touched as used) is taken here. */
struct http *http_new(struct event_base *, uint32_t calls, const struct http_handler *);
void http_free(struct http *);

/* The slot's request, to be filled by begin/add/end/sign; NULL when all are in use (the engine's limits prevent that). Call
 * http_send or http_drop next. */
struct request *http_request(struct http *, uint32_t *slot);

/* Sends it. No request begins after not_after_ms (BOOTTIME): then the reply says TRANSPORT_ABORTED with begun = 0. The handler
 * answers exactly once. */
void http_send(struct http *, uint32_t slot, const struct http_endpoint *, struct tag, ms_t not_after_ms);
void http_drop(struct http *, uint32_t slot);

uint32_t http_inflight(const struct http *);

#endif

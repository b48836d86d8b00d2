/* http_parts.h: what http.c, http_loop.c, http_settings.c and http_code.c share, and nobody else.
 *
 * libcurl's handles go through here as void pointers, as its own header has them, so that this header stands without that one. */
#ifndef BRIDGE_IO_HTTP_PARTS_H
#define BRIDGE_IO_HTTP_PARTS_H

#include "bridge/io/http.h"

/* http_code.c: how a transfer that ended with this CURLcode ended. Codes that are new to us are BROKEN: in doubt, never "not
 * executed". */
enum transport http_transport_of(int code, int begun);

/* http_settings.c: options of an easy handle. False = out of memory. */
bool http_settings_fixed(void *easy);
bool http_settings_endpoint(void *easy, const struct http_endpoint *);
bool http_settings_method(void *easy, const char *method);
bool http_endpoint_eq(const struct http_endpoint *, const struct http_endpoint *);    /* the same texts, not equal ones */
int http_socket(int family, int type, int protocol);

/* True for addresses that no business call should reach: link-local ones and the metadata services of clouds. */
struct sockaddr;
bool http_address_is_internal(const struct sockaddr *);

/* http_loop.c: a multi handle on the event loop. `done` comes once for each easy handle added, outside libcurl's own
 * callbacks, when the handle is already taken out again; it may add handles. */
struct http_loop;
typedef void http_loop_done(void *owner, void *easy, int code);
struct http_loop *http_loop_new(struct event_base *, uint32_t connections, http_loop_done *, void *owner);
void http_loop_free(struct http_loop *);
int http_loop_opened(struct http_loop *, int fd);     /* what libcurl is given to connect; the same fd again */
int http_loop_close(void *loop, int fd);            /* CURLOPT_CLOSESOCKETFUNCTION */
bool http_loop_add(struct http_loop *, void *easy);
void http_loop_remove(struct http_loop *, void *easy);

#endif

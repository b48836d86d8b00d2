/* admin.h: the admin port: /livez /readyz /startupz /metrics /version, by evhttp on the worker's loop, so that an answer
 * proves the loop alive.
 *
 * Limits (docs/interfaces.md): headers 8 KiB, no body, a request within 5 s, 64 connections, age 15 s, Connection: close. */
#ifndef BRIDGE_IO_ADMIN_H
#define BRIDGE_IO_ADMIN_H

#include "codecs/buf.h"

struct event_base;
struct admin;

/* One readiness check, filled by the worker when asked. */
struct admin_check {
    const char *name;       /* "kafka" */
    bool ok;
    const char *why;        /* static text when not ok */
};
enum { ADMIN_CHECKS_MAX = 8 };

struct admin_handler {
    void *owner;
    uint32_t (*checks)(void *owner, struct admin_check out[ADMIN_CHECKS_MAX]);      /* how many it filled */
    bool (*started)(void *owner);
    void (*metrics)(void *owner, struct buf *text);             /* Prometheus text 0.0.4; asked at most once a second */
    void (*version)(void *owner, struct buf *json);
};

/* listen: "127.0.0.1:9464", "[::1]:9464"; port 0 picks one. NULL with `error` when it cannot be bound (exit 69). */
struct admin *admin_new(struct event_base *, const char *listen, const struct admin_handler *, char *error, size_t error_size);
void admin_free(struct admin *);
uint16_t admin_port(const struct admin *);

#endif

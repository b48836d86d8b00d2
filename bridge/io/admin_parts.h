/* admin_parts.h: what admin.c and admin_gate.c share, and nobody else.
 *
 * The gate: a listener and the limits that libevent's HTTP server lacks: at most GATE_CONNECTIONS at once, a request complete
 * within GATE_REQUEST_MS, a connection gone at GATE_AGE_MS. libevent's own timeout starts again with every byte, so it stops
 * no slow sender. */
#ifndef BRIDGE_IO_ADMIN_PARTS_H
#define BRIDGE_IO_ADMIN_PARTS_H

#include <stddef.h>
#include <stdint.h>

enum { GATE_CONNECTIONS = 64, GATE_REQUEST_MS = 5000, GATE_AGE_MS = 15000 };

struct event_base;
struct evhttp;
struct bufferevent;
struct gate;

/* Listens on `address` and hands connections to the server. NULL with `error`. gate_free comes after evhttp_free. */
struct gate *gate_new(struct event_base *, struct evhttp *, const char *address, char *error, size_t error_size);
void gate_free(struct gate *);
uint16_t gate_port(const struct gate *);

/* The request on this connection is complete: only the age counts from here on. */
void gate_requested(struct gate *, struct bufferevent *);

#endif

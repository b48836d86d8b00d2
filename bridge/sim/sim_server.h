/* sim_server.h: serves a simulator over HTTP/1.1 on a caller's event loop: the traffic address and, if wanted, a control address.
 *
 * The simulator is the caller's and must outlive the server. Port 0 takes a free port. */
#ifndef BRIDGE_SIM_SIM_SERVER_H
#define BRIDGE_SIM_SIM_SERVER_H

#include <stddef.h>

struct event_base;
struct sim;
struct sim_server;

/* Addresses: "127.0.0.1:8080", "[::1]:0", ":8080" (all interfaces); control NULL = none. NULL: `error` says why. */
struct sim_server *sim_server_new(struct event_base *, struct sim *, const char *listen, const char *control, char *error,
                                  size_t error_size);
void sim_server_free(struct sim_server *);

const char *sim_server_address(const struct sim_server *);      /* "127.0.0.1:41234", the port really taken */
const char *sim_server_control(const struct sim_server *);      /* "" = none */

#endif

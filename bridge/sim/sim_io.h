/* sim_io.h: between the server's parts: listening, connections, the control address. Private to bridge/sim. */
#ifndef BRIDGE_SIM_SIM_IO_H
#define BRIDGE_SIM_SIM_IO_H

#include "bridge/sim/sim.h"

struct event_base;
struct evconnlistener;
struct evhttp;
struct sim_connection;

enum { ADDRESS_BYTES = 80 };

struct sim_server {
    struct event_base *base;
    struct sim *sim;
    struct evconnlistener *listener;
    struct evhttp *control;
    struct sim_connection *connections;     /* all that are open */
    struct sim_reply reply;                 /* one at a time: a reply is turned into bytes before the next request is handled */
    void *reply_memory;
    char address[ADDRESS_BYTES], control_address[ADDRESS_BYTES];
};

int64_t sim_wall_ms(void);

void sim_connection_open(struct sim_server *, int fd);
void sim_connections_close(struct sim_server *);

/* The control address's handlers on `server->control`. */
void sim_control_serve(struct sim_server *);

#endif

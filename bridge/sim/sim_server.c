/* sim_server.c: listens for the simulators' traffic and control addresses. */
#include "bridge/sim/sim_server.h"

#include "bridge/sim/sim_io.h"
#include "codecs/check.h"

#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int64_t
sim_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* "host:port", "[v6]:port" or ":port" to a socket address. */
static struct addrinfo *
resolve(const char *address)
{
    char host[64] = "";
    const char *colon = strrchr(address, ':');
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *found = NULL;
    if (!colon || (size_t)(colon - address) >= sizeof(host))
        return NULL;
    memcpy(host, address, (size_t)(colon - address));
    size_t size = strlen(host);
    if (size > 1 && host[0] == '[' && host[size - 1] == ']') {
        memmove(host, host + 1, size - 2);
        host[size - 2] = '\0';
    }
    if (!host[0])
        hints.ai_family = AF_INET;
    return getaddrinfo(host[0] ? host : NULL, colon + 1, &hints, &found) == 0 ? found : NULL;
}

static void
name_socket(int fd, char *text, size_t size)
{
    struct sockaddr_storage bound;
    socklen_t bytes = sizeof(bound);
    char host[64] = "", port[16] = "";
    if (getsockname(fd, (struct sockaddr *)&bound, &bytes) == 0)
        getnameinfo((struct sockaddr *)&bound, bytes, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(text, size, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

/* A listener with a callback, or one for evhttp to take over. */
static struct evconnlistener *
listen_at(struct sim_server *server, const char *address, evconnlistener_cb on_accept, char *name, char *error, size_t error_size)
{
    struct addrinfo *found = resolve(address);
    struct evconnlistener *listener = NULL;
    if (!found) {
        snprintf(error, error_size, "\"%s\" is not an address of the form HOST:PORT", address);
        return NULL;
    }
    listener = evconnlistener_new_bind(server->base, on_accept, server,
                                       LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, 1024, found->ai_addr,
                                       (int)found->ai_addrlen);
    freeaddrinfo(found);
    if (listener)
        name_socket(evconnlistener_get_fd(listener), name, ADDRESS_BYTES);
    else
        snprintf(error, error_size, "cannot listen at %s: %s", address, evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
    return listener;
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int peer_bytes, void *data)
{
    struct sim_server *server = data;
    (void)listener, (void)peer, (void)peer_bytes;
    if (!sim_accept(server->sim, sim_wall_ms())) {
        struct linger reset = { .l_onoff = 1, .l_linger = 0 };
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    sim_connection_open(server, fd);
}

static bool
open_control(struct sim_server *server, const char *address, char *error, size_t error_size)
{
    struct evconnlistener *listener = listen_at(server, address, NULL, server->control_address, error, error_size);
    if (!listener)
        return false;
    server->control = evhttp_new(server->base);
    check(server->control != NULL);
    if (!evhttp_bind_listener(server->control, listener)) {
        evconnlistener_free(listener);
        snprintf(error, error_size, "cannot serve at %s", address);
        return false;
    }
    sim_control_serve(server);
    return true;
}

struct sim_server *
sim_server_new(struct event_base *base, struct sim *sim, const char *listen, const char *control, char *error, size_t error_size)
{
    struct sim_server *server = calloc(1, sizeof(*server));
    check(server != NULL);
    server->base = base;
    server->sim = sim;
    server->reply_memory = malloc(SIM_REPLY_BYTES);
    check(server->reply_memory != NULL);
    sim_reply_init(&server->reply, server->reply_memory);
    server->listener = listen_at(server, listen, on_accept, server->address, error, error_size);
    if (!server->listener || (control && !open_control(server, control, error, error_size))) {
        sim_server_free(server);
        return NULL;
    }
    return server;
}

void
sim_server_free(struct sim_server *server)
{
    if (!server)
        return;
    sim_connections_close(server);
    if (server->listener)
        evconnlistener_free(server->listener);
    if (server->control)
        evhttp_free(server->control);
    free(server->reply_memory);
    free(server);
}

const char *
sim_server_address(const struct sim_server *server)
{
    return server->address;
}

const char *
sim_server_control(const struct sim_server *server)
{
    return server->control_address;
}

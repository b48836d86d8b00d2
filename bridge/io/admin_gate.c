/* admin_gate.c: the admin port's listener and the limits on its connections.
 *
 * libevent 2.1 has neither a cap on connections nor one on their age, and does not say when it drops one. So the gate makes
 * each bufferevent itself, holds a reference and looks, a few times a second while there are any: one whose callbacks are
 * cleared was given up by the server, one that is too old is shut down, which the server sees as the peer's end. */
#include "bridge/io/admin_parts.h"

#include "bridge/io/clock.h"
#include "codecs/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { LOOK_MS = 200, BACKLOG = 128, DESCRIPTORS_SHORT_MS = 1000 };

struct guest {
    struct bufferevent *bev;    /* NULL = free; one reference is ours */
    ms_t born_ms;
    bool requested;
};

struct gate {
    struct gate *next;
    struct event_base *base;
    struct evconnlistener *listener;
    struct event *look;
    struct guest guests[GATE_CONNECTIONS];
    uint32_t n_guests;
    ms_t shut_until_ms;         /* descriptors are short: accepting again at once would spin */
};

/* A listener has one argument for all its callbacks, and whoever accepts sets it: the server. So the gate of one that failed to
 * accept is looked for. */
static struct gate *gates;

static bool
guest_is_gone(const struct guest *guest)
{
    bufferevent_data_cb on_read, on_write;
    bufferevent_event_cb on_event;
    bufferevent_getcb(guest->bev, &on_read, &on_write, &on_event, NULL);
    return !on_read && !on_write && !on_event;
}

static void
guest_look(struct gate *gate, struct guest *guest, ms_t now_ms)
{
    if (guest_is_gone(guest)) {
        bufferevent_decref(guest->bev);
        guest->bev = NULL;
        gate->n_guests--;
        return;
    }
    ms_t age_ms = now_ms - guest->born_ms;
    if (age_ms > GATE_AGE_MS || (!guest->requested && age_ms > GATE_REQUEST_MS))
        shutdown(bufferevent_getfd(guest->bev), SHUT_RDWR);
}

static void
gate_arm(struct gate *gate)
{
    struct timeval after = { 0, LOOK_MS * 1000 };
    if ((gate->n_guests > 0 || gate->shut_until_ms) && !event_pending(gate->look, EV_TIMEOUT, NULL))
        event_add(gate->look, &after);
}

static void
gate_open_or_shut(struct gate *gate, ms_t now_ms)
{
    if (now_ms >= gate->shut_until_ms)
        gate->shut_until_ms = 0;
    if (gate->n_guests < GATE_CONNECTIONS && !gate->shut_until_ms)
        evconnlistener_enable(gate->listener);
    else
        evconnlistener_disable(gate->listener);
}

static void
on_look(evutil_socket_t fd, short events, void *argument)
{
    (void)fd;
    (void)events;
    struct gate *gate = argument;
    ms_t now_ms = clock_now_ms();
    for (size_t i = 0; i < GATE_CONNECTIONS; i++)
        if (gate->guests[i].bev)
            guest_look(gate, &gate->guests[i], now_ms);
    gate_open_or_shut(gate, now_ms);
    gate_arm(gate);
}

/* The server asks for the bufferevent of a connection that it has just accepted. The listener is shut when the last place is
 * taken. CLOSE_ON_FREE: the descriptor is closed with our reference and not before. A bufferevent that the server gave up
 * still reads; on a number that the next connection got again it would take that one's bytes. */
static struct bufferevent *
on_connection(struct event_base *base, void *argument)
{
    struct gate *gate = argument;
    struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    check(bev);
    struct guest *guest = gate->guests;
    while (guest->bev)
        check(++guest < gate->guests + GATE_CONNECTIONS);
    bufferevent_incref(bev);
    *guest = (struct guest){ .bev = bev, .born_ms = clock_now_ms() };
    gate->n_guests++;
    gate_open_or_shut(gate, guest->born_ms);
    gate_arm(gate);
    return bev;
}

static void
on_accept_error(struct evconnlistener *listener, void *argument)
{
    (void)argument;
    struct gate *gate = gates;
    while (gate && gate->listener != listener)
        gate = gate->next;
    check(gate);
    ms_t now_ms = clock_now_ms();
    gate->shut_until_ms = now_ms + DESCRIPTORS_SHORT_MS;
    gate_open_or_shut(gate, now_ms);
    gate_arm(gate);
}

static bool
port_parse(const char *text, in_port_t *port)
{
    size_t digits = strspn(text, "0123456789");
    unsigned long number = strtoul(text, NULL, 10);
    *port = htons((uint16_t)number);
    return digits > 0 && digits <= 5 && text[digits] == 0 && number <= UINT16_MAX;
}

/* libevent's parser is not used: it takes an address without a port, and does not take port 0. */
static bool
address_parse(const char *text, struct sockaddr_storage *address, int *size)
{
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN + 2];
    if (!colon || colon == text || (size_t)(colon - text) >= sizeof(host))
        return false;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = 0;
    memset(address, 0, sizeof(*address));
    if (host[0] == '[' && colon[-1] == ']') {
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)address;
        host[colon - text - 1] = 0;
        six->sin6_family = AF_INET6;
        *size = sizeof(*six);
        return inet_pton(AF_INET6, host + 1, &six->sin6_addr) == 1 && port_parse(colon + 1, &six->sin6_port);
    }
    struct sockaddr_in *four = (struct sockaddr_in *)(void *)address;
    four->sin_family = AF_INET;
    *size = sizeof(*four);
    return inet_pton(AF_INET, host, &four->sin_addr) == 1 && port_parse(colon + 1, &four->sin_port);
}

static bool
gate_listen(struct gate *gate, const char *text, char *error, size_t error_size)
{
    struct sockaddr_storage address;
    int size;
    if (!address_parse(text, &address, &size)) {
        snprintf(error, error_size, "\"%s\" is not an address and a port; write it as 127.0.0.1:9464 or [::1]:9464", text);
        return false;
    }
    unsigned flags = LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;
    gate->listener = evconnlistener_new_bind(gate->base, NULL, NULL, flags, BACKLOG, (struct sockaddr *)&address, size);
    if (gate->listener)
        return true;
    int why = errno;
    snprintf(error, error_size, "cannot listen on %s: %s%s", text, strerror(why),
             why == EADDRINUSE ? "; stop who has it or choose another port" : "");
    return false;
}

struct gate *
gate_new(struct event_base *base, struct evhttp *server, const char *address, char *error, size_t error_size)
{
    struct gate *gate = calloc(1, sizeof(*gate));
    check(gate);
    gate->base = base;
    gate->next = gates;
    gates = gate;
    gate->look = evtimer_new(base, on_look, gate);
    check(gate->look);
    if (!gate_listen(gate, address, error, error_size) || !evhttp_bind_listener(server, gate->listener)) {
        gate_free(gate);
        return NULL;
    }
    evconnlistener_set_error_cb(gate->listener, on_accept_error);
    evhttp_set_bevcb(server, on_connection, gate);
    return gate;
}

void
gate_free(struct gate *gate)
{
    if (!gate)
        return;
    for (size_t i = 0; i < GATE_CONNECTIONS; i++)
        if (gate->guests[i].bev)
            bufferevent_decref(gate->guests[i].bev);
    event_free(gate->look);
    struct gate **at = &gates;
    while (*at != gate)
        at = &(*at)->next;
    *at = gate->next;
    free(gate);
}

uint16_t
gate_port(const struct gate *gate)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    if (getsockname(evconnlistener_get_fd(gate->listener), (struct sockaddr *)&address, &size) != 0)
        return 0;
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)(void *)&address)->sin6_port
                                               : ((struct sockaddr_in *)(void *)&address)->sin_port);
}

void
gate_requested(struct gate *gate, struct bufferevent *bev)
{
    for (size_t i = 0; i < GATE_CONNECTIONS; i++)
        if (gate->guests[i].bev == bev)
            gate->guests[i].requested = true;
}

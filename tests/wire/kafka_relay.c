/* kafka_relay.c: a port that leads to the broker once it is opened: brokers that come later than the client. */
#include "tests/support/servers.h"
#include "tests/wire/kafka_world.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

static struct sockaddr_in here = { .sin_family = AF_INET };

static void
on_bytes(struct bufferevent *from, void *to)
{
    bufferevent_write_buffer(to, bufferevent_get_input(from));
}

static void
on_end(struct bufferevent *one, short what, void *other)
{
    if (what & BEV_EVENT_CONNECTED)
        return;
    bufferevent_free(one);
    bufferevent_free(other);
}

static void
on_connection(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int size, void *data)
{
    (void)listener, (void)address, (void)size, (void)data;
    struct sockaddr_in there = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    there.sin_port = htons((uint16_t)atoi(strrchr(world_brokers(), ':') + 1));
    struct bufferevent *a = bufferevent_socket_new(world_base(), fd, BEV_OPT_CLOSE_ON_FREE);
    struct bufferevent *b = bufferevent_socket_new(world_base(), -1, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(a, on_bytes, NULL, on_end, b);
    bufferevent_setcb(b, on_bytes, NULL, on_end, a);
    bufferevent_enable(a, EV_READ | EV_WRITE);
    bufferevent_enable(b, EV_READ | EV_WRITE);
    bufferevent_socket_connect(b, (struct sockaddr *)&there, sizeof there);
}

const char *
relay_prepare(void)
{
    static char name[32];
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    here.sin_port = htons(free_port());
    snprintf(name, sizeof name, "127.0.0.1:%u", ntohs(here.sin_port));
    return name;
}

void
relay_open(void)
{
    cr_assert_not_null(evconnlistener_new_bind(world_base(), on_connection, NULL, LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE, 16,
                                               (struct sockaddr *)&here, sizeof here));
}

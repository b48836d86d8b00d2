/* http_peer.c: the scripted HTTP server of http_peer.h. */
#include "tests/wire/http_peer.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct peer_guest {
    struct peer *peer;
    struct bufferevent *bev;
    struct peer_guest *next;
};

static void
guest_end(struct peer_guest *guest)
{
    struct peer_guest **link = &guest->peer->guests;
    while (*link != guest)
        link = &(*link)->next;
    *link = guest->next;
    guest->peer->open--;
    bufferevent_free(guest->bev);
    free(guest);
}

static void
on_written(struct bufferevent *bev, void *argument)
{
    (void)bev;
    guest_end(argument);
}

static void
on_end(struct bufferevent *bev, short what, void *argument)
{
    (void)bev;
    (void)what;
    guest_end(argument);
}

static void
guest_act(struct peer_guest *guest)
{
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"ok\":true}";
    struct peer *peer = guest->peer;
    uint32_t row = peer->requests - 1 < peer->n_acts ? peer->requests - 1 : peer->n_acts - 1;
    struct linger linger = { 1, 0 };
    switch (peer->acts[row]) {
    case PEER_OK:
        bufferevent_write(guest->bev, ok, sizeof(ok) - 1);
        return;
    case PEER_CLOSE_FOR_GOOD:
        evconnlistener_free(peer->listener);
        peer->listener = NULL;
        guest_end(guest);
        return;
    case PEER_RESET:
        setsockopt(bufferevent_getfd(guest->bev), SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
        guest_end(guest);
        return;
    case PEER_CLOSE:
        guest_end(guest);
        return;
    case PEER_RAW:
        bufferevent_setcb(guest->bev, NULL, on_written, on_end, guest);
        bufferevent_write(guest->bev, peer->raw, peer->raw_size);
        return;
    case PEER_HANG:
    case PEER_DEAF:
        return;
    }
}

/* One whole request at the front of the buffer, or not yet. */
static void
on_bytes(struct bufferevent *bev, void *argument)
{
    struct peer_guest *guest = argument;
    struct peer *peer = guest->peer;
    struct evbuffer *in = bufferevent_get_input(bev);
    size_t have = evbuffer_get_length(in);
    cr_assert_lt(have, PEER_TEXT_MAX);
    evbuffer_copyout(in, peer->last, have);
    peer->last[have] = 0;
    char *end = strstr(peer->last, "\r\n\r\n");
    if (!end)
        return;
    const char *length = strcasestr(peer->last, "\r\ncontent-length:");
    size_t whole = (size_t)(end + 4 - peer->last) + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
    if (have < whole)
        return;
    evbuffer_drain(in, whole);
    peer->last[whole] = 0;
    const char *id = strstr(peer->last, "x-id: ");
    if (peer->requests < PEER_REQUESTS_MAX)
        peer->ids[peer->requests] = id ? (uint32_t)strtoul(id + 6, NULL, 10) : 0;
    peer->requests++;
    guest_act(guest);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int size, void *argument)
{
    (void)listener;
    (void)address;
    (void)size;
    struct peer *peer = argument;
    struct peer_guest *guest = calloc(1, sizeof(*guest));
    *guest = (struct peer_guest){ peer, bufferevent_socket_new(peer->base, fd, BEV_OPT_CLOSE_ON_FREE), peer->guests };
    peer->guests = guest;
    peer->connections++;
    if (++peer->open > peer->open_most)
        peer->open_most = peer->open;
    bufferevent_setcb(guest->bev, on_bytes, NULL, on_end, guest);
    if (peer->acts[0] != PEER_DEAF)
        bufferevent_enable(guest->bev, EV_READ);
    else
        bufferevent_disable(guest->bev, EV_READ);
}

void
peer_start(struct peer *peer, struct event_base *base, const enum peer_act *acts, uint32_t n_acts)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    *peer = (struct peer){ .base = base, .acts = acts, .n_acts = n_acts, .last = malloc(PEER_TEXT_MAX + 1) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int small = 4096, one = 1;
    if (acts[0] == PEER_DEAF)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    peer->listener = evconnlistener_new(base, on_accept, peer, LEV_OPT_CLOSE_ON_FREE, 256, fd);
    cr_assert(peer->listener);
    socklen_t size = sizeof(address);
    getsockname(fd, (struct sockaddr *)&address, &size);
    peer->port = ntohs(address.sin_port);
}

void
peer_hang_up(struct peer *peer)
{
    while (peer->guests)
        guest_end(peer->guests);
}

void
peer_stop(struct peer *peer)
{
    peer_hang_up(peer);
    if (peer->listener)
        evconnlistener_free(peer->listener);
    free(peer->last);
}

uint32_t
peer_copies(const struct peer *peer, uint32_t id)
{
    uint32_t copies = 0;
    for (uint32_t i = 0; i < peer->requests && i < PEER_REQUESTS_MAX; i++)
        copies += peer->ids[i] == id;
    return copies;
}

uint16_t
peer_free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    getsockname(fd, (struct sockaddr *)&address, &size);
    close(fd);
    return ntohs(address.sin_port);
}

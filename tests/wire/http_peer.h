/* http_peer.h: a server for tests, on the test's own loop: it keeps what it was sent and does with each
 * request what the script says. */
#ifndef TESTS_WIRE_HTTP_PEER_H
#define TESTS_WIRE_HTTP_PEER_H

#include <event2/event.h>
#include <stdint.h>

enum peer_act {
    PEER_OK,            /* 200 {"ok":true}, keep-alive */
    PEER_CLOSE,         /* reads the request whole, closes without a byte */
    PEER_CLOSE_FOR_GOOD,/* likewise, and listens no more: a second connection is refused */
    PEER_RESET,         /* likewise, with a reset */
    PEER_HANG,          /* reads the request whole, answers nothing */
    PEER_RAW,           /* sends `raw`, then closes */
    PEER_DEAF,          /* does not read at all */
};

enum { PEER_REQUESTS_MAX = 2048, PEER_TEXT_MAX = 2 * 1024 * 1024 };

struct peer {
    struct event_base *base;
    struct evconnlistener *listener;
    uint16_t port;
    const enum peer_act *acts;  /* by number of the request; the last one goes on */
    uint32_t n_acts;
    const char *raw;
    size_t raw_size;
    uint32_t connections, requests;
    uint32_t open, open_most;
    uint32_t ids[PEER_REQUESTS_MAX];    /* the number behind "x-id: " of each request */
    char *last;                         /* the last request, head and body, ended by NUL */
    struct peer_guest *guests;
};

void peer_start(struct peer *, struct event_base *, const enum peer_act *acts, uint32_t n_acts);
void peer_stop(struct peer *);
void peer_hang_up(struct peer *);     /* closes every connection as if it had been idle for too long; goes on listening */
uint32_t peer_copies(const struct peer *, uint32_t id);     /* how often the request with this x-id came whole */
uint16_t peer_free_port(void);                              /* nobody listens there */

#endif

/* http_parse.h: one HTTP/1.1 request out of received bytes. Strict and small: no chunked bodies, no folded lines, no upgrades. */
#ifndef BRIDGE_SIM_HTTP_PARSE_H
#define BRIDGE_SIM_HTTP_PARSE_H

#include "bridge/sim/sim.h"

enum { HTTP_HEAD_BYTES_MAX = 64 * 1024 };

enum http_parsed {
    HTTP_MORE,          /* not whole yet: `needed` bytes in all, where that is known */
    HTTP_WHOLE,
    HTTP_BAD,           /* answer `status` and close */
};

struct http_request {
    struct sim_request request;         /* borrows the bytes and `headers` */
    struct sim_header headers[SIM_REQUEST_HEADERS_MAX];
    size_t bytes, needed;               /* of head and body; 0 = the head is not whole */
    bool keep_alive;
    bool expects_continue;              /* the head is whole and the client waits for 100 Continue before the body */
    int status;
};

enum http_parsed http_parse(struct slice bytes, struct http_request *);

#endif

/* request.h: one HTTP request in memory, written by a backend's encoder and signer, sent as it is by the HTTP adapter.
 *
 * The bytes signed are the bytes sent: nobody re-encodes the target or the body afterwards. Memory is given once and used again
 * for each call. */
#ifndef CODECS_REQUEST_H
#define CODECS_REQUEST_H

#include "codecs/buf.h"

enum { REQUEST_HEADERS_MAX = 16 };

struct request {
    const char *method;                         /* "POST", static */
    struct buf target;                          /* path and query as on the wire, "/?ActionName=..." */
    struct buf body;
    struct buf head;                            /* holds the lines below */
    const char *lines[REQUEST_HEADERS_MAX];     /* "name: value", each ended by NUL; the host is not among them */
    uint32_t n_lines;
    uint32_t messages;                          /* events encoded so far */
};

void request_init(struct request *, void *memory, size_t target_bytes, size_t body_bytes, size_t head_bytes);
void request_reset(struct request *);

/* Adds a line; both texts are copied. A value with a control character is not written, and the request is not whole then. */
void request_header(struct request *, const char *name, struct slice value);

/* Takes back the line of that name and all lines behind it, and wipes their bytes. Nothing happens when there is none. */
void request_drop_from(struct request *, const char *name);

/* Takes back what was put into one of the buffers behind `size` bytes, the overflow too: for an event that does not fit. */
void request_undo(struct buf *, size_t size);

bool request_is_whole(const struct request *);  /* nothing overflowed */

/* Percent-encoding of RFC 3986 over the bytes: unreserved are A-Z a-z 0-9 - _ . ~, hex digits upper-case. */
void percent_encode(struct buf *, struct slice);
bool percent_decode(struct buf *, struct slice, bool plus_is_space);    /* false on a broken escape */

#endif

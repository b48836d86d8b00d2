/* headers.h: the few Kafka headers that decoding looks at, found in one pass. Names are compared without case. */
#ifndef CODECS_HEADERS_H
#define CODECS_HEADERS_H

#include "codecs/decode.h"

enum known_header {
    HEADER_CONTENT_TYPE,
    HEADER_TRACEPARENT,
    HEADER_CE_SPECVERSION,
    HEADER_CE_ID,
    HEADER_CE_SOURCE,
    HEADER_CE_TYPE,
    HEADER_CE_TIME,
    HEADER_CE_TRACEPARENT,
    HEADER_COUNT,
};

enum header_state {
    HEADER_ABSENT,
    HEADER_PRESENT,
    HEADER_UNREADABLE,      /* null, or no valid text */
    HEADER_REPEATED,
};

struct known_headers {
    enum header_state states[HEADER_COUNT];
    struct slice values[HEADER_COUNT];      /* absent unless HEADER_PRESENT */
};

void headers_find(struct known_headers *, const struct record_view *);
const char *header_name(enum known_header);

#endif

/* redis_resp.h: commands in the form in which Redis reads them, and the names of its errors. */
#ifndef BRIDGE_IO_REDIS_RESP_H
#define BRIDGE_IO_REDIS_RESP_H

#include "codecs/buf.h"

enum { RESP_BYTES_MAX = 4096 };

/* A command being written: begin says how many words follow. Too much sets buf.overflow. */
struct resp {
    struct buf buf;
    char bytes[RESP_BYTES_MAX];
};

void resp_begin(struct resp *, uint32_t words);
void resp_word(struct resp *, struct slice);
void resp_text(struct resp *, const char *);
void resp_number(struct resp *, int64_t);

/* What an error reply asks for. The claim or the end is unknown in every case. */
enum redis_cure {
    CURE_LOAD,          /* the script is not there: send its text */
    CURE_WAIT,          /* the server cannot now: ask again later */
    CURE_RECONNECT,     /* this is not the server, or not the session, that we want: resolve and connect anew */
    CURE_KEY,           /* something is wrong with this key alone */
};

/* By the reply's first word. `remedy` is appended to it for people; "" = it says it all. */
enum redis_cure redis_error_cure(struct slice reply, const char **remedy);

#endif

/* chain_walk.h: drives a credential chain through files and services that a test made up, and writes down what it asked for. */
#ifndef TESTS_WORKER_CHAIN_WALK_H
#define TESTS_WORKER_CHAIN_WALK_H

#include "bridge/worker/chain.h"

enum { WALK_FILES_MAX = 4, WALK_SERVICES_MAX = 6, WALK_TRACE_BYTES = 2048 };

struct walk_file {
    const char *path, *text;        /* text NULL = cannot be read */
};

/* `request`: "PUT http://100.100.100.200/latest/api/token", the query left out; `with`: has to be among head and body, NULL =
 * any. What no row answers is not reached at all. */
struct walk_service {
    const char *request, *with;
    int status;
    const char *body;
};

struct walk {
    struct walk_file files[WALK_FILES_MAX];
    struct walk_service services[WALK_SERVICES_MAX];
    int64_t wall_ms;
    char trace[WALK_TRACE_BYTES];   /* one line a question; what was asked in the last round */
    char last[32 * 1024];           /* the last request: line, headers, body */
    struct http_endpoint endpoint;  /* where it went */
};

/* One round. */
void walk_round(struct walk *, struct chain *);

#endif

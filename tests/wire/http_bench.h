/* http_bench.h: the client and a scripted server on one loop, and every answer that the client gave. */
#ifndef TESTS_WIRE_HTTP_BENCH_H
#define TESTS_WIRE_HTTP_BENCH_H

#include "bridge/io/http.h"
#include "tests/wire/http_peer.h"

enum { REPLIES_MAX = 256 };

struct answer {
    struct tag tag;
    enum transport transport;
    int begun, status;
    bool handed_over;
    enum outcome outcome;       /* as the SOAR judge has it */
    size_t body_size;
    const char *body_at;        /* where the slot held it: looked at to see that it is wiped */
    char body[64], content_type[64], retry_after[64], acs_retry_after[64], date[64];
};

struct http_bench {
    struct event_base *base;
    struct http *http;
    struct peer peer;
    struct http_endpoint endpoint;
    char origin[64];
    struct answer answers[REPLIES_MAX];
    uint32_t n_answers, wanted;
};

/* `acts`: what the server does with each request, the last one again for those that follow. */
struct http_bench *http_bench_start(uint32_t calls, const enum peer_act *acts, uint32_t n_acts);
void http_bench_stop(struct http_bench *);
void http_bench_called(void *owner, struct tag, const struct reply *, ms_t duration_ms);     /* its handler */

#define BENCH(calls, ...) \
    static const enum peer_act acts[] = { __VA_ARGS__ }; \
    struct http_bench *bench = http_bench_start(calls, acts, sizeof(acts) / sizeof(acts[0]))

void call_send(struct http_bench *, uint32_t id, size_t body_bytes);
void call_send_until(struct http_bench *, uint32_t id, size_t body_bytes, ms_t not_after_ms);
const struct answer *answers_wait(struct http_bench *, uint32_t wanted);     /* the last of so many answers since the start */
const struct answer *call(struct http_bench *, uint32_t id, size_t body_bytes);

#endif

/* exchange.h: one request on its way to a backend and what comes back: the HTTP adapter of a worker as the engine sees it, the
 * network, and the server's doings, for calls and for token calls alike. */
#ifndef TESTS_SIM_EXCHANGE_H
#define TESTS_SIM_EXCHANGE_H

#include "codecs/request.h"
#include "tests/sim/worker.h"

enum { EXCHANGE_TEXT_BYTES = 1024 };

struct exchange {
    uint32_t worker, life;
    uint32_t target;
    struct tag tag;
    uint64_t number;                    /* of the worker's calls; 0 = a token call */
    ms_t not_after_ms, sent_ms;          /* sent: handed to the library, which counts the timeout from there */
    bool is_token, has_poison;
    /* what goes out: copied from the request */
    struct request request;
    char *memory;
    /* what came of it, as the adapter would tell the judge */
    enum transport transport;
    int begun;
    bool handed_over;
    int status;
    char content_type[EXCHANGE_TEXT_BYTES / 8], retry_after[64], acs_retry_after[64], date[64];
    char *body;
    size_t body_size;
};

/* Scratch for one request at a time: fill it, then exchange_send copies it. */
struct request *exchange_request(void);

/* The answer comes by gateway_answered() or keyring_answered(), exactly once unless the process dies. */
void exchange_send(struct world *, struct worker *, const struct exchange *);

void exchange_reply(const struct exchange *, struct reply *);   /* for the judge; borrowed */

/* gateway.c: who the exchange was for */
void gateway_answered(struct world *, struct worker *, struct exchange *);
void keyring_answered(struct world *, struct worker *, struct exchange *);

/* gateway.c: the server takes the request; fills status, headers and body of the reply */
void gateway_take(struct world *, struct exchange *);

#endif

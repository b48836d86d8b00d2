/* tls_peer.h: an HTTPS server for tests, in a process of its own, with a certificate made for the occasion. */
#ifndef TESTS_WIRE_TLS_PEER_H
#define TESTS_WIRE_TLS_PEER_H

#include <stdint.h>
#include <sys/types.h>

enum tls_certificate {
    TLS_VALID,          /* for 127.0.0.1, by the authority of ca_file */
    TLS_EXPIRED,        /* since yesterday */
    TLS_NOT_YET,        /* from tomorrow on */
    TLS_OTHER_NAME,     /* for another host */
    TLS_OTHER_AUTHORITY,/* by one that ca_file does not hold */
    TLS_CERTIFICATE_COUNT,
};

enum tls_act {
    TLS_ANSWER,         /* 200, keep-alive */
    TLS_READ_AND_CLOSE, /* reads the request whole, closes without a byte */
    TLS_ANSWER_AND_CLOSE,   /* 200 without saying so, then closes */
};

struct tls_peer {
    pid_t pid;
    uint16_t port;
    char ca_file[32];           /* of its authority */
    struct tls_counts {
        _Atomic uint32_t connections, handshakes, requests, closed;
    } *counts;                  /* shared with the server's process */
};

/* What is done with each request, the last one again for those that follow. */
void tls_peer_start(struct tls_peer *, enum tls_certificate, const enum tls_act *acts, uint32_t n_acts);
void tls_peer_stop(struct tls_peer *);

#endif

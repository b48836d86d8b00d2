/* redis_tls.h: TLS to Redis and to its sentinels, where hiredis has it (1.0). The peer's certificate must be good and name the
 * host that was asked for: hiredis by itself checks no name. */
#ifndef BRIDGE_IO_REDIS_TLS_H
#define BRIDGE_IO_REDIS_TLS_H

#include <stdbool.h>
#include <stddef.h>

struct redisAsyncContext;
struct redis_tls;
struct ssl_st;

/* `ca_file` "" = the system's certificates. NULL with `error`. */
struct redis_tls *redis_tls_new(const char *ca_file, char *error, size_t error_size);
void redis_tls_free(struct redis_tls *);

/* Begins the handshake on a connection that is being made; the context owns *ssl from then on. false with `error`. */
bool redis_tls_start(struct redis_tls *, struct redisAsyncContext *, const char *host, struct ssl_st **ssl, char *error,
                     size_t error_size);

/* The connection ended: where the certificate was the reason, `text` is replaced by it. */
void redis_tls_why(const struct ssl_st *, char *text, size_t text_size);

#endif

/* redis_tls.c: our own OpenSSL objects under hiredis, because only they can be told whose certificate to expect. */
#include "bridge/io/redis_tls.h"

#include <stdio.h>

#ifdef REDIS_TLS

#include "codecs/check.h"

#include <arpa/inet.h>
#include <hiredis/async.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

struct redis_tls {
    SSL_CTX *context;
};

struct redis_tls *
redis_tls_new(const char *ca_file, char *error, size_t error_size)
{
    struct redis_tls *tls = calloc(1, sizeof(*tls));
    check(tls != NULL);
    tls->context = SSL_CTX_new(TLS_client_method());
    check(tls->context != NULL);
    SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
    SSL_CTX_set_mode(tls->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    int trusted = ca_file[0] ? SSL_CTX_load_verify_locations(tls->context, ca_file, NULL)
                             : SSL_CTX_set_default_verify_paths(tls->context);
    if (trusted == 1)
        return tls;
    snprintf(error, error_size, "redis.ca_file: %s holds no certificate that can be read; name a file of PEM certificates",
             ca_file[0] ? ca_file : "the system's store");
    ERR_clear_error();
    redis_tls_free(tls);
    return NULL;
}

void
redis_tls_free(struct redis_tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    free(tls);
}

static bool
expect_host(SSL *ssl, const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

bool
redis_tls_start(struct redis_tls *tls, redisAsyncContext *context, const char *host, SSL **ssl, char *error, size_t error_size)
{
    *ssl = SSL_new(tls->context);
    check(*ssl != NULL);
    if (expect_host(*ssl, host) && redisInitiateSSL(&context->c, *ssl) == REDIS_OK)
        return true;
    snprintf(error, error_size, "TLS: %s", context->c.err ? context->c.errstr : "the host cannot be a certificate's name");
    if (context->c.err)
        redis_tls_why(*ssl, error, error_size);
    SSL_free(*ssl);
    *ssl = NULL;
    return false;
}

void
redis_tls_why(const SSL *ssl, char *text, size_t text_size)
{
    long result = SSL_get_verify_result(ssl);
    if (result != X509_V_OK)
        snprintf(text, text_size, "TLS: the certificate is refused: %s", X509_verify_cert_error_string(result));
    else if (!SSL_is_init_finished(ssl))
        snprintf(text, text_size, "TLS: the handshake failed; is this port a TLS port?");
}

#else

struct redis_tls *
redis_tls_new(const char *ca_file, char *error, size_t error_size)
{
    (void)ca_file;
    snprintf(error, error_size, "redis.url: this build has no TLS for Redis");     /* the url was refused before */
    return NULL;
}

void
redis_tls_free(struct redis_tls *tls)
{
    (void)tls;
}

bool
redis_tls_start(struct redis_tls *tls, struct redisAsyncContext *context, const char *host, struct ssl_st **ssl, char *error,
                size_t error_size)
{
    (void)tls, (void)context, (void)host, (void)ssl;
    snprintf(error, error_size, "this build has no TLS for Redis");
    return false;
}

void
redis_tls_why(const struct ssl_st *ssl, char *text, size_t text_size)
{
    (void)ssl, (void)text, (void)text_size;
}

#endif

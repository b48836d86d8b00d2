/* tls_peer.c: see tls_peer.h. One connection after the other: the client under test has one call slot. */
#include "tests/wire/tls_peer.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DAY_S = 86400, REQUEST_MAX = 1 << 16 };

/* ---- certificates ---------------------------------------------------------------------------------------------------------- */

static void
extend(X509 *certificate, X509 *issuer, int id, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, id, value);
    cr_assert(extension && X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

static X509 *
certificate_make(EVP_PKEY *key, const char *name, long from_s, long until_s)
{
    static long serial;
    X509 *certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), from_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate), until_s);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_pubkey(certificate, key);
    return certificate;
}

static X509 *
authority_make(EVP_PKEY *key, const char *name)
{
    X509 *authority = certificate_make(key, name, -2 * DAY_S, 2 * DAY_S);
    X509_set_issuer_name(authority, X509_get_subject_name(authority));
    extend(authority, authority, NID_basic_constraints, "critical,CA:TRUE");
    extend(authority, authority, NID_key_usage, "critical,keyCertSign");
    extend(authority, authority, NID_subject_key_identifier, "hash");
    cr_assert(X509_sign(authority, key, EVP_sha256()));
    return authority;
}

static X509 *
server_make(EVP_PKEY *key, enum tls_certificate kind, X509 *authority, EVP_PKEY *authority_key)
{
    long from_s = kind == TLS_NOT_YET ? DAY_S : -2 * DAY_S, until_s = kind == TLS_EXPIRED ? -DAY_S : 2 * DAY_S;
    X509 *server = certificate_make(key, "server", from_s, until_s);
    X509_set_issuer_name(server, X509_get_subject_name(authority));
    extend(server, authority, NID_subject_alt_name, kind == TLS_OTHER_NAME ? "DNS:other.example,IP:127.0.0.2" : "IP:127.0.0.1");
    extend(server, authority, NID_authority_key_identifier, "keyid");
    cr_assert(X509_sign(server, authority_key, EVP_sha256()));
    return server;
}

static void
write_authority(struct tls_peer *peer, X509 *authority)
{
    strcpy(peer->ca_file, "/tmp/alertbridge-ca-XXXXXX");
    int fd = mkstemp(peer->ca_file);
    FILE *file = fdopen(fd, "w");
    cr_assert(file && PEM_write_X509(file, authority));
    fclose(file);
}

static SSL_CTX *
context_make(struct tls_peer *peer, enum tls_certificate kind)
{
    EVP_PKEY *key = EVP_EC_gen("P-256"), *authority_key = EVP_EC_gen("P-256"), *other_key = EVP_EC_gen("P-256");
    X509 *authority = authority_make(authority_key, "authority"), *other = authority_make(other_key, "other");
    bool trusted = kind != TLS_OTHER_AUTHORITY;
    X509 *server = server_make(key, kind, trusted ? authority : other, trusted ? authority_key : other_key);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    cr_assert(SSL_CTX_use_certificate(context, server) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1);
    write_authority(peer, authority);
    X509_free(server);
    X509_free(authority);
    X509_free(other);
    EVP_PKEY_free(key);
    EVP_PKEY_free(authority_key);
    EVP_PKEY_free(other_key);
    return context;
}

/* ---- the server's process -------------------------------------------------------------------------------------------------- */

/* One whole request; false when the client is gone. */
static bool
request_read(SSL *ssl)
{
    static char text[REQUEST_MAX + 1];
    size_t have = 0;
    for (;;) {
        int n = SSL_read(ssl, text + have, (int)(REQUEST_MAX - have));
        if (n <= 0)
            return false;
        have += (size_t)n;
        text[have] = '\0';
        const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "\r\ncontent-length:");
        if (end && have >= (size_t)(end + 4 - text) + (length && length < end ? strtoul(length + 17, NULL, 10) : 0))
            return true;
    }
}

static void
serve(struct tls_peer *peer, SSL *ssl, const enum tls_act *acts, uint32_t n_acts)
{
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"RequestId\":\"r\"}";
    while (request_read(ssl)) {
        uint32_t row = peer->counts->requests++;
        enum tls_act act = acts[row < n_acts ? row : n_acts - 1];
        if (act == TLS_READ_AND_CLOSE)
            return;
        SSL_write(ssl, ok, sizeof(ok) - 1);
        if (act == TLS_ANSWER_AND_CLOSE)
            return;
    }
}

static void
accept_all(struct tls_peer *peer, int listener, SSL_CTX *context, const enum tls_act *acts, uint32_t n_acts)
{
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            _exit(1);
        peer->counts->connections++;
        SSL *ssl = SSL_new(context);
        SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1) {
            peer->counts->handshakes++;
            serve(peer, ssl, acts, n_acts);
            SSL_shutdown(ssl);
        }
        SSL_free(ssl);
        close(fd);
        peer->counts->closed++;
    }
}

/* ---- the header's functions ------------------------------------------------------------------------------------------------ */

void
tls_peer_start(struct tls_peer *peer, enum tls_certificate kind, const enum tls_act *acts, uint32_t n_acts)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    *peer = (struct tls_peer){ 0 };
    peer->counts = mmap(NULL, sizeof(*peer->counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    SSL_CTX *context = context_make(peer, kind);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(peer->counts != MAP_FAILED && bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
              listen(listener, 8) == 0);
    getsockname(listener, (struct sockaddr *)&address, &size);
    peer->port = ntohs(address.sin_port);
    peer->pid = fork();
    cr_assert_geq(peer->pid, 0);
    if (peer->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);       /* a test that fails leaves nobody behind */
        signal(SIGPIPE, SIG_IGN);
        accept_all(peer, listener, context, acts, n_acts);
    }
    close(listener);
    SSL_CTX_free(context);
}

void
tls_peer_stop(struct tls_peer *peer)
{
    kill(peer->pid, SIGKILL);
    waitpid(peer->pid, NULL, 0);
    unlink(peer->ca_file);
    munmap(peer->counts, sizeof(*peer->counts));
}

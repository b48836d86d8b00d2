/* test_redis_tls.c: TLS to a real redis-server. Skipped where hiredis has no TLS (Debian 12), which is not to have passed. */
#include "bridge/redis_url.h"
#include "tests/wire/claim_rows.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct redis_server_of_test server;
static struct stand stand;
static uint16_t tls_port;
static char key[96], certificate[96], tls_port_text[8];

/* A certificate that signs itself, for 127.0.0.1 only. */
static void
make_certificate(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(126);
        execlp("openssl", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
               "-days", "2", "-subj", "/CN=cache", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
               "-out", certificate, (char *)NULL);
        _exit(127);
    }
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(status, 0, "the openssl command makes the certificate of this test");
}

static void
setup(void)
{
    if (!redis_url_has_tls()) {
        fprintf(stderr, "redis_tls: skipped, this build's hiredis has no TLS\n");
        cr_skip_test("this build's hiredis has no TLS");
    }
    server_prepare(&server);
    snprintf(key, sizeof(key), "%s/key.pem", server.dir.path);
    snprintf(certificate, sizeof(certificate), "%s/certificate.pem", server.dir.path);
    make_certificate();
    tls_port = free_port();
    snprintf(tls_port_text, sizeof(tls_port_text), "%u", tls_port);
    const char *const words[] = { "--tls-port", tls_port_text, "--tls-cert-file", certificate, "--tls-key-file", key,
                                  "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no" };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        server.words[i] = words[i];
    server_start(&server);
    stand_config.ca_file = certificate;
}

static void
teardown(void)
{
    if (!redis_url_has_tls())
        return;
    if (stand.base)
        stand_release(&stand);
    unlink(key);
    unlink(certificate);
    server_release(&server);
}

TestSuite(redis_tls, .init = setup, .fini = teardown);

static void
stand_at(const char *host, uint16_t port)
{
    char url[96];
    snprintf(url, sizeof(url), "rediss://%s:%u/0", host, port);
    stand_redis(&stand, url, "", STAND_OWN, 1000);
}

Test(redis_tls, claims_and_ends_go_through_it_and_the_connection_is_renewed)
{
    stand_at("127.0.0.1", tls_port);
    cr_assert(stand_until(&stand, true), "%s", stand.texts[0]);
    cr_expect(stand_heard(&stand, "connected by TLS"));
    for (uint32_t i = 0; i < 2000; i++) {
        char id[16];
        snprintf(id, sizeof(id), "tls-%u", i);
        stand_claim(&stand, stand_order(id, i + 1, 1));
    }
    stand_flush(&stand);
    cr_assert(stand_answers(&stand), "%u of %u", stand.answered, stand.asked);
    for (uint32_t i = 0; i < 2000; i++)
        cr_assert_eq(stand.answers[i].claim.verdict, CLAIM_FREE, "claim %u", i);
    server_says(&server, "CLIENT KILL TYPE normal SKIPME yes");
    cr_assert(stand_until(&stand, false) && stand_until(&stand, true));
    cr_expect_eq(stand_claimed(&stand, stand_order("tls-7", 8, 1)).verdict, CLAIM_MINE);
    cr_expect_eq(stand_ended(&stand, stand_order("tls-7", 8, 1), CLAIM_STATE_DONE), SETTLE_OK);
}

Test(redis_tls, a_certificate_that_is_not_trusted_is_refused_by_name)
{
    stand_config.ca_file = "";
    stand_at("127.0.0.1", tls_port);
    cr_expect(stand_until(&stand, false));
    cr_expect(stand_heard(&stand, "the certificate is refused: self"), "%s", stand.texts[0]);
    cr_expect_eq(stand_claimed(&stand, stand_order("a", 1, 1)).verdict, CLAIM_UNKNOWN);
}

Test(redis_tls, a_certificate_for_another_name_is_refused_by_name)
{
    stand_at("localhost", tls_port);
    cr_expect(stand_until(&stand, false));
    cr_expect(stand_heard(&stand, "the certificate is refused: hostname mismatch"), "%s", stand.texts[0]);
}

Test(redis_tls, a_port_without_tls_is_said_to_be_one)
{
    stand_at("127.0.0.1", server.port);
    cr_expect(stand_until(&stand, false));
    cr_expect(stand_heard(&stand, "is this port a TLS port?") || stand_heard(&stand, "no answer within"), "%s", stand.texts[0]);
    cr_expect_eq(stand_claimed(&stand, stand_order("a", 1, 1)).verdict, CLAIM_UNKNOWN);
}

/* test_http_tls.c: calls over TLS: whom it trusts, and the same guard against a second copy. */
#include "tests/wire/http_bench.h"
#include "tests/wire/tls_peer.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

struct tls_bench {
    struct http_bench *http;
    struct tls_peer peer;
};

static void
begin(struct tls_bench *bench, enum tls_certificate kind, const enum tls_act *acts, uint32_t n_acts)
{
    static const enum peer_act nothing[] = { PEER_OK };
    tls_peer_start(&bench->peer, kind, acts, n_acts);
    bench->http = http_bench_start(1, nothing, 1);
    snprintf(bench->http->origin, sizeof(bench->http->origin), "https://127.0.0.1:%u", bench->peer.port);
    bench->http->endpoint.ca_file = bench->peer.ca_file;
}

static void
end(struct tls_bench *bench)
{
    http_bench_stop(bench->http);
    tls_peer_stop(&bench->peer);
}

Test(http_tls, a_call_to_a_trusted_server_is_answered_and_its_connection_used_again)
{
    static const enum tls_act acts[] = { TLS_ANSWER };
    struct tls_bench bench;
    begin(&bench, TLS_VALID, acts, 1);
    for (uint32_t i = 1; i <= 3; i++) {
        const struct answer *answer = call(bench.http, i, 1000);
        cr_expect_eq(answer->status, 200);
        cr_expect_eq(answer->begun, 1);
        cr_expect_eq(answer->outcome, OUTCOME_DELIVERED);
    }
    cr_expect_eq(bench.peer.counts->handshakes, 1);
    cr_expect_eq(bench.peer.counts->requests, 3);
    end(&bench);
}

Test(http_tls, nothing_is_sent_to_a_server_whose_certificate_does_not_hold)
{
    static const enum tls_act acts[] = { TLS_ANSWER };
    for (int kind = TLS_EXPIRED; kind < TLS_CERTIFICATE_COUNT; kind++) {
        struct tls_bench bench;
        begin(&bench, (enum tls_certificate)kind, acts, 1);
        const struct answer *answer = call(bench.http, 1, 1000);
        cr_expect_eq(answer->transport, TRANSPORT_CONNECT, "certificate %d", kind);
        cr_expect_eq(answer->begun, 0, "certificate %d", kind);
        cr_expect_eq(answer->outcome, OUTCOME_NOT_SENT, "certificate %d", kind);
        cr_expect_eq(bench.peer.counts->connections, 1, "certificate %d", kind);
        cr_expect_eq(bench.peer.counts->requests, 0, "certificate %d", kind);
        end(&bench);
    }
}

Test(http_tls, a_system_without_the_servers_authority_sends_nothing)
{
    static const enum tls_act acts[] = { TLS_ANSWER };
    struct tls_bench bench;
    begin(&bench, TLS_VALID, acts, 1);
    bench.http->endpoint.ca_file = "";
    cr_expect_eq(call(bench.http, 1, 10)->outcome, OUTCOME_NOT_SENT);
    cr_expect_eq(bench.peer.counts->requests, 0);
    end(&bench);
}

Test(http_tls, a_reused_connection_that_closes_silently_is_never_sent_to_twice)
{
    static const enum tls_act acts[] = { TLS_ANSWER, TLS_READ_AND_CLOSE, TLS_ANSWER };
    static const size_t bodies[] = { 0, 10, 50000 };
    for (size_t i = 0; i < 3; i++) {
        struct tls_bench bench;
        begin(&bench, TLS_VALID, acts, 3);
        cr_expect_eq(call(bench.http, 1, 0)->status, 200);
        const struct answer *second = call(bench.http, 2, bodies[i]);
        cr_expect_eq(bench.peer.counts->requests, 2, "row %zu: %u requests", i, bench.peer.counts->requests);
        cr_expect_eq(second->outcome, OUTCOME_IN_DOUBT, "row %zu", i);
        cr_expect_eq(call(bench.http, 3, 0)->outcome, OUTCOME_DELIVERED, "row %zu", i);
        end(&bench);
    }
}

Test(http_tls, a_connection_that_was_closed_while_idle_is_left_and_nothing_is_in_doubt)
{
    static const enum tls_act acts[] = { TLS_ANSWER_AND_CLOSE, TLS_ANSWER };
    struct tls_bench bench;
    begin(&bench, TLS_VALID, acts, 2);
    cr_expect_eq(call(bench.http, 1, 0)->outcome, OUTCOME_DELIVERED);
    for (int i = 0; i < 1000 && bench.peer.counts->closed == 0; i++)
        usleep(1000);               /* the server's process is seen to have closed it; no time decides */
    cr_assert_eq(bench.peer.counts->closed, 1);
    const struct answer *second = call(bench.http, 2, 10);
    cr_expect_eq(second->outcome, OUTCOME_DELIVERED);
    cr_expect_eq(second->begun, 1);
    cr_expect_eq(bench.peer.counts->requests, 2);
    cr_expect_eq(bench.peer.counts->handshakes, 2);
    end(&bench);
}

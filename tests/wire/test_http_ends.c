/* test_http_ends.c: how a call ends without a reply, and above all what is never sent twice. */
#include "bridge/io/clock.h"
#include "tests/wire/http_bench.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(http, a_reused_connection_that_closes_silently_is_never_sent_to_twice)
{
    static const size_t bodies[] = { 0, 10, 200000 };
    for (size_t i = 0; i < 3; i++) {
        BENCH(1, PEER_OK, PEER_CLOSE, PEER_OK);
        cr_expect_eq(call(bench, 1, 0)->status, 200);
        const struct answer *second = call(bench, 2, bodies[i]);
        cr_expect_eq(second->transport, TRANSPORT_ABORTED, "row %zu", i);
        cr_expect_eq(second->begun, 2, "row %zu", i);
        cr_expect(second->handed_over, "row %zu", i);
        cr_expect_eq(second->outcome, OUTCOME_IN_DOUBT, "row %zu: it was read whole", i);
        cr_expect_eq(peer_copies(&bench->peer, 2), 1, "row %zu: sent %u times", i, peer_copies(&bench->peer, 2));
        cr_expect_eq(call(bench, 3, 0)->status, 200, "row %zu", i);
        http_bench_stop(bench);
    }
}

Test(http, a_reset_of_a_reused_connection_is_never_sent_to_twice)
{
    BENCH(1, PEER_OK, PEER_RESET, PEER_OK);
    call(bench, 1, 0);
    const struct answer *second = call(bench, 2, 10);
    cr_expect_neq(second->transport, TRANSPORT_OK);
    cr_expect_geq(second->begun, 1);
    cr_expect(second->handed_over);
    cr_expect_eq(peer_copies(&bench->peer, 2), 1);
    cr_expect_eq(second->outcome, OUTCOME_IN_DOUBT);
    http_bench_stop(bench);
}

/* libcurl connects again by itself, which fails: its own word is then "could not connect", as if nothing had been sent. */
Test(http, a_failed_reconnect_after_a_first_copy_is_not_called_unsent)
{
    BENCH(1, PEER_OK, PEER_CLOSE_FOR_GOOD);
    call(bench, 1, 0);
    const struct answer *second = call(bench, 2, 10);
    cr_expect_eq(second->transport, TRANSPORT_RESET);
    cr_expect_eq(second->begun, 1);
    cr_expect(second->handed_over);
    cr_expect_eq(peer_copies(&bench->peer, 2), 1);
    cr_expect_eq(second->outcome, OUTCOME_IN_DOUBT);
    http_bench_stop(bench);
}

Test(http, a_connection_that_was_closed_while_idle_is_left_and_nothing_is_in_doubt)
{
    BENCH(1, PEER_OK);
    call(bench, 1, 0);
    peer_hang_up(&bench->peer);
    const struct answer *second = call(bench, 2, 10);
    cr_expect_eq(second->status, 200);
    cr_expect_eq(second->begun, 1);
    cr_expect_eq(peer_copies(&bench->peer, 2), 1);
    cr_expect_eq(bench->peer.connections, 2);
    http_bench_stop(bench);
}

Test(http, a_fresh_connection_that_closes_silently_is_a_reset)
{
    BENCH(1, PEER_CLOSE);
    const struct answer *answer = call(bench, 1, 10);
    cr_expect_eq(answer->transport, TRANSPORT_RESET);
    cr_expect_eq(answer->begun, 1);
    cr_expect(answer->handed_over);
    cr_expect_eq(peer_copies(&bench->peer, 1), 1);
    cr_expect_eq(answer->outcome, OUTCOME_IN_DOUBT);
    http_bench_stop(bench);
}

Test(http, a_reset_after_the_request_is_a_reset)
{
    BENCH(1, PEER_RESET);
    const struct answer *answer = call(bench, 1, 0);
    cr_expect_eq(answer->transport, TRANSPORT_RESET);
    cr_expect_eq(answer->begun, 1);
    cr_expect(answer->handed_over);
    cr_expect_eq(answer->status, 0);
    cr_expect_eq(answer->outcome, OUTCOME_IN_DOUBT);
    http_bench_stop(bench);
}

Test(http, a_refused_connection_begins_nothing)
{
    BENCH(1, PEER_OK);
    snprintf(bench->origin, sizeof(bench->origin), "http://127.0.0.1:%u", peer_free_port());
    const struct answer *answer = call(bench, 1, 10);
    cr_expect_eq(answer->transport, TRANSPORT_CONNECT);
    cr_expect_eq(answer->begun, 0);
    cr_expect_not(answer->handed_over);
    cr_expect_eq(answer->outcome, OUTCOME_NOT_SENT);
    http_bench_stop(bench);
}

Test(http, tls_to_a_server_without_it_begins_nothing)
{
    BENCH(1, PEER_RAW);
    bench->peer.raw = "HTTP/1.1 400 Bad\r\n\r\n";
    bench->peer.raw_size = strlen(bench->peer.raw);
    snprintf(bench->origin, sizeof(bench->origin), "https://127.0.0.1:%u", bench->peer.port);
    bench->endpoint.connect_timeout_ms = 200;       /* the peer waits for the end of a request that is none */
    const struct answer *answer = call(bench, 1, 10);
    cr_expect_eq(answer->transport, TRANSPORT_CONNECT);
    cr_expect_eq(answer->begun, 0);
    cr_expect_eq(bench->peer.requests, 0);
    cr_expect_eq(answer->outcome, OUTCOME_NOT_SENT);
    http_bench_stop(bench);
}

Test(http, a_server_that_does_not_answer_ends_in_a_timeout_with_all_handed_over)
{
    BENCH(1, PEER_HANG);
    bench->endpoint.call_timeout_ms = 100;
    const struct answer *answer = call(bench, 1, 10);
    cr_expect_eq(answer->transport, TRANSPORT_TIMEOUT);
    cr_expect_eq(answer->begun, 1);
    cr_expect(answer->handed_over);
    cr_expect_eq(answer->outcome, OUTCOME_IN_DOUBT);
    http_bench_stop(bench);
}

Test(http, a_server_that_does_not_read_was_not_handed_a_large_body)
{
    BENCH(1, PEER_DEAF);
    bench->endpoint.call_timeout_ms = 300;
    const struct answer *answer = call(bench, 1, 1024 * 1024);
    cr_expect_eq(answer->transport, TRANSPORT_TIMEOUT);
    cr_expect_eq(answer->begun, 1);
    cr_expect_not(answer->handed_over);
    cr_expect_eq(answer->outcome, OUTCOME_NOT_EXECUTED);
    http_bench_stop(bench);
}

Test(http, no_request_begins_when_its_lease_is_over)
{
    BENCH(1, PEER_OK);
    call_send_until(bench, 1, 10, clock_now_ms() - 1);
    const struct answer *answer = answers_wait(bench, 1);
    cr_expect_eq(answer->transport, TRANSPORT_ABORTED);
    cr_expect_eq(answer->begun, 0);
    cr_expect_not(answer->handed_over);
    cr_expect_eq(bench->peer.requests, 0);
    cr_expect_eq(answer->outcome, OUTCOME_NOT_SENT);
    call_send_until(bench, 2, 10, clock_now_ms() + 60000);
    cr_expect_eq(answers_wait(bench, 2)->status, 200);
    http_bench_stop(bench);
}

/* test_http_where.c: where a call may go: through the proxy that is configured, and never to metadata addresses. */
#include "bridge/io/clock.h"
#include "bridge/io/http_parts.h"
#include "tests/wire/http_bench.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(http, the_environments_proxy_is_not_asked)
{
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    BENCH(1, PEER_OK);
    cr_expect_eq(call(bench, 1, 0)->status, 200);
    http_bench_stop(bench);
}

Test(http, a_configured_proxy_is_tunnelled_through)
{
    BENCH(1, PEER_RAW);
    bench->peer.raw = "HTTP/1.1 403 Not you\r\nContent-Length: 0\r\n\r\n";
    bench->peer.raw_size = strlen(bench->peer.raw);
    char proxy[64];
    snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", bench->peer.port);
    bench->endpoint.proxy = proxy;
    bench->endpoint.origin = "http://backend.example";
    const struct answer *answer = call(bench, 1, 10);
    cr_expect_eq(strncmp(bench->peer.last, "CONNECT backend.example:80 HTTP/1.1\r\n", 37), 0);
    cr_expect_eq(answer->transport, TRANSPORT_CONNECT);
    cr_expect_eq(answer->begun, 0);
    cr_expect_eq(answer->status, 0, "the proxy's status is not the backend's");
    http_bench_stop(bench);
}

Test(http, link_local_and_metadata_addresses_are_internal)
{
    static const struct { const char *text; bool internal; } rows[] = {
        { "169.254.169.254", true }, { "169.254.0.1", true }, { "100.100.100.200", true }, { "169.253.255.255", false },
        { "100.100.100.201", false }, { "127.0.0.1", false }, { "10.0.0.1", false }, { "fe80::1", true }, { "febf::1", true },
        { "fec0::1", false }, { "::1", false }, { "::ffff:169.254.169.254", true }, { "::ffff:100.100.100.200", true },
        { "::ffff:10.0.0.1", false }, { "fd00:ec2::254", true }, { "fd00:ec2::255", false }, { "2001:db8::1", false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sockaddr_storage address = { 0 };
        bool six = strchr(rows[i].text, ':') != NULL;
        address.ss_family = six ? AF_INET6 : AF_INET;
        void *at = six
            ? (void *)&((struct sockaddr_in6 *)&address)->sin6_addr : (void *)&((struct sockaddr_in *)&address)->sin_addr;
        cr_assert_eq(inet_pton(address.ss_family, rows[i].text, at), 1);
        cr_expect_eq(http_address_is_internal((struct sockaddr *)&address), rows[i].internal, "row %zu: %s", i, rows[i].text);
    }
}

Test(http, a_metadata_address_is_refused_before_a_packet_is_sent)
{
    BENCH(1, PEER_OK);
    bench->endpoint.origin = "http://169.254.169.254";
    bench->endpoint.connect_timeout_ms = 10000;
    ms_t start_ms = clock_now_ms();
    const struct answer *answer = call(bench, 1, 0);
    cr_expect_eq(answer->transport, TRANSPORT_CONNECT);
    cr_expect_eq(answer->begun, 0);
    cr_expect_lt(clock_now_ms() - start_ms, 10000, "it was tried");
    http_bench_stop(bench);
}

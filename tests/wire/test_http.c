/* test_http.c: calls against a scripted server: what goes out and what comes back. */
#include "tests/wire/http_bench.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A token service is asked with a token and answers with keys. */
Test(http, a_slot_is_wiped_when_its_call_is_over)
{
    BENCH(1, PEER_OK);
    uint32_t slot;
    struct request *request = http_request(bench->http, &slot);
    buf_text(&request->target, "/?token=hush");
    buf_text(&request->body, "token=hush");
    request_header(request, "x-id", SLICE("1"));
    request_header(request, "x-token", SLICE("hush"));
    size_t sizes[] = { request->target.size, request->body.size, request->head.size };
    http_send(bench->http, slot, &bench->endpoint, (struct tag){ 1, 7 }, MS_NEVER);
    const char *body = answers_wait(bench, 1)->body_at;
    const char *at[] = { request->target.at, request->body.at, request->head.at, body };
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < (i < 3 ? sizes[i] : bench->answers[0].body_size); j++)
            cr_assert_eq(at[i][j], 0, "buffer %zu still says \"%s\"", i, at[i]);
    cr_expect_gt(bench->answers[0].body_size, 0);

    request = http_request(bench->http, &slot);
    buf_text(&request->body, "hush");
    http_drop(bench->http, slot);
    cr_expect_eq(request->body.at[0], 0, "also when it was not sent");
    http_bench_stop(bench);
}

Test(http, a_whole_reply_comes_with_its_status_headers_and_body)
{
    BENCH(4, PEER_RAW);
    bench->peer.raw = "HTTP/1.1 503 Busy\r\nContent-Type: application/json\r\nretry-after: 3\r\nX-Acs-Retry-After: 250\r\n"
                      "Date: Sun, 22 Nov 2026 20:00:00 GMT\r\nContent-Length: 2\r\n\r\n{}";
    bench->peer.raw_size = strlen(bench->peer.raw);
    const struct answer *answer = call(bench, 1, 10);
    cr_expect_eq(answer->transport, TRANSPORT_OK);
    cr_expect_eq(answer->begun, 1);
    cr_expect(answer->handed_over);
    cr_expect_eq(answer->status, 503);
    cr_expect_eq(answer->tag.slot, 1);
    cr_expect_eq(answer->tag.serial, 7);
    cr_expect_str_eq(answer->body, "{}");
    cr_expect_str_eq(answer->content_type, "application/json");
    cr_expect_str_eq(answer->retry_after, "3");
    cr_expect_str_eq(answer->acs_retry_after, "250");
    cr_expect_str_eq(answer->date, "Sun, 22 Nov 2026 20:00:00 GMT");
    http_bench_stop(bench);
}

Test(http, absent_headers_and_those_of_an_earlier_reply_are_absent)
{
    BENCH(1, PEER_RAW, PEER_OK);
    bench->peer.raw = "HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n";
    bench->peer.raw_size = strlen(bench->peer.raw);
    cr_expect_str_eq(call(bench, 1, 0)->retry_after, "3");
    const struct answer *second = call(bench, 2, 0);
    cr_expect_str_eq(second->retry_after, "(absent)");
    cr_expect_str_eq(second->date, "(absent)");
    cr_expect_str_eq(second->body, "{\"ok\":true}");
    http_bench_stop(bench);
}

Test(http, a_request_without_body_goes_out_exactly_as_written)
{
    BENCH(1, PEER_OK);
    cr_expect_eq(call(bench, 5, 0)->status, 200);
    char expected[256];
    snprintf(expected, sizeof(expected), "POST /?ActionName=a%%2Ab&Empty=&Z=%%E4%%BA%%8B HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
             "Content-Length: 0\r\nx-id: 5\r\n\r\n", bench->peer.port);
    /* Where libcurl puts its Content-Length is its own affair: taken out on both sides. */
    char *got = bench->peer.last, *at;
    cr_assert((at = strstr(got, "Content-Length: 0\r\n")), "%s", got);
    memmove(at, at + 19, strlen(at + 19) + 1);
    at = strstr(expected, "Content-Length: 0\r\n");
    memmove(at, at + 19, strlen(at + 19) + 1);
    cr_expect_str_eq(got, expected);
    http_bench_stop(bench);
}

/* libcurl asks for a 100 Continue above one mebibyte. */
Test(http, a_body_above_a_mebibyte_goes_without_expect_and_with_our_content_type)
{
    BENCH(1, PEER_OK);
    uint32_t slot;
    struct request *request = http_request(bench->http, &slot);
    buf_text(&request->target, "/produce");
    request_header(request, "Content-Type", SLICE("application/json"));
    request_header(request, "Accept", SLICE("application/json"));
    for (size_t i = 0; i < 1024 * 1024 + 1; i++)
        buf_char(&request->body, 'x');
    http_send(bench->http, slot, &bench->endpoint, (struct tag){ 1, 1 }, MS_NEVER);
    const struct answer *answer = answers_wait(bench, 1);
    cr_expect_eq(answer->status, 200);
    cr_expect(answer->handed_over);
    cr_expect_not(strcasestr(bench->peer.last, "expect:"));
    const char *type = strcasestr(bench->peer.last, "content-type: application/json\r\n");
    cr_assert(type);
    cr_expect_not(strcasestr(type + 1, "content-type:"));
    const char *accept = strcasestr(bench->peer.last, "accept: application/json\r\n");
    cr_assert(accept);
    cr_expect_not(strcasestr(accept + 1, "accept:"));
    cr_expect_not(strcasestr(bench->peer.last, "user-agent:"));
    cr_expect(strstr(bench->peer.last, "Content-Length: 1048577\r\n"));
    cr_expect_eq(strspn(strstr(bench->peer.last, "\r\n\r\n") + 4, "x"), 1024 * 1024 + 1);
    http_bench_stop(bench);
}

Test(http, a_slot_forgets_method_headers_and_body_of_the_call_before)
{
    BENCH(1, PEER_OK);
    call(bench, 1, 1000);
    uint32_t slot;
    struct request *request = http_request(bench->http, &slot);
    request->method = "GET";
    buf_text(&request->target, "/token");
    http_send(bench->http, slot, &bench->endpoint, (struct tag){ 2, 1 }, MS_NEVER);
    answers_wait(bench, 2);
    char expected[128];
    snprintf(expected, sizeof(expected), "GET /token HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", bench->peer.port);
    cr_expect_str_eq(bench->peer.last, expected);
    call(bench, 3, 4);
    cr_expect_eq(strncmp(bench->peer.last, "POST /?", 7), 0);
    cr_expect_str_eq(strstr(bench->peer.last, "\r\n\r\n"), "\r\n\r\nbbbb");
    http_bench_stop(bench);
}

Test(http, replies_that_are_no_whole_http_of_at_most_64_kib_are_broken)
{
    static char big[200000], cut[200000], huge_head[200000], exact[200000];
    size_t exact_size = (size_t)sprintf(exact, "HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n");
    memset(exact + exact_size, 'x', 65536);
    sprintf(cut, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ok\":tr");
    size_t big_size = (size_t)sprintf(big, "HTTP/1.1 200 OK\r\n\r\n");
    memset(big + big_size, 'x', 65537);
    size_t head_size = (size_t)sprintf(huge_head, "HTTP/1.1 200 OK\r\n");
    while (head_size < 100000)
        head_size += (size_t)sprintf(huge_head + head_size, "x-filler: %0900d\r\n", 1);
    head_size += (size_t)sprintf(huge_head + head_size, "Content-Length: 0\r\n\r\n");
    struct { const char *raw; size_t size; enum transport transport; size_t body; } rows[] = {
        { exact, exact_size + 65536, TRANSPORT_OK, 65536 },
        { big, big_size + 65537, TRANSPORT_BROKEN, SIZE_MAX },
        { cut, strlen(cut), TRANSPORT_BROKEN, SIZE_MAX },
        { huge_head, head_size, TRANSPORT_BROKEN, SIZE_MAX },
        { "hello, I am no HTTP\n", 20, TRANSPORT_BROKEN, SIZE_MAX },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 51, TRANSPORT_RESET, SIZE_MAX },   /* RECV_ERROR */
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", 53, TRANSPORT_BROKEN, SIZE_MAX },
        { "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", 40, TRANSPORT_BROKEN, SIZE_MAX },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        BENCH(1, PEER_RAW);
        bench->peer.raw = rows[i].raw;
        bench->peer.raw_size = rows[i].size;
        const struct answer *answer = call(bench, 1, 10);
        cr_expect_eq(answer->transport, rows[i].transport, "row %zu: %d", i, answer->transport);
        cr_expect_eq(answer->begun, 1, "row %zu", i);
        cr_expect(answer->handed_over, "row %zu", i);
        if (rows[i].body != SIZE_MAX)
            cr_expect_eq(answer->body_size, rows[i].body, "row %zu: %zu", i, answer->body_size);
        http_bench_stop(bench);
    }
}

Test(http, a_redirect_is_an_answer_and_is_not_followed)
{
    BENCH(1, PEER_RAW, PEER_OK);
    char raw[160];
    snprintf(raw, sizeof(raw), "HTTP/1.1 307 There\r\nLocation: http://127.0.0.1:%u/other\r\nContent-Length: 0\r\n\r\n",
             bench->peer.port);
    bench->peer.raw = raw;
    bench->peer.raw_size = strlen(raw);
    const struct answer *answer = call(bench, 1, 0);
    cr_expect_eq(answer->transport, TRANSPORT_OK);
    cr_expect_eq(answer->status, 307);
    cr_expect_eq(bench->peer.requests, 1);
    http_bench_stop(bench);
}

Test(http, a_hundred_calls_fly_at_once_and_connections_are_used_again)
{
    BENCH(100, PEER_OK);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 1; i <= 100; i++)
            call_send(bench, round * 100 + i, 20);
        cr_expect_eq(http_inflight(bench->http), 100);
        answers_wait(bench, 100 * (round + 1));
        cr_expect_eq(http_inflight(bench->http), 0);
    }
    for (uint32_t id = 1; id <= 200; id++)
        cr_expect_eq(peer_copies(&bench->peer, id), 1, "call %u", id);
    for (uint32_t i = 0; i < 200; i++)
        cr_expect(bench->answers[i].status == 200 && bench->answers[i].begun == 1, "answer %u", i);
    cr_expect_eq(bench->peer.open_most, 100);
    cr_expect_eq(bench->peer.connections, 100, "%u connections", bench->peer.connections);
    http_bench_stop(bench);
}

Test(http, slots_are_as_many_as_asked_for_and_come_back)
{
    BENCH(2, PEER_OK);
    uint32_t a, b, c;
    cr_expect(http_request(bench->http, &a));
    cr_expect(http_request(bench->http, &b));
    cr_expect_neq(a, b);
    cr_expect_null(http_request(bench->http, &c));
    cr_expect_eq(http_inflight(bench->http), 2);
    http_drop(bench->http, a);
    cr_expect(http_request(bench->http, &c));
    http_drop(bench->http, b);
    http_drop(bench->http, c);
    cr_expect_eq(call(bench, 1, 0)->status, 200);
    http_bench_stop(bench);
}

static void
on_called_send_again(void *owner, struct tag tag, const struct reply *reply, ms_t duration_ms)
{
    struct http_bench *bench = owner;
    if (tag.slot == 1)
        call_send(bench, 2, 3);     /* the only slot still holds this reply */
    cr_expect(slice_is(reply->body, "{\"ok\":true}"));
    http_bench_called(owner, tag, reply, duration_ms);
}

Test(http, a_handler_may_send_the_next_call)
{
    BENCH(1, PEER_OK);
    http_free(bench->http);
    bench->http = http_new(bench->base, 1, &(struct http_handler){ bench, on_called_send_again });
    call_send(bench, 1, 0);
    cr_expect_eq(answers_wait(bench, 2)->tag.slot, 2);
    http_bench_stop(bench);
}

Test(http, calls_under_way_are_dropped_silently_at_the_end)
{
    BENCH(3, PEER_HANG);
    call_send(bench, 1, 0);
    call_send(bench, 2, 200000);
    event_base_loop(bench->base, EVLOOP_ONCE);
    event_base_loop(bench->base, EVLOOP_ONCE);
    http_free(bench->http);
    cr_expect_eq(bench->n_answers, 0);
    peer_stop(&bench->peer);
    event_base_free(bench->base);
    free(bench);
}

/* http_bench.c: see http_bench.h. */
#include "tests/wire/http_bench.h"

#include "codecs/backend.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void
text_of(char *field, size_t size, struct slice text)
{
    if (text.at)
        snprintf(field, size, "%.*s", (int)(text.size < size ? text.size : size - 1), text.at);
    else
        snprintf(field, size, "(absent)");
}

void
http_bench_called(void *owner, struct tag tag, const struct reply *reply, ms_t duration_ms)
{
    struct http_bench *bench = owner;
    cr_assert_lt(bench->n_answers, REPLIES_MAX);
    cr_expect_geq(duration_ms, 0);
    struct answer *answer = &bench->answers[bench->n_answers++];
    *answer = (struct answer){ .tag = tag, .transport = reply->transport, .begun = reply->begun, .status = reply->status,
                               .handed_over = reply->handed_over, .body_size = reply->body.size,
                               .body_at = reply->body.at };
    struct verdict verdict;
    backend_of(TARGET_SOAR)->judge(reply, &verdict);
    answer->outcome = verdict.outcome;
    text_of(answer->body, sizeof(answer->body), reply->body);
    text_of(answer->content_type, sizeof(answer->content_type), reply->content_type);
    text_of(answer->retry_after, sizeof(answer->retry_after), reply->retry_after);
    text_of(answer->acs_retry_after, sizeof(answer->acs_retry_after), reply->acs_retry_after);
    text_of(answer->date, sizeof(answer->date), reply->date);
    if (bench->n_answers == bench->wanted)
        event_base_loopbreak(bench->base);
}

static void
http_bench_start_to(struct http_bench *bench, uint32_t calls, uint16_t port)
{
    signal(SIGPIPE, SIG_IGN);
    struct http_handler handler = { bench, http_bench_called };
    bench->http = http_new(bench->base, calls, &handler);
    snprintf(bench->origin, sizeof(bench->origin), "http://127.0.0.1:%u", port);
    bench->endpoint = (struct http_endpoint){ bench->origin, 2000, 20000, "", "", false };
}

struct http_bench *
http_bench_start(uint32_t calls, const enum peer_act *acts, uint32_t n_acts)
{
    struct http_bench *bench = calloc(1, sizeof(*bench));
    bench->base = event_base_new();
    peer_start(&bench->peer, bench->base, acts, n_acts);
    http_bench_start_to(bench, calls, bench->peer.port);
    return bench;
}

void
http_bench_stop(struct http_bench *bench)
{
    cr_expect_eq(http_inflight(bench->http), 0, "a slot was not given back");
    http_free(bench->http);
    peer_stop(&bench->peer);
    event_base_free(bench->base);
    free(bench);
}

void
call_send_until(struct http_bench *bench, uint32_t id, size_t body_bytes, ms_t not_after_ms)
{
    uint32_t slot;
    struct request *request = http_request(bench->http, &slot);
    cr_assert(request);
    char number[16];
    snprintf(number, sizeof(number), "%u", id);
    buf_text(&request->target, "/?ActionName=a%2Ab&Empty=&Z=%E4%BA%8B");
    request_header(request, "x-id", slice_of(number));
    for (size_t i = 0; i < body_bytes; i++)
        buf_char(&request->body, 'b');
    http_send(bench->http, slot, &bench->endpoint, (struct tag){ id, 7 }, not_after_ms);
}

void
call_send(struct http_bench *bench, uint32_t id, size_t body_bytes)
{
    call_send_until(bench, id, body_bytes, MS_NEVER);
}

const struct answer *
answers_wait(struct http_bench *bench, uint32_t wanted)
{
    bench->wanted = wanted;
    if (bench->n_answers < wanted)
        event_base_dispatch(bench->base);
    cr_assert_eq(bench->n_answers, wanted);
    return &bench->answers[wanted - 1];
}

const struct answer *
call(struct http_bench *bench, uint32_t id, size_t body_bytes)
{
    call_send(bench, id, body_bytes);
    return answers_wait(bench, bench->n_answers + 1);
}

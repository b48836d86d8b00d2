/* fuzz_simulator.c: any bytes to a simulator's address: the request is read the same however it arrives, and what is whole is
 * answered. */
#include "bridge/sim/http_parse.h"
#include "tests/fuzz/shared.h"

#include <stdlib.h>

/* What was decided about the first bytes holds for more of them. */
static void
must_be_steady(struct slice bytes, enum http_parsed whole, const struct http_request *http, size_t cut)
{
    static struct http_request part;
    enum http_parsed parsed = http_parse((struct slice){ bytes.at, cut }, &part);
    if (parsed == HTTP_WHOLE)
        check(whole == HTTP_WHOLE && part.bytes == http->bytes && part.keep_alive == http->keep_alive);
    if (parsed == HTTP_BAD)
        check(whole == HTTP_BAD && part.status == http->status);
    if (whole == HTTP_WHOLE && cut < http->bytes)
        check(parsed == HTTP_MORE && (part.needed == 0 || part.needed == http->needed));
}

static void
answer(struct http_request *http)
{
    static char memory[SIM_REPLY_BYTES];
    static struct sim *sim;
    static const struct sim_options options = { .seed = 1 };
    struct sim_reply reply;
    char error[256];
    if (!sim)
        sim = sim_new(&options, error, sizeof(error));
    check(sim);
    sim_reset(sim);
    sim_reply_init(&reply, memory);
    http->request.wall_ms = 1767322000000;
    sim_handle(sim, &http->request, &reply);
    check(reply.end >= SIM_END_NO_REPLY_CLOSE || (reply.status >= 100 && reply.status <= 599));
    check(!reply.head.overflow && !reply.body.overflow);
    for (size_t i = 0; i < reply.head.size; i++)
        check((unsigned char)reply.head.at[i] >= ' ' || strchr("\r\n\t", reply.head.at[i]));
}

int
FUZZ(simulator)(const uint8_t *data, size_t size)
{
    static struct http_request http;
    struct bytes bytes = { data, size };
    size_t cut = bytes_u8(&bytes) * 16u;
    struct slice text = bytes_rest(&bytes);
    enum http_parsed parsed = http_parse(text, &http);
    must_be_steady(text, parsed, &http, cut < text.size ? cut : text.size);
    if (parsed == HTTP_BAD)
        check(http.status >= 400 && http.status <= 499);
    if (parsed != HTTP_WHOLE)
        return 0;
    check(http.bytes <= text.size && http.request.n_headers <= SIM_REQUEST_HEADERS_MAX);
    answer(&http);
    return 0;
}

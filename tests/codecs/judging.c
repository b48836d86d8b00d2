/* judging.c: exhaustive rows for both judges. */
#include "tests/codecs/judging.h"

#include <criterion/criterion.h>

struct reply
answered(int status, const char *body)
{
    return (struct reply){ .transport = TRANSPORT_OK, .begun = 1, .handed_over = true, .status = status, .body = slice_of(body) };
}

/* What the contract says, once more and in other words: OUTCOME_COUNT = the reply is to be read. */
static enum outcome
expected_of(const struct reply *reply)
{
    if (reply->begun >= 2)
        return OUTCOME_IN_DOUBT;
    if (reply->begun == 0)
        return OUTCOME_NOT_SENT;
    if (reply->transport == TRANSPORT_OK && reply->status > 0)
        return OUTCOME_COUNT;
    if (reply->handed_over || reply->transport == TRANSPORT_CONNECT)
        return OUTCOME_IN_DOUBT;
    if (reply->status == 0)
        return OUTCOME_NOT_EXECUTED;
    return reply->status < 400 ? OUTCOME_IN_DOUBT : OUTCOME_COUNT;
}

static void
expect_row(void (*judge)(const struct reply *, struct verdict *), const struct reply *reply)
{
    struct verdict verdict;
    enum outcome expected = expected_of(reply);
    memset(&verdict, 0x5a, sizeof(verdict));
    judge(reply, &verdict);
    cr_expect_eq(verdict.status, reply->status);
    cr_expect((unsigned)verdict.outcome < OUTCOME_COUNT);
    if (expected != OUTCOME_COUNT)
        cr_expect_eq(verdict.outcome, expected, "transport %d, begun %d, handed over %d, status %d, body %.*s: %s",
                     reply->transport, reply->begun, reply->handed_over, reply->status, (int)reply->body.size, reply->body.at,
                     outcome_name(verdict.outcome));
    else
        cr_expect_neq(verdict.outcome, OUTCOME_NOT_SENT);
    /* A success is only ever a whole 2xx answer to one request. */
    if (verdict.outcome == OUTCOME_DELIVERED)
        cr_expect(reply->begun == 1 && reply->transport == TRANSPORT_OK && reply->status >= 200 && reply->status < 300);
}

void
expect_cut_rows(void (*judge)(const struct reply *, struct verdict *), const char *const *bodies, size_t n)
{
    static const int statuses[] = { 0, 100, 200, 204, 302, 400, 401, 404, 408, 413, 429, 500, 502, 503, 504, 599, 999 };
    for (int transport = 0; transport < TRANSPORT_COUNT; transport++) {
        for (int begun = 0; begun <= 3; begun++) {
            for (int handed_over = 0; handed_over < 2; handed_over++) {
                for (size_t s = 0; s < sizeof(statuses) / sizeof(statuses[0]); s++) {
                    for (size_t b = 0; b < n; b++) {
                        struct reply reply = answered(statuses[s], bodies[b]);
                        reply.transport = (enum transport)transport;
                        reply.begun = begun;
                        reply.handed_over = handed_over;
                        expect_row(judge, &reply);
                    }
                }
            }
        }
    }
}

/* test_http_codes.c: every code that libcurl can end with has a meaning, and none of them takes a
 * begun request for an unsent one. */
#include "bridge/io/http_parts.h"
#include "codecs/backend.h"

#include <criterion/criterion.h>
#include <curl/curl.h>

Test(http_codes, nothing_begun_means_nothing_sent_whatever_the_code)
{
    for (int code = 1; code < CURL_LAST; code++) {
        enum transport expected = code == CURLE_ABORTED_BY_CALLBACK ? TRANSPORT_ABORTED : TRANSPORT_CONNECT;
        cr_expect_eq(http_transport_of(code, 0), expected, "%d %s", code, curl_easy_strerror((CURLcode)code));
    }
}

Test(http_codes, a_begun_request_is_never_called_unconnected)
{
    for (int code = 0; code < CURL_LAST + 50; code++)
        for (int begun = 1; begun <= 2; begun++) {
            enum transport transport = http_transport_of(code, begun);
            cr_expect(transport < TRANSPORT_COUNT && transport != TRANSPORT_CONNECT, "%d", code);
            cr_expect_eq(transport == TRANSPORT_OK, code == CURLE_OK, "%d", code);
        }
}

Test(http_codes, the_codes_seen_in_practice_have_their_own_transport)
{
    static const struct { CURLcode code; enum transport transport; } rows[] = {
        { CURLE_OK, TRANSPORT_OK },
        { CURLE_ABORTED_BY_CALLBACK, TRANSPORT_ABORTED },
        { CURLE_OPERATION_TIMEDOUT, TRANSPORT_TIMEOUT },
        { CURLE_GOT_NOTHING, TRANSPORT_RESET },
        { CURLE_SEND_ERROR, TRANSPORT_RESET },
        { CURLE_RECV_ERROR, TRANSPORT_RESET },
        { CURLE_COULDNT_CONNECT, TRANSPORT_RESET },             /* the reconnect after a first copy */
        { CURLE_COULDNT_RESOLVE_HOST, TRANSPORT_RESET },
        { CURLE_SSL_CONNECT_ERROR, TRANSPORT_RESET },
        { CURLE_PEER_FAILED_VERIFICATION, TRANSPORT_RESET },
        { CURLE_WRITE_ERROR, TRANSPORT_BROKEN },                /* reply over 64 KiB */
        { CURLE_PARTIAL_FILE, TRANSPORT_BROKEN },
        { CURLE_WEIRD_SERVER_REPLY, TRANSPORT_BROKEN },
        { CURLE_UNSUPPORTED_PROTOCOL, TRANSPORT_BROKEN },       /* HTTP/0.9 */
        { CURLE_BAD_CONTENT_ENCODING, TRANSPORT_BROKEN },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_expect_eq(http_transport_of((int)rows[i].code, 1), rows[i].transport, "row %zu", i);
}

/* ---- what the judges make of it ------------------------------------------------------------------------------------------ */

/* How far a request came, as http.c counts it. */
static const struct stage {
    const char *name;
    int begun;
    bool handed_over;
} stages[] = {
    { "never begun", 0, false },        { "begun, nothing handed over", 1, false }, { "begun, handed over in part", 1, false },
    { "handed over whole", 1, true },   { "begun twice", 2, true },
};

enum { NEVER, NOTHING, PART, WHOLE, TWICE };

/* docs/semantics.md, "Outcomes of a call", for a code that is an error and a reply of which nothing was seen. */
static enum outcome
outcome_at(int stage)
{
    switch (stage) {
    case NEVER:
        return OUTCOME_NOT_SENT;
    case NOTHING:
    case PART:
        return OUTCOME_NOT_EXECUTED;
    default:
        return OUTCOME_IN_DOUBT;
    }
}

Test(http_codes, every_code_at_every_stage_has_the_outcome_of_the_contract_for_both_backends)
{
    for (int code = 0; code < CURL_LAST; code++)
        for (int stage = NEVER; stage <= TWICE; stage++)
            for (int kind = 0; kind < TARGET_KIND_COUNT; kind++) {
                struct reply reply = { .begun = stages[stage].begun, .handed_over = stages[stage].handed_over };
                struct verdict verdict;
                reply.transport = http_transport_of(code, reply.begun);
                backend_of((enum target_kind)kind)->judge(&reply, &verdict);
                cr_expect_eq(verdict.outcome, outcome_at(stage), "%d %s, %s, %s: %s", code, curl_easy_strerror((CURLcode)code),
                             stages[stage].name, backend_of((enum target_kind)kind)->name, outcome_name(verdict.outcome));
            }
}

Test(http_codes, a_success_that_was_seen_counts_only_when_the_exchange_ended_well)
{
    static const char *const bodies[] = { [TARGET_SOAR] = "{\"RequestId\":\"r\"}",
                                          [TARGET_NOTICE] = "{\"code\":0,\"data\":true}" };
    for (int code = 0; code < CURL_LAST; code++)
        for (int stage = NEVER; stage <= TWICE; stage++)
            for (int kind = 0; kind < TARGET_KIND_COUNT; kind++) {
                struct reply reply = { .begun = stages[stage].begun, .handed_over = stages[stage].handed_over, .status = 200,
                                       .body = slice_of(bodies[kind]) };
                struct verdict verdict;
                reply.transport = http_transport_of(code, reply.begun);
                backend_of((enum target_kind)kind)->judge(&reply, &verdict);
                enum outcome outcome = stage == NEVER                          ? OUTCOME_NOT_SENT
                                       : stage != TWICE && code == CURLE_OK    ? OUTCOME_DELIVERED
                                                                               : OUTCOME_IN_DOUBT;
                cr_expect_eq(verdict.outcome, outcome, "%d %s, %s: %s", code, curl_easy_strerror((CURLcode)code),
                             stages[stage].name, outcome_name(verdict.outcome));
            }
}

/* test_outcomes.c: every status, kind of body and header, and every way an exchange can end, through both judges. */
#include "codecs/notice.h"
#include "codecs/soar.h"
#include "tests/codecs/outcome_rules.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct header_row headers[] = {
    { NULL, NULL, NULL, 0, 0 },
    { "7", NULL, NULL, 7000, 0 },
    { "0", NULL, NULL, 0, 0 },
    { "soon", NULL, NULL, 0, 0 },
    { "Fri, 02 Jan 2026 03:04:35 GMT", "Fri, 02 Jan 2026 03:04:05 GMT", NULL, 30000, 0 },
    { "Fri, 02 Jan 2026 03:04:35 GMT", NULL, NULL, 0, 0 },
    { NULL, NULL, "300", 0, 300 },
    { NULL, NULL, "-1", 0, 0 },
    { "7", NULL, "300", 7000, 300 },
};

#define JSON(code) "{\"RequestId\":\"r\",\"HostId\":\"h\",\"Code\":\"" code "\",\"Message\":\"m\"}"
#define XML(code) "<?xml version='1.0'?><Error><RequestId>r</RequestId><Code>" code "</Code><Message>m</Message></Error>"

static const struct body_row soar_bodies[] = {
    { "", SAYS_NOTHING, 0, false },
    { "oops", SAYS_NOTHING, 0, false },
    { "<html>Bad Gateway</html>", SAYS_NOTHING, 0, true },
    { "{\"RequestId\":\"r\",\"Data\":\"{", SAYS_NOTHING, 0, false },
    { "[{\"RequestId\":\"r\"}]", SAYS_NOTHING, 0, false },
    { "{}", SAYS_NOTHING, 0, false },
    { "{\"RequestId\":\"r\",\"Data\":\"{}\"}", SAYS_SUCCESS, 0, false },
    { "{\"requestId\":\"r\",\"code\":\"200\"}", SAYS_SUCCESS, 0, false },
    { JSON("OK"), SAYS_SUCCESS, 0, false },
    { "{\"Data\":\"{}\"}", SAYS_HALF_A_SUCCESS, 0, false },
    { JSON("Throttling"), SAYS_CODE, OUTCOME_THROTTLED, false },
    { XML("Throttling.User"), SAYS_CODE, OUTCOME_THROTTLED, true },
    { JSON("ServiceUnavailable"), SAYS_CODE, OUTCOME_NOT_EXECUTED, false },
    { JSON("InternalError"), SAYS_CODE, OUTCOME_IN_DOUBT, false },
    { JSON("SignatureNonceUsed"), SAYS_CODE, OUTCOME_IN_DOUBT, false },
    { XML("SignatureNonceUsed"), SAYS_CODE, OUTCOME_IN_DOUBT, true },
    { JSON("SignatureDoesNotMatch"), SAYS_CODE, OUTCOME_AUTH, false },
    { "{\"requestId\":\"r\",\"code\":\"InvalidSecurityToken.Expired\"}", SAYS_CODE, OUTCOME_AUTH, false },
    { XML("Forbidden.RAM"), SAYS_CODE, OUTCOME_AUTH, true },
    { JSON("InvalidPlaybookUuid"), SAYS_CODE, OUTCOME_CONFIG, false },
    { JSON("MissingNodeName"), SAYS_CODE, OUTCOME_CONFIG, false },
    { JSON("InvalidProtocol.NeedSsl"), SAYS_CODE, OUTCOME_CONFIG, false },
    { JSON("MissingParameter"), SAYS_CODE, OUTCOME_REJECTED, false },
    { JSON("InvalidParameter.Format"), SAYS_CODE, OUTCOME_REJECTED, false },
    { JSON("MissingAliuid"), SAYS_PARAMETER, 0, false },
    { JSON("InvalidEventId"), SAYS_PARAMETER, 0, false },
    { JSON("NeverHeardOf"), SAYS_UNKNOWN_CODE, 0, false },
    { XML("NeverHeardOf"), SAYS_UNKNOWN_CODE, 0, true },
};

static const struct body_row notice_bodies[] = {
    { "", SAYS_NOTHING, 0, false },
    { "oops", SAYS_NOTHING, 0, false },
    { "<html>Bad Gateway</html>", SAYS_NOTHING, 0, true },
    { "{\"code\":0,\"data\":tr", SAYS_NOTHING, 0, false },
    { "[{\"code\":0,\"data\":true}]", SAYS_NOTHING, 0, false },
    { "{\"message\":\"API rate limit exceeded\"}", SAYS_NOTHING, 0, false },
    { "{\"data\":true}", SAYS_NOTHING, 0, false },
    { "{\"code\":0,\"data\":true}", SAYS_SUCCESS, 0, false },
    { "{\"code\":200,\"data\":true}", SAYS_SUCCESS, 0, false },
    { "{\"code\":0,\"message\":\"\",\"data\":{\"success\":true}}", SAYS_SUCCESS, 0, false },
    { "{\"code\":200,\"data\":{\"success\":true}}", SAYS_SUCCESS, 0, false },
    { "{\"code\":0}", SAYS_HALF_A_SUCCESS, 0, false },
    { "{\"code\":200,\"data\":{}}", SAYS_HALF_A_SUCCESS, 0, false },
    { "{\"code\":0,\"data\":false}", SAYS_NO_SUCCESS, 0, false },
    { "{\"code\":200,\"data\":{\"success\":false}}", SAYS_NO_SUCCESS, 0, false },
    { "{\"code\":31400,\"message\":\"parameter.invalid.x\"}", SAYS_CODE, OUTCOME_REJECTED, false },
    { "{\"code\":\"99400\"}", SAYS_CODE, OUTCOME_REJECTED, false },
    { "{\"code\":31404,\"message\":\"user.not.exist\"}", SAYS_CODE, OUTCOME_REJECTED, false },
    { "{\"code\":31404,\"message\":\"organization.not.exist\"}", SAYS_CODE, OUTCOME_CONFIG, false },
    { "{\"code\":31512}", SAYS_CODE, OUTCOME_CONFIG, false },
    { "{\"code\":31408}", SAYS_CODE, OUTCOME_NOT_EXECUTED, false },
    { "{\"code\":31415}", SAYS_CODE, OUTCOME_TOO_LARGE, false },
    { "{\"code\":31429}", SAYS_CODE, OUTCOME_THROTTLED, false },
    { "{\"code\":31500}", SAYS_CODE, OUTCOME_IN_DOUBT, false },
    { "{\"code\":31504}", SAYS_CODE, OUTCOME_IN_DOUBT, false },
    { "{\"status\":1203,\"msg\":\"m\"}", SAYS_CODE, OUTCOME_AUTH, false },
    { "{\"apim_status\":4011}", SAYS_CODE, OUTCOME_AUTH, false },
    { "{\"code\":31410,\"message\":\"cache.token.expired\"}", SAYS_CODE, OUTCOME_AUTH, false },
    { "{\"code\":31410,\"message\":\"invitation.expired\"}", SAYS_CODE, OUTCOME_REJECTED, false },
    { "{\"code\":31455}", SAYS_PARAMETER, 0, false },
    { "{\"code\":77777}", SAYS_UNKNOWN_CODE, 0, false },
    { "(its status)", SAYS_STATUS, 0, false },
};

static const struct side {
    const char *name;
    void (*judge)(const struct reply *, struct verdict *);
    enum outcome (*rules)(const struct exchange *);
    const struct body_row *bodies;
    size_t n_bodies;
    bool reads_acs;     /* x-acs-retry-after */
} *sides(void)
{
    static struct side both[2];
    both[0] = (struct side){ "soar", soar_backend.judge, soar_rules, soar_bodies, COUNT(soar_bodies), true };
    both[1] = (struct side){ "notice", notice_backend.judge, notice_rules, notice_bodies, COUNT(notice_bodies), false };
    return both;
}

static struct slice
optional(const char *text)
{
    return text ? slice_of(text) : (struct slice){ 0 };
}

static int64_t
told_ms(const struct side *side, const struct header_row *header)
{
    return side->reads_acs && header->acs_ms > 0 ? header->acs_ms : header->retry_after_ms;
}

/* What holds of every verdict, whatever the rules say. */
static void
expect_sane(const struct side *side, const struct exchange *exchange, const struct verdict *verdict, const char *row)
{
    const struct reply *reply = &exchange->reply;
    cr_expect_eq(verdict->status, reply->status, "%s", row);
    if (verdict->outcome == OUTCOME_DELIVERED)
        cr_expect(reply->begun == 1 && reply->transport == TRANSPORT_OK && reply->status / 100 == 2, "%s", row);
    if (verdict->outcome == OUTCOME_NOT_SENT)
        cr_expect_eq(reply->begun, 0, "%s", row);
    if (!side->reads_acs && reply->status >= 500)
        cr_expect(verdict->outcome != OUTCOME_REJECTED && verdict->outcome != OUTCOME_TOO_LARGE, "%s: a batch is halved", row);
    if (verdict->outcome == OUTCOME_THROTTLED)
        cr_expect_eq(verdict->retry_after_ms, told_ms(side, exchange->header), "%s: %ld ms", row, verdict->retry_after_ms);
}

static void
expect_row(const struct side *side, struct exchange *exchange)
{
    char body[256], row[512];
    struct verdict verdict;
    struct header_row header = *exchange->header;
    if (!side->reads_acs)
        header.acs_ms = 0;
    struct exchange known = *exchange;
    known.header = &header;
    int size = exchange->body->says == SAYS_STATUS
                   ? snprintf(body, sizeof(body), "{\"status\":%d,\"error\":\"e\",\"path\":\"/x\"}", exchange->reply.status)
                   : snprintf(body, sizeof(body), "%s", exchange->body->text);
    exchange->reply.body = (struct slice){ body, (size_t)size };
    exchange->reply.retry_after = optional(header.retry_after);
    exchange->reply.acs_retry_after = optional(header.acs_retry_after);
    exchange->reply.date = optional(header.date);
    memset(&verdict, 0x5a, sizeof(verdict));
    side->judge(&exchange->reply, &verdict);
    enum outcome outcome = side->rules(&known);
    snprintf(row, sizeof(row), "%s: transport %d, begun %d, handed over %d, status %d, retry-after %s, x-acs %s, body %s",
             side->name, exchange->reply.transport, exchange->reply.begun, exchange->reply.handed_over, exchange->reply.status,
             header.retry_after ? header.retry_after : "-", header.acs_retry_after ? header.acs_retry_after : "-", body);
    if (verdict.outcome != outcome)
        cr_expect_fail("%s: %s instead of %s", row, outcome_name(verdict.outcome), outcome_name(outcome));
    expect_sane(side, exchange, &verdict, row);
}

static void
expect_all_of(const struct side *side, struct reply reply)
{
    for (size_t b = 0; b < side->n_bodies; b++)
        for (size_t h = 0; h < COUNT(headers); h++) {
            struct exchange exchange = { reply, &side->bodies[b], &headers[h] };
            expect_row(side, &exchange);
        }
}

Test(outcomes, every_status_body_and_header_of_a_whole_answer)
{
    for (size_t s = 0; s < 2; s++)
        for (int status = 100; status < 600; status++)
            expect_all_of(&sides()[s],
                          (struct reply){ .transport = TRANSPORT_OK, .begun = 1, .handed_over = true, .status = status });
}

Test(outcomes, every_way_an_exchange_can_end_before_its_answer_is_whole)
{
    static const int statuses[] = { 0, 100, 200, 204, 302, 400, 401, 403, 404, 408, 413, 425, 429, 500, 502, 503, 504, 599 };
    for (size_t s = 0; s < 2; s++)
        for (int transport = 0; transport < TRANSPORT_COUNT; transport++)
            for (int begun = 0; begun < 4; begun++)
                for (int handed_over = 0; handed_over < 2; handed_over++)
                    for (size_t i = 0; i < COUNT(statuses); i++)
                        expect_all_of(&sides()[s], (struct reply){ .transport = (enum transport)transport, .begun = begun,
                                                                   .handed_over = handed_over, .status = statuses[i] });
}

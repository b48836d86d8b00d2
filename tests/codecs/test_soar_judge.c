/* test_soar_judge.c: every code of the vendor's lists, every status class, every kind of body. */
#include "codecs/json.h"
#include "codecs/reply.h"
#include "codecs/limits.h"
#include "codecs/soar.h"
#include "tests/codecs/judging.h"
#include "tests/codecs/vectors.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define REQUEST_ID "E7698CFB-4E1C-5840-8EC9-691B86729E94"
#define SUCCESS \
    "{\"RequestId\":\"" REQUEST_ID "\",\"Data\":\"{}\",\"Page\":{\"TotalCount\":30,\"PageNumber\":1,\"PageSize\":10}}"

static struct verdict
judged(struct reply reply)
{
    struct verdict verdict;
    soar_backend.judge(&reply, &verdict);
    return verdict;
}

Test(soar_judge, a_success_has_a_request_id_and_no_error_code)
{
    static const struct {
        const char *body;
        enum outcome outcome;
    } rows[] = {
        { SUCCESS, OUTCOME_DELIVERED },
        { "{\"requestId\":\"x\"}", OUTCOME_DELIVERED },
        { "{\"RequestId\":\"x\",\"Code\":\"200\"}", OUTCOME_DELIVERED },
        { "{\"RequestId\":\"x\",\"Code\":200}", OUTCOME_DELIVERED },
        { "{\"RequestId\":\"x\",\"Code\":\"OK\"}", OUTCOME_DELIVERED },
        { "{\"RequestId\":\"x\",\"code\":\"Success\"}", OUTCOME_DELIVERED },
        { "{\"RequestId\":\"x\",\"Code\":\"\"}", OUTCOME_DELIVERED },
        { "{\"RequestId\":\"x\",\"Code\":null}", OUTCOME_DELIVERED },
        { "{\"RequestId\":\"x\",\"Code\":\"NoPermission\"}", OUTCOME_AUTH },
        { "{\"RequestId\":\"x\",\"Code\":\"Throttling.User\"}", OUTCOME_THROTTLED },
        { "{\"RequestId\":\"x\",\"Code\":\"InvalidAliuid\"}", OUTCOME_REJECTED },
        { "{\"RequestId\":\"x\",\"Code\":\"MissingEventId\"}", OUTCOME_REJECTED },
        { "{\"RequestId\":\"x\",\"Code\":\"InternalError\"}", OUTCOME_IN_DOUBT },
        { "{\"RequestId\":\"x\",\"Code\":\"NeverHeardOf\"}", OUTCOME_IN_DOUBT },
        { "{\"RequestId\":\"x\",\"Code\":500}", OUTCOME_IN_DOUBT },
        { "{\"Data\":\"{}\"}", OUTCOME_IN_DOUBT },
        { "{\"RequestId\":\"\"}", OUTCOME_IN_DOUBT },
        { "{\"RequestId\":1}", OUTCOME_IN_DOUBT },
        { "{\"RequestId\":null}", OUTCOME_IN_DOUBT },
        { "{}", OUTCOME_IN_DOUBT },
        { "[]", OUTCOME_IN_DOUBT },
        { "\"RequestId\"", OUTCOME_IN_DOUBT },
        { "", OUTCOME_IN_DOUBT },
        { "OK", OUTCOME_IN_DOUBT },
        { "<html>fine</html>", OUTCOME_IN_DOUBT },
        { "<Response><RequestId>x</RequestId></Response>", OUTCOME_IN_DOUBT },
        { "{\"RequestId\":\"x\"} trailing", OUTCOME_IN_DOUBT },
        { "{\"RequestId\":\"x\",\"RequestId\":\"y\"}", OUTCOME_IN_DOUBT },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct verdict verdict = judged(answered(200, rows[i].body));
        cr_expect_eq(verdict.outcome, rows[i].outcome, "%s: %s", rows[i].body, outcome_name(verdict.outcome));
    }
    cr_expect_eq(judged(answered(201, SUCCESS)).outcome, OUTCOME_DELIVERED);
    cr_expect_str_eq(judged(answered(200, SUCCESS)).request_id, REQUEST_ID);
    cr_expect_str_eq(judged(answered(200, SUCCESS)).code, "");
}

Test(soar_judge, a_success_cut_anywhere_is_in_doubt)
{
    for (size_t size = 0; size < strlen(SUCCESS); size++) {
        struct reply reply = answered(200, SUCCESS);
        reply.body.size = size;
        cr_expect_eq(judged(reply).outcome, OUTCOME_IN_DOUBT, "%zu bytes", size);
    }
}

static const struct {
    const char *code;
    int status;
    enum outcome outcome;
} codes[] = {
    { "Throttling", 400, OUTCOME_THROTTLED },
    { "Throttling", 429, OUTCOME_THROTTLED },
    { "Throttling.User", 400, OUTCOME_THROTTLED },
    { "Throttling.User", 429, OUTCOME_THROTTLED },
    { "Throttling.Api", 400, OUTCOME_THROTTLED },
    { "Throttling.AnyOther", 503, OUTCOME_THROTTLED },
    { "ServiceUnavailable", 503, OUTCOME_NOT_EXECUTED },
    { "ServiceUnavailable", 403, OUTCOME_NOT_EXECUTED },
    { "InternalError", 500, OUTCOME_IN_DOUBT },
    { "InternalError", 400, OUTCOME_IN_DOUBT },
    { "UnknownError", 500, OUTCOME_IN_DOUBT },
    { "SignatureNonceUsed", 400, OUTCOME_IN_DOUBT },
    { "InvalidTimeStamp.Expired", 400, OUTCOME_AUTH },
    { "InvalidTimeStamp.Format", 400, OUTCOME_CONFIG },
    { "InvalidSecurityToken.Expired", 400, OUTCOME_AUTH },
    { "InvalidSecurityToken.Malformed", 400, OUTCOME_AUTH },
    { "InvalidSecurityToken.MismatchWithAccessKey", 400, OUTCOME_AUTH },
    { "MissingSecurityToken", 400, OUTCOME_AUTH },
    { "SignatureDoesNotMatch", 400, OUTCOME_AUTH },
    { "SignatureDoesNotMatch", 403, OUTCOME_AUTH },
    { "IncompleteSignature", 400, OUTCOME_AUTH },
    { "InvalidSignatureMethod", 400, OUTCOME_AUTH },
    { "InvalidAccessKeyId.NotFound", 404, OUTCOME_AUTH },
    { "InvalidAccessKeyId.NotFound", 400, OUTCOME_AUTH },
    { "InvalidAccessKeyId.Inactive", 400, OUTCOME_AUTH },
    { "Forbidden.AccessKeyDisabled", 403, OUTCOME_AUTH },
    { "Forbidden.AccessKeyDisabled", 400, OUTCOME_AUTH },
    { "Forbidden", 403, OUTCOME_AUTH },
    { "Forbidden.RAM", 403, OUTCOME_AUTH },
    { "NoPermission", 403, OUTCOME_AUTH },
    { "NoPermission", 400, OUTCOME_AUTH },
    { "InvalidApi.NotFound", 404, OUTCOME_CONFIG },
    { "InvalidAction.NotFound", 404, OUTCOME_CONFIG },
    { "InvalidAction", 400, OUTCOME_CONFIG },
    { "InvalidVersion", 400, OUTCOME_CONFIG },
    { "InvalidVersion", 404, OUTCOME_CONFIG },
    { "InvalidProduct.NotFound", 404, OUTCOME_CONFIG },
    { "InvalidRegion.NotFound", 404, OUTCOME_CONFIG },
    { "InvalidProtocol.NeedSsl", 404, OUTCOME_CONFIG },
    { "InvalidProtocol.NeedSsl", 400, OUTCOME_CONFIG },
    { "UnsupportedHTTPMethod", 400, OUTCOME_CONFIG },
    { "UnsupportedHTTPMethod", 403, OUTCOME_CONFIG },
    { "InsufficientBalance", 400, OUTCOME_CONFIG },
    { "MissingPlaybookUuid", 400, OUTCOME_CONFIG },
    { "InvalidPlaybookUuid", 400, OUTCOME_CONFIG },
    { "InvalidPlaybookUuid.NotFound", 400, OUTCOME_CONFIG },
    { "MissingNodeName", 400, OUTCOME_CONFIG },
    { "InvalidNodeName", 400, OUTCOME_CONFIG },
    { "MissingComponentName", 400, OUTCOME_CONFIG },
    { "InvalidComponentName", 400, OUTCOME_CONFIG },
    { "MissingActionName", 400, OUTCOME_CONFIG },
    { "InvalidActionName", 400, OUTCOME_CONFIG },
    { "MissingRoleType", 400, OUTCOME_CONFIG },
    { "InvalidRoleType", 400, OUTCOME_CONFIG },
    { "MissingRoleFor", 400, OUTCOME_CONFIG },
    { "InvalidRoleFor", 400, OUTCOME_CONFIG },
    { "MissingParameter", 400, OUTCOME_REJECTED },
    { "MissingAliuid", 400, OUTCOME_REJECTED },
    { "MissingEventId", 400, OUTCOME_REJECTED },
    { "InvalidParameter", 400, OUTCOME_REJECTED },
    { "InvalidParameter.Format", 400, OUTCOME_REJECTED },
    { "InvalidParameter.Accept", 400, OUTCOME_REJECTED },
    { "InvalidEventId", 400, OUTCOME_REJECTED },
    { "InvalidChannelTypeList", 400, OUTCOME_REJECTED },
    { "ContentLengthDoesNotMatch", 400, OUTCOME_REJECTED },
    { "ContentMD5NotMatched", 400, OUTCOME_REJECTED },
    { "NeverHeardOf", 400, OUTCOME_REJECTED },
    { "NeverHeardOf", 401, OUTCOME_AUTH },
    { "NeverHeardOf", 403, OUTCOME_AUTH },
    { "NeverHeardOf", 404, OUTCOME_CONFIG },
    { "NeverHeardOf", 408, OUTCOME_NOT_EXECUTED },
    { "NeverHeardOf", 414, OUTCOME_TOO_LARGE },
    { "NeverHeardOf", 500, OUTCOME_IN_DOUBT },
    { "NeverHeardOf", 503, OUTCOME_NOT_EXECUTED },
    { "InvalidNeverHeardOf", 500, OUTCOME_IN_DOUBT },
    { "InvalidNeverHeardOf", 403, OUTCOME_AUTH },
    { "OK", 500, OUTCOME_IN_DOUBT },
};

Test(soar_judge, every_code_in_every_form_of_an_error_body)
{
    static const struct {
        const char *before, *after;
    } forms[] = {
        { "{\"RequestId\":\"" REQUEST_ID "\",\"HostId\":\"h\",\"Code\":\"", "\",\"Message\":\"m\",\"Recommend\":\"r\"}" },
        { "{\"requestId\":\"" REQUEST_ID "\",\"code\":\"", "\",\"message\":\"m\"}" },
        { "<?xml version='1.0' encoding='UTF-8'?>\n<Error><RequestId>" REQUEST_ID "</RequestId><HostId>h</HostId><Code>",
          "</Code><Message>m</Message><Recommend><![CDATA[https://error-center.aliyun.com]]></Recommend></Error>" },
        { " \r\n\t<Error><RequestId>" REQUEST_ID "</RequestId><Code>", "</Code></Error>" },
    };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        for (size_t form = 0; form < sizeof(forms) / sizeof(forms[0]); form++) {
            char body[512];
            snprintf(body, sizeof(body), "%s%s%s", forms[form].before, codes[i].code, forms[form].after);
            struct verdict verdict = judged(answered(codes[i].status, body));
            cr_expect_eq(verdict.outcome, codes[i].outcome, "%d %s: %s", codes[i].status, body, outcome_name(verdict.outcome));
            cr_expect_str_eq(verdict.code, codes[i].code);
            cr_expect_str_eq(verdict.request_id, REQUEST_ID);
            cr_expect_eq(verdict.status, codes[i].status);
        }
    }
}

Test(soar_judge, without_a_code_the_status_decides)
{
    static const char *const bodies[] = {
        "", "<html>Bad Gateway</html>", "oops", "{\"RequestId\":\"x\"}", "{\"Code\":\"Inte", "[1]", "{}"};
    for (int status = 100; status < 1000; status++) {
        enum outcome expected = OUTCOME_IN_DOUBT;
        if (status >= 300 && status < 400)
            expected = OUTCOME_CONFIG;
        else if (status >= 400 && status < 500)
            expected = OUTCOME_REJECTED;
        if (status == 401 || status == 403)
            expected = OUTCOME_AUTH;
        if (status == 402 || status == 404 || status == 405 || status == 407 || status == 415)
            expected = OUTCOME_CONFIG;
        if (status == 408 || status == 425 || status == 503)
            expected = OUTCOME_NOT_EXECUTED;
        if (status == 413 || status == 414)
            expected = OUTCOME_TOO_LARGE;
        if (status == 429)
            expected = OUTCOME_THROTTLED;
        for (size_t b = 0; b < sizeof(bodies) / sizeof(bodies[0]); b++) {
            enum outcome known = b == 3 && status >= 200 && status < 300 ? OUTCOME_DELIVERED : expected;
            cr_expect_eq(judged(answered(status, bodies[b])).outcome, known, "%d %s", status, bodies[b]);
        }
    }
}

Test(soar_judge, x_acs_retry_after_on_an_error_is_throttling_whatever_the_code)
{
    static const struct {
        const char *value;
        int64_t ms;
    } rows[] = {
        { "300", 300 }, { "1", 1 }, { "0", 0 }, { "-5", 0 }, { "", 0 }, { "soon", 0 }, { "1.5", 0 }, { " 300", 0 },
        { "99999999999999999999", 0 },
    };
    static const int statuses[] = { 400, 403, 404, 429, 500, 503, 504 };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t s = 0; s < sizeof(statuses) / sizeof(statuses[0]); s++) {
            struct reply reply = answered(statuses[s], "{\"Code\":\"InvalidAliuid\"}");
            enum outcome without = judged(reply).outcome;
            reply.acs_retry_after = slice_of(rows[i].value);
            struct verdict verdict = judged(reply);
            cr_expect_eq(verdict.outcome, rows[i].ms ? OUTCOME_THROTTLED : without, "%d \"%s\"", statuses[s], rows[i].value);
            cr_expect_eq(verdict.retry_after_ms, rows[i].ms, "%d \"%s\"", statuses[s], rows[i].value);
        }
    }
    struct reply reply = answered(200, SUCCESS);
    reply.acs_retry_after = SLICE("300");
    cr_expect_eq(judged(reply).outcome, OUTCOME_DELIVERED);
}

Test(soar_judge, retry_after_explains_a_refusal_but_never_a_500)
{
    static const struct {
        int status;
        const char *body;
        enum outcome outcome;
    } rows[] = {
        { 429, "", OUTCOME_THROTTLED },   { 503, "", OUTCOME_THROTTLED },
        { 400, "", OUTCOME_THROTTLED },   { 400, "{\"Code\":\"InvalidAliuid\"}", OUTCOME_REJECTED },
        { 500, "", OUTCOME_IN_DOUBT },    { 504, "", OUTCOME_IN_DOUBT },
        { 401, "", OUTCOME_AUTH },        { 413, "", OUTCOME_TOO_LARGE },
        { 200, SUCCESS, OUTCOME_DELIVERED },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reply reply = answered(rows[i].status, rows[i].body);
        reply.retry_after = SLICE("7");
        struct verdict verdict = judged(reply);
        cr_expect_eq(verdict.outcome, rows[i].outcome, "row %zu: %s", i, outcome_name(verdict.outcome));
        cr_expect_eq(verdict.retry_after_ms, 7000, "row %zu", i);
    }
}

Test(soar_judge, whatever_is_not_a_whole_answer_is_judged_by_how_far_the_request_came)
{
    static const char *const bodies[] = {"", SUCCESS, "{\"RequestId\":", "{\"Code\":\"Throttling.User\"}",
                                         "<Error><Code>X</Code></Error>"};
    expect_cut_rows(soar_backend.judge, bodies, sizeof(bodies) / sizeof(bodies[0]));
}

Test(soar_judge, an_error_that_overtakes_the_upload_is_read)
{
    struct reply reply = answered(413, "");
    reply.transport = TRANSPORT_RESET;
    reply.handed_over = false;
    cr_expect_eq(judged(reply).outcome, OUTCOME_TOO_LARGE);
}

Test(soar_judge, the_verdict_holds_no_message_and_only_printable_text)
{
    struct reply reply = answered(400, "{\"Code\":\"Bad\\n\\u0001C\xc3\xa9"
                                       "de\",\"Message\":\"server CanonicalRequest is [secret]\"}");
    reply.acs_request_id = SLICE("from-header");
    struct verdict verdict = judged(reply);
    cr_expect_str_eq(verdict.code, "BadCde");
    cr_expect_str_eq(verdict.request_id, "from-header");
    cr_expect_null(memmem(&verdict, sizeof(verdict), "secret", 6));
}

Test(soar_judge, a_code_longer_than_its_field_is_cut)
{
    char body[400] = "{\"Code\":\"Throttling.", expected[64];
    memset(body + strlen(body), 'x', 200);
    strcat(body, "\"}");
    struct verdict verdict = judged(answered(400, body));
    memset(expected, 'x', 63);
    memcpy(expected, "Throttling.", 11);
    expected[63] = '\0';
    cr_expect_str_eq(verdict.code, expected);
    cr_expect_eq(verdict.outcome, OUTCOME_THROTTLED);
}

Test(soar_judge, the_largest_reply_is_read_and_nothing_larger)
{
    static char body[REPLY_BYTES_MAX + 1];
    struct reply reply = answered(200, "");
    reply.body = (struct slice){ body, REPLY_BYTES_MAX };
    cr_expect_leq(json_arena_bytes(REPLY_BYTES_MAX), (size_t)REPLY_ARENA_BYTES);
    memset(body, ' ', sizeof(body));
    memcpy(body, "{\"RequestId\":\"x\",\"Data\":\"", 25);
    memset(body + 25, 'd', REPLY_BYTES_MAX - 27);
    memcpy(body + REPLY_BYTES_MAX - 2, "\"}", 2);
    cr_expect_eq(judged(reply).outcome, OUTCOME_DELIVERED);
    reply.body.size++;
    cr_expect_eq(judged(reply).outcome, OUTCOME_IN_DOUBT);
}

Test(soar_judge, a_reply_full_of_values_is_read_too)
{
    static char body[REPLY_BYTES_MAX];
    struct reply reply = answered(200, "");
    int size = sprintf(body, "{\"RequestId\":\"x\",\"Data\":[1");
    for (int i = 0; i < 16000; i++)
        size += sprintf(body + size, ",1");
    size += sprintf(body + size, "]}");
    reply.body = (struct slice){ body, (size_t)size };
    cr_expect_eq(judged(reply).outcome, OUTCOME_DELIVERED);
}

Test(outcome, each_has_a_name)
{
    static const char *const names[] = { "delivered", "not_sent", "not_executed", "throttled", "in_doubt",
                                         "rejected",  "too_large", "auth",        "config" };
    for (int i = 0; i < OUTCOME_COUNT; i++)
        cr_expect_str_eq(outcome_name((enum outcome)i), names[i]);
}

Test(outcome, retry_after_is_seconds_or_a_date_against_the_servers_own)
{
    static const struct {
        const char *retry_after, *date;
        int64_t ms;
    } rows[] = {
        { "120", NULL, 120000 },
        { "0", NULL, 0 },
        { "", NULL, 0 },
        { "-1", NULL, 0 },
        { "1.5", NULL, 0 },
        { "9999999999999", NULL, 0 },
        { "Fri, 02 Jan 2026 03:04:35 GMT", "Fri, 02 Jan 2026 03:04:05 GMT", 30000 },
        { "Thu, 01 Jan 2026 00:00:01 GMT", "Wed, 31 Dec 2025 23:59:59 GMT", 2000 },
        { "Fri, 02 Jan 2026 03:04:05 GMT", "Fri, 02 Jan 2026 03:04:35 GMT", 0 },
        { "Fri, 02 Jan 2026 03:04:35 GMT", NULL, 0 },
        { "Fri, 02 Jan 2026 03:04:35 GMT", "now", 0 },
        { "Fri, 02 Jat 2026 03:04:35 GMT", "Fri, 02 Jan 2026 03:04:05 GMT", 0 },
        { "Fri, 02 anF 2026 03:04:35 GMT", "Fri, 02 Jan 2026 03:04:05 GMT", 0 },
        { "Fri, 02 Ja 2026 03:04:35  GMT", "Fri, 02 Jan 2026 03:04:05 GMT", 0 },
        { "Fri, 02 Jan 2026 03-04-35 GMT", "Fri, 02 Jan 2026 03:04:05 GMT", 0 },
        { "Fri, 99 Jan 2026 03:04:35 GMT", "Fri, 02 Jan 2026 03:04:05 GMT", 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reply reply = { .retry_after = slice_of(rows[i].retry_after), .date = slice_of(rows[i].date) };
        cr_expect_eq(retry_after_ms(&reply), rows[i].ms, "row %zu: %lld", i, (long long)retry_after_ms(&reply));
    }
    cr_expect_eq(retry_after_ms(&(struct reply){ 0 }), 0);
}

/* test_notice_judge.c: every code of the portal and the gateway, every status, every kind of body. */
#include "codecs/notice.h"
#include "tests/codecs/judging.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define SUCCESS "{\"code\":0,\"message\":\"\",\"data\":{\"success\":true}}"

static struct verdict
judged(int status, const char *body)
{
    struct reply reply = answered(status, body);
    struct verdict verdict;
    notice_backend.judge(&reply, &verdict);
    return verdict;
}

Test(notice_judge, a_success_is_code_0_or_200_with_data_that_is_true)
{
    static const struct {
        const char *body;
        enum outcome outcome;
    } rows[] = {
        { SUCCESS, OUTCOME_DELIVERED },
        { "{\"code\":200,\"data\":{\"success\":true}}", OUTCOME_DELIVERED },
        { "{\"code\":0,\"data\":true}", OUTCOME_DELIVERED },
        { "{\"code\":\"0\",\"data\":true}", OUTCOME_DELIVERED },
        { "{\"code\":0,\"data\":false}", OUTCOME_NOT_EXECUTED },
        { "{\"code\":200,\"data\":{\"success\":false}}", OUTCOME_NOT_EXECUTED },
        { "{\"code\":0}", OUTCOME_IN_DOUBT },
        { "{\"code\":0,\"data\":null}", OUTCOME_IN_DOUBT },
        { "{\"code\":0,\"data\":{}}", OUTCOME_IN_DOUBT },
        { "{\"code\":0,\"data\":\"true\"}", OUTCOME_IN_DOUBT },
        { "{\"code\":0,\"data\":{\"success\":1}}", OUTCOME_IN_DOUBT },
        { "{\"data\":true}", OUTCOME_IN_DOUBT },
        { "{\"status\":0,\"data\":true}", OUTCOME_IN_DOUBT },
        { "{\"code\":null,\"data\":true}", OUTCOME_IN_DOUBT },
        { "{\"code\":1,\"data\":true}", OUTCOME_IN_DOUBT },
        { "{}", OUTCOME_IN_DOUBT },
        { "[" SUCCESS "]", OUTCOME_IN_DOUBT },
        { "true", OUTCOME_IN_DOUBT },
        { "", OUTCOME_IN_DOUBT },
        { "<html>ok</html>", OUTCOME_IN_DOUBT },
        { SUCCESS "x", OUTCOME_IN_DOUBT },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct verdict verdict = judged(200, rows[i].body);
        cr_expect_eq(verdict.outcome, rows[i].outcome, "%s: %s", rows[i].body, outcome_name(verdict.outcome));
    }
}

Test(notice_judge, a_success_cut_anywhere_is_in_doubt)
{
    for (size_t size = 0; size < strlen(SUCCESS); size++) {
        struct reply reply = answered(200, SUCCESS);
        struct verdict verdict;
        reply.body.size = size;
        notice_backend.judge(&reply, &verdict);
        cr_expect_eq(verdict.outcome, OUTCOME_IN_DOUBT, "%zu bytes", size);
    }
}

/* Of the app-portal list: each as n, as 31000 + n and as 99000 + n. */
static const struct {
    int n;
    const char *message;
    enum outcome outcome;
} portal[] = {
    { 400, "parameter.invalid.messageId", OUTCOME_REJECTED },
    { 401, "unauthenticated", OUTCOME_AUTH },
    { 403, "permission.denied", OUTCOME_AUTH },
    { 404, "user.not.exist", OUTCOME_REJECTED },
    { 404, "organization.user.not.exist", OUTCOME_REJECTED },
    { 404, "organization.not.exist", OUTCOME_CONFIG },
    { 404, "Organization.not.exist", OUTCOME_CONFIG },
    { 404, "", OUTCOME_REJECTED },
    { 405, "Method Not Allowed", OUTCOME_CONFIG },
    { 408, "message.already.existed", OUTCOME_NOT_EXECUTED },
    { 409, "conflict", OUTCOME_REJECTED },
    { 410, "cache.token.expired", OUTCOME_AUTH },
    { 410, "invitation.expired", OUTCOME_REJECTED },
    { 413, "Request Body Too Large", OUTCOME_TOO_LARGE },
    { 415, "messages.out.range", OUTCOME_TOO_LARGE },
    { 429, "message.produce.exhausted", OUTCOME_THROTTLED },
    { 430, "Result size too large", OUTCOME_REJECTED },
    { 432, "user.too.many", OUTCOME_TOO_LARGE },
    { 497, "App Signature Checked Fail", OUTCOME_AUTH },
    { 498, "App Api Permission Denied", OUTCOME_CONFIG },
    { 499, "Client Error", OUTCOME_REJECTED },
    { 500, "system.internal.error", OUTCOME_IN_DOUBT },
    { 501, "Not Implemented", OUTCOME_IN_DOUBT },
    { 503, "Service Unavailable", OUTCOME_NOT_EXECUTED },
    { 504, "timeout", OUTCOME_IN_DOUBT },
    { 512, "organization unselected", OUTCOME_CONFIG },
    { 601, "Unsupported Operation", OUTCOME_IN_DOUBT },
    { 701, "data service", OUTCOME_IN_DOUBT },
    { 702, "data service", OUTCOME_IN_DOUBT },
};

Test(notice_judge, every_code_of_the_portal_in_each_family)
{
    static const int families[] = { 0, 31000, 99000 };
    for (size_t i = 0; i < sizeof(portal) / sizeof(portal[0]); i++) {
        for (size_t f = 0; f < 3; f++) {
            char body[256], code[16];
            snprintf(code, sizeof(code), "%d", portal[i].n + families[f]);
            for (int quoted = 0; quoted < 2; quoted++) {
                snprintf(body, sizeof(body), "{\"code\":%s%s%s,\"message\":\"%s\",\"data\":null}", quoted ? "\"" : "", code,
                         quoted ? "\"" : "", portal[i].message);
                struct verdict verdict = judged(200, body);
                cr_expect_eq(verdict.outcome, portal[i].outcome, "%s: %s", body, outcome_name(verdict.outcome));
                cr_expect_str_eq(verdict.code, code);
            }
        }
    }
}

Test(notice_judge, every_code_of_the_gateway_under_each_name)
{
    static const struct {
        int code;
        enum outcome outcome;
    } rows[] = {
        {1001, OUTCOME_NOT_EXECUTED}, {1002, OUTCOME_AUTH},      {1003, OUTCOME_AUTH},   {1004, OUTCOME_AUTH},
        {1005, OUTCOME_IN_DOUBT},     {1202, OUTCOME_AUTH},      {1203, OUTCOME_AUTH},   {1204, OUTCOME_AUTH},
        {4011, OUTCOME_AUTH},         {4012, OUTCOME_AUTH},      {-1, OUTCOME_IN_DOUBT}, {9999, OUTCOME_IN_DOUBT},
        {31200, OUTCOME_IN_DOUBT},    {31000, OUTCOME_IN_DOUBT},
    };
    static const char *const names[] = { "code", "status", "apim_status" };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t k = 0; k < 3; k++) {
            char body[128], code[16];
            snprintf(code, sizeof(code), "%d", rows[i].code);
            snprintf(body, sizeof(body), "{\"%s\":%s,\"msg\":\"m\",\"requestId\":\"r-1\"}", names[k], code);
            struct verdict verdict = judged(200, body);
            cr_expect_eq(verdict.outcome, rows[i].outcome, "%s: %s", body, outcome_name(verdict.outcome));
            cr_expect_str_eq(verdict.code, code);
            cr_expect_str_eq(verdict.request_id, "r-1");
        }
    }
}

Test(notice_judge, an_error_status_decides_unless_the_body_has_a_code_of_its_own)
{
    static const struct {
        int status;
        const char *body;
        enum outcome outcome;
    } rows[] = {
        { 400, "{\"message\":\"Cannot process request body\"}", OUTCOME_REJECTED },
        { 401, "{\"message\":\"Invalid authentication credentials\"}", OUTCOME_AUTH },
        { 403, "{\"message\":\"Your IP address is not allowed\"}", OUTCOME_AUTH },
        { 413, "{\"message\":\"Request size limit exceeded\"}", OUTCOME_TOO_LARGE },
        { 429, "{\"message\":\"API rate limit exceeded\"}", OUTCOME_THROTTLED },
        { 500, "{\"message\":\"An unexpected error occurred\"}", OUTCOME_IN_DOUBT },
        { 503, "{\"message\":\"Service unavailable\"}", OUTCOME_NOT_EXECUTED },
        { 400, "{\"code\":31400,\"message\":\"parameter.invalid.x\"}", OUTCOME_REJECTED },
        { 400, "{\"code\":31415}", OUTCOME_TOO_LARGE },
        { 404, "{\"code\":31404,\"message\":\"user.not.exist\"}", OUTCOME_REJECTED },
        { 404, "{\"code\":31404,\"message\":\"organization.not.exist\"}", OUTCOME_CONFIG },
        { 408, "{\"code\":31408}", OUTCOME_NOT_EXECUTED },
        { 415, "{\"code\":31415}", OUTCOME_TOO_LARGE },
        { 401, "{\"status\":1203}", OUTCOME_AUTH },
        { 400, "{\"status\":1203}", OUTCOME_AUTH },
        { 404, "{\"status\":404,\"error\":\"Not Found\",\"path\":\"/x\"}", OUTCOME_CONFIG },
        { 415, "{\"status\":415,\"error\":\"Unsupported Media Type\"}", OUTCOME_CONFIG },
        { 400, "{\"code\":77777}", OUTCOME_REJECTED },
        { 400, "{\"code\":0,\"data\":true}", OUTCOME_REJECTED },
        { 500, "{\"code\":31400}", OUTCOME_IN_DOUBT },
        { 503, "{\"code\":31400}", OUTCOME_NOT_EXECUTED },
        { 500, SUCCESS, OUTCOME_IN_DOUBT },
        { 429, "{\"code\":31400}", OUTCOME_THROTTLED },
        { 302, SUCCESS, OUTCOME_CONFIG },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct verdict verdict = judged(rows[i].status, rows[i].body);
        cr_expect_eq(verdict.outcome, rows[i].outcome, "%d %s: %s", rows[i].status, rows[i].body, outcome_name(verdict.outcome));
        cr_expect_eq(verdict.status, rows[i].status);
    }
}

Test(notice_judge, without_a_body_that_helps_every_status_has_its_outcome)
{
    static const char *const bodies[] = { "", "<html>", "{", "{\"message\":\"m\"}", "[]" };
    for (int status = 100; status < 1000; status++) {
        for (size_t b = 0; b < sizeof(bodies) / sizeof(bodies[0]); b++) {
            bool success = status >= 200 && status < 300;
            enum outcome expected = success ? OUTCOME_IN_DOUBT : outcome_of_status(status);
            cr_expect_eq(judged(status, bodies[b]).outcome, expected, "%d %s", status, bodies[b]);
        }
    }
}

Test(notice_judge, never_split_a_batch_for_a_5xx)
{
    static const char *const bodies[] = { "", "{\"code\":31400}", "{\"code\":31415}", "{\"status\":413}", "{\"code\":408}" };
    for (int status = 500; status < 600; status++) {
        for (size_t b = 0; b < sizeof(bodies) / sizeof(bodies[0]); b++) {
            enum outcome outcome = judged(status, bodies[b]).outcome;
            cr_expect(outcome != OUTCOME_REJECTED && outcome != OUTCOME_TOO_LARGE, "%d %s", status, bodies[b]);
        }
    }
}

Test(notice_judge, retry_after_is_kept_and_explains_a_refusal)
{
    static const struct {
        int status;
        const char *body;
        enum outcome outcome;
    } rows[] = {
        { 429, "", OUTCOME_THROTTLED },     { 503, "", OUTCOME_THROTTLED },
        { 400, "", OUTCOME_THROTTLED },     { 400, "{\"code\":31400}", OUTCOME_REJECTED },
        { 200, "{\"code\":31429}", OUTCOME_THROTTLED },
        { 500, "", OUTCOME_IN_DOUBT },      { 200, SUCCESS, OUTCOME_DELIVERED },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reply reply = answered(rows[i].status, rows[i].body);
        struct verdict verdict;
        reply.retry_after = SLICE("3");
        notice_backend.judge(&reply, &verdict);
        cr_expect_eq(verdict.outcome, rows[i].outcome, "row %zu: %s", i, outcome_name(verdict.outcome));
        cr_expect_eq(verdict.retry_after_ms, 3000, "row %zu", i);
    }
}

Test(notice_judge, whatever_is_not_a_whole_answer_is_judged_by_how_far_the_request_came)
{
    static const char *const bodies[] = { "", SUCCESS, "{\"code\":0,\"da", "{\"code\":31400}", "{\"status\":1203}" };
    expect_cut_rows(notice_backend.judge, bodies, sizeof(bodies) / sizeof(bodies[0]));
}

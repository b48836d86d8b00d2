/* test_check_backends.c: what is said of a backend's answers. */
#include "tests/cmd/judged.h"

#include <criterion/criterion.h>

static struct inquiry seen;
static struct findings findings;

static struct inquiry_call
answer(enum outcome outcome, int status, const char *code)
{
    struct inquiry_call call = { .asked = true, .answered = true, .transport = TRANSPORT_OK, .dated = true,
                                 .verdict = { .outcome = outcome, .status = status } };
    strcpy(call.verdict.code, code);
    return call;
}

static void
good(void)
{
    seen = (struct inquiry){
        .keys = KEYS_HAD,
        .calls = { answer(OUTCOME_DELIVERED, 200, ""), answer(OUTCOME_DELIVERED, 200, "") },
        .playbook = { .uuid = "uuid-1", .found = true, .active = true },
        .templates = { .n = 3, .kinds = 7 },
        .token = TOKEN_OK,
        .token_life_s = 7200,
    };
}

enum { SOAR, PORTAL };      /* targets of judged_config() */

static const char *
judge(uint32_t target, const char *check)
{
    findings_free(&findings);
    judge_backend(&findings, judged_config(), target, &seen);
    return judged_text(&findings, check);
}

Test(check_backends, good_answers_pass_in_everything)
{
    static const uint32_t rows[] = { 4, 2 };     /* key, clock, playbook, templates; key, clock */
    for (uint32_t target = SOAR; target <= PORTAL; target++) {
        good();
        judge(target, "");
        cr_expect_eq(findings.n, rows[target], "target %u: %u", target, findings.n);
        for (uint32_t i = 0; i < findings.n; i++)
            cr_expect_eq(findings.at[i].status, FINDING_PASS, "%s: %s", findings.at[i].check, findings.at[i].detail);
    }
}

Test(check_backends, keys_that_are_not_had_are_told_by_why)
{
    static const struct {
        enum inquiry_keys keys;
        const char *told;
    } rows[] = {
        { KEYS_WAITED, "fail 69" }, { KEYS_AWAY, "fail 69" }, { KEYS_REFUSED, "fail 77" }, { KEYS_UNUSABLE, "fail 78" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        good();
        seen.keys = rows[i].keys;
        cr_expect_str_eq(judge(SOAR, "target.credentials"), rows[i].told, "row %zu", i);
        cr_expect_eq(findings.n, 1, "row %zu", i);
    }
}

Test(check_backends, the_first_answer_of_soar_says_whether_the_key_is_accepted)
{
    static const struct {
        enum outcome outcome;
        int status;
        const char *code, *key, *playbook;
    } rows[] = {
        { OUTCOME_DELIVERED, 200, "", "pass", "pass" },
        { OUTCOME_AUTH, 403, "NoPermission", "pass", "warn" },
        { OUTCOME_AUTH, 403, "Forbidden.RAM", "pass", "warn" },
        { OUTCOME_AUTH, 403, "", "pass", "warn" },
        { OUTCOME_AUTH, 403, "SignatureDoesNotMatch", "fail 77", "none" },
        { OUTCOME_AUTH, 400, "SignatureDoesNotMatch", "fail 77", "none" },
        { OUTCOME_AUTH, 404, "InvalidAccessKeyId.NotFound", "fail 77", "none" },
        { OUTCOME_AUTH, 400, "InvalidSecurityToken.Expired", "fail 77", "none" },
        { OUTCOME_AUTH, 400, "InvalidTimeStamp.Expired", "fail 77", "none" },
        { OUTCOME_AUTH, 401, "", "fail 77", "none" },
        { OUTCOME_CONFIG, 400, "InvalidPlaybookUuid", "pass", "fail 78" },
        { OUTCOME_CONFIG, 404, "InvalidAction.NotFound", "fail 78", "none" },
        { OUTCOME_CONFIG, 404, "", "fail 78", "none" },
        { OUTCOME_THROTTLED, 400, "Throttling.User", "warn", "none" },
        { OUTCOME_IN_DOUBT, 500, "InternalError", "fail 69", "none" },
        { OUTCOME_NOT_EXECUTED, 503, "ServiceUnavailable", "fail 69", "none" },
        { OUTCOME_IN_DOUBT, 200, "", "fail 69", "none" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        good();
        seen.calls[SOAR_PLAYBOOKS] = answer(rows[i].outcome, rows[i].status, rows[i].code);
        cr_expect_str_eq(judge(SOAR, "target.credentials"), rows[i].key, "row %zu", i);
        cr_expect_str_eq(judged_text(&findings, "target.playbook"), rows[i].playbook, "row %zu", i);
    }
}

Test(check_backends, a_playbook_is_unknown_off_or_on)
{
    good();
    seen.playbook.active = false;
    cr_expect_str_eq(judge(SOAR, "target.playbook"), "warn");
    seen.playbook.found = false;
    cr_expect_str_eq(judge(SOAR, "target.playbook"), "fail 78");
    cr_expect(strstr(judged_one(&findings, "target.playbook")->detail, "uuid-1"));
}

Test(check_backends, templates_are_wanted_for_the_kinds_that_are_routed_there)
{
    good();
    seen.templates.kinds = 1u << EVENT_INCIDENT_GENERATED;
    cr_expect_str_eq(judge(SOAR, "target.templates"), "pass", "no other kind is routed there");
    seen.templates.kinds = 1u << EVENT_INCIDENT_UPDATED;
    cr_expect_str_eq(judge(SOAR, "target.templates"), "warn");
    cr_expect(strstr(judged_one(&findings, "target.templates")->detail, "yundun_soar_incident_generate"));
    good();
    seen.calls[SOAR_TEMPLATES] = answer(OUTCOME_AUTH, 403, "NoPermission");
    cr_expect_str_eq(judge(SOAR, "target.templates"), "warn");
    good();
    seen.calls[SOAR_TEMPLATES] = (struct inquiry_call){ .asked = true };
    cr_expect_str_eq(judge(SOAR, "target.templates"), "warn", "the key is accepted, the list was not seen");
    cr_expect_eq(findings_code(&findings), EXIT_DONE);
}

Test(check_backends, no_answer_is_a_dependency_that_is_away)
{
    static const struct inquiry_call rows[] = {
        { .asked = true },
        { .asked = true, .answered = true, .transport = TRANSPORT_CONNECT },
        { .asked = true, .answered = true, .transport = TRANSPORT_TIMEOUT },
        { .asked = true, .answered = true, .transport = TRANSPORT_RESET },
        { .asked = true, .answered = true, .transport = TRANSPORT_BROKEN, .verdict = { .status = 200 } },
        { .asked = true, .answered = true, .transport = TRANSPORT_ABORTED },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (uint32_t target = SOAR; target <= PORTAL; target++) {
            good();
            seen.calls[0] = rows[i];
            cr_expect_str_eq(judge(target, "target.credentials"), "fail 69", "row %zu, target %u", i, target);
            cr_expect_eq(findings.n, 1, "row %zu", i);
        }
}

Test(check_backends, a_clock_is_told_when_it_is_off_by_more_than_half_a_minute)
{
    static const struct {
        int64_t skew_ms;
        const char *told, *text;
    } rows[] = { { 30000, "pass", "agrees" }, { 31000, "warn", "31s ahead" }, { -31000, "warn", "31s behind" } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        good();
        seen.calls[0].skew_ms = rows[i].skew_ms;
        cr_expect_str_eq(judge(PORTAL, "target.clock"), rows[i].told, "row %zu", i);
        cr_expect(strstr(judged_one(&findings, "target.clock")->detail, rows[i].text), "row %zu", i);
    }
    seen.calls[0].dated = false;
    cr_expect_str_eq(judge(PORTAL, "target.clock"), "none");
}

Test(check_backends, the_token_call_says_whether_app_key_and_secret_are_accepted)
{
    static const struct {
        enum token_result token;
        int status, code;
        const char *told;
    } rows[] = {
        { TOKEN_OK, 200, 0, "pass" },           { TOKEN_REFUSED, 200, 1002, "fail 77" },
        { TOKEN_REFUSED, 200, 1003, "fail 77" }, { TOKEN_REFUSED, 401, 0, "fail 77" },
        { TOKEN_REFUSED, 404, 0, "fail 78" },    { TOKEN_REFUSED, 302, 0, "fail 78" },
        { TOKEN_AGAIN, 503, 0, "fail 69" },      { TOKEN_AGAIN, 200, 1005, "fail 69" },
        { TOKEN_GET_INSTEAD, 200, 1204, "fail 69" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        good();
        seen.calls[0].verdict.status = rows[i].status;
        seen.token = rows[i].token;
        seen.token_code = rows[i].code;
        cr_expect_str_eq(judge(PORTAL, "target.credentials"), rows[i].told, "row %zu", i);
    }
}

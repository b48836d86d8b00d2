/* test_soar.c: SOAR's gateway: each check's code, each knob, and what the ledger says. */
#include "tests/simulators/client.h"

#include <stdio.h>

Test(soar, a_good_call_is_carried_out_and_written_down)
{
    begin();
    cr_assert_eq(send_incident("inc-7"), 200, "%s", body());
    cr_expect(body_has("\"RequestId\":\"") && body_has("\"Data\":\"{}\"") && body_has("\"TotalCount\""));
    cr_expect(head_has("x-acs-request-id: ") && head_has("application/json;charset=utf-8"));
    cr_expect(head_has("Date: Fri, 02 Jan 2026 03:00:00 GMT"));
    cr_assert_eq(executions(), 1);
    const struct execution *sent = execution(0);
    cr_expect(text_is(sent->subject, "inc-7") && text_is(sent->name, "name of inc-7"));
    cr_expect(text_is(sent->user, "1467890000733152") && text_is(sent->scope, "yundun_soar_incident_generate"));
    cr_expect(text_is(sent->nonce, "00000000000000000000000000000001"));
    cr_expect_eq(sent->attempt, 1);
    cr_expect_eq(sent->wall_ms, client.now_ms);
}

Test(soar, the_same_content_again_is_a_second_execution_of_one_id)
{
    begin();
    send_incident("a");
    send_incident("b");
    send_incident("a");
    cr_assert_eq(executions(), 3);
    cr_expect_eq(execution(2)->attempt, 2);
    cr_expect(slice_eq(execution(0)->id, execution(2)->id));
    cr_expect_not(slice_eq(execution(0)->id, execution(1)->id));
    cr_expect_eq(stats()->distinct[API_SOAR], 2);
    cr_expect_eq(stats()->repeated[API_SOAR], 1);
}

Test(soar, every_check_answers_with_its_own_code)
{
    static const struct {
        const char *what, *name, *value, *code;
        int status;
    } rows[] = {
        { "parameter", "ActionName", NULL, "MissingActionName", 400 },
        { "parameter", "Aliuid", "", "MissingAliuid", 400 },
        { "parameter", "ComponentName", NULL, "MissingComponentName", 400 },
        { "parameter", "EventId", NULL, "MissingEventId", 400 },
        { "parameter", "NodeName", NULL, "MissingNodeName", 400 },
        { "parameter", "PlaybookUuid", NULL, "MissingPlaybookUuid", 400 },
        { "parameter", "EventId", "other", "InvalidEventId", 400 },
        { "parameter", "Lang", "fr", "InvalidLang", 400 },
        { "parameter", "RoleType", "2", "InvalidRoleType", 400 },
        { "parameter", "RoleFor", "12x", "InvalidRoleFor", 400 },
        { "parameter", "ChannelTypeList.1", "fax", "InvalidChannelTypeList", 400 },
        { "parameter", "ChannelTypeList.x", "sms", "InvalidChannelTypeList", 400 },
        { "parameter", "Params", "{\"a\"", "InvalidParams", 400 },
        { "parameter", "Params", "[1]", "InvalidParams", 400 },
        { "secret", NULL, "wrong", "SignatureDoesNotMatch", 400 },
        { "key", NULL, "nobody", "InvalidAccessKeyId.NotFound", 404 },
        { "token", NULL, "unasked", "InvalidSecurityToken.Malformed", 400 },
        { "action", NULL, "RunSomething", "InvalidAction.NotFound", 404 },
        { "version", NULL, "2014-05-26", "InvalidVersion", 400 },
        { "method", NULL, "PUT", "UnsupportedHTTPMethod", 400 },
        { "path", NULL, "/elsewhere", "InvalidApi.NotFound", 404 },
        { "nonce", NULL, "", "MissingParameter", 400 },
        { "authorization", NULL, "", "IncompleteSignature", 400 },
        { "authorization", NULL, "Bearer x", "IncompleteSignature", 400 },
        { "body", NULL, "x", "SignatureDoesNotMatch", 400 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct soar call = soar();
        const char *what = rows[i].what, *value = rows[i].value;
        begin();
        if (rows[i].name)
            with(&call, rows[i].name, value);
        call.secret = strcmp(what, "secret") ? call.secret : value;
        call.key = strcmp(what, "key") ? call.key : value;
        call.token = strcmp(what, "token") ? call.token : value;
        call.action = strcmp(what, "action") ? call.action : value;
        call.version = strcmp(what, "version") ? call.version : value;
        call.method = strcmp(what, "method") ? call.method : value;
        call.path = strcmp(what, "path") ? call.path : value;
        call.nonce = strcmp(what, "nonce") ? call.nonce : value;
        call.authorization = strcmp(what, "authorization") ? call.authorization : value;
        call.body = strcmp(what, "body") ? call.body : value;
        cr_expect_eq(send_soar(&call), rows[i].status, "row %zu: %d", i, client.reply.status);
        cr_expect(code_is(rows[i].code), "row %zu: %s", i, body());
        cr_expect_eq(executions(), 0, "row %zu", i);
    }
}

Test(soar, the_date_may_be_fifteen_minutes_off)
{
    struct soar call = soar();
    begin();
    call.skew_ms = -900000;
    cr_expect_eq(send_soar(&call), 200);
    call.skew_ms = 901000;
    cr_expect_eq(send_soar(&call), 400);
    cr_expect(code_is("InvalidTimeStamp.Expired"));
    knob("max_skew=1h");
    cr_expect_eq(send_soar(&call), 200);
    knob("clock_offset=2h");
    cr_expect_eq(send_soar(&call), 400);
    cr_expect(code_is("InvalidTimeStamp.Expired"));
    call.skew_ms = 7200000;
    cr_expect_eq(send_soar(&call), 200);
}

Test(soar, a_nonce_is_taken_once_within_its_life)
{
    struct soar call = soar();
    begin();
    call.nonce = "n-1";
    cr_expect_eq(send_soar(&call), 200);
    cr_expect_eq(send_soar(&call), 400);
    cr_expect(code_is("SignatureNonceUsed"));
    client.now_ms += 1860 * 1000 - 1;
    cr_expect_eq(send_soar(&call), 400);
    client.now_ms += 1;
    cr_expect_eq(send_soar(&call), 200);
    knob("nonce_check=off");
    cr_expect_eq(send_soar(&call), 200);
}

Test(soar, per_node_a_nonce_passes_on_another_node)
{
    struct soar call = soar();
    unsigned passed = 0;
    begin();
    knob("nonce_check=per_node");
    knob("nonce_nodes=4");
    call.nonce = "n-1";
    for (int i = 0; i < 40; i++)
        passed += send_soar(&call) == 200;
    cr_expect(passed > 1 && passed <= 8, "%u of 40", passed);
}

Test(soar, a_refused_signature_or_date_does_not_use_up_the_nonce)
{
    struct soar call = soar();
    begin();
    call.nonce = "n-1";
    call.secret = "wrong";
    cr_expect_eq(send_soar(&call), 400);
    cr_expect(body_has("server StringToSign is [ACS3-HMAC-SHA256\\n"));
    call.secret = "testsecret";
    with(&call, "Lang", "xx");
    cr_expect_eq(send_soar(&call), 400);
    with(&call, "Lang", "en");
    cr_expect_eq(send_soar(&call), 400);
    cr_expect(code_is("SignatureNonceUsed"), "the one with the bad parameter did");
}

Test(soar, the_rate_is_a_bucket_that_says_when_to_come_again)
{
    struct soar call = soar();
    begin();
    knob("rate=10/s");
    knob("burst=2");
    cr_expect_eq(send_soar(&call), 200);
    cr_expect_eq(send_soar(&call), 200);
    call.nonce = "kept";
    cr_expect_eq(send_soar(&call), 400);
    cr_expect(code_is("Throttling.User") && head_has("x-acs-retry-after: 101\r\n"));
    client.now_ms += 101;
    cr_expect_eq(send_soar(&call), 200, "the throttled call kept its nonce");
    knob("throttle_burns_nonce=yes");
    call.nonce = "burnt";
    cr_expect_eq(send_soar(&call), 400);
    client.now_ms += 1000;
    cr_expect_eq(send_soar(&call), 400);
    cr_expect(code_is("SignatureNonceUsed"));
    knob("http.Throttling=429");
    knob("rate=1/h");
    knob("burst=1");
    call.nonce = NULL;
    send_soar(&call);
    cr_expect_eq(send_soar(&call), 429);
}

Test(soar, knobs_settle_what_is_not_documented)
{
    static const struct {
        const char *knob, *name, *value, *code;
        int status;
    } rows[] = {
        { "unknown_playbook=404 NoSuchPlaybook", "PlaybookUuid", "uuid-9", "NoSuchPlaybook", 404 },
        { "unknown_playbook=400:InvalidPlaybookUuid", "PlaybookUuid", "uuid-9", "InvalidPlaybookUuid", 400 },
        { "disabled_playbook=as_unknown", "PlaybookUuid", "uuid-off", "InvalidPlaybookUuid", 400 },
        { "disabled_playbook=ok", "PlaybookUuid", "uuid-off", "", 200 },
        { "bad_event_id=ok", "EventId", "other", "", 200 },
        { "bad_event_id=403 BadEvent", "EventId", "other", "BadEvent", 403 },
        { "params_keys=off", "Params", "{}", "", 200 },
        { "params_keys=required", "Params", "{}", "InvalidParams", 400 },
        { "permission=deny", NULL, NULL, "NoPermission", 403 },
        { "key_state=inactive", NULL, NULL, "InvalidAccessKeyId.Inactive", 400 },
        { "need_ssl=yes", NULL, NULL, "InvalidProtocol.NeedSsl", 404 },
        { "overdue=403 Forbidden.NotPurchased", NULL, NULL, "Forbidden.NotPurchased", 403 },
        { "url_max=200", NULL, NULL, "", 414 },
        { "url_max=0", NULL, NULL, "", 200 },
        { "check_order=parameters", "Aliuid", NULL, "MissingAliuid", 400 },
        { "check_order=date", "Aliuid", NULL, "", 200 },
    };
    static const char *const playbooks[] = { "uuid-1", "-uuid-off" };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct soar call = soar();
        begin_with(&(struct sim_options){ .playbooks = playbooks, .n_playbooks = 2 });
        knob(rows[i].knob);
        if (rows[i].name)
            with(&call, rows[i].name, rows[i].value);
        cr_expect_eq(send_soar(&call), rows[i].status, "%s: %d %s", rows[i].knob, client.reply.status, body());
        cr_expect(!rows[i].code[0] || code_is(rows[i].code), "%s: %s", rows[i].knob, body());
    }
}

Test(soar, statuses_that_differ_between_lists_are_knobs)
{
    static const struct {
        const char *knob, *secret, *key, *version, *method;
        int status;
    } rows[] = {
        { "http.SignatureDoesNotMatch=403", "wrong", NULL, NULL, NULL, 403 },
        { "http.InvalidAccessKeyId.NotFound=400", NULL, "nobody", NULL, NULL, 400 },
        { "http.InvalidVersion=404", NULL, NULL, "1", NULL, 404 },
        { "http.UnsupportedHTTPMethod=403", NULL, NULL, NULL, "DELETE", 403 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct soar call = soar();
        begin();
        knob(rows[i].knob);
        call.secret = rows[i].secret ? rows[i].secret : call.secret;
        call.key = rows[i].key ? rows[i].key : call.key;
        call.version = rows[i].version ? rows[i].version : call.version;
        call.method = rows[i].method ? rows[i].method : call.method;
        cr_expect_eq(send_soar(&call), rows[i].status, "%s", rows[i].knob);
    }
    struct soar call = soar();
    begin();
    knob("need_ssl=yes");
    knob("http.InvalidProtocol.NeedSsl=400");
    cr_expect_eq(send_soar(&call), 400);
    knob("url_max=100");
    knob("url_status=413");
    cr_expect_eq(send_soar(&call), 413);
}

Test(soar, error_bodies_come_in_three_forms)
{
    struct soar call = soar();
    begin();
    call.secret = "wrong";
    knob("error_format=json_lower_case");
    send_soar(&call);
    cr_expect(body_has("\"code\":\"SignatureDoesNotMatch\"") && body_has("\"requestId\":"));
    knob("error_format=xml");
    send_soar(&call);
    cr_expect(body_has("<Code>SignatureDoesNotMatch</Code>") && head_has("text/xml;charset=utf-8"));
    knob("error_format=json");
    call.accept = NULL;
    send_soar(&call);
    cr_expect(body_has("<Code>SignatureDoesNotMatch</Code>"), "XML is the RPC default");
    call.secret = "testsecret";
    cr_expect_eq(send_soar(&call), 200);
    cr_expect(body_has("<Data>{}</Data>"));
    with(&call, "Format", "json");
    cr_expect_eq(send_soar(&call), 200);
    cr_expect(body_has("\"Data\":\"{}\""));
}

Test(soar, the_first_check_of_the_order_speaks)
{
    struct soar call = soar();
    begin();
    call.skew_ms = 3600000;
    call.key = "nobody";
    send_soar(&call);
    cr_expect(code_is("InvalidTimeStamp.Expired"));
    knob("check_order=key,date,nonce,signature,permission,throttle,parameters");
    send_soar(&call);
    cr_expect(code_is("InvalidAccessKeyId.NotFound"));
}

Test(soar, send_delay_holds_the_reply_back)
{
    begin();
    knob("send_delay=250ms");
    cr_expect_eq(send_incident("a"), 200);
    cr_expect_eq(client.reply.delay_ms, 250);
}

Test(soar, a_security_token_must_be_the_one_of_its_key)
{
    static const char *const keys[] = { "perm:secret", "temp:secret:right-token" };
    struct soar call = soar();
    begin_with(&(struct sim_options){ .access_keys = keys, .n_access_keys = 2 });
    call.secret = "secret";
    call.key = "temp";
    call.token = "right-token";
    cr_expect_eq(send_soar(&call), 200, "%s", body());
    call.token = "wrong-token";
    send_soar(&call);
    cr_expect(code_is("InvalidSecurityToken.MismatchWithAccessKey"));
    call.token = NULL;
    send_soar(&call);
    cr_expect(code_is("MissingSecurityToken"));
    call.key = "perm";
    cr_expect_eq(send_soar(&call), 200);
}

/* The text between `before` and the next quote. */
static const char *
text_behind(const char *before, char *text, size_t size)
{
    const char *at = strstr(body(), before);
    cr_assert(at, "%s in %s", before, body());
    snprintf(text, size, "%.*s", (int)strcspn(at + strlen(before), "\""), at + strlen(before));
    return text;
}

Test(soar, credentials_from_sts_work_until_they_expire)
{
    char id[128], secret[256], token[1024];
    struct soar call = soar();
    begin();
    cr_expect_eq(raw("POST", "/?Action=AssumeRoleWithOIDC&Version=2015-04-01&Format=JSON",
                     "RoleArn=r&OIDCProviderArn=p&OIDCToken=t"), 400);
    cr_expect(code_is("MissingRoleSessionName"));
    cr_assert_eq(raw("POST", "/?Action=AssumeRoleWithOIDC&Version=2015-04-01&Format=JSON",
                     "RoleArn=r&OIDCProviderArn=p&OIDCToken=t&RoleSessionName=s&DurationSeconds=900"), 200);
    cr_expect(body_has("\"Expiration\":\"2026-01-02T03:15:00Z\""));
    call.key = text_behind("\"AccessKeyId\":\"", id, sizeof(id));
    call.secret = text_behind("\"AccessKeySecret\":\"", secret, sizeof(secret));
    call.token = text_behind("\"SecurityToken\":\"", token, sizeof(token));
    cr_expect_eq(send_soar(&call), 200, "%s", body());
    client.now_ms += 900000;
    cr_expect_eq(send_soar(&call), 400);
    cr_expect(code_is("InvalidSecurityToken.Expired"));
    cr_expect_eq(raw("GET", "/?Action=AssumeRoleWithOIDC&RoleArn=r&OIDCProviderArn=p&OIDCToken=t&RoleSessionName=s", ""), 200);
    cr_expect_eq(raw("GET", "/?Action=AssumeRoleWithOIDC&RoleArn=r&OIDCProviderArn=p&OIDCToken=t&RoleSessionName=s"
                     "&DurationSeconds=60", ""), 400);
}

Test(soar, the_metadata_stand_in_names_a_role_and_gives_its_credentials)
{
    char id[128], secret[256], token[1024];
    struct soar call = soar();
    begin();
    knob("sts_life=60");
    cr_expect_eq(raw("PUT", "/latest/api/token", ""), 200);
    cr_expect_eq(client.reply.body.size, 56);
    cr_expect_eq(raw("GET", "/latest/meta-data/ram/security-credentials/", ""), 200);
    cr_expect_str_eq(body(), "sim-role");
    cr_expect_eq(raw("GET", "/latest/meta-data/ram/security-credentials/sim-role", ""), 200);
    cr_expect(body_has("\"Code\":\"Success\"") && body_has("\"Expiration\":\"2026-01-02T03:01:00Z\""));
    call.key = text_behind("\"AccessKeyId\":\"", id, sizeof(id));
    call.secret = text_behind("\"AccessKeySecret\":\"", secret, sizeof(secret));
    call.token = text_behind("\"SecurityToken\":\"", token, sizeof(token));
    cr_expect_eq(send_soar(&call), 200);
    cr_expect_eq(raw("GET", "/credentials", ""), 200);
    cr_expect_eq(raw("GET", "/latest/meta-data/other", ""), 404);
}

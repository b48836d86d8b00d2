/* test_notice.c: the portal: the rules of a batch and of a message, and who is shown what. */
#include "tests/simulators/client.h"

#include <stdio.h>
#include <stdlib.h>

static const char PRODUCE[] = "/app-portal-service/v2.2/notice-message/produce";
/* The members of a new message to all, good by itself. */
#define TO_SOME "\"messageId\":\"m\",\"messageType\":1,\"targetType\":1,"
#define NEW "\"messageId\":\"m\",\"messageType\":1,\"targetType\":0,\"appId\":\"k\""

static const char GET[] = "/app-portal-service/v2.2/notice-message/get";

Test(notice, a_user_is_shown_an_id_once)
{
    begin();
    cr_expect_eq(produce_one("a", "[\"x\",\"y\",\"invalid-1\"]"), 0);
    cr_expect_eq(executions(), 2);
    cr_expect(text_is(execution(0)->user, "x") && text_is(execution(1)->user, "y") && text_is(execution(1)->id, "a"));
    cr_expect(text_is(execution(0)->scope, "o1"));
    cr_expect_eq(produce_one("a", "[\"x\",\"y\"]"), 0, "all filtered out is a success");
    cr_expect_eq(executions(), 2);
    cr_expect_eq(produce_one("a", "[\"x\",\"z\"]"), 0);
    cr_expect_eq(executions(), 3);
    cr_expect(text_is(execution(2)->user, "z"));
    cr_expect_eq(stats()->filtered_users, 4);
    cr_expect_eq(stats()->shown, 3);
    cr_expect_eq(stats()->distinct[API_NOTICE], 1);
    cr_expect_eq(stats()->repeated[API_NOTICE], 2);
    cr_expect_eq(portal(PRODUCE, "o2", "{\"messages\":[{\"messageId\":\"a\",\"messageType\":1,\"targetType\":1,"
                        "\"targets\":[\"x\"],\"appId\":\"k\"}]}"), 0, "another organization, another id");
    cr_expect_eq(executions(), 4);
}

Test(notice, all_users_are_one_entry_and_are_not_shown_it_again)
{
    begin();
    cr_expect_eq(produce_one("a", "[\"u2\"]"), 0);
    cr_expect_eq(produce_one("b", "all"), 0);
    cr_expect(text_is(execution(1)->user, "*"));
    cr_expect_eq(execution(1)->users, 3);
    cr_expect_eq(produce_one("b", "all"), 0);
    cr_expect_eq(produce_one("b", "[\"u1\",\"u3\"]"), 0);
    cr_expect_eq(executions(), 2);
    cr_expect_eq(stats()->shown, 4);
    cr_expect_eq(produce_one("b", "[\"guest\"]"), 0);
    cr_expect_eq(executions(), 3);
}

Test(notice, the_ledger_shows_the_title_that_was_sent_first)
{
    static const char some[] =
        "{\"messageId\":\"%s\",\"messageType\":1,\"targetType\":1,\"targets\":[\"%s\"],\"appId\":\"k\"%s}";
    static const struct {
        const char *id, *user, *header, *title;
    } rows[] = {
        { "a", "x", ",\"header\":{\"defaultValue\":\"first\"}", "first" },
        { "a", "y", ",\"header\":{\"defaultValue\":\"later\"}", "first" },
        { "b", "x", ",\"header\":{\"i18nValue\":{\"zh_CN\":\"z\",\"en_US\":\"by locale\"}}", "by locale" },
        { "c", "x", ",\"header\":{\"default\":\"flat\"}", "flat" },
        { "d", "x", "", "" },
    };
    char json[400];
    begin();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(json, sizeof(json), some, rows[i].id, rows[i].user, rows[i].header);
        cr_expect_eq(produce(json), 0, "row %zu: %s", i, body());
        cr_assert_eq(executions(), i + 1, "row %zu", i);
        cr_expect(text_is(execution(i)->name, rows[i].title), "row %zu", i);
    }
}

Test(notice, other_content_for_a_known_id_changes_nothing_and_is_counted)
{
    begin();
    cr_expect_eq(produce_one("a", "all"), 0);
    cr_expect_eq(produce_one("a", "all"), 0);
    cr_expect_eq(stats()->content_conflicts, 0);
    cr_expect_eq(produce("{\"messageId\":\"a\",\"header\":{\"defaultValue\":\"other\"}}"), 0);
    cr_expect_eq(stats()->content_conflicts, 1);
    cr_expect_eq(portal(GET, "o1", "{\"messageId\":\"a\"}"), 0);
    cr_expect(body_has("title") && !body_has("other"));
}

Test(notice, a_batch_is_taken_whole_or_not_at_all)
{
    begin();
    char two[2048];
    snprintf(two, sizeof(two), "%s,{\"messageId\":\"bad\"}", message("good", "all"));
    cr_expect_eq(produce(two), 31400);
    cr_expect(body_has("parameter.invalid.messageType"));
    cr_expect_eq(executions(), 0);
    knob("batch_atomicity=partial_then_error");
    cr_expect_eq(produce(two), 31400);
    cr_expect_eq(executions(), 1);
    cr_expect_eq(stats()->batches[2], 2);
}

Test(notice, every_rule_of_a_message_is_checked)
{
    static const struct {
        const char *json, *message;
    } rows[] = {
        { "7", "parameter.invalid.messageId" },
        { "{}", "parameter.invalid.messageId" },
        { "{\"messageId\":\"\"}", "parameter.invalid.messageId" },
        { "{\"messageId\":\"m\",\"messageType\":2,\"targetType\":0,\"appId\":\"k\"}", "parameter.invalid.messageType" },
        { "{\"messageId\":\"m\",\"messageType\":1,\"appId\":\"k\"}", "parameter.invalid.targetType" },
        { "{\"messageId\":\"m\",\"messageType\":1,\"targetType\":2,\"appId\":\"k\"}", "parameter.invalid.targetType" },
        { "{" TO_SOME "\"appId\":\"k\"}", "parameter.invalid.targets" },
        { "{" TO_SOME "\"targets\":[],\"appId\":\"k\"}", "parameter.invalid.targets" },
        { "{" TO_SOME "\"targets\":[1],\"appId\":\"k\"}", "parameter.invalid.targets" },
        { "{" TO_SOME "\"targets\":\"u1\",\"appId\":\"k\"}", "parameter.invalid.targets" },
        { "{\"messageId\":\"m\",\"messageType\":1,\"targetType\":0}", "parameter.invalid.appId" },
        { "{" NEW ",\"appName\":{\"defaultValue\":\"S\"}}", "parameter.invalid.appName" },
        { "{\"messageId\":\"m\",\"messageType\":1,\"targetType\":0,\"appName\":{}}", "parameter.invalid.appName" },
        { "{" NEW ",\"header\":{\"i18nValue\":{\"zh_CN\":\"x\"}}}", "parameter.invalid.header" },
        { "{" NEW ",\"body\":\"text\"}", "parameter.invalid.body" },
        { "{" NEW ",\"tags\":[\"x\"]}", "parameter.invalid.tags" },
        { "{" NEW ",\"features\":[{}]}", "parameter.invalid.features" },
        { "{" NEW ",\"url\":1}", "parameter.invalid.url" },
    };
    begin();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_expect_eq(produce(rows[i].json), 31400, "row %zu", i);
        cr_expect(body_has(rows[i].message), "row %zu: %s", i, body());
    }
    cr_expect_eq(executions(), 0);
    cr_expect_eq(produce("{" NEW ",\"header\":{\"i18nValue\":{\"en_US\":\"x\"}},"
                         "\"tags\":[{\"defaultValue\":\"t\"}],\"features\":{\"defaultValue\":\"f\"},\"unknown\":1}"), 0);
}

Test(notice, the_organization_and_the_body_are_checked_first)
{
    static const char *const orgs[] = { "o1" };
    begin_with(&(struct sim_options){ .orgs = orgs, .n_orgs = 1 });
    cr_expect_eq(portal(PRODUCE, "o9", "{}"), 31404);
    cr_expect(body_has("organization.not.exist"));
    cr_expect_eq(portal(PRODUCE, "", "{}"), 31400);
    cr_expect_eq(portal(PRODUCE, "o1", "[]"), 31400);
    cr_expect_eq(portal(PRODUCE, "o1", "{\"messages\":7}"), 31400);
    cr_expect_eq(portal(PRODUCE, "o1", "{\"messages\":["), 31400);
    cr_expect_eq(portal("/app-portal/api/v3/notice-message/produce", "o1", "{\"messages\":[{" NEW "}]}"), 0, "both paths");
    cr_expect_eq(portal("/app-portal-service/v2.1/notice-message/produce", "o1", "{}"), -404);
    knob("app_in_org=no");
    cr_expect_eq(portal(PRODUCE, "o1", "{}"), 31403);
}

/* `n` messages m0, m1, ... as the inside of a list. */
static const char *
many(unsigned n)
{
    static char text[64 * 1024];
    size_t at = 0;
    for (unsigned i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at,
                               "%s{\"messageId\":\"m%u\",\"messageType\":1,\"targetType\":0,\"appId\":\"k\"}",
                               i ? "," : "", i);
    return text;
}

Test(notice, more_than_a_hundred_messages_have_four_readings)
{
    begin();
    cr_expect_eq(produce(many(100)), 0);
    cr_expect_eq(produce(many(101)), 31400);
    knob("over_limit=31415");
    cr_expect_eq(produce(many(101)), 31415);
    knob("over_limit=http413");
    cr_expect_eq(produce(many(101)), -413);
    cr_expect_eq(executions(), 100);
    sim_reset(client.sim);
    client.token[0] = '\0';
    knob("over_limit=truncate");
    cr_expect_eq(produce(many(101)), 0);
    cr_expect_eq(executions(), 100);
    cr_expect_eq(stats()->batches[101], 1);
}

Test(notice, one_id_twice_in_a_batch_has_three_readings)
{
    char two[2048];
    begin();
    snprintf(two, sizeof(two), "%s,%s", message("a", "[\"x\"]"), message("a", "[\"x\",\"y\"]"));
    knob("dup_in_batch=reject_31400");
    cr_expect_eq(produce(two), 31400);
    knob("dup_in_batch=reject_31408");
    cr_expect_eq(produce(two), 31408);
    cr_expect_eq(executions(), 0);
    knob("dup_in_batch=merge_first_wins");
    cr_expect_eq(produce(two), 0);
    cr_expect_eq(executions(), 2);
    cr_expect_eq(stats()->doubled_in_batch, 3);
}

Test(notice, knobs_settle_single_questions)
{
    static const struct {
        const char *knob, *messages;
        int code;
    } rows[] = {
        { "empty_batch=31400", "", 31400 },
        { "empty_batch=ok", "", 0 },
        { "empty_targets=ok_no_recipients", "{" TO_SOME "\"appId\":\"k\"}", 0 },
        { "app_fields=lenient", "{\"messageId\":\"m\",\"messageType\":1,\"targetType\":0}", 0 },
        { "app_fields=lenient", "{" NEW ",\"appName\":{\"defaultValue\":\"S\"}}", 0 },
        { "id_max=3", "{\"messageId\":\"mmmm\",\"messageType\":1,\"targetType\":0,\"appId\":\"k\"}", 31400 },
        { "id_max=4", "{\"messageId\":\"mmmm\",\"messageType\":1,\"targetType\":0,\"appId\":\"k\"}", 0 },
        { "schema=sample_strict", "{" NEW ",\"Header\":{\"defaultValue\":\"h\"}}", 31400 },
        { "schema=sample_strict", "{" NEW ",\"features\":{\"defaultValue\":\"h\"}}", 31400 },
        { "schema=table_strict", "{" NEW ",\"Header\":{\"defaultValue\":\"h\"}}", 0 },
        { "schema=table_strict", "{" NEW ",\"header\":{\"defaultValue\":\"h\"}}", 31400 },
        { "schema=lenient", "{" NEW ",\"Header\":{\"defaultValue\":\"h\"}}", 0 },
        { "ok_code=200", "{" NEW "}", 200 },
        { "data_form=boolean", "{" NEW "}", 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin();
        knob(rows[i].knob);
        cr_expect_eq(produce(rows[i].messages), rows[i].code, "row %zu: %s", i, body());
    }
    cr_expect(body_has("\"data\":true"));
}

Test(notice, business_errors_may_be_mirrored_in_the_status)
{
    begin();
    cr_expect_eq(produce("{}"), 31400);
    cr_expect_eq(client.reply.status, 200);
    knob("biz_http=mirror");
    cr_expect_eq(produce("{}"), 31400);
    cr_expect_eq(client.reply.status, 400);
    cr_expect_eq(stats()->statuses[API_NOTICE][400], 1);
}

Test(notice, another_app_name_may_be_refused)
{
    static const char other[] =
        "{\"messageId\":\"b\",\"messageType\":1,\"targetType\":0,\"appName\":{\"defaultValue\":\"Other\"}}";
    begin();
    knob("appname_mismatch=31400");
    cr_expect_eq(produce_one("a", "all"), 0);
    cr_expect_eq(produce(other), 31400);
    knob("appname_mismatch=ok");
    cr_expect_eq(produce(other), 0);
}

Test(notice, a_known_id_goes_to_whom_resend_scope_says)
{
    static const struct {
        const char *knob, *first, *again;
        unsigned executions;
    } rows[] = {
        { "resend_scope=targets_if_given", "all", "[\"guest\"]", 2 },
        { "resend_scope=original", "all", "[\"guest\"]", 1 },
        { "resend_scope=all_if_0", "all", "[\"guest\"]", 2 },
        { "resend_scope=targets_if_given", "[\"x\"]", "all", 1 },
        { "resend_scope=original", "[\"x\"]", "all", 1 },
        { "resend_scope=all_if_0", "[\"x\"]", "all", 2 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin();
        knob(rows[i].knob);
        cr_expect_eq(produce_one("a", rows[i].first), 0);
        cr_expect_eq(produce_one("a", rows[i].again), 0);
        cr_expect_eq(executions(), rows[i].executions, "row %zu: %llu", i, (unsigned long long)executions());
    }
}

Test(notice, two_creations_at_once_have_three_readings)
{
    begin();
    knob("race_window=100");
    cr_expect_eq(produce_one("a", "all"), 0);
    cr_expect_eq(produce_one("a", "all"), 0);
    knob("create_race=31408");
    cr_expect_eq(produce_one("a", "all"), 31408);
    knob("create_race=500");
    cr_expect_eq(produce_one("a", "all"), -500);
    client.now_ms += 100;
    cr_expect_eq(produce_one("a", "all"), 0);
}

Test(notice, a_forgotten_id_is_shown_a_second_time)
{
    begin();
    knob("id_ttl=60");
    cr_expect_eq(produce_one("a", "[\"x\"]"), 0);
    client.now_ms += 59999;
    cr_expect_eq(produce_one("a", "[\"x\"]"), 0);
    cr_expect_eq(executions(), 1);
    client.now_ms += 1;
    cr_expect_eq(produce_one("a", "[\"x\"]"), 0);
    cr_expect_eq(executions(), 2);
    cr_expect_eq(execution(1)->attempt, 2);
}

Test(notice, a_late_joiner_may_see_older_messages)
{
    begin();
    knob("late_joiner=no");
    cr_expect_eq(produce_one("a", "all"), 0);
    knob("users=4");
    cr_expect_eq(produce_one("b", "all"), 0);
    cr_expect_eq(executions(), 2);
    knob("late_joiner=yes");
    knob("users=5");
    cr_expect_eq(portal(GET, "o1", "{\"messageId\":\"a\"}"), 0);
    cr_expect_eq(executions(), 4);
    cr_expect_eq(execution(2)->users + execution(3)->users, 3);
}

Test(notice, a_closed_roster_knows_only_its_users)
{
    begin();
    knob("roster=closed");
    cr_expect_eq(produce_one("a", "[\"u1\",\"u4\",\"u01\",\"x\"]"), 0);
    cr_expect_eq(executions(), 1);
    cr_expect_eq(stats()->filtered_users, 3);
}

Test(notice, a_message_can_be_read_back)
{
    begin();
    cr_expect_eq(produce_one("a", "[\"x\",\"invalid-1\"]"), 0);
    cr_expect_eq(portal(GET, "o1", "{\"messageId\":\"a\"}"), 0);
    cr_expect(body_has("\"messageId\":\"a\"") && body_has("\"targets\":[\"x\"]"));
    knob("get_targets=as_sent");
    cr_expect_eq(portal("/app-portal/api/v3/notice-message/get", "o1", "{\"messageId\":\"a\"}"), 0);
    cr_expect(body_has("\"targets\":[\"x\",\"invalid-1\"]"));
    cr_expect_eq(portal(GET, "o1", "{\"messageId\":\"zz\"}"), 31404);
    knob("get_unknown_id=31400");
    cr_expect_eq(portal(GET, "o1", "{\"messageId\":\"zz\"}"), 31400);
    cr_expect_eq(portal(GET, "o1", "{}"), 31400);
}

Test(notice, users_can_be_looked_up)
{
    begin();
    cr_expect_eq(portal("/app-portal-service/v2.2/user/getUserBaseInfo", "o1",
                        "{\"organizationId\":\"o1\",\"email\":\"u2@sim.example\"}"), 0);
    cr_expect(body_has("\"id\":\"u2\""));
    cr_expect_eq(portal("/app-portal-service/v2.2/user/getUserBaseInfo", "o1",
                        "{\"organizationId\":\"o1\",\"email\":\"x\"}"), 31404);
    cr_expect_eq(portal("/app-portal-service/v2.2/user/getUserBaseInfo", "o1", "{}"), 31400);
    cr_expect_eq(portal("/app-portal-service/v2.2/user/organization/roster", "o1",
                        "{\"orgId\":\"o1\",\"pagination\":{\"pageNo\":1,\"pageSize\":2,\"sorters\":[]}}"), 0);
    cr_expect(body_has("\"userId\":\"u3\"") && !body_has("\"userId\":\"u2\"") && body_has("\"totalElements\":3"));
    cr_expect_eq(portal("/app-portal-service/v2.2/user/organization/roster", "o1", "{}"), 31400);
}

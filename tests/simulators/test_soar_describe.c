/* test_soar_describe.c: SOAR's calls that only look. */
#include "tests/simulators/client.h"

Test(soar_describe, the_describing_calls_know_the_playbooks)
{
    static const char *const playbooks[] = { "uuid-1", "-uuid-off" };
    struct soar call = soar();
    begin_with(&(struct sim_options){ .playbooks = playbooks, .n_playbooks = 2 });
    call.method = "GET";
    call.n = 0;
    call.action = "DescribePlaybooks";
    cr_expect_eq(send_soar(&call), 200);
    cr_expect(body_has("\"PlaybookUuid\":\"uuid-1\"") && body_has("\"Active\":0") && body_has("\"TotalCount\":2"));
    with(&call, "PlaybookUuid", "uuid-off");
    send_soar(&call);
    cr_expect(!body_has("uuid-1") && body_has("\"Active\":0") && body_has("\"TotalCount\":1"));
    call.action = "DescribePlaybook";
    with(&call, "PlaybookUuid", "uuid-1");
    cr_expect_eq(send_soar(&call), 200);
    cr_expect(body_has("notify_message") && body_has("\"OnlineActive\":true"));
    with(&call, "PlaybookUuid", "uuid-9");
    cr_expect_eq(send_soar(&call), 400);
    call.n = 0;
    cr_expect_eq(send_soar(&call), 400);
    cr_expect(code_is("MissingPlaybookUuid"));
    call.action = "DescribeNotifyTemplateList";
    cr_expect_eq(send_soar(&call), 200);
    cr_expect(body_has("yundun_soar_incident_update") && body_has("\"TotalCount\":3"));
    cr_expect_eq(executions(), 0);
}

Test(soar_describe, the_list_of_playbooks_is_narrowed_and_paged_as_asked)
{
    static const char *const playbooks[] = { "a", "b", "-c" };
    static const struct {
        const char *name, *value, *shown, *total;
    } rows[] = {
        { "Active", "1", "ab", "\"TotalCount\":2" },
        { "Active", "0", "c", "\"TotalCount\":1" },
        { "PlaybookUuids", "c,a", "ac", "\"TotalCount\":2" },
        { "PlaybookUuid", "d", "", "\"TotalCount\":0" },
        { "PageSize", "2", "ab", "\"TotalCount\":3" },
        { "PageNumber", "2", "", "\"TotalCount\":3" },
    };
    begin_with(&(struct sim_options){ .playbooks = playbooks, .n_playbooks = 3 });
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct soar call = soar();
        call.method = "GET";
        call.n = 0;
        call.action = "DescribePlaybooks";
        with(&call, rows[i].name, rows[i].value);
        cr_expect_eq(send_soar(&call), 200, "row %zu: %s", i, body());
        cr_expect(body_has(rows[i].total), "row %zu: %s", i, body());
        cr_expect_eq(body_has("\"PlaybookUuid\":\"a\""), strchr(rows[i].shown, 'a') != NULL, "row %zu: %s", i, body());
        cr_expect_eq(body_has("\"PlaybookUuid\":\"b\""), strchr(rows[i].shown, 'b') != NULL, "row %zu: %s", i, body());
        cr_expect_eq(body_has("\"PlaybookUuid\":\"c\""), strchr(rows[i].shown, 'c') != NULL, "row %zu: %s", i, body());
    }
}

Test(soar_describe, a_key_may_send_without_the_right_to_describe)
{
    static const char *const looks[] = { "DescribePlaybooks", "DescribePlaybook", "DescribeNotifyTemplateList" };
    begin();
    knob("permission=deny_describe");
    for (size_t i = 0; i < 3; i++) {
        struct soar call = soar();
        call.method = "GET";
        call.action = looks[i];
        cr_expect_eq(send_soar(&call), 403, "row %zu: %s", i, body());
        cr_expect(code_is("NoPermission") && body_has("\"AuthAction\":\"yundun-sas:"), "row %zu", i);
        cr_expect(body_has(looks[i]), "row %zu: the denied action is named: %s", i, body());
    }
    cr_expect_eq(send_incident("a"), 200, "%s", body());
    cr_expect_eq(executions(), 1);
}

/* test_soar_describe.c: the calls that only look: their bytes, their signature, and what is read from their replies. */
#include "codecs/soar.h"
#include "codecs/soar_describe.h"

#include <criterion/criterion.h>
#include <stdio.h>

static char memory[32 * 1024];
static struct request request;
static const struct credential keys = { { "testid", 6 }, { "testsecret", 10 }, { NULL, 0 } };
static const struct stamp stamp = { 1767323045000, "0123456789abcdef0123456789abcdef" };

static struct backend_settings
settings(void)
{
    return (struct backend_settings){ .kind = TARGET_SOAR, .host = "127.0.0.1:8080", .playbook_uuid = "uuid 1", .role_for = "" };
}

static struct slice
target(void)
{
    return buf_view(&request.target);
}

static void
write_request(enum soar_describe what, const struct backend_settings *given)
{
    struct crypto *crypto = crypto_new();
    request_init(&request, memory, 16 * 1024, 64, 8 * 1024);
    soar_describe_request(what, given, &keys, &stamp, crypto, &request);
    crypto_free(crypto);
}

static const char *
line(const char *name)
{
    for (uint32_t i = 0; i < request.n_lines; i++)
        if (strncmp(request.lines[i], name, strlen(name)) == 0)
            return request.lines[i] + strlen(name);
    return "";
}

Test(soar_describe, a_request_is_a_get_with_its_parameters_in_the_order_of_their_names)
{
    struct backend_settings plain = settings(), member = settings();
    member.role_for = "1467890000733152";
    member.role_type = 1;
    write_request(SOAR_PLAYBOOKS, &plain);
    cr_expect(request_is_whole(&request));
    cr_expect_str_eq(request.method, "GET");
    cr_expect(slice_is(target(), "/?PlaybookUuid=uuid%201"), "%.*s", (int)target().size, target().at);
    cr_expect_str_eq(line("x-acs-action: "), "DescribePlaybooks");
    write_request(SOAR_TEMPLATES, &plain);
    cr_expect(slice_is(target(), "/?RoleType=0"), "%.*s", (int)target().size, target().at);
    cr_expect_str_eq(line("x-acs-action: "), "DescribeNotifyTemplateList");
    write_request(SOAR_TEMPLATES, &member);
    cr_expect(slice_is(target(), "/?RoleFor=1467890000733152&RoleType=1"), "%.*s", (int)target().size, target().at);
    cr_expect_eq(request.body.size, 0);
}

Test(soar_describe, the_signature_covers_method_query_and_action)
{
    struct backend_settings plain = settings();
    struct crypto *crypto = crypto_new();
    static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const struct pair headers[] = {
        { SLICE("host"), SLICE("127.0.0.1:8080") },
        { SLICE("x-acs-action"), SLICE("DescribePlaybooks") },
        { SLICE("x-acs-content-sha256"), slice_of(empty) },
        { SLICE("x-acs-date"), SLICE("2026-01-02T03:04:05Z") },
        { SLICE("x-acs-signature-nonce"), SLICE("0123456789abcdef0123456789abcdef") },
        { SLICE("x-acs-version"), SLICE("2022-07-28") },
    };
    char scratch[4096], wanted[1024];
    struct buf canonical, authorization;
    buf_init(&canonical, scratch, sizeof scratch);
    buf_init(&authorization, wanted, sizeof wanted);
    cr_assert(soar_authorization(crypto, "GET", "/", SLICE("PlaybookUuid=uuid%201"), headers, 6, slice_of(empty), keys.id,
                                 keys.secret, &canonical, &authorization));
    write_request(SOAR_PLAYBOOKS, &plain);
    cr_expect_str_eq(line("Authorization: "), buf_cstr(&authorization));
    crypto_free(crypto);
}

Test(soar_describe, a_playbook_is_found_by_its_whole_name_and_may_be_off)
{
    static const struct {
        const char *body;
        bool found, active;
    } rows[] = {
        { "{\"RequestId\":\"r\",\"Playbooks\":[{\"PlaybookUuid\":\"u\",\"Active\":1}]}", true, true },
        { "{\"RequestId\":\"r\",\"Playbooks\":[{\"PlaybookUuid\":\"u\",\"Active\":\"1\"}]}", true, true },
        { "{\"Playbooks\":[{\"PlaybookUuid\":\"v\",\"Active\":1},{\"PlaybookUuid\":\"u\",\"Active\":0}]}", true, false },
        { "{\"RequestId\":\"r\",\"Playbooks\":[{\"PlaybookUuid\":\"u\"}]}", true, false },
        { "{\"RequestId\":\"r\",\"Playbooks\":[{\"PlaybookUuid\":\"u1\",\"Active\":1}]}", false, false },
        { "{\"RequestId\":\"r\",\"Playbooks\":[]}", false, false },
        { "{\"RequestId\":\"r\",\"Playbooks\":{\"PlaybookUuid\":\"u\"}}", false, false },
        { "{\"RequestId\":\"r\",\"Playbooks\":[1,null,\"u\"]}", false, false },
        { "{\"RequestId\":\"r\"}", false, false },
        { "<html>", false, false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct soar_playbook playbook = { .uuid = "u", .found = true, .active = true };
        soar_playbook_read(slice_of(rows[i].body), &playbook);
        cr_expect_eq(playbook.found, rows[i].found, "row %zu", i);
        cr_expect_eq(playbook.active, rows[i].active, "row %zu", i);
    }
}

Test(soar_describe, templates_are_counted_and_those_of_our_events_are_known)
{
    struct soar_templates templates;
    soar_templates_read(SLICE("{\"Data\":[{\"EventId\":\"yundun_soar_alert_generate\"},{\"EventId\":\"other\"},{},7,"
                              "{\"EventId\":\"yundun_soar_incident_update\"}]}"), &templates);
    cr_expect_eq(templates.n, 5);
    cr_expect_eq(templates.kinds, 1u << EVENT_ALERT_GENERATED | 1u << EVENT_INCIDENT_UPDATED);
    soar_templates_read(SLICE("[]"), &templates);
    cr_expect_eq(templates.n, 0);
    cr_expect_eq(templates.kinds, 0);
}

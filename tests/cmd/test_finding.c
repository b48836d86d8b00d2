/* test_finding.c: the list of findings: what it shows, and the exit code that it comes to. */
#include "bridge/cmd/finding.h"

#include <criterion/criterion.h>

static char memory[8192];

static const char *
shown(void (*form)(struct buf *, const struct findings *), const struct findings *findings)
{
    struct buf out;
    buf_init(&out, memory, sizeof memory);
    form(&out, findings);
    return buf_cstr(&out);
}

Test(finding, the_exit_code_names_first_what_a_person_has_to_put_right)
{
    static const struct {
        enum exit_code fails[3];
        enum exit_code code;
    } rows[] = {
        { { EXIT_DONE }, EXIT_DONE },
        { { EXIT_UNAVAILABLE }, EXIT_UNAVAILABLE },
        { { EXIT_UNAVAILABLE, EXIT_CONFIG }, EXIT_CONFIG },
        { { EXIT_UNAVAILABLE, EXIT_CONFIG, EXIT_NO_PERMISSION }, EXIT_NO_PERMISSION },
        { { EXIT_NO_PERMISSION, EXIT_UNAVAILABLE }, EXIT_NO_PERMISSION },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct findings findings = { 0 };
        finding_warn(&findings, "a", "", "%s", "a warning changes no exit code");
        for (int f = 0; f < 3 && rows[i].fails[f]; f++)
            finding_fail(&findings, rows[i].fails[f], "b", "", "%s", "no");
        cr_expect_eq(findings_code(&findings), rows[i].code, "row %zu: %d", i, (int)findings_code(&findings));
        findings_free(&findings);
    }
}

Test(finding, text_has_a_line_for_each_and_a_sum)
{
    struct findings findings = { 0 };
    finding_pass(&findings, "kafka.topic", "t", "%d partitions", 3);
    finding_remedy(finding_fail(&findings, EXIT_CONFIG, "kafka.topic", "u", "does not exist"), "create %s", "it");
    cr_expect_str_eq(shown(findings_text, &findings),
                     "pass  kafka.topic        t: 3 partitions\n"
                     "fail  kafka.topic        u: does not exist\n"
                     "                         remedy: create it\n"
                     "connect: 1 pass, 0 warn, 1 fail\n");
    findings_free(&findings);
}

Test(finding, json_is_one_object_with_five_members_a_row_whatever_a_server_says)
{
    struct findings findings = { 0 };
    finding_warn(&findings, "redis.version", "r\n", "%s", "it said \"\x1b[31m\xff\"");
    cr_expect_str_eq(shown(findings_json, &findings),
                     "{\"status\":\"warn\",\"exit\":0,\"checks\":[{\"check\":\"redis.version\",\"target\":\"r?\","
                     "\"status\":\"warn\",\"detail\":\"it said \\\"?[31m?\\\"\",\"remedy\":\"\"}]}\n");
    findings_free(&findings);
    cr_expect_str_eq(shown(findings_json, &findings), "{\"status\":\"pass\",\"exit\":0,\"checks\":[]}\n");
}

Test(finding, a_list_grows_and_long_texts_are_cut)
{
    struct findings findings = { 0 };
    static char text[2000];
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 100; i++)
        finding_pass(&findings, "c", text, "%s", text);
    cr_expect_eq(findings.n, 100);
    cr_expect_eq(strlen(findings.at[99].detail), sizeof findings.at[99].detail - 1);
    cr_expect_eq(strlen(findings.at[0].target), sizeof findings.at[0].target - 1);
    findings_free(&findings);
}

Test(finding, durations_are_said_in_their_largest_whole_unit)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = { { 1, "1ms" },       { 1500, "1500ms" },   { 90000, "90s" }, { 60000, "1m" },
                 { 3600000, "1h" },  { 86400000, "1d" },   { 604800000, "7d" }, { 90000000, "25h" },
                 { -1, "for ever" }, { 0, "0d" } };
    char out[24];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_str_eq(duration_text(rows[i].ms, out), rows[i].text, "row %zu", i);
}

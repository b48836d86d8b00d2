/* test_event_field.c: fields by name, as keys are made of them. */
#include "codecs/event.h"

#include <criterion/criterion.h>
#include <signal.h>

Test(event_field, each_name_gives_its_own_text)
{
    const struct event event = {
        .kind = EVENT_ALERT_GENERATED, .source = SLICE("1"), .dedup_key = SLICE("2"), .aliyun_uid = SLICE("3"),
        .incident_name = SLICE("4"), .incident_id = SLICE("5"), .alert_name = SLICE("6"), .alert_id = SLICE("7"),
        .status = SLICE("8"), .level = SLICE("9"), .severity = 5,
    };
    static const struct {
        const char *name, *text;
    } rows[] = {
        { "kind", "alert.generated" }, { "source", "1" },     { "dedupKey", "2" }, { "aliyunUID", "3" }, { "incidentName", "4" },
        { "incidentID", "5" },         { "alertName", "6" },  { "alertID", "7" },  { "status", "8" },    { "level", "9" },
        { "severity", "5" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice text = event_field(&event, rows[i].name);
        cr_expect(slice_is(text, rows[i].text), "%s: %.*s", rows[i].name, (int)text.size, text.at);
    }
}

Test(event_field, what_is_absent_empty_or_unknown_is_absent)
{
    const struct event event = { .kind = EVENT_NOTICE, .status = SLICE("") };
    cr_expect_null(event_field(&event, "dedupKey").at);
    cr_expect_null(event_field(&event, "status").at);
    cr_expect_null(event_field(&event, "severity").at, "severity 0 is unknown");
    cr_expect(slice_is(event_field(&event, "kind"), "notice"));
}

Test(event_field, a_name_that_is_in_no_list_is_broken_code, .signal = SIGABRT)
{
    event_field(&(struct event){ .kind = EVENT_NOTICE }, "title");
}

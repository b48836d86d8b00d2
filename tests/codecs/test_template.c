/* test_template.c: {field} placeholders. */
#include "codecs/template.h"
#include "tests/codecs/vectors.h"

#include <criterion/criterion.h>

static struct member label_items[] = { { SLICE("site"), { .type = VALUE_STRING, .text = SLICE("Oslo") } } };
static struct value labels = { .type = VALUE_OBJECT, .count = 1, .members = label_items };
static struct member title_items[] = { { SLICE("zh_CN"), { .type = VALUE_STRING, .text = SLICE("z") } },
                                       { SLICE("en_US"), { .type = VALUE_STRING, .text = SLICE("english") } } };
static struct value title = { .type = VALUE_OBJECT, .count = 2, .members = title_items };

static const struct event event = {
    .kind = EVENT_INCIDENT_UPDATED,
    .id = SLICE("e-1"),
    .time = {.ms = 1767323045000, .is_ms = true},
    .source = SLICE("siem"),
    .aliyun_uid = SLICE("1467"),
    .incident_name = SLICE("name {id}"),
    .incident_id = SLICE("i-1"),
    .alert_name = SLICE("an"),
    .alert_id = SLICE("a-1"),
    .start_time = {.text = SLICE("s")},
    .end_time = {.text = SLICE("e")},
    .status = SLICE("open"),
    .level = SLICE("HIGH"),
    .severity = 4,
    .title = {.object = &title},
    .body = {.text = SLICE("b")},
    .url = SLICE("https://u"),
    .labels = &labels,
};

static const struct {
    const char *text, *filled;
    const char *culprit;        /* NULL = a good template */
} rows[] = {
    { "", "", NULL },
    { "plain", "plain", NULL },
    { "{id}", "e-1", NULL },
    { "{kind} {time} {source}", "incident.updated 2026-01-02 03:04:05 siem", NULL },
    { "{aliyunUID}/{incidentName}/{incidentID}", "1467/name {id}/i-1", NULL },
    { "{alertName}/{alertID}", "an/a-1", NULL },
    { "{startTime}-{endTime} {status} {level} {severity}", "s-e open HIGH 4", NULL },
    { "{title} {body} {url}", "english b https://u", NULL },
    { "at {labels.site}{labels.none}!", "at Oslo!", NULL },
    { "{{id}} {{{id}}}", "{id} {e-1}", NULL },
    { "{{}}", "{}", NULL },
    { "{nope} {id}", "{nope} e-1", "{nope}" },
    { "{ID}", "{ID}", "{ID}" },
    { "{labels.}", "{labels.}", "{labels.}" },
    { "{}", "{}", "{}" },
    { "{id", "{id", "{" },
    { "id} {id}", "id} e-1", "}" },
    { "{ {id}", "{ e-1", "{" },
    { "x{", "x{", "{" },
};

Test(template, fills_in_fields_and_keeps_the_rest)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char memory[256];
        struct buf buf;
        buf_init(&buf, memory, sizeof(memory));
        template_write(&buf, rows[i].text, &event);
        EXPECT_SLICE(buf_view(&buf), slice_of(rows[i].filled));
    }
}

Test(template, names_the_place_that_is_wrong)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice culprit = { NULL, 0 };
        bool good = template_check(rows[i].text, &culprit);
        cr_expect_eq(good, rows[i].culprit == NULL, "%s", rows[i].text);
        if (rows[i].culprit)
            EXPECT_SLICE(culprit, slice_of(rows[i].culprit));
    }
}

Test(template, a_field_that_the_event_lacks_is_empty)
{
    struct event bare = { .kind = EVENT_NOTICE };
    char memory[256];
    struct buf buf;
    buf_init(&buf, memory, sizeof(memory));
    template_write(&buf, "[{id}{time}{incidentName}{title}{labels.site}{url}]", &bare);
    EXPECT_SLICE(buf_view(&buf), SLICE("[]"));
}

Test(template, the_built_in_texts_are_good_and_hold_a_default_and_a_chinese_form)
{
    for (int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        const struct template *texts[] = {template_default_title((enum event_kind)kind),
                                          template_default_body((enum event_kind)kind)};
        for (size_t i = 0; i < 2; i++) {
            struct slice culprit;
            cr_expect_eq(texts[i]->n, kind == EVENT_NOTICE ? 0u : 2u);
            for (uint32_t k = 0; k < texts[i]->n; k++)
                cr_expect(template_check(texts[i]->texts[k].text, &culprit), "%s", texts[i]->texts[k].text);
            if (texts[i]->n > 0) {
                cr_expect_str_eq(texts[i]->texts[0].locale, "default");
                cr_expect_str_eq(texts[i]->texts[1].locale, "zh_CN");
            }
        }
    }
}

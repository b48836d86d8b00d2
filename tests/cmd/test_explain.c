/* test_explain.c: one record's way as `explain` tells it. The expected outputs are tests/data/explain/<name>.txt; with
 * UPDATE_GOLDEN=1 in the environment they are written anew, to be read before they are kept. */
#include "tests/cmd/explained.h"

#include "bridge/cmd/explain.h"
#include "codecs/json.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define INCIDENT "\"aliyunUID\":\"12\",\"incidentName\":\"Brute force\",\"incidentID\":\"I-1\",\"startTime\":1772323200123"
#define NOTICE(id) "{\"v\":1,\"id\":\"" id "\",\"kind\":\"notice\",\"title\":\"Hello\"}"

static const char *const at_noon[] = { "--time", "2026-03-01T12:00:00Z", NULL };
static const char *const cloudevent[] = {
    "--time=2026-03-01T12:00:00Z", "--header", "ce_specversion=1.0", "--header=ce_id=7", "--header", "ce_source=/soc", "--header",
    "ce_type=alert.generated", "--header", "content-type=application/json", "--key", "A-1", "--topic", "other.alerts", NULL,
};

static const struct {
    const char *name;
    const char *const *words;
    int code;
    const char *event;
} goldens[] = {
    { "incident_generated", at_noon, 0,
      "{\"v\":1,\"id\":\"inc-1\",\"kind\":\"incident.generated\"," INCIDENT ",\"severity\":4}" },
    { "incident_updated", at_noon, 0,
      "{\"v\":1,\"id\":\"inc-2\",\"kind\":\"incident.updated\"," INCIDENT ",\"endTime\":\"2026-03-01 00:00:00\","
      "\"status\":\"open\",\"level\":\"high\",\"lang\":\"zh\",\"channels\":[\"pmsg\"]}" },
    { "alert_as_cloudevent", cloudevent, 0,
      "{\"kind\":\"alert.generated\",\"aliyunUID\":\"12\",\"alertName\":\"Port scan\",\"alertID\":\"A-1\","
      "\"startTime\":\"2026-03-01T08:00:00+08:00\",\"more\":1}" },
    { "notice", at_noon, 0,
      "{\"v\":1,\"id\":\"n-1\",\"kind\":\"notice\",\"title\":{\"default\":\"Hi\",\"zh_CN\":\"\u4f60\u597d\"},"
      "\"body\":\"a\\u001bb\",\"targets\":[\"u1\"],\"url\":\"https://example.com/\",\"labels\":{\"region\":\"eu\"},"
      "\"dedupKey\":\"k\"}" },
    { "dropped", at_noon, 0, "{\"v\":1,\"id\":\"low\",\"kind\":\"notice\",\"title\":\"t\",\"severity\":1}" },
    { "expired", at_noon, 0,
      "{\"v\":1,\"id\":\"old\",\"kind\":\"notice\",\"title\":\"t\",\"expiresAt\":\"2026-03-01T11:59:59Z\"}" },
    { "refused_url", at_noon, 0,
      "{\"v\":1,\"id\":\"url\",\"kind\":\"notice\",\"title\":\"t\",\"url\":\"http://example.com/\"}" },
    { "bad_syntax", at_noon, 65, "{\"v\":1" },
    { "bad_schema", at_noon, 65, "{\"v\":1,\"id\":\"x\",\"kind\":\"incident.generated\",\"aliyunUID\":\"12\"}" },
};

/* The program's version is no part of what is compared. */
static char *
without_version(const char *text)
{
    static const char with[] = "alertbridge/" ALERTBRIDGE_VERSION, without[] = "alertbridge/<version>";
    char *copy = calloc(1, 2 * strlen(text) + 1), *to = copy;
    while (*text) {
        bool here = strncmp(text, with, sizeof with - 1) == 0;
        to = here ? stpcpy(to, without) : (*to = *text, to + 1);
        text += here ? sizeof with - 1 : 1;
    }
    return copy;
}

static void
read_golden(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "r");
    size_t got = file ? fread(text, 1, size - 1, file) : 0;
    text[got] = '\0';
    if (file)
        fclose(file);
}

static void
write_golden(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

Test(explain, tells_each_kind_of_event_as_it_did_before)
{
    static char expected[1 << 20];
    for (size_t i = 0; i < sizeof goldens / sizeof goldens[0]; i++) {
        char path[256];
        const struct explained *got = explained_text(goldens[i].event, goldens[i].words);
        char *text = without_version(got->out);
        snprintf(path, sizeof path, "%s/explain/%s.txt", TEST_DATA, goldens[i].name);
        if (getenv("UPDATE_GOLDEN"))
            write_golden(path, text);
        read_golden(path, expected, sizeof expected);
        cr_expect_eq(got->code, goldens[i].code, "%s: %d, %s", goldens[i].name, got->code, got->error);
        cr_expect_str_eq(text, expected, "%s", goldens[i].name);
        free(text);
    }
}

Test(explain, never_shows_a_secret)
{
    static const char *const planted[] = {
        PLANTED_KEY, PLANTED_SECRET, PLANTED_TOKEN, PLANTED_APP_KEY, PLANTED_APP_SECRET, "placeholder",
    };
    for (size_t i = 0; i < sizeof goldens / sizeof goldens[0]; i++)
        for (int form = EXPLAINED_TEXT; form <= EXPLAINED_JSON; form++) {
            const char *event = goldens[i].event;
            const struct explained *got = explained((enum explained_form)form, event, strlen(event), goldens[i].words);
            cr_assert(strlen(got->out) > 50);
            for (size_t j = 0; j < sizeof planted / sizeof planted[0]; j++)
                cr_expect(!strstr(got->out, planted[j]) && !strstr(got->error, planted[j]), "%s shows %s", goldens[i].name,
                          planted[j]);
        }
}

static const struct value *
as_json(const char *text)
{
    static char memory[8 << 20];
    static struct arena arena;
    const struct value *root = NULL;
    arena_init(&arena, memory, sizeof memory);
    cr_assert_eq(json_read(slice_of(text), &arena, &root), FAULT_NONE, "%s", text);
    return root;
}

static struct slice
text_at(const struct value *list, uint32_t i, const char *name)
{
    cr_assert(list && list->type == VALUE_ARRAY && i < list->count);
    const struct value *value = name ? value_member(&list->items[i], name) : &list->items[i];
    cr_assert(value && value->type == VALUE_STRING);
    return value->text;
}

Test(explain, batches_a_record_of_several_events_as_the_target_would)
{
    static const char text[] = "[" NOTICE("n-1") "," NOTICE("n-2") "," NOTICE("n-3") "]";
    const struct explained *got = explained(EXPLAINED_JSON, text, sizeof text - 1, at_noon);
    const struct value *root = as_json(got->out), *requests = value_member(root, "requests");
    cr_assert_eq(got->code, 0);
    cr_assert_eq(value_member(root, "events")->count, 3);
    cr_assert_eq(requests->count, 2);       /* max_messages: 2 */
    cr_expect(slice_is(text_at(value_member(&requests->items[0], "ids"), 1, NULL), "n-2"));
    cr_expect(slice_is(text_at(value_member(&requests->items[1], "ids"), 0, NULL), "n-3"));
    cr_expect(text_at(requests, 0, "body").size > text_at(requests, 1, "body").size);
}

Test(explain, keeps_events_of_one_lane_in_calls_of_their_own)
{
    static const char text[] = "[" NOTICE("n-1") "," NOTICE("n-2") "]";
    static const char *const keyed[] = { "--key", "K", NULL };
    const struct explained *got = explained(EXPLAINED_JSON, text, sizeof text - 1, keyed);
    const struct value *requests = value_member(as_json(got->out), "requests");
    cr_assert_eq(requests->count, 2);
    cr_expect_eq(value_member(&requests->items[0], "ids")->count, 1);
}

Test(explain, finds_the_source_by_topic_and_reads_it_by_its_rules)
{
    static const char *const pattern[] = { "--topic", "test.one", NULL };
    static const char *const nobody[] = { "--topic", "none", NULL };
    static const char *const named[] = { "--source", "tests", NULL };
    static const char event[] = "{\"v\":1,\"id\":\"a\",\"kind\":\"notice\",\"title\":\"t\",\"unknown\":1}";
    const struct explained *got = explained_text(event, pattern);
    cr_expect_eq(got->code, 65);            /* strict */
    cr_expect(strstr(got->out, "source: tests\ntopic: test.one\n") && strstr(got->out, "fault: schema"), "%s", got->out);
    cr_expect_eq(explained_text(event, nobody)->code, 64);
    got = explained_text(event, named);
    cr_expect(got->code == 64 && strstr(got->error, "add --topic"), "%s", got->error);
    got = explained_text(event, NULL);
    cr_expect(got->code == 0 && strstr(got->out, "unknown fields: 1"), "%s", got->out);
}

Test(explain, ends_with_the_code_of_what_is_wrong)
{
    static const struct {
        const char *words[4];
        int code;
    } rows[] = {
        { { "--format", "xml" }, 64 },       { { "--time", "noon" }, 64 },
        { { "--header", "no-equals" }, 64 }, { { "another", "--time=2026-03-01T12:00:00Z" }, 64 },
        { { "--format", "msgpack" }, 65 },   { { "--source", "nobody" }, 64 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(explained_text(NOTICE("a"), rows[i].words)->code, rows[i].code, "row %zu", i);
    const struct explained *got = explained_text(NULL, NULL);
    cr_expect(got->code == 66 && strstr(got->error, "No such file") && got->out[0] == '\0', "%s", got->error);
    got = explained(EXPLAINED_JSON, "\xdf\x03\xff\xff\xff", 5, NULL);
    cr_expect(got->code == 65 && slice_is(value_member(as_json(got->out), "parked")->text, "bad_input.syntax"), "%s", got->out);
}

/* The reason and the verdict come from two functions: where one says no, the other must say why, and only there. */
Test(explain, gives_a_reason_exactly_where_a_route_does_not_match)
{
    static struct explain explain;
    const struct value label = { .type = VALUE_STRING, .text = SLICE("eu") };
    const struct member member = { SLICE("region"), label };
    const struct value labels = { .type = VALUE_OBJECT, .count = 1, .members = &member };
    explain.topic = "t";
    explain.source = 1;
    explain.settings.sources[1].name = "s";
    for (unsigned bits = 0; bits < 4 * 3 * 3 * 4 * 3 * 4; bits++) {
        unsigned x = bits;
        struct event event = { .kind = EVENT_NOTICE, .severity = (int)(x % 4) };
        x /= 4;
        struct route route = { .name = "r", .severity_below = (int)(x % 3), .severity_at_least = (int)(x / 3 % 3) };
        x /= 9;
        route.kinds = x % 2 ? 1u << EVENT_NOTICE : x / 2 % 2;
        x /= 4;
        route.sources = x % 3;
        x /= 3;
        route.n_topics = x % 2;
        route.topics[0] = x / 2 % 2 ? "t" : "u";
        event.labels = bits % 5 ? &labels : NULL;
        route.n_labels = bits % 3 ? 1 : 0;
        route.labels[0] = (struct route_label){ "region", bits % 7 ? "eu" : "us" };
        char memory[512];
        struct buf why;
        buf_init(&why, memory, sizeof memory);
        explain_refusal(&route, &explain, &event, &why);
        cr_assert_eq(why.size == 0, route_matches(&route, &event, 1, SLICE("t")), "row %u: %s", bits, buf_cstr(&why));
    }
}

/* test_fingerprint.c: what makes two events the same and what does not. */
#include "tests/codecs/sample.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct decoded decoded;

static uint64_t
fp_of(const char *members)
{
    char text[4000];
    snprintf(text, sizeof text, "{\"v\":1,\"id\":\"n\",\"kind\":\"notice\",\"body\":\"b\"%s%s}", *members ? "," : "", members);
    cr_assert_eq(sample_decode(slice_of(text), NULL, 0, FORMAT_JSON, false, &decoded), FAULT_NONE, "%s", text);
    return event_fingerprint(&decoded.events[0], &sample_key);
}

Test(fingerprint, carries_its_version_and_is_never_0)
{
    cr_expect_eq(fingerprint_version(fp_of("")), 1);
    cr_expect_eq(fingerprint_version(0x2fffffffffffffff), 2);
    cr_expect_neq(event_fingerprint(&decoded.events[0], &(struct sipkey){1, 2}),
                  event_fingerprint(&decoded.events[0], &sample_key));
}

/* Redis keeps fingerprints across releases: a change here needs a new version digit. */
Test(fingerprint, does_not_change_between_releases)
{
    cr_assert_eq(sample_decode(slice_of(sample_full), NULL, 0, FORMAT_JSON, false, &decoded), FAULT_NONE);
    cr_expect_eq(event_fingerprint(&decoded.events[0], &sample_key), UINT64_C(0x1f9f2bdffdd2febd), "%016llx",
                 (unsigned long long)event_fingerprint(&decoded.events[0], &sample_key));
}

Test(fingerprint, leaves_out_what_says_nothing_about_the_event)
{
    static const char *const members[] = {
        "\"time\":1",         "\"source\":\"s\"",
        "\"data\":{\"a\":1}", "\"unknown\":true",
        "\"severity\":0",     "\"tags\":[]",
        "\"labels\":{}",      "\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"",
    };
    uint64_t plain = fp_of("");
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        cr_expect_eq(fp_of(members[i]), plain, "%s", members[i]);
}

Test(fingerprint, sees_each_canonical_field)
{
    static const char *const members[] = {
        "",
        "\"dedupKey\":\"x\"",
        "\"aliyunUID\":\"1\"",
        "\"incidentName\":\"x\"",
        "\"incidentID\":\"x\"",
        "\"alertName\":\"x\"",
        "\"alertID\":\"x\"",
        "\"startTime\":\"x\"",
        "\"startTime\":5",
        "\"startTime\":6",
        "\"endTime\":\"x\"",
        "\"status\":\"x\"",
        "\"status\":\"\"",
        "\"level\":\"x\"",
        "\"severity\":1",
        "\"severity\":2",
        "\"title\":\"x\"",
        "\"title\":{\"default\":\"y\"}",
        "\"title\":{\"default\":\"x\",\"zh_CN\":\"y\"}",
        "\"title\":{\"default\":\"y\",\"zh_CN\":\"x\"}",
        "\"tags\":[\"x\"]",
        "\"tags\":[\"x\",\"y\"]",
        "\"tags\":[\"y\",\"x\"]",
        "\"tags\":[\"xy\"]",
        "\"tags\":[{\"default\":\"x\"}]",
        "\"features\":[\"x\"]",
        "\"targets\":\"all\"",
        "\"targets\":[\"all\"]",
        "\"targets\":[\"x\"]",
        "\"targets\":[\"x\",\"y\"]",
        "\"url\":\"http://x\"",
        "\"link\":{\"appId\":\"a\",\"menuCode\":\"b\"}",
        "\"link\":{\"appId\":\"ab\",\"menuCode\":\"\"}",
        "\"link\":{\"appId\":\"a\",\"menuCode\":\"b\",\"states\":\"\"}",
        "\"channels\":[\"sms\"]",
        "\"channels\":[\"email\"]",
        "\"lang\":\"zh\"",
        "\"lang\":\"en\"",
        "\"expiresAt\":5",
        "\"labels\":{\"a\":\"b\"}",
        "\"labels\":{\"a\":\"b\",\"c\":\"d\"}",
        "\"labels\":{\"ab\":\"\"}",
    };
    enum { COUNT = sizeof members / sizeof *members };
    uint64_t fps[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        fps[i] = fp_of(members[i]);
        for (size_t j = 0; j < i; j++)
            cr_expect_neq(fps[i], fps[j], "%s and %s", members[i], members[j]);
    }
}

Test(fingerprint, same_content_is_the_same)
{
    static const struct { const char *a, *b; } rows[] = {
        { "\"startTime\":1772323200000", "\"startTime\":\"2026-03-01T08:00:00+08:00\"" },
        { "\"startTime\":\"2026-03-01 00:00:00\"", "\"startTime\":\"2026-03-01T00:00:00.000Z\"" },
        { "\"labels\":{\"a\":\"1\",\"b\":\"2\"}", "\"labels\":{\"b\":\"2\",\"a\":\"1\"}" },
        { "\"title\":{\"default\":\"1\",\"zh_CN\":\"2\"}", "\"title\":{\"zh_CN\":\"2\",\"default\":\"1\"}" },
        { "\"channels\":[\"sms\",\"pmsg\"]", "\"channels\":[\"pmsg\",\"sms\"]" },
        { "\"status\":\"a\",\"level\":\"b\"", "\"level\":\"\\u0062\",\"status\":\"a\"" },
        { "\"severity\":3", "\"severity\":3.0" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(fp_of(rows[i].a), fp_of(rows[i].b), "row %zu: %s", i, rows[i].a);
}

/* More languages than the usual sort holds, in two orders. */
Test(fingerprint, sorts_very_many_languages)
{
    char texts[2][4000];
    for (int order = 0; order < 2; order++) {
        int size = snprintf(texts[order], sizeof texts[order], "\"title\":{\"default\":\"d\"");
        for (int i = 0; i < 100; i++) {
            int n = order ? 99 - i : i;
            size += snprintf(texts[order] + size, sizeof texts[order] - (size_t)size, ",\"%c%c_AA\":\"%d\"", 'a' + n / 10,
                             'a' + n % 10, n);
        }
        snprintf(texts[order] + size, sizeof texts[order] - (size_t)size, "}");
    }
    cr_expect_eq(fp_of(texts[0]), fp_of(texts[1]));
}

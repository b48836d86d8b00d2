/* test_event_time.c: times as producers write them, read and written. */
#include "codecs/buf.h"
#include "codecs/event.h"

#include <criterion/criterion.h>

Test(event_time, times_are_read)
{
    static const struct { const char *text; int64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-03-01T08:00:00.250+08:00", 1772323200250},
        {"2026-03-01 00:00:00", 1772323200000},
        {"2026-03-01t00:00:00.123999z", 1772323200123},
        {"2026-02-28T19:30:00-04:30", 1772323200000},
        {"2024-02-29 12:00:00", 1709208000000},
        {"2000-02-29T00:00:00Z", 951782400000},
        {"1969-12-31T23:59:59.5Z", -500},
        {"2016-12-31T23:59:60Z", 1483228800000},
        {"2026-03-01 00:00:00Z", 1772323200000},
        {"9999-12-31T23:59:59Z", 253402300799000},
    };
    static const char *const bad[] = {"",
                                      "now",
                                      "2026-03-01",
                                      "2026-03-01T00:00:00",
                                      "2026-02-29T00:00:00Z",
                                      "1900-02-29T00:00:00Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-01-32 00:00:00",
                                      "2026-01-00 00:00:00",
                                      "2026-01-01T24:00:00Z",
                                      "2026-01-01T00:60:00Z",
                                      "2026-01-01T00:00:61Z",
                                      "2026-01-01T00:00:00.Z",
                                      "2026-01-01T00:00:00+0800",
                                      "2026-01-01T00:00:00+24:00",
                                      "2026-01-01T00:00:00Zx",
                                      "2026-01-01 00:00:00.5",
                                      "2026-1-1 00:00:00",
                                      "2026-01-01X00:00:00Z",
                                      "20260101T000000Z"};
    int64_t ms;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct event_time time = { .text = slice_of(rows[i].text) };
        cr_expect(event_time_ms(&time, &ms) && ms == rows[i].ms, "%s: %lld", rows[i].text, (long long)ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(!event_time_ms(&(struct event_time){ .text = slice_of(bad[i]) }, &ms), "%s", bad[i]);
    cr_expect(!event_time_ms(&(struct event_time){ 0 }, &ms));
    cr_expect(event_time_ms(&(struct event_time){ .is_ms = true, .ms = 7 }, &ms) && ms == 7);
}

Test(event_time, times_are_written_verbatim_or_in_utc)
{
    static const struct { struct event_time time; const char *text;
    } rows[] = {
        {{.text = {"tomorrow", 8}}, "tomorrow"},
        {{.is_ms = true, .ms = 0}, "1970-01-01 00:00:00"},
        {{.is_ms = true, .ms = 1772323200999}, "2026-03-01 00:00:00"},
        {{.is_ms = true, .ms = 951782399999}, "2000-02-28 23:59:59"},
        {{.is_ms = true, .ms = 253402300799000}, "9999-12-31 23:59:59"},
        {{.is_ms = true, .ms = INT64_MAX}, "292278994-08-17 07:12:55"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[64];
        struct buf buf;
        buf_init(&buf, text, sizeof text);
        event_time_write(&buf, &rows[i].time);
        cr_expect_str_eq(buf_cstr(&buf), rows[i].text);
    }
}

Test(event_time, a_wall_clock_is_written_with_milliseconds)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { 1772442847221, "2026-03-02T09:14:07.221Z" },
        { 951782400007, "2000-02-29T00:00:00.007Z" },
        { 4102444799999, "2099-12-31T23:59:59.999Z" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char memory[32];
        struct buf buf;
        buf_init(&buf, memory, sizeof(memory));
        buf_rfc3339_ms(&buf, rows[i].ms);
        cr_expect_str_eq(buf_cstr(&buf), rows[i].text, "row %zu", i);
    }
}

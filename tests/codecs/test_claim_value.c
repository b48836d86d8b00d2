/* test_claim_value.c: the value of a delivery's key, written and strictly read. */
#include "codecs/claim_value.h"
#include "tests/codecs/vectors.h"

#include <criterion/criterion.h>

static const struct {
    const char *text;
    struct claim_value value;
} rows[] = {
    { "C:1:00000000000000ab.70000000:0:0:30000:86400000:1fedcba987654321",
      { .state = CLAIM_STATE_CLAIMED, .attempt = 1, .owner = 0xab, .dispatch = 7, .lease_ms = 30000, .ttl_ms = 86400000,
        .fp = 0x1fedcba987654321 } },
    { "C:1:00000000000000ab.120000345:0:0:30000:86400000:1fedcba987654321",
      { .state = CLAIM_STATE_CLAIMED, .attempt = 1, .owner = 0xab, .dispatch = 12, .connection = 345, .lease_ms = 30000,
        .ttl_ms = 86400000, .fp = 0x1fedcba987654321 } },
    { "C:1:00000000000000ab.19999999:0:0:30000:86400000:1fedcba987654321",
      { .state = CLAIM_STATE_CLAIMED, .attempt = 1, .owner = 0xab, .dispatch = 1, .connection = CLAIM_CONNECTION_MAX,
        .lease_ms = 30000, .ttl_ms = 86400000, .fp = 0x1fedcba987654321 } },
    { "C:4294967295:ffffffffffffffff.18446744073709551615:4294967295:9223372036854775807:9223372036854775807:9223372036854775807:"
      "ffffffffffffffff",
      { .state = CLAIM_STATE_CLAIMED, .attempt = UINT32_MAX, .owner = UINT64_MAX, .dispatch = UINT64_MAX / 10000000,
        .connection = UINT64_MAX % 10000000, .doubt = UINT32_MAX, .first_sent_ms = INT64_MAX, .lease_ms = INT64_MAX,
        .ttl_ms = INT64_MAX, .fp = UINT64_MAX } },
    { "C:3:0123456789abcdef.90000000:2:1700000000000:0:1:1000000000000000",
      { .state = CLAIM_STATE_CLAIMED, .attempt = 3, .owner = 0x0123456789abcdef, .dispatch = 9, .doubt = 2,
        .first_sent_ms = 1700000000000, .ttl_ms = 1, .fp = 0x1000000000000000 } },
    { "C:2:00000000000000ab.70000000:3=:1700000000000:30000:86400000:1fedcba987654321",
      { .state = CLAIM_STATE_CLAIMED, .attempt = 2, .owner = 0xab, .dispatch = 7, .doubt = 3, .idle = true,
        .first_sent_ms = 1700000000000, .lease_ms = 30000, .ttl_ms = 86400000, .fp = 0x1fedcba987654321 } },
    { "D:1fedcba987654321", { .state = CLAIM_STATE_DONE, .fp = 0x1fedcba987654321 } },
    { "R:2:1fedcba987654321", { .state = CLAIM_STATE_RELEASED, .attempt = 2, .fp = 0x1fedcba987654321 } },
    { "U:5:1fedcba987654321", { .state = CLAIM_STATE_UNCONFIRMED, .doubt = 5, .fp = 0x1fedcba987654321 } },
    { "X:0000000000000000", { .state = CLAIM_STATE_DEAD } },
};

static void
expect_equal(const struct claim_value *a, const struct claim_value *b, size_t row)
{
    cr_expect(a->state == b->state && a->attempt == b->attempt && a->doubt == b->doubt && a->owner == b->owner
                  && a->dispatch == b->dispatch && a->connection == b->connection && a->first_sent_ms == b->first_sent_ms
                  && a->lease_ms == b->lease_ms && a->ttl_ms == b->ttl_ms && a->fp == b->fp && a->idle == b->idle,
              "row %zu", row);
}

Test(claim_value, writes_and_reads_back_the_same)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char memory[CLAIM_VALUE_BYTES_MAX];
        struct claim_value value;
        struct buf buf;
        memset(&value, 0x55, sizeof(value));
        buf_init(&buf, memory, sizeof(memory));
        claim_value_write(&buf, &rows[i].value);
        cr_expect_not(buf.overflow, "row %zu", i);
        EXPECT_SLICE(buf_view(&buf), slice_of(rows[i].text));
        cr_expect(claim_value_read(slice_of(rows[i].text), &value), "row %zu", i);
        expect_equal(&value, &rows[i].value, i);
    }
}

/* A release before this one wrote the dispatch alone. Whose it is and how old stands elsewhere; nothing else is asked of it. */
Test(claim_value, a_claim_of_a_release_before_is_read_and_written_as_it_was)
{
    static const char text[] = "C:2:00000000000000ab.17:1:5:30000:86400000:1fedcba987654321";
    char memory[CLAIM_VALUE_BYTES_MAX];
    struct claim_value value;
    struct buf buf;
    cr_assert(claim_value_read(slice_of(text), &value));
    cr_expect(value.owner == 0xab && value.attempt == 2 && value.doubt == 1 && value.lease_ms == 30000 && !value.idle);
    buf_init(&buf, memory, sizeof(memory));
    claim_value_write(&buf, &value);
    EXPECT_SLICE(buf_view(&buf), slice_of(text));
}

Test(claim_value, refuses_what_it_would_not_write)
{
    static const char *const texts[] = {
        "",
        "C",
        "D",
        "D:",
        "X",
        "Z:1fedcba987654321",
        "d:1fedcba987654321",
        "D1fedcba987654321",
        "D:1fedcba98765432",
        "D:1fedcba9876543210",
        "D:1FEDCBA987654321",
        "D:1fedcba98765432g",
        "D:1fedcba987654321 ",
        " D:1fedcba987654321",
        "D:1fedcba987654321:",
        "R::1fedcba987654321",
        "R:02:1fedcba987654321",
        "R:00:1fedcba987654321",
        "R:+2:1fedcba987654321",
        "R:-2:1fedcba987654321",
        "R: 2:1fedcba987654321",
        "R:4294967296:1fedcba987654321",
        "R:2",
        "R:2:",
        "R:1fedcba987654321",
        "U:18446744073709551616:1fedcba987654321",
        "U:0x5:1fedcba987654321",
        "U:5:1:1fedcba987654321",
        "C:1:00000000000000ab:7:0:0:30000:86400000:1fedcba987654321",
        "C:1:00000000000000ab.:0:0:30000:86400000:1fedcba987654321",
        "C:1:ab.7:0:0:30000:86400000:1fedcba987654321",
        "C:1:00000000000000ab.7:0:0:30000:1fedcba987654321",
        "C:1:00000000000000ab.7:0:0:30000:86400000:5:1fedcba987654321",
        "C:1:00000000000000ab.7:0:9223372036854775808:0:0:1fedcba987654321",
        "C:1:00000000000000ab.18446744073709551616:0:0:0:0:1fedcba987654321",
        "C:1:00000000000000ab.7:0:0:30000:86400000:",
        "C:1:00000000000000ab.7:=:0:30000:86400000:1fedcba987654321",
        "C:1:00000000000000ab.7:0==:0:30000:86400000:1fedcba987654321",
        "C:1:00000000000000ab.7:0:0=:30000:86400000:1fedcba987654321",
        "U:5=:1fedcba987654321",
        "C:1:00000000000000ab.07:0:0:30000:86400000:1fedcba987654321",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct claim_value value = { .state = CLAIM_STATE_DONE, .fp = 42 };
        cr_expect_not(claim_value_read(slice_of(texts[i]), &value), "\"%s\"", texts[i]);
        cr_expect(value.state == CLAIM_STATE_DONE && value.fp == 42, "\"%s\" left its mark", texts[i]);
    }
    struct claim_value value;
    cr_expect_not(claim_value_read((struct slice){ NULL, 0 }, &value));
    cr_expect_not(claim_value_read(SLICE("D:1fedcba987654321\0"), &value));
}

/* Every text that one changed byte makes of a good one is refused, or read as exactly what it says. */
Test(claim_value, one_changed_byte_never_passes_for_another_text)
{
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        char text[CLAIM_VALUE_BYTES_MAX], memory[CLAIM_VALUE_BYTES_MAX];
        size_t size = strlen(rows[row].text);
        for (size_t at = 0; at < size; at++) {
            for (int c = 0; c < 256; c++) {
                struct claim_value value;
                struct buf buf;
                memcpy(text, rows[row].text, size);
                text[at] = (char)c;
                if (!claim_value_read((struct slice){ text, size }, &value))
                    continue;
                buf_init(&buf, memory, sizeof(memory));
                claim_value_write(&buf, &value);
                cr_expect(slice_eq(buf_view(&buf), (struct slice){ text, size }), "row %zu, byte %zu = %d", row, at, c);
            }
        }
    }
}

Test(claim_value, a_cut_text_is_refused)
{
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        struct claim_value value;
        for (size_t size = 0; size < strlen(rows[row].text); size++)
            cr_expect_not(claim_value_read((struct slice){ rows[row].text, size }, &value), "row %zu, %zu bytes", row, size);
    }
}

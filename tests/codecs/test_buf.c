/* test_buf.c: puts that write whole or not at all. */
#include "codecs/arena.h"
#include "codecs/buf.h"

#include <criterion/criterion.h>

static char memory[256];

static struct buf
fresh(size_t capacity)
{
    struct buf buf;
    memset(memory, '#', sizeof memory);
    buf_init(&buf, memory, capacity);
    return buf;
}

Test(buf, writes_numbers_and_hex)
{
    struct buf buf = fresh(sizeof memory);
    buf_u64(&buf, 0);
    buf_char(&buf, ' ');
    buf_u64(&buf, UINT64_MAX);
    buf_char(&buf, ' ');
    buf_i64(&buf, INT64_MIN);
    buf_char(&buf, ' ');
    buf_hex(&buf, "\x00\xaf\x10", 3);
    buf_char(&buf, ' ');
    buf_hex64(&buf, 0xbeef);
    buf_format(&buf, " %d%%", 7);
    cr_expect_str_eq(buf_cstr(&buf), "0 18446744073709551615 -9223372036854775808 00af10 000000000000beef 7%");
}

Test(buf, escapes_a_json_string)
{
    struct buf buf = fresh(sizeof memory);
    buf_json_string(&buf, SLICE("a\"b\\c/\b\f\n\r\t\x01\x1f\x7f\xe6\xa1\xa5"));
    cr_expect_str_eq(buf_cstr(&buf), "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xe6\xa1\xa5\"");
}

Test(buf, a_put_that_does_not_fit_writes_nothing_and_is_remembered)
{
    struct buf buf = fresh(4);
    buf_text(&buf, "abcd");
    cr_expect(!buf.overflow);
    buf_char(&buf, 'e');
    cr_expect(buf.overflow);
    cr_expect_eq(buf.size, 4);
    cr_expect_eq(memory[4], '#');
    cr_expect_str_eq(buf_cstr(&buf), "");
    buf_reset(&buf);
    cr_expect(!buf.overflow);
    buf_text(&buf, "abc");
    cr_expect_str_eq(buf_cstr(&buf), "abc");
}

Test(buf, nothing_follows_an_overflow)
{
    struct buf buf = fresh(4);
    buf_text(&buf, "abcde");
    buf_char(&buf, 'x');
    cr_expect_eq(buf.size, 0);
    cr_expect(buf.overflow);
}

Test(buf, no_kind_of_put_writes_half)
{
    for (int kind = 0; kind < 5; kind++)
        for (size_t capacity = 0; capacity < 6; capacity++) {
            struct buf buf = fresh(capacity);
            switch (kind) {
            case 0: buf_i64(&buf, -12345); break;
            case 1: buf_json_string(&buf, SLICE("a\nbc")); break;
            case 2: buf_hex(&buf, "abc", 3); break;
            case 3: buf_format(&buf, "%s", "abcdef"); break;
            case 4: buf_hex64(&buf, 1); break;
            }
            cr_expect(buf.overflow, "kind %d, capacity %zu", kind, capacity);
            cr_expect_eq(buf.size, 0, "kind %d, capacity %zu", kind, capacity);
            cr_expect_eq(memory[capacity], '#', "kind %d, capacity %zu", kind, capacity);
        }
}

Test(arena, hands_out_aligned_memory_until_it_is_full)
{
    _Alignas(16) char bytes[64];
    struct arena arena;
    arena_init(&arena, bytes, sizeof bytes);
    char *a = arena_take(&arena, 1), *b = arena_take(&arena, 48);
    cr_expect_eq(a, bytes);
    cr_expect_eq(b, bytes + 16);
    cr_expect_null(arena_take(&arena, 1));
    cr_expect(arena.overflow);
    arena_reset(&arena);
    cr_expect_eq(arena_take(&arena, 64), bytes);
    cr_expect_null(arena_take(&arena, SIZE_MAX));
}

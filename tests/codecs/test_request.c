/* test_request.c: the request in memory, and percent-encoding against the vendor's and derived vectors. */
#include "codecs/request.h"
#include "tests/codecs/vectors.h"

#include <criterion/criterion.h>

static char memory[4096];
static struct request request;

static void
set_up(size_t head_bytes)
{
    request_init(&request, memory, 64, 64, head_bytes);
}

Test(request, headers_are_lines_with_an_end)
{
    set_up(256);
    request_header(&request, "accept", SLICE("application/json"));
    request_header(&request, "x-empty", SLICE(""));
    cr_assert_eq(request.n_lines, 2);
    cr_expect_str_eq(request.lines[0], "accept: application/json");
    cr_expect_str_eq(request.lines[1], "x-empty: ");
    cr_expect(request_is_whole(&request));
}

Test(request, a_line_that_does_not_fit_is_left_out_and_remembered)
{
    set_up(20);
    request_header(&request, "a", SLICE("1"));
    request_header(&request, "b", SLICE("12345678901234567890"));
    cr_expect_eq(request.n_lines, 1);
    cr_expect_not(request_is_whole(&request));
    request_reset(&request);
    cr_expect(request_is_whole(&request));
    cr_expect_eq(request.n_lines, 0);
}

Test(request, one_line_too_many_is_remembered)
{
    set_up(512);
    for (int i = 0; i < REQUEST_HEADERS_MAX; i++)
        request_header(&request, "h", SLICE("1"));
    cr_expect(request_is_whole(&request));
    request_header(&request, "h", SLICE("1"));
    cr_expect_eq(request.n_lines, REQUEST_HEADERS_MAX);
    cr_expect_not(request_is_whole(&request));
}

/* Eight bytes are looked at together: every byte has to be seen wherever it stands among them. */
Test(request, a_control_character_is_found_at_every_place)
{
    for (int c = 0; c <= UINT8_MAX; c++) {
        bool fine = (c >= 0x20 && c != 0x7f) || c == '\t';
        for (size_t size = 1; size <= 20; size++) {
            for (size_t at = 0; at < size; at++) {
                char value[20];
                memset(value, at % 2 ? '\xff' : ' ', sizeof(value));
                value[at] = (char)c;
                set_up(256);
                request_header(&request, "a", (struct slice){ value, size });
                cr_assert_eq(request_is_whole(&request), fine, "%02x at %zu of %zu", (unsigned)c, at, size);
            }
        }
    }
}

Test(percent, only_unreserved_bytes_go_as_they_are)
{
    for (int c = 0; c <= UINT8_MAX; c++) {
        bool plain = c && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~", c);
        char byte = (char)c, out[4];
        struct buf encoded;
        buf_init(&encoded, out, sizeof(out));
        percent_encode(&encoded, (struct slice){ &byte, 1 });
        cr_expect_eq(encoded.size, plain ? 1 : 3, "%02x", (unsigned)c);
    }
}

Test(request, a_value_with_a_line_break_is_never_a_header)
{
    static const struct {
        struct slice value;
        bool fine;
    } rows[] = {
        { SLICE("a\r\nHost: evil"), false }, { SLICE("a\nb"), false }, { SLICE("a\0b"), false }, { SLICE("\x7f"), false },
        { SLICE("a\tb"), true },             { SLICE("\xc3\xa9"), true },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set_up(256);
        request_header(&request, "x", rows[i].value);
        cr_expect_eq(request_is_whole(&request), rows[i].fine, "row %zu", i);
        cr_expect_eq(request.n_lines, rows[i].fine ? 1u : 0u, "row %zu", i);
    }
}

Test(request, lines_from_one_on_are_taken_back_and_wiped)
{
    set_up(64);
    request_header(&request, "keep", SLICE("1"));
    request_header(&request, "token-not", SLICE("2"));
    size_t kept = request.head.size;
    request_header(&request, "token", SLICE("secret"));
    request_header(&request, "last", SLICE("secret"));
    request_drop_from(&request, "token");
    cr_expect_eq(request.n_lines, 2);
    cr_expect_eq(request.head.size, kept);
    cr_expect_null(memmem(memory, sizeof(memory), "secret", 6));
    request_drop_from(&request, "token");
    cr_expect_eq(request.n_lines, 2);
}

Test(request, taking_back_forgives_the_overflow)
{
    set_up(64);
    buf_text(&request.body, "before");
    for (int i = 0; i < 10; i++)
        buf_text(&request.body, "0123456789");
    cr_expect_not(request_is_whole(&request));
    request_undo(&request.body, 6);
    cr_expect(request_is_whole(&request));
    EXPECT_SLICE(buf_view(&request.body), SLICE("before"));
}

Test(percent, encodes_every_vector_and_decodes_it_back)
{
    const struct value *rows = vectors("soar", "percent_encoding");
    for (uint32_t i = 0; i < rows->count; i++) {
        char encoded_memory[256], decoded_memory[256];
        struct buf encoded, decoded;
        buf_init(&encoded, encoded_memory, sizeof(encoded_memory));
        buf_init(&decoded, decoded_memory, sizeof(decoded_memory));
        percent_encode(&encoded, text_at(&rows->items[i], "input"));
        EXPECT_SLICE(buf_view(&encoded), text_at(&rows->items[i], "expect"));
        cr_expect(percent_decode(&decoded, buf_view(&encoded), true));
        EXPECT_SLICE(buf_view(&decoded), text_at(&rows->items[i], "input"));
    }
}

Test(percent, every_byte_survives_there_and_back)
{
    char all[256], encoded_memory[768], decoded_memory[256];
    struct buf encoded, decoded;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    buf_init(&encoded, encoded_memory, sizeof(encoded_memory));
    buf_init(&decoded, decoded_memory, sizeof(decoded_memory));
    percent_encode(&encoded, (struct slice){ all, 256 });
    cr_expect_eq(encoded.size, 66 + 3 * 190u);
    cr_expect(percent_decode(&decoded, buf_view(&encoded), false));
    EXPECT_SLICE(buf_view(&decoded), ((struct slice){ all, 256 }));
}

Test(percent, a_text_that_does_not_fit_overflows)
{
    char small[5];
    struct buf buf;
    buf_init(&buf, small, sizeof(small));
    percent_encode(&buf, SLICE("**"));
    cr_expect(buf.overflow);
}

Test(percent, decoding_knows_plus_and_refuses_broken_escapes)
{
    static const struct {
        const char *text, *plain, *form;    /* NULL = refused */
    } rows[] = {
        { "a+b", "a+b", "a b" },   { "a%20b", "a b", "a b" }, { "%4a%4A", "JJ", "JJ" }, { "%", NULL, NULL },
        { "%2", NULL, NULL },      { "%2g", NULL, NULL },     { "%g2", NULL, NULL },    { "a%2", NULL, NULL },
        { "%%20", NULL, NULL },    { "%41", "A", "A" },       { "", "", "" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int plus = 0; plus < 2; plus++) {
            char decoded[16];
            const char *expected = plus ? rows[i].form : rows[i].plain;
            struct buf buf;
            buf_init(&buf, decoded, sizeof(decoded));
            bool ok = percent_decode(&buf, slice_of(rows[i].text), plus);
            cr_expect_eq(ok, expected != NULL, "row %zu", i);
            if (expected)
                EXPECT_SLICE(buf_view(&buf), slice_of(expected));
        }
    }
}

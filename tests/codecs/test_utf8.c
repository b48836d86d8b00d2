/* test_utf8.c: the edges of RFC 3629's table of well-formed sequences, https://www.rfc-editor.org/rfc/rfc3629#section-4. */
#include "codecs/utf8.h"

#include <criterion/criterion.h>

Test(utf8, the_first_and_the_last_of_each_length_are_read)
{
    static const struct { const char *text; uint32_t code; } rows[] = {
        { "\x01", 0x01 },
        { "\x7f", 0x7f },
        { "\xc2\x80", 0x80 },
        { "\xdf\xbf", 0x7ff },
        { "\xe0\xa0\x80", 0x800 },
        { "\xed\x9f\xbf", 0xd7ff },     /* the last before the surrogates */
        { "\xee\x80\x80", 0xe000 },     /* the first behind them */
        { "\xef\xbf\xbf", 0xffff },
        { "\xf0\x90\x80\x80", 0x10000 },
        { "\xf4\x8f\xbf\xbf", 0x10ffff },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice text = slice_of(rows[i].text);
        size_t place = 0;
        cr_assert(utf8_valid(text), "row %zu", i);
        cr_expect_eq(utf8_length(text), 1, "row %zu", i);
        cr_expect_eq(utf8_next(text, &place), rows[i].code, "row %zu", i);
        cr_expect_eq(place, text.size, "row %zu", i);
    }
}

Test(utf8, what_is_overlong_a_surrogate_too_high_or_cut_is_refused)
{
    static const char *const rows[] = {
        "\x80", "\xbf",                                         /* a tail alone */
        "\xc0\x80", "\xc1\xbf",                                 /* overlong */
        "\xe0\x80\x80", "\xe0\x9f\xbf",
        "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
        "\xed\xa0\x80", "\xed\xbf\xbf",                         /* surrogates */
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",         /* above U+10FFFF */
        "\xc2", "\xe1\x80", "\xf1\x80\x80",                     /* cut */
        "\xc2" "a", "\xe1" "a\x80", "\xe1\x80" "a",             /* a tail that is none */
        "\xf1" "a\x80\x80", "\xf1\x80" "a\x80", "\xf1\x80\x80" "a",
        "eight by\xed\xa0\x80",                                 /* behind bytes that are looked at by eight */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect(!utf8_valid(slice_of(rows[i])), "row %zu", i);
}

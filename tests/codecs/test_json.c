/* test_json.c: strict JSON: what is read, and each reason to refuse, at the edge of each limit. */
#include "codecs/buf.h"
#include "codecs/json.h"
#include "codecs/limits.h"
#include "tests/codecs/sample.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct arena arena;
static const struct value *root;
static char *text;          /* big enough for any record */

static void
prepare(void)
{
    size_t size = json_arena_bytes(RECORD_BYTES_MAX);
    arena_init(&arena, malloc(size), size);
    text = malloc(RECORD_BYTES_MAX + 1);
}

static void
tidy(void)
{
    free(arena.at);
    free(text);
}

TestSuite(json, .init = prepare, .fini = tidy);

static enum fault
read(const char *json)
{
    arena_reset(&arena);
    return json_read(slice_of(json), &arena, &root);
}

/* `head`, `n` times `unit`, `tail` */
static enum fault
read_repeated(const char *head, const char *unit, size_t n, const char *tail)
{
    struct buf buf;
    buf_init(&buf, text, RECORD_BYTES_MAX + 1);
    buf_text(&buf, head);
    for (size_t i = 0; i < n; i++)
        buf_text(&buf, unit);
    buf_text(&buf, tail);
    return read(buf_cstr(&buf));
}

Test(json, refuses_by_name)
{
    static const struct { const char *json; enum fault fault;
    } rows[] = {
        {"", FAULT_SYNTAX},
        {" ", FAULT_SYNTAX},
        {"{", FAULT_SYNTAX},
        {"[1,]", FAULT_SYNTAX},
        {"{\"a\":1,}", FAULT_SYNTAX},
        {"01", FAULT_SYNTAX},
        {"1.", FAULT_SYNTAX},
        {"+1", FAULT_SYNTAX},
        {"tru", FAULT_SYNTAX},
        {"'a'", FAULT_SYNTAX},
        {"\"a\nb\"", FAULT_SYNTAX},
        {"\"\\x\"", FAULT_SYNTAX},
        {"[1] // c", FAULT_TRAILING},
        {"/**/1", FAULT_SYNTAX},
        {"1 2", FAULT_TRAILING},
        {"{}{}", FAULT_TRAILING},
        {"[]\v", FAULT_TRAILING},
        {"\"\xff\"", FAULT_UTF8},
        {"\"\xc0\xaf\"", FAULT_UTF8},
        {"\"\xed\xa0\x80\"", FAULT_UTF8},
        {"\"\xf4\x90\x80\x80\"", FAULT_UTF8},
        {"\"\\ud800\"", FAULT_UTF8},
        {"\"\\udc00\"", FAULT_UTF8},
        {"\"\\ud800\\u0041\"", FAULT_UTF8},
        {"\"\\ud800\\ud800\"", FAULT_UTF8},
        {"\"\\ud800\\ue000\"", FAULT_UTF8},
        {"\"\\ud800\\udc0\"", FAULT_UTF8},
        {"[\"\\ud83d\\ude00\\ud83d\\ude00\",]", FAULT_SYNTAX}, /* pairs are whole: the comma is what is wrong */
        {"[\"\\ud83d\\ude00\\udc00\"]", FAULT_UTF8},
        {"\"\\u0000\"", FAULT_UTF8},
        {"{\"a\\u0000\":1}", FAULT_UTF8},
        {"NaN", FAULT_NUMBER},
        {"[-Infinity]", FAULT_NUMBER},
        {"[1e999]", FAULT_NUMBER},
        {"-1e999", FAULT_NUMBER},
        {"{\"\":1}", FAULT_KEY},
        {"{\"a\":1,\"b\":2,\"a\":3}", FAULT_DUPLICATE_KEY},
        {"{\"a\":1,\"\\u0061\":2}", FAULT_DUPLICATE_KEY},
        {"[{\"x\":{\"a\":1,\"a\":1}}]", FAULT_DUPLICATE_KEY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(read(rows[i].json), rows[i].fault, "row %zu: %s: %s", i, rows[i].json, fault_name(read(rows[i].json)));
}

Test(json, keeps_numbers_exact)
{
    cr_assert_eq(read("[0,-0,9223372036854775807,-9223372036854775808,9223372036854775808,-9223372036854775809,1.50,1e2]"),
                 FAULT_NONE);
    const struct value *items = root->items;
    cr_assert_eq(root->count, 8);
    cr_expect(items[0].type == VALUE_INT && items[0].integer == 0);
    cr_expect(items[1].type == VALUE_INT && items[1].integer == 0);
    cr_expect(items[2].type == VALUE_INT && items[2].integer == INT64_MAX);
    cr_expect(items[3].type == VALUE_INT && items[3].integer == INT64_MIN);
    cr_expect(items[4].type == VALUE_BIG && slice_is(items[4].text, "9223372036854775808"));
    cr_expect(items[5].type == VALUE_BIG && slice_is(items[5].text, "-9223372036854775809"));
    cr_expect(items[6].type == VALUE_REAL && items[6].real == 1.5 && slice_is(items[6].text, "1.50"));
    cr_expect(items[7].type == VALUE_REAL && items[7].real == 100);
}

Test(json, unescapes_texts)
{
    cr_assert_eq(read("{\"a\":\"\\u00fc\\ud83d\\ude00\\n\\\\u0000\",\"b\":\"\",\"c\":null,\"d\":[true,false]}"), FAULT_NONE);
    cr_expect(slice_is(value_member(root, "a")->text, "\xc3\xbc\xf0\x9f\x98\x80\n\\u0000"));
    cr_expect(value_member(root, "b")->text.at && value_member(root, "b")->text.size == 0);
    cr_expect_eq(value_member(root, "c")->type, VALUE_NULL);
    cr_expect(value_member(root, "d")->items[0].boolean && !value_member(root, "d")->items[1].boolean);
    cr_expect_null(value_member(root, "e"));
    cr_expect_null(value_member(value_member(root, "d"), "a"));
}

Test(json, stops_at_depth_32)
{
    for (int objects = 0; objects < 2; objects++) {
        char nested[2000] = "";
        for (int depth = 32; depth <= 33; depth++) {
            nested[0] = '\0';
            for (int i = 0; i < depth; i++)
                strcat(nested, objects ? "{\"a\":" : "[");
            strcat(nested, "1");
            for (int i = 0; i < depth; i++)
                strcat(nested, objects ? "}" : "]");
            cr_expect_eq(read(nested), depth == 32 ? FAULT_NONE : FAULT_DEPTH, "depth %d", depth);
        }
    }
    cr_expect_eq(read_repeated("", "[", 1000000, ""), FAULT_DEPTH);
    cr_expect_eq(read_repeated("", "[]", 40, ""), FAULT_TRAILING);
    cr_expect_eq(read_repeated("[\"", "[", 100, "\\\"[\"]"), FAULT_NONE, "brackets in a string are text");
}

Test(json, stops_at_16384_values)
{
    cr_expect_eq(read_repeated("[1", ",1", NODES_MAX - 2, "]"), FAULT_NONE);
    cr_expect_eq(read_repeated("[1", ",1", NODES_MAX - 1, "]"), FAULT_NODES);
    cr_expect_eq(read_repeated("[1", ",1", 500000, "]"), FAULT_NODES);
    cr_expect_eq(read_repeated("[{}", ",{}", NODES_MAX - 2, "]"), FAULT_NONE);
    cr_expect_eq(read_repeated("[{}", ",{}", NODES_MAX - 1, "]"), FAULT_NODES);
}

Test(json, limits_names_and_texts)
{
    cr_expect_eq(read_repeated("{\"", "k", KEY_BYTES_MAX, "\":1}"), FAULT_NONE);
    cr_expect_eq(read_repeated("{\"", "k", KEY_BYTES_MAX + 1, "\":1}"), FAULT_KEY);
    cr_expect_eq(read_repeated("\"", "s", STRING_BYTES_MAX, "\""), FAULT_NONE);
    cr_expect_eq(read_repeated("\"", "s", STRING_BYTES_MAX + 1, "\""), FAULT_STRING);
}

static const char *
many_members(unsigned n, unsigned last)
{
    struct buf buf;
    buf_init(&buf, text, RECORD_BYTES_MAX);
    buf_char(&buf, '{');
    for (unsigned i = 0; i < n; i++)
        buf_format(&buf, "%s\"key%u\":1", i ? "," : "", i + 1 == n ? last : i);
    buf_char(&buf, '}');
    return buf_cstr(&buf);
}

Test(json, finds_a_duplicate_among_many)
{
    static const unsigned sizes[] = { 2, 16, 17, 18, 33, 1000, NODES_MAX - 1 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned n = sizes[i];
        cr_expect_eq(read(many_members(n, n - 1)), FAULT_NONE, "%u members", n);
        cr_expect_eq(read(many_members(n, 0)), FAULT_DUPLICATE_KEY, "%u members, first and last", n);
        cr_expect_eq(read(many_members(n, n / 2 - (n == 2))), FAULT_DUPLICATE_KEY, "%u members, middle and last", n);
    }
}

Test(json, the_arena_that_is_asked_for_suffices)
{
    static const char *const units[] = {
        "[],", "1,", "\"\",", "{\"a\":1},", "[[[[[[[[", " ", "\"ab\\n\\u0041\",", "1234567890123456789012,"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        for (size_t n = 1; n < 300000 / strlen(units[i]); n = n * 3 + 1) {
            size_t size = strlen("[") + n * strlen(units[i]) + strlen("0]");
            struct arena small;
            arena_init(&small, malloc(json_arena_bytes(size)), json_arena_bytes(size));
            cr_assert_neq(read_repeated("[", units[i], n, "0]"), FAULT_TOO_BIG);
            json_read((struct slice){ text, size }, &small, &root);
            cr_expect(!small.overflow, "unit %zu, %zu times", i, n);
            free(small.at);
        }
}

Test(json, says_too_big_when_the_arena_is_full)
{
    for (size_t size = 0; size < 4000; size += 16) {
        struct arena small;
        char *memory = malloc(size + 1);
        arena_init(&small, memory, size);
        enum fault fault = json_read(slice_of(sample_full), &small, &root);
        cr_expect(fault == FAULT_TOO_BIG || (fault == FAULT_NONE && size > 1000), "%zu bytes", size);
        free(memory);
    }
}

Test(json, a_cut_text_is_refused_wherever_it_is_cut)
{
    for (size_t size = 0; size < strlen(sample_full); size++) {
        char *cut = malloc(size + 1);       /* exact, so that the sanitizer sees a read behind the end */
        memcpy(cut, sample_full, size);
        arena_reset(&arena);
        enum fault fault = json_read((struct slice){ cut, size }, &arena, &root);
        cr_expect(fault == FAULT_SYNTAX || fault == FAULT_UTF8, "%zu bytes: %s", size, fault_name(fault));
        free(cut);
    }
    cr_expect_eq(read(sample_full), FAULT_NONE);
}

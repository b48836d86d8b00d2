/* test_msgpack.c: strict MessagePack: what is read, and each reason to refuse. */
#include "codecs/limits.h"
#include "codecs/msgpack.h"
#include "tests/codecs/sample.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct arena arena;
static struct msgpack_reader *reader;
static const struct value *root;
static char bytes[256 * 1024];

static void
prepare(void)
{
    arena_init(&arena, malloc(4 << 20), 4 << 20);
    reader = msgpack_reader_new();
}

static void
tidy(void)
{
    free(arena.at);
    msgpack_reader_free(reader);
}

TestSuite(msgpack, .init = prepare, .fini = tidy);

static enum fault
read(const void *at, size_t size)
{
    char *exact = malloc(size + 1);     /* the sanitizer sees a read behind the end */
    memcpy(exact, at, size);
    arena_reset(&arena);
    enum fault fault = msgpack_read(reader, (struct slice){ exact, size }, &arena, &root);
    free(exact);
    return fault;
}

#define READ(literal) read(literal, sizeof(literal) - 1)
#define ROW(literal, fault) { literal, sizeof(literal) - 1, fault }

Test(msgpack, refuses_by_name)
{
    static const struct { const char *at; size_t size; enum fault fault;
    } rows[] = {
        ROW("", FAULT_SYNTAX),
        ROW("\xc1", FAULT_SYNTAX),
        ROW("\xdf\x03\xff\xff\xff", FAULT_SYNTAX), /* 67 million pairs in no bytes */
        ROW("\xdd\xff\xff\xff\xff", FAULT_SYNTAX),
        ROW("\xdb\xff\xff\xff\xff", FAULT_SYNTAX),
        ROW("\xc6\xff\xff\xff\xff", FAULT_SYNTAX),
        ROW("\xdf\xff\xff\xff\xff\xc0", FAULT_SYNTAX),
        ROW("\xc7\xff\xff", FAULT_SYNTAX),
        ROW("\x81\xa1"
            "a",
            FAULT_SYNTAX),
        ROW("\x92\x01", FAULT_SYNTAX),
        ROW("\xcd\x01", FAULT_SYNTAX),
        ROW("\x80\x80", FAULT_TRAILING),
        ROW("\x01\x02", FAULT_TRAILING),
        ROW("\xa1\xff", FAULT_UTF8),
        ROW("\xa1\x00", FAULT_UTF8),
        ROW("\x81\xa1\xff\x01", FAULT_UTF8),
        ROW("\xa3\xed\xa0\x80", FAULT_UTF8),
        ROW("\x81\x01\x01", FAULT_KEY),
        ROW("\x81\xa0\x01", FAULT_KEY),
        ROW("\x81\xc0\x01", FAULT_KEY),
        ROW("\x81\x80\x01", FAULT_KEY),
        ROW("\x82\xa1"
            "a\x01\xa1"
            "a\x02",
            FAULT_DUPLICATE_KEY),
        ROW("\xca\x7f\xc0\x00\x00", FAULT_NUMBER),
        ROW("\xca\xff\x80\x00\x00", FAULT_NUMBER),
        ROW("\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00", FAULT_NUMBER),
        ROW("\xcb\xff\xf8\x00\x00\x00\x00\x00\x00", FAULT_NUMBER),
        ROW("\xc4\x01x", FAULT_TYPE),
        ROW("\xc5\x00\x01x", FAULT_TYPE),
        ROW("\xd4\x01x", FAULT_TYPE),
        ROW("\xd6\x01xxxx", FAULT_TYPE),
        ROW("\xc7\x04\xff"
            "abcd\x00",
            FAULT_TRAILING),
        ROW("\xc7\x05\xff"
            "abcde",
            FAULT_TYPE),
        ROW("\xd5\xff"
            "ab",
            FAULT_TYPE),
        ROW("\xd7\xff\xff\xff\xff\xff\x00\x00\x00\x00", FAULT_NUMBER), /* more than 999,999,999 ns */
        ROW("\xc7\x0c\xff\x00\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff", FAULT_NUMBER),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(read(rows[i].at, rows[i].size), rows[i].fault, "row %zu: %s", i, fault_name(read(rows[i].at, rows[i].size)));
}

Test(msgpack, reads_every_kind_of_number)
{
    cr_assert_eq(
        READ("\x9d\x7f\xe0\xcc\xff\xcd\xff\xff\xce\xff\xff\xff\xff\xcf\x80\x00\x00\x00\x00\x00\x00\x00\xd0\x80\xd1\x80\x00"
             "\xd2\x80\x00\x00\x00\xd3\x80\x00\x00\x00\x00\x00\x00\x00\xca\x3f\xc0\x00\x00\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"
             "\xc3"),
        FAULT_NONE);
    const struct value *items = root->items;
    static const int64_t integers[] = { 127, -32, 255, 65535, 4294967295, 0, -128, -32768, -2147483648LL, INT64_MIN };
    for (int i = 0; i < 10; i++)
        if (i != 5)
            cr_expect(items[i].type == VALUE_INT && items[i].integer == integers[i], "item %d", i);
    cr_expect(items[5].type == VALUE_BIG && slice_is(items[5].text, "9223372036854775808"));
    cr_expect(items[10].type == VALUE_REAL && items[10].real == 1.5);
    cr_expect(items[11].type == VALUE_REAL && items[11].real == 1.5);
    cr_expect(items[12].type == VALUE_BOOL && items[12].boolean);
}

Test(msgpack, a_timestamp_is_milliseconds)
{
    cr_assert_eq(READ("\xd6\xff\x00\x00\x00\x02"), FAULT_NONE);
    cr_expect(root->type == VALUE_INT && root->integer == 2000);
    cr_assert_eq(READ("\xd7\xff\x77\x35\x93\xfc\x00\x00\x00\x01"), FAULT_NONE);        /* 499,999,999 ns << 34 | 1 s */
    cr_expect_eq(root->integer, 1499);
    cr_assert_eq(READ("\xc7\x0c\xff\x3b\x9a\xc9\xff\xff\xff\xff\xff\xff\xff\xff\xff"), FAULT_NONE);
    cr_expect_eq(root->integer, -1);        /* -1 s and 999,999,999 ns */
}

/* An absent text has no address; the empty text of a producer is not absent. */
Test(msgpack, an_empty_text_is_there_however_its_length_is_written)
{
    static const struct { const char *at; size_t size; enum fault fault;
    } rows[] = {
        ROW("\xa0", FAULT_NONE),
        ROW("\xd9\x00", FAULT_NONE),
        ROW("\xda\x00\x00", FAULT_NONE),
        ROW("\xdb\x00\x00\x00\x00", FAULT_NONE),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(read(rows[i].at, rows[i].size), rows[i].fault, "row %zu", i);
        cr_expect_eq(root->type, VALUE_STRING, "row %zu", i);
        cr_expect(root->text.at && root->text.size == 0, "row %zu", i);
    }
}

Test(msgpack, stops_at_depth_32)
{
    memset(bytes, 0x91, 33);
    bytes[32] = 1;
    cr_expect_eq(read(bytes, 33), FAULT_NONE);
    bytes[32] = (char)0x90;
    cr_expect_eq(read(bytes, 33), FAULT_DEPTH);
    memset(bytes, 0x91, sizeof bytes);
    cr_expect_eq(read(bytes, sizeof bytes), FAULT_DEPTH);
    for (int i = 0; i < 32; i++)
        memcpy(bytes + 3 * i, "\x81\xa1" "a", 3);
    bytes[96] = 1;
    cr_expect_eq(read(bytes, 97), FAULT_NONE);
}

Test(msgpack, stops_at_16384_values)
{
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, "\xdd\x00\x00\x3f\xff", 5);
    cr_expect_eq(read(bytes, 5 + 16383), FAULT_NONE);
    bytes[3] = 0x40, bytes[4] = 0;
    cr_expect_eq(read(bytes, 5 + 16384), FAULT_NODES);
}

/* The largest tree that may pass: were msgpack-c's block too small, the sanitizer would not tell, but the tree must be whole. */
Test(msgpack, reads_the_largest_map)
{
    struct buf buf;
    buf_init(&buf, bytes, sizeof bytes);
    buf_put(&buf, "\xde\x3f\xff", 3);
    for (int i = 0; i < 16383; i++)
        buf_format(&buf, "\xa5%05d%c", i, 1 + i % 100);
    cr_assert_eq(read(bytes, buf.size), FAULT_NONE);
    cr_expect_eq(root->count, 16383);
    cr_expect_eq(root->members[16382].value.integer, 1 + 16382 % 100);
}

Test(msgpack, limits_names_and_texts)
{
    memset(bytes, 'k', sizeof bytes);
    memcpy(bytes, "\x81\xda\x01\x00", 4);
    bytes[4 + 256] = 1;
    cr_expect_eq(read(bytes, 4 + 257), FAULT_NONE);
    memcpy(bytes, "\x81\xda\x01\x01k", 5);
    bytes[4 + 256] = 'k', bytes[4 + 257] = 1;
    cr_expect_eq(read(bytes, 4 + 258), FAULT_KEY);
    memset(bytes, 's', sizeof bytes);
    memcpy(bytes, "\xdb\x00\x01\x00\x00", 5);
    cr_expect_eq(read(bytes, 5 + 65536), FAULT_NONE);
    bytes[4] = 1;
    cr_expect_eq(read(bytes, 5 + 65537), FAULT_STRING);
}

Test(msgpack, cut_bytes_are_refused_wherever_they_are_cut)
{
    struct slice whole = sample_msgpack(sample_full);
    cr_assert_eq(read(whole.at, whole.size), FAULT_NONE);
    for (size_t size = 0; size < whole.size; size++)
        cr_expect_eq(read(whole.at, size), FAULT_SYNTAX, "%zu bytes", size);
}

Test(msgpack, an_integer_beyond_64_bits_goes_out_as_its_digits)
{
    static const char *const rows[] = { "18446744073709551616", "123456789012345678901234567890", "-9223372036854775809" };
    struct slice whole = sample_msgpack("[18446744073709551616,123456789012345678901234567890,-9223372036854775809,false]");
    arena_reset(&arena);
    cr_assert_eq(msgpack_read(reader, whole, &arena, &root), FAULT_NONE);
    for (uint32_t i = 0; i < 3; i++)
        cr_expect(root->items[i].type == VALUE_STRING && slice_is(root->items[i].text, rows[i]), "row %u", i);
    cr_expect(root->items[3].type == VALUE_BOOL && !root->items[3].boolean);
}

Test(msgpack, writes_what_it_reads)
{
    static char first[4096], second[4096];
    struct buf buf;
    struct slice whole =
        sample_msgpack("[1,-1,300,-300,70000,-70000,5000000000,-5000000000,18446744073709551615,1.5,\"x\",null,true,{\"a\":[]}]");
    memcpy(first, whole.at, whole.size);
    arena_reset(&arena);
    cr_assert_eq(msgpack_read(reader, (struct slice){ first, whole.size }, &arena, &root), FAULT_NONE);
    buf_init(&buf, second, sizeof second);
    msgpack_write(&buf, root);
    cr_expect(slice_eq(buf_view(&buf), (struct slice){ first, whole.size }));
}

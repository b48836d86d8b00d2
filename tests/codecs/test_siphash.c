/* test_siphash.c: the vectors of the reference implementation, https://github.com/veorq/SipHash/blob/master/vectors.h:
 * key 00 01 .. 0f, message 00 01 .. n-1. */
#include "codecs/buf.h"
#include "codecs/siphash.h"

#include <criterion/criterion.h>

static const struct sipkey key = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };

static const struct { size_t size; uint64_t hash; } vectors64[] = {
    { 0, 0x726fdb47dd0e0e31 }, { 1, 0x74f839c593dc67fd }, { 2, 0x0d6c8009d9a94f5a }, { 3, 0x85676696d7fb7e2d },
    { 7, 0xab0200f58b01d137 }, { 8, 0x93f5f5799a932462 }, { 9, 0x9e0082df0ba9e4b0 }, { 15, 0xa129ca6149be45e5 },
};

static void
message(unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)i;
}

Test(siphash, has_the_reference_values_in_64_bits)
{
    unsigned char bytes[64];
    message(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof vectors64 / sizeof *vectors64; i++)
        cr_expect_eq(siphash64(&key, bytes, vectors64[i].size), vectors64[i].hash, "size %zu", vectors64[i].size);
}

Test(siphash, has_the_reference_values_in_128_bits)
{
    unsigned char bytes[64];
    message(bytes, sizeof bytes);
    struct hash128 empty = siphash128(&key, bytes, 0), one = siphash128(&key, bytes, 1);
    cr_expect_eq(empty.low, 0xe6a825ba047f81a3);        /* a3 81 7f 04 ba 25 a8 e6 */
    cr_expect_eq(empty.high, 0x930255c71472f66d);       /* 6d f6 72 14 c7 55 02 93 */
    cr_expect_eq(one.low, 0x44af996bd8c187da);          /* da 87 c1 d8 6b 99 af 44 */
    cr_expect_eq(one.high, 0x45fc229b11597634);         /* 34 76 59 11 9b 22 fc 45 */
}

Test(siphash, does_not_care_how_the_bytes_are_cut)
{
    unsigned char bytes[64];
    message(bytes, sizeof bytes);
    for (size_t first = 0; first <= 40; first++)
        for (size_t second = first; second <= 40; second++) {
            struct siphash narrow, wide;
            siphash_init64(&narrow, &key);
            siphash_init128(&wide, &key);
            const size_t cuts[] = { 0, first, second, 40 };
            for (int i = 0; i < 3; i++) {
                siphash_update(&narrow, bytes + cuts[i], cuts[i + 1] - cuts[i]);
                siphash_update(&wide, bytes + cuts[i], cuts[i + 1] - cuts[i]);
            }
            struct hash128 whole = siphash128(&key, bytes, 40), parts = siphash_end128(&wide);
            cr_assert_eq(siphash_end64(&narrow), siphash64(&key, bytes, 40), "cuts %zu %zu", first, second);
            cr_assert(whole.low == parts.low && whole.high == parts.high, "cuts %zu %zu", first, second);
        }
}

Test(siphash, reads_nothing_where_there_is_nothing)
{
    unsigned char bytes[8];
    message(bytes, sizeof bytes);
    struct siphash hash;
    siphash_init64(&hash, &key);
    siphash_update(&hash, NULL, 0);
    siphash_update(&hash, bytes, sizeof bytes);
    siphash_update(&hash, NULL, 0);
    cr_expect_eq(siphash_end64(&hash), siphash64(&key, bytes, sizeof bytes));
}

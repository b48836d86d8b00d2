/* test_notice_sign.c: the gateway's two digests against every vector. */
#include "codecs/notice.h"
#include "tests/codecs/vectors.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static int
by_name(const void *a, const void *b)
{
    struct slice x = ((const struct notice_parameter *)a)->name, y = ((const struct notice_parameter *)b)->name;
    int order = memcmp(x.at, y.at, x.size < y.size ? x.size : y.size);
    return order ? order : (x.size > y.size) - (x.size < y.size);
}

Test(notice_sign, the_token_calls_encryption)
{
    struct crypto *crypto = crypto_new();
    const struct value *rows = vectors("notice", "token_encryption");
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct value *row = &rows->items[i], *expect = member_at(row, "expect");
        char hex[65];
        notice_encryption(crypto, text_at(row, "app_key"), member_at(row, "timestamp_ms")->integer, text_at(row, "app_secret"),
                          hex);
        EXPECT_SLICE(slice_of(hex), text_at(expect, "encryption"));
    }
    crypto_free(crypto);
}

/* The texts that the vector says are hashed, put together from what we hash. */
static void
expect_sign_data(const struct value *row, const struct notice_parameter *parameters, uint32_t n)
{
    char memory[2048];
    struct buf data;
    buf_init(&data, memory, sizeof(memory));
    buf_slice(&data, text_at(row, "access_token"));
    size_t start = data.size;
    for (uint32_t i = 0; i < n; i++) {
        buf_slice(&data, parameters[i].name);
        buf_slice(&data, parameters[i].value);
    }
    buf_slice(&data, text_at(row, "body"));
    EXPECT_SLICE(((struct slice){ memory + start, data.size - start }), text_at(member_at(row, "expect"), "params_data"));
    buf_i64(&data, member_at(row, "timestamp_ms")->integer);
    buf_slice(&data, text_at(row, "app_secret"));
    EXPECT_SLICE(buf_view(&data), text_at(member_at(row, "expect"), "sign_data"));
}

Test(notice_sign, the_signature_of_every_vector_and_not_the_wrong_readings)
{
    struct crypto *crypto = crypto_new();
    const struct value *rows = vectors("notice", "request_signature");
    cr_expect_eq(rows->count, 6);
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct value *row = &rows->items[i], *query = member_at(row, "query");
        struct notice_parameter parameters[8];
        char hex[65];
        for (uint32_t k = 0; k < query->count; k++)
            parameters[k] = (struct notice_parameter){ query->items[k].items[0].text, query->items[k].items[1].text };
        qsort(parameters, query->count, sizeof(parameters[0]), by_name);
        cr_expect_eq((int64_t)text_at(row, "body").size, member_at(row, "body_bytes")->integer);
        expect_sign_data(row, parameters, query->count);
        notice_signature(crypto, text_at(row, "access_token"), parameters, query->count, text_at(row, "body"),
                         member_at(row, "timestamp_ms")->integer, text_at(row, "app_secret"), hex);
        EXPECT_SLICE(slice_of(hex), text_at(member_at(row, "expect"), "signature"));
        if (value_member(row, "not"))
            cr_expect_not(slice_is(text_at(row, "not"), hex), "row %u", i);
    }
    crypto_free(crypto);
}

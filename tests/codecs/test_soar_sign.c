/* test_soar_sign.c: ACS3-HMAC-SHA256 against every vector, each intermediate text included. */
#include "codecs/soar.h"
#include "tests/codecs/vectors.h"

#include <criterion/criterion.h>

static uint32_t
pairs_of(const struct value *list, struct pair *pairs)
{
    cr_assert(list->type == VALUE_ARRAY && list->count <= PAIRS_MAX);
    for (uint32_t i = 0; i < list->count; i++) {
        cr_assert(list->items[i].type == VALUE_ARRAY && list->items[i].count == 2);
        pairs[i] = (struct pair){ list->items[i].items[0].text, list->items[i].items[1].text };
    }
    return list->count;
}

Test(soar_sign, flattens_every_vector)
{
    const struct value *rows = vectors("soar", "flatten");
    for (uint32_t i = 0; i < rows->count; i++) {
        char memory[1024];
        struct pair pairs[PAIRS_MAX], expected[PAIRS_MAX];
        struct buf names;
        uint32_t n = 99, n_expected = pairs_of(member_at(&rows->items[i], "expect"), expected);
        buf_init(&names, memory, sizeof(memory));
        cr_expect(soar_flatten(member_at(&rows->items[i], "input"), &names, pairs, PAIRS_MAX, &n));
        cr_assert_eq(n, n_expected, "row %u", i);
        for (uint32_t k = 0; k < n; k++) {
            EXPECT_SLICE(pairs[k].name, expected[k].name);
            EXPECT_SLICE(pairs[k].value, expected[k].value);
        }
    }
}

Test(soar_sign, flatten_says_when_something_does_not_fit)
{
    const struct value *list = member_at(&vectors("soar", "flatten")->items[0], "input");
    char memory[1024];
    struct pair pairs[4];
    struct buf names;
    uint32_t n;
    buf_init(&names, memory, sizeof(memory));
    cr_expect(soar_flatten(list, &names, pairs, 4, &n));
    cr_expect_not(soar_flatten(list, &names, pairs, 3, &n));
    buf_init(&names, memory, 30);
    cr_expect_not(soar_flatten(list, &names, pairs, 4, &n));
}

Test(soar_sign, flatten_writes_truth_and_big_numbers_as_text)
{
    struct member members[] = {
        { SLICE("yes"), { .type = VALUE_BOOL, .boolean = true } },
        { SLICE("no"), { .type = VALUE_BOOL } },
        { SLICE("big"), { .type = VALUE_BIG, .text = SLICE("123456789012345678901") } },
        { SLICE("low"), { .type = VALUE_INT, .integer = INT64_MIN } },
    };
    struct value object = { .type = VALUE_OBJECT, .count = 4, .members = members };
    static const char *const expected[] = { "true", "false", "123456789012345678901", "-9223372036854775808" };
    char memory[256];
    struct pair pairs[4];
    struct buf names;
    uint32_t n;
    buf_init(&names, memory, sizeof(memory));
    cr_assert(soar_flatten(&object, &names, pairs, 4, &n));
    for (uint32_t i = 0; i < 4; i++)
        EXPECT_SLICE(pairs[i].value, slice_of(expected[i]));
}

Test(soar_sign, canonical_query_of_every_vector)
{
    const struct value *rows = vectors("soar", "canonical_query");
    for (uint32_t i = 0; i < rows->count; i++) {
        char memory[1024];
        struct pair pairs[PAIRS_MAX];
        struct buf buf;
        buf_init(&buf, memory, sizeof(memory));
        soar_canonical_query(&buf, pairs, pairs_of(member_at(&rows->items[i], "query"), pairs));
        EXPECT_SLICE(buf_view(&buf), text_at(&rows->items[i], "expect"));
    }
}

Test(soar_sign, canonical_query_sorts_equal_names_by_value)
{
    struct pair pairs[] = { { SLICE("a"), SLICE("2") }, { SLICE("a"), SLICE("10") }, { SLICE("a"), SLICE("") } };
    char memory[64];
    struct buf buf;
    buf_init(&buf, memory, sizeof(memory));
    soar_canonical_query(&buf, pairs, 3);
    EXPECT_SLICE(buf_view(&buf), SLICE("a=&a=10&a=2"));
}

static struct slice
hex_of(struct crypto *crypto, struct slice text)
{
    static char memory[SHA256_HEX];
    uint8_t digest[SHA256_BYTES];
    struct buf buf;
    crypto_sha256(crypto, &text, 1, digest);
    buf_init(&buf, memory, sizeof(memory));
    buf_hex(&buf, digest, sizeof(digest));
    return buf_view(&buf);
}

/* From the canonical request, the texts that stand in it. */
static void
expect_parts(struct slice canonical, const struct value *expect)
{
    static const char *const parts[] = { "canonical_query", "canonical_headers", "signed_headers" };
    const char *at = canonical.at;
    for (size_t i = 0; i < 3; i++) {
        struct slice part = text_at(expect, parts[i]);
        at = memmem(at, canonical.size - (size_t)(at - canonical.at), part.at, part.size);
        cr_assert(at, "%s is missing or out of order", parts[i]);
        at += part.size;
    }
}

static void
check_vector(struct crypto *crypto, const struct value *row)
{
    static char canonical_memory[8192], query_memory[4096], authorization_memory[2048];
    struct pair query_pairs[PAIRS_MAX], headers[PAIRS_MAX];
    struct buf canonical, query, authorization;
    const struct value *expect = member_at(row, "expect");
    char method[8] = { 0 };
    memcpy(method, text_at(row, "method").at, text_at(row, "method").size);
    buf_init(&canonical, canonical_memory, sizeof(canonical_memory));
    buf_init(&query, query_memory, sizeof(query_memory));
    buf_init(&authorization, authorization_memory, sizeof(authorization_memory));

    soar_canonical_query(&query, query_pairs, pairs_of(member_at(row, "query"), query_pairs));
    EXPECT_SLICE(buf_view(&query), text_at(expect, "canonical_query"));
    uint32_t n = pairs_of(member_at(row, "signed_headers_input"), headers);
    cr_expect(soar_authorization(crypto, method, "/", buf_view(&query), headers, n, text_at(row, "payload_sha256"),
                                 text_at(row, "access_key_id"), text_at(row, "access_key_secret"), &canonical, &authorization));
    EXPECT_SLICE(buf_view(&canonical), text_at(expect, "canonical_request"));
    expect_parts(buf_view(&canonical), expect);
    EXPECT_SLICE(hex_of(crypto, buf_view(&canonical)), text_at(expect, "canonical_request_sha256"));
    EXPECT_SLICE(buf_view(&authorization), text_at(expect, "authorization"));
    struct slice signature = text_at(expect, "signature");
    cr_expect(authorization.size > 64);
    EXPECT_SLICE(((struct slice){ authorization.at + authorization.size - 64, 64 }), signature);

    /* The string to sign is what the signature was made of. */
    struct slice to_sign = text_at(expect, "string_to_sign");
    uint8_t digest[SHA256_BYTES];
    char hex[SHA256_HEX];
    struct buf buf;
    crypto_hmac_sha256(crypto, text_at(row, "access_key_secret"), to_sign, digest);
    buf_init(&buf, hex, sizeof(hex));
    buf_hex(&buf, digest, sizeof(digest));
    EXPECT_SLICE(buf_view(&buf), signature);
}

Test(soar_sign, authorization_of_every_vector_with_all_steps)
{
    struct crypto *crypto = crypto_new();
    const struct value *rows = vectors("soar", "acs3_hmac_sha256");
    cr_expect_eq(rows->count, 6);
    for (uint32_t i = 0; i < rows->count; i++)
        check_vector(crypto, &rows->items[i]);
    crypto_free(crypto);
}

Test(soar_sign, values_are_trimmed_and_any_order_gives_the_same)
{
    struct crypto *crypto = crypto_new();
    struct pair orders[2][3] = {
        { { SLICE("Host"), SLICE(" h ") }, { SLICE("X-Acs-B"), SLICE("2\t") }, { SLICE("x-acs-a"), SLICE("1") } },
        { { SLICE("x-acs-b"), SLICE("2") }, { SLICE("x-acs-A"), SLICE("1") }, { SLICE("host"), SLICE("h") } },
    };
    char memory[2][512], authorization_memory[2][512];
    struct buf canonical[2], authorization[2];
    for (int i = 0; i < 2; i++) {
        buf_init(&canonical[i], memory[i], 512);
        buf_init(&authorization[i], authorization_memory[i], 512);
        cr_expect(soar_authorization(crypto, "POST", "/", SLICE(""), orders[i], 3, SLICE("0"), SLICE("id"), SLICE("key"),
                                     &canonical[i], &authorization[i]));
    }
    EXPECT_SLICE(buf_view(&canonical[0]), SLICE("POST\n/\n\nhost:h\nx-acs-a:1\nx-acs-b:2\n\nhost;x-acs-a;x-acs-b\n0"));
    EXPECT_SLICE(buf_view(&authorization[0]), buf_view(&authorization[1]));
    crypto_free(crypto);
}

Test(soar_sign, says_when_it_does_not_fit)
{
    struct crypto *crypto = crypto_new();
    struct pair header = { SLICE("host"), SLICE("h") };
    char memory[256], authorization_memory[256];
    static const struct {
        size_t canonical, authorization;
    } sizes[] = { { 10, 256 }, { 256, 10 }, { 256, 100 } };
    for (size_t i = 0; i < 3; i++) {
        struct buf canonical, authorization;
        buf_init(&canonical, memory, sizes[i].canonical);
        buf_init(&authorization, authorization_memory, sizes[i].authorization);
        cr_expect_not(soar_authorization(crypto, "POST", "/", SLICE(""), &header, 1, SLICE("0"), SLICE("id"), SLICE("key"),
                                         &canonical, &authorization),
                      "row %zu", i);
    }
    crypto_free(crypto);
}

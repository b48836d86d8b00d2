/* test_verify.c: the signature check against complete requests of official SDKs, and against each kind of tampering. */
#include "tests/simulators/client.h"

#include "bridge/sim/soar_verify.h"
#include "codecs/json.h"
#include "codecs/request.h"

#include <stdio.h>
#include <stdlib.h>

#define DIGITS "0123456789012345678901234567890123456789012345678901234567890123"

static const struct value *
read_vectors(void)
{
    FILE *file = fopen(TEST_DATA "/vectors.json", "rb");
    static char text[256 * 1024];
    cr_assert(file);
    size_t size = fread(text, 1, sizeof(text), file);
    fclose(file);
    static char memory[4 * 1024 * 1024];
    struct arena arena;
    const struct value *root = NULL;
    cr_assert_leq(json_arena_bytes(size), sizeof(memory));
    arena_init(&arena, memory, sizeof(memory));
    cr_assert_eq(json_read((struct slice){ text, size }, &arena, &root), FAULT_NONE);
    return root;
}

/* As in a request: split the query, decode it, and check by its own Authorization. */
static enum soar_verdict
verify(struct sim_request *request, const char *secret)
{
    static char memory[65536], canonical_memory[65536];
    struct crypto *crypto = crypto_new();
    struct buf decoded, canonical;
    struct pair pairs[PAIRS_MAX];
    struct soar_signature signature;
    struct slice authorization = { 0 };
    uint32_t n = 0;
    buf_init(&decoded, memory, sizeof(memory));
    buf_init(&canonical, canonical_memory, sizeof(canonical_memory));
    for (uint32_t i = 0; i < request->n_headers; i++)
        if (slice_is(request->headers[i].name, "Authorization"))
            authorization = request->headers[i].value;
    const char *at = memchr(request->target.at, '?', request->target.size) + 1, *end = request->target.at + request->target.size;
    while (at < end) {
        const char *next = memchr(at, '&', (size_t)(end - at));
        next = next ? next : end;
        const char *equals = memchr(at, '=', (size_t)(next - at));
        size_t from = decoded.size;
        percent_decode(&decoded, (struct slice){ at, (size_t)(equals - at) }, true);
        pairs[n].name = (struct slice){ decoded.at + from, decoded.size - from };
        from = decoded.size;
        percent_decode(&decoded, (struct slice){ equals + 1, (size_t)(next - equals - 1) }, true);
        pairs[n++].value = (struct slice){ decoded.at + from, decoded.size - from };
        at = next + 1;
    }
    cr_assert(soar_signature_read(authorization, &signature));
    enum soar_verdict verdict = soar_verify(crypto, request, pairs, n, &signature, slice_of(secret), &canonical);
    crypto_free(crypto);
    return verdict;
}

static uint32_t
read_headers(const struct value *list, struct sim_header *headers)
{
    for (uint32_t i = 0; i < list->count; i++)
        headers[i] = (struct sim_header){ list->items[i].items[0].text, list->items[i].items[1].text };
    return list->count;
}

Test(verify, seven_complete_requests_are_accepted_or_refused_as_recorded)
{
    const struct value *cases = value_member(value_member(read_vectors(), "soar"), "wire_requests");
    unsigned accepted = 0, refused = 0;
    cr_assert_eq(cases->count, 7);
    for (uint32_t i = 0; i < cases->count; i++) {
        const struct value *row = &cases->items[i];
        struct sim_header headers[SIM_REQUEST_HEADERS_MAX];
        struct sim_request request = { .method = value_member(row, "method")->text, .target = value_member(row, "target")->text,
                                       .body = value_member(row, "body")->text, .headers = headers };
        request.n_headers = read_headers(value_member(row, "headers"), headers);
        bool valid = verify(&request, "testsecret") == SOAR_SIGNED;
        cr_expect_eq(valid, value_member(row, "valid")->boolean, "row %u: %.*s", i, (int)value_member(row, "id")->text.size,
                     value_member(row, "id")->text.at);
        valid ? accepted++ : refused++;
        cr_expect_neq(verify(&request, "testsecres"), SOAR_SIGNED, "row %u with another secret", i);
    }
    cr_expect_eq(accepted, 4);
    cr_expect_eq(refused, 3);
}

Test(verify, an_unsigned_vendor_header_is_told_from_a_wrong_signature)
{
    const struct value *cases = value_member(value_member(read_vectors(), "soar"), "wire_requests");
    const struct value *last = &cases->items[6], *first = &cases->items[4];
    struct sim_header headers[SIM_REQUEST_HEADERS_MAX];
    struct sim_request request = { SLICE("POST"), value_member(last, "target")->text, SLICE(""), headers, 0, 0 };
    request.n_headers = read_headers(value_member(last, "headers"), headers);
    cr_expect_eq(verify(&request, "testsecret"), SOAR_UNSIGNED_HEADER);
    request.target = value_member(first, "target")->text;
    request.n_headers = read_headers(value_member(first, "headers"), headers);
    cr_expect_eq(verify(&request, "testsecret"), SOAR_MISMATCH);
    request.body = SLICE("x");
    cr_expect_eq(verify(&request, "testsecret"), SOAR_BODY_DIFFERS);
}

Test(verify, an_authorization_of_another_form_is_not_read)
{
    static const char *const texts[] = {
        "", "ACS3-HMAC-SHA256", "ACS3-HMAC-SM3 Credential=a,SignedHeaders=host,Signature=00",
        "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=abcd",
        "ACS3-HMAC-SHA256 Credential=,SignedHeaders=host,Signature=" DIGITS,
        "ACS3-HMAC-SHA256 Credential=a, SignedHeaders=host,Signature=" DIGITS,
    };
    struct soar_signature signature;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        cr_expect_not(soar_signature_read(slice_of(texts[i]), &signature), "row %zu", i);
    cr_expect_not(soar_signature_read((struct slice){ 0 }, &signature));
}

/* test_crypto.c: digests against the published vectors of FIPS 180-2 and RFC 4231. */
#include "codecs/buf.h"
#include "codecs/crypto.h"
#include "tests/codecs/vectors.h"

#include <criterion/criterion.h>
#include <openssl/crypto.h>
#include <stdlib.h>

static struct slice
hex(const uint8_t digest[SHA256_BYTES])
{
    static char memory[SHA256_HEX];
    struct buf buf;
    buf_init(&buf, memory, sizeof(memory));
    buf_hex(&buf, digest, SHA256_BYTES);
    return buf_view(&buf);
}

Test(crypto, sha256_gives_the_published_digests)
{
    static const struct {
        const char *text, *digest;
    } rows[] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    };
    struct crypto *crypto = crypto_new();
    uint8_t digest[SHA256_BYTES];
    cr_assert(crypto);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice text = slice_of(rows[i].text);
        crypto_sha256(crypto, &text, 1, digest);
        EXPECT_SLICE(hex(digest), slice_of(rows[i].digest));
    }
    crypto_free(crypto);
}

Test(crypto, parts_hash_like_one_text_whatever_the_cuts)
{
    struct crypto *crypto = crypto_new();
    const char *text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    uint8_t digest[SHA256_BYTES];
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        struct slice parts[] = { { text, cut }, { NULL, 0 }, { text + cut, strlen(text) - cut } };
        crypto_sha256(crypto, parts, 3, digest);
        EXPECT_SLICE(hex(digest), SLICE("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
    }
    crypto_free(crypto);
}

Test(crypto, hmac_gives_the_digests_of_rfc_4231)
{
    char key1[20], key3[20], text3[50], key6[131];
    memset(key1, 0x0b, sizeof(key1));
    memset(key3, 0xaa, sizeof(key3));
    memset(text3, 0xdd, sizeof(text3));
    memset(key6, 0xaa, sizeof(key6));
    const struct {
        struct slice key, text;
        const char *digest;
    } rows[] = {
        {{key1, 20}, SLICE("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {SLICE("Jefe"), SLICE("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {{key3, 20}, {text3, 50}, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {{key6, 131},
         SLICE("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {{NULL, 0}, {NULL, 0}, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    struct crypto *crypto = crypto_new();
    uint8_t digest[SHA256_BYTES];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        crypto_hmac_sha256(crypto, rows[i].key, rows[i].text, digest);
        EXPECT_SLICE(hex(digest), slice_of(rows[i].digest));
    }
    crypto_free(crypto);
}

static int allocations, frees;

static void *
counted_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    allocations++;
    return malloc(size);
}

static void *
counted_realloc(void *block, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    allocations++;
    return realloc(block, size);
}

static void
counted_free(void *block, const char *file, int line)
{
    (void)file, (void)line;
    frees += block != NULL;
    free(block);
}

static int counting;

/* Before main, because OpenSSL takes other functions only as long as it has allocated nothing. */
__attribute__((constructor)) static void
count_allocations(void)
{
    counting = CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free);
}

/* OpenSSL 3.0 renews the provider's 112 bytes whenever a digest begins, whatever its user does; nothing comes on top of that. */
Test(crypto, a_digest_takes_no_memory_but_the_block_that_openssl_renews)
{
    cr_assert(counting, "OpenSSL allocated before this program began");
    struct crypto *crypto = crypto_new();
    struct slice text = SLICE("text");
    uint8_t digest[SHA256_BYTES];
    cr_expect(allocations > 0, "the counter counts");
    allocations = frees = 0;
    for (int i = 0; i < 100; i++)
        crypto_sha256(crypto, &text, 1, digest);
    cr_expect_leq(allocations, 100);
    cr_expect_eq(allocations, frees);
    allocations = frees = 0;
    for (int i = 0; i < 100; i++)
        crypto_hmac_sha256(crypto, SLICE("key"), text, digest);
    cr_expect_leq(allocations, 200);
    cr_expect_eq(allocations, frees);
    crypto_free(crypto);
}

Test(crypto, equal_compares_all_bytes)
{
    cr_expect(crypto_equal("abcd", "abcd", 4));
    cr_expect_not(crypto_equal("abcd", "abce", 4));
    cr_expect_not(crypto_equal("xbcd", "abcd", 4));
    cr_expect(crypto_equal("a", "b", 0));
}

Test(crypto, freeing_nothing_is_fine)
{
    crypto_free(NULL);
}

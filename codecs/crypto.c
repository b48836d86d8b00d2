/* crypto.c: SHA-256 and HMAC-SHA-256 over one context that is made at the start and used again for every digest. */
#include "codecs/crypto.h"

#include "codecs/check.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 64 };

struct crypto {
    EVP_MD *md;
    EVP_MD_CTX *context;
};

static void
digest_begin(struct crypto *crypto)
{
    check(EVP_DigestInit_ex2(crypto->context, crypto->md, NULL) == 1);
}

static void
digest_put(struct crypto *crypto, const void *bytes, size_t size)
{
    if (size > 0)
        check(EVP_DigestUpdate(crypto->context, bytes, size) == 1);
}

static void
digest_end(struct crypto *crypto, uint8_t digest[SHA256_BYTES])
{
    unsigned int size = 0;
    check(EVP_DigestFinal_ex(crypto->context, digest, &size) == 1 && size == SHA256_BYTES);
}

struct crypto *
crypto_new(void)
{
    struct crypto *crypto = calloc(1, sizeof(*crypto));
    if (!crypto)
        return NULL;
    crypto->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    crypto->context = EVP_MD_CTX_new();
    if (!crypto->md || !crypto->context || EVP_DigestInit_ex2(crypto->context, crypto->md, NULL) != 1) {
        crypto_free(crypto);
        return NULL;
    }
    return crypto;
}

void
crypto_free(struct crypto *crypto)
{
    if (!crypto)
        return;
    EVP_MD_CTX_free(crypto->context);
    EVP_MD_free(crypto->md);
    free(crypto);
}

void
crypto_sha256(struct crypto *crypto, const struct slice *parts, size_t n, uint8_t digest[SHA256_BYTES])
{
    digest_begin(crypto);
    for (size_t i = 0; i < n; i++)
        digest_put(crypto, parts[i].at, parts[i].size);
    digest_end(crypto, digest);
}

/* RFC 2104 by hand: two digests. EVP_MAC makes four for each message, and allocates for each. */
void
crypto_hmac_sha256(struct crypto *crypto, struct slice key, struct slice message, uint8_t digest[SHA256_BYTES])
{
    uint8_t block[BLOCK_BYTES] = { 0 };
    if (key.size > sizeof(block))
        crypto_sha256(crypto, &key, 1, block);
    else if (key.size > 0)
        memcpy(block, key.at, key.size);

    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36;
    digest_begin(crypto);
    digest_put(crypto, block, sizeof(block));
    digest_put(crypto, message.at, message.size);
    digest_end(crypto, digest);

    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36 ^ 0x5c;
    digest_begin(crypto);
    digest_put(crypto, block, sizeof(block));
    digest_put(crypto, digest, SHA256_BYTES);
    digest_end(crypto, digest);
    OPENSSL_cleanse(block, sizeof(block));
}

bool
crypto_equal(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}

/* crypto.h: SHA-256 and HMAC-SHA-256. The only file of the codecs that knows OpenSSL.
 *
 * The algorithm is fetched and the context made once. A digest allocates nothing here; OpenSSL 3.0 itself renews a block of 112
 * bytes whenever one begins. One struct crypto per thread of ours, that is, one. */
#ifndef CODECS_CRYPTO_H
#define CODECS_CRYPTO_H

#include "codecs/slice.h"

#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_HEX = 64 };

struct crypto;

struct crypto *crypto_new(void);        /* NULL when OpenSSL cannot provide SHA-256 */
void crypto_free(struct crypto *);

void crypto_sha256(struct crypto *, const struct slice *parts, size_t n, uint8_t digest[SHA256_BYTES]);
void crypto_hmac_sha256(struct crypto *, struct slice key, struct slice message, uint8_t digest[SHA256_BYTES]);

/* Compares in constant time. */
bool crypto_equal(const void *a, const void *b, size_t size);

#endif

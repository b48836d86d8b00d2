/* siphash.h: SipHash-2-4 (Aumasson, Bernstein 2012), a keyed hash that an attacker who picks the input cannot steer.
 *
 * Written here and not taken from OpenSSL because the core may neither allocate nor depend on a library, and EVP_MAC does both.
 */
#ifndef CODECS_SIPHASH_H
#define CODECS_SIPHASH_H

#include "codecs/slice.h"

#include <stdint.h>

struct sipkey {
    uint64_t k0, k1;
};

struct hash128 {
    uint64_t low, high;
};

/* Streaming form: init, update any number of times, then one of the ends. */
struct siphash {
    uint64_t v0, v1, v2, v3;
    uint64_t tail;
    size_t size;
    bool wide;
};

void siphash_init64(struct siphash *, const struct sipkey *);
void siphash_init128(struct siphash *, const struct sipkey *);
void siphash_update(struct siphash *, const void *bytes, size_t size);
uint64_t siphash_end64(struct siphash *);
struct hash128 siphash_end128(struct siphash *);

uint64_t siphash64(const struct sipkey *, const void *bytes, size_t size);
struct hash128 siphash128(const struct sipkey *, const void *bytes, size_t size);

#endif

/* siphash.c: SipHash-2-4 with 64 and 128 bits, after https://www.aumasson.jp/siphash/siphash.pdf and the reference
 * implementation's vectors. */
#include "codecs/siphash.h"

static inline uint64_t
rotate(uint64_t word, unsigned bits)
{
    return (word << bits) | (word >> (64 - bits));
}

static inline void
sip_round(struct siphash *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
}

static inline void
sip_word(struct siphash *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    sip_round(s);
    s->v0 ^= word;
}

/* Little-endian on every machine: the hash is part of what Redis keeps. */
static inline uint64_t
load_word(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline uint32_t
load_half(const uint8_t *at)
{
    uint32_t half;
    memcpy(&half, at, sizeof half);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    half = __builtin_bswap32(half);
#endif
    return half;
}

void
siphash_init64(struct siphash *s, const struct sipkey *key)
{
    *s = (struct siphash){
        .v0 = 0x736f6d6570736575 ^ key->k0,
        .v1 = 0x646f72616e646f6d ^ key->k1,
        .v2 = 0x6c7967656e657261 ^ key->k0,
        .v3 = 0x7465646279746573 ^ key->k1,
    };
}

void
siphash_init128(struct siphash *s, const struct sipkey *key)
{
    siphash_init64(s, key);
    s->v1 ^= 0xee;
    s->wide = true;
}

/* Fewer than eight bytes, the first of them lowest. Parts that overlap say the same. Nothing is read for none: a form with a last
 * `size & 1 ? ... at[0] ...` made gcc 14 read that byte in any case, which is past the end, or NULL. */
static inline uint64_t
load_part(const uint8_t *at, size_t size)
{
    if (size >= 4)
        return load_half(at) | (uint64_t)load_half(at + size - 4) << 8 * (size - 4);
    if (size == 0)
        return 0;
    size_t middle = size / 2, last = size - 1;
    return at[0] | (uint64_t)at[middle] << 8 * middle | (uint64_t)at[last] << 8 * last;
}

/* The low size % 8 bytes of `tail` wait there for the rest of their word: what comes is cut anew, a word at a time. The state
 * is a copy, which stays in registers: bytes may alias anything. */
void
siphash_update(struct siphash *s, const void *bytes, size_t size)
{
    struct siphash state = *s;
    const uint8_t *at = bytes;
    unsigned waiting = 8 * (unsigned)(state.size & 7);      /* bits */
    state.size += size;
    for (; size >= 8; at += 8, size -= 8) {
        uint64_t word = load_word(at);
        sip_word(&state, state.tail | word << waiting);
        state.tail = waiting ? word >> (64 - waiting) : 0;
    }
    uint64_t rest = load_part(at, size);
    state.tail |= rest << waiting;
    if (waiting + 8 * size >= 64) {
        sip_word(&state, state.tail);
        state.tail = rest >> (64 - waiting);        /* waiting > 0, or fewer than eight bytes made no word */
    }
    *s = state;
}

static void
sip_finish(struct siphash *s)
{
    sip_word(s, s->tail | (uint64_t)s->size << 56);
    s->v2 ^= s->wide ? 0xee : 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(s);
}

uint64_t
siphash_end64(struct siphash *s)
{
    sip_finish(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

struct hash128
siphash_end128(struct siphash *s)
{
    struct hash128 hash;
    sip_finish(s);
    hash.low = s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
    s->v1 ^= 0xdd;
    for (int i = 0; i < 4; i++)
        sip_round(s);
    hash.high = s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
    return hash;
}

uint64_t
siphash64(const struct sipkey *key, const void *bytes, size_t size)
{
    struct siphash s;
    siphash_init64(&s, key);
    siphash_update(&s, bytes, size);
    return siphash_end64(&s);
}

struct hash128
siphash128(const struct sipkey *key, const void *bytes, size_t size)
{
    struct siphash s;
    siphash_init128(&s, key);
    siphash_update(&s, bytes, size);
    return siphash_end128(&s);
}

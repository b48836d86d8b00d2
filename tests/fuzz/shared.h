/* shared.h: what the fuzz targets share. A target is one function over any bytes: it returns 0, or check() aborts.
 *
 * libFuzzer calls it by its own name; test_corpus.c, which gives every target its corpus without libFuzzer, by fuzz_<name>. */
#ifndef TESTS_FUZZ_SHARED_H
#define TESTS_FUZZ_SHARED_H

#include "codecs/buf.h"
#include "codecs/check.h"
#include "codecs/decode.h"
#include "codecs/value.h"

#include <stdint.h>

#ifdef FUZZ_REPLAY
#define FUZZ(name) fuzz_##name
#else
#define FUZZ(name) LLVMFuzzerTestOneInput
#endif

enum { FUZZ_BYTES_MAX = 64 * 1024 };    /* longer inputs are passed over */

/* An input that is used up from its front; what is not there any more reads as zeros. */
struct bytes {
    const uint8_t *at;
    size_t size;
};

uint8_t bytes_u8(struct bytes *);
uint64_t bytes_u64(struct bytes *);
uint32_t bytes_below(struct bytes *, uint32_t bound);       /* of one byte; bound at most 256 */
int64_t bytes_time(struct bytes *);                         /* small, large, negative, at the ends of its range */
struct slice bytes_take(struct bytes *, size_t size);       /* fewer when there are fewer */
struct slice bytes_part(struct bytes *, char end);          /* up to `end`, which is taken too, or all */
struct slice bytes_rest(struct bytes *);
char *bytes_text(struct slice);                             /* a copy that ends with NUL, cut at the first one; to be freed */

/* Broken limits of limits.h, texts that are no UTF-8, names twice: aborts. */
void value_must_be_sound(const struct value *);
void text_must_be_printable(const char *text, size_t size);     /* ASCII, ended by NUL within its field of `size` bytes */
void json_must_be_whole(struct slice json);

/* Decodes with a decoder of the process. */
enum fault shared_decode(const struct decode_rules *, const struct record_view *, struct decoded *);

#endif

/* sample.h: shared by the tests of decoding: one event with every field, and decoding in a line. */
#ifndef TESTS_CODECS_SAMPLE_H
#define TESTS_CODECS_SAMPLE_H

#include "codecs/decode.h"

extern const char sample_full[];        /* JSON with every member of the schema */
extern const char sample_short[];       /* JSON of a usual size */
extern const struct sipkey sample_key;

/* Decodes with one decoder of the process. `headers` may be NULL. */
enum fault sample_decode(struct slice value, const struct header *headers, uint32_t n, enum format format, bool strict,
                         struct decoded *decoded);

/* As above for a text, non-strict, format auto; only the fault. */
enum fault sample_fault(const char *text);

/* Asserts that two events have the same content, field for field. */
void sample_expect_equal(const struct event *a, const struct event *b, const char *label);

/* A JSON text as MessagePack, in static memory. */
struct slice sample_msgpack(const char *json);

#endif

/* sample.h: made-up events of all kinds, valid against the schema, for produce, the demo, benches and tests.
 *
 * Pure: same configuration, same records, byte for byte. An event follows from the seed and its number alone, so a repeat
 * costs no memory: it is made again. */
#ifndef BRIDGE_CMD_SAMPLE_H
#define BRIDGE_CMD_SAMPLE_H

#include "codecs/decode.h"

struct sampler;

enum {
    SAMPLE_BYTES_DEFAULT = 480,
    SAMPLE_BYTES_MAX = 60 * 1024,           /* of one text in an event there may be 64 KiB */
    SAMPLE_REPEAT_RECORDS = 20000,          /* a repeat is of an event within so many records */
    SAMPLE_PPM = 1000000,
};

struct sample_config {
    uint64_t seed;
    enum format format;         /* FORMAT_AUTO: JSON, MessagePack, binary and structured CloudEvents in turn */
    uint32_t kinds;             /* bits 1 << enum event_kind, in turn; 0 = all */
    uint32_t repeats_ppm;       /* share of the records that repeat an earlier one: same key, headers and bytes */
    uint64_t group_keys;        /* so many incidents or alerts share the events; 0 = each event is of its own */
    uint32_t bytes;             /* about the size of an event as JSON; 0 = SAMPLE_BYTES_DEFAULT */
    uint64_t records, bad;      /* of so many records, so many that no decoder takes, spread evenly; 0 = none */
};

/* Borrowed from the sampler until the next one. */
struct sample {
    struct record_view record;
    enum event_kind kind;
    struct slice id;            /* as the worker will know it; absent of a bad record */
    uint64_t number;            /* of the event, from 0; the same of a repeat */
    bool repeat, bad;
};

struct sampler *sampler_new(const struct sample_config *);      /* NULL when memory is short */
void sampler_free(struct sampler *);
void sampler_next(struct sampler *, struct sample *);           /* without end */

/* Writes the event `object` (members v, id, kind, ...) in a form and sets its headers and value; `memory` is used up by them.
 * False when it does not fit, or when a CloudEvent's members are missing: an event without source gets the source
 * "/alertbridge/produce". */
enum sample_form { SAMPLE_JSON, SAMPLE_MSGPACK, SAMPLE_CE_BINARY, SAMPLE_CE_STRUCTURED, SAMPLE_FORM_COUNT };
enum { SAMPLE_HEADERS_MAX = 6, SAMPLE_MEMBERS_MAX = 64 };
struct sample_written {
    struct slice id;            /* as the worker will know it */
    struct slice value;
    struct header headers[SAMPLE_HEADERS_MAX];
    uint32_t n_headers;
};
bool sample_write(enum sample_form, const struct value *object, struct buf *memory, struct sample_written *);

/* The form of the n-th event. */
enum sample_form sample_form_of(enum format, uint64_t n);

#endif

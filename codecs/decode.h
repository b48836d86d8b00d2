/* decode.h: a record's bytes to its events, all or none.
 *
 * A decoder owns the scratch memory: made once, used for each record, no allocation on the way. What it returns is borrowed from
 * it and from the record until the next decode. */
#ifndef CODECS_DECODE_H
#define CODECS_DECODE_H

#include "codecs/event.h"

enum format {
    FORMAT_AUTO,        /* header ce_specversion, then content-type, then the first byte */
    FORMAT_JSON,
    FORMAT_MSGPACK,
    FORMAT_CLOUDEVENTS, /* binary or structured, by its headers */
    FORMAT_COUNT,
};

struct header {
    struct slice name;
    struct slice value;     /* at NULL = null value */
};

/* What Kafka delivered. Everything is borrowed. */
struct record_view {
    struct slice key;       /* at NULL = no key */
    struct slice value;     /* at NULL = null value (a tombstone) */
    const struct header *headers;
    uint32_t n_headers;
    int64_t timestamp_ms;   /* -1 = none */
};

/* How one source wants its records read. */
struct decode_rules {
    enum format format;
    bool strict;
    bool ce_identity_id;    /* the id is ce_id alone instead of <ce_source>#<ce_id> */
    size_t record_bytes_max;
};

struct decoded {
    enum format format;         /* what it was; FORMAT_AUTO when that could not be told */
    const struct event *events;
    uint32_t n;
    uint32_t unknown_fields;
    struct slice detail;        /* on a fault: the offending member or place, for people; may be absent */
};

struct decoder;

struct decoder *decoder_new(void);      /* NULL when memory is short */
void decoder_free(struct decoder *);

enum fault decode(struct decoder *, const struct decode_rules *, const struct record_view *, struct decoded *);

const char *format_name(enum format);           /* "auto", "json", "msgpack", "cloudevents" */
bool format_of(struct slice name, enum format *);

#endif

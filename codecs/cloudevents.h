/* cloudevents.h: the envelope of CloudEvents 1.0, from headers (binary) or from an object (structured, or one of a batch).
 *
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md, .../formats/json-format.md,
 * .../bindings/kafka-protocol-binding.md. Attributes that are not named here are extensions and are left alone. */
#ifndef CODECS_CLOUDEVENTS_H
#define CODECS_CLOUDEVENTS_H

#include "codecs/arena.h"
#include "codecs/headers.h"

struct cloudevent {
    struct slice id, source, time;
    struct slice content_type;          /* of the data; absent = not told */
    struct slice traceparent;           /* the distributed tracing extension; unchecked */
    const struct value *data;           /* structured: the member `data`, or NULL */
    struct slice data_base64;           /* structured: the member `data_base64`, or absent */
};

/* Both answer FAULT_CLOUDEVENT with the attribute's name in `detail`. Required: specversion "1.0", id, source (may be empty),
 * type. */
enum fault cloudevent_of_headers(struct cloudevent *, const struct known_headers *, struct slice *detail);
enum fault cloudevent_of_object(struct cloudevent *, const struct value *object, struct slice *detail);

/* <source>#<id>; the id alone when the source is empty. What is over 128 bytes becomes "ce:" and 32 hex digits: high, then low
 * half of SipHash-128 over that text under the key of the ASCII bytes "alertbridge:ce:1", both halves little-endian. The key is
 * public: it makes ids short, it keeps no secret. The text is in `arena`; absent when that is full. */
struct slice cloudevent_identity(struct slice source, struct slice id, struct arena *);

#endif

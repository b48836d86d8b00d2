/* traceparent.h: the header that carries a trace's identity, https://www.w3.org/TR/trace-context/#traceparent-header */
#ifndef CODECS_TRACEPARENT_H
#define CODECS_TRACEPARENT_H

#include "codecs/slice.h"

enum { TRACEPARENT_BYTES = 55 };

/* The part of `text` that version 00 defines, 55 bytes; absent when the value is bad: upper case, zero ids, version ff, or, for
 * version 00, anything behind. A higher version may go on after a dash; its first four fields are read. */
struct slice traceparent_read(struct slice text);

/* The shape that the event's schema asks for: four lower-case hex fields, whatever their values. */
bool traceparent_has_shape(struct slice text);

#endif

/* event_schema.h: the JSON Schema of the native event, as `alertbridge schema event` prints it. */
#ifndef CODECS_EVENT_SCHEMA_H
#define CODECS_EVENT_SCHEMA_H

#include "codecs/buf.h"

enum { EVENT_SCHEMA_BYTES_MAX = 8192 };     /* room that always suffices */

void event_schema_write(struct buf *);

#endif

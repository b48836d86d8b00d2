/* msgpack_scan.h: a walk over MessagePack bytes before anything is built from them.
 *
 * What passes is whole, within limits.h, and holds nothing but what an event can have: every count and length fits the bytes that
 * are there, names are texts, texts are UTF-8, numbers are finite. Neither allocates nor recurses. */
#ifndef CODECS_MSGPACK_SCAN_H
#define CODECS_MSGPACK_SCAN_H

#include "codecs/fault.h"
#include "codecs/slice.h"

enum fault msgpack_scan(struct slice bytes);

#endif

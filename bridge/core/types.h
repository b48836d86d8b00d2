/* types.h: the small words that the core, its adapters and the worker share. */
#ifndef BRIDGE_CORE_TYPES_H
#define BRIDGE_CORE_TYPES_H

#include "codecs/slice.h"

#include <stdint.h>

typedef int64_t ms_t;   /* milliseconds; unless said otherwise on CLOCK_BOOTTIME, which goes on while a machine sleeps */

#define MS_NEVER INT64_MAX

/* Given out with an effect and handed back with its answer. A slot that was used again has another serial, so a late answer is
 * known as late. Serial 0 is never given out. */
struct tag {
    uint32_t slot;
    uint32_t serial;
};

enum {
    TARGETS_MAX = 64,
    SOURCES_MAX = 64,
    ROUTES_MAX = 64,
    PARTITIONS_MAX = 1024,
    WINDOW_FLOOR_RECORDS = 64,  /* what each partition may hold, however many there are */
    NAME_BYTES_MAX = 64,        /* of a source, target or route */
    TARGET_NONE = -1,           /* what no route or codec could assign; "_none" outside */
    TARGET_DROP = -2,           /* a route to `drop` */
};

#endif

/* memory_windows.h: which event leads a window, by key, each for a time that is fixed when the window opens. Grows by doubling up
 * to a ceiling. */
#ifndef BRIDGE_IO_MEMORY_WINDOWS_H
#define BRIDGE_IO_MEMORY_WINDOWS_H

#include "bridge/core/types.h"
#include "codecs/limits.h"
#include "codecs/siphash.h"

struct memory_window {
    struct hash128 key;
    ms_t expires_ms;
    uint8_t leader_size;        /* 0: an entry that never held one */
    char leader[ID_BYTES_MAX];
};

struct memory_windows {
    struct memory_window *at;   /* NULL until the first one opens */
    uint32_t capacity;          /* a power of two */
    uint32_t n;                 /* entries that hold or held a leader */
    uint32_t capacity_max;
};

void memory_windows_release(struct memory_windows *);

/* The id that leads the window, absent when it is not open. Valid until the next open or hand_over. */
struct slice memory_windows_leader(const struct memory_windows *, struct hash128 key, ms_t now_ms);

/* false: full to its ceiling with open windows, nothing was written. */
bool memory_windows_open(struct memory_windows *, struct hash128 key, struct slice leader, ms_t now_ms, ms_t window_ms);
void memory_windows_hand_over(struct memory_windows *, struct hash128 key, struct slice leader);    /* of an open one */

#endif

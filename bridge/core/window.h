/* window.h: the offsets of one partition that were received and are not yet committed.
 *
 * Offsets arrive in growing order, with gaps (compaction, transactions). Each is finished once, in any order. The committable
 * offset is one past the finished run at the front; gaps never hold it back. Capacity is fixed at init; a full window is the
 * caller's signal to pause. */
#ifndef BRIDGE_CORE_WINDOW_H
#define BRIDGE_CORE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct window_slot {
    int64_t offset;
    int64_t received_ms;
    bool finished;
};

/* The slots are the caller's memory: `capacity` of them. */
struct window {
    struct window_slot *slots;
    uint32_t capacity;
    uint32_t head;              /* oldest slot in use */
    uint32_t count;             /* slots in use */
    uint32_t finished;          /* finished above the head run (not yet committable) */
    int64_t committable;        /* the offset to commit: next to be read after a restart */
};

void window_init(struct window *, struct window_slot *slots, uint32_t capacity, int64_t next_offset);

/* False for an offset that is not above all that were received and committed: the log was read backwards. */
bool window_expects(const struct window *, int64_t offset);

/* Adds an offset that is expected and returns its slot. Precondition: !window_is_full(). */
uint32_t window_receive(struct window *, int64_t offset, int64_t now_ms);

/* Marks a received slot finished. Returns true when the committable offset moved. */
bool window_finish(struct window *, uint32_t slot);

bool window_is_full(const struct window *);
bool window_is_empty(const struct window *);
int64_t window_oldest_ms(const struct window *);    /* when the oldest unfinished offset was received; -1 = none */

#endif

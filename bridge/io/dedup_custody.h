/* dedup_custody.h: the custodies of this process that are still open, by dispatch number.
 *
 * A claim may meet a claim of its own process. Whether that custody still goes on is known here and not in Redis: it is opened
 * when the key is asked for, is heard of by each order of its own (renewals come at a third of the lease) and by each command
 * that an order goes on with, and is closed by an answered end, or by an answer to the claim that leaves nothing to hold. One
 * that was not heard of for a whole lease is over as well: its end was given up on without an answer, and no call of it can
 * still be under way. That lease is counted in the time that the process lived: while it stood still nobody asked here. */
#ifndef BRIDGE_IO_DEDUP_CUSTODY_H
#define BRIDGE_IO_DEDUP_CUSTODY_H

#include "bridge/core/claim.h"

struct custody {
    uint64_t dispatch;
    ms_t heard_ms;              /* of lived_ms */
    bool used;
};

struct custodies {
    struct custody *at;
    uint32_t capacity;          /* a power of two */
    uint32_t n;
    ms_t looked_ms, lived_ms;   /* the clock when it was asked last; what went by, each gap at most 0.5 s */
};

bool custodies_init(struct custodies *);        /* false: out of memory */
void custodies_release(struct custodies *);

void custodies_open(struct custodies *, uint64_t dispatch, ms_t now_ms);
void custodies_heard(struct custodies *, uint64_t dispatch, ms_t now_ms);       /* of no consequence when it is not open */
void custodies_close(struct custodies *, uint64_t dispatch);
bool custody_ends_with(enum claim_verdict);      /* this answer to a claim leaves nothing to hold */
bool custodies_is_open(struct custodies *, uint64_t dispatch, ms_t lease_ms, ms_t now_ms);

#endif

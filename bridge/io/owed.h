/* owed.h: the ends of deliveries that came while Redis was away, in their order, until Redis has them. The number is bounded:
 * then the oldest is given up, for its backend does without. */
#ifndef BRIDGE_IO_OWED_H
#define BRIDGE_IO_OWED_H

#include "bridge/core/claim.h"
#include "codecs/limits.h"

enum { OWED_CAPACITY = 1 << 15, OWED_UNDER_WAY_MAX = 256 };

enum owed_state { OWED_WAITS, OWED_SENT, OWED_OVER };

struct owed_end {
    struct claim_order order;       /* its id points to `id` */
    enum owed_state state;
    uint32_t tries;
    char id[ID_BYTES_MAX];
};

struct owed {
    struct owed_end *at;            /* a ring: the end with number n stands at n % OWED_CAPACITY */
    uint64_t first, next, last;     /* numbers: oldest that is owed, next to be sent, one past the newest */
    uint32_t under_way;
    uint64_t given_up;              /* never written: too many, or refused again and again */
};

bool owed_init(struct owed *);      /* false: out of memory */
void owed_release(struct owed *);

void owed_add(struct owed *, const struct claim_order *);
uint64_t owed_count(const struct owed *);

/* The next one to be sent, with a tag of ours; false: none, or enough under way. */
bool owed_next(struct owed *, struct claim_order *);
bool owed_is_tag(struct tag);
void owed_answered(struct owed *, struct tag, enum settle_answer);

#endif

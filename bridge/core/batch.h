/* batch.h: deliveries that are sent in one call, from the moment a slot is reserved for them until the
 * call's end is known for good. */
#ifndef BRIDGE_CORE_BATCH_H
#define BRIDGE_CORE_BATCH_H

#include "bridge/core/delivery.h"

struct target;

enum batch_state {
    BATCH_FREE,
    BATCH_CLAIMING,     /* holds a slot; `pending` claims are out                             */
    BATCH_CALLING,      /* holds a slot; the call is out                                      */
    BATCH_BACKOFF,      /* target.resting: waits for its timer                                */
    BATCH_READY,        /* target.ready: to be sent again when slot and token are there       */
    BATCH_RENEWING,     /* holds a slot; no member may be renewing any more before the call   */
};

struct batch {
    struct node link;
    struct timer timer;
    struct list members;        /* deliveries, in order */
    struct target *target;
    uint32_t slot, serial;
    enum batch_state state;
    uint32_t pending;           /* CLAIMING: claims that are out */
    uint32_t sends;             /* calls made so far */
    uint32_t attempts;          /* of the budget: those that counted */
    uint32_t failures;          /* in a row, for the wait */
    uint32_t refusals;          /* auth and config answers */
    uint32_t credential;        /* serial of the one that its last call was made with */
    bool excused;               /* it was refused with a credential that had ended, and sent again at once: that is done once */
    bool last_chance;           /* a single out of a batch whose budget is spent */
    uint64_t delivered_before;  /* target.delivered when it was sent last */
    uint64_t delivered_at_refusal;
    enum outcome outcome;       /* of its last call */
    ms_t called_ms;
    ms_t elapsed_ms;            /* of the budget: time in calls and waits that counted */
    struct node *asked;         /* engine_call_member: member asked_at, unless it is the last; they are asked for in a row */
    uint32_t asked_at;
};

struct batch *batch_open(struct engine *, struct target *);
void batch_free(struct engine *, struct batch *);               /* precondition: no members */
void batch_add(struct batch *, struct delivery *);              /* links only; the state is moved by delivery_move */
struct batch *batch_of(struct engine *, struct tag);            /* NULL when the tag is stale */

#endif

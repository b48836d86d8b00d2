/* queue.h: what waits for a call slot of one target: oldest first, by the order in which it was received,
 * whatever it went through since.
 *
 * A heap and not a list: a delivery that waited in its lane, or for another worker's claim, comes back with its old
 * number. Put at the end it would hold back the commit of its partition behind everything younger; put at the front it
 * would push ahead of what is older. */
#ifndef BRIDGE_CORE_QUEUE_H
#define BRIDGE_CORE_QUEUE_H

#include "bridge/core/timers.h"

struct delivery;

struct queue {
    struct timers order;    /* by delivery.number */
    uint64_t bytes;         /* about what the waiting ones will take in a body */
    ms_t since_ms;          /* since when somebody waits who was not looked at: for linger */
};

void queue_init(struct queue *, struct timer **memory, uint32_t capacity);
void queue_add(struct queue *, struct delivery *, ms_t now_ms);
void queue_remove(struct queue *, struct delivery *);
struct delivery *queue_first(const struct queue *);     /* NULL when nobody waits */
struct delivery *queue_unasked(const struct queue *);   /* the first whose claim was not refused yet; NULL when there is none */
uint32_t queue_size(const struct queue *);

#endif

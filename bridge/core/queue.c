/* queue.c: the heap of waiting deliveries behind queue.h. */
#include "bridge/core/queue.h"

#include "bridge/core/delivery.h"

void
queue_init(struct queue *queue, struct timer **memory, uint32_t capacity)
{
    *queue = (struct queue){ .bytes = 0 };
    timers_init(&queue->order, memory, capacity);
}

void
queue_add(struct queue *queue, struct delivery *delivery, ms_t now_ms)
{
    if (queue->order.count == 0)
        queue->since_ms = now_ms;
    timers_set(&queue->order, &delivery->place, delivery->number);
    queue->bytes += delivery->bytes;
}

void
queue_remove(struct queue *queue, struct delivery *delivery)
{
    timers_clear(&queue->order, &delivery->place);
    queue->bytes -= delivery->bytes;
}

struct delivery *
queue_first(const struct queue *queue)
{
    struct timer *first = timers_first(&queue->order);
    return first ? LIST_ENTRY(first, struct delivery, place) : NULL;
}

struct delivery *
queue_unasked(const struct queue *queue)
{
    struct delivery *first = NULL;
    for (uint32_t i = 0; i < queue->order.count; i++) {
        struct delivery *delivery = LIST_ENTRY(queue->order.heap[i], struct delivery, place);
        if (delivery->asks == 0 && (!first || delivery->number < first->number))
            first = delivery;
    }
    return first;
}

uint32_t
queue_size(const struct queue *queue)
{
    return queue->order.count;
}

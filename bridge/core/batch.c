/* batch.c: the pool of batches. */
#include "bridge/core/state.h"

#include <string.h>

struct batch *
batch_open(struct engine *engine, struct target *target)
{
    struct node *node = list_pop(&engine->free_batches);
    struct batch *batch;
    if (node) {
        batch = LIST_ENTRY(node, struct batch, link);
    } else {
        check(engine->fresh_batches < engine->n_deliveries);
        batch = &engine->batches[engine->fresh_batches];
        batch->slot = engine->fresh_batches++;
    }
    uint32_t slot = batch->slot, serial = batch->serial;
    *batch = (struct batch){ .slot = slot, .serial = serial + 1, .target = target, .state = BATCH_CLAIMING };
    batch->timer.kind = TIMER_BATCH;
    list_init(&batch->members);
    return batch;
}

void
batch_free(struct engine *engine, struct batch *batch)
{
    check(list_first(&batch->members) == NULL);
    timers_clear(&engine->timers, &batch->timer);
    batch->state = BATCH_FREE;
    batch->serial++;
    list_prepend(&engine->free_batches, &batch->link);
}

void
batch_add(struct batch *batch, struct delivery *delivery)
{
    delivery->batch = batch;
}

struct batch *
batch_of(struct engine *engine, struct tag tag)
{
    if (tag.slot >= engine->fresh_batches)
        return NULL;
    struct batch *batch = &engine->batches[tag.slot];
    return (batch->serial == tag.serial || MUTATED(stale_tag_accepted)) && batch->state != BATCH_FREE ? batch : NULL;
}

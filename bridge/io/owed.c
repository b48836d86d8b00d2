/* owed.c: a ring with a cursor. What was not answered goes back to the cursor's side; what is over leaves at the front. */
#include "bridge/io/owed.h"

#include <stdlib.h>
#include <string.h>

enum { TRIES_MAX = 8 };

static const uint32_t OWED_TAG = 0x80000000u;       /* no slot of the engine is so large */

bool
owed_init(struct owed *owed)
{
    *owed = (struct owed){ .at = calloc(OWED_CAPACITY, sizeof(*owed->at)) };
    return owed->at != NULL;
}

void
owed_release(struct owed *owed)
{
    free(owed->at);
    owed->at = NULL;
}

static struct owed_end *
end_at(struct owed *owed, uint64_t number)
{
    return &owed->at[number % OWED_CAPACITY];
}

uint64_t
owed_count(const struct owed *owed)
{
    return owed->last - owed->first;
}

static void
drop_oldest(struct owed *owed)
{
    owed->under_way -= end_at(owed, owed->first)->state == OWED_SENT;     /* its answer will find another number */
    owed->given_up += end_at(owed, owed->first)->state != OWED_OVER;
    owed->first++;
    if (owed->next < owed->first)
        owed->next = owed->first;
}

void
owed_add(struct owed *owed, const struct claim_order *order)
{
    if (owed_count(owed) == OWED_CAPACITY)
        drop_oldest(owed);
    struct owed_end *end = end_at(owed, owed->last++);
    *end = (struct owed_end){ .order = *order };
    memcpy(end->id, order->id.at, order->id.size);
    end->order.id.at = end->id;
    end->order.window = NULL;       /* an end asks for none, and what is borrowed is over by then */
}

bool
owed_next(struct owed *owed, struct claim_order *order)
{
    while (owed->next < owed->last && end_at(owed, owed->next)->state != OWED_WAITS)
        owed->next++;
    if (owed->next == owed->last || owed->under_way >= OWED_UNDER_WAY_MAX)
        return false;
    struct owed_end *end = end_at(owed, owed->next);
    end->state = OWED_SENT;
    end->tries++;
    owed->under_way++;
    *order = end->order;
    order->tag = (struct tag){ .slot = OWED_TAG | (uint32_t)(owed->next % OWED_CAPACITY), .serial = (uint32_t)owed->next };
    owed->next++;
    return true;
}

bool
owed_is_tag(struct tag tag)
{
    return (tag.slot & OWED_TAG) != 0;
}

/* FENCED is an answer as well: another took the key over, and its own end will stand there. */
void
owed_answered(struct owed *owed, struct tag tag, enum settle_answer answer)
{
    uint64_t number = owed->first + (uint32_t)(tag.serial - (uint32_t)owed->first);
    if (number >= owed->last || end_at(owed, number)->state != OWED_SENT)
        return;
    struct owed_end *end = end_at(owed, number);
    owed->under_way--;
    bool again = answer == SETTLE_UNKNOWN && end->tries < TRIES_MAX;
    end->state = again ? OWED_WAITS : OWED_OVER;
    owed->given_up += answer == SETTLE_UNKNOWN && !again;
    if (again && number < owed->next)
        owed->next = number;
    while (owed->first < owed->last && end_at(owed, owed->first)->state == OWED_OVER)
        owed->first++;
}

/* window.c: the ring of offsets behind window.h: finished ones leave at the head. */
#include "bridge/core/window.h"

#include "codecs/check.h"
#include "codecs/mutant.h"

static uint32_t
slot_at(const struct window *window, uint32_t place)
{
    uint64_t slot = (uint64_t)window->head + place;
    return (uint32_t)(slot < window->capacity ? slot : slot - window->capacity);
}

static bool
in_use(const struct window *window, uint32_t slot)
{
    if (slot >= window->capacity)
        return false;
    uint64_t place = slot >= window->head ? slot - window->head : (uint64_t)slot + window->capacity - window->head;
    return place < window->count;
}

void
window_init(struct window *window, struct window_slot *slots, uint32_t capacity, int64_t next_offset)
{
    check(capacity > 0);
    *window = (struct window){ .slots = slots, .capacity = capacity, .committable = next_offset };
}

bool
window_expects(const struct window *window, int64_t offset)
{
    return offset >= 0 && offset >= window->committable
           && (window->count == 0 || offset > window->slots[slot_at(window, window->count - 1)].offset);
}

uint32_t
window_receive(struct window *window, int64_t offset, int64_t now_ms)
{
    check(!window_is_full(window));
    check(window_expects(window, offset));
    if (window->committable < 0)    /* where reading began was not known: the first record tells */
        window->committable = offset;
    uint32_t slot = slot_at(window, window->count++);
    window->slots[slot] = (struct window_slot){ .offset = offset, .received_ms = now_ms };
    return slot;
}

/* The head was finished just now: it leaves, and with it the run of finished ones behind it. */
static void
leave_at_head(struct window *window)
{
    do {
        if (MUTATED(sparse_stalls) && window->slots[window->head].offset > window->committable)
            return;
        window->committable = window->slots[window->head].offset + 1;
        window->head = slot_at(window, 1);
        window->count--;
        window->finished--;
    } while (window->count > 0 && window->slots[window->head].finished);
}

bool
window_finish(struct window *window, uint32_t slot)
{
    check(in_use(window, slot));
    check(!window->slots[slot].finished);
    window->slots[slot].finished = true;
    window->finished++;
    if (MUTATED(commit_highest) && window->slots[slot].offset >= window->committable)
        window->committable = window->slots[slot].offset + 1;
    if (slot != window->head)
        return false;
    leave_at_head(window);
    return true;
}

bool
window_is_full(const struct window *window)
{
    return window->count == window->capacity;
}

bool
window_is_empty(const struct window *window)
{
    return window->count == 0;
}

int64_t
window_oldest_ms(const struct window *window)
{
    /* The head is never finished: it would have left. */
    return window->count == 0 ? -1 : window->slots[window->head].received_ms;
}

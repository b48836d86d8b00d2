/* walk_windows.c: the windows of repeats as a truthful store keeps them, and what must hold of whoever is suppressed. */
#include "tests/story/walk.h"

#include <stdio.h>

static struct window_of_walk *
window_of(struct walk *walk, const struct claim_window *window)
{
    struct window_of_walk *free_one = NULL;
    for (uint32_t i = 0; i < WALK_WINDOWS; i++) {
        struct window_of_walk *one = &walk->windows[i];
        if (one->expires_ms > 0 && one->route == window->route && one->hash.low == window->hash.low)
            return one;
        if (one->expires_ms == 0 && !free_one)
            free_one = one;
    }
    if (!free_one) {
        walk_fail(walk, "more windows than routes and keys");
        return &walk->windows[0];
    }
    free_one->route = window->route;
    free_one->hash = window->hash;
    return free_one;
}

/* Somebody carried the leader out, or the one that it was suppressed for itself, and so on. */
static void
leader_was_delivered(struct walk *walk, uint32_t leader, const struct claim_order *order)
{
    const struct key *key = store_key(walk, leader, order->target);
    bool done = key->value.state == CLAIM_STATE_DONE;
    for (uint32_t links = 0; key->executed == 0 && key->is_repeat && links < WALK_LINKS; links++)
        key = store_key(walk, key->repeat_of, order->target);
    if (!done || key->executed == 0)
        walk_fail(walk, "%.*s is suppressed by e%u, which was not delivered (%c, %u times)", (int)order->id.size, order->id.at,
                  leader, (char)key->value.state, key->executed);
}

static void
is_suppressed(struct walk *walk, uint32_t leader, const struct claim_order *order)
{
    struct key *key = store_key(walk, store_id_of(order->id), order->target);
    key->is_repeat = true;
    key->repeat_of = leader;
}

void
windows_meet(struct walk *walk, struct answer *answer, struct claim_value *write)
{
    const struct claim_order *order = &answer->claim;
    struct claim_answer *claim = &answer->input.claimed.answer;
    struct window_of_walk *window = window_of(walk, order->window);
    bool open = window->expires_ms > walk->now;
    const struct key *met = open ? store_key(walk, window->leader, order->target) : NULL;
    snprintf(answer->leader, sizeof(answer->leader), "e%u", window->leader);
    struct slice leader = open ? slice_of(answer->leader) : (struct slice){ 0 };
    switch (claim_meet_window(order, walk->config.owner, leader, met ? &met->value : NULL, met ? walk->now - met->written_ms : 0,
                              claim, write)) {
    case WINDOW_KEEP:
        walk->n_repeats += claim->verdict == CLAIM_REPEAT;
        walk->n_twins += claim->verdict == CLAIM_TWIN;
        if (claim->verdict == CLAIM_REPEAT) {
            leader_was_delivered(walk, window->leader, order);
            is_suppressed(walk, window->leader, order);
        }
        return;
    case WINDOW_OPEN:
        window->expires_ms = walk->now + order->window->window_ms;
        break;
    case WINDOW_HAND_OVER:
        walk->n_promoted++;
        break;
    }
    window->leader = store_id_of(order->id);
}

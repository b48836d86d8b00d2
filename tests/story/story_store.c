/* story_store.c: a truthful store for stories that need one: keys and windows by the tables of bridge/core/claim.h, on the
 * story's clock. A story may say what another worker left in it. */
#include "tests/story/story.h"
#include "tests/story/story_world.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { OTHER_OWNER = 99, OTHER_LEASE_MS = 30000 };

static struct story_key *
key_of(uint32_t target, struct slice id)
{
    struct story_store *store = &world.store;
    for (uint32_t i = 0; i < store->n_keys; i++)
        if (store->keys[i].target == target && slice_is(id, store->keys[i].id))
            return &store->keys[i];
    cr_assert(store->n_keys < STORE_KEYS_MAX, "too many keys for a story");
    struct story_key *key = &store->keys[store->n_keys++];
    *key = (struct story_key){ .target = target };
    snprintf(key->id, sizeof(key->id), "%.*s", (int)id.size, id.at);
    return key;
}

static void
write_key(struct story_key *key, const struct claim_value *value)
{
    if (value->state == CLAIM_STATE_NONE)
        return;
    key->value = *value;
    key->written_ms = world.now;
}

static struct story_window *
window_of(const struct claim_window *window)
{
    struct story_store *store = &world.store;
    for (uint32_t i = 0; i < store->n_windows; i++)
        if (store->windows[i].route == window->route && store->windows[i].hash.low == window->hash.low &&
            store->windows[i].hash.high == window->hash.high)
            return &store->windows[i];
    cr_assert(store->n_windows < STORE_WINDOWS_MAX, "too many windows for a story");
    struct story_window *fresh = &store->windows[store->n_windows++];
    *fresh = (struct story_window){ .route = window->route, .hash = window->hash };
    if (store->led_by[0]) {
        snprintf(fresh->leader, sizeof(fresh->leader), "%s", store->led_by);
        fresh->expires_ms = world.now + window->window_ms;
        store->led_by[0] = '\0';
    }
    return fresh;
}

static void
meet_window(const struct claim_order *order, struct claim_answer *answer, struct claim_value *write)
{
    struct story_window *window = window_of(order->window);
    bool open = window->expires_ms > world.now;
    struct slice leader = open ? slice_of(window->leader) : (struct slice){ 0 };
    const struct story_key *met = open ? key_of(order->target, leader) : NULL;
    switch (claim_meet_window(order, world.config.owner, leader, met ? &met->value : NULL, met ? world.now - met->written_ms : 0,
                              answer, write)) {
    case WINDOW_KEEP:
        return;
    case WINDOW_OPEN:
        window->expires_ms = world.now + order->window->window_ms;
        break;
    case WINDOW_HAND_OVER:
        break;
    }
    snprintf(window->leader, sizeof(window->leader), "%.*s", (int)order->id.size, order->id.at);
}

struct claim_answer
store_claim(const struct claim_order *order)
{
    struct story_key *key = key_of(order->target, order->id);
    struct claim_answer answer;
    struct claim_value write;
    bool open_here = key->value.state == CLAIM_STATE_CLAIMED && key->value.owner == world.config.owner;
    claim_meet(order, world.config.owner, &key->value, world.now - key->written_ms, open_here, &answer, &write);
    if (order->window && write.state != CLAIM_STATE_NONE)
        meet_window(order, &answer, &write);
    if (answer.verdict == CLAIM_TWIN)       /* given back: there is nothing but what is written now */
        key->value.state = CLAIM_STATE_NONE;
    write_key(key, &write);
    return answer;
}

enum settle_answer
store_settle(const struct claim_order *order)
{
    struct story_key *key = key_of(order->target, order->id);
    struct claim_value write;
    enum settle_answer answer = claim_settle_meet(order, world.config.owner, &key->value, &write);
    write_key(key, &write);
    return answer;
}

/* Another worker takes over all that is claimed, each as it stands, and nothing is changed by it. */
uint32_t
doubt_if_killed(void)
{
    uint32_t doubt = 0;
    for (uint32_t i = 0; i < world.store.n_keys; i++) {
        const struct claim_value *met = &world.store.keys[i].value;
        struct claim_order order = { .fp = met->fp, .dispatch = 1, .lease_ms = OTHER_LEASE_MS };
        struct claim_answer answer;
        struct claim_value write;
        if (met->state != CLAIM_STATE_CLAIMED)
            continue;
        claim_meet(&order, OTHER_OWNER, met, met->lease_ms, false, &answer, &write);
        cr_assert_eq(answer.verdict, CLAIM_TAKEOVER);
        doubt += answer.doubt;
    }
    return doubt;
}

void
store_is_truthful(void)
{
    world.store.truthful = true;
}

void
window_is_led_by(const char *id, enum claim_state state, ms_t age_ms)
{
    struct claim_value value = { .state = state, .attempt = 1, .owner = OTHER_OWNER, .dispatch = 1, .lease_ms = OTHER_LEASE_MS,
                                 .ttl_ms = 86400000, .fp = 5 };
    snprintf(world.store.led_by, sizeof(world.store.led_by), "%s", id);
    key_is(id, &value, age_ms);
}

void
key_is(const char *id, const struct claim_value *value, ms_t age_ms)
{
    struct story_key *key = key_of(0, slice_of(id));
    key->value = *value;
    key->written_ms = world.now - age_ms;
}

enum claim_state
key_state(const char *id)
{
    return key_of(0, slice_of(id))->value.state;
}

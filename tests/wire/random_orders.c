/* random_orders.c: draws orders, and compares what two stores made of them. */
#include "tests/wire/random_orders.h"

#include "tests/support/draw.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct claim_value
draw_value(uint64_t *state)
{
    static const enum claim_state states[] = { CLAIM_STATE_CLAIMED, CLAIM_STATE_CLAIMED, CLAIM_STATE_DONE, CLAIM_STATE_RELEASED,
                                               CLAIM_STATE_UNCONFIRMED, CLAIM_STATE_DEAD };
    struct claim_value value = { .state = states[draw(state, 6)], .fp = 1 + draw(state, 10) / 9 };
    if (value.state == CLAIM_STATE_CLAIMED || value.state == CLAIM_STATE_RELEASED)
        value.attempt = 1 + draw(state, 5);
    if (value.state == CLAIM_STATE_CLAIMED || value.state == CLAIM_STATE_UNCONFIRMED)
        value.doubt = draw(state, 4);
    if (value.state == CLAIM_STATE_CLAIMED) {
        value.owner = draw(state, 2) ? STAND_OWN : STAND_OTHER;
        value.dispatch = 1 + draw(state, 3);
        value.lease_ms = draw(state, 4) ? 30000 : 0;
        value.idle = draw(state, 4) == 0;
        value.ttl_ms = 3600000;
    }
    return value;
}

/* Others every so often: a leader that nobody touches again would keep its twins waiting for the rest of the test. */
void
random_order_windows(uint32_t step, struct claim_window windows[RANDOM_WINDOWS])
{
    for (uint32_t route = 0; route < RANDOM_WINDOWS; route++)
        windows[route] = (struct claim_window){ .route = route, .hash = { 1, step / 30 }, .window_ms = 3600000 };
}

static void
draw_order(struct random_order *random, uint64_t *state, uint32_t step)
{
    struct claim_window windows[RANDOM_WINDOWS];
    snprintf(random->id, sizeof(random->id), "id-%u", draw(state, 12) ? draw(state, 4) : step + 4);
    random->order = stand_order(random->id, 1 + draw(state, 3), 1 + draw(state, 10) / 9);
    random->order.attempt = 1 + draw(state, 3);
    random->order.doubt = draw(state, 3);
    random->order.first_sent_ms = step;
    random->order.replay = draw(state, 4) == 0;
    random_order_windows(step, windows);
    if (draw(state, 3))
        return;
    random->window = windows[draw(state, RANDOM_WINDOWS)];
    random->order.window = &random->window;
}

static void
draw_how(struct random_order *random, uint32_t kind)
{
    static const enum claim_state ends[] = { CLAIM_STATE_DONE, CLAIM_STATE_RELEASED, CLAIM_STATE_UNCONFIRMED, CLAIM_STATE_DEAD };
    random->how = kind < 5 ? ORDER_CLAIM : kind < 7 ? ORDER_RENEW : ORDER_END;
    random->order.end = kind < 8 ? CLAIM_STATE_CLAIMED : ends[kind - 8];
    random->order.idle = kind == 6;
    if (random->how != ORDER_CLAIM)
        random->order.window = NULL;    /* a claim alone asks for it */
    if (kind == 7)
        random->order.lease_ms = 0;     /* given up in doubt */
}

void
random_order_draw(struct random_order *random, uint64_t *draws, uint32_t step)
{
    *random = (struct random_order){ .met = { .state = CLAIM_STATE_NONE } };
    draw_order(random, draws, step);
    if (draw(draws, 3) == 0) {
        random->met = draw_value(draws);
        random->age_ms = draw(draws, 2) ? 1000 : 70000;
    }
    draw_how(random, draw(draws, 12));
}

uint32_t
random_order_ask(const struct random_order *random, struct stand *stand)
{
    switch (random->how) {
    case ORDER_CLAIM:
        return stand_claim(stand, random->order);
    case ORDER_RENEW:
        return stand_renew(stand, random->order);
    case ORDER_END:
        return stand_end(stand, random->order, random->order.end);
    }
    return 0;
}

/* ---- comparison ----------------------------------------------------------------------------------------------------------- */

enum { SLACK_MS = 1000 };

void
random_order_compare(const char *what, uint32_t step, const struct stand_answer *a, const struct stand_answer *b)
{
    cr_assert_eq(a->claim.verdict, b->claim.verdict, "%s, step %u: %s and %s", what, step, claim_verdict_name(a->claim.verdict),
                 claim_verdict_name(b->claim.verdict));
    cr_assert(a->claim.rest_ms - b->claim.rest_ms < SLACK_MS && b->claim.rest_ms - a->claim.rest_ms < SLACK_MS,
              "%s, step %u: rest %ld and %ld", what, step, (long)a->claim.rest_ms, (long)b->claim.rest_ms);
    cr_assert(a->claim.attempt == b->claim.attempt && a->claim.doubt == b->claim.doubt, "%s, step %u", what, step);
    cr_assert(a->claim.first_sent_ms == b->claim.first_sent_ms && a->claim.met == b->claim.met, "%s, step %u", what, step);
    cr_assert(a->claim.met_owner == b->claim.met_owner && a->claim.met_dispatch == b->claim.met_dispatch, "%s, step %u", what,
              step);
    cr_assert_str_eq(a->leader, b->leader, "%s, step %u", what, step);
    cr_assert_eq(a->settle, b->settle, "%s, step %u: %d and %d", what, step, (int)a->settle, (int)b->settle);
}

void
random_order_compare_values(const char *what, uint32_t step, const struct claim_value *a, const struct claim_value *b)
{
    cr_assert_eq(a->state, b->state, "%s, step %u: %c and %c", what, step, (char)a->state, (char)b->state);
    cr_assert(a->owner == b->owner && a->dispatch == b->dispatch && a->doubt == b->doubt, "%s, step %u", what, step);
    cr_assert(a->attempt == b->attempt && a->first_sent_ms == b->first_sent_ms, "%s, step %u", what, step);
    cr_assert(a->lease_ms == b->lease_ms && a->idle == b->idle, "%s, step %u", what, step);
}

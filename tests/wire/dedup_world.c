/* dedup_world.c: books every answer and every text, and whether a handler was ever called from inside an order. */
#include "tests/wire/dedup_world.h"

#include "bridge/io/clock.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

static struct world_answer *
book(struct world *world, struct tag tag)
{
    struct world_answer *answer = &world->answers[tag.slot];
    world->answered += answer->times == 0;
    world->repeated += answer->times > 0;
    world->reentered += world->inside;
    answer->times++;
    return answer;
}

static void
on_claimed(void *owner, struct tag tag, const struct claim_answer *claim)
{
    struct world_answer *answer = book(owner, tag);
    answer->of_claim = true;
    answer->claim = *claim;
}

static void
on_settled(void *owner, struct tag tag, enum settle_answer settle)
{
    book(owner, tag)->settle = settle;
}

static void
on_state(void *owner, bool up, const char *text)
{
    struct world *world = owner;
    world->changes += world->up != up;
    world->up = up;
    world->reentered += world->inside;
    snprintf(world->texts[world->n_texts++ % WORLD_TEXTS], sizeof(world->texts[0]), "%s", text);
}

static void
on_amnesia(void *owner, const char *text)
{
    struct world *world = owner;
    world->amnesia++;
    snprintf(world->texts[world->n_texts++ % WORLD_TEXTS], sizeof(world->texts[0]), "%s", text);
}

void
world_redis(struct world *world, const char *url, const char *password, uint64_t owner, ms_t timeout_ms)
{
    static const char *const targets[] = { "portal", "soar-prod" };
    char error[256] = "";
    *world = (struct world){ .base = event_base_new(), .answers = calloc(WORLD_ORDERS, sizeof(*world->answers)) };
    struct dedup_config config = {
        .url = url, .password = password, .prefix = "abt", .timeout_ms = timeout_ms, .owner = owner, .targets = targets,
        .n_targets = 2, .orders = WORLD_ORDERS, .hash_key = { 1, 2 },
    };
    struct dedup_handler handler = { world, on_claimed, on_settled, on_state, on_amnesia };
    world->dedup = dedup_new(&config, world->base, &handler, error, sizeof(error));
    cr_assert_not_null(world->dedup, "%s", error);
    cr_assert_eq(world->n_texts, 0, "nothing is said before the loop runs");
}

void
world_memory(struct world *world)
{
    world_redis(world, "memory:", "", WORLD_OWN, 1000);
}

void
world_on(struct world *world, const struct redis_server_of_test *server)
{
    char url[64];
    snprintf(url, sizeof(url), "redis://127.0.0.1:%u/0", server->port);
    world_redis(world, url, server->password, WORLD_OWN, 300);
    cr_assert(world_until(world, true, 3000), "%s", world->texts[0]);
}

void
world_release(struct world *world)
{
    cr_expect_eq(world->repeated, 0, "answered more than once");
    cr_expect_eq(world->reentered, 0, "a handler ran inside an order");
    dedup_free(world->dedup);
    event_base_free(world->base);
    free(world->answers);
}

struct claim_order
world_order(const char *id, uint64_t dispatch, uint64_t fp)
{
    return (struct claim_order){ .id = slice_of(id), .fp = fp, .dispatch = dispatch, .attempt = 1, .lease_ms = 30000,
                                 .ttl_ms = 3600000 };
}

static uint32_t
ask(struct world *world, struct claim_order *order, void (*how)(struct dedup *, const struct claim_order *))
{
    cr_assert(world->asked < WORLD_ORDERS);
    order->tag = (struct tag){ .slot = world->asked, .serial = 1 };
    world->inside = true;
    how(world->dedup, order);
    world->inside = false;
    return world->asked++;
}

uint32_t
world_claim(struct world *world, struct claim_order order)
{
    return ask(world, &order, dedup_claim);
}

uint32_t
world_end(struct world *world, struct claim_order order, enum claim_state end)
{
    order.end = end;
    return ask(world, &order, dedup_settle);
}

uint32_t
world_renew(struct world *world, struct claim_order order)
{
    return ask(world, &order, dedup_renew);
}

void
world_flush(struct world *world)
{
    world->inside = true;
    dedup_flush(world->dedup);
    world->inside = false;
}

static void
on_tick(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what, (void)data;
}

/* One turn of the loop, of 5 ms at most. */
static void
turn(struct world *world)
{
    struct timeval tick = { .tv_usec = 5000 };
    event_base_once(world->base, -1, EV_TIMEOUT, on_tick, NULL, &tick);
    event_base_loop(world->base, EVLOOP_ONCE);
}

bool
world_answers(struct world *world, ms_t ms)
{
    for (ms_t end_ms = clock_now_ms() + ms; world->answered < world->asked && clock_now_ms() < end_ms;)
        turn(world);
    return world->answered == world->asked;
}

bool
world_until(struct world *world, bool up, ms_t ms)
{
    for (ms_t end_ms = clock_now_ms() + ms; (world->up != up || world->n_texts == 0) && clock_now_ms() < end_ms;)
        turn(world);
    return world->up == up && world->n_texts > 0;
}

bool
world_forgets(struct world *world, uint32_t times, ms_t ms)
{
    for (ms_t end_ms = clock_now_ms() + ms; world->amnesia < times && clock_now_ms() < end_ms;)
        turn(world);
    return world->amnesia == times;
}

void
world_turn(struct world *world, ms_t ms)
{
    for (ms_t end_ms = clock_now_ms() + ms; clock_now_ms() < end_ms;)
        turn(world);
}

struct claim_answer
world_claimed(struct world *world, struct claim_order order)
{
    uint32_t at = world_claim(world, order);
    world_flush(world);
    cr_assert(world_answers(world, 3000), "no answer to claim %u", at);
    cr_assert(world->answers[at].of_claim);
    return world->answers[at].claim;
}

enum settle_answer
world_ended(struct world *world, struct claim_order order, enum claim_state end)
{
    uint32_t at = end == CLAIM_STATE_CLAIMED && order.lease_ms ? world_renew(world, order) : world_end(world, order, end);
    world_flush(world);
    cr_assert(world_answers(world, 3000), "no answer to end %u", at);
    return world->answers[at].settle;
}

bool
world_heard(const struct world *world, const char *part)
{
    for (uint32_t i = 0; i < world->n_texts && i < WORLD_TEXTS; i++)
        if (strstr(world->texts[i], part))
            return true;
    return false;
}

/* client_stand.c: as much of a world as the simulated adapter needs: a clock, happenings in turn, answers in a book. No chance
 * fires, and nobody waits. */
#include "tests/wire/client_stand.h"

#include "bridge/io/clock.h"
#include "tests/sim/client_parts.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { HAPPENINGS_MAX = 256, KEY_BYTES = 220 };

static struct {
    struct world world;
    struct worker worker;
    struct happening *queue[HAPPENINGS_MAX];
    uint32_t first, n;
    struct stand_answer *answers;   /* by tag.slot */
    uint32_t asked, answered, amnesia;
} own;

/* ---- the world as it is seen from the adapter ----------------------------------------------------------------------------- */

struct happening *
world_later(struct world *world, ms_t wait, void (*act)(struct world *, struct happening *))
{
    (void)wait;
    cr_assert(own.n < HAPPENINGS_MAX);
    struct happening *happening = calloc(1, sizeof(*happening));
    *happening = (struct happening){ .at = world->now, .act = act };
    own.queue[(own.first + own.n++) % HAPPENINGS_MAX] = happening;
    return happening;
}

struct happening *
world_later_for(struct world *world, ms_t wait, void (*act)(struct world *, struct happening *), struct worker *worker)
{
    struct happening *happening = world_later(world, wait, act);
    happening->worker = worker->number;
    return happening;
}

uint32_t
world_draw(struct world *world, uint32_t bound)
{
    (void)world, (void)bound;
    return 0;
}

ms_t
world_latency(struct world *world)
{
    (void)world;
    return 0;
}

int64_t
world_of(const struct world *world, enum swarm_row row)
{
    return world->swarm.of[row];
}

bool
world_fires(struct world *world, enum swarm_row row)
{
    (void)world, (void)row;
    return false;
}

void
world_fail(struct world *world, const char *format, ...)
{
    (void)world;
    cr_assert_fail("the world says: %s", format);
}

void
world_say(struct world *world, const char *format, ...)
{
    (void)world, (void)format;
}

void
world_fact(struct world *world, const struct fact *fact)
{
    (void)world, (void)fact;
}

uint32_t
world_text(struct world *world, const char *text)
{
    (void)world, (void)text;
    return 0;
}

int64_t
world_wall_ms(const struct world *world)
{
    return world->now;
}

struct worker *
worker_of(struct world *world, const struct happening *happening)
{
    return world->workers[happening->worker];
}

int64_t
worker_wall_ms(const struct world *world, const struct worker *worker)
{
    (void)worker;
    return world->now;
}

void
worker_feed(struct world *world, struct worker *worker, struct input *input)
{
    (void)world, (void)worker;
    cr_assert_eq(input->kind, INPUT_AMNESIA);
    own.amnesia++;
}

void
worker_answer(struct world *world, struct worker *worker, struct input *input)
{
    (void)world, (void)worker;
    bool of_claim = input->kind == INPUT_CLAIMED;
    struct stand_answer *answer = &own.answers[of_claim ? input->claimed.tag.slot : input->settled.tag.slot];
    cr_assert_eq(answer->times++, 0, "answered more than once");
    own.answered++;
    answer->of_claim = of_claim;
    if (!of_claim) {
        answer->settle = input->settled.answer;
        return;
    }
    answer->claim = input->claimed.answer;
    snprintf(answer->leader, sizeof(answer->leader), "%.*s", (int)answer->claim.leader.size, answer->claim.leader.at);
    answer->claim.leader = (struct slice){ 0 };
}

/* ---- the stand ------------------------------------------------------------------------------------------------------------ */

void
client_stand_begin(uint64_t owner, struct sipkey hash_key, enum client_policy policy)
{
    memset(&own, 0, sizeof(own));
    own.answers = calloc(STAND_ORDERS, sizeof(*own.answers));
    own.world.now = clock_now_ms();
    own.world.workers[0] = &own.worker;
    own.worker.life = 1;
    own.worker.config.owner = owner;
    own.worker.config.hash_key = hash_key;
    own.world.swarm.of[SWARM_n_degrade] = policy == CLIENT_DEGRADES;
    store_init(&own.world);
    own.worker.client = client_new(&own.world, &own.worker);
}

void
client_stand_end(void)
{
    client_free(own.worker.client);
    store_free(&own.world);
    free(own.answers);
}

uint32_t
client_stand_ask(const struct random_order *random)
{
    struct claim_order order = random->order;
    cr_assert(own.asked < STAND_ORDERS);
    own.world.now = clock_now_ms();
    order.tag = (struct tag){ .slot = own.asked, .serial = 1 };
    switch (random->how) {
    case ORDER_CLAIM:
        client_claim(&own.world, &own.worker, &order);
        break;
    case ORDER_RENEW:
        client_renew(&own.world, &own.worker, &order);
        break;
    case ORDER_END:
        client_settle(&own.world, &own.worker, &order);
        break;
    }
    return own.asked++;
}

void
client_stand_flush(void)
{
    client_flush(&own.world, &own.worker);
    while (own.n > 0) {
        struct happening *happening = own.queue[own.first];
        own.first = (own.first + 1) % HAPPENINGS_MAX;
        own.n--;
        happening->act(&own.world, happening);
        free(happening->more);
        free(happening);
    }
    cr_assert_eq(own.answered, own.asked, "%u orders, %u answers", own.asked, own.answered);
}

const struct stand_answer *
client_stand_answer(uint32_t number)
{
    return &own.answers[number];
}

/* ---- its store ------------------------------------------------------------------------------------------------------------ */

static const char *
key_of(const struct claim_order *order)
{
    static char key[KEY_BYTES];
    snprintf(key, sizeof(key), "ab:d:%u:%.*s", order->target, (int)order->id.size, order->id.at);
    return key;
}

void
client_stand_seed(const struct random_order *random)
{
    char text[CLAIM_VALUE_BYTES_MAX + 1];
    struct store_reply reply;
    struct buf buf;
    if (random->met.state == CLAIM_STATE_NONE)
        return;
    buf_init(&buf, text, sizeof(text));
    claim_value_write(&buf, &random->met);
    keys_set(store_keys(&own.world), clock_now_ms(), key_of(&random->order), buf_cstr(&buf),
             random->order.ttl_ms - random->age_ms, &reply);
}

struct claim_value
client_stand_peek(const struct claim_order *order)
{
    struct claim_value value = { .state = CLAIM_STATE_NONE };
    struct store_reply reply;
    keys_get(store_keys(&own.world), clock_now_ms(), key_of(order), &reply);
    if (reply.kind == STORE_TEXT)
        cr_assert(claim_value_read(slice_of(reply.text), &value), "unreadable: %s", reply.text);
    return value;
}

const char *
client_stand_peek_window(const struct claim_window *window)
{
    static struct store_reply reply;
    char key[KEY_BYTES];
    snprintf(key, sizeof(key), "ab:w:%u:%016lx%016lx", window->route, (unsigned long)window->hash.high,
             (unsigned long)window->hash.low);
    keys_get(store_keys(&own.world), clock_now_ms(), key, &reply);
    return reply.kind == STORE_TEXT ? reply.text : "";
}

void
client_stand_forget(void)
{
    keys_flush(store_keys(&own.world));
}

void
client_stand_away(ms_t for_ms)
{
    own.world.now = clock_now_ms();
    store_down(&own.world, for_ms);
}

uint32_t
client_stand_owed(void)
{
    return owed_count(&own.worker.client->owed);
}

uint32_t
client_stand_amnesia(void)
{
    return own.amnesia;
}

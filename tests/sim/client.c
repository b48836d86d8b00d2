/* client.c: a worker's orders on their way to the store and back, one connection, in order. */
#include "tests/sim/client_parts.h"

#include <stdio.h>
#include <stdlib.h>

enum { SLOW_MS = 1000, AWAY_ANSWER_MS = 50,      /* SLOW_MS: redis.timeout, whoever is slower is cut off */
       ROUNDS_MAX = 8, PULSE_MS = 100, MESSAGES = 4 };

static const int64_t PTTL_UNSEEN = -3, PTTL_ANY = INT64_MAX / 1024;

struct client *
client_new(struct world *world, struct worker *worker)
{
    struct client *client = calloc(1, sizeof(*client));
    client->degrades = world_of(world, SWARM_n_degrade) != 0;
    check(custodies_init(&client->custodies));
    if (client->degrades)
        check(custodies_init(&client->remembered) && recall_init(&client->recall) && owed_init(&client->owed));
    client->run = store_run(world);
    client->connection = 1;
    client->generations = worker->config.owner;
    return client;
}

ms_t
client_answer_ms(const struct world *world)
{
    return AWAY_ANSWER_MS + MESSAGES * world_of(world, SWARM_latency_ms);
}

void
client_free(struct client *client)
{
    custodies_release(&client->custodies);
    if (client->degrades) {
        custodies_release(&client->remembered);
        recall_release(&client->recall);
        owed_release(&client->owed);
    }
    free(client);
}

/* ---- answers ------------------------------------------------------------------------------------------------------------- */

void
client_say_claim(struct world *world, struct worker *worker, const struct op *op, const struct claim_answer *answer)
{
    struct input input = { .kind = INPUT_CLAIMED };
    input.claimed.tag = op->order.tag;
    input.claimed.answer = *answer;
    worker_answer(world, worker, &input);
}

void
client_answer_claim(struct world *world, struct worker *worker, const struct op *op, const struct claim_answer *answer)
{
    if (custody_ends_with(answer->verdict))
        custodies_close(&worker->client->custodies, op->order.dispatch);
    client_say_claim(world, worker, op, answer);
}

void
client_answer_end(struct world *world, struct worker *worker, const struct op *op, enum settle_answer answer)
{
    struct input input = { .kind = INPUT_SETTLED };
    if (owed_is_tag(op->order.tag)) {
        owed_answered(&worker->client->owed, op->order.tag, answer);
        client_pay(world, worker);
        return;
    }
    input.settled.tag = op->order.tag;
    input.settled.answer = answer;
    worker_answer(world, worker, &input);
}

static void
answer_unknown(struct world *world, struct worker *worker, const struct op *op)
{
    if (op->step == STEP_CANARY)
        return;
    if (op->is_claim)
        client_answer_claim(world, worker, op, &(struct claim_answer){ .verdict = CLAIM_UNKNOWN });
    else
        client_answer_end(world, worker, op, SETTLE_UNKNOWN);
}

/* ---- on the way ----------------------------------------------------------------------------------------------------------- */

static void replied(struct world *, struct happening *);

static void
break_connection(struct client *client)
{
    client->connection++;
}

/* Fails by itself: down, cut before or after it was carried out, refused by an error. */
static void
arrived(struct world *world, struct happening *happening)
{
    struct op *op = happening->more;
    struct worker *worker = world->workers[op->worker];
    struct client *client = worker->life == op->life ? worker->client : NULL;
    if (client && client->run != store_run(world)) {
        client->run = store_run(world);
        break_connection(client);
    }
    bool broken = client && op->connection != client->connection;
    bool cut = broken || !store_is_up(world) || world_fires(world, SWARM_redis_reset);
    op->failed = cut || world_fires(world, SWARM_redis_error);
    if (cut && client && world_fires(world, SWARM_redis_late)) {
        client_execute_late(world, client, op);
        if (!broken)
            break_connection(client);
    }
    if (!op->failed) {
        client_execute(world, op);
        op->failed = world_fires(world, SWARM_redis_lost);
        if (op->failed && client)
            break_connection(client);
    }
    if (!client)
        return;
    ms_t wait = op->failed ? AWAY_ANSWER_MS : world_latency(world);
    if (!op->failed && world_fires(world, SWARM_redis_slow))
        wait += world_draw(world, SLOW_MS);
    ms_t at = world->now + wait;
    at = !op->failed && at < client->last_reply ? client->last_reply : at;
    if (!op->failed)
        client->last_reply = at;
    world_later_for(world, at - world->now, replied, worker)->more = op;
    happening->more = NULL;
}

void
client_send(struct world *world, struct worker *worker, struct op *op, enum step step)
{
    struct client *client = worker->client;
    op->step = step;
    op->connection = client->connection;
    ms_t at = world->now + world_latency(world);
    at = at < client->last_arrival ? client->last_arrival : at;
    client->last_arrival = at;
    world_later(world, at - world->now, arrived)->more = op;
}

/* ---- a claim ------------------------------------------------------------------------------------------------------------- */

static ms_t
age_of(struct world *world, struct worker *worker, const struct op *op, const struct claim_value *met, const char *text,
       int64_t pttl_ms)
{
    const struct sipkey *hash_key = &worker->config.hash_key;
    if (pttl_ms == PTTL_UNSEEN)
        return 0;
    struct watch_sight sight = { siphash64(hash_key, op->key, strlen(op->key)), siphash64(hash_key, text, strlen(text)),
                                 met->ttl_ms, pttl_ms, world->now };
    ms_t watched = watch_age_ms(&worker->client->watch, &sight);
    ms_t age = pttl_ms < 0 ? 0 : met->ttl_ms - pttl_ms;
    return age > watched ? age : watched;
}

static void
swap(struct world *world, struct worker *worker, struct op *op, const char *expected, const struct claim_value *value,
     int64_t most)
{
    snprintf(op->expected, sizeof(op->expected), "%s", expected);
    op->value[0] = '\0';
    if (value)
        client_value_text(value, op->value);
    op->pttl_most_ms = most;
    custodies_heard(&worker->client->custodies, op->order.dispatch, world->now);
    client_send(world, worker, op, value ? STEP_SWAP : STEP_LOOK);
}

/* True: the order is answered and over. */
static bool
meet_claim(struct world *world, struct worker *worker, struct op *op, const char *text, int64_t pttl_ms)
{
    struct claim_value met = { .state = CLAIM_STATE_NONE }, write;
    if ((text[0] && !claim_value_read(slice_of(text), &met)) || op->rounds++ >= ROUNDS_MAX) {
        answer_unknown(world, worker, op);
        return true;
    }
    bool is_claimed = met.state == CLAIM_STATE_CLAIMED, ours = met.owner == worker->config.owner;
    bool open_here = is_claimed && ours && custodies_is_open(&worker->client->custodies, met.dispatch, met.lease_ms, world->now);
    bool needs_age = is_claimed && (!ours || (open_here && met.dispatch != op->order.dispatch));
    if (pttl_ms == PTTL_UNSEEN && needs_age) {
        swap(world, worker, op, "?", NULL, 0);
        return false;
    }
    ms_t age = is_claimed ? age_of(world, worker, op, &met, text, pttl_ms) : 0;
    claim_meet(&op->order, worker->config.owner, &met, age, open_here, &op->answer, &write);
    if (op->answer.verdict == CLAIM_BUSY && ours && !open_here)
        world_fail(world, "worker %u waits for an old claim of its own on %s", worker->number, op->id);
    if (write.state == CLAIM_STATE_NONE) {
        client_answer_claim(world, worker, op, &op->answer);
        return true;
    }
    char expected[STORE_TEXT_BYTES];
    snprintf(expected, sizeof(expected), "%s", text);
    swap(world, worker, op, expected, &write, pttl_ms == PTTL_UNSEEN ? PTTL_ANY : pttl_ms);
    return false;
}

/* True: answered. A window is asked first where there is one. */
static bool
become_ours(struct world *world, struct worker *worker, struct op *op, const struct claim_answer *answer)
{
    custodies_heard(&worker->client->custodies, op->order.dispatch, world->now);
    if (op->order.window) {
        op->answer = *answer;
        client_window_ask(world, worker, op);
        return false;
    }
    client_answer_claim(world, worker, op, answer);
    return true;
}

static bool
claim_replied(struct world *world, struct worker *worker, struct op *op)
{
    char met[STORE_TEXT_BYTES];
    struct claim_answer answer;
    if (op->step >= STEP_WINDOW)
        return client_window_replied(world, worker, op);
    if (op->step == STEP_CLAIM && op->reply.kind == STORE_NIL) {
        struct claim_value write;
        claim_meet(&op->order, worker->config.owner, NULL, 0, false, &answer, &write);
        return become_ours(world, worker, op, &answer);
    }
    if (op->step == STEP_SWAP && op->reply.kind == STORE_NUMBER) {
        answer = op->answer;
        return become_ours(world, worker, op, &answer);
    }
    snprintf(met, sizeof(met), "%s", op->reply.text);
    return meet_claim(world, worker, op, met, op->step == STEP_CLAIM ? PTTL_UNSEEN : op->reply.number);
}

/* ---- an end -------------------------------------------------------------------------------------------------------------- */

static bool
finish_end(struct world *world, struct worker *worker, const struct op *op, enum settle_answer answer)
{
    if (op->order.end != CLAIM_STATE_CLAIMED || op->order.lease_ms == 0)
        custodies_close(&worker->client->custodies, op->order.dispatch);
    client_answer_end(world, worker, op, answer);
    return true;
}

static bool
end_replied(struct world *world, struct worker *worker, struct op *op)
{
    struct claim_value met = { .state = CLAIM_STATE_NONE }, write;
    if (op->step == STEP_DONE || op->reply.kind == STORE_NUMBER)
        return finish_end(world, worker, op, SETTLE_OK);
    if (op->reply.text[0] && !claim_value_read(slice_of(op->reply.text), &met)) {
        answer_unknown(world, worker, op);
        return true;
    }
    enum settle_answer answer = claim_settle_meet(&op->order, worker->config.owner, &met, &write);
    if (write.state == CLAIM_STATE_NONE)
        return finish_end(world, worker, op, answer);
    if (op->rounds++ >= ROUNDS_MAX) {
        answer_unknown(world, worker, op);
        return true;
    }
    char expected[STORE_TEXT_BYTES];
    snprintf(expected, sizeof(expected), "%s", op->reply.text);
    swap(world, worker, op, expected, &write, PTTL_ANY);
    return false;
}

/* ---- orders -------------------------------------------------------------------------------------------------------------- */

static void
replied(struct world *world, struct happening *happening)
{
    struct op *op = happening->more;
    struct worker *worker = worker_of(world, happening);
    bool over = true, was_down = worker->client->down;
    worker->client->down = op->failed;
    if (was_down && !op->failed && worker->client->degrades)
        client_pay(world, worker);
    if (op->failed || op->connection != worker->client->connection)
        answer_unknown(world, worker, op);
    else if (op->step == STEP_CANARY)
        client_canary_replied(world, worker, op);
    else
        over = op->is_claim ? claim_replied(world, worker, op) : end_replied(world, worker, op);
    if (!over)
        happening->more = NULL;
}

static struct op *
op_new(struct worker *worker, const struct claim_order *order)
{
    struct op *op = calloc(1, sizeof(*op));
    op->order = *order;
    op->worker = worker->number;
    op->life = worker->life;
    op->order.connection = worker->client->connection;
    snprintf(op->id, sizeof(op->id), "%.*s", (int)order->id.size, order->id.at);
    snprintf(op->key, sizeof(op->key), "ab:d:%u:%s", order->target, op->id);
    op->order.id = slice_of(op->id);
    if (order->window) {
        op->window = *order->window;
        op->order.window = &op->window;
    }
    return op;
}

void
client_claim(struct world *world, struct worker *worker, const struct claim_order *order)
{
    struct op *op = op_new(worker, order);
    struct claim_value value;
    op->is_claim = true;
    claim_value_of(&op->order, worker->config.owner, CLAIM_STATE_CLAIMED, &value);
    client_value_text(&value, op->value);
    worker->client->claims++;
    if (worker->client->degrades && client_goes_on_alone(world, worker, op))
        return;
    custodies_open(&worker->client->custodies, order->dispatch, world->now);
    client_send(world, worker, op, STEP_CLAIM);
}

static void
end(struct world *world, struct worker *worker, const struct claim_order *order, bool is_settle)
{
    struct op *op = op_new(worker, order);
    struct claim_value value;
    claim_value_of(&op->order, worker->config.owner, order->end, &value);
    client_value_text(&value, op->value);
    client_holder_text(worker, order, op->expected);
    op->is_settle = is_settle;
    if (worker->client->degrades && !owed_is_tag(order->tag) && client_goes_on_alone(world, worker, op))
        return;
    custodies_heard(&worker->client->custodies, order->dispatch, world->now);
    client_send(world, worker, op, order->end == CLAIM_STATE_DONE ? STEP_DONE : STEP_HOLD);
}

void
client_settle(struct world *world, struct worker *worker, const struct claim_order *order)
{
    end(world, worker, order, true);
}

void
client_renew(struct world *world, struct worker *worker, const struct claim_order *order)
{
    end(world, worker, order, false);
}

void
client_flush(struct world *world, struct worker *worker)
{
    if (worker->client->claims > 0 && world->now - worker->client->pulse_ms >= PULSE_MS)
        client_pulse(world, worker);
    worker->client->claims = 0;
}

/* exchange.c: a request leaves, arrives or not, is answered or not. What the network does is drawn when the request begins. */
#include "tests/sim/exchange.h"

#include <stdlib.h>
#include <string.h>

enum { TARGET_BYTES = 16 * 1024, BODY_BYTES = 512 * 1024, HEAD_BYTES = 8 * 1024, SLOW_MS = 4000,
       CONNECT_OVER = 4 };         /* a slow connection takes up to a quarter longer than it may */

struct request *
exchange_request(void)
{
    static struct request request;
    static char *memory;
    if (!memory) {
        memory = malloc(TARGET_BYTES + BODY_BYTES + HEAD_BYTES);
        request_init(&request, memory, TARGET_BYTES, BODY_BYTES, HEAD_BYTES);
    }
    return &request;
}

/* Target, body and lines into memory of the exchange's own. */
static void
copy_request(struct exchange *exchange)
{
    const struct request *from = exchange_request();
    struct request *to = &exchange->request;
    size_t size = from->target.size + from->body.size + from->head.size + 3;
    char *at = exchange->memory = malloc(size);
    *to = *from;
    memcpy(at, from->target.at, from->target.size);
    to->target.at = at;
    at += from->target.size;
    memcpy(at, from->body.at, from->body.size);
    to->body.at = at;
    at += from->body.size;
    memcpy(at, from->head.at, from->head.size);
    to->head.at = at;
    for (uint32_t i = 0; i < from->n_lines; i++)
        to->lines[i] = at + (from->lines[i] - from->head.at);
}

static void
free_exchange(struct exchange *exchange)
{
    free(exchange->memory);
    free(exchange->body);
    exchange->memory = exchange->body = NULL;
}

void
exchange_reply(const struct exchange *exchange, struct reply *reply)
{
    *reply = (struct reply){ .transport = exchange->transport, .begun = exchange->begun, .handed_over = exchange->handed_over,
                             .status = exchange->status };
    if (exchange->status == 0)
        return;
    reply->body = (struct slice){ exchange->body ? exchange->body : "", exchange->body_size };
    if (exchange->content_type[0])
        reply->content_type = slice_of(exchange->content_type);
    if (exchange->retry_after[0])
        reply->retry_after = slice_of(exchange->retry_after);
    if (exchange->acs_retry_after[0])
        reply->acs_retry_after = slice_of(exchange->acs_retry_after);
    if (exchange->date[0])
        reply->date = slice_of(exchange->date);
}

/* ---- coming back --------------------------------------------------------------------------------------------------------- */

static void
answered(struct world *world, struct happening *happening)
{
    struct exchange *exchange = happening->more;
    struct worker *worker = worker_of(world, happening);
    if (exchange->is_token)
        keyring_answered(world, worker, exchange);
    else
        gateway_answered(world, worker, exchange);
    free_exchange(exchange);
}

/* The exchange belongs to the happening that is given; it goes over to the one that brings the answer. */
static void
answer_in(struct world *world, struct happening *happening, ms_t wait)
{
    struct exchange *exchange = happening->more;
    struct worker *worker = world->workers[exchange->worker];
    if (worker->life != exchange->life) {
        free_exchange(exchange);
        return;
    }
    world_later_for(world, wait, answered, worker)->more = exchange;
    happening->more = NULL;
}

static ms_t
timeout_at(const struct world *world, const struct exchange *exchange)
{
    return exchange->sent_ms + world->config.targets[exchange->target].call_timeout_ms;
}

static void
ends(struct world *world, struct happening *happening, enum transport transport, ms_t wait)
{
    struct exchange *exchange = happening->more;
    exchange->transport = transport;
    exchange->status = 0;
    answer_in(world, happening, wait);
}

static void
times_out(struct world *world, struct happening *happening)
{
    ms_t at = timeout_at(world, happening->more);
    ends(world, happening, TRANSPORT_TIMEOUT, at > world->now ? at - world->now : 0);
}

static void
reply_comes(struct world *world, struct happening *happening)
{
    struct exchange *exchange = happening->more;
    ms_t wait = world_latency(world) + (world_fires(world, SWARM_slow_reply) ? world_draw(world, SLOW_MS) : 0);
    if (world->now + wait >= timeout_at(world, exchange))
        times_out(world, happening);
    else if (world_fires(world, SWARM_huge_reply))
        ends(world, happening, TRANSPORT_BROKEN, wait);
    else
        answer_in(world, happening, wait);
}

/* ---- at the server ------------------------------------------------------------------------------------------------------- */

static void
arrives(struct world *world, struct happening *happening)
{
    struct exchange *exchange = happening->more;
    if (world_fires(world, SWARM_reset_before)) {
        ends(world, happening, TRANSPORT_RESET, world_latency(world));
    } else if (world_fires(world, SWARM_hang_before)) {
        times_out(world, happening);
    } else {
        gateway_take(world, exchange);
        if (world->hangs)
            times_out(world, happening);
        else if (world_fires(world, SWARM_execute_then_reset))
            ends(world, happening, TRANSPORT_RESET, world_latency(world));
        else if (world_fires(world, SWARM_hang_after))
            times_out(world, happening);
        else
            reply_comes(world, happening);
    }
}

/* The first copy may have been read whole; the library is stopped when it wants to begin a second one. */
static void
wants_to_resend(struct world *world, struct happening *happening)
{
    struct exchange *exchange = happening->more;
    if (world_draw(world, 2))
        gateway_take(world, exchange);
    exchange->begun = 2;
    exchange->handed_over = false;
    ends(world, happening, TRANSPORT_ABORTED, world_latency(world));
}

/* ---- leaving ------------------------------------------------------------------------------------------------------------- */

static struct happening *
sent(struct world *world, struct happening *happening, void (*act)(struct world *, struct happening *))
{
    struct happening *next = world_later(world, world_latency(world), act);
    next->more = happening->more;
    happening->more = NULL;
    return next;
}

static void
breaks_off(struct world *world, struct happening *happening)
{
    ends(world, happening, TRANSPORT_RESET, 0);
}

/* A process that was stopped meanwhile may find the timeout over before anything else, or have looked at it before it stood. */
static bool
timed_out_unbegun(struct world *world, const struct exchange *exchange)
{
    return world->now >= timeout_at(world, exchange) && world_draw(world, 2);
}

static void
cannot_connect(struct world *world, struct happening *happening)
{
    ends(world, happening, TRANSPORT_CONNECT, 0);
}

/* Connected. The last look at the claim's safe time is here, right before the first byte. */
static void
begins(struct world *world, struct happening *happening)
{
    struct exchange *exchange = happening->more;
    if (timed_out_unbegun(world, exchange)) {
        cannot_connect(world, happening);
        return;
    }
    if (world_fires(world, SWARM_refused)) {
        ends(world, happening, TRANSPORT_CONNECT, world_latency(world));
        return;
    }
    if (world->now > exchange->not_after_ms) {
        ends(world, happening, TRANSPORT_ABORTED, 0);
        return;
    }
    exchange->begun = 1;
    if (!exchange->is_token)
        world_fact(world, &(struct fact){ .kind = FACT_BEGUN, .worker = exchange->life, .target = (int32_t)exchange->target,
                                          .number = (int64_t)exchange->number });
    if (world_fires(world, SWARM_cut_upload)) {
        sent(world, happening, breaks_off);
        return;
    }
    exchange->handed_over = true;
    sent(world, happening, world_fires(world, SWARM_resent) ? wants_to_resend : arrives);
}

void
exchange_send(struct world *world, struct worker *worker, const struct exchange *exchange)
{
    struct exchange *kept = malloc(sizeof(*kept));
    *kept = *exchange;
    kept->worker = worker->number;
    kept->life = worker->life;
    kept->sent_ms = world->now;
    copy_request(kept);
    ms_t wait = world_draw(world, 2), most = world->config.targets[exchange->target].connect_timeout_ms;
    if (world_fires(world, SWARM_slow_connect))
        wait += world_draw(world, (uint32_t)(most + most / CONNECT_OVER));
    world_later_for(world, wait < most ? wait : most, wait < most ? begins : cannot_connect, worker)->more = kept;
}

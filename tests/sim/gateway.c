/* gateway.c: the two backends. A request is taken by the simulators' pure half, or refused before it gets there; the reply may be
 * another one than was meant: made_up.c. */
#include "tests/sim/gateway.h"

#include "bridge/sim/sim.h"
#include "tests/sim/made_up.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUTAGE_MS = 8000 };

struct gateway {
    struct sim *sim;
    struct sim_reply reply;
    char *memory;
    struct world *world;
    const struct exchange *taking;      /* whose request is being carried out */
    ms_t outage_until[TARGETS];
    ms_t told_wait_until[TARGETS];
};

/* ---- what was carried out ------------------------------------------------------------------------------------------------ */

/* `e<id>~<content>` stands in the names and titles of an event; the first one behind `from`. */
static bool
read_mark(struct slice text, size_t from, const char *id, uint32_t *content)
{
    char mark[80];
    int size = snprintf(mark, sizeof(mark), "%s~", id);
    const char *at = from < text.size ? memmem(text.at + from, text.size - from, mark, (size_t)size) : NULL;
    if (!at || at + size >= text.at + text.size)
        return false;
    *content = (uint32_t)(at[size] - '0');
    return true;
}

static void
heard_notice(struct world *world, const struct exchange *exchange, const struct execution *execution)
{
    char id[64], user[64];
    struct fact fact = { .kind = FACT_SHOWN, .target = TARGET_PORTAL, .worker = exchange->life };
    struct slice body = buf_view(&exchange->request.body);
    snprintf(id, sizeof(id), "%.*s", (int)execution->id.size, execution->id.at);
    snprintf(user, sizeof(user), "%.*s", (int)execution->user.size, execution->user.at);
    const char *name = strncmp(id, "ab-", 3) == 0 ? id + 3 : id;
    if (!read_mark(body, 0, name, &fact.content))
        world_fail(world, "a notice %s without its mark", id);
    fact.id = world_text(world, name);
    fact.user = world_text(world, user);
    fact.number = execution->attempt;
    world_fact(world, &fact);
    fact.kind = FACT_EXECUTED;
    fact.user = 0;
    if (execution->attempt == 1)
        world_fact(world, &fact);
}

static void
heard_soar(struct world *world, const struct exchange *exchange, const struct execution *execution)
{
    struct fact fact = { .kind = FACT_EXECUTED, .target = TARGET_SOAR_PROD, .worker = exchange->life };
    const char *mark = execution->name.at ? memchr(execution->name.at, '~', execution->name.size) : NULL;
    if (!mark) {
        world_fail(world, "a call of SOAR without its mark");
        return;
    }
    fact.id = history_text(&world->history, execution->name.at, (size_t)(mark - execution->name.at));
    fact.content = (uint32_t)(mark[1] - '0');
    world_fact(world, &fact);
}

static void
heard(void *owner, const struct execution *execution)
{
    struct gateway *gateway = owner;
    if (execution->api == API_NOTICE)
        heard_notice(gateway->world, gateway->taking, execution);
    else
        heard_soar(gateway->world, gateway->taking, execution);
}

/* ---- the server ---------------------------------------------------------------------------------------------------------- */

static struct slice
head_value(struct slice head, const char *name)
{
    size_t size = strlen(name);
    for (size_t at = 0; at + size + 1 < head.size;) {
        const char *end = memmem(head.at + at, head.size - at, "\r\n", 2);
        size_t line = end ? (size_t)(end - head.at) - at : head.size - at;
        if (line > size && strncasecmp(head.at + at, name, size) == 0 && head.at[at + size] == ':') {
            size_t from = at + size + 1;
            while (from < at + line && head.at[from] == ' ')
                from++;
            return (struct slice){ head.at + from, at + line - from };
        }
        at += line + 2;
    }
    return (struct slice){ 0 };
}

static void
keep_head(struct slice head, const char *name, char *text, size_t size)
{
    struct slice value = head_value(head, name);
    snprintf(text, size, "%.*s", (int)value.size, value.at ? value.at : "");
}

static void
keep_reply(struct exchange *exchange, const struct sim_reply *reply)
{
    struct slice head = buf_view(&reply->head);
    free(exchange->body);
    exchange->transport = TRANSPORT_OK;
    exchange->status = reply->status;
    exchange->body_size = reply->body.size;
    exchange->body = malloc(reply->body.size + 1);
    memcpy(exchange->body, reply->body.at, reply->body.size);
    keep_head(head, "content-type", exchange->content_type, sizeof(exchange->content_type));
    keep_head(head, "retry-after", exchange->retry_after, sizeof(exchange->retry_after));
    keep_head(head, "x-acs-retry-after", exchange->acs_retry_after, sizeof(exchange->acs_retry_after));
    keep_head(head, "date", exchange->date, sizeof(exchange->date));
}

static uint32_t
headers_of(const struct world *world, const struct exchange *exchange, struct sim_header *headers)
{
    uint32_t n = 0;
    headers[n++] = (struct sim_header){ SLICE("host"), slice_of(world->settings[exchange->target].host) };
    for (uint32_t i = 0; i < exchange->request.n_lines; i++) {
        const char *line = exchange->request.lines[i], *colon = strchr(line, ':');
        if (colon)
            headers[n++] = (struct sim_header){ { line, (size_t)(colon - line) }, slice_of(colon + 1 + strspn(colon + 1, " ")) };
    }
    return n;
}

static void
carry_out(struct world *world, struct exchange *exchange)
{
    struct gateway *gateway = world->gateway;
    struct sim_header headers[REQUEST_HEADERS_MAX + 1];
    struct sim_request request = { .method = slice_of(exchange->request.method), .target = buf_view(&exchange->request.target),
                                   .body = buf_view(&exchange->request.body), .headers = headers,
                                   .wall_ms = world_wall_ms(world) };
    request.n_headers = headers_of(world, exchange, headers);
    gateway->taking = exchange;
    if (world_of(world, SWARM_data_boolean) > 0 && exchange->target == TARGET_PORTAL && !exchange->is_token)
        world->fired[SWARM_data_boolean]++;
    sim_reply_init(&gateway->reply, gateway->memory);
    sim_handle(gateway->sim, &request, &gateway->reply);
    keep_reply(exchange, &gateway->reply);
}

void
gateway_take(struct world *world, struct exchange *exchange)
{
    static const int statuses[] = { 500, 502, 504 };
    if (made_up_refusal(world, exchange, world->gateway->outage_until[exchange->target] > world->now))
        return;
    carry_out(world, exchange);
    if (made_up_failure(world, exchange))
        return;
    if (world_fires(world, SWARM_execute_then_500))
        made_up_say(exchange, statuses[world_draw(world, 3)], "{\"code\":500,\"msg\":\"error\"}");
    else if (world_fires(world, SWARM_broken_reply))
        made_up_break(world, exchange);
}

/* ---- calls --------------------------------------------------------------------------------------------------------------- */

static void
tell_call(struct world *world, struct worker *worker, const struct effect *effect)
{
    for (uint32_t i = 0; i < effect->call.n; i++) {
        struct call_member member;
        engine_call_member(worker->engine, effect->call.tag, i, &member);
        world_fact(world, &(struct fact){ .kind = FACT_CALLED, .worker = worker->life, .target = (int32_t)effect->call.target,
                                          .id = history_text(&world->history, member.id.at, member.id.size),
                                          .number = (int64_t)worker->calls, .limit = effect->call.n,
                                          .hash = member.dispatch });
    }
}

static void
tell_answer(struct world *world, const struct worker *worker, uint32_t target, uint64_t number, const struct input *input)
{
    const struct verdict *verdict = &input->called.verdict;
    world_fact(world, &(struct fact){ .kind = FACT_ANSWERED, .worker = worker->life, .target = (int32_t)target,
                                      .number = (int64_t)number, .limit = verdict->retry_after_ms,
                                      .word = world_text(world, outcome_name(verdict->outcome)),
                                      .index = (uint32_t)verdict->status,
                                      .flags = input->called.lease_over ? ANSWERED_TOO_LATE : 0 });
}

/* It is refused before it is on the wire. */
static void
feed_unbuilt(struct world *world, struct worker *worker, const struct effect *effect)
{
    struct input input = { .kind = INPUT_CALLED };
    input.called.tag = effect->call.tag;
    input.called.verdict.outcome = OUTCOME_REJECTED;
    tell_call(world, worker, effect);
    tell_answer(world, worker, effect->call.target, worker->calls, &input);
    worker_feed(world, worker, &input);
}

void
gateway_call(struct world *world, struct worker *worker, const struct effect *effect)
{
    struct exchange exchange = { .target = effect->call.target, .tag = effect->call.tag,
                                 .not_after_ms = effect->call.not_after_ms };
    struct credential credential;
    struct stamp stamp = { .wall_ms = worker_wall_ms(world, worker) };
    const struct target_policy *policy = &world->config.targets[effect->call.target];
    exchange.number = ++worker->calls;
    if (!worker_encode(world, worker, effect, exchange_request())) {
        feed_unbuilt(world, worker, effect);
        return;
    }
    snprintf(stamp.nonce, sizeof(stamp.nonce), "%08x%08x%08x%08x", world_draw(world, 1u << 30), world_draw(world, 1u << 30),
             world_draw(world, 1u << 30), world_draw(world, 1u << 30));
    keyring_view(worker, effect->call.target, &credential);
    policy->backend->sign(policy->settings, &credential, &stamp, worker_crypto(), exchange_request());
    tell_call(world, worker, effect);
    exchange_send(world, worker, &exchange);
}

void
gateway_answered(struct world *world, struct worker *worker, struct exchange *exchange)
{
    struct input input = { .kind = INPUT_CALLED };
    struct reply reply;
    exchange_reply(exchange, &reply);
    input.called.tag = exchange->tag;
    world->config.targets[exchange->target].backend->judge(&reply, &input.called.verdict);
    input.called.lease_over = reply.transport == TRANSPORT_ABORTED && reply.begun == 0;
    tell_answer(world, worker, exchange->target, exchange->number, &input);
    worker_answer(world, worker, &input);
}

/* ---- begin and end ------------------------------------------------------------------------------------------------------- */

void
gateway_moves(struct world *world)
{
    char error[200];
    for (int i = 0; i < TARGETS; i++)
        if (world_fires(world, SWARM_outage))
            world->gateway->outage_until[i] = world->now + world_draw(world, OUTAGE_MS);
    if (world_fires(world, SWARM_token_expiry))
        check(faults_add_text(sim_faults(world->gateway->sim), "token_expiry:count=1", world_wall_ms(world), error,
                              sizeof(error)));
}

void
gateway_calm(struct world *world)
{
    world->fired[SWARM_poison] += sim_faults(world->gateway->sim)->fired[FAULT_KIND_poison];
    memset(world->gateway->outage_until, 0, sizeof(world->gateway->outage_until));
}

void
gateway_init(struct world *world)
{
    struct gateway *gateway = world->gateway = calloc(1, sizeof(*gateway));
    struct sim_options options = { .seed = world->swarm.seed };
    char text[200];
    gateway->world = world;
    gateway->sim = sim_new(&options, text, sizeof(text));
    gateway->memory = malloc(SIM_REPLY_BYTES);
    check(gateway->sim && gateway->memory);
    ledger_limit(sim_ledger(gateway->sim), 0);
    ledger_listen(sim_ledger(gateway->sim), heard, gateway);
    if (world_of(world, SWARM_data_boolean) > 0)
        check(knobs_set_pair(sim_knobs(gateway->sim), "data_form=boolean", text, sizeof(text)));
    if (world_of(world, SWARM_poison) == 0)
        return;
    snprintf(text, sizeof(text), "poison:nth=%ld", 1000 / (long)world_of(world, SWARM_poison));
    char error[200];
    check(faults_add_text(sim_faults(gateway->sim), text, world_wall_ms(world), error, sizeof(error)));
}

void
gateway_free(struct world *world)
{
    sim_free(world->gateway->sim);
    free(world->gateway->memory);
    free(world->gateway);
}

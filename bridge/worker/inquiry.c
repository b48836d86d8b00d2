/* inquiry.c: each target goes keys, first call, second call, over; the loop ends when all are over or the time is. */
#include "bridge/worker/inquiry.h"

#include "bridge/io/clock.h"
#include "bridge/worker/parts.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct inquirer;

struct asking {
    struct inquirer *inquirer;
    const struct config_target *target;
    struct inquiry *out;
    struct http_endpoint endpoint;
    struct secret id, secret, extra;
    struct chain *chain;            /* NULL = the files above */
    bool in_chain, over;
    uint32_t call;                  /* the one under way, or next */
};

struct inquirer {
    struct event_base *base;
    struct http *http;
    struct crypto *crypto;
    struct asking *askings;
    uint32_t n, left;
    ms_t until_ms;
};

static void
over(struct asking *asking)
{
    if (asking->over)
        return;
    asking->over = true;
    if (--asking->inquirer->left == 0)
        event_base_loopbreak(asking->inquirer->base);
}

static void
no_keys(struct asking *asking, enum inquiry_keys keys, const char *why)
{
    asking->out->keys = keys;
    verdict_text(asking->out->why, sizeof(asking->out->why), slice_of(why));
    over(asking);
}

/* ---- calls ---------------------------------------------------------------------------------------------------------------- */

static void
credential_of(const struct asking *asking, struct credential *credential)
{
    if (asking->chain) {
        chain_credential(asking->chain, credential);
        return;
    }
    *credential = (struct credential){ secret_view(&asking->id), secret_view(&asking->secret), secret_view(&asking->extra) };
}

static void
send_request(struct asking *asking, uint32_t slot, const struct http_endpoint *endpoint)
{
    uint32_t index = (uint32_t)(asking - asking->inquirer->askings);
    http_send(asking->inquirer->http, slot, endpoint, (struct tag){ index, 1 }, asking->inquirer->until_ms);
}

static void
ask(struct asking *asking)
{
    struct inquirer *inquirer = asking->inquirer;
    struct credential credential;
    struct stamp stamp = { .wall_ms = clock_wall_ms() };
    uint32_t slot;
    struct request *request = http_request(inquirer->http, &slot);
    check(request != NULL);
    entropy_nonce(stamp.nonce);
    credential_of(asking, &credential);
    if (asking->target->settings.kind == TARGET_SOAR)
        soar_describe_request((enum soar_describe)asking->call, &asking->target->settings, &credential, &stamp,
                              inquirer->crypto, request);
    else
        notice_token_request(request, inquirer->crypto, &credential, (struct slice){ 0 }, stamp.wall_ms);
    if (!request_is_whole(request)) {
        http_drop(inquirer->http, slot);
        no_keys(asking, KEYS_UNUSABLE, "the key is too long, or holds more than one line");
        return;
    }
    asking->out->calls[asking->call].asked = true;
    send_request(asking, slot, &asking->endpoint);
}

static void
had_keys(struct asking *asking)
{
    asking->out->keys = KEYS_HAD;
    ask(asking);
}

static void
take_date(struct inquiry_call *call, const struct reply *reply)
{
    int64_t theirs;
    call->dated = reply->date.at && http_date_ms(reply->date, &theirs);
    if (call->dated)
        call->skew_ms = (clock_wall_ms() / 1000 - theirs / 1000) * 1000;
}

static void
take_token(struct inquiry *out, struct inquiry_call *call, const struct reply *reply)
{
    struct token_reply token;
    judge_transport(reply, &call->verdict);
    notice_token_judge(reply, &token);
    out->token = token.result;
    out->token_code = token.code;
    out->token_life_s = token.expire_s;
    explicit_bzero(&token, sizeof(token));
}

/* True when the next call is worth asking: the first was answered, if only by "no right". */
static bool
take_description(struct asking *asking, const struct reply *reply)
{
    struct inquiry *out = asking->out;
    struct inquiry_call *call = &out->calls[asking->call];
    backend_of(TARGET_SOAR)->judge(reply, &call->verdict);
    if (call->verdict.outcome == OUTCOME_DELIVERED && asking->call == SOAR_PLAYBOOKS)
        soar_playbook_read(reply->body, &out->playbook);
    else if (call->verdict.outcome == OUTCOME_DELIVERED)
        soar_templates_read(reply->body, &out->templates);
    return reply->transport == TRANSPORT_OK && ++asking->call < SOAR_DESCRIBE_COUNT;
}

static void
answered(struct asking *asking, const struct reply *reply)
{
    struct inquiry_call *call = &asking->out->calls[asking->call];
    bool more = false;
    call->answered = true;
    call->transport = reply->transport;
    take_date(call, reply);
    if (asking->target->settings.kind == TARGET_SOAR)
        more = take_description(asking, reply);
    else
        take_token(asking->out, call, reply);
    if (more)
        ask(asking);
    else
        over(asking);
}

/* ---- keys ----------------------------------------------------------------------------------------------------------------- */

static void
read_file(struct chain *chain)
{
    struct secret secret = { .path = chain->path };
    enum secret_result result = secret_read(&secret);
    chain_take_file(chain, result, secret_view(&secret));
    secret_wipe(&secret);
}

static void
chain_over(struct asking *asking)
{
    const struct chain *chain = asking->chain;
    asking->in_chain = false;
    asking->out->provider = chain_provider_name(chain->provider);
    switch (chain->result) {
    case CHAIN_HAD:
        had_keys(asking);
        return;
    case CHAIN_AGAIN:
        no_keys(asking, KEYS_AWAY, chain->why);
        return;
    case CHAIN_REFUSED:
        no_keys(asking, KEYS_REFUSED, chain->why);
        return;
    case CHAIN_UNUSABLE:
        no_keys(asking, KEYS_UNUSABLE, chain->why);
        return;
    }
}

static void
go_on(struct asking *asking)
{
    uint32_t slot;
    while (chain_ask(asking->chain) == CHAIN_FILE)
        read_file(asking->chain);
    if (chain_ask(asking->chain) == CHAIN_DONE) {
        chain_over(asking);
        return;
    }
    struct request *request = http_request(asking->inquirer->http, &slot);
    check(request != NULL);
    asking->out->provider = chain_provider_name(asking->chain->provider);
    chain_write(asking->chain, request, clock_wall_ms());
    send_request(asking, slot, &asking->chain->endpoint);
}

static bool
read_one(struct asking *asking, const char *path, struct secret *secret)
{
    secret->path = path;
    if (!path || !path[0])
        return true;
    enum secret_result result = credentials_read_line(secret);
    if (result == SECRET_CHANGED || result == SECRET_SAME)
        return true;
    char why[CHAIN_WHY_BYTES];
    snprintf(why, sizeof(why), "%.180s: %.60s", path, secret_result_text(result));
    no_keys(asking, KEYS_UNUSABLE, why);
    return false;
}

static void
begin(struct asking *asking)
{
    const struct config_target *target = asking->target;
    bool soar = target->settings.kind == TARGET_SOAR;
    asking->out->playbook.uuid = target->settings.playbook_uuid;
    settings_endpoint(target, &asking->endpoint);
    if (soar && !target->access_key_id_file[0]) {
        asking->chain = chain_new(target);
        asking->in_chain = true;
        chain_begin(asking->chain);
        go_on(asking);
        return;
    }
    if (read_one(asking, soar ? target->access_key_id_file : target->app_key_file, &asking->id)
        && read_one(asking, soar ? target->access_key_secret_file : target->app_secret_file, &asking->secret)
        && read_one(asking, soar ? target->security_token_file : "", &asking->extra))
        had_keys(asking);
}

static void
wipe(struct asking *asking)
{
    secret_wipe(&asking->id);
    secret_wipe(&asking->secret);
    secret_wipe(&asking->extra);
    chain_free(asking->chain);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------ */

static void
on_called(void *owner, struct tag tag, const struct reply *reply, ms_t duration_ms)
{
    struct inquirer *inquirer = owner;
    struct asking *asking = &inquirer->askings[tag.slot];
    (void)duration_ms;
    if (!asking->in_chain) {
        answered(asking, reply);
        return;
    }
    chain_take_reply(asking->chain, reply, clock_wall_ms());
    go_on(asking);
}

static void
run(struct inquirer *inquirer, const struct config *config, ms_t bound_ms, struct inquiry *out)
{
    const struct timeval wait = { .tv_sec = bound_ms / 1000, .tv_usec = (suseconds_t)(bound_ms % 1000) * 1000 };
    inquirer->left = inquirer->n;
    for (uint32_t i = 0; i < inquirer->n; i++) {
        out[i] = (struct inquiry){ .keys = KEYS_WAITED };
        inquirer->askings[i] = (struct asking){ .inquirer = inquirer, .target = &config->targets[i], .out = &out[i] };
    }
    for (uint32_t i = 0; i < inquirer->n; i++)
        begin(&inquirer->askings[i]);
    event_base_loopexit(inquirer->base, &wait);
    if (inquirer->left > 0)
        event_base_dispatch(inquirer->base);
}

bool
inquire(const struct config *config, int64_t bound_ms, struct inquiry *out)
{
    struct inquirer inquirer = { .n = config->n_targets, .until_ms = clock_now_ms() + bound_ms };
    const struct http_handler handler = { .owner = &inquirer, .called = on_called };
    inquirer.base = event_base_new();
    inquirer.crypto = crypto_new();
    inquirer.askings = calloc(inquirer.n, sizeof(*inquirer.askings));
    inquirer.http = inquirer.base ? http_new(inquirer.base, inquirer.n, &handler) : NULL;
    bool ready = inquirer.crypto && inquirer.askings && inquirer.http;
    if (ready)
        run(&inquirer, config, bound_ms, out);
    for (uint32_t i = 0; ready && i < inquirer.n; i++)
        wipe(&inquirer.askings[i]);
    if (inquirer.http)
        http_free(inquirer.http);
    free(inquirer.askings);
    crypto_free(inquirer.crypto);
    if (inquirer.base)
        event_base_free(inquirer.base);
    return ready;
}

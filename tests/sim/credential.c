/* credential.c: the keys of a worker, and the portal's token: got, refreshed, refused. */
#include "codecs/notice.h"
#include "tests/sim/exchange.h"
#include "tests/sim/gateway.h"

#include <stdlib.h>
#include <string.h>

struct keyring {
    char token[512];
    bool refused, rotated;      /* the token; the secret */
    bool same;                  /* the token that came last is the one before */
};

struct keyring *
keyring_new(void)
{
    return calloc(1, sizeof(struct keyring));
}

void
keyring_free(struct keyring *keyring)
{
    free(keyring);
}

struct crypto *
worker_crypto(void)
{
    static struct crypto *crypto;
    if (!crypto)
        crypto = crypto_new();
    return crypto;
}

void
keyring_view(const struct worker *worker, uint32_t target, struct credential *credential)
{
    *credential = (struct credential){ SLICE("testid"), SLICE("testsecret"), { 0 } };
    if (target != TARGET_PORTAL)
        return;
    credential->id = SLICE("testkey");
    if (worker->keyring->token[0])
        credential->token = slice_of(worker->keyring->token);
}

static void
answer(struct world *world, struct worker *worker, uint32_t target, bool ok, bool refused, ms_t expires_at_ms)
{
    struct input input = { .kind = INPUT_CREDENTIAL };
    input.credential.target = target;
    input.credential.ok = ok;
    input.credential.refused = refused;
    input.credential.same = ok && worker->keyring->same;
    input.credential.rotated = ok && worker->keyring->rotated;
    input.credential.expires_at_ms = expires_at_ms;
    if (ok)
        worker->keyring->rotated = false;
    worker_feed(world, worker, &input);
}

void
keyring_fetch(struct world *world, struct worker *worker, const struct effect *effect)
{
    uint32_t target = effect->credential.target;
    struct keyring *keyring = worker->keyring;
    struct exchange exchange = { .target = target, .is_token = true, .not_after_ms = MS_NEVER };
    struct credential credential;
    if (world_fires(world, SWARM_credential_failed)) {
        answer(world, worker, target, false, world_draw(world, 2), 0);
        return;
    }
    if (target != TARGET_PORTAL) {
        answer(world, worker, target, true, false, MS_NEVER);
        return;
    }
    keyring->refused |= effect->credential.refused;
    keyring_view(worker, target, &credential);
    struct slice old = keyring->token[0] && !keyring->refused ? slice_of(keyring->token) : (struct slice){ 0 };
    notice_token_request(exchange_request(), worker_crypto(), &credential, old, worker_wall_ms(world, worker));
    exchange_send(world, worker, &exchange);
}

void
keyring_answered(struct world *world, struct worker *worker, struct exchange *exchange)
{
    struct keyring *keyring = worker->keyring;
    struct token_reply token;
    struct reply reply;
    exchange_reply(exchange, &reply);
    notice_token_judge(&reply, &token);
    if (token.result == TOKEN_OK && token.expire_s > 0) {
        keyring->same = strcmp(keyring->token, token.token) == 0;
        memcpy(keyring->token, token.token, sizeof(keyring->token));
        keyring->refused = false;
        answer(world, worker, exchange->target, true, false, world->now + token.expire_s * 1000);
        return;
    }
    keyring->refused |= token.result == TOKEN_GET_INSTEAD;
    answer(world, worker, exchange->target, false, token.result == TOKEN_REFUSED, 0);
}

/* The files are read again: the same key with another date, as far as the backends see. */
void
keyring_rotate(struct world *world, struct worker *worker)
{
    struct input input = { .kind = INPUT_CREDENTIAL };
    worker->keyring->rotated = true;
    input.credential.target = TARGET_PORTAL;
    input.credential.rotated = true;
    worker_feed(world, worker, &input);
    answer(world, worker, TARGET_SOAR_PROD, true, false, MS_NEVER);
}

/* redis_stand.c: what the suites of redis_stand.h share. */
#include "tests/wire/redis_stand.h"

#include <criterion/criterion.h>
#include <stdio.h>

struct redis_server_of_test server;
struct redis_relay relay;
struct stand stand;

void
redis_stand_begin(void)
{
    server_prepare(&server);
    server_start(&server);
    stand_on(&stand, &server);
}

void
redis_stand_end(void)
{
    stand_release(&stand);
    server_release(&server);
}

void
redis_stand_begin_relayed(void)
{
    char url[64];
    server_prepare(&server);
    server_start(&server);
    relay_start(&relay, server.port);
    snprintf(url, sizeof(url), "redis://127.0.0.1:%u/0", relay.port);
    stand_redis(&stand, url, "", STAND_OWN, RELAYED_TIMEOUT_MS);
    cr_assert(stand_until(&stand, true), "%s", stand.texts[0]);
}

void
redis_stand_end_relayed(void)
{
    stand_release(&stand);
    relay_stop(&relay);
    server_release(&server);
}

enum claim_verdict
redis_stand_claimed(const char *id, uint64_t dispatch)
{
    return stand_claimed(&stand, stand_order(id, dispatch, 1)).verdict;
}

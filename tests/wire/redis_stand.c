/* redis_stand.c: what the suites of redis_stand.h share. */
#include "tests/wire/redis_stand.h"

struct redis_server_of_test server;
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

enum claim_verdict
redis_stand_claimed(const char *id, uint64_t dispatch)
{
    return stand_claimed(&stand, stand_order(id, dispatch, 1)).verdict;
}

/* redis_stand.h: a redis-server of a test's own and a store at it, for suites that begin and end with both. A suite with servers
 * of its own takes only the store. */
#ifndef TESTS_WIRE_REDIS_STAND_H
#define TESTS_WIRE_REDIS_STAND_H

#include "tests/wire/dedup_stand.h"
#include "tests/wire/redis_relay.h"

enum { RELAYED_TIMEOUT_MS = 500 };      /* of a store behind the relay, where answers are kept back */

extern struct redis_server_of_test server;
extern struct redis_relay relay;
extern struct stand stand;

/* TestSuite(name, .init = redis_stand_begin, .fini = redis_stand_end); the store is up. */
void redis_stand_begin(void);
void redis_stand_end(void);

/* The same with the relay between the two. */
void redis_stand_begin_relayed(void);
void redis_stand_end_relayed(void);

/* The answer to a claim of that custody, of content 1. */
enum claim_verdict redis_stand_claimed(const char *id, uint64_t dispatch);

#endif

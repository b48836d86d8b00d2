/* client_stand.h: the adapter of the simulated world (tests/sim/client*.c) and its model of Redis, in a world that holds nothing
 * else: the same orders can be given to it and to the real adapter before a real server. */
#ifndef TESTS_WIRE_CLIENT_STAND_H
#define TESTS_WIRE_CLIENT_STAND_H

#include "tests/wire/random_orders.h"

enum client_policy { CLIENT_PAUSES, CLIENT_DEGRADES };

void client_stand_begin(uint64_t owner, struct sipkey hash_key, enum client_policy);
void client_stand_end(void);

/* Orders are carried out in turn, as a pipeline; the answers stand there under the numbers until the stand ends. */
uint32_t client_stand_ask(const struct random_order *);
void client_stand_flush(void);
const struct stand_answer *client_stand_answer(uint32_t number);

/* What another process left so long ago; what stands there now. */
void client_stand_seed(const struct random_order *);
struct claim_value client_stand_peek(const struct claim_order *);
const char *client_stand_peek_window(const struct claim_window *);      /* "" = nobody leads it */

void client_stand_forget(void);             /* FLUSHALL */
void client_stand_away(ms_t for_ms);        /* the server is away from now on for so long; 0 = it is back */
uint32_t client_stand_owed(void);           /* ends that the server does not have yet */
uint32_t client_stand_amnesia(void);        /* how often it said that the store has forgotten */

#endif

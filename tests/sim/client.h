/* client.h: the Redis adapter of one worker, as bridge/io/redis*.c behaves seen from outside: orders become commands to the store
 * over a connection that may be slow, cut or refused; the answers are decided by the product's own tables (bridge/core/claim.h,
 * bridge/io/redis_canary.h, dedup_custody.h, redis_watch.h). An order is answered exactly once; UNKNOWN when nothing is known. */
#ifndef TESTS_SIM_CLIENT_H
#define TESTS_SIM_CLIENT_H

#include "tests/sim/worker.h"

struct client *client_new(struct world *, struct worker *);
void client_free(struct client *);

void client_claim(struct world *, struct worker *, const struct claim_order *);     /* answers INPUT_CLAIMED */
void client_settle(struct world *, struct worker *, const struct claim_order *);    /* answers INPUT_SETTLED */
void client_renew(struct world *, struct worker *, const struct claim_order *);     /* answers INPUT_SETTLED */
void client_flush(struct world *, struct worker *);

ms_t client_answer_ms(const struct world *);     /* from an answer "away" on: what messages take beside the wait to ask again */

#endif

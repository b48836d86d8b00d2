/* gateway.h: both backends: bridge/sim/sim.h, the pure half of the simulators, behind a network that loses, delays and cuts.
 *
 * An exchange is begun by the worker's side (the pre-request check of the safe time is there), arrives, is carried out, answered,
 * and judged by the product's own judges. Facts: CALLED, ANSWERED, EXECUTED, SHOWN. */
#ifndef TESTS_SIM_GATEWAY_H
#define TESTS_SIM_GATEWAY_H

#include "tests/sim/worker.h"

void gateway_init(struct world *);
void gateway_free(struct world *);
void gateway_call(struct world *, struct worker *, const struct effect *);          /* answers INPUT_CALLED */
void gateway_moves(struct world *);                                                 /* nemesis: outages, token expiry */
void gateway_calm(struct world *);

/* credential.c */
struct keyring *keyring_new(void);
void keyring_free(struct keyring *);
void keyring_fetch(struct world *, struct worker *, const struct effect *);         /* answers INPUT_CREDENTIAL */
void keyring_view(const struct worker *, uint32_t target, struct credential *);
void keyring_rotate(struct world *, struct worker *);
struct crypto *worker_crypto(void);                         /* one for all, made once */

#endif

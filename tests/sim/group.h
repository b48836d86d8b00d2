/* group.h: the consumer group in the world, eager protocol (KIP-62 timeouts, no incremental rebalance), and its commits. What the
 * coordinator decides stands in coordinator.h; here is who hears of it, and when.
 *
 * A rebalance asks every member to give back what it has; a member that has answered (or was told it lost everything) joins
 * again; when all have joined, or the time for it is over, the coordinator gives out a new generation by range. Commits carry
 * the generation: another one is refused, and so is who is no member; during a rebalance the old one may still commit. A
 * member that is silent for a session is put out. Who is about to leave (SIGTERM) is a member like any other until it says
 * goodbye: it is asked, loses, joins again and is given partitions, as by bridge/io/kafka_group.c. Facts: ASSIGNED, REVOKED,
 * LOST, COMMITTED. */
#ifndef TESTS_SIM_GROUP_H
#define TESTS_SIM_GROUP_H

#include "tests/sim/worker.h"

void group_init(struct world *);
void group_free(struct world *);

void group_joins(struct world *, struct worker *);          /* a process has started */
void group_leaves(struct world *, struct worker *);         /* says goodbye after a drain */
/* Nothing is called for a kill or a freeze: the session runs out. A member hears of what it missed when it runs again. */

void group_drained(struct world *, struct worker *);        /* the answer to INPUT_REVOKED: given back */
void group_commit(struct world *, struct worker *, const struct effect *);      /* answers INPUT_COMMITTED */
void group_rebalance(struct world *);                       /* without a reason, or a partition was added */
bool group_is_settled(struct world *);            /* who lives is a member, and nothing is under way */
void group_away_until(struct world *, ms_t until);           /* its coordinator does not answer */

#endif

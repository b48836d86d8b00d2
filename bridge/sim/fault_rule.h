/* fault_rule.h: between faults.c, which draws, and fault_rule.c, which reads rules. Private to the simulators. */
#ifndef BRIDGE_SIM_FAULT_RULE_H
#define BRIDGE_SIM_FAULT_RULE_H

#include "bridge/sim/faults.h"

const char *fault_kind_defaults(enum fault_kind);
void faults_make_room(struct faults *, uint32_t n, int64_t now_ms);     /* for so many, by forgetting those that fire no more */
bool faults_add(struct faults *, const struct fault_rule *, int64_t now_ms);    /* false = FAULT_RULES_MAX are there already */

#endif

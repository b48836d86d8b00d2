/* soar_sim.h: between soar_sim.c, which checks who calls, and soar_action.c, which checks what and carries it out. Private. */
#ifndef BRIDGE_SIM_SOAR_SIM_H
#define BRIDGE_SIM_SOAR_SIM_H

#include "bridge/sim/world.h"

bool soar_action_is_known(struct slice action);
bool soar_check_parameters(struct sim_call *, struct slice action);     /* false: refused */
void soar_act(struct sim_call *, struct slice action);

#endif

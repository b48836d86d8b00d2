/* made_up.h: what comes in place of a backend's reply. */
#ifndef TESTS_SIM_MADE_UP_H
#define TESTS_SIM_MADE_UP_H

#include "tests/sim/exchange.h"

void made_up_say(struct exchange *, int status, const char *body);

/* Refused in front of the backend: nothing is carried out. False: it goes through. */
bool made_up_refusal(struct world *, struct exchange *, bool is_down);

/* Carried out, and answered as if the backend had failed. False: it goes through. */
bool made_up_failure(struct world *, struct exchange *);

void made_up_break(struct world *, struct exchange *);      /* truncated, shorter than its length, or somebody else's */

#endif

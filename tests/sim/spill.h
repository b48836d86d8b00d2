/* spill.h: what a worker says is searched for the secrets that it was given: traces, journal, dead letters. */
#ifndef TESTS_SIM_SPILL_H
#define TESTS_SIM_SPILL_H

#include "tests/sim/worker.h"

void spill_look(struct world *, const struct worker *, enum spill_place, struct slice text);
void spill_look_at_journal(struct world *, const struct worker *, const struct journal_entry *);
void spill_look_at_letter(struct world *, const struct worker *, const struct effect *, const struct record_view *);
void spill_end(struct world *);         /* how much was searched, as facts */

#endif

/* mutants.h: bugs planted one after the other: which seed catches each. Only in a build with ALERTBRIDGE_MUTANTS. */
#ifndef TESTS_SIM_MUTANTS_H
#define TESTS_SIM_MUTANTS_H

#include "tests/sim/sweep.h"

/* All that seeds are to catch, each until its first catch, and before them the clean run over the same seeds. Prints a table and
 * the last line; the exit code. */
int mutants_run(const struct sweep *);

/* One line each: name, who catches it, what is wrong; between tabs. */
int mutants_list(void);

#endif

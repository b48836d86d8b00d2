/* mutant.h: places where a bug may be planted on purpose, to prove that the proof would find it. See mutants.def.
 *
 * MUTATED(name) is the constant 0 unless built with ALERTBRIDGE_MUTANTS: nothing of this is in a release. With it, at most one
 * bug is planted, once, before anything runs. */
#ifndef CODECS_MUTANT_H
#define CODECS_MUTANT_H

#ifndef ALERTBRIDGE_MUTANTS

#define MUTATED(name) 0

#else

#include <stdbool.h>

enum mutant {
    MUTANT_NONE,
#define MUTANT(name, text, caught) MUTANT_##name,
#include "codecs/mutants.def"
#undef MUTANT
    MUTANT_COUNT,
};

extern enum mutant mutant_planted;      /* read in many places, written by mutant_plant() only */

#define MUTATED(name) (mutant_planted == MUTANT_##name)

struct mutant_row {
    const char *name, *text, *caught;
};

const struct mutant_row *mutant_row(enum mutant);      /* from 1 */
bool mutant_plant(const char *name);                    /* false when there is none of that name */

#endif

#endif

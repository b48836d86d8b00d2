/* course.h: the history of a run in which all goes well, drawn from a seed: partitions, workers that come and go, both targets,
 * conflicts, repeats, re-sends, dead letters, told waits. And one break of it for each invariant. */
#ifndef TESTS_PROOF_COURSE_H
#define TESTS_PROOF_COURSE_H

#include "tests/proof/checker.h"

/* Writes the history of a correct run into an empty one. */
void course_draw(struct history *, uint64_t seed);

/* Breaks it in one place, drawn from the seed, so that this invariant does not hold any more. False: nothing there to break. */
bool course_break(struct history *, int invariant, uint64_t seed);

#endif

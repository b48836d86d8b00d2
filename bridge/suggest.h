/* suggest.h: "did you mean": the nearest of some known words. */
#ifndef BRIDGE_SUGGEST_H
#define BRIDGE_SUGGEST_H

#include <stddef.h>

struct suggest {
    const char *word;       /* what was written */
    const char *best;       /* the nearest so far, NULL = none is near */
    unsigned distance;
};

void suggest_begin(struct suggest *, const char *word);
void suggest_offer(struct suggest *, const char *known);    /* borrowed */

/* Edits (insert, delete, replace, swap of neighbours) between two words; a large number when one is over 63 bytes. */
unsigned suggest_distance(const char *a, const char *b);

#endif

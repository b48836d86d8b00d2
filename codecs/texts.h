/* texts.h: sorting many texts and finding two equal ones, without the heap and without a worst case that an attacker could pick.
 */
#ifndef CODECS_TEXTS_H
#define CODECS_TEXTS_H

#include "codecs/slice.h"

#include <stdint.h>

/* Texts that stand at equal distances: the names of an object's members, the items of an array. */
struct texts {
    const struct slice *first;
    size_t stride;
    uint32_t count;     /* at most 65,535 */
};

enum { TEXTS_FEW = 16 };    /* up to so many are compared pair by pair, which is faster than sorting and needs no scratch */

/* Bytewise, the shorter first where one begins the other. */
int text_compare(struct slice a, struct slice b);

/* Writes the positions in ascending order to `order`. Both arrays hold `count`. Stable. */
void texts_sort(const struct texts *, uint16_t *order, uint16_t *scratch);

/* `scratch` holds 2 * count, and may be NULL up to TEXTS_FEW. */
bool texts_are_unique(const struct texts *, uint16_t *scratch);

#endif

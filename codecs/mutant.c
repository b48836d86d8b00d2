/* mutant.c: which bug is planted. Built with ALERTBRIDGE_MUTANTS only. */
#include "codecs/mutant.h"

#include <stddef.h>
#include <string.h>

enum mutant mutant_planted = MUTANT_NONE;

static const struct mutant_row rows[MUTANT_COUNT] = {
    [MUTANT_NONE] = { "none", "", "" },
#define MUTANT(name, text, caught) [MUTANT_##name] = { #name, text, caught },
#include "codecs/mutants.def"
#undef MUTANT
};

const struct mutant_row *
mutant_row(enum mutant mutant)
{
    return &rows[mutant];
}

bool
mutant_plant(const char *name)
{
    for (int i = 1; i < MUTANT_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0) {
            mutant_planted = (enum mutant)i;
            return true;
        }
    return false;
}

/* plant.c: ALERTBRIDGE_MUTANT names the bug that a test program runs with. Built with ALERTBRIDGE_MUTANTS only. */
#include "codecs/mutant.h"

#include <stdio.h>
#include <stdlib.h>

__attribute__((constructor)) static void
plant(void)
{
    const char *name = getenv("ALERTBRIDGE_MUTANT");
    if (!name || mutant_plant(name))
        return;
    fprintf(stderr, "no such mutant: %s\n", name);
    exit(64);
}

/* main.c: alertbridge_sim: seeds of the simulated world, judged by the checker.
 *
 *   alertbridge_sim --seeds A..B [--ticks N] [--trace] [--jobs N] [--twice] [--set row=value] [--mutant NAME|list]
 *   alertbridge_sim --seeds A..B --mutants
 *
 * A..B is inclusive. --ticks bounds the steps of one seed. --trace prints every step (one seed). --twice runs each seed two times
 * and compares the traces. --set fixes a row of swarm.def. --mutant plants a bug, --mutants each in turn (mutants.h). The last
 * line on stdout is `N passed, N failed`. */
#include "codecs/mutant.h"
#include "tests/sim/mutants.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGE_BYTES = 128 * 1024 };

static int
usage(const char *why)
{
    fprintf(stderr, "alertbridge_sim: %s\nusage: alertbridge_sim --seeds A..B [--ticks N] [--trace] [--jobs N] [--twice]"
            " [--set row=value] [--mutant NAME|list] [--mutants]\n", why);
    return 64;
}

static bool
read_seeds(const char *text, struct sweep *sweep)
{
    char *end;
    sweep->first = strtoull(text, &end, 10);
    sweep->last = sweep->first;
    if (end != text && strncmp(end, "..", 2) == 0) {
        const char *last = end + 2;
        sweep->last = strtoull(last, &end, 10);
        return end != last && *end == '\0' && sweep->last >= sweep->first;
    }
    return end != text && *end == '\0';
}

static bool
read_set(const char *text, struct sweep *sweep)
{
    const char *equals = strchr(text, '=');
    for (unsigned row = 0; equals && row < SWARM_COUNT; row++) {
        const char *name = swarm_name((enum swarm_row)row);
        if (strlen(name) == (size_t)(equals - text) && strncmp(name, text, strlen(name)) == 0) {
            sweep->is_set[row] = true;
            sweep->set[row] = strtoll(equals + 1, NULL, 10);
            return true;
        }
    }
    return false;
}

static int
list(const struct sweep *sweep)
{
    (void)sweep;
    return mutants_list();
}

static bool
plant(const char *name, struct sweep *sweep)
{
    if (strcmp(name, "list") == 0) {
        sweep->run = list;
        return true;
    }
#ifdef ALERTBRIDGE_MUTANTS
    return mutant_plant(name);
#else
    return false;
#endif
}

static const char *
read_option(const char *name, const char *value, struct sweep *sweep, int *used)
{
    *used = 1;
    if (strcmp(name, "--trace") == 0)
        sweep->run = sweep_trace;
    else if (strcmp(name, "--twice") == 0)
        sweep->twice = true;
    else if (strcmp(name, "--mutants") == 0)
        sweep->run = mutants_run;
    else if (!value)
        return "an option is unknown, or lacks its value";
    else if (*used = 2, strcmp(name, "--seeds") == 0)
        return read_seeds(value, sweep) ? NULL : "--seeds wants A..B";
    else if (strcmp(name, "--ticks") == 0)
        return (sweep->steps_max = strtoull(value, NULL, 10)) > 0 ? NULL : "--ticks wants a number";
    else if (strcmp(name, "--jobs") == 0)
        return (sweep->jobs = (uint32_t)atoi(value)) > 0 ? NULL : "--jobs wants a number";
    else if (strcmp(name, "--set") == 0)
        return read_set(value, sweep) ? NULL : "--set wants row=value, rows as in swarm.def";
    else if (strcmp(name, "--mutant") == 0)
        return plant(value, sweep) ? NULL : "no such mutant in this build";
    else
        return "an option is unknown";
    return NULL;
}

int
main(int argc, char **argv)
{
    static struct sweep sweep = { .first = 1, .last = 100, .steps_max = 2000000, .jobs = 2, .run = sweep_run };
    /* A process takes large tables at its start and touches little of them: fresh pages, not old ones to be zeroed, each time. */
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    for (int i = 1, used; i < argc; i += used) {
        const char *wrong = read_option(argv[i], i + 1 < argc ? argv[i + 1] : NULL, &sweep, &used);
        if (wrong)
            return usage(wrong);
    }
    return sweep.run(&sweep);
}

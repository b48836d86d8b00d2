/* mutants.c: the clean run first; then every planted bug, on the seeds that the clean run passed, until one of them shows it. */
#include "tests/sim/mutants.h"

#include "codecs/mutant.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef ALERTBRIDGE_MUTANTS

static int
none(void)
{
    fprintf(stderr, "no bugs are planted in this build; configure it with -DALERTBRIDGE_MUTANTS=ON\n");
    return 64;
}

int
mutants_run(const struct sweep *sweep)
{
    (void)sweep;
    return none();
}

int
mutants_list(void)
{
    return none();
}

#else

enum { JOBS_MAX = 64, NOT_YET = 0 };

/* What else shows a bug than an invariant, by whose number that is told. A check is a rule that somebody wrote down, and a
 * refusal of the world is one too; a crash is a stroke of luck. */
enum sign { SIGN_WORLD = 0, SIGN_CHECK = -1, SIGN_CRASH = -2 };

/* What the children of one run share. `seed` is the lowest that failed, whichever child found it: the same in each run. */
struct hunt {
    const struct sweep *sweep;
    bool *clean;                /* [seed - first]: passed without a bug */
    const char *caught;         /* by whom it may be; NULL = the clean run, which goes on behind a failure */
    uint64_t seed;
    uint64_t under_way[JOBS_MAX];
    uint64_t others;            /* seeds that failed in another way than this bug may */
    char text[TRIAL_TEXT_BYTES];
};

static void *
shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* "sim I1 I2 world": one of its words. `sign`: an enum sign, or an invariant. */
static bool
may_catch(const char *caught, int sign)
{
    static const char *const others[] = { [-SIGN_WORLD] = "world", [-SIGN_CHECK] = "check", [-SIGN_CRASH] = "crash" };
    char word[12];
    if (sign > 0)
        snprintf(word, sizeof(word), "I%d", sign);
    else
        snprintf(word, sizeof(word), "%s", others[-sign]);
    for (const char *at = caught; (at = strstr(at, word)); at += strlen(word))
        if (at[-1] == ' ' && (at[strlen(word)] == ' ' || at[strlen(word)] == '\0'))
            return true;
    return false;
}

static void
failed(struct hunt *hunt, uint64_t seed, int sign, const char *text)
{
    if (hunt->caught && !may_catch(hunt->caught, sign)) {
        hunt->others++;
        return;
    }
    if (hunt->seed != NOT_YET && hunt->seed <= seed)
        return;
    hunt->seed = seed;
    snprintf(hunt->text, sizeof(hunt->text), "%s", text);
}

static void
hunt_one(struct hunt *hunt, uint64_t seed)
{
    struct swarm swarm;
    struct trial trial;
    sweep_draw(hunt->sweep, seed, &swarm);
    trial_run(&trial, &swarm, hunt->sweep->steps_max, NULL);
    if (!hunt->caught)
        hunt->clean[seed - hunt->sweep->first] = trial.passed;
    if (!trial.passed)
        failed(hunt, seed, trial.invariant, trial.text);
}

static pid_t
start_child(struct hunt *hunt, uint32_t job, uint64_t from)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    if (!freopen("/dev/null", "w", stderr))
        _exit(3);
    for (uint64_t seed = from; seed <= hunt->sweep->last; seed += hunt->sweep->jobs) {
        if (hunt->caught && (!hunt->clean[seed - hunt->sweep->first] || (hunt->seed != NOT_YET && hunt->seed < seed)))
            continue;
        hunt->under_way[job] = seed;
        hunt_one(hunt, seed);
    }
    _exit(0);
}

/* A child that died is a failure of the seed under way. */
static void
died(struct hunt *hunt, uint32_t job, int status)
{
    char text[64];
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) {
        failed(hunt, hunt->under_way[job], SIGN_CHECK, "a broken check");
        return;
    }
    snprintf(text, sizeof(text), "a crash, %s %d", WIFSIGNALED(status) ? "signal" : "exit",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    failed(hunt, hunt->under_way[job], SIGN_CRASH, text);
}

/* A successor goes on behind a seed that failed so. */
static void
wait_for_all(struct hunt *hunt)
{
    pid_t children[JOBS_MAX];
    uint32_t running = 0;
    for (uint32_t job = 0; job < hunt->sweep->jobs; job++, running++)
        children[job] = start_child(hunt, job, hunt->sweep->first + job);
    while (running > 0) {
        int status;
        pid_t gone = waitpid(-1, &status, 0);
        for (uint32_t job = 0; job < hunt->sweep->jobs; job++) {
            if (children[job] != gone)
                continue;
            if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
                running--;
                continue;
            }
            died(hunt, job, status);
            children[job] = start_child(hunt, job, hunt->under_way[job] + hunt->sweep->jobs);
        }
    }
}

static double
seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Returns whether it was caught. */
static bool
hunt_mutant(struct hunt *hunt, enum mutant mutant)
{
    const struct mutant_row *row = mutant_row(mutant);
    double started = seconds();
    hunt->caught = row->caught;
    hunt->seed = NOT_YET;
    hunt->others = 0;
    hunt->text[0] = '\0';
    mutant_planted = mutant;
    wait_for_all(hunt);
    mutant_planted = MUTANT_NONE;
    if (hunt->seed == NOT_YET)
        printf("%-24s NOT CAUGHT %6.1f s  by %s; %lu seeds failed otherwise\n", row->name, seconds() - started, row->caught,
               (unsigned long)hunt->others);
    else
        printf("%-24s %10lu %6.1f s  %s\n", row->name, (unsigned long)(hunt->seed - hunt->sweep->first + 1), seconds() - started,
               hunt->text);
    fflush(stdout);
    return hunt->seed != NOT_YET;
}

static uint64_t
clean_run(struct hunt *hunt)
{
    uint64_t n = hunt->sweep->last - hunt->sweep->first + 1, bad = 0;
    double started = seconds();
    memset(hunt->clean, false, n);          /* until it is seen to be: a child that ends in silence has shown nothing */
    wait_for_all(hunt);
    for (uint64_t i = 0; i < n; i++)
        if (!hunt->clean[i])
            bad++;
    printf("%-24s %10s %6.1f s  %lu of %lu seeds\n", "no bug planted", bad ? "FAILS" : "clean", seconds() - started,
           (unsigned long)bad, (unsigned long)n);
    if (bad)
        printf("  the first: seed %lu: %s\n", (unsigned long)hunt->seed, hunt->text);
    fflush(stdout);
    return bad;
}

int
mutants_run(const struct sweep *sweep)
{
    struct hunt *hunt = shared(sizeof(*hunt));
    bool *clean = shared(sweep->last - sweep->first + 1);
    uint32_t passed = 0, missed = 0;
    if (!hunt || !clean)
        return 70;
    *hunt = (struct hunt){ .sweep = sweep, .clean = clean };
    printf("%-24s %10s %8s  how it shows\n", "bug", "seeds", "time");
    uint64_t bad = clean_run(hunt);
    for (int mutant = 1; mutant < MUTANT_COUNT; mutant++) {
        if (strncmp(mutant_row((enum mutant)mutant)->caught, "sim ", 4) != 0)
            continue;
        bool caught = hunt_mutant(hunt, (enum mutant)mutant);
        passed += caught;
        missed += !caught;
    }
    printf("%u passed, %u failed\n", passed + (bad == 0), missed + (bad > 0));
    return missed + bad > 0;
}

int
mutants_list(void)
{
    for (int mutant = 1; mutant < MUTANT_COUNT; mutant++) {
        const struct mutant_row *row = mutant_row((enum mutant)mutant);
        printf("%s\t%s\t%s\n", row->name, row->caught, row->text);
    }
    return 0;
}

#endif

/* trial.c: runs a seed, has it judged, and makes a failing one small. */
#include "tests/sim/trial.h"

#include "tests/sim/world.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void
trial_run(struct trial *trial, const struct swarm *swarm, uint64_t steps_max, FILE *trace)
{
    struct findings findings;
    struct world *world = world_new(swarm, steps_max, trace);
    memset(trial, 0, sizeof(*trial));
    world_run(world);
    trial->hash = world->hash;
    trial->steps = world->steps;
    memcpy(trial->fired, world->fired, sizeof(trial->fired));
    if (world->failure[0]) {
        snprintf(trial->text, sizeof(trial->text), "at %ld ms: %s", (long)world->now, world->failure);
    } else {
        history_check(&world->history, &findings);
        trial->passed = findings.n == 0;
        trial->executed = findings.executed;
        trial->repeated = findings.repeated;
        trial->excused = findings.excused;
        trial->apart = findings.apart;
        memcpy(trial->judged, findings.judged, sizeof(trial->judged));
        if (!trial->passed) {
            const struct violation *first = &findings.first[0];
            trial->invariant = first->invariant;
            snprintf(trial->text, sizeof(trial->text), "I%d: %s (%ld ms)", trial->invariant, first->text,
                     first->fact < world->history.n ? (long)world->history.facts[first->fact].at : -1);
        }
    }
    world_free(world);
}

void
trial_run_apart(struct trial *trial, const struct swarm *swarm, uint64_t steps_max)
{
    struct trial *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(3);
        trial_run(shared, swarm, steps_max, NULL);
        _exit(0);
    }
    waitpid(child, &status, 0);
    *trial = *shared;
    munmap(shared, sizeof(*shared));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    trial->passed = false;
    trial->invariant = 0;
    snprintf(trial->text, sizeof(trial->text), "crashed, status %d", status);
}

static bool
fails_alike(const struct trial *a, const struct trial *b)
{
    return !a->passed && a->invariant == b->invariant;
}

/* Sizes are also halved towards their quiet value; what cannot be quiet may still be smaller. */
static bool
make_smaller(struct swarm *swarm, enum swarm_row row, const struct trial *failed, uint64_t steps_max, uint32_t *trials)
{
    struct swarm tried = *swarm;
    struct trial trial;
    int64_t quiet = swarm_quiet(row);
    if (swarm->of[row] == quiet)
        return false;
    for (int64_t to = quiet; to != swarm->of[row]; to += (swarm->of[row] - to + (swarm->of[row] > to)) / 2) {
        tried.of[row] = to;
        ++*trials;
        trial_run_apart(&trial, &tried, steps_max);
        if (fails_alike(&trial, failed)) {
            *swarm = tried;
            return true;
        }
        if (swarm->of[row] < to || swarm_is_rate(row) || to + 1 >= swarm->of[row])
            return false;
    }
    return false;
}

uint32_t
trial_shrink(struct swarm *swarm, const struct trial *failed, uint64_t steps_max)
{
    uint32_t trials = 0;
    for (bool again = true; again && trials < 1000;) {
        again = false;
        for (unsigned row = 0; row < SWARM_COUNT; row++)
            again |= make_smaller(swarm, (enum swarm_row)row, failed, steps_max, &trials);
    }
    return trials;
}

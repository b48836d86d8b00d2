/* sweep.c: seeds dealt out to child processes; what they found is gathered in shared memory. */
#include "tests/sim/sweep.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { JOBS_MAX = 64, FAILURES_MAX = 20, SAY_MS = 5000, ROUND_US = 100000, SAME_TRACE = 20,
       LONG_SEEDS = 1000 };         /* so many seeds meet every fault and every invariant */

struct share {                  /* what one child writes and all read */
    uint64_t seed;              /* under way */
    uint64_t done, failed;
    uint64_t steps, executed, repeated, excused, apart;
    uint64_t fired[SWARM_COUNT], judged[INVARIANT_COUNT];
    uint64_t failures[FAILURES_MAX];
    char texts[FAILURES_MAX][TRIAL_TEXT_BYTES];
};

void
sweep_draw(const struct sweep *sweep, uint64_t seed, struct swarm *swarm)
{
    swarm_draw(swarm, seed);
    for (unsigned row = 0; row < SWARM_COUNT; row++)
        if (sweep->is_set[row])
            swarm->of[row] = sweep->set[row];
}

static void
note_failure(struct share *share, uint64_t seed, const char *text)
{
    if (share->failed < FAILURES_MAX) {
        share->failures[share->failed] = seed;
        snprintf(share->texts[share->failed], TRIAL_TEXT_BYTES, "%s", text);
    }
    share->failed++;
}

static void
gather(struct share *share, const struct trial *trial)
{
    share->steps += trial->steps;
    share->executed += trial->executed;
    share->repeated += trial->repeated;
    share->excused += trial->excused;
    share->apart += trial->apart;
    for (unsigned row = 0; row < SWARM_COUNT; row++)
        share->fired[row] += trial->fired[row];
    for (int i = 0; i < INVARIANT_COUNT; i++)
        share->judged[i] += trial->judged[i];
}

/* Judged as all else: two facts of one seed. */
static void
check_twice(struct trial *trial, const struct trial *second, uint64_t seed)
{
    struct history history;
    struct findings findings;
    history_init(&history);
    history_add(&history, &(struct fact){ .kind = FACT_TRACED, .target = -1, .number = (int64_t)seed, .hash = trial->hash });
    history_add(&history, &(struct fact){ .kind = FACT_TRACED, .target = -1, .number = (int64_t)seed, .hash = second->hash });
    history_check(&history, &findings);
    history_release(&history);
    trial->judged[SAME_TRACE] += findings.judged[SAME_TRACE];
    if (findings.n == 0)
        return;
    trial->passed = false;
    trial->invariant = findings.first[0].invariant;
    snprintf(trial->text, sizeof(trial->text), "I%d: %s", trial->invariant, findings.first[0].text);
}

static void
run_one(const struct sweep *sweep, struct share *share, uint64_t seed)
{
    struct swarm swarm;
    struct trial trial, second;
    sweep_draw(sweep, seed, &swarm);
    trial_run(&trial, &swarm, sweep->steps_max, NULL);
    if (trial.passed && sweep->twice) {
        trial_run(&second, &swarm, sweep->steps_max, NULL);
        check_twice(&trial, &second, seed);
    }
    gather(share, &trial);
    if (!trial.passed) {
        fprintf(stderr, "seed %lu: %s\n", (unsigned long)seed, trial.text);
        note_failure(share, seed, trial.text);
    }
    share->done++;
}

static pid_t
start_child(const struct sweep *sweep, struct share *share, uint64_t from)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    for (uint64_t seed = from; seed <= sweep->last; seed += sweep->jobs) {
        share->seed = seed;
        run_one(sweep, share, seed);
    }
    _exit(0);
}

/* A crash costs the seed under way; the child's successor goes on behind it. 0 = that job is over. */
static pid_t
look_after(const struct sweep *sweep, struct share *share, int status)
{
    char text[64];
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    snprintf(text, sizeof(text), "crashed, %s %d", WIFSIGNALED(status) ? "signal" : "status",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    note_failure(share, share->seed, text);
    share->done++;
    return share->seed + sweep->jobs <= sweep->last ? start_child(sweep, share, share->seed + sweep->jobs) : 0;
}

static int64_t
now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct share
sum(const struct sweep *sweep, const struct share *shares)
{
    struct share all = { 0 };
    for (uint32_t job = 0; job < sweep->jobs; job++) {
        const struct share *one = &shares[job];
        all.done += one->done;
        all.steps += one->steps;
        all.executed += one->executed;
        all.repeated += one->repeated;
        all.excused += one->excused;
        all.apart += one->apart;
        for (unsigned row = 0; row < SWARM_COUNT; row++)
            all.fired[row] += one->fired[row];
        for (int i = 0; i < INVARIANT_COUNT; i++)
            all.judged[i] += one->judged[i];
        for (uint64_t i = 0; i < one->failed && i < FAILURES_MAX; i++)
            note_failure(&all, one->failures[i], one->texts[i]);
        if (one->failed > FAILURES_MAX)
            all.failed += one->failed - FAILURES_MAX;
    }
    return all;
}

static void
say_progress(const struct sweep *sweep, const struct share *shares, int64_t started)
{
    struct share all = sum(sweep, shares);
    fprintf(stderr, "%lu of %lu seeds, %lu failed, %ld s\n", (unsigned long)all.done,
            (unsigned long)(sweep->last - sweep->first + 1), (unsigned long)all.failed, (long)(now_ms() - started) / 1000);
}

static void
wait_for_all(const struct sweep *sweep, struct share *shares)
{
    pid_t children[JOBS_MAX];
    int64_t started = now_ms(), said = started;
    uint32_t running = 0;
    for (uint32_t job = 0; job < sweep->jobs; job++) {
        children[job] = sweep->first + job <= sweep->last ? start_child(sweep, &shares[job], sweep->first + job) : 0;
        running += children[job] > 0;
    }
    while (running > 0) {
        int status;
        pid_t gone = waitpid(-1, &status, WNOHANG);
        for (uint32_t job = 0; gone > 0 && job < sweep->jobs; job++) {
            if (children[job] != gone)
                continue;
            children[job] = look_after(sweep, &shares[job], status);
            running -= children[job] == 0;
        }
        if (gone <= 0)
            usleep(ROUND_US);
        if (now_ms() - said > SAY_MS) {
            say_progress(sweep, shares, started);
            said = now_ms();
        }
    }
}

/* ---- what is told -------------------------------------------------------------------------------------------------------- */

static void
tell_failure(const struct sweep *sweep, uint64_t seed, const char *text)
{
    struct swarm swarm;
    struct trial trial;
    sweep_draw(sweep, seed, &swarm);
    printf("seed %lu: %s\n", (unsigned long)seed, text);
    trial_run_apart(&trial, &swarm, sweep->steps_max);
    if (trial.passed)
        return;
    uint32_t trials = trial_shrink(&swarm, &trial, sweep->steps_max);
    trial_run_apart(&trial, &swarm, sweep->steps_max);
    printf("  smallest of %u trials: %s\n  alertbridge_sim --trace --seeds %lu..%lu", trials, trial.text, (unsigned long)seed,
           (unsigned long)seed);
    for (unsigned row = 0; row < SWARM_COUNT; row++)
        printf(" --set %s=%ld", swarm_name((enum swarm_row)row), (long)swarm.of[row]);
    printf("\n");
}

static uint64_t
seeds_of(const struct sweep *sweep)
{
    return sweep->last - sweep->first + 1;
}

/* In a run that is long enough a fault that never fired has proved nothing. */
static uint64_t
tell_faults(const struct sweep *sweep, const struct share *all)
{
    uint64_t unmet = 0;
    printf("\nfault                    fired\n");
    for (unsigned row = 0; row < SWARM_COUNT; row++) {
        if (!swarm_is_rate((enum swarm_row)row))
            continue;
        bool never = all->fired[row] == 0 && !sweep->is_set[row] && seeds_of(sweep) >= LONG_SEEDS;
        printf("%-20s %9lu  %s%s\n", swarm_name((enum swarm_row)row), (unsigned long)all->fired[row],
               swarm_text((enum swarm_row)row), never ? "  NEVER FIRED" : "");
        unmet += never;
    }
    return unmet;
}

/* Nor has an invariant that found nothing to judge. I20 is about two runs of a seed; rows that are set may leave out what another
 * one is about. */
static bool
must_judge(const struct sweep *sweep, int invariant)
{
    for (unsigned row = 0; row < SWARM_COUNT; row++)
        if (sweep->is_set[row])
            return false;
    return invariant == SAME_TRACE ? sweep->twice : seeds_of(sweep) >= LONG_SEEDS;
}

static uint64_t
tell_invariants(const struct sweep *sweep, const struct share *all)
{
    uint64_t idle = 0;
    printf("\ninvariant   judged\n");
    for (int i = 1; i < INVARIANT_COUNT; i++) {
        bool none = all->judged[i] == 0 && must_judge(sweep, i);
        printf("I%-2d %15lu  %s%s\n", i, (unsigned long)all->judged[i], invariant_text(i),
               none ? "  JUDGED NOTHING" : "");
        idle += none;
    }
    return idle;
}

/* How many of the rows failed. */
static uint64_t
tell_tables(const struct sweep *sweep, const struct share *all)
{
    uint64_t bad = tell_faults(sweep, all);
    bad += tell_invariants(sweep, all);
    printf("\n%lu seeds, %lu steps, %lu calls carried out, %lu of them again, %lu excused by a loss of memory (%lu ids)\n",
           (unsigned long)all->done, (unsigned long)all->steps, (unsigned long)all->executed, (unsigned long)all->repeated,
           (unsigned long)all->excused, (unsigned long)all->apart);
    return bad;
}

int
sweep_run(const struct sweep *sweep)
{
    uint32_t jobs = sweep->jobs < JOBS_MAX ? sweep->jobs : JOBS_MAX;
    struct sweep own = *sweep;
    own.jobs = jobs;
    struct share *shares = mmap(NULL, jobs * sizeof(*shares), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shares == MAP_FAILED)
        return 70;
    wait_for_all(&own, shares);
    struct share all = sum(&own, shares);
    for (uint64_t i = 0; i < all.failed && i < 3; i++)
        tell_failure(&own, all.failures[i], all.texts[i]);
    for (uint64_t i = 3; i < all.failed && i < FAILURES_MAX; i++)
        printf("seed %lu: %s\n", (unsigned long)all.failures[i], all.texts[i]);
    uint64_t bad = all.failed + tell_tables(&own, &all);
    bad += seeds_of(&own) - all.done;       /* of a child that ended in silence */
    printf("%lu passed, %lu failed\n", (unsigned long)(all.done - all.failed), (unsigned long)bad);
    munmap(shares, jobs * sizeof(*shares));
    return bad > 0;
}

int
sweep_trace(const struct sweep *sweep)
{
    struct swarm swarm;
    struct trial trial;
    sweep_draw(sweep, sweep->first, &swarm);
    trial_run(&trial, &swarm, sweep->steps_max, stdout);
    printf("trace %016lx, %lu steps\n%s\n", (unsigned long)trial.hash, (unsigned long)trial.steps,
           trial.passed ? "every invariant holds" : trial.text);
    printf("%d passed, %d failed\n", trial.passed, !trial.passed);
    return !trial.passed;
}

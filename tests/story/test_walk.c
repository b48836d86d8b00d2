/* test_walk.c: many seeds. ALERTBRIDGE_WALK_SEEDS=A..B walks those instead; a failure names its seed, which walks the
 * same way again. */
#include "tests/story/walk.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static struct walk walk;
static uint64_t floods, slowed;

/* A check() of the engine that a legal input reaches is a finding too. */
static void
on_abort(int number)
{
    (void)number;
    snprintf(walk.failure, sizeof(walk.failure), "the engine aborted");
    walk_tell(&walk);
    signal(SIGABRT, SIG_DFL);
}

/* Over all seeds: what never comes up is not tested. */
static struct {
    uint64_t repeats, twins, promoted;
} seen;

static bool
walk_seed(uint64_t seed)
{
    bool well = walk_run(&walk, seed);
    if (!well)
        walk_tell(&walk);
    floods += walk.floods;
    slowed += walk.slowed;
    seen.repeats += walk.n_repeats;
    seen.twins += walk.n_twins;
    seen.promoted += walk.n_promoted;
    walk_end(&walk);
    return well;
}

static void
walk_seeds(uint64_t from, uint64_t to)
{
    uint32_t failed = 0;
    signal(SIGABRT, on_abort);
    for (uint64_t seed = from; seed < to && failed < 3; seed++)
        failed += !walk_seed(seed);
    if (to - from >= 100)
        cr_expect(seen.repeats > to - from && seen.twins > to - from && seen.promoted > to - from,
                  "windows hardly came up: %lu repeats, %lu twins, %lu promoted", seen.repeats, seen.twins, seen.promoted);
    cr_expect_eq(failed, 0, "%u seeds of %lu..%lu broke a rule", failed, from, to - 1);
}

Test(walk, whatever_happens_the_rules_hold)
{
    const char *seeds = getenv("ALERTBRIDGE_WALK_SEEDS");
    unsigned long from = 1, to = 300;
    if (seeds && sscanf(seeds, "%lu..%lu", &from, &to) != 2)
        cr_assert(false, "ALERTBRIDGE_WALK_SEEDS is <first>..<last>");
    walk_seeds(from, to + 1);
    if (to - from < 100)
        return;             /* too few to have met everything */
    cr_expect_gt(floods, 0u, "no guard ever went on: the walk does not reach it");
    cr_expect_gt(slowed, 0u, "no target was ever slowed down");
}

Test(walk, the_same_seed_walks_the_same_way)
{
    for (uint64_t seed = 1000; seed < 1010; seed++) {
        walk_run(&walk, seed);
        uint64_t hash = walk.hash, steps = walk.steps;
        walk_end(&walk);
        walk_run(&walk, seed);
        cr_expect_eq(walk.hash, hash, "seed %lu", seed);
        cr_expect_eq(walk.steps, steps, "seed %lu", seed);
        walk_end(&walk);
    }
}

/* test_mutants.c: correct histories drawn from seeds pass, and are refused once they are broken in one place. */
#include "tests/proof/course.h"

#include <criterion/criterion.h>

enum { SEEDS = 100 };

static const int breakable[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 };

Test(proof_mutants, correct_histories_pass)
{
    uint64_t judged[INVARIANT_COUNT] = { 0 };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct history history;
        struct findings findings;
        history_init(&history);
        course_draw(&history, seed);
        history_check(&history, &findings);
        history_release(&history);
        cr_expect_eq(findings.n, 0, "seed %lu: I%d: %s", (unsigned long)seed, findings.first[0].invariant,
                     findings.first[0].text);
        for (int i = 0; i < INVARIANT_COUNT; i++)
            judged[i] += findings.judged[i];
    }
    for (size_t i = 0; i < sizeof(breakable) / sizeof(breakable[0]); i++)
        cr_expect(judged[breakable[i]] > SEEDS, "I%d judged only %lu things", breakable[i], (unsigned long)judged[breakable[i]]);
}

static bool
is_caught(int invariant, uint64_t seed, bool *was_broken)
{
    struct history history;
    struct findings findings;
    history_init(&history);
    course_draw(&history, seed);
    *was_broken = course_break(&history, invariant, 7 * seed);
    history_check(&history, &findings);
    history_release(&history);
    return findings.violations[invariant] > 0;
}

Test(proof_mutants, a_history_broken_in_one_place_is_refused)
{
    for (size_t i = 0; i < sizeof(breakable) / sizeof(breakable[0]); i++) {
        int n = 0;
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            bool was_broken, caught = is_caught(breakable[i], seed, &was_broken);
            cr_expect_eq(caught, was_broken, "I%d, seed %lu", breakable[i], (unsigned long)seed);
            n += was_broken;
        }
        cr_expect(n >= SEEDS / 10, "I%d was broken %d times only", breakable[i], n);
    }
}

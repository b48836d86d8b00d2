/* test_traces.c: what the checker says of secrets that were found, and of seeds that were run twice. */
#include "tests/proof/tale.h"

#include <criterion/criterion.h>

Test(proof_traces, a_planted_secret_stands_nowhere)
{
    static const struct tale tales[] = {
        { "looked for and not found", SOUND, 0, { SEARCHED("a log", 1000), SEARCHED("the journal", 1) } },
        { "found in a log", 19, 0, { SEARCHED("a log", 1000), SPILT("a token", "a log") } },
        { "found in two places", 19, 0,
          { SPILT("a token", "a log"), SEARCHED("a log", 1000), SPILT("a token", "a dead letter"),
            SEARCHED("a dead letter", 10) } },
    };
    EXPECT_TALES(19, tales);
}

Test(proof_traces, a_search_of_nothing_proves_nothing)
{
    static const struct tale nothing = { "an empty log", SOUND, 0, { SEARCHED("a log", 0) } };
    struct history history;
    struct findings findings;
    history_init(&history);
    tale_tell(&nothing, &history);
    history_check(&history, &findings);
    history_release(&history);
    cr_expect_eq(findings.judged[19], 0);
}

Test(proof_traces, the_same_seed_gives_the_same_trace)
{
    static const struct tale tales[] = {
        { "twice the same", SOUND, 0, { TRACED(7, 1), TRACED(7, 1) } },
        { "other seeds, other traces", SOUND, 0, { TRACED(7, 1), TRACED(8, 2), TRACED(8, 2) } },
        { "the second differs", 20, 0, { TRACED(7, 1), TRACED(7, 2) } },
        { "the third differs", 20, 0, { TRACED(7, 1), TRACED(8, 3), TRACED(7, 1), TRACED(7, 2) } },
    };
    EXPECT_TALES(20, tales);
}

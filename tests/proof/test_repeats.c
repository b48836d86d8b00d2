/* test_repeats.c: what the checker says of calls after a refusal and after failures: halves, and waits as a whole: I16. */
#include "tests/proof/tale.h"

#include <criterion/criterion.h>
#include <string.h>

#define NOTED(offset_, id_) PRODUCED(offset_, id_, .targets = TO_NOTICE), EXECUTED(NOTICE, id_)
#define NOTED_ABC NOTED(0, "a"), NOTED(1, "b"), NOTED(2, "c")
#define CALLED_ABC(...) CALLED(NOTICE, "a", .limit = 3, __VA_ARGS__), CALLED(NOTICE, "b", .limit = 3, __VA_ARGS__), \
                        CALLED(NOTICE, "c", .limit = 3, __VA_ARGS__)
#define REFUSED_ABC NOTED_ABC, CALLED_ABC(.number = 1), ANSWERED(NOTICE, "rejected")
#define PART(number_, id_) CALLED(NOTICE, id_, .number = (number_)), ANSWERED(NOTICE, "delivered", .number = (number_))

Test(proof_repeats, a_refused_batch_is_called_for_in_halves)
{
    static const struct tale tales[] = {
        { "two and one", SOUND, 0,
          { REFUSED_ABC, CALLED(NOTICE, "a", .number = 2, .limit = 2), CALLED(NOTICE, "b", .number = 2, .limit = 2),
            ANSWERED(NOTICE, "delivered", .number = 2), PART(3, "c") } },
        { "a half fails and comes again", SOUND, 0,
          { REFUSED_ABC, CALLED(NOTICE, "a", .number = 2, .limit = 2), CALLED(NOTICE, "b", .number = 2, .limit = 2),
            ANSWERED(NOTICE, "not_executed", .number = 2), CALLED(NOTICE, "a", .number = 3, .limit = 2),
            CALLED(NOTICE, "b", .number = 3, .limit = 2), ANSWERED(NOTICE, "delivered", .number = 3), PART(4, "c") } },
        { "a failed one is not halved", SOUND, 0,
          { NOTED_ABC, CALLED_ABC(.number = 1), ANSWERED(NOTICE, "not_executed"), CALLED_ABC(.number = 2) } },
        { "another worker calls for all of them", SOUND, 0, { REFUSED_ABC, CALLED_ABC(.worker = 2) } },
        { "one was claimed anew", SOUND, 0,
          { REFUSED_ABC, PART(2, "a"), PART(3, "b"), KEY("c", "C", "C", .target = NOTICE, .flags = KEY_CLAIMED), PART(4, "c") } },
        { "one was claimed by another meanwhile", SOUND, 0,
          { REFUSED_ABC, PART(2, "a"), PART(3, "b"), KEY("c", "-", "C", .target = NOTICE, .worker = 2), PART(4, "c") } },
        { "the store forgot", SOUND, 0, { REFUSED_ABC, FORGOT(), PART(2, "a"), PART(3, "b"), PART(4, "c") } },
        { "the target goes on without the store", SOUND, TARGET_DEGRADES,
          { REFUSED_ABC, PART(2, "a"), PART(3, "b"), PART(4, "c") } },
        { "three parts", 16, 0, { REFUSED_ABC, PART(2, "a"), PART(3, "b"), PART(4, "c") } },
        { "one was renewed", 16, 0,
          { REFUSED_ABC, PART(2, "a"), PART(3, "b"), KEY("c", "C", "C", .target = NOTICE), PART(4, "c") } },
        { "as it was", 16, 0, { REFUSED_ABC, CALLED_ABC(.number = 2) } },
        { "too large, and as it was", 16, 0,
          { NOTED_ABC, CALLED_ABC(.number = 1), ANSWERED(NOTICE, "too_large"), CALLED_ABC(.number = 2) } },
        { "the store forgot long before", 16, 0,
          { FORGOT(.at = 1), PRODUCED(0, "a", .targets = TO_NOTICE, .at = 2 * LEASE_MS), EXECUTED(NOTICE, "a"), NOTED(1, "b"),
            CALLED(NOTICE, "a", .limit = 2), CALLED(NOTICE, "b", .limit = 2), ANSWERED(NOTICE, "rejected"),
            CALLED(NOTICE, "a", .limit = 2, .number = 2), CALLED(NOTICE, "b", .limit = 2, .number = 2) } },
    };
    EXPECT_TALES(16, tales);
}

/* One id is called for again and again, each time so long after the answer before. */
struct tries {
    const char *name, *word;
    uint64_t broken;
    int n;
    int64_t wait_ms, told_ms;
    uint32_t flags;             /* of the answers */
    int again_after;            /* so many failures in a row, then another event is delivered; 0 = none is */
    int64_t members;            /* of every other call; 0 = of none but one */
};

static void
call(struct history *history, const struct tries *tries, const char *id, const char *word, int64_t number, int64_t at)
{
    uint32_t name = history_text(history, id, 1);
    int64_t members = number % 2 && tries->members ? tries->members : 1;
    history_add(history, &(struct fact){ .kind = FACT_CALLED, .worker = 1, .target = NOTICE, .id = name, .number = number,
                                         .limit = members, .at = at });
    history_add(history, &(struct fact){ .kind = FACT_ANSWERED, .worker = 1, .target = NOTICE, .number = number, .at = at,
                                         .word = history_text(history, word, strlen(word)), .limit = tries->told_ms,
                                         .flags = tries->flags });
}

static void
tell_tries(struct history *history, const struct tries *tries)
{
    static const struct tale events = { "", SOUND, 0, { NOTED(0, "a"), NOTED(1, "b") } };
    int64_t at = 1000, number = 0;
    tale_tell(&events, history);
    for (int i = 0; i < tries->n; i++, at += tries->wait_ms) {
        call(history, tries, "a", tries->word, ++number, at);
        if (tries->again_after && (i + 1) % tries->again_after == 0)
            call(history, tries, "b", "delivered", number + 1000, at);
    }
}

Test(proof_repeats, failures_are_waited_after_on_the_whole)
{
    static const struct tries rows[] = {
        { "as long as is expected", "not_executed", 0, 60, BASE_MS / 2, 0, 0, 0, 0 },
        { "a quarter of the first bound", "not_executed", 0, 60, BASE_MS / 4, 0, 0, 0, 0 },
        { "not often enough to tell", "not_executed", 0, 50, 1, 0, 0, 0, 0 },
        { "it was throttled", "throttled", 0, 60, 1, 0, 0, 0, 0 },
        { "it was told how long", "not_executed", 0, 60, 1, 1, 0, 0, 0 },
        { "its claims were too old to begin", "not_sent", 0, 60, 1, 0, ANSWERED_TOO_LATE, 0, 0 },
        { "a breaker may have closed each time", "not_executed", 0, 60, 1, 0, 0, BREAKER_FAILURES, 0 },
        { "other calls each time", "not_executed", 0, 60, 1, 0, 0, 0, 3 },
        { "at once", "not_executed", 1, 60, 1, 0, 0, 0, 0 },
        { "at once in doubt", "in_doubt", 1, 60, 1, 0, 0, 0, 0 },
        { "at once though none can connect", "not_sent", 1, 60, 1, 0, 0, 0, 0 },
        { "a little less than a quarter", "not_executed", 1, 60, BASE_MS / 4 - 1, 0, 0, 0, 0 },
        { "just often enough", "not_executed", 1, 51, 1, 0, 0, 0, 0 },
        { "no breaker was open", "not_executed", 1, 60, 1, 0, 0, 1, 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct history history;
        struct findings findings;
        history_init(&history);
        tell_tries(&history, &rows[i]);
        history_check(&history, &findings);
        cr_expect_eq(findings.violations[16], rows[i].broken, "%s: %u", rows[i].name, findings.violations[16]);
        cr_expect_eq(findings.n, rows[i].broken, "%s: %s", rows[i].name, findings.first[0].text);
        history_release(&history);
    }
}

/* tale.c: hand-made histories become real ones, and are judged. */
#include "tests/proof/tale.h"

#include <criterion/criterion.h>
#include <string.h>

static uint32_t
number_of(struct history *history, const char *text)
{
    return text ? history_text(history, text, strlen(text)) : 0;
}

static void
tell_targets(struct history *history, uint32_t flags)
{
    struct fact notice = { .kind = FACT_TARGET, .target = NOTICE, .number = LEASE_MS, .limit = 1000, .flags = flags,
                           .offset = RETRY_AFTER_MAX_MS, .epoch = CALL_TIMEOUT_MS, .hash = MAX_AGE_MS };
    struct fact soar = notice;
    soar.target = SOAR;
    soar.index = SENDS_MAX;
    notice.word = number_of(history, "notice");
    soar.word = number_of(history, "soar");
    history_add(history, &notice);
    history_add(history, &soar);
    for (int32_t target = NOTICE; target <= SOAR; target++)
        history_add(history, &(struct fact){ .kind = FACT_PATIENCE, .target = target, .number = BASE_MS,
                                             .limit = BREAKER_FAILURES });
}

void
tale_tell(const struct tale *tale, struct history *history)
{
    int64_t at = 0;
    tell_targets(history, tale->flags);
    for (const struct told *told = tale->facts; told->fact.kind != FACT_TARGET; told++) {
        struct fact fact = told->fact;
        at = fact.at ? fact.at : at + TALE_STEP_MS;
        fact.at = at;
        fact.id = number_of(history, told->id);
        fact.other = number_of(history, told->other);
        fact.user = number_of(history, told->user);
        fact.word = number_of(history, told->word);
        fact.lane = number_of(history, told->lane);
        history_add(history, &fact);
    }
}

static void
expect(int invariant, const struct tale *tale)
{
    struct history history;
    struct findings findings;
    history_init(&history);
    tale_tell(tale, &history);
    history_check(&history, &findings);
    history_release(&history);
    cr_expect(findings.judged[invariant] > 0, "%s: I%d judged nothing", tale->name, invariant);
    if (tale->broken != SOUND)
        cr_expect(findings.violations[tale->broken] > 0, "%s: I%d lets it pass", tale->name, tale->broken);
    cr_expect_eq(findings.n, findings.violations[tale->broken], "%s: I%d: %s", tale->name, findings.first[0].invariant,
                 findings.first[0].text);
}

void
tales_expect(int invariant, const struct tale *tales, size_t n)
{
    bool sound = false;
    size_t broken = 0;
    for (size_t i = 0; i < n; i++) {
        expect(invariant, &tales[i]);
        sound |= tales[i].broken == SOUND;
        broken += tales[i].broken == invariant;
    }
    cr_expect(sound, "I%d has no tale that passes", invariant);
    cr_expect(broken >= 2, "I%d has less than two tales that break it", invariant);
}

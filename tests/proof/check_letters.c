/* check_letters.c: whether what was parked may have been, by the reason that it was parked for. */
#include "tests/proof/letters.h"

#include <stdlib.h>

enum { REFUSALS_MIN = 3 };

static uint64_t *
delivered_by(const struct letters *letters, const struct fact *fact)
{
    return &letters->delivered[(size_t)fact->worker * letters->checked->n_targets + (size_t)fact->target];
}

static struct tries *
tries_of(const struct letters *letters, const struct fact *fact)
{
    return &letters->tries[(size_t)fact->id * letters->checked->n_targets + (size_t)fact->target];
}

/* An expiresAt is content too, and each time another. */
void
letters_produced(const struct letters *letters, const struct fact *fact)
{
    uint32_t content = fact->flags & PRODUCED_EXPIRES ? 3u << CONTENTS_MAX : 1u << fact->content;
    for (uint32_t target = 0; target < letters->checked->n_targets; target++)
        letters->tries[(size_t)fact->id * letters->checked->n_targets + target].contents |= content;
}

void
letters_called(const struct letters *letters, const struct fact *fact)
{
    struct tries *tries = tries_of(letters, fact);
    if (tries->by == 0 || tries->by != fact->worker)
        tries->delivered = *delivered_by(letters, fact);
    tries->by = fact->worker;
}

/* An attempt counts when the target answered it, or delivered something else since the one before: an outage uses up nothing. */
void
letters_failed(const struct letters *letters, const struct fact *member, const struct fact *answer)
{
    struct tries *tries = tries_of(letters, member);
    uint64_t delivered = *delivered_by(letters, answer);
    if (tries->by != answer->worker)
        return;
    if (answer->word == letters->word_auth || answer->word == letters->word_config)
        tries->refusals++;
    if (answer->word != letters->word_not_sent && answer->word != letters->word_not_executed &&
        answer->word != letters->word_in_doubt)
        return;
    tries->counted += answer->index != 0 || delivered != tries->delivered;
    tries->delivered = delivered;
}

void
letters_answered(const struct letters *letters, const struct fact *answer)
{
    *delivered_by(letters, answer) += answer->word == letters->checked->word_delivered;
}

void
letters_parked(const struct letters *letters, size_t place, const struct fact *fact)
{
    struct checked *checked = letters->checked;
    const struct tries *tries = tries_of(letters, fact);
    judged(checked, 1);
    if (fact->word == letters->word_conflict && (tries->contents & (tries->contents - 1)) == 0)
        violated(checked, 1, place, "%s is parked for a conflict, and has one content only", name_of(checked, fact->id));
    if (tries->by == 0 || tries->by != fact->worker)
        return;                 /* a history without calls, or another worker called since: its tries stand here */
    if ((fact->word == letters->word_auth || fact->word == letters->word_config) && tries->refusals < REFUSALS_MIN)
        violated(checked, 1, place, "%s is parked for %s after %u refusals", name_of(checked, fact->id),
                 name_of(checked, fact->word), tries->refusals);
    if (fact->word == letters->word_budget && tries->counted == 0)
        violated(checked, 1, place, "%s is parked for its budget, and nothing used it up", name_of(checked, fact->id));
}

void
letters_init(struct letters *letters, struct checked *checked, uint32_t n_workers)
{
    const struct history *history = checked->history;
    *letters = (struct letters){ .checked = checked };
    letters->tries = calloc((size_t)history->n_texts * checked->n_targets + 1, sizeof(*letters->tries));
    letters->delivered = calloc((size_t)n_workers * checked->n_targets + 1, sizeof(*letters->delivered));
    letters->word_conflict = word_of(history, "conflict");
    letters->word_auth = word_of(history, "auth");
    letters->word_config = word_of(history, "config");
    letters->word_budget = word_of(history, "budget");
    letters->word_not_sent = word_of(history, "not_sent");
    letters->word_not_executed = word_of(history, "not_executed");
    letters->word_in_doubt = word_of(history, "in_doubt");
}

void
letters_release(struct letters *letters)
{
    free(letters->tries);
    free(letters->delivered);
}

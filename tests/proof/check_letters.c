/* check_letters.c: whether what was parked may have been, by the reason that it was parked for. Some reasons follow from what was
 * produced, others from calls: the latter are judged only where the history tells of calls, and of who wrote the dead letter. */
#include "tests/proof/letters.h"

#include <stdlib.h>
#include <string.h>

/* Outcomes as bits, in the order of their words. */
enum { AUTH = 4, CONFIG = 8, NOT_SENT = 16, NOT_EXECUTED = 32, IN_DOUBT = 64 };
enum { REFUSED = AUTH | CONFIG, FAILED = NOT_SENT | NOT_EXECUTED | IN_DOUBT, REFUSALS_MIN = 3 };

static const char *const outcome_words[OUTCOMES] = {
    "rejected", "too_large", "auth", "config", "not_sent", "not_executed", "in_doubt",
};

/* A dead letter with what it holds. */
struct parked {
    struct letters *letters;
    size_t place;
    const struct fact *letter, *produced;
    const struct tries *tries;  /* of who wrote it; NULL = it never called */
    bool knows_calls;           /* the history does, and who wrote it */
};

static struct delivered *
delivered_by(const struct letters *letters, const struct fact *fact)
{
    return &letters->delivered[(size_t)fact->worker * letters->checked->n_targets + (size_t)fact->target];
}

static struct tried *
tried_of(const struct letters *letters, uint32_t id, int32_t target)
{
    return &letters->tried[(size_t)id * letters->checked->n_targets + (size_t)target];
}

/* NULL: that worker did not call for it. */
static struct tries *
tries_of(const struct letters *letters, const struct tried *tried, uint32_t worker)
{
    for (size_t at = tried->tries; at; at = letters->tries[at - 1].next)
        if (letters->tries[at - 1].worker == worker)
            return &letters->tries[at - 1];
    return NULL;
}

/* For outcomes after which something may be parked, else 0. */
static uint32_t
bit_of(const struct letters *letters, uint32_t outcome)
{
    for (uint32_t i = 0; i < OUTCOMES; i++)
        if (letters->words[i] == outcome)
            return 1u << i;
    return 0;
}

/* ---- calls --------------------------------------------------------------------------------------------------------------- */

/* What was acknowledged in the very moment of the call may have been heard just after it was decided. */
void
letters_called(struct letters *letters, const struct fact *fact)
{
    const struct delivered *delivered = delivered_by(letters, fact);
    struct tried *tried = tried_of(letters, fact->id, fact->target);
    if (tries_of(letters, tried, fact->worker))
        return;
    uint64_t heard = delivered->at == fact->at ? delivered->n_before : delivered->n;
    letters->tries[letters->n_tries] = (struct tries){ .worker = fact->worker, .next = tried->tries, .called_at = fact->at,
                                                       .delivered = heard };
    tried->tries = ++letters->n_tries;
}

/* An attempt counts when the target answered it, or delivered something else since the one before: an outage uses up nothing. */
void
letters_failed(const struct letters *letters, const struct fact *member, const struct fact *answer)
{
    struct tried *tried = tried_of(letters, member->id, member->target);
    struct tries *tries = tries_of(letters, tried, answer->worker);
    uint64_t delivered = delivered_by(letters, answer)->n;
    uint32_t outcome = bit_of(letters, answer->word);
    tries->alone = member->limit == 1 ? outcome : 0;
    tries->alone_ever |= tries->alone;
    tries->refusals += (outcome & REFUSED) != 0;
    tried->doubts += outcome == IN_DOUBT;
    if (!(outcome & FAILED))
        return;
    tries->counted += answer->index != 0 || delivered != tries->delivered;
    tries->delivered = delivered;
}

void
letters_answered(const struct letters *letters, const struct fact *answer)
{
    struct delivered *delivered = delivered_by(letters, answer);
    if (answer->word != letters->checked->word_delivered)
        return;
    if (answer->at != delivered->at)
        delivered->n_before = delivered->n;
    delivered->at = answer->at;
    delivered->n++;
}

/* ---- reasons that follow from what was produced -------------------------------------------------------------------------- */

static const char *
reason_of(const struct parked *parked)
{
    return name_of(parked->letters->checked, parked->letter->word);
}

static void
refuse(const struct parked *parked, const char *why)
{
    struct checked *checked = parked->letters->checked;
    violated(checked, 1, parked->place, "%s (%d/%ld) is parked as %s, and %s", name_of(checked, parked->produced->id),
             parked->produced->partition, (long)parked->produced->offset, reason_of(parked), why);
}

/* It was written then at the latest. */
static int64_t
written_ms(const struct parked *parked)
{
    return parked->letter->at + parked->letter->number;
}

static void
judge_conflict(const struct parked *parked)
{
    if (parked->letters->contents[parked->produced->id].second_at > written_ms(parked))
        refuse(parked, "has one content only");
}

/* By the clock of its worker; where that is not known, by any. */
static void
judge_expired(const struct parked *parked)
{
    const struct target_facts *target = &parked->letters->checked->targets[parked->letter->target];
    int64_t now = written_ms(parked) + parked->letters->ahead[parked->letter->worker];
    bool is_late = parked->produced->flags & PRODUCED_EXPIRES && now >= parked->produced->number;
    bool is_old = target->max_age_ms > 0 && now >= parked->produced->at + target->max_age_ms;
    if (!is_late && !is_old)
        refuse(parked, "its time is not over");
}

/* ---- reasons that follow from calls -------------------------------------------------------------------------------------- */

/* Only what failed alone is known to be at fault. Where the store forgot the claim, or is done without, the worker may have two
 * of one id at hand, and the last call was for the other. What was under way for long may have been given up and called again. */
static bool
ended_alone(const struct parked *parked, uint32_t outcomes)
{
    const struct tries *tries = parked->tries;
    const struct checked *checked = parked->letters->checked;
    const struct target_facts *target = &checked->targets[parked->letter->target];
    if (!tries)
        return false;
    bool may_be_two = target->flags & TARGET_DEGRADES ||
                      forgot_since(checked, parked->produced->id, parked->letter->target, tries->called_at - target->lease_ms,
                                   parked->place);
    bool was_under_way = parked->letter->number < 0;
    return (may_be_two || was_under_way ? tries->alone_ever : tries->alone) & outcomes;
}

static bool
ended_so_alone(const struct parked *parked)
{
    return ended_alone(parked, bit_of(parked->letters, parked->letter->word));
}

static void
judge_refused(const struct parked *parked)
{
    if (!ended_so_alone(parked))
        refuse(parked, "its last call was not refused so, or not for it alone");
}

static void
judge_account(const struct parked *parked)
{
    if (!ended_so_alone(parked) || parked->tries->refusals < REFUSALS_MIN)
        refuse(parked, "its last call was not refused so, or not for it alone, or too few were");
}

static void
judge_budget(const struct parked *parked)
{
    if (!ended_alone(parked, FAILED) || parked->tries->counted == 0)
        refuse(parked, "its last call did not fail, or was not for it alone, or nothing used its budget up");
}

/* The policy may hold at all; and it was in doubt more often than that bears, or its end, of before a loss of memory, may be
 * forgotten. */
static void
judge_unconfirmed(const struct parked *parked)
{
    const struct letters *letters = parked->letters;
    const struct target_facts *target = &letters->checked->targets[parked->letter->target];
    if (!(target->flags & (TARGET_HOLDS | TARGET_HOLDS_AMNESIA)) && target->sends_max == 0)
        refuse(parked, "its target goes on in any doubt");
    if (!parked->knows_calls)
        return;
    uint32_t doubts = tried_of(letters, parked->produced->id, parked->letter->target)->doubts;
    uint32_t borne = target->flags & TARGET_HOLDS ? 0 : target->sends_max - 1;      /* 0 = no limit: the most there is */
    bool is_forgotten = parked->produced->at < letters->warned[parked->letter->worker];
    if (target->flags & TARGET_HOLDS_AMNESIA && is_forgotten && !(parked->produced->flags & PRODUCED_REPLAY))
        return;
    if (doubts <= borne)
        refuse(parked, "there is too little doubt");
}

/* ---- all reasons --------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *word;
    void (*judge)(const struct parked *);
    bool needs_calls;               /* to say anything */
} reasons[] = {
    { "conflict", judge_conflict, false },  { "expired", judge_expired, false },  { "rejected", judge_refused, true },
    { "too_large", judge_refused, true },   { "auth", judge_account, true },      { "config", judge_account, true },
    { "budget", judge_budget, true },       { "unconfirmed", judge_unconfirmed, false },
};

/* For no target: what nobody can read, and what no route wants. */
static void
judge_untargeted(const struct parked *parked)
{
    bool is_unreadable = parked->produced->flags & PRODUCED_UNREADABLE;
    bool fits = is_unreadable ? strncmp(reason_of(parked), "bad_input", strlen("bad_input")) == 0
                              : strcmp(reason_of(parked), "no_route") == 0;
    if (!fits)
        refuse(parked, is_unreadable ? "cannot be read" : "no route wants it");
}

static void
judge_targeted(struct parked *parked)
{
    const struct letters *letters = parked->letters;
    parked->knows_calls = letters->tells_calls && parked->letter->worker != 0;
    parked->tries = tries_of(letters, tried_of(letters, parked->produced->id, parked->letter->target), parked->letter->worker);
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (strcmp(reason_of(parked), reasons[i].word) != 0)
            continue;
        if (parked->knows_calls || !reasons[i].needs_calls)
            reasons[i].judge(parked);
        return;
    }
    refuse(parked, "that is no reason for it");
}

static void
letter_found(struct letters *letters, size_t place)
{
    const struct history *history = letters->checked->history;
    const struct fact *fact = &history->facts[place];
    const struct delivery *delivery =
        delivery_at(letters->checked, fact->partition, fact->offset, fact->index, fact->target);
    if (!delivery)
        return;                 /* I14 has said so */
    struct parked parked = { letters, place, fact, &history->facts[delivery->produced], NULL, false };
    judged(letters->checked, 1);
    if (fact->target < 0)
        judge_untargeted(&parked);
    else
        judge_targeted(&parked);
}

static void
clock_jumped(const struct letters *letters, const struct fact *fact)
{
    int64_t *own = &letters->ahead[fact->worker], *anybodys = &letters->ahead[0];
    *own = fact->number > *own ? fact->number : *own;
    *anybodys = fact->number > *anybodys ? fact->number : *anybodys;
}

/* Whoever knows of a loss and gives up an event of before it leaves a doubt: the next one meets a key, and knows of nothing. */
static void
given_up(const struct letters *letters, const struct fact *key)
{
    const struct checked *checked = letters->checked;
    size_t produced = letters->contents[key->id].first;
    bool holds = checked->targets[key->target].flags & TARGET_HOLDS_AMNESIA;
    if (holds && produced != NEVER && checked->history->facts[produced].at < letters->warned[key->worker])
        tried_of(letters, key->id, key->target)->doubts++;
}

void
letters_look(struct letters *letters, size_t place)
{
    const struct fact *fact = &letters->checked->history->facts[place];
    if (fact->kind == FACT_PARKED)
        letter_found(letters, place);
    else if (fact->kind == FACT_TAKEN)
        tried_of(letters, fact->id, fact->target)->doubts++;
    else if (fact->kind == FACT_KEY && fact->flags & KEY_GIVEN_UP)
        given_up(letters, fact);
    else if (fact->kind == FACT_CLOCK)
        clock_jumped(letters, fact);
    else if (fact->kind == FACT_WARNED && fact->number > letters->warned[fact->worker])
        letters->warned[fact->worker] = fact->number;
}

/* ---- begin and end ------------------------------------------------------------------------------------------------------- */

static bool
is_same(const struct fact *a, const struct fact *b)
{
    return a->content == b->content && (a->flags & PRODUCED_EXPIRES) == (b->flags & PRODUCED_EXPIRES) && a->number == b->number;
}

static void
read_contents(const struct letters *letters)
{
    const struct history *history = letters->checked->history;
    for (size_t i = 0; i < history->n_texts; i++)
        letters->contents[i] = (struct contents){ NEVER, INT64_MAX };
    for (size_t i = 0; i < history->n; i++) {
        const struct fact *fact = &history->facts[i];
        struct contents *contents = &letters->contents[fact->id];
        if (fact->kind != FACT_PRODUCED)
            continue;
        if (contents->first == NEVER)
            contents->first = i;
        else if (!is_same(&history->facts[contents->first], fact) && fact->at < contents->second_at)
            contents->second_at = fact->at;
    }
}

void
letters_init(struct letters *letters, struct checked *checked, size_t n_called)
{
    const struct history *history = checked->history;
    *letters = (struct letters){ .checked = checked, .tells_calls = n_called > 0 };
    letters->tried = calloc((size_t)history->n_texts * checked->n_targets + 1, sizeof(*letters->tried));
    letters->tries = malloc((n_called + 1) * sizeof(*letters->tries));
    letters->contents = malloc((history->n_texts + 1) * sizeof(*letters->contents));
    letters->delivered = calloc((size_t)checked->n_workers * checked->n_targets + 1, sizeof(*letters->delivered));
    letters->warned = malloc(checked->n_workers * sizeof(*letters->warned));
    letters->ahead = calloc(checked->n_workers, sizeof(*letters->ahead));
    for (uint32_t i = 0; i < checked->n_workers; i++)
        letters->warned[i] = INT64_MIN;
    for (uint32_t i = 0; i < OUTCOMES; i++)
        letters->words[i] = word_of(history, outcome_words[i]);
    read_contents(letters);
}

void
letters_release(struct letters *letters)
{
    free(letters->tried);
    free(letters->tries);
    free(letters->contents);
    free(letters->delivered);
    free(letters->warned);
    free(letters->ahead);
}

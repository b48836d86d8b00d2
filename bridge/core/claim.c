/* claim.c: the two tables of docs/semantics.md, "Redis": what a claim, an end or a renewal does with the value it meets. */
#include "bridge/core/claim.h"

#include "codecs/check.h"
#include "codecs/mutant.h"

#include <stddef.h>

static const char *const verdict_names[CLAIM_VERDICT_COUNT] = {
    [CLAIM_FREE] = "new",           [CLAIM_MINE] = "mine",          [CLAIM_RETRY] = "retry",
    [CLAIM_TAKEOVER] = "takeover",  [CLAIM_BUSY] = "busy",          [CLAIM_DUPLICATE] = "duplicate",
    [CLAIM_CONFLICT] = "conflict",  [CLAIM_REPEAT] = "repeat",      [CLAIM_TWIN] = "twin",
    [CLAIM_UNKNOWN] = "unknown",
};

const char *
claim_verdict_name(enum claim_verdict verdict)
{
    check((unsigned)verdict < CLAIM_VERDICT_COUNT);
    return verdict_names[verdict];
}

void
claim_value_of(const struct claim_order *order, uint64_t own, enum claim_state state, struct claim_value *value)
{
    if (MUTATED(done_before_ack) && state == CLAIM_STATE_CLAIMED)
        state = CLAIM_STATE_DONE;
    *value = (struct claim_value){ .state = state, .fp = order->fp };
    switch (state) {
    case CLAIM_STATE_CLAIMED:
        value->attempt = order->attempt > 0 ? order->attempt : 1;
        value->doubt = order->doubt;
        value->idle = order->idle;
        value->owner = own;
        value->dispatch = order->dispatch;
        value->connection = MUTATED(late_overtakes) ? 0 : order->connection;
        value->first_sent_ms = order->first_sent_ms;
        value->lease_ms = order->lease_ms;
        value->ttl_ms = order->ttl_ms;
        break;
    case CLAIM_STATE_RELEASED:
        value->attempt = order->attempt > 0 ? order->attempt : 1;
        break;
    case CLAIM_STATE_UNCONFIRMED:
        value->doubt = order->doubt;
        break;
    case CLAIM_STATE_DONE:
    case CLAIM_STATE_DEAD:
        break;
    case CLAIM_STATE_NONE:
        value->fp = 0;
        break;
    }
}

/* One more, staying at the top: what counts for ever must not begin again. */
static uint32_t
one_more(uint32_t count)
{
    return count < UINT32_MAX ? count + 1 : count;
}

/* The key is ours from now on: what is written and what is answered are the same numbers. */
static void
become_ours(const struct claim_order *order, uint64_t own, const struct claim_value *claim, enum claim_verdict verdict,
            struct claim_answer *answer, struct claim_value *write)
{
    claim_value_of(order, own, CLAIM_STATE_CLAIMED, write);
    write->attempt = claim->attempt;
    write->doubt = claim->doubt;
    write->first_sent_ms = claim->first_sent_ms;
    *answer = (struct claim_answer){ .verdict = verdict, .attempt = write->attempt, .doubt = write->doubt,
                                     .first_sent_ms = write->first_sent_ms };
}

/* Another custody may have sent, unless it gave the key up and left its count with it, or nothing was under way. */
static void
take_over(const struct claim_order *order, uint64_t own, const struct claim_value *met, struct claim_answer *answer,
          struct claim_value *write)
{
    struct claim_value claim = *met;
    claim.attempt = one_more(met->attempt);
    bool is_certain = met->lease_ms == 0 || met->idle || MUTATED(takeover_as_new);
    claim.doubt = is_certain && !MUTATED(idle_doubted) ? met->doubt : one_more(met->doubt);
    become_ours(order, own, &claim, CLAIM_TAKEOVER, answer, write);
}

/* An ended or released key begins again: R without doubt, U (only in a replay) with the doubt it was held for. */
static void
begin_again(const struct claim_order *order, uint64_t own, const struct claim_value *met, struct claim_answer *answer,
            struct claim_value *write)
{
    struct claim_value claim = { .attempt = one_more(met->attempt), .first_sent_ms = order->first_sent_ms };
    claim.doubt = met->state == CLAIM_STATE_UNCONFIRMED ? met->doubt : 0;
    become_ours(order, own, &claim, CLAIM_RETRY, answer, write);
    answer->met = met->state;
}

static void
stay_busy(const struct claim_value *met, ms_t rest_ms, struct claim_answer *answer)
{
    *answer = (struct claim_answer){ .verdict = CLAIM_BUSY, .rest_ms = rest_ms,
                                     .met_owner = met->owner, .met_dispatch = met->dispatch };
}

static void
meet_claim(const struct claim_order *order, uint64_t own, const struct claim_value *met, ms_t age_ms, bool open_here,
           struct claim_answer *answer, struct claim_value *write)
{
    ms_t lease_ms = MUTATED(takeover_early) ? met->lease_ms / 4 * 3 : met->lease_ms;
    ms_t rest_ms = lease_ms - (age_ms > 0 ? age_ms : 0);
    /* Mine: written again, because our lease is counted from this question and not from the one whose reply was lost. */
    if (met->owner == own && met->dispatch == order->dispatch)
        become_ours(order, own, met, CLAIM_MINE, answer, write);
    else if (met->lease_ms == 0)
        take_over(order, own, met, answer, write);
    else if (met->owner == own && open_here)    /* its end is waited for, not its lease: a lease that is over says nothing here */
        stay_busy(met, rest_ms > 0 ? rest_ms : met->lease_ms, answer);
    else if ((met->owner == own && !MUTATED(own_claim_waited_for)) || rest_ms <= 0)
        take_over(order, own, met, answer, write);
    else
        stay_busy(met, rest_ms, answer);
}

/* The top digit is the version of the fingerprint: prints of two versions say nothing about each other. */
static bool
prints_conflict(uint64_t a, uint64_t b)
{
    return a != b && a >> 60 == b >> 60;
}

void
claim_meet(const struct claim_order *order, uint64_t own, const struct claim_value *met, ms_t age_ms, bool open_here,
           struct claim_answer *answer, struct claim_value *write)
{
    *write = (struct claim_value){ .state = CLAIM_STATE_NONE };
    if (!met || met->state == CLAIM_STATE_NONE) {
        claim_value_of(order, own, CLAIM_STATE_CLAIMED, write);
        *answer = (struct claim_answer){ .verdict = CLAIM_FREE, .attempt = write->attempt, .doubt = write->doubt,
                                         .first_sent_ms = write->first_sent_ms };
        return;
    }
    if (prints_conflict(order->fp, met->fp)) {
        *answer = (struct claim_answer){ .verdict = CLAIM_CONFLICT, .met = met->state };
        return;
    }
    switch (met->state) {
    case CLAIM_STATE_CLAIMED:
        meet_claim(order, own, met, age_ms, open_here, answer, write);
        return;
    case CLAIM_STATE_RELEASED:
        begin_again(order, own, met, answer, write);
        return;
    case CLAIM_STATE_UNCONFIRMED:
    case CLAIM_STATE_DEAD:
        if (order->replay && !MUTATED(replay_of_dead_ignored)) {
            begin_again(order, own, met, answer, write);
            return;
        }
        break;
    case CLAIM_STATE_DONE:
        if (MUTATED(replay_ignores_done) && order->replay) {
            begin_again(order, own, met, answer, write);
            return;
        }
        break;
    case CLAIM_STATE_NONE:
        break;
    }
    *answer = (struct claim_answer){ .verdict = CLAIM_DUPLICATE, .met = met->state };
}

/* X, U and R name no owner. Met again with the same print it is the end that is to be written: ours, when the first reply was
 * lost, or one that says the same of the same event. */
static bool
is_written(const struct claim_order *order, const struct claim_value *met)
{
    if (met->state != order->end || met->fp != order->fp)
        return false;
    switch (met->state) {
    case CLAIM_STATE_DONE:
    case CLAIM_STATE_DEAD:
    case CLAIM_STATE_UNCONFIRMED:
        return true;
    case CLAIM_STATE_RELEASED:
        return met->attempt == (order->attempt > 0 ? order->attempt : 1);
    case CLAIM_STATE_CLAIMED:
    case CLAIM_STATE_NONE:
        break;
    }
    return false;
}

static bool
is_ours(const struct claim_order *order, uint64_t own, const struct claim_value *met)
{
    return met->state == CLAIM_STATE_CLAIMED && met->owner == own && met->dispatch == order->dispatch &&
           met->connection <= order->connection;
}

enum settle_answer
claim_settle_meet(const struct claim_order *order, uint64_t own, const struct claim_value *met, struct claim_value *write)
{
    check(order->end != CLAIM_STATE_NONE);
    *write = (struct claim_value){ .state = CLAIM_STATE_NONE };
    bool missing = !met || met->state == CLAIM_STATE_NONE;
    if (MUTATED(dead_over_done) && !missing && order->end == CLAIM_STATE_DEAD)
        missing = met->state == CLAIM_STATE_DONE;
    if (!missing && met->state == CLAIM_STATE_DONE)
        return order->end == CLAIM_STATE_DONE ? SETTLE_OK : SETTLE_FENCED;
    if (!missing && is_written(order, met))
        return SETTLE_OK;
    if (order->end != CLAIM_STATE_DONE && !missing && !is_ours(order, own, met))
        return SETTLE_FENCED;
    claim_value_of(order, own, order->end, write);
    return SETTLE_OK;
}

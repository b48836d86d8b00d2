/* claim_window.c: the table of repeats within a window (docs/semantics.md, "Repeats within a window"). */
#include "bridge/core/claim.h"

#include "codecs/mutant.h"

/* A leader that nobody renews, or that was given up and not read again, is not waited for beyond this many leases. */
enum { LEADER_LEASES = 2 };

enum twin_fate
claim_meet_leader(const struct claim_order *order, const struct claim_value *leader, ms_t age_ms)
{
    ms_t lease_ms = order->lease_ms;        /* R, and C given up, have none of their own: the next owner is waited for */
    switch (leader ? leader->state : CLAIM_STATE_NONE) {
    case CLAIM_STATE_DONE:
        return TWIN_SUPPRESSED;
    case CLAIM_STATE_CLAIMED:
        if (MUTATED(repeat_of_claimed))
            return TWIN_SUPPRESSED;
        if (leader->lease_ms > 0)
            lease_ms = leader->lease_ms;
        return age_ms > LEADER_LEASES * lease_ms ? TWIN_PROMOTED : TWIN_WAITS;
    case CLAIM_STATE_RELEASED:
        return age_ms > LEADER_LEASES * lease_ms ? TWIN_PROMOTED : TWIN_WAITS;
    case CLAIM_STATE_UNCONFIRMED:
    case CLAIM_STATE_DEAD:
    case CLAIM_STATE_NONE:
        break;
    }
    return TWIN_PROMOTED;
}

/* Found as ours it was written by an earlier try whose reply was lost: with the number that was asked for where there was
 * nothing, with one more where there was something. */
static enum claim_state
state_before(const struct claim_order *order, const struct claim_answer *answer)
{
    if (answer->verdict == CLAIM_FREE)
        return CLAIM_STATE_NONE;
    if (answer->verdict == CLAIM_RETRY)
        return answer->met;
    if (answer->verdict == CLAIM_MINE && answer->doubt == 0 && answer->attempt <= (order->attempt > 0 ? order->attempt : 1))
        return CLAIM_STATE_NONE;
    return answer->doubt > 0 ? CLAIM_STATE_CLAIMED : CLAIM_STATE_RELEASED;
}

/* As if it had not been asked for: this round was no attempt, the next one counts it again. */
void
claim_give_back(const struct claim_order *order, uint64_t own, const struct claim_answer *answer, struct claim_value *write)
{
    struct claim_order given_up = *order;
    given_up.attempt = answer->attempt > 1 ? answer->attempt - 1 : 1;
    given_up.doubt = answer->doubt;
    given_up.first_sent_ms = answer->first_sent_ms;
    given_up.lease_ms = 0;
    claim_value_of(&given_up, own, state_before(order, answer), write);
}

enum window_write
claim_meet_window(const struct claim_order *order, uint64_t own, struct slice leader_id, const struct claim_value *leader,
                  ms_t age_ms, struct claim_answer *answer, struct claim_value *write)
{
    if (!leader_id.at)
        return WINDOW_OPEN;
    if (slice_eq(leader_id, order->id))
        return WINDOW_KEEP;
    switch (claim_meet_leader(order, leader, age_ms)) {
    case TWIN_SUPPRESSED:
        answer->verdict = CLAIM_REPEAT;
        answer->leader = leader_id;
        return WINDOW_KEEP;
    case TWIN_WAITS:
        claim_give_back(order, own, answer, write);
        answer->verdict = CLAIM_TWIN;
        return WINDOW_KEEP;
    case TWIN_PROMOTED:
        break;
    }
    return WINDOW_HAND_OVER;
}

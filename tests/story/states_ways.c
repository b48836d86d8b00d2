/* states_ways.c: how "x" is led into each state. */
#include "tests/story/states_ways.h"

struct lone lone;

static uint32_t other;      /* a second record, where a state needs one */

static void
receive_x(enum lone_target target)
{
    lone.x = lone.n_records;
    lone_receive(&lone, target, "x", "x");
}

void
way_received(void)
{
    lone.x = 1;
    other = lone_receive(&lone, LONE_SOAR, "w", "x");
    lone_claimed(&lone, other, CLAIM_FREE);
    receive_x(LONE_SOAR);
}

void
way_queued(void)
{
    lone.x = 1;
    other = lone_receive(&lone, LONE_SOAR, "w", "w");
    lone_claimed(&lone, other, CLAIM_FREE);
    receive_x(LONE_SOAR);
}

void
way_claiming(void)
{
    receive_x(LONE_SOAR);
}

void
way_claimed_beside(void)
{
    lone.config.targets[0].linger_ms = 0;
    lone.x = 1;
    other = lone_receive(&lone, LONE_PORTAL, "w", "w");     /* takes the one slot */
    lone_claimed(&lone, other, CLAIM_FREE);
    receive_x(LONE_PORTAL);
    uint32_t beside = lone_receive(&lone, LONE_PORTAL, "v", "v");
    lone_called(&lone, other, OUTCOME_DELIVERED, 0);
    lone_claimed(&lone, lone.x, CLAIM_FREE);
    other = beside;
}

void
way_waiting(void)
{
    way_claiming();
    lone_claimed(&lone, lone.x, CLAIM_BUSY);
}

void
way_calling(void)
{
    way_claiming();
    lone_claimed(&lone, lone.x, CLAIM_FREE);
}

void
way_resting_marked_soon(void)
{
    way_calling();
    lone_called(&lone, lone.x, OUTCOME_NOT_SENT, 0);
}

void
way_resting(void)
{
    way_resting_marked_soon();
    lone_settled(&lone, lone.x, SETTLE_OK);
}

void
way_ready(void)
{
    way_calling();
    lone_called(&lone, lone.x, OUTCOME_THROTTLED, 60000);
    lone_settled(&lone, lone.x, SETTLE_OK);
}

static void
doubtful(void)
{
    way_calling();
    lone_called(&lone, lone.x, OUTCOME_IN_DOUBT, 0);
}

void
way_renewing(void)
{
    doubtful();
    lone_settled(&lone, lone.x, SETTLE_OK);
    lone_wait(&lone, 1000);
}

void
way_turn_before_mark(void)
{
    doubtful();
    lone_wait(&lone, 1000);
}

void
way_renewing_again(void)
{
    way_renewing();
    lone_settled(&lone, lone.x, SETTLE_UNKNOWN);
}

void
way_settling_done(void)
{
    way_calling();
    lone_called(&lone, lone.x, OUTCOME_DELIVERED, 0);
}

void
way_settling_again(void)
{
    way_settling_done();
    lone_settled(&lone, lone.x, SETTLE_UNKNOWN);
}

void
way_parking(void)
{
    way_calling();
    lone_called(&lone, lone.x, OUTCOME_REJECTED, 0);
}

void
way_settling_dead(void)
{
    way_parking();
    lone_parked(&lone, lone.x, true);
}

void
way_settling_unconfirmed(void)
{
    way_claiming();
    struct delivery *delivery = delivery_of(lone.engine, lone.delivery_tag);
    lone.engine->config.targets[delivery->target].on_ambiguous = AMBIGUOUS_HOLD;
    lone_claimed(&lone, lone.x, CLAIM_FREE);
    lone_called(&lone, lone.x, OUTCOME_IN_DOUBT, 0);
    lone_parked(&lone, lone.x, true);
}

void
way_settling_released(void)
{
    way_resting();
    lone_feed(&lone, (struct input){ .kind = INPUT_LOST });
}

void
way_settling_given_up(void)
{
    doubtful();
    lone_feed(&lone, (struct input){ .kind = INPUT_LOST });
}

void
way_parking_unclaimed(void)
{
    way_claiming();
    lone_claimed(&lone, lone.x, CLAIM_CONFLICT);
}

void
way_parking_record(void)
{
    lone.x = lone_receive_text(&lone, "{");
}

void
way_parking_again(void)
{
    way_parking();
    lone_parked(&lone, lone.x, false);
}

void
way_parking_renewing(void)
{
    way_parking();
    lone_wait(&lone, 10001);
}

void
way_held_marked_soon(void)
{
    lone.engine->config.guard = (struct guard_policy){ .share_permille = 1, .min_records = 1, .window_ms = 60000 };
    way_parking();
}

void
way_held(void)
{
    way_held_marked_soon();
    lone_settled(&lone, lone.x, SETTLE_OK);
}

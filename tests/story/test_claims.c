/* test_claims.c: what a delivery does with the answer to its claim, how it keeps the claim, and how it gives it up: the rules of
 * docs/semantics.md, "Redis". */
#include "tests/story/lone.h"
#include "tests/story/story.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct lone lone;

static void
claims_end(void)
{
    lone_release(&lone);
}

TestSuite(claims, .fini = claims_end);

/* The effect of that kind which is out for x. */
static const struct effect *
out_of_x(enum effect_kind kind)
{
    for (uint32_t i = 0; i < LONE_OUT; i++)
        if (lone.out[i].used && lone.out[i].effect.kind == kind && lone.out[i].handle == lone.x)
            return &lone.out[i].effect;
    cr_assert(false, "no effect %d is out", kind);
    return NULL;
}

static void
receive_x(void)
{
    lone_begin(&lone);
    lone.x = lone_receive(&lone, LONE_SOAR, "x", "x");
}

static void
x_is_called(void)
{
    receive_x();
    lone_claimed(&lone, lone.x, CLAIM_FREE);
}

/* ---- what the claim met ---------------------------------------------------------------------------------------------------- */

Test(story, a_claim_whose_reply_was_lost_is_ours_and_in_no_doubt)
{
    stage();
    story_begin();
    claim_says("inc-1", CLAIM_UNKNOWN, 0);
    claim_says("inc-1", CLAIM_MINE, 0);
    receive_alert(41, "inc-1", "i1");
    pass(2000);
    expect("[   0] inc-1    claim unknown\n"
           "[  20] inc-1    claim mine\n"
           "[  20] soar     call 1: inc-1\n"
           "[  30] soar     delivered 1: inc-1\n"
           "[1030] alerts   3 commit 42\n");
    cr_expect_eq(stats()->targets[1].possible_duplicates, 0);
}

Test(story, what_another_released_is_sent_without_doubt)
{
    stage();
    story_begin();
    claim_says("inc-1", CLAIM_RETRY, 0);
    receive_alert(41, "inc-1", "i1");
    pass(2000);
    expect_line("claim retry");
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(stats()->targets[1].possible_duplicates, 0);
}

Test(story, what_is_taken_over_may_come_twice_and_is_counted)
{
    stage();
    story_begin();
    claim_says("inc-1", CLAIM_TAKEOVER, 1);
    receive_alert(41, "inc-1", "i1");
    pass(2000);
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(stats()->targets[1].possible_duplicates, 1);
    cr_expect_eq(committed(), 42);
}

Test(story, what_was_given_up_unsent_is_taken_over_and_not_counted)
{
    stage();
    story_begin();
    claim_says("inc-1", CLAIM_TAKEOVER, 0);
    receive_alert(41, "inc-1", "i1");
    pass(2000);
    cr_expect_eq(calls_seen(), 1);
    cr_expect_eq(stats()->targets[1].possible_duplicates, 0);
}

Test(story, doubt_of_other_workers_counts_towards_max_ambiguous)
{
    stage()->targets[1].max_ambiguous = 2;
    story_begin();
    claim_says("inc-1", CLAIM_TAKEOVER, 2);
    claim_says("inc-2", CLAIM_TAKEOVER, 3);
    receive_alert(41, "inc-1", "i1");
    receive_alert(42, "inc-2", "i2");
    pass(2000);
    expect_line("call 1: inc-1");
    expect_no_line("call 1: inc-2");
    cr_expect_eq(parked_seen("unconfirmed"), 1);
    cr_expect_eq(committed(), 43);
}

Test(story, a_conflict_that_is_ignored_is_a_duplicate)
{
    stage()->targets[1].on_conflict = CONFLICT_IGNORE;
    story_begin();
    claim_says("inc-1", CLAIM_CONFLICT, 0);
    receive_alert(41, "inc-1", "i1");
    pass(2000);
    cr_expect_eq(parked_seen("conflict"), 0);
    cr_expect_eq(stats()->targets[1].claims[CLAIM_CONFLICT], 1);
    cr_expect_eq(stats()->targets[1].terminal[TERMINAL_DUPLICATE], 1);
    cr_expect_eq(committed(), 42);
}

Test(claims, a_replayed_record_says_so_in_its_claim_and_others_do_not)
{
    receive_x();
    cr_expect_not(out_of_x(EFFECT_CLAIM)->claim.replay);
    lone_finish(&lone);
    lone.x = lone.n_records;
    lone.header = (struct header){ SLICE("alertbridge-reason"), SLICE("r1") };
    lone_receive(&lone, LONE_SOAR, "y", "y");
    cr_expect_not(out_of_x(EFFECT_CLAIM)->claim.replay, "another header");
    lone_finish(&lone);
    lone.x = lone.n_records;
    lone.header.name = SLICE("alertbridge-replay");
    lone_receive(&lone, LONE_SOAR, "z", "z");
    cr_expect(out_of_x(EFFECT_CLAIM)->claim.replay);
    lone_finish(&lone);
}

/* ---- WAITING --------------------------------------------------------------------------------------------------------------- */

Test(story, who_waits_asks_after_20_ms_and_then_twice_as_long_up_to_a_second)
{
    stage();
    story_begin();
    for (int i = 0; i < 9; i++)
        claim_says("inc-1", CLAIM_BUSY, 0);
    receive_alert(41, "inc-1", "i1");
    pass(4200);
    expect("[   0] inc-1    claim busy\n"
           "[  20] inc-1    claim busy\n"
           "[  60] inc-1    claim busy\n"
           "[ 140] inc-1    claim busy\n"
           "[ 300] inc-1    claim busy\n"
           "[ 620] inc-1    claim busy\n"
           "[1260] inc-1    claim busy\n"
           "[2260] inc-1    claim busy\n"
           "[3260] inc-1    claim busy\n");
}

Test(claims, who_waits_asks_again_when_the_lease_it_waits_for_is_over)
{
    receive_x();
    struct input input = { .kind = INPUT_CLAIMED };
    input.claimed.tag = lone.delivery_tag;
    input.claimed.answer = (struct claim_answer){ .verdict = CLAIM_BUSY, .rest_ms = 3 };
    lone_forget_out(&lone, EFFECT_CLAIM, lone.delivery_tag);
    lone_feed(&lone, input);
    cr_expect_eq(engine_deadline(lone.engine), lone.now + 3);
    lone_wait(&lone, 3);
    cr_expect_eq(lone_state(&lone), DELIVERY_CLAIMING);
    lone_finish(&lone);
    cr_expect_str_eq(lone.failure, "");
}

Test(story, who_waits_holds_neither_a_slot_nor_a_rate_token)
{
    static const enum claim_verdict verdicts[] = { CLAIM_BUSY, CLAIM_UNKNOWN, CLAIM_DUPLICATE, CLAIM_CONFLICT };
    for (size_t i = 0; i < 4; i++) {
        struct engine_config *config = stage();
        config->targets[1].concurrency = 1;
        config->targets[1].rate_per_hour = 60;      /* one a minute, and one at the start */
        story_begin();
        for (int j = 0; j < 200; j++)
            claim_says("inc-1", verdicts[i], 0);
        receive_alert(41, "inc-1", "i1");
        receive_alert(42, "inc-2", "i2");
        pass(5);
        expect_line("call 1: inc-2");
        cr_expect_eq(stats()->targets[1].calls_inflight, 1, "%s", claim_verdict_name(verdicts[i]));
    }
}

Test(story, two_copies_in_one_worker_are_sent_once_and_the_second_ends_with_the_first)
{
    stage();
    story_begin();
    for (int i = 0; i < 6; i++)
        claim_meets_own("copy", 1);             /* asked at 0, 20, 60, 140, 300 and 620 ms; next at 1260 */
    claim_says("copy", CLAIM_DUPLICATE, 0);
    calls_hang();
    receive_alert(41, "first", "i1");
    receive_alert(42, "copy", "i2");
    pass(700);
    expect_line("copy     claim busy");
    forget();
    calls_return();
    pass(0);
    expect("[ 700] soar     delivered 1: first\n"
           "[ 700] copy     claim duplicate\n");
}

/* ---- custody --------------------------------------------------------------------------------------------------------------- */

Test(claims, no_call_begins_after_the_safe_time_of_its_claim)
{
    receive_x();
    lone_wait(&lone, 5);        /* the reply took that long: counted from before it was asked for */
    lone_claimed(&lone, lone.x, CLAIM_FREE);
    const struct target_policy *policy = &lone.config.targets[LONE_SOAR];
    cr_expect_eq(out_of_x(EFFECT_CALL)->call.not_after_ms, policy->claim_lease_ms - policy->call_timeout_ms - 2000);
    lone_finish(&lone);
}

Test(claims, the_margin_of_a_short_lease_is_a_fifth_of_it)
{
    lone_begin(&lone);
    struct target_policy *policy = &lone.engine->config.targets[LONE_SOAR];
    policy->claim_lease_ms = 3000;
    policy->call_timeout_ms = 1000;
    lone.x = lone_receive(&lone, LONE_SOAR, "x", "x");
    lone_claimed(&lone, lone.x, CLAIM_FREE);
    cr_expect_eq(out_of_x(EFFECT_CALL)->call.not_after_ms, 3000 - 1000 - 600);
    lone_finish(&lone);
}

Test(claims, what_could_not_begin_in_time_is_renewed_and_called_with_a_new_deadline)
{
    x_is_called();
    lone_wait(&lone, 18001);
    struct input input = lone_call_answer(lone.call_tag, OUTCOME_NOT_SENT, 0);
    input.called.lease_over = true;
    lone_forget_out(&lone, EFFECT_CALL, lone.call_tag);
    lone_feed(&lone, input);
    lone_settled(&lone, lone.x, SETTLE_OK);
    cr_expect_eq(out_of_x(EFFECT_CALL)->call.not_after_ms, 18001 + 18000);
    cr_expect_eq(engine_stats(lone.engine)->targets[LONE_SOAR].lease_aborts, 1);
    cr_expect_eq(lone.engine->targets[LONE_SOAR].failures, 0, "no fault of the target");
    lone_finish(&lone);
    cr_expect_str_eq(lone.failure, "");
}

Test(claims, a_claim_is_renewed_at_a_third_of_its_lease_while_its_delivery_waits)
{
    static const enum outcome outcomes[] = { OUTCOME_THROTTLED, OUTCOME_REJECTED };    /* BACKOFF, PARKING */
    for (size_t i = 0; i < 2; i++) {
        x_is_called();
        lone_called(&lone, lone.x, outcomes[i], 300000);
        lone_settled(&lone, lone.x, SETTLE_OK);             /* marked as idle */
        lone_wait(&lone, 9999);
        for (uint32_t j = 0; j < LONE_OUT; j++)
            cr_expect_not(lone.out[j].used && lone.out[j].effect.kind == EFFECT_RENEW, "too early");
        lone_wait(&lone, 1);
        const struct effect *renew = out_of_x(EFFECT_RENEW);
        cr_expect_eq(renew->claim.end, CLAIM_STATE_CLAIMED);
        cr_expect_eq(renew->claim.lease_ms, 30000);
        cr_expect_eq(renew->claim.ttl_ms, 86400000, "the key lives as long as ever");
        lone_finish(&lone);
        cr_expect_str_eq(lone.failure, "");
    }
}

Test(claims, a_renewal_restarts_the_safe_time_from_before_it_was_sent)
{
    x_is_called();
    lone_called(&lone, lone.x, OUTCOME_THROTTLED, 15000);
    lone_settled(&lone, lone.x, SETTLE_OK);             /* marked as idle */
    lone_wait(&lone, 15000);
    lone_settled(&lone, lone.x, SETTLE_OK);             /* of a third of the lease ago: idle as well */
    lone_wait(&lone, 400);                              /* the answer of the next takes that long */
    lone_settled(&lone, lone.x, SETTLE_OK);
    cr_expect_eq(out_of_x(EFFECT_CALL)->call.not_after_ms, 15000 + 18000);
    lone_finish(&lone);
}

Test(claims, what_was_surely_not_sent_is_released_on_revoke_and_what_is_in_doubt_is_given_up_with_its_doubt)
{
    static const struct { enum outcome outcome; enum claim_state end; uint32_t doubt; } rows[] = {
        { OUTCOME_NOT_SENT, CLAIM_STATE_RELEASED, 0 }, { OUTCOME_NOT_EXECUTED, CLAIM_STATE_RELEASED, 0 },
        { OUTCOME_THROTTLED, CLAIM_STATE_RELEASED, 0 }, { OUTCOME_IN_DOUBT, CLAIM_STATE_CLAIMED, 1 },
    };
    for (size_t i = 0; i < 4; i++)
        for (int late = 0; late < 2; late++) {          /* before the call has ended, and after */
            x_is_called();
            if (!late)
                lone_called(&lone, lone.x, rows[i].outcome, 0);
            lone_feed(&lone, (struct input){ .kind = INPUT_REVOKED });
            if (late)
                lone_called(&lone, lone.x, rows[i].outcome, 0);
            const struct claim_order *order = &out_of_x(EFFECT_SETTLE)->claim;
            cr_expect_eq(order->end, rows[i].end, "row %zu", i);
            cr_expect_eq(order->doubt, rows[i].doubt, "row %zu", i);
            cr_expect(order->end == CLAIM_STATE_RELEASED || order->lease_ms == 0, "row %zu: the next owner need not wait", i);
            lone_finish(&lone);
            cr_expect_str_eq(lone.failure, "", "row %zu: %s", i, lone.failure);
        }
}

Test(claims, the_end_of_a_dead_letter_is_written_after_it_is_acknowledged_and_says_dead_or_unconfirmed)
{
    for (int hold = 0; hold < 2; hold++) {
        x_is_called();
        lone.engine->config.targets[LONE_SOAR].on_ambiguous = hold ? AMBIGUOUS_HOLD : AMBIGUOUS_RESEND;
        lone_called(&lone, lone.x, hold ? OUTCOME_IN_DOUBT : OUTCOME_REJECTED, 0);
        cr_expect_not(lone_settled(&lone, lone.x, SETTLE_OK), "not before the dead letter is acknowledged");
        lone_parked(&lone, lone.x, true);
        cr_expect_eq(out_of_x(EFFECT_SETTLE)->claim.end, hold ? CLAIM_STATE_UNCONFIRMED : CLAIM_STATE_DEAD);
        cr_expect_eq(out_of_x(EFFECT_SETTLE)->claim.doubt, hold);
        cr_expect_eq(lone.committed, 41);
        lone_finish(&lone);
        cr_expect_str_eq(lone.failure, "");
    }
}

/* ---- D is top -------------------------------------------------------------------------------------------------------------- */

Test(claims, an_acknowledged_delivery_is_done_whatever_stands_in_the_store)
{
    x_is_called();
    lone_called(&lone, lone.x, OUTCOME_DELIVERED, 0);
    cr_expect_eq(out_of_x(EFFECT_SETTLE)->claim.end, CLAIM_STATE_DONE);
    lone_settled(&lone, lone.x, SETTLE_FENCED);
    cr_expect_eq(lone_state(&lone), DELIVERY_FREE);
    cr_expect_eq(engine_stats(lone.engine)->targets[LONE_SOAR].terminal[TERMINAL_DELIVERED], 1);
    lone_finish(&lone);
    cr_expect_str_eq(lone.failure, "");
}

Test(claims, a_fenced_dead_letter_waits_for_the_end_of_the_other_owner)
{
    x_is_called();
    lone_called(&lone, lone.x, OUTCOME_REJECTED, 0);
    lone_parked(&lone, lone.x, true);
    lone_settled(&lone, lone.x, SETTLE_FENCED);
    cr_expect_eq(lone_state(&lone), DELIVERY_WAITING);
    lone_wait(&lone, 20);
    cr_expect_neq(out_of_x(EFFECT_CLAIM)->claim.dispatch, 1, "a custody of its own");
    lone_claimed(&lone, lone.x, CLAIM_DUPLICATE);
    cr_expect_eq(lone_state(&lone), DELIVERY_FREE);
    cr_expect_eq(engine_stats(lone.engine)->targets[LONE_SOAR].fenced, 1);
    lone_finish(&lone);
    cr_expect_str_eq(lone.failure, "");
}

Test(claims, doubt_is_in_the_renewal_that_comes_before_the_second_call)
{
    x_is_called();
    lone_called(&lone, lone.x, OUTCOME_IN_DOUBT, 0);
    lone_settled(&lone, lone.x, SETTLE_OK);             /* marked as idle */
    lone_wait(&lone, 1000);
    cr_expect(out_of_x(EFFECT_RENEW)->claim.doubt == 1 && out_of_x(EFFECT_RENEW)->claim.first_sent_ms > 0);
    cr_expect_not(lone_called(&lone, lone.x, OUTCOME_DELIVERED, 0), "no second call is out yet");
    lone_settled(&lone, lone.x, SETTLE_OK);
    cr_expect(lone_called(&lone, lone.x, OUTCOME_DELIVERED, 0));
    lone_finish(&lone);
    cr_expect_str_eq(lone.failure, "");
}

Test(claims, the_answer_to_an_earlier_renewal_given_again_lets_no_call_begin_whose_doubt_is_unwritten)
{
    x_is_called();
    lone_called(&lone, lone.x, OUTCOME_IN_DOUBT, 0);
    lone_settled(&lone, lone.x, SETTLE_OK);             /* marked as idle */
    lone_wait(&lone, 1000);
    struct input again = { .kind = INPUT_SETTLED, .settled = { out_of_x(EFFECT_RENEW)->claim.tag, SETTLE_OK } };
    lone_settled(&lone, lone.x, SETTLE_OK);
    lone_called(&lone, lone.x, OUTCOME_IN_DOUBT, 0);
    lone_settled(&lone, lone.x, SETTLE_OK);
    lone_wait(&lone, 2000);
    cr_expect_eq(out_of_x(EFFECT_RENEW)->claim.doubt, 2);
    lone_feed(&lone, again);
    cr_expect_not(lone_called(&lone, lone.x, OUTCOME_DELIVERED, 0), "the second doubt is not written yet");
    lone_settled(&lone, lone.x, SETTLE_OK);
    cr_expect(lone_called(&lone, lone.x, OUTCOME_DELIVERED, 0));
    lone_finish(&lone);
    cr_expect_str_eq(lone.failure, "");
}

Test(claims, the_lease_and_the_life_of_a_key_are_the_targets)
{
    lone_begin(&lone);
    lone.engine->config.targets[LONE_SOAR].claim_lease_ms = 45000;
    lone.engine->config.targets[LONE_SOAR].dedup_ttl_ms = 777000;
    lone.x = lone_receive(&lone, LONE_SOAR, "x", "x");
    cr_expect_eq(out_of_x(EFFECT_CLAIM)->claim.lease_ms, 45000);
    cr_expect_eq(out_of_x(EFFECT_CLAIM)->claim.ttl_ms, 777000);
    lone_finish(&lone);
}

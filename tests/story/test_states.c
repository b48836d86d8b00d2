/* test_states.c: every state of a delivery meets every input: where it goes stands in the tables below. */
#include "tests/story/states_ways.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>

static void
states_end(void)
{
    lone_release(&lone);
}

TestSuite(states, .fini = states_end);

/* ---- inputs ---------------------------------------------------------------------------------------------------------------- */

enum what {
    CLAIMED, CALLED = CLAIMED + CLAIM_VERDICT_COUNT, LEASE_OVER = CALLED + OUTCOME_COUNT, SETTLED, PARKED = SETTLED + 3,
    COMMITTED = PARKED + 2, RECORD = COMMITTED + 3, ASSIGNED, REVOKED, LOST, CREDENTIAL, AMNESIA = CREDENTIAL + 5, CONTROL,
    TICK = CONTROL + 3, LATER, WHAT_COUNT,
};

enum { HOUR_MS = 3600000 };

static bool
is_answer(uint32_t what)
{
    return what < COMMITTED;
}

static struct input
answer_of(uint32_t what, struct tag delivery, struct tag call)
{
    struct input input = { 0 };
    if (what < CALLED) {
        input.kind = INPUT_CLAIMED;
        input.claimed.tag = delivery;
        input.claimed.answer = (struct claim_answer){ .verdict = (enum claim_verdict)(what - CLAIMED), .attempt = 1,
                                                      .rest_ms = 30000, .leader = SLICE("boss") };
    } else if (what <= LEASE_OVER) {
        input = lone_call_answer(call, what == LEASE_OVER ? OUTCOME_NOT_SENT : (enum outcome)(what - CALLED), 0);
        input.called.lease_over = what == LEASE_OVER;
    } else if (what < PARKED) {
        input.kind = INPUT_SETTLED;
        input.settled.tag = delivery;
        input.settled.answer = (enum settle_answer)(what - SETTLED);
    } else {
        input.kind = INPUT_PARKED;
        input.parked.tag = delivery;
        input.parked.ok = what == PARKED;
    }
    return input;
}

static struct input
commit_of(uint32_t what)
{
    struct input input = { .kind = INPUT_COMMITTED };
    input.committed.epoch = lone.epoch;
    input.committed.offset = 41;
    input.committed.result = (enum commit_result)(what - COMMITTED);
    lone.stale_commits |= input.committed.result == COMMIT_STALE;
    return input;
}

/* Had; not had; refused by the service; new secrets that work; new secrets of which nothing is known. */
static struct input
credential_of(uint32_t what)
{
    struct input input = { .kind = INPUT_CREDENTIAL };
    input.credential.target = LONE_SOAR;
    input.credential.ok = what == CREDENTIAL || what == CREDENTIAL + 3;
    input.credential.refused = what == CREDENTIAL + 2;
    input.credential.rotated = what >= CREDENTIAL + 3;
    input.credential.expires_at_ms = MS_NEVER;
    return input;
}

/* An hour; or as long as it takes until the claims of a call are too old for it to begin. */
static void
wait_for(uint32_t what)
{
    if (what == LATER)
        lone.now += HOUR_MS;
    if (what == LEASE_OVER && lone_state(&lone) == DELIVERY_CALLING)
        lone.now += 19000;
}

static void
feed(uint32_t what)
{
    struct input input = { .kind = INPUT_TICK };
    wait_for(what);
    if (is_answer(what))
        input = answer_of(what, lone.delivery_tag, lone.call_tag);
    else if (what < RECORD)
        input = commit_of(what);
    else if (what >= CREDENTIAL && what < AMNESIA)
        input = credential_of(what);
    else if (what >= CONTROL && what < TICK)
        input = (struct input){ .kind = INPUT_CONTROL, .control = (enum control)(what - CONTROL) };
    else if (what == AMNESIA)
        input = (struct input){ .kind = INPUT_AMNESIA, .amnesia.until_ms = 1767322000000 };
    else if (what == REVOKED || what == LOST)
        input = (struct input){ .kind = what == LOST ? INPUT_LOST : INPUT_REVOKED };

    if (what == RECORD)
        lone_receive(&lone, LONE_SOAR, "y", "y");
    else if (what == ASSIGNED)
        lone_assign(&lone);
    else
        lone_feed(&lone, input);
}

/* What the world answered by feed() is not answered again at the end. */
static void
answered(uint32_t what)
{
    struct tag delivery = lone.delivery_tag, call = lone.call_tag;
    if (what < CALLED)
        lone_forget_out(&lone, EFFECT_CLAIM, delivery);
    else if (what <= LEASE_OVER)
        lone_forget_out(&lone, EFFECT_CALL, call);
    else if (what < PARKED)
        lone_forget_out(&lone, EFFECT_SETTLE, delivery), lone_forget_out(&lone, EFFECT_RENEW, delivery);
    else if (what < COMMITTED)
        lone_forget_out(&lone, EFFECT_PARK, delivery);
}

/* ---- the tables ------------------------------------------------------------------------------------------------------------ */

/* Where x is after the input: r q c w C b s p e h as the states begin (C = CALLING), . = it is over, = = it stays.
 * claimed:   free mine retry takeover busy duplicate conflict repeat twin unknown
 * called:    delivered not_sent not_executed throttled in_doubt rejected too_large auth config, and lease over
 * settled:   ok fenced unknown; parked: ok, not; committed: ok stale failed
 * others:    record assigned revoked lost, credential had, not had, refused, rotated, rotated and unknown, amnesia,
 *            pause resume drain, tick at once and after an hour */
static const struct row {
    const char *name;
    void (*way)(void);
    enum delivery_state state;
    const char *claimed, *called, *settled, *parked, *committed, *others;
} rows[] = {
    { "received", way_received, DELIVERY_RECEIVED,           "==========", "==========", "===", "==", "===", "==..========.==" },
    { "queued", way_queued, DELIVERY_QUEUED,                 "==========", "==========", "===", "==", "===", "==..========.==" },
    { "claiming", way_claiming, DELIVERY_CLAIMING,           "CCCCw.psww", "==========", "===", "==", "===", "===============" },
    { "claimed, its neighbour is not", way_claimed_beside, DELIVERY_CLAIMING,
                                                         "==========", "==========", "===", "==", "===", "===============" },
    { "waiting", way_waiting, DELIVERY_WAITING,              "==========", "==========", "===", "==", "===", "==..========.=c" },
    { "calling", way_calling, DELIVERY_CALLING,              "==========", "sbbbbppbbb", "===", "==", "===", "===============" },
    { "resting", way_resting, DELIVERY_BACKOFF,              "==========", "==========", "===", "==", "===", "==ss========s==" },
    { "resting, marked soon", way_resting_marked_soon, DELIVERY_BACKOFF,
                                                         "==========", "==========", "=w=", "==", "===", "==ss========s==" },
    { "ready", way_ready, DELIVERY_BACKOFF,                  "==========", "==========", "===", "==", "===", "==ss========s==" },
    { "renewing", way_renewing, DELIVERY_BACKOFF,            "==========", "==========", "Cw=", "==", "===", "===============" },
    { "its turn before its mark", way_turn_before_mark, DELIVERY_BACKOFF,
                                                         "==========", "==========", "=w=", "==", "===", "===============" },
    { "to be renewed again", way_renewing_again, DELIVERY_BACKOFF,
                                                         "==========", "==========", "===", "==", "===", "===============" },
    { "settling done", way_settling_done, DELIVERY_SETTLING, "==========", "==========", "..=", "==", "===", "===============" },
    { "settling dead", way_settling_dead, DELIVERY_SETTLING, "==========", "==========", ".w=", "==", "===", "===============" },
    { "settling unconfirmed", way_settling_unconfirmed, DELIVERY_SETTLING,
                                                         "==========", "==========", ".w=", "==", "===", "===============" },
    { "settling released", way_settling_released, DELIVERY_SETTLING,
                                                         "==========", "==========", "..=", "==", "===", "===============" },
    { "settling given up", way_settling_given_up, DELIVERY_SETTLING,
                                                         "==========", "==========", "..=", "==", "===", "===============" },
    { "to be settled again", way_settling_again, DELIVERY_SETTLING,
                                                         "==========", "==========", "===", "==", "===", "===============" },
    { "parking", way_parking, DELIVERY_PARKING,              "==========", "==========", "===", "s=", "===", "===============" },
    { "parking without a claim", way_parking_unclaimed, DELIVERY_PARKING,
                                                         "==========", "==========", "===", ".=", "===", "===============" },
    { "parking a record", way_parking_record, DELIVERY_PARKING,
                                                         "==========", "==========", "===", ".=", "===", "===============" },
    { "to be parked again", way_parking_again, DELIVERY_PARKING,
                                                         "==========", "==========", "===", "==", "===", "===============" },
    { "parking while renewed", way_parking_renewing, DELIVERY_PARKING,
                                                         "==========", "==========", "===", "s=", "===", "===============" },
    { "held", way_held, DELIVERY_HELD,                       "==========", "==========", "===", "==", "===", "=sss=======bs=b" },
    { "held, marked soon", way_held_marked_soon, DELIVERY_HELD,
                                                         "==========", "==========", "=w=", "==", "===", "=sss=======bs=b" },
};

/* The same, after a revoke, a loss or the beginning of a shutdown: nothing is begun any more, what is under way ends. A dead
 * letter that is refused then is not tried again: that would keep the key from the next owner, who writes one himself. */
static const struct row left[] = {
    { "claiming", way_claiming, DELIVERY_CLAIMING,           "ssss..ps..", "==========", "===", "==", "===", NULL },
    { "calling", way_calling, DELIVERY_CALLING,              "==========", "ssssssssss", "===", "==", "===", NULL },
    { "renewing", way_renewing, DELIVERY_BACKOFF,            "==========", "==========", "s.=", "==", "===", NULL },
    { "settling done", way_settling_done, DELIVERY_SETTLING, "==========", "==========", "..=", "==", "===", NULL },
    { "settling dead", way_settling_dead, DELIVERY_SETTLING, "==========", "==========", "..=", "==", "===", NULL },
    { "settling unconfirmed", way_settling_unconfirmed, DELIVERY_SETTLING,
                                                         "==========", "==========", "..=", "==", "===", NULL },
    { "parking", way_parking, DELIVERY_PARKING,              "==========", "==========", "===", "ss", "===", NULL },
    { "parking without a claim", way_parking_unclaimed, DELIVERY_PARKING,
                                                         "==========", "==========", "===", "..", "===", NULL },
    { "parking a record", way_parking_record, DELIVERY_PARKING,
                                                         "==========", "==========", "===", "..", "===", NULL },
    { "to be parked again", way_parking_again, DELIVERY_PARKING,
                                                         "==========", "==========", "===", "==", "===", NULL },
    { "parking while renewed", way_parking_renewing, DELIVERY_PARKING,
                                                         "==========", "==========", "===", "ss", "===", NULL },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]), LEFT = sizeof(left) / sizeof(left[0]) };

static enum delivery_state
expected(const struct row *row, uint32_t what)
{
    static const char letters[] = ".rqcwCbspeh";     /* in the order of enum delivery_state */
    char cell = what < CALLED ? row->claimed[what - CLAIMED] : what <= LEASE_OVER ? row->called[what - CALLED]
                : what < PARKED ? row->settled[what - SETTLED] : what < COMMITTED ? row->parked[what - PARKED]
                : what < RECORD ? row->committed[what - COMMITTED] : row->others[what - RECORD];
    const char *at = strchr(letters, cell);
    return cell == '=' ? row->state : (enum delivery_state)(at - letters);
}

static char cell_name[128];

/* A check() of the engine that an input reaches names the cell. */
static void
on_abort(int number)
{
    (void)number;
    fprintf(stderr, "aborted: %s\n", cell_name);
    signal(SIGABRT, SIG_DFL);
}

static void
begin(const struct row *row, uint32_t what, const char *how)
{
    snprintf(cell_name, sizeof(cell_name), "%s, input %u%s", row->name, what, how);
    signal(SIGABRT, on_abort);
    lone_begin(&lone);
    row->way();
    cr_assert_eq(lone_state(&lone), row->state, "%s: the way leads to %s", row->name, delivery_state_name(lone_state(&lone)));
}

static void
end(enum delivery_state state)
{
    cr_expect_eq(lone_state(&lone), state, "%s: %s instead of %s", cell_name, delivery_state_name(lone_state(&lone)),
                 delivery_state_name(state));
    lone_finish(&lone);
    cr_expect_eq(lone_state(&lone), DELIVERY_FREE, "%s: it does not end", cell_name);
    cr_expect_str_eq(lone.failure, "", "%s: %s", cell_name, lone.failure);
}

Test(states, every_state_meets_every_input_as_the_table_says)
{
    for (uint32_t i = 0; i < ROWS; i++)
        for (uint32_t what = 0; what < WHAT_COUNT; what++) {
            begin(&rows[i], what, "");
            answered(what);
            feed(what);
            end(expected(&rows[i], what));
        }
}

Test(states, what_is_left_behind_begins_nothing_and_ends_what_is_under_way)
{
    static const uint32_t leaving[] = { REVOKED, LOST, CONTROL + CONTROL_DRAIN };
    for (uint32_t i = 0; i < LEFT; i++)
        for (uint32_t way = 0; way < 3; way++)
            for (uint32_t what = 0; what < COMMITTED; what++) {
                begin(&left[i], what, way == 0 ? " after a revoke" : way == 1 ? " after a loss" : " in a shutdown");
                feed(leaving[way]);
                answered(what);
                feed(what);
                end(expected(&left[i], what));
            }
}

/* Both at once, and with what the first one led to in between. */
Test(states, an_answer_given_twice_counts_once)
{
    for (uint32_t i = 0; i < ROWS; i++)
        for (uint32_t what = 0; what < COMMITTED; what++)
            for (int pulled = 0; pulled < 2; pulled++) {
                begin(&rows[i], what, " twice");
                struct input input = answer_of(what, lone.delivery_tag, lone.call_tag);
                wait_for(what);
                answered(what);
                (pulled ? lone_feed : lone_feed_only)(&lone, input);
                uint64_t stale = engine_stats(lone.engine)->stale_answers;
                lone_feed(&lone, input);
                cr_expect_eq(engine_stats(lone.engine)->stale_answers, stale + 1, "%s: the second one was taken", cell_name);
                end(expected(&rows[i], what));
            }
}

Test(states, an_answer_to_an_effect_of_before_moves_nothing)
{
    for (uint32_t i = 0; i < ROWS; i++)
        for (uint32_t what = 0; what < COMMITTED; what++) {
            begin(&rows[i], what, " stale");
            struct tag delivery = lone.delivery_tag, call = lone.call_tag;
            delivery.serial--;
            call.serial--;
            uint64_t stale = engine_stats(lone.engine)->stale_answers;
            lone_feed(&lone, answer_of(what, delivery, call));
            cr_expect_eq(engine_stats(lone.engine)->stale_answers, stale + 1, "%s: it was taken", cell_name);
            end(rows[i].state);
        }
}

Test(states, an_answer_with_a_slot_that_never_was_is_stale)
{
    for (uint32_t what = 0; what < COMMITTED; what++) {
        begin(&rows[0], what, " of nobody");
        lone_feed(&lone, answer_of(what, (struct tag){ UINT32_MAX, 1 }, (struct tag){ UINT32_MAX, 1 }));
        cr_expect_eq(engine_stats(lone.engine)->stale_answers, 1, "%s", cell_name);
        end(rows[0].state);
    }
}

Test(states, every_step_between_states_is_in_the_table_or_forbidden)
{
    static const char *const steps[DELIVERY_STATE_COUNT] = {
        [DELIVERY_FREE] = "r", [DELIVERY_RECEIVED] = "qpeh.", [DELIVERY_QUEUED] = "c.", [DELIVERY_CLAIMING] = "Cbwpse",
        [DELIVERY_WAITING] = "q.", [DELIVERY_CALLING] = "sb", [DELIVERY_BACKOFF] = "Cpswh", [DELIVERY_SETTLING] = "w.",
        [DELIVERY_PARKING] = "se.", [DELIVERY_ENDING] = ".", [DELIVERY_HELD] = "bpsw.",
    };
    for (unsigned from = 0; from < DELIVERY_STATE_COUNT; from++)
        for (unsigned to = 0; to < DELIVERY_STATE_COUNT; to++)
            cr_expect_eq(delivery_step_allowed((enum delivery_state)from, (enum delivery_state)to),
                         strchr(steps[from], ".rqcwCbspeh"[to]) != NULL, "%s to %s",
                         delivery_state_name((enum delivery_state)from), delivery_state_name((enum delivery_state)to));
}

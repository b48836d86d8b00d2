/* test_claim.c: the tables of docs/semantics.md, "Redis", walked whole: every state, owner, fingerprint, age and lease. */
#include "bridge/core/claim.h"

#include <criterion/criterion.h>
#include <signal.h>

enum { LEASE_MS = 30000, TTL_MS = 86400000 };

static const uint64_t own = 0xA11CE, other = 0xB0B;
static const uint64_t same_fp = 0x1234567890abcdef, other_fp = 0x1fffffffffffffff, other_version_fp = 0x2fffffffffffffff;

static struct claim_order
an_order(void)
{
    return (struct claim_order){ .fp = same_fp, .dispatch = 7, .attempt = 1, .lease_ms = LEASE_MS, .ttl_ms = TTL_MS };
}

static struct claim_value
a_claim(uint64_t owner, uint64_t dispatch, uint32_t doubt)
{
    return (struct claim_value){ .state = CLAIM_STATE_CLAIMED, .attempt = 3, .doubt = doubt, .owner = owner, .dispatch = dispatch,
                                 .first_sent_ms = 1700000000000, .lease_ms = LEASE_MS, .ttl_ms = TTL_MS, .fp = same_fp };
}

struct met {
    struct claim_answer answer;
    struct claim_value write;
};

static struct met
meet(struct claim_order order, struct claim_value value, ms_t age_ms, bool open_here)
{
    struct met met;
    memset(&met, 0xee, sizeof(met));
    claim_meet(&order, own, &value, age_ms, open_here, &met.answer, &met.write);
    return met;
}

/* What makes a claim ours: the written value is a whole claim of this custody and says what was answered. */
static void
expect_ours(const struct met *met, uint32_t attempt, uint32_t doubt, int64_t first_sent_ms, const char *row)
{
    cr_expect_eq(met->write.state, CLAIM_STATE_CLAIMED, "%s", row);
    cr_expect_eq(met->write.owner, own, "%s", row);
    cr_expect_eq(met->write.dispatch, 7, "%s", row);
    cr_expect_eq(met->write.lease_ms, LEASE_MS, "%s", row);
    cr_expect_eq(met->write.ttl_ms, TTL_MS, "%s", row);
    cr_expect_eq(met->write.fp, same_fp, "%s", row);
    cr_expect_not(met->write.idle, "%s", row);
    cr_expect_eq(met->write.attempt, attempt, "%s: attempt %u", row, met->write.attempt);
    cr_expect_eq(met->write.doubt, doubt, "%s: doubt %u", row, met->write.doubt);
    cr_expect_eq(met->write.first_sent_ms, first_sent_ms, "%s", row);
    cr_expect_eq(met->answer.attempt, attempt, "%s", row);
    cr_expect_eq(met->answer.doubt, doubt, "%s", row);
    cr_expect_eq(met->answer.first_sent_ms, first_sent_ms, "%s", row);
}

Test(claim, a_missing_key_is_free_and_keeps_what_this_custody_knows)
{
    struct claim_order order = an_order();
    order.attempt = 4;
    order.doubt = 2;
    order.first_sent_ms = 1600000000000;
    struct met met = meet(order, (struct claim_value){ .state = CLAIM_STATE_NONE }, 0, false);
    cr_expect_eq(met.answer.verdict, CLAIM_FREE);
    expect_ours(&met, 4, 2, 1600000000000, "none");
    claim_meet(&order, own, NULL, 0, false, &met.answer, &met.write);
    cr_expect_eq(met.answer.verdict, CLAIM_FREE);
    expect_ours(&met, 4, 2, 1600000000000, "NULL");
}

Test(claim, an_attempt_is_counted_from_one)
{
    struct claim_order order = an_order();
    order.attempt = 0;
    struct met met = meet(order, (struct claim_value){ .state = CLAIM_STATE_NONE }, 0, false);
    expect_ours(&met, 1, 0, 0, "none");
}

/* The rows of the table for a claim that is met with the same fingerprint. */
static const struct {
    const char *row;
    uint64_t owner, dispatch;
    bool open_here, given_up;
    ms_t age_ms;
    enum claim_verdict verdict;
    uint32_t attempt, doubt;    /* when ours; the met claim has attempt 3, doubt 2 */
    ms_t rest_ms;               /* when busy */
} claims[] = {
    { "own, same dispatch, young",                0xA11CE, 7, false, false, 5,             CLAIM_MINE, 3, 2, 0 },
    { "own, same dispatch, open",                 0xA11CE, 7, true,  false, 5,             CLAIM_MINE, 3, 2, 0 },
    { "own, same dispatch, lease over",           0xA11CE, 7, false, false, LEASE_MS + 1,  CLAIM_MINE, 3, 2, 0 },
    { "own, same dispatch, given up",             0xA11CE, 7, false, true,  5,             CLAIM_MINE, 3, 2, 0 },
    { "own, other dispatch, open",                0xA11CE, 8, true,  false, 10000,         CLAIM_BUSY, 0, 0, 20000 },
    { "own, other dispatch, open, lease over",    0xA11CE, 8, true,  false, LEASE_MS + 5,  CLAIM_BUSY, 0, 0, LEASE_MS },
    { "own, other dispatch, open, given up",      0xA11CE, 8, true,  true,  5,             CLAIM_TAKEOVER, 4, 2, 0 },
    { "own, other dispatch, not open, young",     0xA11CE, 8, false, false, 0,             CLAIM_TAKEOVER, 4, 3, 0 },
    { "own, other dispatch, not open, over",      0xA11CE, 8, false, false, LEASE_MS,      CLAIM_TAKEOVER, 4, 3, 0 },
    { "own, other dispatch, not open, given up",  0xA11CE, 8, false, true,  0,             CLAIM_TAKEOVER, 4, 2, 0 },
    { "other, new",                               0xB0B,   7, false, false, 0,             CLAIM_BUSY, 0, 0, LEASE_MS },
    { "other, age below 0",                       0xB0B,   7, false, false, -50,           CLAIM_BUSY, 0, 0, LEASE_MS },
    { "other, last millisecond",                  0xB0B,   7, false, false, LEASE_MS - 1,  CLAIM_BUSY, 0, 0, 1 },
    { "other, open_here means nothing",           0xB0B,   7, true,  false, 1000,          CLAIM_BUSY, 0, 0, 29000 },
    { "other, just over",                         0xB0B,   7, false, false, LEASE_MS,      CLAIM_TAKEOVER, 4, 3, 0 },
    { "other, long over, open_here",              0xB0B,   7, true,  false, 10 * LEASE_MS, CLAIM_TAKEOVER, 4, 3, 0 },
    { "other, given up, new",                     0xB0B,   9, false, true,  0,             CLAIM_TAKEOVER, 4, 2, 0 },
};

Test(claim, what_a_claim_does_with_a_claim)
{
    for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
        struct claim_value value = a_claim(claims[i].owner, claims[i].dispatch, 2);
        value.lease_ms = claims[i].given_up ? 0 : LEASE_MS;
        for (int replay = 0; replay < 2; replay++) {
            struct claim_order order = an_order();
            order.replay = replay;
            struct met met = meet(order, value, claims[i].age_ms, claims[i].open_here);
            cr_expect_eq(met.answer.verdict, claims[i].verdict, "%s: %s", claims[i].row, claim_verdict_name(met.answer.verdict));
            if (claims[i].verdict == CLAIM_BUSY) {
                cr_expect_eq(met.write.state, CLAIM_STATE_NONE, "%s", claims[i].row);
                cr_expect_eq(met.answer.rest_ms, claims[i].rest_ms, "%s: %ld", claims[i].row, (long)met.answer.rest_ms);
                cr_expect_eq(met.answer.met_owner, claims[i].owner, "%s", claims[i].row);
                cr_expect_eq(met.answer.met_dispatch, claims[i].dispatch, "%s", claims[i].row);
            } else {
                expect_ours(&met, claims[i].attempt, claims[i].doubt, 1700000000000, claims[i].row);
            }
        }
    }
}

Test(claim, a_takeover_is_never_mistaken_for_something_new)
{
    struct met met = meet(an_order(), a_claim(other, 1, 0), LEASE_MS, false);
    cr_expect_eq(met.answer.verdict, CLAIM_TAKEOVER);
    cr_expect_eq(met.answer.doubt, 1, "the other may have sent");
}

Test(claim, a_takeover_of_an_idle_claim_brings_no_doubt_and_is_no_idle_claim_itself)
{
    static const struct { uint64_t owner; ms_t age_ms; enum claim_verdict verdict; } rows[] = {
        { 0xB0B, LEASE_MS - 1, CLAIM_BUSY }, { 0xB0B, LEASE_MS, CLAIM_TAKEOVER }, { 0xA11CE, 0, CLAIM_TAKEOVER },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (uint32_t doubt = 0; doubt < 3; doubt += 2) {
            struct claim_value value = a_claim(rows[i].owner, 1, doubt);
            value.idle = true;
            struct met met = meet(an_order(), value, rows[i].age_ms, false);
            cr_expect_eq(met.answer.verdict, rows[i].verdict, "row %zu", i);
            if (rows[i].verdict != CLAIM_TAKEOVER)
                continue;
            expect_ours(&met, 4, doubt, 1700000000000, "idle");
            cr_expect_not(met.write.idle, "row %zu: a call may follow", i);
        }
}

Test(claim, only_a_renewal_that_says_so_marks_its_claim_as_idle)
{
    for (int idle = 0; idle < 2; idle++) {
        struct claim_order order = an_order();
        order.end = CLAIM_STATE_CLAIMED;
        order.idle = idle;
        struct claim_value met = a_claim(own, 7, 1), write;
        met.idle = !idle;
        cr_expect_eq(claim_settle_meet(&order, own, &met, &write), SETTLE_OK);
        cr_expect_eq(write.idle, idle, "whatever stood there before");
    }
}

Test(claim, counts_stay_at_the_top)
{
    struct claim_value value = a_claim(other, 1, UINT32_MAX);
    value.attempt = UINT32_MAX;
    struct met met = meet(an_order(), value, LEASE_MS, false);
    expect_ours(&met, UINT32_MAX, UINT32_MAX, 1700000000000, "top");
}

Test(claim, what_a_claim_does_with_an_end)
{
    static const struct {
        enum claim_state state;
        bool replay;
        enum claim_verdict verdict;
        uint32_t attempt, doubt;
    } rows[] = {
        { CLAIM_STATE_DONE,        false, CLAIM_DUPLICATE, 0, 0 },
        { CLAIM_STATE_DONE,        true,  CLAIM_DUPLICATE, 0, 0 },
        { CLAIM_STATE_DEAD,        false, CLAIM_DUPLICATE, 0, 0 },
        { CLAIM_STATE_DEAD,        true,  CLAIM_RETRY, 1, 0 },
        { CLAIM_STATE_UNCONFIRMED, false, CLAIM_DUPLICATE, 0, 0 },
        { CLAIM_STATE_UNCONFIRMED, true,  CLAIM_RETRY, 1, 6 },
        { CLAIM_STATE_RELEASED,    false, CLAIM_RETRY, 5, 0 },
        { CLAIM_STATE_RELEASED,    true,  CLAIM_RETRY, 5, 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct claim_order order = an_order();
        order.replay = rows[i].replay;
        struct claim_value value = { .state = rows[i].state, .fp = same_fp };
        value.attempt = rows[i].state == CLAIM_STATE_RELEASED ? 4 : 0;
        value.doubt = rows[i].state == CLAIM_STATE_UNCONFIRMED ? 6 : 0;
        struct met met = meet(order, value, 100, false);
        cr_expect_eq(met.answer.verdict, rows[i].verdict, "row %zu: %s", i, claim_verdict_name(met.answer.verdict));
        if (rows[i].verdict == CLAIM_RETRY) {
            expect_ours(&met, rows[i].attempt, rows[i].doubt, 0, "end");
        } else {
            cr_expect_eq(met.write.state, CLAIM_STATE_NONE, "row %zu", i);
            cr_expect_eq(met.answer.met, rows[i].state, "row %zu", i);
        }
    }
}

static const enum claim_state states[] = {
    CLAIM_STATE_CLAIMED, CLAIM_STATE_DONE, CLAIM_STATE_RELEASED, CLAIM_STATE_UNCONFIRMED, CLAIM_STATE_DEAD,
};
enum { STATES = sizeof(states) / sizeof(states[0]) };

/* Everything at once: the fingerprint is asked first, and another version of it is not compared. */
Test(claim, another_content_is_a_conflict_in_every_state_whoever_owns_it)
{
    static const ms_t ages[] = { 0, LEASE_MS - 1, LEASE_MS, 100 * LEASE_MS };
    for (unsigned bits = 0; bits < STATES * 4 * 2 * 2 * 2 * 2; bits++) {
        struct claim_order order = an_order();
        order.replay = bits & 1;
        bool open_here = bits & 2;
        struct claim_value value = a_claim(bits & 4 ? own : other, bits & 8 ? 7 : 8, 1);
        ms_t age_ms = ages[bits >> 4 & 3];
        value.state = states[bits >> 6];
        struct met same = meet(order, value, age_ms, open_here);
        value.fp = other_fp;
        struct met conflict = meet(order, value, age_ms, open_here);
        value.fp = other_version_fp;
        struct met unknown = meet(order, value, age_ms, open_here);
        cr_expect_neq(same.answer.verdict, CLAIM_CONFLICT, "case %u", bits);
        cr_expect_eq(conflict.answer.verdict, CLAIM_CONFLICT, "case %u", bits);
        cr_expect_eq(conflict.write.state, CLAIM_STATE_NONE, "case %u: a conflict writes nothing", bits);
        cr_expect_eq(unknown.answer.verdict, same.answer.verdict, "case %u: another version is not compared", bits);
        if (unknown.write.state != CLAIM_STATE_NONE)
            cr_expect_eq(unknown.write.fp, same_fp, "case %u: our version is written", bits);
        if (value.state == CLAIM_STATE_DONE)
            cr_expect_eq(same.write.state, CLAIM_STATE_NONE, "case %u: done is never overwritten", bits);
    }
}

Test(claim, the_verdicts_have_the_names_of_the_metrics)
{
    static const char *const names[] = { "new", "mine", "retry", "takeover", "busy", "duplicate", "conflict",
                                         "repeat", "twin", "unknown" };
    for (unsigned i = 0; i < CLAIM_VERDICT_COUNT; i++)
        cr_expect_str_eq(claim_verdict_name((enum claim_verdict)i), names[i]);
}

/* Whose key an end or a renewal meets. */
enum whose { MISSING, OURS, OUR_OTHER_DISPATCH, ANOTHERS, RELEASED, UNCONFIRMED, DEAD, DONE, WHOSE_COUNT };

static struct claim_value
key_of(enum whose whose)
{
    switch (whose) {
    case OURS:
        return a_claim(own, 7, 1);
    case OUR_OTHER_DISPATCH:
        return a_claim(own, 8, 1);
    case ANOTHERS:
        return a_claim(other, 7, 1);
    case RELEASED:
        return (struct claim_value){ .state = CLAIM_STATE_RELEASED, .attempt = 2, .fp = same_fp };
    case UNCONFIRMED:
        return (struct claim_value){ .state = CLAIM_STATE_UNCONFIRMED, .doubt = 2, .fp = same_fp };
    case DEAD:
        return (struct claim_value){ .state = CLAIM_STATE_DEAD, .fp = same_fp };
    case DONE:
        return (struct claim_value){ .state = CLAIM_STATE_DONE, .fp = other_fp };
    case MISSING:
    case WHOSE_COUNT:
        break;
    }
    return (struct claim_value){ .state = CLAIM_STATE_NONE };
}

static void
expect_written(const struct claim_order *order, const struct claim_value *write, const char *row)
{
    struct claim_value expected;
    claim_value_of(order, own, order->end, &expected);
    cr_expect_eq(write->state, order->end, "%s", row);
    cr_expect_eq(write->attempt, expected.attempt, "%s", row);
    cr_expect_eq(write->doubt, expected.doubt, "%s", row);
    cr_expect_eq(write->fp, same_fp, "%s", row);
    cr_expect_eq(write->lease_ms, expected.lease_ms, "%s", row);
}

Test(claim, done_is_written_over_anything_and_stays)
{
    struct claim_order order = an_order();
    order.end = CLAIM_STATE_DONE;
    for (unsigned whose = 0; whose < WHOSE_COUNT; whose++) {
        struct claim_value met = key_of((enum whose)whose), write;
        cr_expect_eq(claim_settle_meet(&order, own, &met, &write), SETTLE_OK, "key %u", whose);
        if (whose == DONE)
            cr_expect_eq(write.state, CLAIM_STATE_NONE, "a done mark is left as it is");
        else
            expect_written(&order, &write, "done");
    }
}

Test(claim, any_other_end_needs_our_own_claim_or_a_missing_key)
{
    static const enum claim_state ends[] = {
        CLAIM_STATE_DEAD, CLAIM_STATE_UNCONFIRMED, CLAIM_STATE_RELEASED, CLAIM_STATE_CLAIMED,
    };
    for (size_t i = 0; i < 4; i++)
        for (int given_up = 0; given_up < 2; given_up++)
            for (unsigned whose = 0; whose < WHOSE_COUNT; whose++) {
                struct claim_order order = an_order();
                order.end = ends[i];
                order.doubt = 4;
                order.lease_ms = given_up ? 0 : LEASE_MS;
                struct claim_value met = key_of((enum whose)whose), write;
                bool ours = whose == MISSING || whose == OURS;
                bool written = met.state == ends[i] && (whose == DEAD || whose == UNCONFIRMED);
                enum settle_answer answer = claim_settle_meet(&order, own, &met, &write);
                cr_expect_eq(answer, ours || written ? SETTLE_OK : SETTLE_FENCED, "%c over key %u", ends[i], whose);
                if (ours)
                    expect_written(&order, &write, "own");
                else
                    cr_expect_eq(write.state, CLAIM_STATE_NONE, "%c over key %u: fenced writes nothing", ends[i], whose);
            }
}

/* The reply of the first write was lost: what is met is what was written, and no other owner's end. */
Test(claim, an_end_that_is_written_again_meets_itself_and_is_not_fenced)
{
    static const enum claim_state ends[] = {
        CLAIM_STATE_DONE, CLAIM_STATE_DEAD, CLAIM_STATE_UNCONFIRMED, CLAIM_STATE_RELEASED, CLAIM_STATE_CLAIMED,
    };
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct claim_order order = an_order();
        order.end = ends[i];
        order.attempt = 3;
        order.doubt = 2;
        order.lease_ms = ends[i] == CLAIM_STATE_CLAIMED ? 0 : LEASE_MS;
        struct claim_value met = a_claim(own, 7, 2), first, second;
        cr_expect_eq(claim_settle_meet(&order, own, &met, &first), SETTLE_OK, "%c", ends[i]);
        cr_expect_eq(claim_settle_meet(&order, own, &first, &second), SETTLE_OK, "%c once more", ends[i]);
        order.fp ^= 1;
        cr_expect_eq(claim_settle_meet(&order, own, &first, &second),
                     ends[i] == CLAIM_STATE_DONE || ends[i] == CLAIM_STATE_CLAIMED ? SETTLE_OK : SETTLE_FENCED,
                     "%c of another content", ends[i]);
    }
    struct claim_order released = an_order();
    struct claim_value of_the_next = { .state = CLAIM_STATE_RELEASED, .attempt = 2, .fp = same_fp }, write;
    released.end = CLAIM_STATE_RELEASED;
    cr_expect_eq(claim_settle_meet(&released, own, &of_the_next, &write), SETTLE_FENCED, "another owner released it since");
}

Test(claim, an_end_for_a_missing_key_may_come_without_a_value)
{
    struct claim_order order = an_order();
    order.end = CLAIM_STATE_DEAD;
    struct claim_value write;
    cr_expect_eq(claim_settle_meet(&order, own, NULL, &write), SETTLE_OK);
    cr_expect_eq(write.state, CLAIM_STATE_DEAD);
}

Test(claim, an_end_without_a_state_is_broken_code, .signal = SIGABRT)
{
    struct claim_order order = an_order();
    struct claim_value write;
    claim_settle_meet(&order, own, NULL, &write);
}

Test(claim, each_value_holds_its_own_fields_and_nothing_else)
{
    struct claim_order order = an_order();
    order.attempt = 3;
    order.doubt = 2;
    order.first_sent_ms = 9;
    order.connection = 5;
    static const struct { enum claim_state state; uint32_t attempt, doubt; bool owned; uint64_t fp; } rows[] = {
        { CLAIM_STATE_CLAIMED, 3, 2, true, 0x1234567890abcdef },      { CLAIM_STATE_DONE, 0, 0, false, 0x1234567890abcdef },
        { CLAIM_STATE_RELEASED, 3, 0, false, 0x1234567890abcdef },
        { CLAIM_STATE_UNCONFIRMED, 0, 2, false, 0x1234567890abcdef },
        { CLAIM_STATE_DEAD, 0, 0, false, 0x1234567890abcdef },        { CLAIM_STATE_NONE, 0, 0, false, 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct claim_value value;
        memset(&value, 0xee, sizeof(value));
        claim_value_of(&order, own, rows[i].state, &value);
        bool owned = rows[i].owned;
        cr_expect_eq(value.state, rows[i].state, "row %zu", i);
        cr_expect_eq(value.attempt, rows[i].attempt, "row %zu", i);
        cr_expect_eq(value.doubt, rows[i].doubt, "row %zu", i);
        cr_expect_eq(value.fp, rows[i].fp, "row %zu", i);
        cr_expect_eq(value.owner, owned ? own : 0, "row %zu", i);
        cr_expect_eq(value.dispatch, owned ? 7 : 0, "row %zu", i);
        cr_expect_eq(value.connection, owned ? 5 : 0, "row %zu", i);
        cr_expect_eq(value.first_sent_ms, owned ? 9 : 0, "row %zu", i);
        cr_expect_eq(value.lease_ms, owned ? LEASE_MS : 0, "row %zu", i);
        cr_expect_eq(value.ttl_ms, owned ? TTL_MS : 0, "row %zu", i);
    }
}

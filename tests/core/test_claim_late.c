/* test_claim_late.c: what comes late, over a connection that is closed by then, overwrites nothing of a newer one. */
#include "bridge/core/claim.h"

#include <criterion/criterion.h>

enum { OWN = 0xA11CE, FP = 0x1234, LEASE_MS = 30000, TTL_MS = 86400000, CONNECTION = 5 };

static const struct claim_order order_now = { .fp = FP, .dispatch = 7, .connection = CONNECTION, .attempt = 1,
                                              .lease_ms = LEASE_MS, .ttl_ms = TTL_MS };

static struct claim_value
claim_over(uint32_t connection)
{
    return (struct claim_value){ .state = CLAIM_STATE_CLAIMED, .attempt = 1, .owner = OWN, .dispatch = 7,
                                 .connection = connection, .lease_ms = LEASE_MS, .ttl_ms = TTL_MS, .fp = FP };
}

Test(claim_late, an_end_or_a_renewal_needs_a_claim_of_its_own_connection_or_an_older_one)
{
    static const enum claim_state ends[] = {
        CLAIM_STATE_DEAD, CLAIM_STATE_UNCONFIRMED, CLAIM_STATE_RELEASED, CLAIM_STATE_CLAIMED,
    };
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        for (uint32_t connection = CONNECTION - 1; connection <= CONNECTION + 1; connection++) {
            struct claim_order order = order_now;
            struct claim_value met = claim_over(connection), write;
            bool late = connection > CONNECTION;
            order.end = ends[i];
            enum settle_answer answer = claim_settle_meet(&order, OWN, &met, &write);
            cr_expect_eq(answer, late ? SETTLE_FENCED : SETTLE_OK, "%c over %u", ends[i], connection);
            cr_expect_eq(write.state, late ? CLAIM_STATE_NONE : ends[i], "%c over %u", ends[i], connection);
        }
}

Test(claim_late, done_is_true_whenever_it_comes)
{
    struct claim_order order = order_now;
    struct claim_value met = claim_over(CONNECTION + 1), write;
    order.end = CLAIM_STATE_DONE;
    cr_expect_eq(claim_settle_meet(&order, OWN, &met, &write), SETTLE_OK);
    cr_expect_eq(write.state, CLAIM_STATE_DONE);
}

/* From here on what was asked for the same custody before is late. */
Test(claim_late, a_claim_is_written_with_the_connection_over_which_it_is_asked_for)
{
    struct claim_answer answer;
    struct claim_value write;
    for (uint32_t connection = 0; connection < CONNECTION; connection++) {
        struct claim_value met = claim_over(connection);
        claim_meet(&order_now, OWN, &met, 5, true, &answer, &write);
        cr_expect_eq(answer.verdict, CLAIM_MINE, "over %u", connection);
        cr_expect_eq(write.connection, CONNECTION, "over %u", connection);
    }
    claim_meet(&order_now, OWN, NULL, 0, false, &answer, &write);
    cr_expect_eq(answer.verdict, CLAIM_FREE);
    cr_expect_eq(write.connection, CONNECTION);
}

/* A twin leaves behind that it gave its key up: a renewal of before must not hold it again. */
Test(claim_late, what_a_twin_gives_back_is_written_with_its_connection)
{
    const struct claim_answer answer = { .verdict = CLAIM_TAKEOVER, .attempt = 2, .doubt = 1 };
    struct claim_value write;
    claim_give_back(&order_now, OWN, &answer, &write);
    cr_expect_eq(write.state, CLAIM_STATE_CLAIMED);
    cr_expect_eq(write.connection, CONNECTION);
}

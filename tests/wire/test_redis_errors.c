/* test_redis_errors.c: each error by its name, and answers that are cut, lost or foreign: none of them ever says "free". */
#include "tests/wire/claim_rows.h"
#include "tests/wire/redis_stand.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <stdio.h>

TestSuite(redis_errors, .init = redis_stand_begin_relayed, .fini = redis_stand_end_relayed);

/* What is done about each; the remedy is that of redis_resp.c. */
enum effect { STAYS, RECONNECTS, CONCERNS_THE_KEY };

static const struct {
    const char *error, *says;
    enum effect effect;
} errors[] = {
    { "READONLY You can't write against a read only replica.", "READONLY", RECONNECTS },
    { "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", "MASTERDOWN", RECONNECTS },
    { "NOAUTH Authentication required.", "NOAUTH", RECONNECTS },
    { "WRONGPASS invalid username-password pair or user is disabled.", "WRONGPASS", RECONNECTS },
    { "LOADING Redis is loading the dataset in memory", "LOADING", STAYS },
    { "OOM command not allowed when used memory > 'maxmemory'.", "OOM", STAYS },
    { "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.", "MISCONF", STAYS },
    { "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", "BUSY", STAYS },
    { "NOREPLICAS Not enough good replicas to write.", "NOREPLICAS", STAYS },
    { "MOVED 3999 127.0.0.1:6381", "a cluster is not supported", STAYS },
    { "ASK 3999 127.0.0.1:6381", "a cluster is not supported", STAYS },
    { "TRYAGAIN Multiple keys request during rehashing of slot", "a cluster is not supported", STAYS },
    { "CLUSTERDOWN Hash slot not served", "a cluster is not supported", STAYS },
    { "NOPERM this user has no permissions to run the 'set' command", "the user's rules (ACL)", STAYS },
    { "WRONGTYPE Operation against a key holding the wrong kind of value", "redis.prefix", CONCERNS_THE_KEY },
    { "ERR something that nobody has heard of", "nobody has heard of", STAYS },
};

Test(redis_errors, each_is_unknown_for_claims_and_ends_is_said_and_passes)
{
    for (uint32_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        char reply[256], id[32];
        snprintf(reply, sizeof(reply), "-%s\r\n", errors[i].error);
        snprintf(id, sizeof(id), "row-%u", i);
        uint64_t reconnects = stand_stats(&stand).reconnects;
        stand.n_texts = 0;
        relay_set(&relay, RELAY_INSTEAD, "SET", reply, 1);
        cr_expect_eq(redis_stand_claimed(id, i + 1), CLAIM_UNKNOWN, "row %u", i);
        cr_expect_eq(relay_hits(&relay), 1, "row %u", i);
        cr_expect(stand_heard(&stand, errors[i].says), "row %u", i);
        cr_expect_eq(stand.state, errors[i].effect == CONCERNS_THE_KEY ? DEDUP_FOREIGN_KEY : DEDUP_REFUSES, "row %u", i);
        if (errors[i].effect == RECONNECTS)
            cr_assert(stand_until(&stand, true), "row %u", i);
        cr_expect_eq(redis_stand_claimed(id, i + 1), CLAIM_FREE, "row %u: nothing was written, and it is well again", i);
        cr_expect(stand.up, "row %u", i);
        cr_expect_eq(stand_stats(&stand).reconnects - reconnects, errors[i].effect == RECONNECTS, "row %u", i);
        relay_set(&relay, RELAY_INSTEAD, "SET", reply, 1);
        cr_expect_eq(stand_ended(&stand, stand_order(id, i + 1, 1), CLAIM_STATE_DONE), SETTLE_UNKNOWN, "row %u", i);
        cr_assert(errors[i].effect != RECONNECTS || stand_until(&stand, true), "row %u", i);
        cr_expect_eq(stand_ended(&stand, stand_order(id, i + 1, 1), CLAIM_STATE_DONE), SETTLE_OK, "row %u", i);
    }
    cr_expect_eq(stand.amnesia, 0);
}

/* The same on the slow path, where the answer comes from a script. */
Test(redis_errors, a_script_that_is_refused_is_unknown)
{
    struct bench bench = { &stand, &server };
    const struct claim_value released = { .state = CLAIM_STATE_RELEASED, .attempt = 2, .fp = 1 };
    static const char *const replies[] = { "-BUSY Redis is busy running a script.\r\n", "-OOM command not allowed\r\n",
                                           "-NOPERM no permissions to run 'evalsha'\r\n" };
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        struct claim_order order = stand_order("slow", i + 1, 1);
        bench_seed(&bench, &order, &released, 0);
        relay_set(&relay, RELAY_INSTEAD, "~ 1 abt:d:portal:slow", replies[i], 1);
        cr_expect_eq(stand_claimed(&stand, order).verdict, CLAIM_UNKNOWN, "row %zu", i);
        cr_expect_eq(stand_claimed(&stand, order).verdict, CLAIM_RETRY, "row %zu", i);
    }
}

/* ---- answers that are cut, lost, foreign ----------------------------------------------------------------------------------- */

static const struct {
    enum relay_act act;
    enum claim_verdict then;
    const char *what;
} cuts[] = {
    { RELAY_HALF, CLAIM_MINE, "half an answer to what was carried out" },
    { RELAY_LOSE, CLAIM_MINE, "no answer to what was carried out" },
    { RELAY_CUT, CLAIM_FREE, "a reset before it was carried out" },
};

Test(redis_errors, an_answer_that_is_cut_is_unknown_and_the_next_claim_tells)
{
    for (uint32_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        char id[16];
        snprintf(id, sizeof(id), "cut-%u", i);
        relay_set(&relay, cuts[i].act, "SET", "", 1);
        cr_expect_eq(redis_stand_claimed(id, i + 1), CLAIM_UNKNOWN, "%s", cuts[i].what);
        cr_assert(stand_until(&stand, false) && stand_until(&stand, true), "%s", cuts[i].what);
        cr_expect_eq(redis_stand_claimed(id, i + 1), cuts[i].then, "%s", cuts[i].what);
        relay_set(&relay, cuts[i].act, "SET", "", 1);
        cr_expect_eq(stand_ended(&stand, stand_order(id, i + 1, 1), CLAIM_STATE_DONE), SETTLE_UNKNOWN, "%s", cuts[i].what);
        cr_assert(stand_until(&stand, false) && stand_until(&stand, true), "%s", cuts[i].what);
        cr_expect_eq(stand_ended(&stand, stand_order(id, i + 1, 1), CLAIM_STATE_DONE), SETTLE_OK, "%s", cuts[i].what);
    }
}

/* Both ask again in one go: the first finds its own claim, the second must not take it over from under it. */
Test(redis_errors, two_copies_of_one_id_do_not_both_get_it_after_a_lost_answer)
{
    struct claim_order first = stand_order("copies", 1, 1), second = stand_order("copies", 2, 1);
    relay_set(&relay, RELAY_LOSE, "SET abt:d:portal:copies", "", 1);
    stand_claim(&stand, first);
    stand_claim(&stand, second);
    stand_flush(&stand);
    cr_assert(stand_answers(&stand));
    cr_assert(stand_until(&stand, true));
    uint32_t a = stand_claim(&stand, first), b = stand_claim(&stand, second);
    stand_flush(&stand);
    cr_assert(stand_answers(&stand));
    cr_expect_eq(stand.answers[a].claim.verdict, CLAIM_MINE);
    cr_expect_eq(stand.answers[b].claim.verdict, CLAIM_BUSY);
}

/* What was answered before the reset stays answered; the rest is unknown, and what of it was carried out is found again. */
Test(redis_errors, a_reset_in_the_middle_of_a_pipeline_leaves_the_rest_unknown)
{
    enum { N = 40, CUT_AT = 17 };
    char id[16], words[64];
    snprintf(words, sizeof(words), "SET abt:d:portal:pipe-%02d", CUT_AT);
    relay_set(&relay, RELAY_LOSE, words, "", 1);
    for (uint32_t i = 0; i < N; i++) {
        snprintf(id, sizeof(id), "pipe-%02u", i);
        stand_claim(&stand, stand_order(id, i + 1, 1));
    }
    stand_flush(&stand);
    cr_assert(stand_answers(&stand));
    uint32_t free = 0;
    for (uint32_t i = 0; i < N; i++) {
        enum claim_verdict verdict = stand.answers[i].claim.verdict;
        cr_expect(i < CUT_AT ? verdict == CLAIM_FREE || verdict == CLAIM_UNKNOWN : verdict == CLAIM_UNKNOWN, "claim %u: %s", i,
                  claim_verdict_name(verdict));
        free += verdict == CLAIM_FREE;
    }
    cr_assert(stand_until(&stand, true));
    for (uint32_t i = 0; i < N; i++) {
        snprintf(id, sizeof(id), "pipe-%02u", i);
        cr_expect_eq(redis_stand_claimed(id, i + 1), i <= CUT_AT ? CLAIM_MINE : CLAIM_FREE, "claim %u", i);
    }
}

Test(redis_errors, a_reply_of_another_kind_is_unknown_and_ends_the_connection)
{
    static const char *const replies[] = { ":1\r\n", "*0\r\n", "+OK\r\n" };
    for (uint32_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        char id[16];
        snprintf(id, sizeof(id), "kind-%u", i);
        relay_set(&relay, RELAY_REPLACE, "SET", replies[i], 1);
        cr_expect_eq(redis_stand_claimed(id, i + 1), CLAIM_UNKNOWN, "row %u", i);
        cr_assert(stand_until(&stand, true), "row %u", i);
        cr_expect_eq(redis_stand_claimed(id, i + 1), CLAIM_MINE, "row %u", i);
    }
}

Test(redis_errors, bytes_that_are_no_protocol_are_unknown)
{
    relay_set(&relay, RELAY_REPLACE, "SET", "HTTP/1.1 400 Bad Request\r\n\r\n", 1);
    cr_expect_eq(redis_stand_claimed("http", 1), CLAIM_UNKNOWN);
    cr_assert(stand_until(&stand, true));
    cr_expect_eq(redis_stand_claimed("http", 1), CLAIM_MINE);
}

/* ---- what the server says of itself ---------------------------------------------------------------------------------------- */

static void
expect_refused(const char *words, const char *reply, const char *says)
{
    struct stand other;
    char url[64];
    relay_set(&relay, RELAY_INSTEAD, words, reply, 1000);
    snprintf(url, sizeof(url), "redis://127.0.0.1:%u/0", relay.port);
    stand_redis(&other, url, "", STAND_OTHER, 500);
    cr_expect(stand_until(&other, false), "%s", reply);
    cr_expect_eq(other.state, DEDUP_REFUSES, "%s", reply);
    cr_expect(stand_heard(&other, says), "%s: %s", reply, other.texts[0]);
    cr_expect_eq(stand_claimed(&other, stand_order("x", 1, 1)).verdict, CLAIM_UNKNOWN, "%s", reply);
    stand_release(&other);
    relay_set(&relay, RELAY_PASS, "", "", 0);
}

Test(redis_hello, a_server_that_cannot_be_used_is_refused_with_the_reason)
{
    server_prepare(&server);
    server_start(&server);
    relay_start(&relay, server.port);
    expect_refused("INFO", "$35\r\nredis_version:6.2.14\r\nrole:master\r\n\r\n", "version 6.2.14 is below 7.0");
    expect_refused("INFO", "$41\r\nredis_version:7.0.1\r\nredis_mode:cluster\r\n\r\n", "a cluster");
    expect_refused("ROLE", "*1\r\n$8\r\nsentinel\r\n", "it is a sentinel");
    expect_refused("ROLE", "*3\r\n$5\r\nslave\r\n$8\r\n10.1.2.3\r\n:6379\r\n", "it is a replica (role slave, of 10.1.2.3:6379)");
    expect_refused("SCRIPT", "-NOPERM this user has no permissions to run 'script|load'\r\n", "the user's rules (ACL)");
    expect_refused("EVALSHA", "-LOADING Redis is loading the dataset in memory\r\n", "LOADING");
    relay_stop(&relay);
    server_release(&server);
}

/* Managed servers refuse some of the questions: what is not known is not held against them. */
Test(redis_hello, questions_that_the_server_refuses_do_not_matter)
{
    static const char *const words[] = { "INFO", "ROLE", "CONFIG", "CLIENT" };
    server_prepare(&server);
    server_start(&server);
    relay_start(&relay, server.port);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        char url[64];
        relay_set(&relay, RELAY_INSTEAD, words[i], "-NOPERM this user has no permissions to run that\r\n", 1);
        snprintf(url, sizeof(url), "redis://127.0.0.1:%u/0", relay.port);
        stand_redis(&stand, url, "", STAND_OTHER, 500);
        cr_expect(stand_until(&stand, true), "%s: %s", words[i], stand.texts[0]);
        cr_expect_eq(relay_hits(&relay), 1);
        stand_release(&stand);
    }
    relay_stop(&relay);
    server_release(&server);
}

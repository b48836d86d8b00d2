/* test_redis_faults.c: lost answers, lost memory, errors by name: what a real redis-server can do to the store. */
#include "bridge/io/clock.h"
#include "tests/wire/claim_rows.h"
#include "tests/wire/redis_stand.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <unistd.h>

TestSuite(redis_faults, .init = redis_stand_begin, .fini = redis_stand_end);

/* ---- answers that are lost ------------------------------------------------------------------------------------------------ */

static long long
connections_killed(void)
{
    return server_says(&server, "CLIENT KILL TYPE normal SKIPME yes")->integer;
}

Test(redis_faults, a_killed_connection_is_unknown_and_the_next_claim_is_mine)
{
    uint32_t sent = stand_claim(&stand, stand_order("lost", 5, 1));
    stand_flush(&stand);
    server_freeze(&server);
    stand_turn(&stand, 50);             /* it is on its way; nobody reads it */
    cr_expect_eq(stand.answered, 0);
    server_thaw(&server);
    cr_assert_eq(connections_killed(), 1);
    cr_assert(stand_answers(&stand));
    /* The server may have answered before it closed: then nothing was lost. What counts is the next answer. */
    enum claim_verdict verdict = stand.answers[sent].claim.verdict;
    cr_expect(verdict == CLAIM_UNKNOWN || verdict == CLAIM_FREE, "%s", claim_verdict_name(verdict));
    cr_assert(stand_until(&stand, false) && stand_until(&stand, true));
    cr_expect_eq(redis_stand_claimed("lost", 5), CLAIM_MINE);
    cr_expect_eq(stand_stats(&stand).reconnects, 1);
}

Test(redis_faults, a_server_that_stands_still_is_unknown_within_the_timeout_then_mine)
{
    stand_turn(&stand, 20);
    server_freeze(&server);
    uint32_t claim = stand_claim(&stand, stand_order("still", 5, 1));
    uint32_t end = stand_end(&stand, stand_order("still-2", 6, 1), CLAIM_STATE_DONE);
    stand_flush(&stand);
    ms_t begin_ms = clock_now_ms();
    cr_assert(stand_answers(&stand));
    ms_t took_ms = clock_now_ms() - begin_ms;
    cr_expect(took_ms >= STAND_TIMEOUT_MS - 10 && took_ms < 10 * STAND_TIMEOUT_MS, "it took %lld ms", (long long)took_ms);
    cr_expect_eq(stand.answers[claim].claim.verdict, CLAIM_UNKNOWN);
    cr_expect_eq(stand.answers[end].settle, SETTLE_UNKNOWN);
    cr_expect_not(stand.up);
    cr_expect(stand_heard(&stand, "no answer within redis.timeout"));
    cr_expect_eq(stand_stats(&stand).commands[DEDUP_CLAIM][2], 1, "counted as a timeout");

    uint32_t meanwhile = stand_claim(&stand, stand_order("meanwhile", 7, 1));
    begin_ms = clock_now_ms();
    cr_assert(stand_answers(&stand));
    cr_expect(clock_now_ms() - begin_ms >= 45, "not at once, or the asker would spin");
    cr_expect_eq(stand.answers[meanwhile].claim.verdict, CLAIM_UNKNOWN);
    server_thaw(&server);
    cr_assert(stand_until(&stand, true));
    cr_expect_eq(redis_stand_claimed("still", 5), CLAIM_MINE, "the server carried out what it had read");
    cr_expect_eq(redis_stand_claimed("still-2", 6), CLAIM_DUPLICATE);
    cr_expect_eq(stand.amnesia, 0, "an outage is no loss");
}

Test(redis_faults, a_server_that_is_away_at_the_start_is_found_when_it_comes)
{
    struct redis_server_of_test late;
    struct stand early;
    char url[64];
    server_prepare(&late);
    snprintf(url, sizeof(url), "redis://127.0.0.1:%u/2", late.port);
    stand_redis(&early, url, "", STAND_OWN, STAND_TIMEOUT_MS);
    cr_assert(stand_until(&early, false));
    cr_expect_eq(stand_claimed(&early, stand_order("x", 1, 1)).verdict, CLAIM_UNKNOWN);
    server_start(&late);
    cr_assert(stand_until(&early, true), "found within the longest pause");
    cr_expect_eq(stand_claimed(&early, stand_order("x", 1, 1)).verdict, CLAIM_FREE);
    struct dedup_stats stats;
    dedup_stats(early.dedup, &stats);
    cr_expect(stats.fresh, "no canary stood there");
    cr_expect_eq(early.amnesia, 0);
    cr_expect_eq(server_says(&late, "EXISTS abt:d:portal:x")->integer, 0);
    server_says(&late, "SELECT 2");
    cr_expect_eq(server_says(&late, "EXISTS abt:d:portal:x")->integer, 1, "in the database of the url");
    stand_release(&early);
    server_release(&late);
}

/* The pauses between attempts grow only so far. */
Test(redis_faults, however_long_it_was_away_it_is_used_within_a_second_of_its_return)
{
    server_kill(&server);
    cr_assert(stand_until(&stand, false));
    stand_turn(&stand, 1700);
    server_start(&server);
    ms_t begun_ms = clock_now_ms();
    cr_assert(stand_until(&stand, true));
    cr_expect_lt(clock_now_ms() - begun_ms, 1000);
}

Test(redis_faults, names_are_resolved_and_unix_sockets_are_opened)
{
    struct stand by_name, by_path;
    char url[160];
    snprintf(url, sizeof(url), "redis://localhost:%u", server.port);
    stand_redis(&by_name, url, "", 1, STAND_TIMEOUT_MS);
    cr_expect(stand_until(&by_name, true), "%s", by_name.texts[0]);
    snprintf(url, sizeof(url), "unix:%s", server.path);
    stand_redis(&by_path, url, "", 2, STAND_TIMEOUT_MS);
    cr_expect(stand_until(&by_path, true), "%s", by_path.texts[0]);
    cr_expect_eq(stand_claimed(&by_name, stand_order("n", 1, 1)).verdict, CLAIM_FREE);
    cr_expect_eq(stand_claimed(&by_path, stand_order("n", 1, 1)).verdict, CLAIM_BUSY);
    stand_release(&by_name);
    stand_release(&by_path);
}

Test(redis_faults, a_name_that_does_not_resolve_is_down_with_a_text)
{
    struct stand nowhere;
    stand_redis(&nowhere, "redis://no-such-host.invalid:6379", "", 1, STAND_TIMEOUT_MS);
    cr_expect(stand_until(&nowhere, false));
    cr_expect(stand_heard(&nowhere, "no-such-host.invalid"));
    stand_release(&nowhere);
}

Test(redis_faults, it_can_be_freed_with_orders_under_way)
{
    struct stand brief;
    char url[64];
    snprintf(url, sizeof(url), "redis://127.0.0.1:%u", server.port);
    stand_redis(&brief, url, "", 1, STAND_TIMEOUT_MS);
    cr_assert(stand_until(&brief, true));
    stand_claim(&brief, stand_order("a", 1, 1));
    stand_flush(&brief);
    stand_release(&brief);
    stand_redis(&brief, "redis://no-such-host.invalid:1", "", 1, STAND_TIMEOUT_MS);
    stand_claim(&brief, stand_order("a", 1, 1));
    stand_release(&brief);
}

/* ---- memory that is lost -------------------------------------------------------------------------------------------------- */

Test(redis_faults, a_restart_without_its_data_is_amnesia_once)
{
    cr_expect_eq(redis_stand_claimed("before", 1), CLAIM_FREE);
    server_kill(&server);
    cr_assert(stand_until(&stand, false));
    server_start(&server);
    cr_assert(stand_until(&stand, true));
    cr_expect(stand_forgets(&stand, 1));
    cr_expect_eq(redis_stand_claimed("before", 2), CLAIM_FREE, "it is gone");
    stand_turn(&stand, 300);
    cr_expect_eq(stand.amnesia, 1, "told once: %u", stand.amnesia);
    cr_expect_eq(stand_stats(&stand).amnesia, 1);
}

Test(redis_faults, flushall_is_amnesia_at_the_next_pipeline)
{
    cr_expect_eq(redis_stand_claimed("a", 1), CLAIM_FREE);
    stand_turn(&stand, 120);
    server_says(&server, "FLUSHALL");
    cr_expect_eq(redis_stand_claimed("b", 2), CLAIM_FREE);
    cr_expect(stand_forgets(&stand, 1), "%u", stand.amnesia);
    stand_turn(&stand, 120);
    cr_expect_eq(redis_stand_claimed("c", 3), CLAIM_FREE);
    stand_turn(&stand, 120);
    cr_expect_eq(stand.amnesia, 1);
    cr_expect(stand_heard(&stand, "canary is gone"));
}

Test(redis_faults, an_old_copy_is_amnesia)
{
    char canary[64];
    snprintf(canary, sizeof(canary), "%s", server_says(&server, "GET abt:canary")->str);
    for (uint64_t i = 1; i <= 3; i++) {
        cr_expect_eq(stand_claimed(&stand, stand_order(i == 1 ? "a" : i == 2 ? "b" : "c", i, 1)).verdict, CLAIM_FREE);
        stand_turn(&stand, 110);
    }
    cr_expect_str_neq(server_says(&server, "GET abt:canary")->str, canary, "it is counted up");
    cr_expect_eq(stand.amnesia, 0);
    server_says(&server, "SET abt:canary %s", canary);
    cr_expect_eq(redis_stand_claimed("d", 9), CLAIM_FREE);
    cr_expect(stand_forgets(&stand, 1));
    cr_expect(stand_heard(&stand, "went back"));
}

Test(redis_faults, another_generation_is_amnesia)
{
    server_says(&server, "SET abt:canary 00000000000000ff:999999");
    cr_expect_eq(redis_stand_claimed("a", 1), CLAIM_FREE);
    cr_expect(stand_forgets(&stand, 1));
    cr_expect(stand_heard(&stand, "another generation"));
}

/* A real snapshot: what was written after it is gone with the process. */
Test(redis_faults, a_server_that_comes_back_with_an_old_snapshot_is_amnesia)
{
    char dump[96];
    cr_expect_eq(redis_stand_claimed("in-the-snapshot", 1), CLAIM_FREE);
    stand_turn(&stand, 120);
    server_says(&server, "SAVE");
    cr_expect_eq(redis_stand_claimed("after-it", 2), CLAIM_FREE);
    stand_turn(&stand, 120);
    server_kill(&server);
    cr_assert(stand_until(&stand, false));
    server_start(&server);
    cr_assert(stand_until(&stand, true));
    cr_expect(stand_forgets(&stand, 1));
    cr_expect(stand_heard(&stand, "an old copy was restored"));
    cr_expect_eq(redis_stand_claimed("in-the-snapshot", 1), CLAIM_MINE);
    cr_expect_eq(redis_stand_claimed("after-it", 3), CLAIM_FREE);
    snprintf(dump, sizeof(dump), "%s/dump.rdb", server.dir.path);
    unlink(dump);
}

/* Nothing is lost: a server with its data back is another run, and the canary vouches for it. */
Test(redis_faults, a_restart_with_its_data_is_no_amnesia)
{
    char dump[96];
    cr_expect_eq(redis_stand_claimed("kept", 1), CLAIM_FREE);
    stand_turn(&stand, 120);
    server_says(&server, "SAVE");
    server_kill(&server);
    cr_assert(stand_until(&stand, false));
    server_start(&server);
    cr_assert(stand_until(&stand, true));
    stand_turn(&stand, 200);
    cr_expect_eq(stand.amnesia, 0);
    cr_expect_eq(redis_stand_claimed("kept", 1), CLAIM_MINE);
    snprintf(dump, sizeof(dump), "%s/dump.rdb", server.dir.path);
    unlink(dump);
}

Test(redis_faults, an_idle_store_looks_by_itself)
{
    server_says(&server, "FLUSHALL");
    cr_expect(stand_forgets(&stand, 1));
}

/* ---- errors --------------------------------------------------------------------------------------------------------------- */

Test(redis_faults, scripts_that_the_server_forgot_are_sent_again)
{
    struct bench bench = { &stand, &server };
    const struct claim_value released = { .state = CLAIM_STATE_RELEASED, .attempt = 2, .fp = 1 };
    struct claim_order order = stand_order("script", 4, 1);
    bench_seed(&bench, &order, &released, 0);
    server_says(&server, "SCRIPT FLUSH");
    cr_expect_eq(stand_claimed(&stand, order).verdict, CLAIM_RETRY);
    server_says(&server, "SCRIPT FLUSH");
    cr_expect_eq(stand_ended(&stand, order, CLAIM_STATE_CLAIMED), SETTLE_OK);
    server_says(&server, "SCRIPT FLUSH");
    stand_turn(&stand, 120);
    cr_expect_eq(redis_stand_claimed("script-2", 5), CLAIM_FREE);
    stand_turn(&stand, 50);
    cr_expect(stand_stats(&stand).commands[DEDUP_PING][1] >= 1, "the canary's was gone too");
    cr_expect_eq(stand.changes, 1, "never down");
    cr_expect_eq(stand_ended(&stand, order, CLAIM_STATE_DEAD), SETTLE_OK);
    cr_expect_eq(stand_stats(&stand).commands[DEDUP_RENEW][1], 1);
}

Test(redis_faults, a_replica_is_unknown_and_left)
{
    server_says(&server, "CONFIG SET replica-serve-stale-data yes");
    server_says(&server, "REPLICAOF 127.0.0.1 1");
    cr_expect_eq(redis_stand_claimed("r", 1), CLAIM_UNKNOWN);
    cr_expect(stand_until(&stand, false));
    cr_expect(stand_heard(&stand, "READONLY"));
    stand_turn(&stand, 300);
    cr_expect_not(stand.up, "it comes back to a replica and leaves it again");
    server_says(&server, "REPLICAOF NO ONE");
    cr_assert(stand_until(&stand, true));
    cr_expect_eq(redis_stand_claimed("r", 1), CLAIM_FREE);
    cr_expect(stand_stats(&stand).reconnects >= 1);
}

Test(redis_faults, a_full_server_is_unknown_told_once_and_well_again)
{
    server_says(&server, "CONFIG SET maxmemory 1");
    cr_expect_eq(redis_stand_claimed("full", 1), CLAIM_UNKNOWN);
    cr_expect_eq(redis_stand_claimed("full", 1), CLAIM_UNKNOWN);
    cr_expect_eq(stand_ended(&stand, stand_order("full", 1, 1), CLAIM_STATE_DONE), SETTLE_UNKNOWN);
    cr_expect_not(stand.up);
    cr_expect_not(stand_stats(&stand).up);
    cr_expect(stand_heard(&stand, "OOM"));
    cr_expect_eq(stand.changes, 2, "up, then down: %u", stand.changes);
    server_says(&server, "CONFIG SET maxmemory 0");
    cr_expect_eq(redis_stand_claimed("full", 1), CLAIM_FREE);
    cr_expect(stand.up);
    cr_expect(stand_stats(&stand).up);
}

Test(redis_faults, somebody_elses_key_is_unknown_and_concerns_no_other)
{
    server_says(&server, "LPUSH abt:d:portal:list x");
    server_says(&server, "SET abt:d:portal:text hello");
    cr_expect_eq(redis_stand_claimed("list", 1), CLAIM_UNKNOWN);
    cr_expect(stand_heard(&stand, "WRONGTYPE"));
    cr_expect_eq(redis_stand_claimed("text", 2), CLAIM_UNKNOWN);
    cr_expect(stand_heard(&stand, "abt:d:portal:text"));
    cr_expect_eq(stand_ended(&stand, stand_order("text", 2, 1), CLAIM_STATE_DEAD), SETTLE_UNKNOWN);
    cr_expect_str_eq(server_says(&server, "GET abt:d:portal:text")->str, "hello");
    cr_expect_eq(redis_stand_claimed("other", 3), CLAIM_FREE);
    cr_expect(stand.up);
}

Test(redis_faults, a_policy_that_evicts_is_warned_of)
{
    struct stand warned;
    char url[64];
    cr_expect(stand_heard(&stand, "maxmemory-policy noeviction"));
    cr_expect(stand_heard(&stand, "role master"));
    cr_expect(stand_heard(&stand, "no persistence"));
    cr_expect_not(stand_heard(&stand, "may evict"));
    server_says(&server, "CONFIG SET maxmemory-policy allkeys-lru");
    snprintf(url, sizeof(url), "redis://127.0.0.1:%u", server.port);
    stand_redis(&warned, url, "", 1, STAND_TIMEOUT_MS);
    cr_assert(stand_until(&warned, true));
    cr_expect(stand_heard(&warned, "allkeys-lru"));
    cr_expect(stand_heard(&warned, "may evict"));
    stand_release(&warned);
}

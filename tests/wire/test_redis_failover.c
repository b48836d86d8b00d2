/* test_redis_failover.c: which server it is: several hosts, replicas, sentinels; a master that is demoted or dies. */
#include "bridge/io/clock.h"
#include "bridge/io/redis_probe.h"
#include "tests/wire/claim_rows.h"
#include "tests/wire/redis_stand.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <unistd.h>

/* A master and its replica. */
static struct redis_server_of_test first, second;

static bool
replica_has_all(void)
{
    const struct redisReply *info = server_says(&second, "INFO replication");
    return info && strstr(info->str, "master_link_status:up") != NULL;
}

static void
start_pair(void)
{
    server_prepare(&first);
    first.words[0] = "--repl-diskless-sync-delay";
    first.words[1] = "0";
    server_start(&first);
    server_prepare(&second);
    server_start(&second);
    server_says(&second, "REPLICAOF 127.0.0.1 %d", (int)first.port);
    for (int i = 0; i < 500 && !replica_has_all(); i++)
        usleep(10000);
    cr_assert(replica_has_all());
}

static void
end_pair(void)
{
    stand_release(&stand);
    server_release(&first);
    server_release(&second);
}

TestSuite(redis_failover, .init = start_pair, .fini = end_pair);

/* `scheme`://127.0.0.1:a,127.0.0.1:b/`path` */
static void
stand_at(const char *scheme, uint16_t a, uint16_t b, const char *path)
{
    char url[128];
    snprintf(url, sizeof(url), "%s://127.0.0.1:%u,127.0.0.1:%u/%s", scheme, a, b, path);
    stand_redis(&stand, url, "", STAND_OWN, 500);
}

static void
expect_replicated(const char *key)
{
    for (int i = 0; i < 200 && server_says(&second, "EXISTS %s", key)->integer == 0; i++)
        usleep(5000);
    cr_expect_eq(server_says(&second, "EXISTS %s", key)->integer, 1, "%s", key);
}

Test(redis_failover, of_several_hosts_the_one_that_is_a_master_is_taken)
{
    stand_at("redis", second.port, first.port, "0");
    cr_assert(stand_until(&stand, true), "%s", stand.texts[0]);
    cr_expect(stand_heard(&stand, "it is a replica"), "and why not the other one is said");
    cr_expect_eq(redis_stand_claimed("a", 1), CLAIM_FREE);
    cr_expect_eq(server_says(&first, "EXISTS abt:d:portal:a")->integer, 1);
}

Test(redis_failover, a_host_that_is_down_is_passed_over)
{
    stand_at("redis", free_port(), first.port, "0");
    cr_assert(stand_until(&stand, true), "%s", stand.texts[0]);
    cr_expect_eq(redis_stand_claimed("a", 1), CLAIM_FREE);
}

Test(redis_failover, a_replica_alone_is_never_up_and_is_named_once)
{
    stand_at("redis", second.port, second.port, "0");
    cr_assert(stand_until(&stand, false));
    cr_expect_eq(stand.state, DEDUP_REFUSES);
    cr_expect(stand_heard(&stand, "it is a replica (role slave, of 127.0.0.1:"), "%s", stand.texts[0]);
    uint32_t texts = stand.n_texts;
    stand_turn(&stand, 1000);
    cr_expect_not(stand.up);
    cr_expect_eq(stand.n_texts, texts, "said once, not at each attempt: %s", stand.texts[1]);
    cr_expect_eq(redis_stand_claimed("a", 1), CLAIM_UNKNOWN);
    server_says(&second, "REPLICAOF NO ONE");
    cr_assert(stand_until(&stand, true));
    cr_expect_eq(redis_stand_claimed("a", 1), CLAIM_FREE);
}

/* What `check --connect` sees is what a worker would use. */
Test(redis_failover, a_probe_looks_at_the_master_among_several_hosts)
{
    char url[96];
    struct redis_probe found;
    struct redis_probe_config config = { url, "", "abt", "", "", 2000 };
    snprintf(url, sizeof(url), "redis://127.0.0.1:%u,127.0.0.1:%u,127.0.0.1:%u", free_port(), second.port, first.port);
    redis_probe_run(&config, &found);
    cr_expect_eq(found.reach, REDIS_REACHED, "%s", found.why);
    cr_expect_str_eq(found.server.role, "master");
    snprintf(url, sizeof(url), "redis://127.0.0.1:%u,127.0.0.1:%u", free_port(), second.port);
    redis_probe_run(&config, &found);
    cr_expect_eq(found.reach, REDIS_REACHED, "%s", found.why);
    cr_expect_str_eq(found.server.role, "slave");
    snprintf(url, sizeof(url), "redis://127.0.0.1:%u", free_port());
    redis_probe_run(&config, &found);
    cr_expect_eq(found.reach, REDIS_AWAY);
    stand_memory(&stand);       /* for the end of the test */
}

/* The canary goes with the data: a replica that has everything is no loss. */
Test(redis_failover, a_demoted_master_is_left_for_the_new_one_and_nothing_done_is_free)
{
    stand_at("redis", first.port, second.port, "0");
    cr_assert(stand_until(&stand, true));
    cr_expect_eq(redis_stand_claimed("done", 1), CLAIM_FREE);
    cr_expect_eq(stand_ended(&stand, stand_order("done", 1, 1), CLAIM_STATE_DONE), SETTLE_OK);
    cr_expect_eq(redis_stand_claimed("open", 2), CLAIM_FREE);
    stand_turn(&stand, 150);
    expect_replicated("abt:d:portal:open");
    expect_replicated("abt:canary");
    server_says(&second, "REPLICAOF NO ONE");
    server_says(&first, "REPLICAOF 127.0.0.1 %d", (int)second.port);
    cr_expect_eq(redis_stand_claimed("next", 3), CLAIM_UNKNOWN, "READONLY");
    cr_assert(stand_until(&stand, true));
    cr_expect(stand_heard(&stand, "READONLY"));
    cr_expect_eq(redis_stand_claimed("done", 4), CLAIM_DUPLICATE);
    cr_expect_eq(redis_stand_claimed("open", 2), CLAIM_MINE);
    cr_expect_eq(redis_stand_claimed("next", 3), CLAIM_FREE);
    cr_expect_eq(server_says(&second, "EXISTS abt:d:portal:next")->integer, 1);
    cr_expect_eq(stand.amnesia, 0);
}

/* The replica stood still while the master went on: what it does not know is a loss. */
Test(redis_failover, a_failover_that_loses_the_newest_writes_is_amnesia)
{
    stand_at("redis", first.port, second.port, "0");
    cr_assert(stand_until(&stand, true));
    cr_expect_eq(redis_stand_claimed("old", 1), CLAIM_FREE);
    stand_turn(&stand, 150);
    expect_replicated("abt:canary");
    server_says(&second, "REPLICAOF NO ONE");      /* knows no more from here on */
    for (uint64_t i = 0; i < 3; i++) {
        char id[16];
        snprintf(id, sizeof(id), "new-%d", (int)i);
        cr_expect_eq(redis_stand_claimed(id, 2 + i), CLAIM_FREE);
        stand_turn(&stand, 120);
    }
    server_kill(&first);
    cr_assert(stand_until(&stand, false) && stand_until(&stand, true));
    cr_expect(stand_forgets(&stand, 1));
    cr_expect(stand_heard(&stand, "went back"));
}

/* ---- sentinels ------------------------------------------------------------------------------------------------------------- */

static struct redis_server_of_test ignorant, knowing;

static void
start_sentinels(void)
{
    start_pair();
    server_prepare(&ignorant);
    server_prepare(&knowing);
    ignorant.is_sentinel = knowing.is_sentinel = true;
    knowing.watched = first.port;
    server_start(&ignorant);
    server_start(&knowing);
}

static void
end_sentinels(void)
{
    end_pair();
    server_release(&ignorant);
    server_release(&knowing);
}

TestSuite(redis_sentinel, .init = start_sentinels, .fini = end_sentinels);

/* It knows the replica once it has read the master's INFO. */
static void
sentinel_knows_the_replica(void)
{
    for (int i = 0; i < 300; i++) {
        const struct redisReply *reply = server_says(&knowing, "SENTINEL replicas the-master");
        if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 1)
            return;
        usleep(50000);
    }
    cr_assert(false, "the sentinel does not see the replica");
}

Test(redis_sentinel, the_sentinels_are_asked_in_turn_for_the_master)
{
    stand_at("redis+sentinel", ignorant.port, knowing.port, "the-master/3");
    cr_assert(stand_until(&stand, true), "%s", stand.texts[0]);
    cr_expect(stand_heard(&stand, "it knows no master that is called the-master"));
    cr_expect_eq(redis_stand_claimed("a", 1), CLAIM_FREE);
    server_says(&first, "SELECT 3");
    cr_expect_eq(server_says(&first, "EXISTS abt:d:portal:a")->integer, 1, "in the database of the url");
}

Test(redis_sentinel, a_probe_asks_the_sentinels_as_well)
{
    char url[96];
    struct redis_probe found;
    struct redis_probe_config config = { url, "", "abt", "", "", 2000 };
    snprintf(url, sizeof(url), "redis+sentinel://127.0.0.1:%u,127.0.0.1:%u/the-master", ignorant.port, knowing.port);
    redis_probe_run(&config, &found);
    cr_expect_eq(found.reach, REDIS_REACHED, "%s", found.why);
    cr_expect_str_eq(found.server.role, "master");
    stand_memory(&stand);
}

Test(redis_sentinel, a_sentinel_that_stands_still_is_passed_over)
{
    server_freeze(&ignorant);
    stand_at("redis+sentinel", ignorant.port, knowing.port, "the-master");
    cr_assert(stand_until(&stand, true), "%s", stand.texts[0]);
    cr_expect(stand_heard(&stand, "no answer within redis.timeout"), "%s", stand.texts[0]);
    cr_expect_eq(redis_stand_claimed("a", 1), CLAIM_FREE);
    server_thaw(&ignorant);
}

Test(redis_sentinel, a_master_that_is_not_known_anywhere_is_down_with_its_name)
{
    stand_at("redis+sentinel", ignorant.port, knowing.port, "nobody");
    cr_expect(stand_until(&stand, false));
    cr_expect(stand_heard(&stand, "it knows no master that is called nobody"));
    cr_expect_eq(redis_stand_claimed("a", 1), CLAIM_UNKNOWN);
}

/* A real failover: the master is killed, the sentinel promotes the replica. Until then claims are unknown; after it what was done
 * is still done, and what was open is still ours. */
Test(redis_sentinel, when_the_master_dies_the_promoted_replica_is_found_and_nothing_done_is_free)
{
    sentinel_knows_the_replica();
    stand_at("redis+sentinel", ignorant.port, knowing.port, "the-master");
    cr_assert(stand_until(&stand, true), "%s", stand.texts[0]);
    cr_expect_eq(redis_stand_claimed("done", 1), CLAIM_FREE);
    cr_expect_eq(stand_ended(&stand, stand_order("done", 1, 1), CLAIM_STATE_DONE), SETTLE_OK);
    cr_expect_eq(redis_stand_claimed("open", 2), CLAIM_FREE);
    stand_turn(&stand, 150);
    expect_replicated("abt:d:portal:open");
    expect_replicated("abt:canary");
    server_kill(&first);
    ms_t begin_ms = clock_now_ms();
    enum claim_verdict verdict;
    while ((verdict = redis_stand_claimed("done", 3)) == CLAIM_UNKNOWN && clock_now_ms() - begin_ms < 20000)
        ;
    cr_log_info("claims came back after %lld ms", (long long)(clock_now_ms() - begin_ms));
    cr_expect_eq(verdict, CLAIM_DUPLICATE, "%s", claim_verdict_name(verdict));
    cr_expect_eq(redis_stand_claimed("open", 2), CLAIM_MINE);
    cr_expect_eq(redis_stand_claimed("new", 4), CLAIM_FREE);
    cr_expect_eq(server_says(&second, "EXISTS abt:d:portal:new")->integer, 1);
    cr_expect_eq(stand.amnesia, 0);
}

/* While the sentinel still names the old one: it says that it is a replica, and is left again. */
Test(redis_sentinel, a_master_that_the_sentinel_names_and_that_is_none_is_not_believed)
{
    server_says(&first, "REPLICAOF 127.0.0.1 %d", (int)second.port);
    stand_at("redis+sentinel", ignorant.port, knowing.port, "the-master");
    cr_expect(stand_until(&stand, false));
    stand_turn(&stand, 100);
    cr_expect(stand_heard(&stand, "it is a replica"), "%s", stand.texts[0]);
    cr_expect_eq(redis_stand_claimed("a", 1), CLAIM_UNKNOWN);
}

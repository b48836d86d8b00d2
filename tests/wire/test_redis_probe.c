/* test_redis_probe.c: a look at a real redis-server, in all its moods. */
#include "bridge/io/redis_probe.h"
#include "tests/support/servers.h"
#include "tests/wire/redis_server.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <stdio.h>

static struct redis_server_of_test server;
static struct redis_probe seen;

static void
setup(void)
{
    server_prepare(&server);
    server_start(&server);
}

static void
teardown(void)
{
    server_release(&server);
}

TestSuite(redis_probe, .init = setup, .fini = teardown);

static enum redis_reach
probe_at(const char *user, uint16_t port, const char *password, const char *path)
{
    char url[160];
    snprintf(url, sizeof url, "redis://%s127.0.0.1:%u%s", user, port, path);
    const struct redis_probe_config config = { .url = url, .password = password, .prefix = "ab", .timeout_ms = 1500 };
    redis_probe_run(&config, &seen);
    return seen.reach;
}

static enum redis_reach
probe(const char *password)
{
    return probe_at("", server.port, password, "");
}

static void
set(const char *name, const char *value)
{
    const redisReply *reply = server_says(&server, "CONFIG SET %s %s", name, value);
    cr_assert(reply && reply->type == REDIS_REPLY_STATUS, "CONFIG SET %s", name);
}

Test(redis_probe, a_server_says_what_it_is_and_nothing_is_written)
{
    cr_assert_eq(probe(""), REDIS_REACHED, "%s", seen.why);
    cr_expect(strtol(seen.server.version, NULL, 10) >= 7, "%s", seen.server.version);
    cr_expect_str_eq(seen.server.role, "master");
    cr_expect_str_eq(seen.server.policy, "noeviction");
    cr_expect(!seen.server.append_only && !seen.server.cluster && !seen.server.loading);
    cr_expect_eq(seen.server.saves, SAVES_NEVER);
    cr_expect_eq(seen.server.memory_max_bytes, 0);
    cr_expect_not(seen.has_canary);
    cr_expect_str_eq(seen.unseen, "");
    cr_expect_eq(server_says(&server, "DBSIZE")->integer, 0);
}

Test(redis_probe, its_settings_are_seen)
{
    set("maxmemory-policy", "allkeys-lru");
    set("maxmemory", "104857600");
    set("appendonly", "yes");
    set("save", "60 1000");
    server_says(&server, "SET ab:canary 0123456789abcdef:7");
    cr_assert_eq(probe(""), REDIS_REACHED, "%s", seen.why);
    cr_expect_str_eq(seen.server.policy, "allkeys-lru");
    cr_expect_eq(seen.server.memory_max_bytes, 104857600);
    cr_expect(seen.server.append_only);
    cr_expect_eq(seen.server.saves, SAVES_SOMETIMES);
    cr_expect(seen.has_canary);
}

Test(redis_probe, the_password_is_asked_for_and_never_told)
{
    cr_expect_eq(probe("unasked"), REDIS_REFUSED, "a password where none is set: the worker would not get in either");
    server_says(&server, "ACL SETUSER worker on >right ~ab:* +@all");
    set("requirepass", "right");
    cr_expect_eq(probe(""), REDIS_REFUSED);
    cr_expect(strstr(seen.why, "NOAUTH"), "%s", seen.why);
    cr_expect_eq(probe("wrong"), REDIS_REFUSED);
    cr_expect(strstr(seen.why, "AUTH: WRONGPASS") && !strstr(seen.why, "wrong "), "%s", seen.why);
    cr_expect_eq(probe("right"), REDIS_REACHED, "%s", seen.why);
    cr_expect_eq(probe_at("worker@", server.port, "right", ""), REDIS_REACHED, "%s", seen.why);
    cr_expect_eq(probe_at("nobody@", server.port, "right", ""), REDIS_REFUSED);
}

Test(redis_probe, a_user_without_rights_is_told_what_is_missing)
{
    server_says(&server, "ACL SETUSER plain on >p ~ab:* +@all -info -config");
    cr_expect_eq(probe_at("plain@", server.port, "p", ""), REDIS_REACHED, "%s", seen.why);
    cr_expect(strstr(seen.unseen, "INFO: NOPERM"), "%s", seen.unseen);
    cr_expect_eq(seen.server.saves, SAVES_UNKNOWN);
    server_says(&server, "ACL SETUSER elsewhere on >p ~other:* +@all");
    cr_expect_eq(probe_at("elsewhere@", server.port, "p", ""), REDIS_REFUSED, "its keys are not ours");
    cr_expect(strstr(seen.why, "NOPERM"), "%s", seen.why);
}

Test(redis_probe, a_database_that_is_not_there_is_told)
{
    cr_expect_eq(probe_at("", server.port, "", "/9"), REDIS_REACHED, "%s", seen.why);
    cr_expect_eq(probe_at("", server.port, "", "/99"), REDIS_ILL);
    cr_expect(strstr(seen.why, "SELECT"), "%s", seen.why);
}

Test(redis_probe, nobody_there_and_nobody_answering_are_away)
{
    cr_expect_eq(probe_at("", free_port(), "", ""), REDIS_AWAY);
    cr_expect(strstr(seen.why, "refused"), "%s", seen.why);
    server_freeze(&server);
    cr_expect_eq(probe(""), REDIS_AWAY);
    cr_expect(strstr(seen.why, "in time"), "%s", seen.why);
    server_thaw(&server);
    cr_expect_eq(probe(""), REDIS_REACHED, "%s", seen.why);
}

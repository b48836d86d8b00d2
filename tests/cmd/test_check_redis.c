/* test_check_redis.c: what is said of a Redis server. */
#include "tests/cmd/judged.h"

#include <criterion/criterion.h>

static struct redis_probe seen;
static struct findings findings;

static void
good(void)
{
    seen = (struct redis_probe){
        .reach = REDIS_REACHED,
        .server = { .version = "7.0.15", .role = "master", .policy = "noeviction", .append_only = true, .saves = SAVES_NEVER },
        .has_canary = true,
    };
}

static const char *
judge(const char *check, enum group_past past)
{
    findings_free(&findings);
    judge_redis(&findings, judged_config(), &seen, past);
    return judged_text(&findings, check);
}

Test(check_redis, a_good_server_passes_in_everything)
{
    good();
    judge("", GROUP_PAST_COMMITTED);
    for (uint32_t i = 0; i < findings.n; i++)
        cr_expect_eq(findings.at[i].status, FINDING_PASS, "%s: %s", findings.at[i].check, findings.at[i].detail);
    cr_expect_eq(findings.n, 6);
}

Test(check_redis, a_server_is_away_ill_or_wants_another_password)
{
    static const struct {
        enum redis_reach reach;
        const char *told;
    } rows[] = { { REDIS_AWAY, "fail 69" }, { REDIS_ILL, "fail 69" }, { REDIS_REFUSED, "fail 77" }, { REDIS_REACHED, "pass" } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        good();
        seen.reach = rows[i].reach;
        cr_expect_str_eq(judge("redis.connection", GROUP_PAST_NONE), rows[i].told, "row %zu", i);
        cr_expect(rows[i].reach == REDIS_REACHED || findings.n == 1, "row %zu: nothing more is said", i);
    }
}

Test(check_redis, versions_below_seven_are_refused_and_valkey_is_taken)
{
    static const char *const rows[][2] = {
        { "7.0.0", "pass" }, { "7.2.4", "pass" }, { "8.0.1", "pass" }, { "10.0.0", "pass" },
        { "6.2.14", "fail 78" }, { "", "fail 78" }, { "x", "fail 78" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        good();
        strcpy(seen.server.version, rows[i][0]);
        cr_expect_str_eq(judge("redis.version", GROUP_PAST_NONE), rows[i][1], "row %zu", i);
    }
}

Test(check_redis, a_replica_and_a_cluster_are_refused)
{
    good();
    strcpy(seen.server.role, "slave");
    cr_expect_str_eq(judge("redis.role", GROUP_PAST_NONE), "fail 78");
    good();
    seen.server.cluster = true;
    cr_expect_str_eq(judge("redis.role", GROUP_PAST_NONE), "fail 78");
}

Test(check_redis, what_may_lose_memory_is_a_warning)
{
    good();
    strcpy(seen.server.policy, "volatile-lru");
    cr_expect_str_eq(judge("redis.eviction", GROUP_PAST_NONE), "warn");
    good();
    seen.server.append_only = false;
    cr_expect_str_eq(judge("redis.persistence", GROUP_PAST_NONE), "warn");
    cr_expect(strstr(judged_one(&findings, "redis.persistence")->detail, "doubt"));
    seen.server.saves = SAVES_SOMETIMES;
    cr_expect_str_eq(judge("redis.persistence", GROUP_PAST_NONE), "pass");
    seen.server.saves = SAVES_UNKNOWN;
    cr_expect_str_eq(judge("redis.persistence", GROUP_PAST_NONE), "pass");
}

Test(check_redis, no_canary_is_a_warning_only_for_a_group_that_was_here)
{
    good();
    seen.has_canary = false;
    cr_expect_str_eq(judge("redis.canary", GROUP_PAST_NONE), "pass");
    cr_expect_str_eq(judge("redis.canary", GROUP_PAST_UNKNOWN), "pass");
    cr_expect_str_eq(judge("redis.canary", GROUP_PAST_COMMITTED), "warn");
}

Test(check_redis, a_server_that_hides_itself_is_a_warning)
{
    good();
    strcpy(seen.unseen, "INFO: NOPERM");
    cr_expect_str_eq(judge("redis.version", GROUP_PAST_NONE), "warn");
    cr_expect_str_eq(judge("redis.role", GROUP_PAST_NONE), "none");
}

Test(check_redis, memory_is_said_loudly)
{
    findings_free(&findings);
    judge_redis_memory(&findings);
    cr_expect_str_eq(judged_text(&findings, "redis.memory"), "warn");
    cr_expect(strstr(findings.at[0].detail, "NO REDIS"));
}

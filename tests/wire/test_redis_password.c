/* test_redis_password.c: users and passwords, refused, rotated, and those of sentinels. */
#include "tests/wire/claim_rows.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <stdio.h>

static struct redis_server_of_test locked;
static struct stand stand;

static void
start_locked(void)
{
    server_prepare(&locked);
    snprintf(locked.password, sizeof(locked.password), "open-sesame");
    server_start(&locked);
}

static void
end_locked(void)
{
    stand_release(&stand);
    server_release(&locked);
}

TestSuite(redis_password, .init = start_locked, .fini = end_locked);

static void
stand_as(const char *user, const char *password)
{
    char url[96];
    snprintf(url, sizeof(url), "redis://%s127.0.0.1:%u", user, locked.port);
    stand_redis(&stand, url, password, STAND_OWN, STAND_TIMEOUT_MS);
}

static void
expect_refused(const char *user, const char *password, const char *error, const char *remedy)
{
    stand_as(user, password);
    cr_expect(stand_until(&stand, false), "%s", error);
    cr_expect_eq(stand.state, DEDUP_REFUSES, "%s", error);
    cr_expect(stand_heard(&stand, error), "%s: %s", error, stand.texts[0]);
    cr_expect(stand_heard(&stand, remedy), "%s: %s", error, stand.texts[0]);
    cr_expect(password[0] == '\0' || !stand_heard(&stand, password), "a password is shown: %s", stand.texts[0]);
    cr_expect_eq(stand_claimed(&stand, stand_order("x", 1, 1)).verdict, CLAIM_UNKNOWN, "%s", error);
}

Test(redis_password, a_wrong_one_and_none_are_named_with_the_remedy)
{
    expect_refused("", "guess-1234", "WRONGPASS", "correct redis.password_file");
    stand_release(&stand);
    expect_refused("nobody@", "open-sesame", "WRONGPASS", "the user in redis.url");
    stand_release(&stand);
    expect_refused("", "", "NOAUTH", "set redis.password_file");
}

Test(redis_password, a_user_with_the_rules_of_the_documentation_can_do_everything)
{
    server_says(&locked, "ACL SETUSER bridge on >s3cret ~abt:* +auth +ping +select +info +role +get +set +eval +evalsha "
                         "+xadd +xtrim +script|load +client|setname +config|get +pttl");
    stand_as("bridge@", "s3cret");
    cr_assert(stand_until(&stand, true), "%s", stand.texts[0]);
    struct claim_order order = stand_order("acl", 1, 1);
    cr_expect_eq(stand_claimed(&stand, order).verdict, CLAIM_FREE);
    cr_expect_eq(stand_ended(&stand, order, CLAIM_STATE_CLAIMED), SETTLE_OK);
    cr_expect_eq(stand_ended(&stand, order, CLAIM_STATE_RELEASED), SETTLE_OK);
    cr_expect_eq(stand_claimed(&stand, order).verdict, CLAIM_RETRY);
    cr_expect_eq(stand_ended(&stand, order, CLAIM_STATE_DONE), SETTLE_OK);
    stand_turn(&stand, 150);
    for (int op = 0; op < DEDUP_OP_COUNT; op++)
        cr_expect_eq(stand_stats(&stand).commands[op][1], 0, "op %d was refused something", op);
}

Test(redis_password, a_user_without_the_rules_is_refused_with_the_remedy)
{
    server_says(&locked, "ACL SETUSER bridge on >s3cret ~other:* +@all");
    expect_refused("bridge@", "s3cret", "NOPERM", "rules (ACL)");
}

/* The new password is in the file before the server asks for it: no restart, no lost answer but those under way. */
Test(redis_password, a_rotated_one_is_read_at_the_next_connection)
{
    stand_as("", "open-sesame");
    cr_assert(stand_until(&stand, true));
    cr_expect_eq(stand_claimed(&stand, stand_order("a", 1, 1)).verdict, CLAIM_FREE);
    server_says(&locked, "CONFIG SET requirepass new-sesame");
    server_says(&locked, "CLIENT KILL TYPE normal SKIPME yes");
    cr_assert(stand_until(&stand, false));
    stand_turn(&stand, 300);
    cr_expect(stand_heard(&stand, "WRONGPASS"));
    stand_password(&stand, "new-sesame");
    cr_assert(stand_until(&stand, true));
    cr_expect_eq(stand_claimed(&stand, stand_order("a", 1, 1)).verdict, CLAIM_MINE);
    cr_expect_not(stand_heard(&stand, "sesame"));
}

Test(redis_password, a_file_that_is_empty_for_a_moment_keeps_the_password)
{
    stand_as("", "open-sesame");
    cr_assert(stand_until(&stand, true));
    stand_password(&stand, "");
    server_says(&locked, "CLIENT KILL TYPE normal SKIPME yes");
    cr_assert(stand_until(&stand, false) && stand_until(&stand, true));
    server_says(&locked, "CONFIG SET requirepass new-sesame");
    server_says(&locked, "CLIENT KILL TYPE normal SKIPME yes");
    cr_assert(stand_until(&stand, false));
    stand_turn(&stand, 300);
    cr_expect(stand_heard(&stand, "redis.password_file is empty"));
}

/* The session lost its user in mid-run: what was asked is unknown, the next session has the user again. */
Test(redis_password, a_session_that_loses_its_user_is_opened_anew)
{
    stand_as("", "open-sesame");
    cr_assert(stand_until(&stand, true));
    server_says(&locked, "ACL SETUSER bridge on >s3cret ~abt:* +@all");
    stand_release(&stand);
    stand_as("bridge@", "s3cret");
    cr_assert(stand_until(&stand, true));
    server_says(&locked, "ACL SETUSER bridge -set");
    cr_expect_eq(stand_claimed(&stand, stand_order("a", 1, 1)).verdict, CLAIM_UNKNOWN);
    cr_expect(stand_heard(&stand, "NOPERM"));
    cr_expect_not(stand.up);
    server_says(&locked, "ACL SETUSER bridge +set");
    cr_expect_eq(stand_claimed(&stand, stand_order("a", 1, 1)).verdict, CLAIM_FREE);
    server_says(&locked, "ACL DELUSER bridge");
    cr_assert(stand_until(&stand, false), "its connections are closed");
    stand_turn(&stand, 300);
    cr_expect(stand_heard(&stand, "WRONGPASS"));
    server_says(&locked, "ACL SETUSER bridge on >s3cret ~abt:* +@all");
    cr_assert(stand_until(&stand, true));
}

/* The sentinels' password is their own, and the server's is not told to them. */
Test(redis_password, sentinels_have_a_password_of_their_own)
{
    struct redis_server_of_test sentinel;
    char url[96];
    server_prepare(&sentinel);
    snprintf(sentinel.password, sizeof(sentinel.password), "watchword");
    sentinel.is_sentinel = true;
    server_start(&sentinel);
    server_says(&sentinel, "SENTINEL MONITOR the-master 127.0.0.1 %d 1", (int)locked.port);
    snprintf(url, sizeof(url), "redis+sentinel://127.0.0.1:%u/the-master", sentinel.port);
    stand_redis(&stand, url, "open-sesame", STAND_OWN, STAND_TIMEOUT_MS);
    cr_expect(stand_until(&stand, false));
    cr_expect(stand_heard(&stand, "set redis.sentinel_password_file"), "%s", stand.texts[0]);
    stand_release(&stand);
    stand_sentinel_password = "guess-1234";
    stand_redis(&stand, url, "open-sesame", STAND_OWN, STAND_TIMEOUT_MS);
    cr_expect(stand_until(&stand, false));
    cr_expect(stand_heard(&stand, "correct redis.sentinel_password_file"), "%s", stand.texts[0]);
    stand_release(&stand);
    stand_sentinel_password = "watchword";
    stand_redis(&stand, url, "open-sesame", STAND_OWN, STAND_TIMEOUT_MS);
    cr_expect(stand_until(&stand, true), "%s", stand.texts[0]);
    server_release(&sentinel);
}

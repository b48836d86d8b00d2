/* test_redis_ttl.c: how long keys live: dedup_ttl from their last write on, and nothing after it. */
#include "codecs/buf.h"
#include "tests/wire/redis_stand.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <unistd.h>

enum { HOUR_MS = 3600000, SOON_MS = 20, LOOKS_MAX = 3000, LOOK_US = 10000 };

TestSuite(redis_ttl, .init = redis_stand_begin, .fini = redis_stand_end);

static const char *
key_of(const struct claim_order *order)
{
    static char text[DEDUP_KEY_BYTES_MAX + 1];
    struct buf buf;
    buf_init(&buf, text, sizeof(text));
    dedup_key_of(stand.dedup, order, &buf);
    return buf_cstr(&buf);
}

/* The key was written less than an hour ago, and is to live for so many. */
static void
expect_lives_hours(const struct claim_order *order, long long hours, const char *after)
{
    long long rest_ms = server_says(&server, "PTTL %s", key_of(order))->integer;
    cr_expect(rest_ms > (hours - 1) * HOUR_MS && rest_ms <= hours * HOUR_MS, "after %s it lives for %lld ms", after, rest_ms);
}

Test(redis_ttl, a_key_lives_for_dedup_ttl_from_each_write_on)
{
    struct claim_order order = stand_order("a", 1, 1);
    order.ttl_ms = 2 * HOUR_MS;
    cr_assert_eq(stand_claimed(&stand, order).verdict, CLAIM_FREE);
    expect_lives_hours(&order, 2, "its claim");
    order.ttl_ms = 4 * HOUR_MS;
    stand_renew(&stand, order);
    cr_assert(stand_answers(&stand));
    expect_lives_hours(&order, 4, "its renewal");
    order.ttl_ms = 24 * HOUR_MS;
    cr_assert_eq(stand_ended(&stand, order, CLAIM_STATE_DONE), SETTLE_OK);
    expect_lives_hours(&order, 24, "its end");
}

Test(redis_ttl, a_repeat_does_not_make_a_done_mark_live_longer)
{
    struct claim_order order = stand_order("a", 1, 1);
    cr_assert_eq(stand_claimed(&stand, order).verdict, CLAIM_FREE);
    order.ttl_ms = 2 * HOUR_MS;
    cr_assert_eq(stand_ended(&stand, order, CLAIM_STATE_DONE), SETTLE_OK);
    struct claim_order repeat = stand_order("a", 2, 1);
    repeat.ttl_ms = 24 * HOUR_MS;
    cr_assert_eq(stand_claimed(&stand, repeat).verdict, CLAIM_DUPLICATE);
    expect_lives_hours(&order, 2, "a repeat");
}

Test(redis_ttl, after_it_an_event_is_new)
{
    struct claim_order order = stand_order("a", 1, 1);
    order.ttl_ms = SOON_MS;
    cr_assert_eq(stand_claimed(&stand, order).verdict, CLAIM_FREE);
    cr_assert_eq(stand_ended(&stand, order, CLAIM_STATE_DONE), SETTLE_OK);
    for (int i = 0; i < LOOKS_MAX && server_says(&server, "EXISTS %s", key_of(&order))->integer == 1; i++)
        usleep(LOOK_US);
    cr_expect_eq(stand_claimed(&stand, stand_order("a", 2, 1)).verdict, CLAIM_FREE);
}

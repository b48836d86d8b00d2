/* test_views.c: what the worker asks of the engine beside its effects: whose call, whose delivery, how partitions stand. */
#include "tests/story/lone.h"

#include <criterion/criterion.h>

static struct lone lone;

static void
release(void)
{
    lone_release(&lone);
}

TestSuite(views, .fini = release);

Test(views, a_call_tells_its_target_its_messages_and_the_first_of_them_until_it_is_answered)
{
    struct call_origin origin;
    lone_begin(&lone);
    uint32_t x = lone_receive(&lone, LONE_SOAR, "x", "x");
    cr_assert(lone_claimed(&lone, x, CLAIM_FREE));
    cr_assert_eq(lone_state(&lone), DELIVERY_CALLING);
    struct tag first = lone.call_tag;
    cr_assert(engine_call_origin(lone.engine, first, &origin));
    cr_expect(origin.target == LONE_SOAR && origin.n == 1 && origin.attempt == 1 && slice_is(origin.first_id, "x"));
    cr_assert(lone_called(&lone, x, OUTCOME_NOT_SENT, 0));
    cr_expect(!engine_call_origin(lone.engine, first, &origin), "its answer is in");
    cr_assert(lone_settled(&lone, x, SETTLE_OK), "marked as idle");
    lone_wait(&lone, 5000);
    cr_assert(lone_settled(&lone, x, SETTLE_OK), "and no more");
    cr_assert_eq(lone_state(&lone), DELIVERY_CALLING);
    cr_assert(engine_call_origin(lone.engine, lone.call_tag, &origin));
    cr_expect_eq(origin.attempt, 2);
    cr_expect(!engine_call_origin(lone.engine, first, &origin), "the call before has another tag");
    lone_finish(&lone);
    cr_expect(!engine_call_origin(lone.engine, lone.call_tag, &origin));
    cr_expect(!engine_call_origin(lone.engine, (struct tag){ UINT32_MAX, 1 }, &origin), "no such call");
}

Test(views, a_claim_and_an_end_tell_their_delivery_until_it_is_over)
{
    int target = -1;
    struct slice id;
    lone_begin(&lone);
    uint32_t x = lone_receive(&lone, LONE_SOAR, "x", "x");
    cr_assert(engine_delivery_origin(lone.engine, lone.delivery_tag, &target, &id));
    cr_expect(target == LONE_SOAR && slice_is(id, "x"), "a claim");
    cr_assert(lone_claimed(&lone, x, CLAIM_FREE) && lone_called(&lone, x, OUTCOME_DELIVERED, 0));
    cr_assert_eq(lone_state(&lone), DELIVERY_SETTLING);
    cr_assert(engine_delivery_origin(lone.engine, lone.delivery_tag, &target, &id));
    cr_expect(slice_is(id, "x"), "an end");
    lone_finish(&lone);
    cr_expect(!engine_delivery_origin(lone.engine, lone.delivery_tag, &target, &id), "it is over");
    cr_expect(!engine_delivery_origin(lone.engine, (struct tag){ UINT32_MAX, 1 }, &target, &id), "no such delivery");
}

Test(views, a_partition_shows_its_offsets_and_the_age_of_its_oldest_open_record)
{
    struct partition_stats parts[2];
    lone_begin(&lone);
    cr_assert_eq(engine_partitions(lone.engine, lone.now, parts, 2), 1);
    cr_expect_str_eq(parts[0].topic, "alerts");
    cr_expect(parts[0].window == 0 && parts[0].oldest_ms == 0 && !parts[0].paused);
    int64_t from = lone.next_offset;
    uint32_t x = lone_receive(&lone, LONE_SOAR, "x", "x");
    lone_wait(&lone, 500);
    uint32_t y = lone_receive(&lone, LONE_PORTAL, "y", "y");
    cr_assert(lone_claimed(&lone, y, CLAIM_DUPLICATE));
    cr_assert_eq(engine_partitions(lone.engine, lone.now, parts, 2), 1);
    cr_expect_eq(parts[0].window, 2);
    cr_expect_eq(parts[0].finished, 1, "y, behind x");
    cr_expect_eq(parts[0].committable, from, "x holds it back");
    cr_expect_eq(parts[0].oldest_ms, 500);
    cr_assert(lone_claimed(&lone, x, CLAIM_DUPLICATE));
    engine_partitions(lone.engine, lone.now, parts, 2);
    cr_expect_eq(parts[0].committable, from + 2);
    cr_expect(parts[0].window == 0 && parts[0].oldest_ms == 0);
    cr_expect_eq(engine_partitions(lone.engine, lone.now, parts, 0), 0, "no more than there is room for");
    lone_finish(&lone);
}

Test(views, stages_have_the_documented_names)
{
    static const char *const names[] = { "received", "claiming", "waiting", "queued",
                                         "calling", "backoff", "settling", "parking" };
    cr_assert_eq(sizeof names / sizeof *names, STAGE_COUNT);
    for (unsigned i = 0; i < STAGE_COUNT; i++)
        cr_expect_str_eq(stage_name((enum stage)i), names[i]);
}

/* test_concurrency.c: the limit of calls at once: what lowers it, what raises it, and what must leave it alone. */
#include "bridge/core/concurrency.h"
#include "tests/support/draw.h"

#include <criterion/criterion.h>

/* A target with room for `room` calls that take `service_ms`; more of them wait for each other there. */
struct backend {
    struct concurrency concurrency;
    ms_t now_ms;
    uint32_t room;
    ms_t service_ms;
};

static ms_t
trip_ms(const struct backend *backend, uint32_t under_way)
{
    if (backend->room == 0 || under_way <= backend->room)
        return backend->service_ms;
    return backend->service_ms * under_way / backend->room;
}

/* As many calls as the limit allows are begun together and acknowledged together. */
static void
round_trip(struct backend *backend, ms_t noise_ms)
{
    uint32_t n = concurrency_limit(&backend->concurrency);
    ms_t begun_ms = ++backend->now_ms;
    backend->now_ms += trip_ms(backend, n) + noise_ms;
    for (uint32_t i = 0; i < n; i++)
        concurrency_acknowledged(&backend->concurrency, begun_ms, backend->now_ms, n - i);
}

static void
round_trips(struct backend *backend, int n)
{
    for (int i = 0; i < n; i++)
        round_trip(backend, 0);
}

static struct backend
begin(uint32_t ceiling, uint32_t room, ms_t service_ms)
{
    struct backend backend = { .room = room, .service_ms = service_ms };
    concurrency_init(&backend.concurrency, ceiling);
    return backend;
}

Test(concurrency, it_begins_at_its_ceiling_and_a_healthy_target_stays_there)
{
    static const uint32_t ceilings[] = { 1, 2, 16, 1024 };
    static const ms_t service[] = { 0, 1, 200, 9000 };
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++) {
            struct backend backend = begin(ceilings[i], 0, service[j]);
            for (int n = 0; n < 50; n++) {
                cr_assert_eq(concurrency_limit(&backend.concurrency), ceilings[i], "row %zu %zu, round %d", i, j, n);
                round_trip(&backend, 0);
            }
        }
}

Test(concurrency, a_burst_of_failed_calls_lowers_it_once)
{
    struct backend backend = begin(16, 0, 100);
    for (int i = 0; i < 16; i++)
        concurrency_overloaded(&backend.concurrency, 1, 100 + i);
    cr_expect_eq(concurrency_limit(&backend.concurrency), 12);
    concurrency_overloaded(&backend.concurrency, 100, 200);
    cr_expect_eq(concurrency_limit(&backend.concurrency), 12, "begun while it was lowered: still of that burst");
    concurrency_overloaded(&backend.concurrency, 101, 200);
    cr_expect_eq(concurrency_limit(&backend.concurrency), 9);
}

Test(concurrency, it_is_never_below_one)
{
    struct backend backend = begin(1024, 0, 100);
    for (ms_t at = 1; at < 1000; at++)
        concurrency_overloaded(&backend.concurrency, at, at);
    cr_expect_eq(concurrency_limit(&backend.concurrency), 1);
    round_trips(&backend, 9);
    cr_expect_eq(concurrency_limit(&backend.concurrency), 1, "calls from before say nothing");
    backend.now_ms = 1000;
    round_trips(&backend, 1);
    cr_expect_eq(concurrency_limit(&backend.concurrency), 2);
}

Test(concurrency, each_round_raises_it_by_about_one_until_the_ceiling)
{
    struct backend backend = begin(64, 0, 100);
    for (ms_t at = 1; at < 4; at++)
        concurrency_overloaded(&backend.concurrency, at, at);
    uint32_t low = concurrency_limit(&backend.concurrency);
    cr_expect_eq(low, 27);
    backend.now_ms = 10;
    round_trips(&backend, 10);
    cr_expect_geq(concurrency_limit(&backend.concurrency), low + 9);
    cr_expect_leq(concurrency_limit(&backend.concurrency), low + 10);
    round_trips(&backend, 60);
    cr_expect_eq(concurrency_limit(&backend.concurrency), 64);
}

Test(concurrency, a_limit_that_is_not_reached_is_not_raised)
{
    struct backend backend = begin(16, 0, 100);
    concurrency_overloaded(&backend.concurrency, 1, 1);
    for (ms_t at = 10; at < 2000; at++)
        concurrency_acknowledged(&backend.concurrency, at, at + 5, 1);
    cr_expect_eq(concurrency_limit(&backend.concurrency), 12);
}

Test(concurrency, a_queue_of_our_making_lowers_it_and_it_swings_there)
{
    struct backend backend = begin(64, 0, 100);
    round_trips(&backend, 20);
    backend.room = 8;               /* the target lost most of its strength */
    uint32_t least = 64;
    uint64_t sum = 0;
    for (int n = 0; n < 40; n++) {
        round_trip(&backend, 0);
        uint32_t limit = concurrency_limit(&backend.concurrency);
        least = limit < least ? limit : least;
        sum += limit;
    }
    cr_expect_leq(least, 32);
    cr_expect_geq(least, 8, "%u: it would lie idle", least);
    cr_expect_lt(sum / 40, 32u, "it settles near what the target can hold: %lu", sum / 40);
}

Test(concurrency, a_target_that_became_slow_whatever_we_do_is_back_at_the_ceiling_within_few_rounds)
{
    struct backend backend = begin(64, 0, 100);
    round_trips(&backend, 20);
    backend.service_ms = 2000;
    round_trips(&backend, 5);
    cr_expect_eq(concurrency_limit(&backend.concurrency), 64);
    for (int n = 0; n < 200; n++) {
        round_trip(&backend, 0);
        cr_assert_eq(concurrency_limit(&backend.concurrency), 64, "round %d: it is steady now", n);
    }
}

Test(concurrency, one_slow_round_and_noise_leave_it_alone)
{
    struct backend backend = begin(16, 0, 100);
    uint64_t draws = 7;
    for (int n = 0; n < 500; n++) {
        ms_t begun_ms = ++backend.now_ms, last_ms = begun_ms;
        for (uint32_t i = 0; i < 16; i++) {         /* most are near the usual, one in four takes up to ten times as long */
            ms_t took = 100 + draw(&draws, 60) + (draw(&draws, 4) ? 0 : draw(&draws, 900));
            last_ms = begun_ms + took > last_ms ? begun_ms + took : last_ms;
            concurrency_acknowledged(&backend.concurrency, begun_ms, begun_ms + took, 16);
        }
        backend.now_ms = last_ms;
        if (n % 10 == 9)
            round_trip(&backend, 3000);             /* the target stood still for a moment */
        cr_assert_eq(concurrency_limit(&backend.concurrency), 16, "round %d", n);
    }
}

Test(concurrency, times_that_cannot_be_measured_are_no_slowness)
{
    struct backend backend = begin(16, 0, 1);
    round_trips(&backend, 20);
    backend.service_ms = 26;        /* a turn of our own loop can take that */
    for (int n = 0; n < 20; n++) {
        round_trip(&backend, 0);
        cr_assert_eq(concurrency_limit(&backend.concurrency), 16);
    }
}

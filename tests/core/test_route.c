/* test_route.c: what a rule matches, and where an event goes. */
#include "bridge/core/route.h"

#include <criterion/criterion.h>
#include <signal.h>

static struct routed out[ROUTES_MAX];

static struct event
an_event(enum event_kind kind, int severity)
{
    return (struct event){ .kind = kind, .severity = severity };
}

static bool
matches(const struct route *route, const struct event *event)
{
    return route_matches(route, event, 0, SLICE("alerts"));
}

static uint32_t
walk(const struct route *routes, uint32_t n_routes, int severity)
{
    struct event event = an_event(EVENT_NOTICE, severity);
    return route_event(routes, n_routes, &event, 0, SLICE("alerts"), out);
}

Test(route, a_rule_without_tests_matches_everything)
{
    struct route route = { .target = 0 };
    for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++)
        for (int severity = 0; severity <= 5; severity++) {
            struct event event = an_event((enum event_kind)kind, severity);
            cr_expect(matches(&route, &event));
        }
}

Test(route, kinds_are_bits)
{
    struct route route = { .kinds = 1u << EVENT_ALERT_GENERATED | 1u << EVENT_NOTICE };
    static const bool expected[EVENT_KIND_COUNT] = { [EVENT_ALERT_GENERATED] = true, [EVENT_NOTICE] = true };
    for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        struct event event = an_event((enum event_kind)kind, 0);
        cr_expect_eq(matches(&route, &event), expected[kind], "kind %u", kind);
    }
}

Test(route, severity_tests_hold_on_their_side_and_never_for_the_unknown)
{
    static const struct { int below, at_least; bool fits[6]; } rows[] = {
        { 0, 0, { true, true, true, true, true, true } },
        { 3, 0, { false, true, true, false, false, false } },
        { 0, 3, { false, false, false, true, true, true } },
        { 5, 2, { false, false, true, true, true, false } },
        { 1, 0, { false, false, false, false, false, false } },
        { 2, 4, { false, false, false, false, false, false } },
        { 0, 1, { false, true, true, true, true, true } },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (int severity = 0; severity <= 5; severity++) {
            struct route route = { .severity_below = rows[i].below, .severity_at_least = rows[i].at_least };
            struct event event = an_event(EVENT_NOTICE, severity);
            cr_expect_eq(matches(&route, &event), rows[i].fits[severity], "row %zu, severity %d", i, severity);
        }
}

Test(route, sources_are_bits_up_to_the_last_one)
{
    struct route route = { .sources = UINT64_C(1) << 63 | 2 };
    struct event event = an_event(EVENT_NOTICE, 0);
    for (uint32_t source = 0; source < SOURCES_MAX; source++)
        cr_expect_eq(route_matches(&route, &event, source, SLICE("t")), source == 1 || source == 63, "source %u", source);
}

Test(route, one_of_the_topics_must_be_the_records_whole_topic)
{
    struct route route = { .topics = { "alerts", "incidents" }, .n_topics = 2 };
    struct event event = an_event(EVENT_NOTICE, 0);
    cr_expect(route_matches(&route, &event, 0, SLICE("alerts")));
    cr_expect(route_matches(&route, &event, 0, SLICE("incidents")));
    cr_expect_not(route_matches(&route, &event, 0, SLICE("alert")));
    cr_expect_not(route_matches(&route, &event, 0, SLICE("alerts2")));
    cr_expect_not(route_matches(&route, &event, 0, SLICE("")));
}

Test(route, every_label_must_be_there_with_its_text)
{
    const struct member members[] = {
        { SLICE("team"), { .type = VALUE_STRING, .text = SLICE("soc") } },
        { SLICE("env"), { .type = VALUE_STRING, .text = SLICE("prod") } },
        { SLICE("level"), { .type = VALUE_INT, .integer = 1, .text = SLICE("1") } },
    };
    const struct value labels = { .type = VALUE_OBJECT, .count = 3, .members = members };
    static const struct { struct route_label tests[2]; uint32_t n; bool fits; } rows[] = {
        { { { "team", "soc" } }, 1, true },
        { { { "team", "soc" }, { "env", "prod" } }, 2, true },
        { { { "team", "soc" }, { "env", "dev" } }, 2, false },
        { { { "team", "so" } }, 1, false },
        { { { "TEAM", "soc" } }, 1, false },
        { { { "absent", "" } }, 1, false },
        { { { "level", "1" } }, 1, false },
    };
    struct event event = an_event(EVENT_NOTICE, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct route route = { .n_labels = rows[i].n };
        memcpy(route.labels, rows[i].tests, sizeof(rows[i].tests));
        event.labels = &labels;
        cr_expect_eq(matches(&route, &event), rows[i].fits, "row %zu", i);
        event.labels = NULL;
        cr_expect_not(matches(&route, &event), "row %zu: an event without labels", i);
    }
}

Test(route, all_tests_must_hold)
{
    struct route route = { .kinds = 1u << EVENT_NOTICE, .severity_at_least = 3, .sources = 1,
                           .topics = { "alerts" }, .n_topics = 1 };
    struct event event = an_event(EVENT_NOTICE, 3), other = an_event(EVENT_ALERT_GENERATED, 3), mild = an_event(EVENT_NOTICE, 2);
    cr_expect(route_matches(&route, &event, 0, SLICE("alerts")));
    cr_expect_not(route_matches(&route, &other, 0, SLICE("alerts")));
    cr_expect_not(route_matches(&route, &mild, 0, SLICE("alerts")));
    cr_expect_not(route_matches(&route, &event, 1, SLICE("alerts")));
    cr_expect_not(route_matches(&route, &event, 0, SLICE("other")));
}

Test(route, without_rules_an_event_goes_nowhere)
{
    cr_expect_eq(walk(NULL, 0, 3), 0);
}

Test(route, every_matching_rule_gives_it_to_its_target_in_order)
{
    const struct route routes[] = { { .target = 5 }, { .target = 1, .severity_at_least = 4 }, { .target = 0 } };
    cr_assert_eq(walk(routes, 3, 3), 2);
    cr_expect(out[0].target == 5 && out[0].route == 0);
    cr_expect(out[1].target == 0 && out[1].route == 2);
    cr_expect_eq(walk(routes, 3, 4), 3);
}

Test(route, a_target_gets_an_event_once_by_its_first_rule)
{
    const struct route routes[] = { { .target = 2 }, { .target = 63 }, { .target = 2 }, { .target = 63 } };
    cr_assert_eq(walk(routes, 4, 0), 2);
    cr_expect(out[0].target == 2 && out[0].route == 0);
    cr_expect(out[1].target == 63 && out[1].route == 1);
}

Test(route, stop_ends_the_walk_only_where_its_rule_matches)
{
    const struct route routes[] = { { .target = 0 }, { .target = 1, .severity_at_least = 4, .stop = true }, { .target = 2 } };
    cr_expect_eq(walk(routes, 3, 3), 2);
    cr_expect_eq(out[1].target, 2);
    cr_expect_eq(walk(routes, 3, 5), 2);
    cr_expect_eq(out[1].target, 1);
}

Test(route, a_repeated_target_with_stop_still_stops)
{
    const struct route routes[] = { { .target = 0 }, { .target = 0, .stop = true }, { .target = 2 } };
    cr_expect_eq(walk(routes, 3, 3), 1);
}

Test(route, a_drop_counts_only_where_nobody_else_wants_the_event)
{
    const struct route drop_first[] = { { .target = TARGET_DROP, .severity_below = 3 }, { .target = 7, .severity_below = 2 } };
    cr_assert_eq(walk(drop_first, 2, 2), 1);
    cr_expect(out[0].target == TARGET_DROP && out[0].route == 0);
    cr_assert_eq(walk(drop_first, 2, 1), 1);
    cr_expect(out[0].target == 7 && out[0].route == 1, "a drop without stop lets a later target have it");
    cr_expect_eq(walk(drop_first, 2, 4), 0);

    const struct route drop_last[] = { { .target = 7 }, { .target = TARGET_DROP, .stop = true }, { .target = 8 } };
    cr_assert_eq(walk(drop_last, 3, 1), 1);
    cr_expect_eq(out[0].target, 7, "what an earlier rule gave away is not taken back");
}

Test(route, a_drop_that_says_stop_ends_it)
{
    const struct route routes[] = { { .target = TARGET_DROP, .severity_below = 2, .stop = true }, { .target = 7 } };
    cr_assert_eq(walk(routes, 2, 1), 1);
    cr_expect_eq(out[0].target, TARGET_DROP);
    cr_assert_eq(walk(routes, 2, 0), 1);
    cr_expect_eq(out[0].target, 7, "an unknown severity is not noise");
}

Test(route, the_first_of_several_drops_is_named)
{
    const struct route routes[] = {
        { .target = 3, .severity_at_least = 5 }, { .target = TARGET_DROP }, { .target = TARGET_DROP },
    };
    cr_assert_eq(walk(routes, 3, 1), 1);
    cr_expect_eq(out[0].route, 1);
}

Test(route, a_rule_to_no_target_is_broken_code, .signal = SIGABRT)
{
    const struct route route = { .target = TARGET_NONE };
    walk(&route, 1, 1);
}

/* test_route_window.c: what makes two events repeats of each other. */
#include "bridge/core/route.h"
#include "codecs/buf.h"
#include "codecs/decode.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const struct sipkey key = { 11, 12 };

static struct route
a_route(const char *const *names, uint32_t n)
{
    struct route route = { .window_ms = 600000, .n_window_keys = n };
    for (uint32_t i = 0; i < n; i++)
        route.window_keys[i] = names[i];
    return route;
}

static bool
are_repeats(const struct route *route, const struct event *a, const struct event *b)
{
    struct hash128 one, two;
    cr_assert(route_window(route, a, &key, &one));
    cr_assert(route_window(route, b, &key, &two));
    return one.low == two.low && one.high == two.high;
}

Test(route_window, without_a_list_the_dedup_key_alone_decides)
{
    struct route route = a_route(NULL, 0);
    struct event a = { .dedup_key = SLICE("disk full"), .incident_id = SLICE("i1") };
    struct event b = { .dedup_key = SLICE("disk full"), .incident_id = SLICE("i2"), .kind = EVENT_NOTICE };
    struct event c = { .dedup_key = SLICE("disk ful") };
    cr_expect(are_repeats(&route, &a, &b));
    cr_expect_not(are_repeats(&route, &a, &c));
}

Test(route_window, without_a_window_or_a_field_of_the_key_there_are_no_repeats)
{
    static const char *const names[] = { "alertID", "level" };
    struct route off = a_route(names, 2), on = a_route(names, 2), plain = a_route(NULL, 0);
    struct hash128 hash;
    struct event none = { .incident_id = SLICE("i") }, empty = { .alert_id = SLICE(""), .dedup_key = { 0 } };
    struct event one = { .level = SLICE("3") };
    off.window_ms = 0;
    cr_expect_not(route_window(&off, &one, &key, &hash));
    cr_expect_not(route_window(&on, &none, &key, &hash));
    cr_expect_not(route_window(&on, &empty, &key, &hash), "an empty field says nothing");
    cr_expect_not(route_window(&plain, &one, &key, &hash));
    cr_expect(route_window(&on, &one, &key, &hash), "one of the fields suffices");
}

Test(route_window, values_do_not_run_into_each_other_and_names_count)
{
    static const char *const two[] = { "alertName", "alertID" }, *const turned[] = { "alertID", "alertName" };
    struct route route = a_route(two, 2), other = a_route(turned, 2);
    struct event a = { .alert_name = SLICE("a"), .alert_id = SLICE("bc") };
    struct event b = { .alert_name = SLICE("ab"), .alert_id = SLICE("c") };
    struct event only_name = { .alert_name = SLICE("x") }, only_id = { .alert_id = SLICE("x") };
    struct hash128 one, another;
    cr_expect_not(are_repeats(&route, &a, &b));
    cr_expect_not(are_repeats(&route, &only_name, &only_id));
    route_window(&route, &a, &key, &one);
    route_window(&other, &a, &key, &another);
    cr_expect_neq(one.low, another.low, "another configuration has windows of its own");
}

Test(route_window, another_prefix_has_another_hash)
{
    struct route route = a_route(NULL, 0);
    struct event event = { .dedup_key = SLICE("k") };
    struct hash128 one, another;
    route_window(&route, &event, &key, &one);
    route_window(&route, &event, &(struct sipkey){ 11, 13 }, &another);
    cr_expect(one.low != another.low && one.high != another.high);
}

/* ---- equal in every format ------------------------------------------------------------------------------------------------- */

static const char fields[] = "\"id\":\"n1\",\"kind\":\"alert.generated\",\"source\":\"s\",\"dedupKey\":\"k\\u00e9y\","
                             "\"aliyunUID\":\"1467890000733152\",\"alertName\":\"a\",\"alertID\":\"a1\","
                             "\"startTime\":\"2026-01-02 03:04:05\",\"status\":\"open\",\"level\":\"2\",\"severity\":4";

static struct hash128
hash_of(const struct route *route, enum format format, struct slice record, char *packed, size_t *size)
{
    struct decode_rules rules = { .format = format, .record_bytes_max = RECORD_BYTES_DEFAULT };
    struct record_view view = { .value = record };
    struct decoder *decoder = decoder_new();
    struct decoded decoded;
    struct hash128 hash = { 0 };
    struct buf buf;
    enum fault fault = decode(decoder, &rules, &view, &decoded);
    cr_assert_eq(fault, FAULT_NONE, "%s %.*s", fault_name(fault), (int)decoded.detail.size, decoded.detail.at);
    cr_expect(route_window(route, &decoded.events[0], &key, &hash));
    if (packed) {
        buf_init(&buf, packed, *size);
        event_to_msgpack(&buf, &decoded.events[0]);
        *size = buf.size;
    }
    decoder_free(decoder);
    return hash;
}

Test(route_window, an_event_has_the_same_window_in_json_messagepack_and_as_a_cloud_event)
{
    static const char *const names[] = { "kind", "source", "dedupKey", "aliyunUID", "alertName", "alertID", "status",
                                         "severity" };
    struct route routes[] = { a_route(NULL, 0), a_route(names, 8) };
    for (size_t i = 0; i < 2; i++) {
        char json[1024], cloud[1024], packed[1024];
        size_t size = sizeof(packed);
        snprintf(json, sizeof(json), "{\"v\":1,%s}", fields);
        snprintf(cloud, sizeof(cloud), "{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"s\",\"type\":\"alert.generated\","
                 "\"datacontenttype\":\"application/json\",\"data\":{%s}}", fields);
        struct hash128 one = hash_of(&routes[i], FORMAT_JSON, slice_of(json), packed, &size);
        struct hash128 two = hash_of(&routes[i], FORMAT_MSGPACK, (struct slice){ packed, size }, NULL, NULL);
        struct hash128 three = hash_of(&routes[i], FORMAT_CLOUDEVENTS, slice_of(cloud), NULL, NULL);
        cr_expect(one.low == two.low && one.high == two.high, "route %zu: MessagePack", i);
        cr_expect(one.low == three.low && one.high == three.high, "route %zu: CloudEvents", i);
    }
}

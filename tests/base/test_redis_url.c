/* test_redis_url.c: the forms of redis.url, and what is refused. */
#include "bridge/redis_url.h"

#include <criterion/criterion.h>
#include <string.h>

Test(redis_url, each_form_is_taken_apart)
{
    static const struct {
        const char *text, *host, *path, *user;
        uint16_t port;
        uint32_t db;
    } rows[] = {
        { "redis://cache.example:6380/3", "cache.example", "", "", 6380, 3 },
        { "redis://10.0.0.1", "10.0.0.1", "", "", 6379, 0 },
        { "redis://10.0.0.1/", "10.0.0.1", "", "", 6379, 0 },
        { "redis://bridge@cache:6379/0", "cache", "", "bridge", 6379, 0 },
        { "redis://[::1]:7000/1", "::1", "", "", 7000, 1 },
        { "redis://[fe80::1]", "fe80::1", "", "", 6379, 0 },
        { "unix:/run/redis.sock", "", "/run/redis.sock", "", 0, 0 },
        { "unix:///run/redis.sock", "", "/run/redis.sock", "", 0, 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct redis_url url;
        struct redis_url_fault fault;
        cr_assert(redis_url_parse(rows[i].text, &url, &fault), "row %zu: %s", i, fault.what);
        cr_expect_eq(url.way, rows[i].path[0] ? REDIS_BY_PATH : REDIS_BY_HOST, "row %zu", i);
        cr_expect_eq(url.n_places, rows[i].path[0] ? 0 : 1, "row %zu", i);
        cr_expect_str_eq(url.places[0].host, rows[i].host, "row %zu", i);
        cr_expect_str_eq(url.path, rows[i].path, "row %zu", i);
        cr_expect_str_eq(url.user, rows[i].user, "row %zu", i);
        cr_expect_eq(url.places[0].port, rows[i].port, "row %zu: %u", i, url.places[0].port);
        cr_expect_eq(url.db, rows[i].db, "row %zu: %u", i, url.db);
        cr_expect_not(url.tls, "row %zu", i);
    }
}

Test(redis_url, several_hosts_are_kept_in_order)
{
    struct redis_url url;
    struct redis_url_fault fault;
    cr_assert(redis_url_parse("redis://me@a:1,b,[::1]:3/2", &url, &fault), "%s", fault.what);
    cr_assert_eq(url.n_places, 3);
    cr_expect_str_eq(url.places[0].host, "a");
    cr_expect_eq(url.places[0].port, 1);
    cr_expect_str_eq(url.places[1].host, "b");
    cr_expect_eq(url.places[1].port, 6379);
    cr_expect_str_eq(url.places[2].host, "::1");
    cr_expect_eq(url.places[2].port, 3);
    cr_expect_eq(url.db, 2);
    cr_expect_str_eq(url.user, "me");
}

Test(redis_url, sentinels_have_a_master_and_a_port_of_their_own)
{
    struct redis_url url;
    struct redis_url_fault fault;
    cr_assert(redis_url_parse("redis+sentinel://me@s1,s2:5000/my-master/4", &url, &fault), "%s", fault.what);
    cr_expect_eq(url.way, REDIS_BY_SENTINEL);
    cr_expect_eq(url.places[0].port, 26379);
    cr_expect_eq(url.places[1].port, 5000);
    cr_expect_str_eq(url.master, "my-master");
    cr_expect_eq(url.db, 4);
    cr_expect_str_eq(url.user, "me");
    cr_assert(redis_url_parse("redis+sentinel://s1/m", &url, &fault), "%s", fault.what);
    cr_expect_eq(url.db, 0);
}

Test(redis_url, tls_is_taken_where_the_build_has_it_and_refused_with_the_remedy_where_not)
{
    static const char *const texts[] = { "rediss://cache:6379/0", "rediss+sentinel://s1:26379/m" };
    for (size_t i = 0; i < 2; i++) {
        struct redis_url url;
        struct redis_url_fault fault;
        bool taken = redis_url_parse(texts[i], &url, &fault);
        cr_expect_eq(taken, redis_url_has_tls(), "row %zu", i);
        cr_expect(url.tls, "row %zu", i);
        cr_expect(taken || (strstr(fault.what, "TLS") && strstr(fault.remedy, "hiredis")), "row %zu", i);
    }
}

Test(redis_url, what_cannot_be_used_is_refused_with_a_remedy)
{
    static const struct {
        const char *text, *what, *remedy;
    } rows[] = {
        { "redis://me:secret@cache:6379/0", "password", "password_file" },
        { "redis+sentinel://:secret@s1/m", "password", "password_file" },
        { "http://cache", "none of redis://", "redis://host" },
        { "", "none of redis://", "redis://host" },
        { "redis://", "host and port", "redis://host" },
        { "redis://cache:0", "host and port", "redis://host" },
        { "redis://cache:70000", "host and port", "redis://host" },
        { "redis://cache:6379x", "host and port", "redis://host" },
        { "redis://ca che", "host and port", "redis://host" },
        { "redis://a,,b", "host and port", "redis://host" },
        { "redis://a,b,c,d,e,f,g,h,i", "more than 8", "redis://host" },
        { "redis://cache/first", "database", "redis://host" },
        { "redis://cache/65536", "database", "redis://host" },
        { "redis://[::1", "host and port", "redis://host" },
        { "redis://cache:", "host and port", "redis://host" },
        { "redis://[::1]7000", "host and port", "redis://host" },
        { "redis+sentinel://s1:26379", "name of a master", "mymaster" },
        { "redis+sentinel://s1:26379/", "name of a master", "mymaster" },
        { "redis+sentinel://s1:26379/m/x", "database", "redis://host" },
        { "unix:run/redis.sock", "absolute path", "unix:/path" },
        { "unix:/", "absolute path", "unix:/path" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct redis_url url;
        struct redis_url_fault fault;
        cr_assert_not(redis_url_parse(rows[i].text, &url, &fault), "row %zu", i);
        cr_expect_not_null(strstr(fault.what, rows[i].what), "row %zu: %s", i, fault.what);
        cr_expect_not_null(strstr(fault.remedy, rows[i].remedy), "row %zu: %s", i, fault.remedy);
        cr_expect_eq(fault.holds_secret, strcmp(rows[i].what, "password") == 0, "row %zu", i);
    }
}

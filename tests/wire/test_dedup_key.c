/* test_dedup_key.c: keys, urls, error names, the canary, the watch and the book of custodies: what needs no server. */
#include "bridge/io/dedup_custody.h"
#include "bridge/io/dedup_store.h"
#include "bridge/io/redis_canary.h"
#include "bridge/io/redis_resp.h"
#include "bridge/io/redis_url.h"
#include "bridge/io/redis_watch.h"
#include "tests/support/draw.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const char *
key_text(const char *id)
{
    static char text[DEDUP_KEY_BYTES_MAX + 1];
    const struct sipkey hash_key = { 1, 2 };
    struct buf buf;
    buf_init(&buf, text, sizeof(text));
    dedup_key(&buf, "ab", "soar-prod", slice_of(id), &hash_key);
    return buf_cstr(&buf);
}

Test(dedup_key, an_id_of_64_bytes_is_readable_and_one_of_65_is_its_hash)
{
    char id[66];
    memset(id, 'x', 65);
    id[65] = '\0';
    char longer[DEDUP_KEY_BYTES_MAX + 1];
    snprintf(longer, sizeof(longer), "%s", key_text(id));
    cr_expect_str_eq(key_text("alert-1"), "ab:d:soar-prod:alert-1");
    cr_expect_eq(strncmp(longer, "ab:d:soar-prod:#", 16), 0);
    cr_expect_eq(strlen(longer), 16 + 32);
    cr_expect_eq(strspn(longer + 16, "0123456789abcdef"), 32);
    id[63] = 'y';
    cr_expect_str_neq(key_text(id), longer, "another id, another hash");
    id[64] = '\0';
    cr_expect_eq(strlen(key_text(id)), 15 + 64);
}

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
        char error[256] = "";
        cr_assert(redis_url_parse(rows[i].text, &url, error, sizeof(error)), "row %zu: %s", i, error);
        cr_expect_str_eq(url.host, rows[i].host, "row %zu", i);
        cr_expect_str_eq(url.path, rows[i].path, "row %zu", i);
        cr_expect_str_eq(url.user, rows[i].user, "row %zu", i);
        cr_expect_eq(url.port, rows[i].port, "row %zu: %u", i, url.port);
        cr_expect_eq(url.db, rows[i].db, "row %zu: %u", i, url.db);
    }
}

Test(redis_url, what_cannot_be_used_is_refused_with_a_remedy)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        { "rediss://cache:6379/0", "TLS" },           { "redis://me:secret@cache:6379/0", "password_file" },
        { "http://cache", "redis://" },               { "redis://", "not a host" },
        { "redis://cache:0", "not a host" },          { "redis://cache:70000", "not a host" },
        { "redis://cache:6379x", "not a host" },      { "redis://cache/first", "number of a database" },
        { "redis://[::1", "not a host" },             { "unix:run/redis.sock", "absolute" },
        { "redis://cache:", "not a host" },           { "redis://[::1]7000", "not a host" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct redis_url url;
        char error[256] = "";
        cr_expect_not(redis_url_parse(rows[i].text, &url, error, sizeof(error)), "row %zu", i);
        cr_expect_not_null(strstr(error, rows[i].says), "row %zu: %s", i, error);
        cr_expect_null(strstr(error, "secret"), "row %zu shows a password", i);
    }
}

Test(redis_resp, a_command_is_written_as_redis_reads_it)
{
    static struct resp resp;
    resp_begin(&resp, 3);
    resp_text(&resp, "SET");
    resp_word(&resp, SLICE("k\r\nv"));
    resp_number(&resp, -12);
    cr_expect(slice_is(buf_view(&resp.buf), "*3\r\n$3\r\nSET\r\n$4\r\nk\r\nv\r\n$3\r\n-12\r\n"));
}

Test(redis_resp, errors_are_known_by_their_first_word)
{
    static const struct {
        const char *reply, *name;
        enum redis_cure cure;
    } rows[] = {
        { "NOSCRIPT No matching script.", "NOSCRIPT", CURE_LOAD },
        { "READONLY You can't write against a read only replica.", "READONLY", CURE_RECONNECT },
        { "WRONGPASS invalid username-password pair", "WRONGPASS", CURE_RECONNECT },
        { "OOM command not allowed", "OOM", CURE_WAIT },
        { "WRONGTYPE Operation against a key", "WRONGTYPE", CURE_KEY },
        { "BUSYGROUP is another word than BUSY", "BUSYGROUP", CURE_WAIT },
        { "LOADING", "LOADING", CURE_WAIT },
        { "", "", CURE_WAIT },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice name;
        cr_expect_eq(redis_error_cure(slice_of(rows[i].reply), &name), rows[i].cure, "row %zu", i);
        cr_expect(slice_is(name, rows[i].name), "row %zu: %.*s", i, (int)name.size, name.at);
    }
}

Test(redis_canary, a_loss_is_told_once_and_the_new_canary_is_the_measure)
{
    static const struct {
        const char *seen;
        enum canary_sight sight;
    } rows[] = {
        { "", CANARY_FRESH },                               { "00000000000000aa:5", CANARY_ALIVE },
        { "00000000000000aa:5", CANARY_ALIVE },             { "00000000000000aa:9", CANARY_ALIVE },
        { "00000000000000aa:8", CANARY_OLDER },             { "00000000000000aa:8", CANARY_ALIVE },
        { "", CANARY_GONE },                                { "", CANARY_ALIVE },
        { "00000000000000bb:1", CANARY_ALIVE },             { "00000000000000cc:7", CANARY_OTHER },
        { "00000000000000cc:x", CANARY_GONE },              { "cc:7", CANARY_ALIVE },
        { "00000000000000cc:18446744073709551615", CANARY_ALIVE }, { "00000000000000cc:18446744073709551616", CANARY_GONE },
    };
    struct canary canary = { 0 };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum canary_sight sight = canary_see(&canary, slice_of(rows[i].seen));
        cr_expect_eq(sight, rows[i].sight, "row %zu: %s", i, canary_text(sight));
    }
}

Test(redis_watch, a_claim_grows_old_by_our_clock_while_nobody_renews_it)
{
    static struct watch watch;
    cr_expect_eq(watch_age_ms(&watch, 7, 1, 90000, 1000), 0);
    cr_expect_eq(watch_age_ms(&watch, 7, 1, 80000, 11000), 10000);
    cr_expect_eq(watch_age_ms(&watch, 7, 1, 79000, 12000), 11000);
    cr_expect_eq(watch_age_ms(&watch, 7, 1, 78500, 13600), 0, "fell too little: it was renewed meanwhile");
    cr_expect_eq(watch_age_ms(&watch, 7, 2, 77500, 14600), 0, "another value");
    cr_expect_eq(watch_age_ms(&watch, 7, 2, 76500, 15600), 1000);
    cr_expect_eq(watch_age_ms(&watch, 7, 2, 99000, 16600), 0, "rose");
    cr_expect_eq(watch_age_ms(&watch, 7, 2, -1, 17600), 0, "does not expire any more");
    cr_expect_eq(watch_age_ms(&watch, 7, 2, -1, 47600), 30000);
    cr_expect_eq(watch_age_ms(&watch, 7 + WATCH_ENTRIES, 2, 5, 47700), 0, "another key");
}

Test(dedup_custody, one_is_open_until_it_is_closed_or_silent_for_a_lease)
{
    struct custodies set;
    cr_assert(custodies_init(&set));
    custodies_open(&set, 5, 1000);
    cr_expect(custodies_is_open(&set, 5, 30000, 30999));
    cr_expect_not(custodies_is_open(&set, 5, 30000, 31000));
    custodies_heard(&set, 5, 20000);
    custodies_heard(&set, 6, 20000);
    cr_expect(custodies_is_open(&set, 5, 30000, 31000));
    cr_expect_not(custodies_is_open(&set, 6, 30000, 20000), "hearing of a stranger does not open it");
    custodies_close(&set, 5);
    custodies_close(&set, 5);
    cr_expect_not(custodies_is_open(&set, 5, 30000, 20000));
    cr_expect_eq(set.n, 0);
    custodies_release(&set);
}

Test(dedup_custody, random_openings_and_closings_agree_with_a_plain_array)
{
    enum { NUMBERS = 3000 };
    static bool open[NUMBERS];
    uint64_t state = 42;
    struct custodies set;
    cr_assert(custodies_init(&set));
    for (int i = 0; i < 60000; i++) {
        uint32_t dispatch = draw(&state, NUMBERS);
        open[dispatch] = draw(&state, 2) == 0;
        if (open[dispatch])
            custodies_open(&set, dispatch, i);
        else
            custodies_close(&set, dispatch);
        uint32_t probe = draw(&state, NUMBERS);
        cr_assert_eq(custodies_is_open(&set, probe, 600000, i), open[probe], "step %d, dispatch %u", i, probe);
    }
    custodies_release(&set);
}

/* test_dedup_key.c: keys, error names, the canary, the watch and the book of custodies: what needs no server. */
#include "bridge/io/dedup_custody.h"
#include "bridge/io/dedup_store.h"
#include "bridge/io/redis_canary.h"
#include "bridge/io/redis_resp.h"
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
        const char *reply;
        enum redis_cure cure;
        const char *remedy;
    } rows[] = {
        { "NOSCRIPT No matching script.", CURE_LOAD, "" },
        { "READONLY You can't write against a read only replica.", CURE_RECONNECT, "" },
        { "MASTERDOWN Link with MASTER is down", CURE_RECONNECT, "" },
        { "NOAUTH Authentication required.", CURE_RECONNECT, "" },
        { "WRONGPASS invalid username-password pair", CURE_RECONNECT, "" },
        { "OOM command not allowed", CURE_WAIT, "" },
        { "MISCONF Redis is configured to save", CURE_WAIT, "" },
        { "BUSY Redis is busy running a script", CURE_WAIT, "" },
        { "TRYAGAIN Multiple keys request", CURE_WAIT, "cluster is not supported" },
        { "MOVED 3999 127.0.0.1:6381", CURE_WAIT, "cluster is not supported" },
        { "ASK 3999 127.0.0.1:6381", CURE_WAIT, "cluster is not supported" },
        { "CLUSTERDOWN Hash slot not served", CURE_WAIT, "cluster is not supported" },
        { "NOPERM this user has no permissions", CURE_WAIT, "ACL" },
        { "WRONGTYPE Operation against a key", CURE_KEY, "redis.prefix" },
        { "BUSYGROUP is another word than BUSY", CURE_WAIT, "" },
        { "LOADING", CURE_WAIT, "" },
        { "", CURE_WAIT, "" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *remedy;
        cr_expect_eq(redis_error_cure(slice_of(rows[i].reply), &remedy), rows[i].cure, "row %zu", i);
        cr_expect_eq(remedy[0] != '\0', rows[i].remedy[0] != '\0', "row %zu: %s", i, remedy);
        cr_expect_not_null(strstr(remedy, rows[i].remedy), "row %zu: %s", i, remedy);
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

enum { TTL_MS = 90000 };

static ms_t
age_ms(struct watch *watch, uint64_t key, uint64_t value, ms_t pttl_ms, ms_t at_ms)
{
    return watch_age_ms(watch, &(struct watch_sight){ key, value, TTL_MS, pttl_ms, at_ms });
}

Test(redis_watch, a_claim_grows_old_by_our_clock_while_nobody_renews_it)
{
    static struct watch watch;
    cr_expect_eq(age_ms(&watch, 7, 1, 90000, 1000), 0);
    cr_expect_eq(age_ms(&watch, 7, 1, 80000, 11000), 10000 - WATCH_SLACK_MS);
    cr_expect_eq(age_ms(&watch, 7, 1, 79000, 12000), 11000 - WATCH_SLACK_MS);
    cr_expect_eq(age_ms(&watch, 7, 1, 78500, 13600), 0, "fell too little: it was renewed meanwhile");
    cr_expect_eq(age_ms(&watch, 7, 2, 77500, 14600), 0, "another value");
    cr_expect_eq(age_ms(&watch, 7, 2, 76500, 15600), 1000 - WATCH_SLACK_MS);
    cr_expect_eq(age_ms(&watch, 7, 2, 99000, 16600), 0, "rose");
    cr_expect_eq(age_ms(&watch, 7, 2, -1, 17600), 0, "does not expire any more");
    cr_expect_eq(age_ms(&watch, 7, 2, -1, 47600), 30000 - WATCH_SLACK_MS);
    cr_expect_eq(age_ms(&watch, 7 + WATCH_ENTRIES, 2, 5, 47700), 0, "another key");
}

Test(redis_watch, a_renewal_that_the_slack_hides_makes_no_claim_older)
{
    static struct watch watch;
    const ms_t written_ms = 1400;
    cr_expect_eq(age_ms(&watch, 7, 1, TTL_MS, 1000), 0);
    for (ms_t now_ms = written_ms; now_ms < 30000; now_ms += 700)
        cr_expect_leq(age_ms(&watch, 7, 1, TTL_MS - (now_ms - written_ms), now_ms), now_ms - written_ms);
}

Test(redis_watch, a_claim_that_is_renewed_after_redis_clock_jumped_back_stays_young)
{
    static struct watch watch;
    cr_expect_eq(age_ms(&watch, 7, 1, TTL_MS + 20000, 1000), 0, "the jump shows as life that is left");
    cr_expect_eq(age_ms(&watch, 7, 1, 109000, 2000), 1000 - WATCH_SLACK_MS);
    cr_expect_eq(age_ms(&watch, 7, 1, 90000, 3000), 0, "the renewal brings it down to what it should be");
    cr_expect_eq(age_ms(&watch, 7, 1, 89000, 4000), 1000 - WATCH_SLACK_MS);
}

Test(redis_watch, a_renewal_that_comes_just_as_a_jump_back_is_used_up_is_seen)
{
    static const ms_t late_ms[] = { -WATCH_SLACK_MS, -1, 0, 1, 440, WATCH_SLACK_MS };
    const ms_t jump_ms = 10000;
    for (size_t i = 0; i < sizeof(late_ms) / sizeof(late_ms[0]); i++) {
        static struct watch watch;
        ms_t renewed_ms = 1000 + jump_ms + late_ms[i];
        cr_expect_eq(age_ms(&watch, 7 + i, 1, TTL_MS + jump_ms, 1000), 0);
        cr_expect_eq(age_ms(&watch, 7 + i, 1, TTL_MS + 3000, 8000), 7000 - WATCH_SLACK_MS);
        for (ms_t now_ms = renewed_ms; now_ms < 30000; now_ms += 700)
            cr_expect_leq(age_ms(&watch, 7 + i, 1, TTL_MS - (now_ms - renewed_ms), now_ms), now_ms - renewed_ms, "row %zu", i);
    }
}

Test(redis_watch, a_dead_owners_claim_grows_old_before_a_jump_back_is_used_up_and_after_it)
{
    static struct watch watch;
    for (ms_t now_ms = 0; now_ms < 10000; now_ms += 500)
        cr_expect_geq(age_ms(&watch, 7, 1, TTL_MS + 10000 - now_ms, now_ms), now_ms - WATCH_SLACK_MS);
    for (ms_t now_ms = 10000; now_ms < 40000; now_ms += 500)
        cr_expect_geq(age_ms(&watch, 7, 1, TTL_MS + 10000 - now_ms, now_ms), now_ms - 10000 - WATCH_SLACK_MS);
}

Test(redis_watch, a_claim_of_the_shortest_lease_stays_young_while_it_is_renewed_however_often_it_is_looked_at)
{
    static const ms_t between_ms[] = { 20, 340, 640, 1000, 1002 };
    for (size_t i = 0; i < sizeof(between_ms) / sizeof(between_ms[0]); i++) {
        static struct watch watch;
        ms_t most = 0;
        for (ms_t now = 0; now < 60000; now += between_ms[i]) {
            ms_t late_ms = now / between_ms[i] % 3 == 0 ? 400 : 0;     /* some replies are slow: they tell of before */
            ms_t age = age_ms(&watch, 7 + i, 1, TTL_MS - now % 1000, now + late_ms);
            most = age > most ? age : most;
        }
        cr_expect_lt(most, 3000, "row %zu: %ld", i, (long)most);
    }
}

Test(dedup_custody, one_is_open_until_it_is_closed_or_silent_for_a_lease)
{
    struct custodies set;
    cr_assert(custodies_init(&set));
    custodies_open(&set, 5, 1000);
    for (ms_t now_ms = 1500; now_ms < 31000; now_ms += 500)
        cr_expect(custodies_is_open(&set, 5, 30000, now_ms));
    cr_expect(custodies_is_open(&set, 5, 30000, 30999));
    cr_expect_not(custodies_is_open(&set, 5, 30000, 31000));
    custodies_heard(&set, 5, 31000);
    custodies_heard(&set, 6, 31000);
    cr_expect(custodies_is_open(&set, 5, 30000, 31001));
    cr_expect_not(custodies_is_open(&set, 6, 30000, 31001), "hearing of a stranger does not open it");
    custodies_close(&set, 5);
    custodies_close(&set, 5);
    cr_expect_not(custodies_is_open(&set, 5, 30000, 31001));
    cr_expect_eq(set.n, 0);
    custodies_release(&set);
}

Test(dedup_custody, no_lease_runs_out_while_the_process_stands_still)
{
    struct custodies set;
    cr_assert(custodies_init(&set));
    custodies_open(&set, 5, 1000);
    cr_expect(custodies_is_open(&set, 5, 3000, 1500));
    cr_expect(custodies_is_open(&set, 5, 3000, 60000), "nobody could be heard of meanwhile");
    for (ms_t now_ms = 60500; now_ms < 62000; now_ms += 500)
        cr_expect(custodies_is_open(&set, 5, 3000, now_ms));
    cr_expect_not(custodies_is_open(&set, 5, 3000, 62000));
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

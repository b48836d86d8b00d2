/* test_redis_journal.c: the journal's stream in a real redis-server: its fields, its bounds, and that its troubles
 * harm nobody. */
#include "bridge/io/clock.h"
#include "tests/wire/redis_stand.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <stdio.h>

TestSuite(redis_journal, .init = redis_stand_begin, .fini = redis_stand_end);

static struct journal_entry
delivered(const char *id)
{
    return (struct journal_entry){ .what = JOURNAL_END, .id = slice_of(id), .target = "soar-prod", .route = "all",
                                   .end = TERMINAL_DELIVERED, .reason = REASON_COUNT, .topic = "sec.alerts", .partition = 3,
                                   .offset = 1207, .code = "", .request_id = "", .attempts = 1 };
}

static uint64_t
journaled(void)
{
    return stand_stats(&stand).commands[DEDUP_JOURNAL][0] + stand_stats(&stand).commands[DEDUP_JOURNAL][1];
}

/* Writes it and waits until Redis has answered. */
static void
write_entry(const struct journal_entry *entry)
{
    uint64_t before = journaled();
    dedup_journal(stand.dedup, entry);
    stand_flush(&stand);
    for (ms_t end_ms = clock_now_ms() + 3000; journaled() == before && clock_now_ms() < end_ms;)
        stand_turn(&stand, 1);
    cr_assert_gt(journaled(), before, "no answer");
}

/* And until as many commands were answered, over all. */
static void
write_and_settle(const struct journal_entry *entry, uint64_t commands)
{
    write_entry(entry);
    for (ms_t end_ms = clock_now_ms() + 3000; journaled() < commands && clock_now_ms() < end_ms;)
        stand_turn(&stand, 1);
    cr_expect_eq(journaled(), commands);
}

/* "name=value name=value" of the newest entry. */
static const char *
newest(void)
{
    static char text[2048];
    const redisReply *reply = server_says(&server, "XREVRANGE abt:j + - COUNT 1");
    size_t size = 0;
    cr_assert(reply->type == REDIS_REPLY_ARRAY && reply->elements == 1);
    const redisReply *fields = reply->element[0]->element[1];
    for (size_t i = 0; i < fields->elements; i += 2)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s=%s", i ? " " : "", fields->element[i]->str,
                                 fields->element[i + 1]->str);
    return text;
}

static long long
length(void)
{
    return server_says(&server, "XLEN abt:j")->integer;
}

Test(redis_journal, an_entry_has_the_fields_of_the_contract_in_their_order_and_no_empty_ones)
{
    write_entry(&(struct journal_entry){
        .what = JOURNAL_END, .id = SLICE("inc-7"), .target = "soar-prod", .route = "all", .end = TERMINAL_PARKED,
        .reason = REASON_BAD_INPUT, .fault = FAULT_DEPTH, .topic = "sec.alerts", .partition = 3, .offset = 1207,
        .first_ms = 1772442847221, .last_ms = 1772442857000, .status = 400, .code = "InvalidParameter", .request_id = "R-1",
        .attempts = 2, .doubt = 1, .suppressed_by = SLICE("inc-6"), .replay = true });
    cr_expect_str_eq(newest(), "id=inc-7 target=soar-prod route=all outcome=parked reason=bad_input.depth tpo=sec.alerts/3/1207 "
                               "first=2026-03-02T09:14:07.221Z last=2026-03-02T09:14:17.000Z code=400/InvalidParameter "
                               "request_id=R-1 attempts=2 doubt=1 suppressed_by=inc-6 replay=1");
    struct journal_entry bare = delivered("");
    bare.target = "_none";
    bare.route = NULL;
    bare.attempts = 0;
    write_entry(&bare);
    cr_expect_str_eq(newest(), "target=_none outcome=delivered tpo=sec.alerts/3/1207");
    bare.what = JOURNAL_RESEND;
    write_entry(&bare);
    cr_expect_str_eq(newest(), "target=_none outcome=resend tpo=sec.alerts/3/1207");
}

Test(redis_journal, the_longest_entry_fits)
{
    static char id[129], topic[250], code[64], request[64];
    struct journal_entry entry = delivered(id);
    memset(id, 'i', 128);
    memset(topic, 't', 249);
    memset(code, 'c', 63);
    memset(request, 'r', 63);
    entry = (struct journal_entry){ .what = JOURNAL_END, .id = slice_of(id), .target = code, .route = code,
                                    .end = TERMINAL_PARKED, .reason = REASON_UNCONFIRMED, .topic = topic, .partition = INT32_MAX,
                                    .offset = INT64_MAX, .first_ms = 253402300799999, .last_ms = 253402300799999, .status = 599,
                                    .code = code, .request_id = request, .attempts = UINT32_MAX, .doubt = UINT32_MAX,
                                    .suppressed_by = slice_of(id), .replay = true };
    write_entry(&entry);
    cr_expect(strstr(newest(), "last=9999-12-31T23:59:59.999Z code=599/ccc"), "%s", newest());
}

Test(redis_journal, an_entry_rides_in_front_of_the_mark_that_it_tells_of)
{
    struct claim_order order = stand_order("inc-1", 1, 1);
    struct journal_entry entry = delivered("inc-1");
    stand_claimed(&stand, order);
    server_says(&server, "CONFIG SET slowlog-log-slower-than 0");
    server_says(&server, "SLOWLOG RESET");
    dedup_journal(stand.dedup, &entry);
    cr_expect_eq(stand_ended(&stand, order, CLAIM_STATE_DONE), SETTLE_OK);
    const redisReply *log = server_says(&server, "SLOWLOG GET 2");
    cr_assert_eq(log->elements, 2);
    cr_expect_str_eq(log->element[0]->element[3]->element[0]->str, "SET");
    cr_expect_str_eq(log->element[1]->element[3]->element[0]->str, "XADD");
}

Test(redis_journal, it_keeps_about_as_many_entries_as_it_is_told)
{
    stand_release(&stand);
    stand_config.journal_max_len = 200;
    stand_on(&stand, &server);
    for (uint32_t i = 0; i < 1000; i++) {
        struct journal_entry entry = delivered("inc-1");
        dedup_journal(stand.dedup, &entry);
    }
    struct journal_entry last = delivered("last");
    write_entry(&last);
    stand_turn(&stand, 50);
    cr_expect(length() >= 200 && length() <= 400, "%lld", length());
}

Test(redis_journal, entries_older_than_their_age_go_by_the_clock_of_redis)
{
    server_says(&server, "EVAL %s 0", "for i = 1, 25000 do redis.call('XADD', 'abt:j', i .. '-1', 'id', 'old') end");
    cr_assert_eq(length(), 25000);
    struct journal_entry entry = delivered("inc-1");
    for (uint32_t i = 1; i <= 4; i++)
        write_and_settle(&entry, 2 * i);
    cr_expect(length() <= 104, "%lld: whole nodes of 100 entries go, 10,000 entries at once", length());
    write_and_settle(&entry, 9);
    cr_expect_eq(stand_stats(&stand).commands[DEDUP_JOURNAL][0], 9, "nothing was left the fourth time: none within a minute");
}

Test(redis_journal, none_is_kept_with_a_length_of_0)
{
    struct journal_entry entry = delivered("inc-1");
    stand_release(&stand);
    stand_config.journal_max_len = 0;
    stand_on(&stand, &server);
    dedup_journal(stand.dedup, &entry);
    cr_expect_eq(stand_claimed(&stand, stand_order("inc-1", 1, 1)).verdict, CLAIM_FREE);
    cr_expect_eq(length(), 0);
    cr_expect_eq(stand.unjournaled, 0);
}

Test(redis_journal, a_key_of_another_type_costs_entries_and_nothing_else)
{
    struct journal_entry entry = delivered("inc-1");
    struct claim_order order = stand_order("inc-1", 1, 1);
    server_says(&server, "SET abt:j x");
    dedup_journal(stand.dedup, &entry);
    cr_expect_eq(stand_claimed(&stand, order).verdict, CLAIM_FREE);
    write_entry(&entry);
    cr_expect_eq(stand_ended(&stand, order, CLAIM_STATE_DONE), SETTLE_OK);
    cr_expect_eq(stand.unjournaled, 2);
    cr_expect(stand_heard(&stand, "WRONGTYPE"));
    cr_expect(stand.up, "Redis is as well as ever");
    cr_expect_eq(stand_stats(&stand).commands[DEDUP_JOURNAL][1], 2);
    server_says(&server, "DEL abt:j");
    write_entry(&entry);
    cr_expect_eq(length(), 1);
}

Test(redis_journal, what_cannot_be_sent_is_counted_and_told)
{
    struct journal_entry entry = delivered("inc-1");
    server_kill(&server);
    cr_assert(stand_until(&stand, false));
    dedup_journal(stand.dedup, &entry);
    cr_expect_eq(stand_stats(&stand).commands[DEDUP_JOURNAL][3], 1);
    cr_expect_eq(stand.unjournaled, 1);
    server_start(&server);
    cr_assert(stand_until(&stand, true));
    write_entry(&entry);
    cr_expect_eq(length(), 1);
}

Test(redis_journal, a_silent_redis_is_not_heaped_with_entries)
{
    enum { MOST = 16384 };
    struct journal_entry entry = delivered("inc-1");
    server_freeze(&server);
    for (uint32_t i = 0; i < MOST + 10; i++)
        dedup_journal(stand.dedup, &entry);
    cr_expect_eq(stand_stats(&stand).commands[DEDUP_JOURNAL][3], 10);
    cr_expect_eq(stand.unjournaled, 10);
    server_thaw(&server);
    cr_assert(stand_until(&stand, true));
    cr_expect_eq(stand_claimed(&stand, stand_order("inc-1", 1, 1)).verdict, CLAIM_FREE);
}

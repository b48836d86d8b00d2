/* test_parts.c: knobs, ledger, table, HTTP parser, reset. */
#include "tests/simulators/client.h"

#include "bridge/sim/http_parse.h"
#include "bridge/sim/table.h"

#include <stdio.h>

Test(knobs, an_unknown_name_or_value_names_the_choices)
{
    static const struct {
        const char *pair, *text;
    } rows[] = {
        { "speed=1", "unknown knob \"speed\"; the knobs are unknown_playbook, disabled_playbook" },
        { "biz_http=500", "set 200|mirror" },      { "rate=fast", "set off or N/s, N/m, N/h" },
        { "rate=0/s", "is not allowed" },          { "burst=0", "a number 1..1000000" },
        { "id_ttl=0", "is not allowed" },          { "id_ttl=never", "set forever or seconds" },
        { "max_skew_ms=-1", "is not allowed" },    { "overdue=maybe", "STATUS Code" },
        { "overdue=99 X", "is not allowed" },      { "check_order=date,date", "in any order" },
        { "check_order=date,taste", "in any order" }, { "biz_http", "is not of the form knob=value" },
        { "biz_http=", "set 200|mirror" },
    };
    begin();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char error[4096] = "";
        cr_expect_not(knobs_set_pair(sim_knobs(client.sim), rows[i].pair, error, sizeof(error)), "row %zu", i);
        cr_expect(strstr(error, rows[i].text), "row %zu: %s", i, error);
    }
}

Test(knobs, values_have_units)
{
    struct knobs knobs;
    char error[4096];
    knobs_init(&knobs);
    cr_expect_eq(knob_number(&knobs, KNOB_max_skew), 900000);
    cr_expect_eq(knob_number(&knobs, KNOB_max_skew_ms), 300000);
    cr_expect_eq(knob_number(&knobs, KNOB_id_ttl), -1);
    cr_expect(knobs_set_pair(&knobs, "id_ttl=2d", error, sizeof(error)));
    cr_expect_eq(knob_number(&knobs, KNOB_id_ttl), 172800000);
    cr_expect(knobs_set_pair(&knobs, "rate=60/m", error, sizeof(error)));
    cr_expect(knobs.values[KNOB_rate].number == 60 && knobs.values[KNOB_rate].per_ms == 60000);
    cr_expect(knobs_set_pair(&knobs, "rate=off", error, sizeof(error)));
    cr_expect_eq(knob_number(&knobs, KNOB_rate), -1);
}

Test(knobs, every_word_of_every_row_is_accepted)
{
    static const struct {
        const char *name, *words;
    } rows[] = {
#define KNOB(id, name, type, words, low, high, initial, text) { name, words },
#include "bridge/sim/knobs.def"
#undef KNOB
    };
    struct knobs knobs;
    char error[4096];
    unsigned words = 0;
    knobs_init(&knobs);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (const char *at = rows[i].words; *at; words++) {
            size_t size = strcspn(at, "|");
            cr_expect(knobs_set(&knobs, slice_of(rows[i].name), (struct slice){ at, size }, error, sizeof(error)), "%s", error);
            at += size + (at[size] == '|');
        }
    cr_expect(words > 80, "%u", words);
}

Test(ledger, entries_beyond_the_limit_are_counted_and_heard)
{
    begin();
    ledger_limit(sim_ledger(client.sim), 2);
    for (int i = 0; i < 5; i++)
        send_incident("a");
    cr_expect_eq(executions(), 5);
    cr_expect(ledger_at(sim_ledger(client.sim), 1) && !ledger_at(sim_ledger(client.sim), 2));
}

static void
hear(void *owner, const struct execution *heard)
{
    execution_json(heard, owner);
}

Test(ledger, an_execution_is_one_json_object)
{
    char text[1024];
    struct buf line;
    begin();
    buf_init(&line, text, sizeof(text));
    ledger_listen(sim_ledger(client.sim), hear, &line);
    send_incident("i\\\"9");
    cr_expect(strstr(buf_cstr(&line), "\"subject\":\"i\\\"9\",\"name\":\"name of i\\\"9\","
                                          "\"event_id\":\"yundun_soar_incident_generate\""),
              "%s", text);
    cr_expect(strstr(text, "\"attempt\":1") && strstr(text, "\"time\":1767322800000") && text[line.size - 1] == '}');
}

Test(ledger, thousands_of_entries_keep_their_texts)
{
    begin();
    for (int i = 0; i < 10000; i++) {
        char id[16];
        snprintf(id, sizeof(id), "i-%d", i);
        send_incident(id);
    }
    cr_assert_eq(executions(), 10000);
    cr_expect(text_is(execution(0)->subject, "i-0") && text_is(execution(4096)->subject, "i-4096"));
    cr_expect(text_is(execution(9999)->name, "name of i-9999"));
    cr_expect_eq(stats()->distinct[API_SOAR], 10000);
}

Test(sim, a_reset_forgets_what_happened_and_keeps_the_knobs)
{
    begin();
    knob("ok_code=200");
    fault("delay");
    send_incident("a");
    produce_one("b", "all");
    sim_reset(client.sim);
    cr_expect(executions() == 0 && stats()->requests[API_SOAR] == 0 && sim_faults(client.sim)->n == 0);
    cr_expect_eq(produce_one("b", "all"), -401, "the token is gone");
    client.token[0] = '\0';
    cr_expect_eq(produce_one("b", "all"), 200);
    cr_expect_eq(executions(), 1);
}

Test(sim, the_same_seed_and_requests_give_the_same_bytes)
{
    char first[1024];
    begin();
    send_incident("a");
    snprintf(first, sizeof(first), "%s", body());
    begin();
    send_incident("a");
    cr_expect_str_eq(first, body());
    begin_with(&(struct sim_options){ .seed = 8 });
    send_incident("a");
    cr_expect_str_neq(first, body());
}

Test(sim, options_of_the_wrong_form_are_refused_without_showing_them)
{
    static const char *const bad[] = { "only-an-id-and-secret123" };
    char error[256] = "";
    cr_expect_not(sim_new(&(struct sim_options){ .access_keys = bad, .n_access_keys = 1 }, error, sizeof(error)));
    cr_expect(strstr(error, "ID:SECRET") && !strstr(error, "secret123"));
    cr_expect_not(sim_new(&(struct sim_options){ .app_keys = bad, .n_app_keys = 1 }, error, sizeof(error)));
    cr_expect(strstr(error, "KEY:SECRET"));
}

Test(sim, the_statistics_are_one_json_object)
{
    static char text[64 * 1024];
    struct buf out;
    begin();
    fault("status_after:count=1");
    send_incident("a");
    send_incident("a");
    buf_init(&out, text, sizeof(text));
    sim_stats_json(client.sim, &out);
    cr_expect(strstr(buf_cstr(&out), "\"soar\":{\"requests\":2,\"executed\":2,\"unanswered\":0,\"distinct\":1,\"repeated\":1,"
                                     "\"statuses\":{\"200\":1,\"500\":1},\"codes\":{\"InternalError\":1}}"), "%s", text);
    cr_expect(strstr(text, "\"faults_fired\":{\"status_after\":1}") && strstr(text, "\"executions\":2"));
}

Test(table, many_keys_are_found_and_others_are_not)
{
    struct table table = { 0 };
    for (uint32_t i = 0; i < 5000; i++) {
        struct slice part = { (const char *)&i, sizeof(i) };
        *table_put(&table, table_key(&part, 1)) = i;
    }
    cr_expect_eq(table.used, 5000);
    for (uint32_t i = 0; i < 10000; i++) {
        struct slice part = { (const char *)&i, sizeof(i) };
        const int64_t *found = table_find(&table, table_key(&part, 1));
        cr_expect(i < 5000 ? found && *found == i : !found);
    }
    struct slice ab[] = { SLICE("ab"), SLICE("c") }, a[] = { SLICE("a"), SLICE("bc") };
    struct hash128 one = table_key(ab, 2), other = table_key(a, 2);
    cr_expect(one.low != other.low || one.high != other.high, "borders count");
    table_release(&table);
}

Test(http, requests_are_whole_broken_or_waited_for)
{
    static const struct {
        const char *text;
        enum http_parsed parsed;
        int status;
    } rows[] = {
        { "", HTTP_MORE, 0 },
        { "POST / HTTP/1.1\r\nHost: a\r\n", HTTP_MORE, 0 },
        { "POST /?a=b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab", HTTP_MORE, 0 },
        { "POST /?a=b HTTP/1.1\r\nHost:  a \r\nContent-Length: 3\r\n\r\nabcX", HTTP_WHOLE, 0 },
        { "GET / HTTP/1.0\r\n\r\n", HTTP_WHOLE, 0 },
        { "GET / HTTP/2\r\n\r\n", HTTP_BAD, 400 },
        { "GET HTTP/1.1\r\n\r\n", HTTP_BAD, 400 },
        { "GET x HTTP/1.1\r\n\r\n", HTTP_BAD, 400 },
        { "GET / HTTP/1.1\r\nno colon\r\n\r\n", HTTP_BAD, 400 },
        { "GET / HTTP/1.1\r\na : b\r\n\r\n", HTTP_BAD, 400 },
        { "GET / HTTP/1.1\r\na: b\r\n folded\r\n\r\n", HTTP_BAD, 400 },
        { "GET / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n", HTTP_BAD, 400 },
        { "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", HTTP_BAD, 400 },
        { "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_BAD, 411 },
        { "POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", HTTP_BAD, 413 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_request http = { 0 };
        cr_expect_eq(http_parse(slice_of(rows[i].text), &http), rows[i].parsed, "row %zu", i);
        cr_expect_eq(http.status, rows[i].status, "row %zu", i);
    }
    struct http_request http = { 0 };
    http_parse(slice_of(rows[3].text), &http);
    cr_expect(text_is(http.request.method, "POST") && text_is(http.request.target, "/?a=b") && text_is(http.request.body, "abc"));
    cr_expect(text_is(http.request.headers[0].value, "a") && http.keep_alive);
    cr_expect_eq(http.bytes, strlen(rows[3].text) - 1);
    http_parse(slice_of("GET / HTTP/1.1\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"), &http);
    cr_expect(!http.keep_alive && http.expects_continue && http.needed == http.bytes);
}

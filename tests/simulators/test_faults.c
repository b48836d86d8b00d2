/* test_faults.c: each kind of fault at the door, and how rules are drawn and read. */
#include "tests/simulators/client.h"

#include "codecs/json.h"

#include <stdio.h>

Test(faults, each_fault_of_the_gateway_shows_at_the_door)
{
    static const struct {
        const char *spec;
        enum sim_end end;
        int status;             /* 0 = no reply */
        unsigned executed;
        const char *text;       /* in head or body */
    } rows[] = {
        { "delay:ms=70",                   SIM_END_KEEP,           200, 1, "" },
        { "reset_before",                  SIM_END_NO_REPLY_RESET, 0,   0, "" },
        { "close_before",                  SIM_END_NO_REPLY_CLOSE, 0,   0, "" },
        { "hang_before:ms=900",            SIM_END_HANG,           0,   0, "" },
        { "status_before",                 SIM_END_KEEP,           503, 0, "ServiceUnavailable" },
        { "status_before:status=500",      SIM_END_KEEP,           500, 0, "InternalError" },
        { "status_before:status=504",      SIM_END_KEEP,           504, 0, "504 Gateway Timeout" },
        { "status_before:status=400,code=InvalidThing,retry_after=5", SIM_END_KEEP, 400, 0, "x-acs-retry-after: 5" },
        { "outage:for=1000",               SIM_END_KEEP,           503, 0, "ServiceUnavailable" },
        { "throttle",                      SIM_END_KEEP,           400, 0, "x-acs-retry-after: 1000" },
        { "throttle_untold",               SIM_END_KEEP,           400, 0, "Throttling.User" },
        { "unauthorized",                  SIM_END_KEEP,           401, 0, "InvalidSecurityToken.Expired" },
        { "forbidden",                     SIM_END_KEEP,           403, 0, "AccessDeniedDetail" },
        { "redirect",                      SIM_END_KEEP,           302, 0, "Location: http" },
        { "too_large",                     SIM_END_KEEP,           413, 0, "413 Payload Too Large" },
        { "nonce_used",                    SIM_END_KEEP,           400, 0, "SignatureNonceUsed" },
        { "bad_time",                      SIM_END_KEEP,           400, 0, "InvalidTimeStamp.Expired" },
        { "ok_with_code",                  SIM_END_KEEP,           200, 0, "NoPermission" },
        { "error_html",                    SIM_END_KEEP,           502, 0, "<html>" },
        { "error_xml",                     SIM_END_KEEP,           503, 0, "<Code>ServiceUnavailable</Code>" },
        { "token_expiry",                  SIM_END_KEEP,           200, 1, "" },
        { "reset_after",                   SIM_END_NO_REPLY_RESET, 0,   1, "" },
        { "close_after",                   SIM_END_NO_REPLY_CLOSE, 0,   1, "" },
        { "hang_after",                    SIM_END_HANG,           0,   1, "" },
        { "status_after",                  SIM_END_KEEP,           500, 1, "InternalError" },
        { "execute_then_reset",            SIM_END_NO_REPLY_RESET, 0,   1, "" },
        { "execute_then_500",              SIM_END_KEEP,           500, 1, "InternalError" },
        { "execute_then_502",              SIM_END_KEEP,           502, 1, "502 Bad Gateway" },
        { "execute_then_504",              SIM_END_KEEP,           504, 1, "504 Gateway Timeout" },
        { "apply_then_drop",               SIM_END_NO_REPLY_CLOSE, 0,   1, "" },
        { "apply_then_500",                SIM_END_KEEP,           500, 1, "InternalError" },
        { "truncate",                      SIM_END_KEEP,           200, 1, "" },
        { "broken_json",                   SIM_END_KEEP,           200, 1, "" },
        { "not_json",                      SIM_END_KEEP,           200, 1, "<html>" },
        { "huge",                          SIM_END_KEEP,           200, 1, "" },
        { "drip",                          SIM_END_KEEP,           200, 1, "" },
        { "wrong_length",                  SIM_END_KEEP,           200, 1, "" },
        { "keepalive_close",               SIM_END_CLOSE_SILENTLY, 200, 1, "" },
        { "close",                         SIM_END_CLOSE,          200, 1, "" },
        { "idle_close:ms=30",              SIM_END_KEEP,           200, 1, "" },
        { "poison:match=i-1",              SIM_END_KEEP,           400, 0, "InvalidParams" },
        { "poison:match=i-1,status=500,code=InternalError", SIM_END_KEEP, 500, 0, "InternalError" },
        { "poison:nth=1",                  SIM_END_KEEP,           400, 0, "InvalidParams" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin();
        fault(rows[i].spec);
        int status = send_incident("i-1");
        cr_expect_eq(client.reply.end, rows[i].end, "%s: %d", rows[i].spec, client.reply.end);
        cr_expect(!rows[i].status || status == rows[i].status, "%s: %d", rows[i].spec, status);
        cr_expect_eq(executions(), rows[i].executed, "%s", rows[i].spec);
        cr_expect(head_has(rows[i].text) || body_has(rows[i].text), "%s: %s", rows[i].spec, body());
        cr_expect_eq(sim_faults(client.sim)->rules[0].fired, 1, "%s", rows[i].spec);
        cr_expect_eq(stats()->unanswered[API_SOAR], rows[i].status == 0, "%s", rows[i].spec);
    }
}

Test(faults, what_shapes_a_reply_is_told_to_the_server)
{
    begin();
    fault("delay:ms=70,jitter=20,count=1");
    send_incident("a");
    cr_expect(client.reply.delay_ms >= 70 && client.reply.delay_ms <= 90);
    fault("hang_after:ms=900,count=1");
    send_incident("a");
    cr_expect_eq(client.reply.hang_ms, 900);
    fault("truncate:count=1");
    send_incident("a");
    cr_expect_eq(client.reply.cut_at, (int64_t)client.reply.body.size / 2);
    fault("truncate:count=1,bytes=3");
    send_incident("a");
    cr_expect_eq(client.reply.cut_at, 3);
    fault("broken_json:count=1");
    send_incident("a");
    cr_expect_not(body_has("}}"), "its last brace is gone");
    fault("huge:count=1");
    send_incident("a");
    cr_expect_eq(client.reply.body.size + client.reply.filler_bytes, 10485760);
    fault("drip:count=1,bytes=7,ms=3");
    send_incident("a");
    cr_expect(client.reply.drip_bytes == 7 && client.reply.drip_ms == 3);
    fault("wrong_length:count=1,bytes=-4");
    send_incident("a");
    cr_expect_eq(client.reply.length_error, -4);
    fault("idle_close:count=1,ms=30");
    send_incident("a");
    cr_expect_eq(client.reply.idle_close_ms, 30);
    send_incident("a");
    cr_expect(client.reply.idle_close_ms == -1 && client.reply.cut_at == -1);
    cr_expect_eq(client.reply.filler_bytes, 0, "nothing is left behind");
}

Test(faults, the_portal_speaks_its_own_way)
{
    static const struct {
        const char *spec;
        int code;
        unsigned executed;
        const char *text;
    } rows[] = {
        { "status_before:api=notice", -503, 0, "Service unavailable" },
        { "throttle:api=notice", -429, 0, "Retry-After: 1" },
        { "throttle_untold:api=notice", -429, 0, "API rate limit exceeded" },
        { "unauthorized:api=notice", -401, 0, "Invalid authentication credentials" },
        { "forbidden:api=notice", -403, 0, "Your IP address is not allowed" },
        { "too_large:api=notice", -413, 0, "Request size limit exceeded" },
        { "status_before:api=notice,code=31500", 31500, 0, "" },
        { "bad_time:api=notice", -401, 0, "Invalid authentication credentials" },
        { "token_expiry:api=notice", 1203, 0, "" },
        { "data_false", 0, 0, "{\"success\":false}" },
        { "poison:match=bad", 0, 3, "" },
        { "poison:match=a", 31400, 0, "parameter.invalid.messageId" },
        { "poison:match=a,code=31500", 31500, 0, "" },
        { "poison:match=a,status=500", -500, 0, "" },
        { "apply_then_500:api=notice", -500, 3, "" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin();
        token_get(client.now_ms);
        fault(rows[i].spec);
        cr_expect_eq(produce_one("a", "all"), rows[i].code, "%s: %s", rows[i].spec, body());
        cr_expect_eq(stats()->shown, rows[i].executed, "%s", rows[i].spec);
        cr_expect(body_has(rows[i].text) || head_has(rows[i].text), "%s: %s", rows[i].spec, body());
    }
}

Test(faults, a_connection_is_refused_when_it_is_accepted)
{
    begin();
    cr_expect(sim_accept(client.sim, client.now_ms));
    fault("refuse:count=1");
    cr_expect_not(sim_accept(client.sim, client.now_ms));
    cr_expect(sim_accept(client.sim, client.now_ms));
    cr_expect_eq(stats()->refused_at_accept, 1);
}

Test(faults, what_was_not_carried_out_is_not_spoiled_after)
{
    struct soar call = soar();
    begin();
    fault("execute_then_500:count=1");
    call.secret = "wrong";
    cr_expect_eq(send_soar(&call), 400, "a refused call stays refused");
    cr_expect_eq(send_incident("a"), 500);
    cr_expect_eq(send_incident("a"), 200);
}

Test(faults, a_rule_has_a_window_a_count_and_a_gap)
{
    begin();
    fault("outage:after=1000,for=2000,count=3,gap=500");
    cr_expect_eq(send_incident("a"), 200);
    client.now_ms += 1000;
    cr_expect_eq(send_incident("a"), 503);
    cr_expect_eq(send_incident("a"), 200, "within the gap");
    client.now_ms += 500;
    cr_expect_eq(send_incident("a"), 503);
    client.now_ms += 500;
    cr_expect_eq(send_incident("a"), 503);
    client.now_ms += 500;
    cr_expect_eq(send_incident("a"), 200, "the count is spent");
    faults_clear(sim_faults(client.sim));
    fault("outage:for=100");
    client.now_ms += 99;
    cr_expect_eq(send_incident("a"), 503);
    client.now_ms += 1;
    cr_expect_eq(send_incident("a"), 200);
    cr_expect_eq(sim_faults(client.sim)->fired[FAULT_KIND_outage], 4);
}

Test(faults, a_probability_is_kept_and_a_seed_repeats_it)
{
    char first[2001] = "", second[2001] = "";
    unsigned fired = 0;
    for (int run = 0; run < 2; run++) {
        char *drawn = run ? second : first;
        begin();
        fault("status_before:p=0.25,seed=42");
        for (int i = 0; i < 2000; i++)
            drawn[i] = send_incident("a") == 503 ? 'x' : '.';
    }
    for (int i = 0; i < 2000; i++)
        fired += first[i] == 'x';
    cr_expect_str_eq(first, second);
    cr_expect(fired > 420 && fired < 580, "%u of 2000", fired);
    begin();
    fault("status_before:p=0");
    cr_expect_eq(send_incident("a"), 200);
}

Test(faults, a_filter_by_api_leaves_the_others_alone)
{
    begin();
    fault("status_before:api=token");
    cr_expect_eq(send_incident("a"), 200);
    cr_expect_eq(token_get(client.now_ms), -1);
    cr_expect_eq(client.reply.status, 503);
}

Test(faults, poison_by_nth_hits_the_same_ids_each_time)
{
    bool poisoned[300];
    unsigned n = 0;
    begin();
    fault("poison:nth=10");
    for (unsigned i = 0; i < 300; i++) {
        char id[16];
        snprintf(id, sizeof(id), "id-%u", i);
        poisoned[i] = send_incident(id) == 400;
        n += poisoned[i];
        cr_expect_eq(send_incident(id) == 400, poisoned[i]);
    }
    cr_expect(n > 10 && n < 60, "%u of 300", n);
}

Test(faults, a_wrong_rule_is_explained_and_not_added)
{
    static const struct {
        const char *spec, *text;
    } rows[] = {
        { "earthquake", "the faults are refuse, delay" }, { "delay:tempo=1", "unknown fault parameter \"tempo\"" },
        { "delay:ms=x", "ms: \"x\" is not allowed" },      { "delay:p=1.5", "p: \"1.5\" is not allowed" },
        { "delay:ms", "not of the form name=value" },      { "delay:api=mail", "api: \"mail\" is not allowed" },
        { "status_before:status=42", "status: \"42\"" },   { "poison:nth=0", "nth: \"0\"" },
    };
    begin();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char error[2048] = "";
        cr_expect_not(faults_add_text(sim_faults(client.sim), rows[i].spec, 0, error, sizeof(error)), "row %zu", i);
        cr_expect(strstr(error, rows[i].text), "row %zu: %s", i, error);
    }
    cr_expect_eq(sim_faults(client.sim)->n, 0);
    for (unsigned i = 0; i < FAULT_RULES_MAX; i++)
        fault("delay:p=0");
    char error[256];
    cr_expect_not(faults_add_text(sim_faults(client.sim), "delay", 0, error, sizeof(error)));
}

static bool
add_json(const char *text, char *error, size_t size)
{
    static char memory[256 * 1024] __attribute__((aligned(16)));
    struct arena arena;
    const struct value *root = NULL;
    arena_init(&arena, memory, sizeof(memory));
    cr_assert_eq(json_read(slice_of(text), &arena, &root), FAULT_NONE);
    return faults_add_json(sim_faults(client.sim), root, client.now_ms, error, size);
}

Test(faults, rules_come_as_json_too_all_or_none)
{
    char error[2048] = "";
    begin();
    cr_expect(add_json("{\"kind\":\"delay\",\"probability\":0.5,\"ms\":20,\"count\":\"3\"}", error, sizeof(error)), "%s", error);
    cr_expect(add_json("[{\"kind\":\"reset_after\",\"count\":1,\"api\":\"soar\"},{\"kind\":\"poison\",\"match\":\"x\"}]", error,
                       sizeof(error)));
    cr_expect_eq(sim_faults(client.sim)->n, 3);
    cr_expect_eq(sim_faults(client.sim)->rules[0].probability, 0.5);
    cr_expect_eq(sim_faults(client.sim)->rules[0].ms, 20);
    cr_expect_eq(sim_faults(client.sim)->rules[1].api, API_SOAR);
    cr_expect_not(add_json("[{\"kind\":\"delay\"},{\"kind\":\"nothing\"}]", error, sizeof(error)));
    cr_expect_not(add_json("{\"ms\":1}", error, sizeof(error)));
    cr_expect_not(add_json("{\"kind\":\"delay\",\"ms\":[1]}", error, sizeof(error)));
    cr_expect_eq(sim_faults(client.sim)->n, 3);
}

/* A run of hours lays thousands. */
Test(faults, rules_that_fire_no_more_make_room)
{
    char error[2048];
    begin();
    fault("outage:after=100000,for=1");
    cr_expect(add_json("{\"kind\":\"delay\",\"ms\":0,\"count\":1}", error, sizeof(error)));
    cr_expect_eq(send_incident("a"), 200);
    for (int i = 0; i < 3 * FAULT_RULES_MAX; i++, client.now_ms += 10)
        cr_expect(add_json("[{\"kind\":\"delay\",\"ms\":0,\"for\":10},{\"kind\":\"drip\",\"for\":10}]", error, sizeof(error)),
                  "row %d: %s", i, error);
    cr_expect_leq(sim_faults(client.sim)->n, FAULT_RULES_MAX);
    client.now_ms = sim_faults(client.sim)->rules[0].added_ms + 100000;
    cr_expect_eq(send_incident("a"), 503, "who has yet to fire stays");
    for (int i = 0; i < FAULT_RULES_MAX; i++)
        (void)add_json("{\"kind\":\"delay\",\"ms\":0}", error, sizeof(error));
    cr_expect_not(add_json("{\"kind\":\"delay\",\"ms\":0}", error, sizeof(error)), "none of these is over");
}

/* test_gateway.c: the portal's gateway: tokens, signatures, flow control. */
#include "tests/simulators/client.h"

#include <stdio.h>

Test(gateway, one_living_token_is_given_out_again_with_its_remaining_life)
{
    char first[128];
    begin();
    cr_expect_eq(token_get(client.now_ms), 0);
    cr_expect(body_has("\"expire\":7200") && body_has("\"business\":\"apim-token-service\""));
    snprintf(first, sizeof(first), "%s", client.token);
    client.now_ms += 7000 * 1000;
    cr_expect_eq(token_get(client.now_ms), 0);
    cr_expect_str_eq(client.token, first);
    cr_expect(body_has("\"expire\":200"));
    client.now_ms += 200 * 1000;
    cr_expect_eq(token_get(client.now_ms), 0);
    cr_expect_str_neq(client.token, first);
}

Test(gateway, the_token_service_refuses_with_its_own_codes)
{
    static const struct {
        const char *json;
        int status;
    } rows[] = {
        { "", 1004 }, { "[]", 1004 }, { "{}", 1202 }, { "{\"appKey\":\"testkey\",\"encryption\":\"\",\"timestamp\":1}", 1202 },
        { "{\"appKey\":\"testkey\",\"encryption\":\"00\",\"timestamp\":\"x\"}", 1004 },
        { "{\"appKey\":\"testkey\",\"encryption\":\"00\",\"timestamp\":true}", 1004 },
        { "{\"appKey\":\"other\",\"encryption\":\"00\",\"timestamp\":1}", 1002 },
        { "{\"appKey\":\"testkey\",\"encryption\":\"00\",\"timestamp\":1}", 1003 },
    };
    begin();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char expected[32];
        raw("POST", "/apim-token-service/v2.0/token/get", rows[i].json);
        snprintf(expected, sizeof(expected), "{\"status\":%d,", rows[i].status);
        cr_expect(body_has(expected), "row %zu: %s", i, body());
    }
    cr_expect_eq(raw("GET", "/apim-token-service/v2.0/token/get", ""), 405);
    cr_expect_eq(raw("POST", "/apim-token-service/v2.0/token/other", ""), 404);
}

Test(gateway, an_encryption_is_taken_once)
{
    begin();
    cr_expect_eq(token_get(client.now_ms), 0);
    cr_expect_eq(token_get(client.now_ms), 1001);
    client.now_ms += 3600000;
    cr_expect_eq(token_get(client.now_ms - 3600000), 1001);
    knob("encryption_memory=60");
    cr_expect_eq(token_get(client.now_ms - 3600000), 0);
}

Test(gateway, get_has_two_readings)
{
    for (int kills = 0; kills < 2; kills++) {
        char old[128];
        begin();
        knob(kills ? "get_mode=new_kill_old" : "get_mode=same");
        token_get(client.now_ms);
        snprintf(old, sizeof(old), "%s", client.token);
        client.now_ms += 5000;
        cr_expect_eq(token_get(client.now_ms), 0);
        cr_expect_eq(strcmp(old, client.token) != 0, kills);
        cr_expect_eq(produce_one("a", "all"), 0);
        snprintf(client.token, sizeof(client.token), "%s", old);
        cr_expect_eq(produce_one("b", "all") != 0, kills);
    }
}

Test(gateway, refresh_has_three_readings)
{
    static const struct {
        const char *knob;
        bool same_token, old_lives;
    } rows[] = {
        { "refresh_mode=new_kill_old", false, false },
        { "refresh_mode=new_keep_old", false, true },
        { "refresh_mode=extend", true, true },
    };
    for (size_t i = 0; i < 3; i++) {
        char old[128];
        begin();
        knob(rows[i].knob);
        token_get(client.now_ms);
        snprintf(old, sizeof(old), "%s", client.token);
        client.now_ms += 5000;
        cr_expect_eq(token_refresh(client.now_ms), 0);
        cr_expect_eq(strcmp(old, client.token) == 0, rows[i].same_token, "%s", rows[i].knob);
        cr_expect(body_has("\"expire\":7200"));
        cr_expect_eq(produce_one("a", "all"), 0);
        snprintf(client.token, sizeof(client.token), "%s", old);
        cr_expect_eq(produce_one("b", "all") == 0, rows[i].old_lives, "%s", rows[i].knob);
    }
    client.now_ms += 8000000;
    cr_expect_eq(token_refresh(client.now_ms), 1204);
}

Test(gateway, an_expired_token_is_told_in_three_shapes)
{
    begin();
    knob("token_life=10");
    cr_expect_eq(produce_one("a", "all"), 0);
    client.now_ms += 10000;
    cr_expect_eq(produce_one("a", "all"), 1203);
    cr_expect(body_has("\"status\":1203"));
    knob("expired_token_shape=http200_code");
    cr_expect_eq(produce_one("a", "all"), 1203);
    cr_expect(body_has("\"code\":1203"));
    knob("expired_token_shape=http401_message");
    cr_expect_eq(produce_one("a", "all"), -401);
    cr_expect(body_has("Invalid authentication credentials"));
}

Test(gateway, a_stranger_a_late_clock_and_a_false_signature_are_refused)
{
    begin();
    cr_expect_eq(produce_one("a", "all"), 0);
    client.token[0] ^= 1;
    cr_expect_eq(produce_one("a", "all"), -401, "an unknown token");
    client.token[0] ^= 1;
    knob("clock_offset=300001");
    cr_expect_eq(produce_one("a", "all"), -401, "beyond max_skew_ms");
    knob("bad_signature_shape=http200_code497");
    cr_expect_eq(produce_one("a", "all"), 497);
    cr_expect(body_has("App Timestamp Checked Fail"));
    knob("max_skew_ms=300001");
    cr_expect_eq(produce_one("a", "all"), 0);
    knob("replay_check=on");
    cr_expect_eq(produce_one("r", "all"), 0);
    cr_expect_eq(produce_one("r", "all"), 497);
    cr_expect(body_has("App Signature Checked Fail"));
    cr_expect_eq(raw("POST", "/app-portal-service/v2.2/notice-message/produce?orgId=o1", "{}"), 401);
}

Test(gateway, flow_control_counts_calls_in_windows_of_the_clock)
{
    static const char *const windows[] = { "rate_window=second", "rate_window=minute", "rate_window=hour", "rate_window=day" };
    static const int64_t lengths_ms[] = { 1000, 60000, 3600000, 86400000 };
    for (size_t i = 0; i < 4; i++) {
        begin();
        knob("token_life=86400");
        token_get(client.now_ms);
        knob("rate_limit=2");
        knob(windows[i]);
        cr_expect_eq(produce_one("a", "all"), 0, "%s", windows[i]);
        cr_expect(head_has("X-RateLimit-Remaining-"));
        cr_expect_eq(produce_one("a", "all"), 0);
        cr_expect_eq(produce_one("a", "all"), -429);
        cr_expect(body_has("API rate limit exceeded") && !head_has("Retry-After"));
        knob("rate_retry_after=yes");
        cr_expect_eq(produce_one("a", "all"), -429);
        cr_expect(head_has("Retry-After: "));
        client.now_ms += lengths_ms[i] - client.now_ms % lengths_ms[i];
        knob("token_life=86400");
        client.token[0] = '\0';
        cr_expect_eq(produce_one("a", "all"), 0, "%s", windows[i]);
    }
}

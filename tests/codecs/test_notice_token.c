/* test_notice_token.c: the token calls' requests and every answer of the token service. */
#include "codecs/notice.h"
#include "tests/codecs/judging.h"
#include "tests/codecs/vectors.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define TOKEN "61f1575d5daaef1a3d994466e54b97a89aded3be7dbc7ba0efd7b7ddafacf59b"

static struct token_reply
judged(int status, const char *body)
{
    struct reply reply = answered(status, body);
    struct token_reply token;
    memset(&token, 0x5a, sizeof(token));
    notice_token_judge(&reply, &token);
    return token;
}

Test(notice_token, the_two_calls)
{
    static char memory[4096];
    struct crypto *crypto = crypto_new();
    struct request request;
    const struct value *v1 = &vectors("notice", "token_encryption")->items[0];
    struct credential credential = { text_at(v1, "app_key"), text_at(v1, "app_secret"), { NULL, 0 } };
    request_init(&request, memory, 1024, 2048, 1024);
    notice_token_request(&request, crypto, &credential, (struct slice){ NULL, 0 }, 1572574909697);
    EXPECT_SLICE(buf_view(&request.target), SLICE("/apim-token-service/v2.0/token/get"));
    EXPECT_SLICE(buf_view(&request.body), SLICE("{\"appKey\":\"5acb82e7-a11e-4300-9164-c8b20b638e8b\",\"encryption\":"
                                                "\"83e2f674e53f1a71943b6c5fc9bd0eb27864c83075af8b4bf528f3faa8c7ca38\","
                                                "\"timestamp\":1572574909697}"));
    cr_expect_str_eq(request.lines[0], "Content-Type: application/json;charset=UTF-8");
    cr_expect_str_eq(request.method, "POST");
    for (uint32_t i = 0; i < request.n_lines; i++)
        cr_expect_neq(strncmp(request.lines[i], "apim-", 5), 0);

    notice_token_request(&request, crypto, &credential, SLICE("old\"token"), 1572574909697);
    EXPECT_SLICE(buf_view(&request.target), SLICE("/apim-token-service/v2.0/token/refresh"));
    EXPECT_SLICE(buf_view(&request.body), SLICE("{\"appKey\":\"5acb82e7-a11e-4300-9164-c8b20b638e8b\",\"encryption\":"
                                                "\"83e2f674e53f1a71943b6c5fc9bd0eb27864c83075af8b4bf528f3faa8c7ca38\","
                                                "\"timestamp\":1572574909697,\"accessToken\":\"old\\\"token\"}"));
    crypto_free(crypto);
}

Test(notice_token, a_token_in_every_documented_form)
{
    static const struct {
        const char *body;
        int64_t expire_s;
    } rows[] = {
        {"{\"status\":0,\"msg\":\"SUCCESS\",\"business\":\"apim-token-service\",\"data\":{\"accessToken\":\"" TOKEN
         "\",\"expire\":7200}}",
         7200},
        {"{\"stauts\":0,\"msg\":\"SUCCESS\",\"data\":{\"accessToken\":\"" TOKEN "\",\"expire\":12}}", 12},
        {"{\"status\":\"0\",\"data\":{\"accessToken\":\"" TOKEN "\",\"expire\":\"60\"}}", 60},
        {"{\"business\":\"edge-iam\",\"data\":{\"accessToken\":\"" TOKEN "\",\"expire\":1}}", 1},
        {"{\"status\":0,\"data\":{\"accessToken\":\"" TOKEN "\"}}", 7200},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct token_reply token = judged(200, rows[i].body);
        cr_expect_eq(token.result, TOKEN_OK, "row %zu", i);
        cr_expect_str_eq(token.token, TOKEN);
        cr_expect_eq(token.expire_s, rows[i].expire_s, "row %zu", i);
        cr_expect_eq(token.status, 200);
        cr_expect_eq(token.code, 0);
    }
}

Test(notice_token, every_code_and_every_status)
{
    static const struct {
        int status;
        const char *body;
        enum token_result result;
        int code;
    } rows[] = {
        { 200, "{\"status\":1001}", TOKEN_AGAIN, 1001 },
        { 200, "{\"stauts\":1001}", TOKEN_AGAIN, 1001 },
        { 200, "{\"code\":1001}", TOKEN_AGAIN, 1001 },
        { 400, "{\"status\":1001}", TOKEN_AGAIN, 1001 },
        { 200, "{\"status\":1002}", TOKEN_REFUSED, 1002 },
        { 200, "{\"status\":1003}", TOKEN_REFUSED, 1003 },
        { 200, "{\"status\":1004}", TOKEN_REFUSED, 1004 },
        { 200, "{\"status\":1202}", TOKEN_REFUSED, 1202 },
        { 500, "{\"status\":1002}", TOKEN_REFUSED, 1002 },
        { 200, "{\"status\":1005}", TOKEN_AGAIN, 1005 },
        { 200, "{\"status\":1203}", TOKEN_GET_INSTEAD, 1203 },
        { 200, "{\"status\":1204}", TOKEN_GET_INSTEAD, 1204 },
        { 401, "{\"status\":\"1204\"}", TOKEN_GET_INSTEAD, 1204 },
        { 200, "{\"apim\":4011}", TOKEN_AGAIN, 0 },
        { 200, "{\"status\":4012}", TOKEN_GET_INSTEAD, 4012 },
        { 200, "{\"status\":77777}", TOKEN_AGAIN, 77777 },
        { 200, "{\"status\":0}", TOKEN_AGAIN, 0 },
        { 200, "{\"status\":0,\"data\":null}", TOKEN_AGAIN, 0 },
        { 200, "{\"status\":0,\"data\":{\"accessToken\":\"\",\"expire\":7200}}", TOKEN_AGAIN, 0 },
        { 200, "{\"status\":0,\"data\":{\"accessToken\":\"a b\",\"expire\":7200}}", TOKEN_AGAIN, 0 },
        { 200, "{\"status\":0,\"data\":{\"accessToken\":\"" TOKEN "\",\"expire\":0}}", TOKEN_AGAIN, 0 },
        { 200, "{\"status\":0,\"data\":{\"accessToken\":\"" TOKEN "\",\"expire\":-5}}", TOKEN_AGAIN, 0 },
        { 200, "{\"status\":5,\"data\":{\"accessToken\":\"" TOKEN "\",\"expire\":7200}}", TOKEN_AGAIN, 5 },
        { 200, "{\"status\":0,\"data\":{\"accessToken\":\"" TOKEN, TOKEN_AGAIN, 0 },
        { 200, "", TOKEN_AGAIN, 0 },
        { 200, "<html>", TOKEN_AGAIN, 0 },
        { 302, "", TOKEN_REFUSED, 0 },
        { 400, "{}", TOKEN_REFUSED, 0 },
        { 401, "{\"message\":\"Invalid authentication credentials\"}", TOKEN_REFUSED, 0 },
        { 403, "", TOKEN_REFUSED, 0 },
        { 404, "", TOKEN_REFUSED, 0 },
        { 408, "", TOKEN_AGAIN, 0 },
        { 429, "", TOKEN_AGAIN, 0 },
        { 500, "", TOKEN_AGAIN, 0 },
        { 502, "", TOKEN_AGAIN, 0 },
        { 503, "", TOKEN_AGAIN, 0 },
        { 504, "", TOKEN_AGAIN, 0 },
        { 500, "{\"status\":0,\"data\":{\"accessToken\":\"" TOKEN "\",\"expire\":7200}}", TOKEN_AGAIN, 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct token_reply token = judged(rows[i].status, rows[i].body);
        cr_expect_eq(token.result, rows[i].result, "row %zu: %d", i, token.result);
        cr_expect_eq(token.code, rows[i].code, "row %zu", i);
        cr_expect_eq(token.status, rows[i].status, "row %zu", i);
        cr_expect_str_eq(token.token, "", "row %zu", i);
    }
}

Test(notice_token, a_call_that_was_not_answered_is_made_again)
{
    for (int transport = TRANSPORT_CONNECT; transport < TRANSPORT_COUNT; transport++) {
        for (int begun = 0; begun < 3; begun++) {
            struct reply reply = { .transport = (enum transport)transport, .begun = begun, .handed_over = true };
            struct token_reply token;
            notice_token_judge(&reply, &token);
            cr_expect_eq(token.result, TOKEN_AGAIN);
        }
    }
}

Test(notice_token, the_longest_token_is_kept_and_a_longer_one_is_not_used)
{
    for (int size = 510; size <= 513; size++) {
        char text[600], body[800];
        memset(text, 't', (size_t)size);
        text[size] = '\0';
        snprintf(body, sizeof(body), "{\"status\":0,\"data\":{\"accessToken\":\"%s\",\"expire\":9}}", text);
        struct token_reply token = judged(200, body);
        cr_expect_eq(token.result, size < 512 ? TOKEN_OK : TOKEN_AGAIN, "%d bytes", size);
        cr_expect_str_eq(token.token, size < 512 ? text : "");
    }
}

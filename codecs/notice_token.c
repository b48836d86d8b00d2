/* notice_token.c: the gateway's token service: key and secret to a token that business calls carry. */
#include "codecs/notice_parts.h"
#include "codecs/reply.h"

#define TOKEN_PATH "/apim-token-service/v2.0/token/"

/* The life of a new token by the vendor's page, for an answer that names none. */
enum { TOKEN_LIFE_S = 7200 };

static void
put_member(struct buf *body, const char *before, struct slice text)
{
    buf_text(body, before);
    buf_json_string(body, text);
}

void
notice_token_request(struct request *request, struct crypto *crypto, const struct credential *credential, struct slice old,
                     int64_t wall_ms)
{
    char encryption[SHA256_HEX + 1];
    notice_encryption(crypto, credential->id, wall_ms, credential->secret, encryption);
    request_reset(request);
    request->method = "POST";
    buf_text(&request->target, old.size > 0 ? TOKEN_PATH "refresh" : TOKEN_PATH "get");
    request_header(request, "Content-Type", SLICE(NOTICE_CONTENT_TYPE));
    request_header(request, "accept", SLICE("application/json"));
    request_header(request, "user-agent", SLICE(NOTICE_USER_AGENT));

    put_member(&request->body, "{\"appKey\":", credential->id);
    put_member(&request->body, ",\"encryption\":", slice_of(encryption));
    buf_text(&request->body, ",\"timestamp\":");
    buf_i64(&request->body, wall_ms);
    if (old.size > 0)
        put_member(&request->body, ",\"accessToken\":", old);
    buf_char(&request->body, '}');
}

static const struct {
    int code;
    enum token_result result;
} codes[] = {
    { 1001, TOKEN_AGAIN       },    /* another worker asked in the same millisecond */
    { 1002, TOKEN_REFUSED     },    /* no such appKey */
    { 1003, TOKEN_REFUSED     },    /* the encryption does not fit: the secret is wrong */
    { 1004, TOKEN_REFUSED     },
    { 1005, TOKEN_AGAIN       },    /* internal service exception */
    { 1202, TOKEN_REFUSED     },    /* a field is empty */
    { 1203, TOKEN_GET_INSTEAD },    /* the token to refresh has expired */
    { 1204, TOKEN_GET_INSTEAD },
    { 4011, TOKEN_GET_INSTEAD },
    { 4012, TOKEN_GET_INSTEAD },
};

struct answer {
    bool has_code;
    int64_t code;
    int64_t expire_s;
    bool has_token;
    char token[sizeof(((struct token_reply *)0)->token)];
};

/* A token goes into a header: anything but printable ASCII in it could not be sent back. */
static bool
is_token(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] <= ' ' || text.at[i] > '~')
            return false;
    }
    return text.size > 0 && text.size < sizeof(((struct answer *)0)->token);
}

/* The vendor's sample misspells `status`; some gateways answer in the portal's form with `code`. */
static void
read_object(const struct value *object, void *into)
{
    struct answer *answer = into;
    struct slice token;
    if (!object)
        return;
    const struct value *code = reply_member(object, "status", "stauts");
    answer->has_code = reply_integer(code ? code : value_member(object, "code"), &answer->code);
    const struct value *data = value_member(object, "data");
    answer->has_token = reply_text(value_member(data, "accessToken"), &token) && is_token(token);
    if (answer->has_token)
        memcpy(answer->token, token.at, token.size);
    if (!reply_integer(value_member(data, "expire"), &answer->expire_s))
        answer->expire_s = TOKEN_LIFE_S;
}

static bool
result_of_code(int64_t code, enum token_result *result)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i].code == code) {
            *result = codes[i].result;
            return true;
        }
    }
    return false;
}

static enum token_result
result_of_status(int status)
{
    switch (outcome_of_status(status)) {
    case OUTCOME_AUTH:
    case OUTCOME_CONFIG:
    case OUTCOME_REJECTED:
    case OUTCOME_TOO_LARGE:
        return TOKEN_REFUSED;
    case OUTCOME_DELIVERED:
    case OUTCOME_NOT_SENT:
    case OUTCOME_NOT_EXECUTED:
    case OUTCOME_THROTTLED:
    case OUTCOME_IN_DOUBT:
    case OUTCOME_COUNT:
        break;
    }
    return TOKEN_AGAIN;
}

void
notice_token_judge(const struct reply *reply, struct token_reply *token)
{
    struct answer answer = { 0 };
    struct verdict verdict;
    *token = (struct token_reply){ .result = TOKEN_AGAIN, .status = reply->status };
    if (judge_transport(reply, &verdict))
        return;
    reply_read(reply->body, read_object, &answer);
    token->code = answer.has_code && answer.code >= INT32_MIN && answer.code <= INT32_MAX ? (int)answer.code : 0;
    if (answer.has_code && answer.code != 0 && result_of_code(answer.code, &token->result))
        return;
    if (reply->status < 200 || reply->status >= 300) {
        token->result = result_of_status(reply->status);
        return;
    }
    /* A token with no life left is as good as none: asked again, the service makes a new one. */
    if (token->code == 0 && answer.has_token && answer.expire_s > 0) {
        token->result = TOKEN_OK;
        token->expire_s = answer.expire_s;
        memcpy(token->token, answer.token, sizeof(answer.token));
    }
}

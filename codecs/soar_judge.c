/* soar_judge.c: what a reply of the SOAR gateway means. Codes first, then the HTTP status, which varies for one code. */
#include "codecs/mutant.h"
#include "codecs/reply.h"
#include "codecs/soar_parts.h"

/* In the order of decisions. "X.*" is X with any suffix behind a dot, "X*" any text that begins with X.
 * Lists: https://help.aliyun.com/en/document_detail/434846.html and https://developer.aliyun.com/ask/278265 */
static const struct {
    const char *pattern;
    enum outcome outcome;
} codes[] = {
    { "Throttling",                 OUTCOME_THROTTLED    },
    { "Throttling.*",               OUTCOME_THROTTLED    },
    { "ServiceUnavailable",         OUTCOME_NOT_EXECUTED },
    { "InternalError",              OUTCOME_IN_DOUBT     },
    { "UnknownError",               OUTCOME_IN_DOUBT     },
    { "SignatureNonceUsed",         OUTCOME_IN_DOUBT     },     /* the nonce was fresh: an earlier copy of this attempt arrived */
    { "SignatureDoesNotMatch",      OUTCOME_AUTH         },
    { "IncompleteSignature",        OUTCOME_AUTH         },
    { "InvalidSignatureMethod",     OUTCOME_AUTH         },
    { "MissingSecurityToken",       OUTCOME_AUTH         },
    { "InvalidSecurityToken*",      OUTCOME_AUTH         },
    { "InvalidAccessKeyId*",        OUTCOME_AUTH         },
    { "InvalidTimeStamp.Format",    OUTCOME_CONFIG       },
    { "InvalidTimeStamp*",          OUTCOME_AUTH         },     /* a clock that is off; the next attempt has a new date */
    { "NoPermission",               OUTCOME_AUTH         },
    { "NoPermission.*",             OUTCOME_AUTH         },
    { "Forbidden",                  OUTCOME_AUTH         },
    { "Forbidden.*",                OUTCOME_AUTH         },
    { "InvalidApi.NotFound",        OUTCOME_CONFIG       },
    { "InvalidAction",              OUTCOME_CONFIG       },
    { "InvalidAction.*",            OUTCOME_CONFIG       },
    { "InvalidVersion",             OUTCOME_CONFIG       },
    { "InvalidVersion.*",           OUTCOME_CONFIG       },
    { "InvalidProduct.NotFound",    OUTCOME_CONFIG       },
    { "InvalidRegion.NotFound",     OUTCOME_CONFIG       },
    { "InvalidProtocol.NeedSsl",    OUTCOME_CONFIG       },
    { "UnsupportedHTTPMethod",      OUTCOME_CONFIG       },
    { "InsufficientBalance",        OUTCOME_CONFIG       },
    { "MissingPlaybookUuid*",       OUTCOME_CONFIG       },     /* the target's settings, equal in every request */
    { "InvalidPlaybookUuid*",       OUTCOME_CONFIG       },
    { "MissingNodeName*",           OUTCOME_CONFIG       },
    { "InvalidNodeName*",           OUTCOME_CONFIG       },
    { "MissingComponentName*",      OUTCOME_CONFIG       },
    { "InvalidComponentName*",      OUTCOME_CONFIG       },
    { "MissingActionName*",         OUTCOME_CONFIG       },
    { "InvalidActionName*",         OUTCOME_CONFIG       },
    { "MissingRoleType*",           OUTCOME_CONFIG       },
    { "InvalidRoleType*",           OUTCOME_CONFIG       },
    { "MissingRoleFor*",            OUTCOME_CONFIG       },
    { "InvalidRoleFor*",            OUTCOME_CONFIG       },
    { "MissingParameter",           OUTCOME_REJECTED     },
    { "MissingParameter.*",         OUTCOME_REJECTED     },
    { "InvalidParameter",           OUTCOME_REJECTED     },
    { "InvalidParameter.*",         OUTCOME_REJECTED     },
    { "ContentLengthDoesNotMatch",  OUTCOME_REJECTED     },
    { "ContentMD5NotMatched",       OUTCOME_REJECTED     },
};

/* {Missing,Invalid}{Name} of any other name: a parameter of this event. Only a 2xx needs them:
 * other statuses say as much or more. */
static const char *const catch_alls[] = { "Missing*", "Invalid*" };

/* What the body says, whatever its form. */
struct answer {
    bool is_object;
    bool is_request;        /* RequestId is there */
    char code[sizeof(((struct verdict *)0)->code)];
    char request_id[sizeof(((struct verdict *)0)->request_id)];
};

static bool
matches(const char *code, const char *pattern)
{
    size_t size = strlen(pattern);
    if (pattern[size - 1] == '*')
        return strncmp(code, pattern, size - 1) == 0;
    return strcmp(code, pattern) == 0;
}

static void
read_object(const struct value *object, void *into)
{
    struct answer *answer = into;
    const struct value *code = reply_member(object, "Code", "code");
    struct slice text;
    int64_t number;
    answer->is_object = object != NULL;
    if (reply_text(code, &text)) {
        verdict_text(answer->code, sizeof(answer->code), text);
    } else if (reply_integer(code, &number)) {
        char digits[24];
        struct buf buf;
        buf_init(&buf, digits, sizeof(digits));
        buf_i64(&buf, number);
        verdict_text(answer->code, sizeof(answer->code), buf_view(&buf));
    }
    if (reply_text(reply_member(object, "RequestId", "requestId"), &text)) {
        verdict_text(answer->request_id, sizeof(answer->request_id), text);
        answer->is_request = answer->request_id[0] != '\0';
    }
}

/* The text of <name>...</name>, which has neither attributes nor children in the gateway's errors. */
static struct slice
xml_text(struct slice body, const char *open, const char *close)
{
    const char *start = memmem(body.at, body.size, open, strlen(open));
    if (!start)
        return (struct slice){ NULL, 0 };
    start += strlen(open);
    size_t left = body.size - (size_t)(start - body.at);
    const char *end = memmem(start, left, close, strlen(close));
    return end ? (struct slice){ start, (size_t)(end - start) } : (struct slice){ NULL, 0 };
}

static void
read_xml(struct slice body, struct answer *answer)
{
    verdict_text(answer->code, sizeof(answer->code), xml_text(body, "<Code>", "</Code>"));
    verdict_text(answer->request_id, sizeof(answer->request_id), xml_text(body, "<RequestId>", "</RequestId>"));
}

static bool
looks_like_xml(struct slice body)
{
    size_t i = 0;
    while (i < body.size && strchr(" \t\r\n", body.at[i]) && body.at[i])
        i++;
    return i < body.size && body.at[i] == '<';
}

/* Other products of the vendor send a Code on success too. */
static bool
is_error_code(const char *code)
{
    return code[0] && strcmp(code, "200") != 0 && strcmp(code, "OK") != 0 && strcmp(code, "Success") != 0;
}

static enum outcome
outcome_of_code(const char *code, int status)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (matches(code, codes[i].pattern))
            return codes[i].outcome;
    }
    for (size_t i = 0; i < sizeof(catch_alls) / sizeof(catch_alls[0]); i++) {
        if (matches(code, catch_alls[i]) && status < 300)
            return OUTCOME_REJECTED;
    }
    return outcome_of_status(status);
}

/* x-acs-retry-after: milliseconds; "", 0, negative and garbage count as absent. */
static int64_t
acs_retry_after_ms(struct slice text)
{
    struct value value = { .type = VALUE_STRING, .text = text };
    int64_t ms = 0;
    return text.at && reply_integer(&value, &ms) && ms > 0 ? ms : 0;
}

static enum outcome
outcome_of_answer(const struct answer *answer, const struct reply *reply)
{
    bool is_error = is_error_code(answer->code);
    if (reply->status >= 200 && reply->status < 300) {
        if (!answer->is_object)
            return MUTATED(unparsable_is_delivered) ? OUTCOME_DELIVERED : OUTCOME_IN_DOUBT;
        if (is_error)
            return outcome_of_code(answer->code, reply->status);
        return answer->is_request ? OUTCOME_DELIVERED : OUTCOME_IN_DOUBT;
    }
    if (reply->status >= 400 && acs_retry_after_ms(reply->acs_retry_after) > 0)
        return OUTCOME_THROTTLED;
    bool refused = reply->status >= 400 && is_error;
    return refused ? outcome_of_code(answer->code, reply->status) : outcome_of_status(reply->status);
}

/* Retry-After explains a refusal that nothing else explains; it says nothing about whether a 500 was carried out. */
static enum outcome
with_retry_after(enum outcome outcome, const char *code, int64_t after_ms)
{
    bool unexplained = outcome == OUTCOME_NOT_EXECUTED || (outcome == OUTCOME_REJECTED && !is_error_code(code));
    return unexplained && after_ms > 0 ? OUTCOME_THROTTLED : outcome;
}

void
soar_judge(const struct reply *reply, struct verdict *verdict)
{
    struct answer answer = { 0 };
    if (judge_transport(reply, verdict))
        return;
    if (looks_like_xml(reply->body))
        read_xml(reply->body, &answer);
    else
        reply_read(reply->body, read_object, &answer);

    verdict->retry_after_ms = acs_retry_after_ms(reply->acs_retry_after);
    if (verdict->retry_after_ms == 0)
        verdict->retry_after_ms = retry_after_ms(reply);
    verdict->outcome = with_retry_after(outcome_of_answer(&answer, reply), answer.code, verdict->retry_after_ms);
    memcpy(verdict->code, answer.code, sizeof(answer.code));
    memcpy(verdict->request_id, answer.request_id, sizeof(answer.request_id));
    if (!answer.request_id[0] && reply->acs_request_id.at)
        verdict_text(verdict->request_id, sizeof(verdict->request_id), reply->acs_request_id);
}

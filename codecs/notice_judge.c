/* notice_judge.c: what a reply of the portal, or of the gateway before it, means.
 *
 * Numbers in a body are the portal's own and look like HTTP statuses without being them: 408 there is "already exists". */
#include "codecs/mutant.h"
#include "codecs/notice_parts.h"
#include "codecs/reply.h"

#include <strings.h>

/* What has to stand in the text of the answer for a row to hold. */
enum names {
    NAMES_ANYTHING,
    NAMES_TOKEN,            /* "cache.token.expired" */
    NAMES_ORGANIZATION,     /* "organization.not.exist", but not "organization.user.not.exist" */
};

/* First row wins. Codes of the families 31000 + n and 99000 + n are looked up as n.
 * Lists: app-portal overview and https://support.enos-iot.com/docs/api/zh_CN/3.0.0/token/invoke_api_with_access_token.html */
static const struct {
    int code;
    enum names names;
    enum outcome outcome;
} codes[] = {
    { 400,  NAMES_ANYTHING,     OUTCOME_REJECTED     },     /* parameter.invalid.[parameter] */
    { 401,  NAMES_ANYTHING,     OUTCOME_AUTH         },     /* unauthenticated */
    { 403,  NAMES_ANYTHING,     OUTCOME_AUTH         },     /* permission.denied */
    { 404,  NAMES_ORGANIZATION, OUTCOME_CONFIG       },
    { 404,  NAMES_ANYTHING,     OUTCOME_REJECTED     },     /* [subject].not.exist */
    { 405,  NAMES_ANYTHING,     OUTCOME_CONFIG       },     /* method not allowed */
    { 408,  NAMES_ANYTHING,     OUTCOME_NOT_EXECUTED },     /* [subject].already.existed: the next try only sends */
    { 409,  NAMES_ANYTHING,     OUTCOME_REJECTED     },     /* conflict */
    { 410,  NAMES_TOKEN,        OUTCOME_AUTH         },
    { 410,  NAMES_ANYTHING,     OUTCOME_REJECTED     },     /* [subject].expired */
    { 413,  NAMES_ANYTHING,     OUTCOME_TOO_LARGE    },
    { 415,  NAMES_ANYTHING,     OUTCOME_TOO_LARGE    },     /* out.range */
    { 429,  NAMES_ANYTHING,     OUTCOME_THROTTLED    },
    { 432,  NAMES_ANYTHING,     OUTCOME_TOO_LARGE    },     /* [subject].too.many */
    { 497,  NAMES_ANYTHING,     OUTCOME_AUTH         },     /* timestamp or signature check failed */
    { 498,  NAMES_ANYTHING,     OUTCOME_CONFIG       },     /* the application lacks the permission */
    { 500,  NAMES_ANYTHING,     OUTCOME_IN_DOUBT     },     /* system.internal.error */
    { 503,  NAMES_ANYTHING,     OUTCOME_NOT_EXECUTED },
    { 504,  NAMES_ANYTHING,     OUTCOME_IN_DOUBT     },     /* timeout */
    { 512,  NAMES_ANYTHING,     OUTCOME_CONFIG       },     /* organization unselected */
    { 1001, NAMES_ANYTHING,     OUTCOME_NOT_EXECUTED },     /* seen before: the next attempt has another time */
    { 1002, NAMES_ANYTHING,     OUTCOME_AUTH         },     /* no such appKey */
    { 1003, NAMES_ANYTHING,     OUTCOME_AUTH         },
    { 1004, NAMES_ANYTHING,     OUTCOME_AUTH         },
    { 1005, NAMES_ANYTHING,     OUTCOME_IN_DOUBT     },     /* internal service exception */
    { 1202, NAMES_ANYTHING,     OUTCOME_AUTH         },
    { 1203, NAMES_ANYTHING,     OUTCOME_AUTH         },     /* the access token has expired */
    { 1204, NAMES_ANYTHING,     OUTCOME_AUTH         },
    { 4011, NAMES_ANYTHING,     OUTCOME_AUTH         },     /* access token expired, older gateways */
    { 4012, NAMES_ANYTHING,     OUTCOME_AUTH         },
};

/* `data` comes as true or false, or as {"success": true or false}. */
enum data {
    DATA_ABSENT,
    DATA_TRUE,
    DATA_FALSE,
};

struct answer {
    bool has_code;          /* `code`, the portal's member */
    bool has_number;        /* that, or the gateway's `status` or `apim_status` */
    int64_t number;
    enum data data;
    bool names_token, names_organization;
    char request_id[sizeof(((struct verdict *)0)->request_id)];
};

static bool
mentions(struct slice text, const char *word)
{
    size_t size = strlen(word);
    for (size_t i = 0; i + size <= text.size; i++) {
        if (strncasecmp(text.at + i, word, size) == 0)
            return true;
    }
    return false;
}

static enum data
data_of(const struct value *data)
{
    const struct value *flag = data && data->type == VALUE_OBJECT ? value_member(data, "success") : data;
    if (!flag || flag->type != VALUE_BOOL || (MUTATED(data_true_unknown) && flag == data))
        return DATA_ABSENT;
    return flag->boolean ? DATA_TRUE : DATA_FALSE;
}

static void
read_object(const struct value *object, void *into)
{
    struct answer *answer = into;
    struct slice text;
    if (!object)
        return;
    answer->has_code = reply_integer(value_member(object, "code"), &answer->number);
    answer->has_number = answer->has_code || reply_integer(reply_member(object, "status", "apim_status"), &answer->number);
    answer->data = data_of(value_member(object, "data"));
    if (reply_text(reply_member(object, "message", "msg"), &text)) {
        answer->names_token = mentions(text, "token");
        answer->names_organization = mentions(text, "organization") && !mentions(text, "user");
    }
    if (reply_text(reply_member(object, "requestId", "RequestId"), &text))
        verdict_text(answer->request_id, sizeof(answer->request_id), text);
}

static bool
holds(const struct answer *answer, enum names names)
{
    switch (names) {
    case NAMES_ANYTHING:
        return true;
    case NAMES_TOKEN:
        return answer->names_token;
    case NAMES_ORGANIZATION:
        return answer->names_organization;
    }
    return false;
}

static int64_t
without_family(int64_t number)
{
    if (number >= 31000 && number < 32000)
        return number - 31000;
    return number >= 99000 && number < 100000 ? number - 99000 : number;
}

/* False = a code that no list has. */
static bool
outcome_of_number(const struct answer *answer, enum outcome *outcome)
{
    int64_t n = without_family(answer->number);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i].code == n && holds(answer, codes[i].names)) {
            *outcome = codes[i].outcome;
            return true;
        }
    }
    return false;
}

/* A code of no list: one that looks like a client error is the content's fault; about anything else nothing is known. */
static enum outcome
outcome_of_success_status(const struct answer *answer)
{
    enum outcome outcome;
    if (answer->has_code && (answer->number == 0 || answer->number == 200)) {
        if (answer->data == DATA_TRUE)
            return OUTCOME_DELIVERED;
        return answer->data == DATA_FALSE ? OUTCOME_NOT_EXECUTED : OUTCOME_IN_DOUBT;
    }
    if (!answer->has_number)
        return MUTATED(unparsable_is_delivered) ? OUTCOME_DELIVERED : OUTCOME_IN_DOUBT;
    if (outcome_of_number(answer, &outcome))
        return outcome;
    int64_t n = without_family(answer->number);
    return n > 400 && n < 500 ? OUTCOME_REJECTED : OUTCOME_IN_DOUBT;
}

/* A body's code counts beside an error status too, unless it only repeats that status, as web frameworks do in
 * their own error pages. A 5xx stays what it is: a batch is never split for it. */
static enum outcome
outcome_of_error_status(const struct answer *answer, int status)
{
    enum outcome outcome;
    bool own = answer->has_number && answer->number != status;
    if (status >= 400 && status < 500 && status != 429 && own && outcome_of_number(answer, &outcome))
        return outcome;
    return outcome_of_status(status);
}

static enum outcome
with_retry_after(enum outcome outcome, const struct answer *answer, int64_t after_ms)
{
    bool unexplained = outcome == OUTCOME_NOT_EXECUTED || (outcome == OUTCOME_REJECTED && !answer->has_number);
    return unexplained && after_ms > 0 ? OUTCOME_THROTTLED : outcome;
}

void
notice_judge(const struct reply *reply, struct verdict *verdict)
{
    struct answer answer = { 0 };
    if (judge_transport(reply, verdict))
        return;
    reply_read(reply->body, read_object, &answer);

    bool is_success = reply->status >= 200 && reply->status < 300;
    verdict->outcome = is_success ? outcome_of_success_status(&answer) : outcome_of_error_status(&answer, reply->status);
    verdict->retry_after_ms = retry_after_ms(reply);
    verdict->outcome = with_retry_after(verdict->outcome, &answer, verdict->retry_after_ms);
    if (answer.has_number) {
        char digits[24];
        struct buf buf;
        buf_init(&buf, digits, sizeof(digits));
        buf_i64(&buf, answer.number);
        verdict_text(verdict->code, sizeof(verdict->code), buf_view(&buf));
    }
    if (MUTATED(words_told) && verdict->outcome == OUTCOME_AUTH)
        verdict_text(verdict->code, sizeof(verdict->code), reply->body);
    memcpy(verdict->request_id, answer.request_id, sizeof(answer.request_id));
}

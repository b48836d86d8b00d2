/* outcome_rules.c: see outcome_rules.h. Each function is a list of "if this is so, that is the outcome", first one wins. */
#include "tests/codecs/outcome_rules.h"

static bool
is_2xx(int status)
{
    return status / 100 == 2;
}

/* How far the request came, where that alone decides. */
static bool
by_the_way_it_ended(const struct reply *reply, enum outcome *outcome)
{
    bool whole = reply->transport == TRANSPORT_OK && reply->status != 0;
    if (reply->begun >= 2)                                          /* the library sent it again by itself */
        return *outcome = OUTCOME_IN_DOUBT, true;
    if (reply->begun == 0)                                          /* the pre-request check never let it begin */
        return *outcome = OUTCOME_NOT_SENT, true;
    if (whole)
        return false;
    if (reply->handed_over || reply->transport == TRANSPORT_CONNECT)    /* all of it, or as much as the first copy carried */
        return *outcome = OUTCOME_IN_DOUBT, true;
    if (reply->status >= 400)                                       /* an error overtook the upload: it says why */
        return false;
    if (reply->status > 0)                                          /* an answer began before all was sent: what of? */
        return *outcome = OUTCOME_IN_DOUBT, true;
    return *outcome = OUTCOME_NOT_EXECUTED, true;                   /* fewer bytes than it has */
}

static enum outcome
by_status(int status)
{
    static const struct {
        int status;
        enum outcome outcome;
    } special[] = {
        { 401, OUTCOME_AUTH },         { 402, OUTCOME_CONFIG },    { 403, OUTCOME_AUTH },         { 404, OUTCOME_CONFIG },
        { 405, OUTCOME_CONFIG },       { 407, OUTCOME_CONFIG },    { 408, OUTCOME_NOT_EXECUTED }, { 413, OUTCOME_TOO_LARGE },
        { 414, OUTCOME_TOO_LARGE },    { 415, OUTCOME_CONFIG },    { 425, OUTCOME_NOT_EXECUTED }, { 429, OUTCOME_THROTTLED },
        { 503, OUTCOME_NOT_EXECUTED },
    };
    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
        if (special[i].status == status)
            return special[i].outcome;
    switch (status / 100) {
    case 3:
        return OUTCOME_CONFIG;
    case 4:
        return OUTCOME_REJECTED;
    default:
        return OUTCOME_IN_DOUBT;
    }
}

/* Retry-After tells what a refusal means that nothing else explains; of a 5xx other than 503 it does not tell whether it was
 * carried out. */
static enum outcome
explained(enum outcome outcome, const struct exchange *exchange, bool names_code)
{
    bool told = exchange->header->retry_after_ms > 0 || exchange->header->acs_ms > 0;
    if (told && (outcome == OUTCOME_NOT_EXECUTED || (outcome == OUTCOME_REJECTED && !names_code)))
        return OUTCOME_THROTTLED;
    return outcome;
}

enum outcome
soar_rules(const struct exchange *exchange)
{
    const struct reply *reply = &exchange->reply;
    enum says says = exchange->body->says;
    enum outcome outcome;
    if (by_the_way_it_ended(reply, &outcome))
        return outcome;
    if (is_2xx(reply->status) && exchange->body->is_xml)
        return OUTCOME_IN_DOUBT;                                    /* a success is JSON */
    bool coded = says == SAYS_CODE || says == SAYS_PARAMETER || says == SAYS_UNKNOWN_CODE;
    if (is_2xx(reply->status) && says == SAYS_SUCCESS)
        return OUTCOME_DELIVERED;
    if (is_2xx(reply->status) && !coded)
        return OUTCOME_IN_DOUBT;
    if (reply->status >= 400 && exchange->header->acs_ms > 0)       /* whatever the code */
        return OUTCOME_THROTTLED;
    if (reply->status < 400 && !is_2xx(reply->status))
        return by_status(reply->status);
    if (says == SAYS_CODE)
        return explained(exchange->body->code_outcome, exchange, true);
    if (says == SAYS_PARAMETER && is_2xx(reply->status))
        return OUTCOME_REJECTED;
    return explained(by_status(reply->status), exchange, coded);
}

enum outcome
notice_rules(const struct exchange *exchange)
{
    const struct reply *reply = &exchange->reply;
    enum says says = exchange->body->says;
    enum outcome outcome;
    if (by_the_way_it_ended(reply, &outcome))
        return outcome;
    bool coded = says == SAYS_CODE || says == SAYS_PARAMETER || says == SAYS_UNKNOWN_CODE;
    bool numbered = says != SAYS_NOTHING;
    if (is_2xx(reply->status)) {
        if (says == SAYS_SUCCESS)
            return OUTCOME_DELIVERED;
        if (says == SAYS_NO_SUCCESS)
            return explained(OUTCOME_NOT_EXECUTED, exchange, true);
        if (says == SAYS_CODE)
            return explained(exchange->body->code_outcome, exchange, true);
        return says == SAYS_PARAMETER ? OUTCOME_REJECTED : OUTCOME_IN_DOUBT;
    }
    if (reply->status / 100 == 4 && reply->status != 429 && says == SAYS_CODE)      /* 5xx never halves; 429 is the gateway's */
        return explained(exchange->body->code_outcome, exchange, true);
    return explained(by_status(reply->status), exchange, coded || numbered);
}

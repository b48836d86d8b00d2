/* outcome.c: the names of outcomes, and what can be judged before a reply is read. */
#include "codecs/outcome.h"

#include "codecs/event.h"
#include "codecs/mutant.h"

#include <stdio.h>

const char *
outcome_name(enum outcome outcome)
{
    static const char *const names[OUTCOME_COUNT] = {
        [OUTCOME_DELIVERED] = "delivered", [OUTCOME_NOT_SENT] = "not_sent",   [OUTCOME_NOT_EXECUTED] = "not_executed",
        [OUTCOME_THROTTLED] = "throttled", [OUTCOME_IN_DOUBT] = "in_doubt",   [OUTCOME_REJECTED] = "rejected",
        [OUTCOME_TOO_LARGE] = "too_large", [OUTCOME_AUTH] = "auth",           [OUTCOME_CONFIG] = "config",
    };
    return (unsigned)outcome < OUTCOME_COUNT ? names[outcome] : "unknown";
}

/* Begun once and not answered whole. An error status that overtook the request (413 in the middle of an upload) still says why.
 * TRANSPORT_CONNECT after a begin means that the library went for a second connection: how much the first one carried is not
 * known. */
static bool
judge_cut(const struct reply *reply, struct verdict *verdict)
{
    if (reply->handed_over || reply->transport == TRANSPORT_CONNECT || (reply->status > 0 && reply->status < 400)) {
        verdict->outcome = OUTCOME_IN_DOUBT;
        return true;
    }
    verdict->outcome = OUTCOME_NOT_EXECUTED;
    return reply->status == 0;
}

bool
judge_transport(const struct reply *reply, struct verdict *verdict)
{
    *verdict = (struct verdict){ .outcome = OUTCOME_IN_DOUBT, .status = reply->status };
    if (MUTATED(two_begins_not_executed) && reply->begun >= 2)
        verdict->outcome = OUTCOME_NOT_EXECUTED;
    if (reply->begun >= 2)
        return true;
    if (reply->begun <= 0) {
        verdict->outcome = OUTCOME_NOT_SENT;
        return true;
    }
    switch (reply->transport) {
    case TRANSPORT_OK:
        return reply->status == 0 && judge_cut(reply, verdict);
    case TRANSPORT_CONNECT:
    case TRANSPORT_ABORTED:
    case TRANSPORT_TIMEOUT:
    case TRANSPORT_RESET:
    case TRANSPORT_BROKEN:
        return judge_cut(reply, verdict);
    case TRANSPORT_COUNT:
        break;
    }
    return true;
}

enum outcome
outcome_of_status(int status)
{
    switch (status) {
    case 401: case 403:
        return OUTCOME_AUTH;
    case 402: case 404: case 405: case 407: case 415:      /* unpaid, no such route, the proxy's own: not the event's fault */
        return OUTCOME_CONFIG;
    case 408: case 425: case 503:
        return OUTCOME_NOT_EXECUTED;
    case 413: case 414:
        return OUTCOME_TOO_LARGE;
    case 429:
        return OUTCOME_THROTTLED;
    default:
        break;
    }
    if (status >= 300 && status < 400)
        return OUTCOME_CONFIG;
    return status >= 400 && status < 500 ? OUTCOME_REJECTED : OUTCOME_IN_DOUBT;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", the one form that RFC 9110 lets a server send. */
bool
http_date_ms(struct slice text, int64_t *ms)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char copy[32] = { 0 }, month[4] = { 0 }, stamp[40];
    unsigned day, year, hour, minute, second;
    if (text.size != 29)
        return false;
    memcpy(copy, text.at, text.size);
    if (sscanf(copy, "%*3[A-Za-z], %2u %3[A-Za-z] %4u %2u:%2u:%2u GMT", &day, month, &year, &hour, &minute, &second) != 6)
        return false;
    const char *found = strlen(month) == 3 ? strstr(months, month) : NULL;
    if (!found || (found - months) % 3 != 0)
        return false;
    int size = snprintf(stamp, sizeof(stamp), "%04u-%02u-%02u %02u:%02u:%02u", year, (unsigned)((found - months) / 3) + 1, day,
                        hour, minute, second);
    struct event_time time = { .text = { stamp, (size_t)size } };
    return event_time_ms(&time, ms);
}

int64_t
retry_after_ms(const struct reply *reply)
{
    struct slice text = reply->retry_after;
    int64_t seconds = 0, then, now;
    if (!text.at || text.size == 0)
        return 0;
    if (http_date_ms(text, &then))
        return reply->date.at && http_date_ms(reply->date, &now) && then > now ? then - now : 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || i == 9)
            return 0;
        seconds = seconds * 10 + (text.at[i] - '0');
    }
    return seconds * 1000;
}

void
verdict_text(char *field, size_t size, struct slice text)
{
    size_t used = 0;
    for (size_t i = 0; i < text.size && used + 1 < size; i++) {
        if (text.at[i] >= 0x20 && text.at[i] <= 0x7e)
            field[used++] = text.at[i];
    }
    field[used] = '\0';
}

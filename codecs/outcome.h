/* outcome.h: what a call came to. Judged from how the exchange ended and what was answered, never from what we would like to do
 * next.
 *
 * The rows are those of docs/semantics.md, "Outcomes"; what the engine does with each stands there too. */
#ifndef CODECS_OUTCOME_H
#define CODECS_OUTCOME_H

#include "codecs/slice.h"

#include <stdint.h>

enum outcome {
    OUTCOME_DELIVERED,
    OUTCOME_NOT_SENT,       /* no request was begun: retry freely */
    OUTCOME_NOT_EXECUTED,   /* begun, and surely not carried out */
    OUTCOME_THROTTLED,
    OUTCOME_IN_DOUBT,       /* may or may not have been carried out */
    OUTCOME_REJECTED,       /* this content will never be taken */
    OUTCOME_TOO_LARGE,
    OUTCOME_AUTH,           /* credentials or signature */
    OUTCOME_CONFIG,         /* our settings: every event would fail */
    OUTCOME_COUNT,
};

const char *outcome_name(enum outcome);     /* "delivered", "not_sent", ... as in metrics and logs */

/* How the exchange ended on our side of the wire. The HTTP adapter maps its library's codes onto these. */
enum transport {
    TRANSPORT_OK,           /* a whole reply: status, headers, body */
    TRANSPORT_CONNECT,      /* refused, unreachable, DNS, TLS, connect timeout: nothing was begun */
    TRANSPORT_ABORTED,      /* our own pre-request check said no: lease over, or the library wanted to send a second time */
    TRANSPORT_TIMEOUT,
    TRANSPORT_RESET,        /* closed or reset in the middle, or with an empty reply */
    TRANSPORT_BROKEN,       /* a reply that is no HTTP, is cut, or is larger than 64 KiB */
    TRANSPORT_COUNT,
};

/* One exchange as a judge sees it. Slices are borrowed; absent ones have at == NULL. */
struct reply {
    enum transport transport;
    int begun;              /* times the request was started on a connection: 0 never, 2 or more = sent again by the library */
    bool handed_over;       /* every byte of the request was given to the socket */
    int status;             /* HTTP status, 0 = none seen */
    struct slice body;
    struct slice content_type;
    struct slice retry_after;           /* Retry-After: seconds or a date */
    struct slice acs_retry_after;       /* x-acs-retry-after: milliseconds */
    struct slice date;                  /* Date, for the clock's skew */
    struct slice acs_request_id;        /* x-acs-request-id: stands in where the body names no request */
};

struct verdict {
    enum outcome outcome;
    int64_t retry_after_ms; /* 0 = not told */
    int status;
    char code[64];          /* the backend's own code, "" = none; printable ASCII */
    char request_id[64];    /* the backend's, "" = none */
};

/* What both judges begin with: anything that was not answered whole. False = there is a reply to read. */
bool judge_transport(const struct reply *, struct verdict *);

/* Retry-After in seconds or as an HTTP date (against `date`, else ignored); 0 when absent or nonsense. */
int64_t retry_after_ms(const struct reply *);

bool http_date_ms(struct slice date, int64_t *ms);  /* of the Date header; epoch ms. False for any other text */

/* The outcome that the HTTP status alone tells, for 300 and above; below that a body has to say it: in doubt. */
enum outcome outcome_of_status(int status);

void verdict_text(char *field, size_t size, struct slice text);      /* copies printable ASCII, cut at size - 1 */

#endif

/* outcome_rules.h: what the table of outcomes (docs/semantics.md) says of a reply, as rules in an order, said apart from the
 * judges and in other words: a judge is asked with bytes, the rules with what the bytes mean. */
#ifndef TESTS_CODECS_OUTCOME_RULES_H
#define TESTS_CODECS_OUTCOME_RULES_H

#include "codecs/outcome.h"

/* What a body says, whoever wrote it. */
enum says {
    SAYS_NOTHING,           /* empty, no JSON, cut, no object, or an object that names nothing */
    SAYS_SUCCESS,           /* a whole success of this backend */
    SAYS_HALF_A_SUCCESS,    /* code 0 without data, an answer without a request id: nobody knows */
    SAYS_NO_SUCCESS,        /* notice: code 0 and data false */
    SAYS_CODE,              /* an error code of the backend's lists: `code_outcome` says which row it stands in */
    SAYS_PARAMETER,         /* soar: Missing{Name}, Invalid{Name} of no list; notice: a 4xx of no list */
    SAYS_UNKNOWN_CODE,      /* a code of no list and no form */
    SAYS_STATUS,            /* notice: only repeats the HTTP status */
};

struct body_row {
    const char *text;
    enum says says;
    enum outcome code_outcome;
    bool is_xml;            /* only errors come so */
};

struct header_row {
    const char *retry_after, *date, *acs_retry_after;   /* NULL = absent */
    int64_t retry_after_ms, acs_ms;
};

struct exchange {
    struct reply reply;
    const struct body_row *body;
    const struct header_row *header;
};

enum outcome soar_rules(const struct exchange *);
enum outcome notice_rules(const struct exchange *);

#endif

/* event_rules.h: the schema's rules for single values, each a pure question: does this value fit, and what is it. */
#ifndef CODECS_EVENT_RULES_H
#define CODECS_EVENT_RULES_H

#include "codecs/event.h"

enum {
    URL_BYTES_MAX = 2048,
    I18N_CHARACTERS_MAX = 8192,
    TIME_CHARACTERS_MAX = 64,
    LABEL_CHARACTERS_MAX = 256,
    ACCOUNT_DIGITS_MAX = 20,
    SEVERITY_MAX = 5,
};

/* Lengths count code points, as JSON Schema does. */
bool rule_length(struct slice text, size_t min, size_t max);
bool rule_id(struct slice text);                /* 1 to 128 of 0x21 to 0x7e */
bool rule_account(struct slice text);           /* 1 to 20 digits */

/* An integer as JSON Schema means it: 3 and 3.0 are the same number. */
bool rule_integer(const struct value *, int64_t *number);

bool rule_time(const struct value *, struct event_time *);
bool rule_i18n(const struct value *, struct i18n *);
bool rule_i18n_list(const struct value *, struct i18n *items, uint32_t *n);     /* up to TAGS_MAX */
bool rule_channels(const struct value *, uint32_t *bits);
bool rule_labels(const struct value *);
bool rule_targets(const struct value *, enum audience *);

/* What may be shown as a link: http or https, no userinfo, no control or bidi characters, at most 2,048 bytes. */
bool rule_url(struct slice url);

#endif

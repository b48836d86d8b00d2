/* options.h: the rows of options.def, and how to find one. */
#ifndef BRIDGE_OPTIONS_H
#define BRIDGE_OPTIONS_H

#include "codecs/slice.h"

#include <stdint.h>

enum option_type {
    OPTION_TEXT,            /* any scalar                                    -> const char *            */
    OPTION_NAME,            /* [a-z0-9][a-z0-9_-]{0,63}                      -> const char *            */
    OPTION_SECRET_FILE,     /* path of a file, never the secret              -> const char *            */
    OPTION_FLAG,            /* true, false                                   -> bool                    */
    OPTION_COUNT,           /* a whole number                                -> 4 or 8 bytes            */
    OPTION_DURATION,        /* 1500ms 10s 5m 1h 7d                           -> int64_t ms              */
    OPTION_SIZE,            /* 512B 64KiB 1MiB 2GiB                          -> 4 or 8 bytes            */
    OPTION_RATE,            /* 10/s 600/m 1000/h                             -> uint64_t an hour        */
    OPTION_SPEED,           /* the same                                      -> double a second         */
    OPTION_SHARE,           /* 0..1                                          -> double                  */
    OPTION_CHOICE,          /* one of `detail`                               -> its index, or the text  */
    OPTION_BITS,            /* list of `detail`                              -> uint32_t, bit = index   */
    OPTION_FLAGS,           /* list of `detail`                              -> one bool each           */
    OPTION_TEXTS,           /* list of texts (of `detail`, where given)      -> array and count         */
    OPTION_PAIRS,           /* map of texts under free keys                  -> array and count         */
    OPTION_LOCALES,         /* a text, or a map of locales                   -> struct template         */
    OPTION_AUDIENCE,        /* all, or a list of users                       -> three fields            */
    OPTION_NAMES,           /* list of names, resolved once all is read      -> nothing                 */
    OPTION_TO,              /* name of a target or drop, likewise            -> nothing                 */
    OPTION_TYPE_COUNT,
};

enum option_scope { SCOPE_ROOT, SCOPE_SOURCE, SCOPE_TARGET, SCOPE_ROUTE };
enum option_flag { OPTION_REQUIRED = 1, FOR_SOAR = 2, FOR_NOTICE = 4 };

struct option {
    const char *path;
    enum option_type type;
    size_t at, size;                /* the field within its scope's struct; size 0 = none */
    size_t count_at;
    uint32_t capacity;
    const char *fallback[2];        /* by enum target_kind; NULL = required */
    const char *min, *max;
    unsigned flags;
    const char *detail, *example, *text;
};

extern const struct option options[];
extern const uint32_t n_options;

enum option_scope option_scope(const struct option *);
bool option_is_for(const struct option *, int target_kind);

/* `pattern`: "targets[].retry.max". NULL = no such option. */
const struct option *option_find(const char *pattern);

/* What stands under `pattern` ("" = the top). True when some option does; `list`: whether it is a list of maps. */
bool option_is_group(const char *pattern, bool *list);

/* The next name below `pattern`, each once, in the order of the rows: start with *at = 0. False = no more. */
bool option_child(const char *pattern, uint32_t *at, char *name, size_t size);

/* The words of a detail: "a|b|c". Returns the index, -1 = not among them; `nth` gives word i, false = no more. */
int choice_find(const char *detail, const char *word);
bool choice_nth(const char *detail, int index, char *word, size_t size);

/* ALERTBRIDGE_KAFKA_BROKERS of "kafka.brokers"; false where no variable exists (lists of maps, free maps). */
bool option_variable(const struct option *, char *name, size_t size);

const char *option_type_text(enum option_type);     /* "a duration such as 1500ms, 10s, 5m, 1h or 7d" */

#endif

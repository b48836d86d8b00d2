/* options.c: the table and walks over its paths. */
#include "bridge/options.h"

#include "bridge/config.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>

#define FIELD(type, field) .at = offsetof(type, field), .size = sizeof(((type *)0)->field)
#define LIST_FIELD(type, field, n) FIELD(type, field), .count_at = offsetof(type, n), \
                                   .capacity = sizeof(((type *)0)->field) / sizeof(((type *)0)->field[0])
#define ROOT(field) FIELD(struct config, field)
#define ROOT_LIST(field, n) LIST_FIELD(struct config, field, n)
#define SOURCE(field) FIELD(struct config_source, field)
#define SOURCE_LIST(field, n) LIST_FIELD(struct config_source, field, n)
#define TARGET(field) FIELD(struct config_target, field)
#define TARGET_EACH(field) .at = offsetof(struct config_target, field), .size = sizeof(((struct config_target *)0)->field[0])
#define ROUTE(field) FIELD(struct config_route, field)
#define ROUTE_LIST(field, n) LIST_FIELD(struct config_route, field, n)
#define NOWHERE .at = 0, .size = 0

#define ROW(row_path, row_type, row_flags, row_detail, row_text) \
    .path = row_path, .type = OPTION_##row_type, .flags = row_flags, .detail = row_detail, .text = row_text
#define REQUIRED(path, type, field, sample, flags, detail, text) \
    { ROW(path, type, (flags) | OPTION_REQUIRED, detail, text), field, .example = sample },
#define OPTION(path, type, field, fall, low, high, flags, detail, text) \
    { ROW(path, type, flags, detail, text), field, .fallback = { fall, fall }, .min = low, .max = high },
#define BY_KIND(path, type, field, notice, soar, low, high, flags, detail, text)                                                 \
    {ROW(path, type, flags, detail, text), field, .fallback = {[TARGET_SOAR] = soar, [TARGET_NOTICE] = notice}, .min = low,      \
     .max = high},

const struct option options[] = {
#include "bridge/options.def"
};
const uint32_t n_options = sizeof options / sizeof options[0];

enum option_scope
option_scope(const struct option *option)
{
    static const char *const prefixes[] = {
        [SCOPE_SOURCE] = "sources[]", [SCOPE_TARGET] = "targets[]", [SCOPE_ROUTE] = "routes[]"};
    for (enum option_scope scope = SCOPE_SOURCE; scope <= SCOPE_ROUTE; scope++)
        if (strncmp(option->path, prefixes[scope], strlen(prefixes[scope])) == 0)
            return scope;
    return SCOPE_ROOT;
}

bool
option_is_for(const struct option *option, int target_kind)
{
    unsigned kinds = option->flags & (FOR_SOAR | FOR_NOTICE);
    return kinds == 0 || (kinds & (target_kind == TARGET_SOAR ? FOR_SOAR : FOR_NOTICE)) != 0;
}

const struct option *
option_find(const char *pattern)
{
    for (uint32_t i = 0; i < n_options; i++)
        if (strcmp(options[i].path, pattern) == 0)
            return &options[i];
    return NULL;
}

/* What follows `pattern` in the path of a row, behind its dot or brackets; NULL when the row does not stand below. */
static const char *
below(const char *path, const char *pattern)
{
    size_t size = strlen(pattern);
    if (size == 0)
        return path;
    if (strncmp(path, pattern, size) != 0)
        return NULL;
    if (strncmp(path + size, "[].", 3) == 0)
        return path + size + 3;
    return path[size] == '.' ? path + size + 1 : NULL;
}

bool
option_is_group(const char *pattern, bool *list)
{
    for (uint32_t i = 0; i < n_options; i++) {
        if (below(options[i].path, pattern) == NULL)
            continue;
        *list = pattern[0] != '\0' && options[i].path[strlen(pattern)] == '[';
        return true;
    }
    return false;
}

static bool
first_segment(const char *rest, char *name, size_t size)
{
    size_t n = strcspn(rest, ".[");
    snprintf(name, size, "%.*s", (int)n, rest);
    return n < size;
}

static bool
seen_before(const char *pattern, uint32_t end, const char *name)
{
    char other[64];
    for (uint32_t i = 0; i < end; i++) {
        const char *rest = below(options[i].path, pattern);
        if (rest != NULL && first_segment(rest, other, sizeof other) && strcmp(other, name) == 0)
            return true;
    }
    return false;
}

bool
option_child(const char *pattern, uint32_t *at, char *name, size_t size)
{
    for (; *at < n_options; ++*at) {
        const char *rest = below(options[*at].path, pattern);
        if (rest != NULL && first_segment(rest, name, size) && !seen_before(pattern, *at, name)) {
            ++*at;
            return true;
        }
    }
    return false;
}

bool
choice_nth(const char *detail, int index, char *word, size_t size)
{
    const char *at = detail;
    while (index-- > 0) {
        at = strchr(at, '|');
        if (at == NULL)
            return false;
        at++;
    }
    snprintf(word, size, "%.*s", (int)strcspn(at, "|"), at);
    return true;
}

int
choice_find(const char *detail, const char *word)
{
    char known[64];
    for (int i = 0; choice_nth(detail, i, known, sizeof known); i++)
        if (strcmp(known, word) == 0)
            return i;
    return -1;
}

bool
option_variable(const struct option *option, char *name, size_t size)
{
    if (option_scope(option) != SCOPE_ROOT || option->type == OPTION_PAIRS)
        return false;
    size_t n = (size_t)snprintf(name, size, "ALERTBRIDGE_%s", option->path);
    for (char *c = name; *c != '\0'; c++)
        *c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
    return n < size;
}

const char *
option_type_text(enum option_type type)
{
    static const char *const texts[OPTION_TYPE_COUNT] = {
        [OPTION_TEXT] = "a text",
        [OPTION_NAME] = "a name: a-z, 0-9, _ and -, at most 64",
        [OPTION_SECRET_FILE] = "the path of a file",
        [OPTION_FLAG] = "true or false",
        [OPTION_COUNT] = "a whole number",
        [OPTION_DURATION] = "a duration such as 1500ms, 10s, 5m, 1h or 7d",
        [OPTION_SIZE] = "a size such as 512B, 64KiB or 1MiB",
        [OPTION_RATE] = "a rate such as 10/s, 600/m or 1000/h",
        [OPTION_SPEED] = "a rate such as 10/s, 600/m or 1000/h",
        [OPTION_SHARE] = "a number from 0 to 1",
        [OPTION_CHOICE] = "one word",
        [OPTION_BITS] = "a list of words",
        [OPTION_FLAGS] = "a list of words",
        [OPTION_TEXTS] = "a list of texts",
        [OPTION_PAIRS] = "a map of texts",
        [OPTION_LOCALES] = "a text, or a map of locales to texts",
        [OPTION_AUDIENCE] = "all, or a list of user ids",
        [OPTION_NAMES] = "a list of names",
        [OPTION_TO] = "the name of a target, or drop",
    };
    return texts[type];
}

/* fault_rule.c: reads fault rules, from the command line's text and from the control address's JSON. */
#include "bridge/sim/fault_rule.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* Parameters that are whole numbers, where they go and what they may be. */
static const struct {
    const char *name;
    size_t offset;
    int64_t low, high;
} numbers[] = {
    { "count",       offsetof(struct fault_rule, count),          -1,        INT64_MAX },
    { "seed",        offsetof(struct fault_rule, seed),           0,         INT64_MAX },
    { "after",       offsetof(struct fault_rule, after_ms),       0,         86400000  },
    { "for",         offsetof(struct fault_rule, for_ms),         -1,        86400000  },
    { "gap",         offsetof(struct fault_rule, gap_ms),         0,         86400000  },
    { "ms",          offsetof(struct fault_rule, ms),             0,         86400000  },
    { "jitter",      offsetof(struct fault_rule, jitter_ms),      0,         86400000  },
    { "bytes",       offsetof(struct fault_rule, bytes),          -1048576,  268435456 },
    { "status",      offsetof(struct fault_rule, status),         200,       599       },
    { "retry_after", offsetof(struct fault_rule, retry_after_ms), 0,         86400000  },
    { "nth",         offsetof(struct fault_rule, nth),            1,         INT64_MAX },
};

static const struct {
    const char *name;
    size_t offset;
} texts[] = {
    { "code", offsetof(struct fault_rule, code) },
    { "match", offsetof(struct fault_rule, match) },
};

static bool
set_number(struct fault_rule *rule, size_t row, const char *text)
{
    char *end = NULL;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end || number < numbers[row].low || number > numbers[row].high)
        return false;
    memcpy((char *)rule + numbers[row].offset, &(int64_t){ number }, sizeof(int64_t));
    return true;
}

static bool
set_api(struct fault_rule *rule, const char *text)
{
    for (int i = 0; i < API_COUNT; i++)
        if (strcmp(text, sim_api_name((enum sim_api)i)) == 0) {
            rule->api = (enum sim_api)i;
            return true;
        }
    rule->api = API_COUNT;
    return strcmp(text, "any") == 0;
}

static bool
set_probability(struct fault_rule *rule, const char *text)
{
    char *end = NULL;
    rule->probability = strtod(text, &end);
    return end != text && !*end && rule->probability >= 0 && rule->probability <= 1;
}

/* 1 = set, 0 = the value is not allowed, -1 = no such parameter. */
static int
set_parameter(struct fault_rule *rule, struct slice name, const char *text)
{
    if (slice_is(name, "p") || slice_is(name, "probability"))
        return set_probability(rule, text);
    if (slice_is(name, "api"))
        return set_api(rule, text);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (slice_is(name, numbers[i].name))
            return set_number(rule, i, text);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (slice_is(name, texts[i].name))
            return snprintf((char *)rule + texts[i].offset, FAULT_TEXT_BYTES, "%s", text) < FAULT_TEXT_BYTES;
    return -1;
}

static bool
set_or_explain(struct fault_rule *rule, struct slice name, struct slice value, char *error, size_t error_size)
{
    char text[128];
    int set = 0;
    if (value.size < sizeof(text)) {
        memcpy(text, value.at, value.size);
        text[value.size] = '\0';
        set = set_parameter(rule, name, text);
    }
    if (set < 0)
        snprintf(error, error_size, "unknown fault parameter \"%.*s\"; they are p, api, count, seed, after, for, gap, ms, "
                 "jitter, bytes, status, retry_after, nth, code, match", (int)name.size, name.at);
    else if (set == 0)
        snprintf(error, error_size, "fault parameter %.*s: \"%.*s\" is not allowed", (int)name.size, name.at, (int)value.size,
                 value.at);
    return set > 0;
}

/* "name=value,name=value" */
static bool
set_parameters(struct fault_rule *rule, struct slice text, char *error, size_t error_size)
{
    while (text.size > 0) {
        const char *comma = memchr(text.at, ',', text.size);
        size_t size = comma ? (size_t)(comma - text.at) : text.size;
        const char *equals = memchr(text.at, '=', size);
        if (!equals) {
            snprintf(error, error_size, "\"%.*s\" is not of the form name=value", (int)size, text.at);
            return false;
        }
        size_t name = (size_t)(equals - text.at);
        struct slice value = { equals + 1, size - name - 1 };
        if (!set_or_explain(rule, (struct slice){ text.at, name }, value, error, error_size))
            return false;
        size += comma ? 1 : 0;
        text = (struct slice){ text.at + size, text.size - size };
    }
    return true;
}

static bool
start_rule(struct fault_rule *rule, struct slice kind, char *error, size_t error_size)
{
    struct buf out;
    *rule = (struct fault_rule){ .api = API_COUNT, .probability = 1, .count = -1, .seed = -1, .for_ms = -1 };
    for (int i = 0; i < FAULT_KIND_COUNT; i++)
        if (slice_is(kind, fault_kind_name((enum fault_kind)i))) {
            rule->kind = (enum fault_kind)i;
            return set_parameters(rule, slice_of(fault_kind_defaults(rule->kind)), error, error_size);
        }
    buf_init(&out, error, error_size);
    buf_format(&out, "unknown fault \"%.*s\"; the faults are ", (int)kind.size, kind.at);
    for (int i = 0; i < FAULT_KIND_COUNT; i++)
        buf_format(&out, "%s%s", i ? ", " : "", fault_kind_name((enum fault_kind)i));
    buf_cstr(&out);
    return false;
}

static bool
add_or_explain(struct faults *faults, const struct fault_rule *rule, int64_t now_ms, char *error, size_t error_size)
{
    bool added = faults_add(faults, rule, now_ms);
    if (!added)
        snprintf(error, error_size, "there are %d fault rules already; clear them first", FAULT_RULES_MAX);
    return added;
}

bool
faults_add_text(struct faults *faults, const char *spec, int64_t now_ms, char *error, size_t error_size)
{
    struct fault_rule rule;
    size_t kind = strcspn(spec, ":");
    const char *parameters = spec[kind] ? spec + kind + 1 : "";
    return start_rule(&rule, (struct slice){ spec, kind }, error, error_size)
        && set_parameters(&rule, slice_of(parameters), error, error_size)
        && add_or_explain(faults, &rule, now_ms, error, error_size);
}

/* A member's value in the form of the command line. */
static struct slice
plain_text(const struct value *value, char *text, size_t size)
{
    switch (value->type) {
    case VALUE_STRING:
    case VALUE_BIG:
        return value->text;
    case VALUE_INT:
        snprintf(text, size, "%lld", (long long)value->integer);
        return slice_of(text);
    case VALUE_REAL:
        snprintf(text, size, "%.17g", value->real);
        return slice_of(text);
    case VALUE_NULL:
    case VALUE_BOOL:
    case VALUE_ARRAY:
    case VALUE_OBJECT:
        break;
    }
    return SLICE("?");
}

static bool
add_object(struct faults *faults, const struct value *object, int64_t now_ms, char *error, size_t error_size)
{
    struct fault_rule rule;
    const struct value *kind = value_member(object, "kind");
    if (!kind || kind->type != VALUE_STRING) {
        snprintf(error, error_size, "a fault is an object with a \"kind\"");
        return false;
    }
    if (!start_rule(&rule, kind->text, error, error_size))
        return false;
    for (uint32_t i = 0; i < object->count; i++) {
        const struct member *member = &object->members[i];
        char text[40];
        if (!slice_is(member->name, "kind")
            && !set_or_explain(&rule, member->name, plain_text(&member->value, text, sizeof(text)), error, error_size))
            return false;
    }
    return add_or_explain(faults, &rule, now_ms, error, error_size);
}

bool
faults_add_json(struct faults *faults, const struct value *json, int64_t now_ms, char *error, size_t error_size)
{
    faults_make_room(faults, json->type == VALUE_ARRAY ? json->count : 1, now_ms);
    uint32_t before = faults->n;
    if (json->type != VALUE_ARRAY)
        return add_object(faults, json, now_ms, error, error_size);
    for (uint32_t i = 0; i < json->count; i++)
        if (!add_object(faults, &json->items[i], now_ms, error, error_size)) {
            faults->n = before;
            return false;
        }
    return true;
}

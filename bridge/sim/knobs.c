/* knobs.c: parses, keeps and lists the settings of knobs.def. */
#include "bridge/sim/knobs.h"

#include "codecs/check.h"

#include <stdio.h>

enum knob_type { TYPE_word, TYPE_count, TYPE_seconds, TYPE_millis, TYPE_rate, TYPE_answer, TYPE_order };

static const struct {
    const char *name;
    enum knob_type type;
    const char *words;
    int64_t low, high;
    const char *initial, *text;
} rows[KNOB_COUNT] = {
#define KNOB(id, name, type, words, low, high, initial, text) { name, TYPE_##type, words, low, high, initial, text },
#include "bridge/sim/knobs.def"
#undef KNOB
};

static const char *const checks[] = { "date", "key", "nonce", "signature", "permission", "throttle", "parameters" };
enum { CHECKS = sizeof(checks) / sizeof(checks[0]) };

/* True when `word` is one of "a|b|c". */
static bool
is_word(const char *words, struct slice word)
{
    while (*words) {
        size_t size = strcspn(words, "|");
        if (size == word.size && memcmp(words, word.at, size) == 0)
            return true;
        words += size + (words[size] == '|');
    }
    return false;
}

/* Reads an optionally negative integer at the front of `text` and cuts it off. */
static bool
take_number(struct slice *text, int64_t *number)
{
    bool negative = text->size > 0 && text->at[0] == '-';
    size_t i = negative ? 1 : 0, first = i;
    int64_t n = 0;
    for (; i < text->size && text->at[i] >= '0' && text->at[i] <= '9' && n < INT64_MAX / 100; i++)
        n = n * 10 + (text->at[i] - '0');
    if (i == first)
        return false;
    *number = negative ? -n : n;
    *text = (struct slice){ text->at + i, text->size - i };
    return true;
}

static const struct {
    const char *name;
    int64_t ms;
} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };

static bool
read_duration(struct slice text, int64_t plain_ms, int64_t *ms)
{
    if (!take_number(&text, ms))
        return false;
    if (text.size == 0) {
        *ms *= plain_ms;
        return true;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (slice_is(text, units[i].name)) {
            *ms *= units[i].ms;
            return true;
        }
    return false;
}

static bool
read_rate(struct slice text, struct knob_value *value)
{
    if (!take_number(&text, &value->number) || value->number < 1)
        return false;
    value->per_ms = slice_is(text, "/s") ? 1000 : slice_is(text, "/m") ? 60000 : slice_is(text, "/h") ? 3600000 : 0;
    return value->per_ms > 0;
}

/* "403 Forbidden.NotPurchased"; a colon stands for the space where a shell would mind. */
static bool
read_answer(struct slice text, int64_t *status)
{
    if (!take_number(&text, status) || *status < 200 || *status > 599)
        return false;
    if (text.size < 2 || (text.at[0] != ' ' && text.at[0] != ':'))
        return false;
    for (size_t i = 1; i < text.size; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~' || text.at[i] == '"' || text.at[i] == '<' || text.at[i] == '\\')
            return false;
    return true;
}

/* Each check at most once; one that is left out is not made. */
static bool
read_order(struct slice text)
{
    unsigned seen = 0;
    for (size_t from = 0; from <= text.size;) {
        const char *comma = memchr(text.at + from, ',', text.size - from);
        size_t end = comma ? (size_t)(comma - text.at) : text.size;
        unsigned i = 0;
        while (i < CHECKS && !slice_is((struct slice){ text.at + from, end - from }, checks[i]))
            i++;
        if (i == CHECKS || (seen & 1U << i))
            return false;
        seen |= 1U << i;
        from = end + 1;
    }
    return true;
}

static bool
read_value(enum knob knob, struct slice text, struct knob_value *value)
{
    value->number = -1;
    if (is_word(rows[knob].words, text))
        return true;
    switch (rows[knob].type) {
    case TYPE_word:
        return false;
    case TYPE_count:
        if (!take_number(&text, &value->number) || text.size > 0)
            return false;
        break;
    case TYPE_seconds:
    case TYPE_millis:
        if (!read_duration(text, rows[knob].type == TYPE_seconds ? 1000 : 1, &value->number))
            return false;
        break;
    case TYPE_rate:
        return read_rate(text, value);
    case TYPE_answer:
        return read_answer(text, &value->number);
    case TYPE_order:
        return read_order(text);
    }
    return value->number >= rows[knob].low && value->number <= rows[knob].high;
}

static void
describe(struct buf *out, enum knob knob)
{
    static const char *const forms[] = { "", "a number", "seconds or 5m, 1h", "milliseconds or 5s, 1m", "N/s, N/m, N/h",
                                         "STATUS Code, as in 400 InvalidEventId",
                                         "date,key,nonce,signature,permission,throttle,parameters in any order" };
    buf_text(out, rows[knob].words);
    if (rows[knob].words[0] && rows[knob].type != TYPE_word)
        buf_text(out, " or ");
    buf_text(out, forms[rows[knob].type]);
    if (rows[knob].type == TYPE_count)
        buf_format(out, " %lld..%lld", (long long)rows[knob].low, (long long)rows[knob].high);
    else if (rows[knob].type == TYPE_seconds || rows[knob].type == TYPE_millis)
        buf_format(out, ", %lld ms to %lld ms", (long long)rows[knob].low, (long long)rows[knob].high);
}

static void
list_names(struct buf *out)
{
    for (int i = 0; i < KNOB_COUNT; i++)
        buf_format(out, "%s%s", i ? ", " : "", rows[i].name);
}

bool
knobs_set(struct knobs *knobs, struct slice name, struct slice value, char *error, size_t error_size)
{
    struct buf out;
    buf_init(&out, error, error_size);
    int knob = 0;
    while (knob < KNOB_COUNT && !slice_is(name, rows[knob].name))
        knob++;
    if (knob == KNOB_COUNT) {
        buf_format(&out, "unknown knob \"%.*s\"; the knobs are ", (int)name.size, name.at);
        list_names(&out);
    } else {
        struct knob_value read = { 0 };
        if (value.size < KNOB_TEXT_BYTES && read_value((enum knob)knob, value, &read)) {
            memcpy(read.text, value.at, value.size);
            knobs->values[knob] = read;
            return true;
        }
        buf_format(&out, "%s: \"%.*s\" is not allowed; set ", rows[knob].name, (int)value.size, value.at);
        describe(&out, (enum knob)knob);
    }
    buf_cstr(&out);
    return false;
}

bool
knobs_set_pair(struct knobs *knobs, const char *pair, char *error, size_t error_size)
{
    const char *equals = strchr(pair, '=');
    if (!equals) {
        snprintf(error, error_size, "\"%s\" is not of the form knob=value", pair);
        return false;
    }
    return knobs_set(knobs, (struct slice){ pair, (size_t)(equals - pair) }, slice_of(equals + 1), error, error_size);
}

void
knobs_init(struct knobs *knobs)
{
    char error[4096];
    for (int i = 0; i < KNOB_COUNT; i++) {
        bool ok = knobs_set(knobs, slice_of(rows[i].name), slice_of(rows[i].initial), error, sizeof(error));
        check(ok);
    }
}

bool
knob_is(const struct knobs *knobs, enum knob knob, const char *word)
{
    return strcmp(knobs->values[knob].text, word) == 0;
}

int64_t
knob_number(const struct knobs *knobs, enum knob knob)
{
    return knobs->values[knob].number;
}

const char *
knob_text(const struct knobs *knobs, enum knob knob)
{
    return knobs->values[knob].text;
}

bool
knob_answer(const struct knobs *knobs, enum knob knob, int *status, const char **code)
{
    const struct knob_value *value = &knobs->values[knob];
    if (value->number < 0)
        return false;
    *status = (int)value->number;
    *code = value->text + strcspn(value->text, " :") + 1;
    return true;
}

void
knobs_json(const struct knobs *knobs, struct buf *out)
{
    for (int i = 0; i < KNOB_COUNT; i++) {
        buf_char(out, i ? ',' : '{');
        buf_json_string(out, slice_of(rows[i].name));
        buf_char(out, ':');
        buf_json_string(out, slice_of(knobs->values[i].text));
    }
    buf_char(out, '}');
}

void
knobs_help(struct buf *out)
{
    for (int i = 0; i < KNOB_COUNT; i++) {
        buf_format(out, "  %s=%s  %s (", rows[i].name, rows[i].initial, rows[i].text);
        describe(out, (enum knob)i);
        buf_text(out, ")\n");
    }
}

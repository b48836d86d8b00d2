/* event_rules.c: the rules of event_v1.schema.json that need more than a line. */
#include "codecs/event_rules.h"

#include "codecs/texts.h"
#include "codecs/utf8.h"

#include <math.h>

bool
rule_length(struct slice text, size_t min, size_t max)
{
    if (text.size <= max)   /* so many bytes are at most so many characters */
        return min <= 1 ? text.size >= min : utf8_length(text) >= min;
    return utf8_length(text) <= max;
}

bool
rule_id(struct slice text)
{
    if (text.size < 1 || text.size > ID_BYTES_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] < 0x21 || text.at[i] > 0x7e)
            return false;
    return true;
}

bool
rule_account(struct slice text)
{
    if (text.size < 1 || text.size > ACCOUNT_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return true;
}

bool
rule_integer(const struct value *value, int64_t *number)
{
    const double exact_max = 9007199254740992.0;    /* 2^53 */
    if (value->type == VALUE_INT) {
        *number = value->integer;
        return true;
    }
    if (value->type != VALUE_REAL || fabs(value->real) > exact_max || trunc(value->real) < value->real
        || trunc(value->real) > value->real)
        return false;
    *number = (int64_t)value->real;
    return true;
}

bool
rule_time(const struct value *value, struct event_time *time)
{
    if (value->type == VALUE_STRING) {
        *time = (struct event_time){ .text = value->text };
        return rule_length(value->text, 1, TIME_CHARACTERS_MAX);
    }
    int64_t ms = 0;
    bool fits = rule_integer(value, &ms) && ms >= 0;
    *time = (struct event_time){ .ms = ms, .is_ms = true };
    return fits;
}

static bool
is_between(char c, char low, char high)
{
    return c >= low && c <= high;
}

/* default, or a locale such as zh_CN */
static bool
is_locale(struct slice name)
{
    const char *at = name.at;
    if (name.size != 5)
        return slice_is(name, "default");
    return is_between(at[0], 'a', 'z') && is_between(at[1], 'a', 'z') && at[2] == '_' && is_between(at[3], 'A', 'Z')
           && is_between(at[4], 'A', 'Z');
}

bool
rule_i18n(const struct value *value, struct i18n *text)
{
    if (value->type == VALUE_STRING) {
        *text = (struct i18n){ .text = value->text };
        return rule_length(value->text, 0, I18N_CHARACTERS_MAX);
    }
    if (value->type != VALUE_OBJECT)
        return false;
    bool has_fallback = false;
    for (uint32_t i = 0; i < value->count; i++) {
        const struct member *member = &value->members[i];
        if (!is_locale(member->name) || member->value.type != VALUE_STRING)
            return false;
        has_fallback |= slice_is(member->name, "default") || slice_is(member->name, "en_US");
    }
    *text = (struct i18n){ .object = value };
    return has_fallback;
}

bool
rule_i18n_list(const struct value *value, struct i18n *items, uint32_t *n)
{
    if (value->type != VALUE_ARRAY || value->count > TAGS_MAX)
        return false;
    for (uint32_t i = 0; i < value->count; i++)
        if (!rule_i18n(&value->items[i], &items[i]))
            return false;
    *n = value->count;
    return true;
}

bool
rule_channels(const struct value *value, uint32_t *bits)
{
    if (value->type != VALUE_ARRAY || value->count < 1)
        return false;
    *bits = 0;
    for (uint32_t i = 0; i < value->count; i++) {
        const struct value *item = &value->items[i];
        uint32_t bit = item->type == VALUE_STRING ? channel_of(item->text) : 0;
        if (!bit || *bits & bit)
            return false;
        *bits |= bit;
    }
    return true;
}

bool
rule_labels(const struct value *value)
{
    if (value->type != VALUE_OBJECT || value->count > LABELS_MAX)
        return false;
    for (uint32_t i = 0; i < value->count; i++) {
        const struct value *label = &value->members[i].value;
        if (label->type != VALUE_STRING || !rule_length(label->text, 0, LABEL_CHARACTERS_MAX))
            return false;
    }
    return true;
}

bool
rule_targets(const struct value *value, enum audience *audience)
{
    *audience = AUDIENCE_ALL;
    if (value->type == VALUE_STRING)
        return slice_is(value->text, "all");
    *audience = AUDIENCE_LIST;
    if (value->type != VALUE_ARRAY || value->count < 1 || value->count > TARGETS_IN_EVENT_MAX)
        return false;
    for (uint32_t i = 0; i < value->count; i++)
        if (value->items[i].type != VALUE_STRING || value->items[i].text.size < 1)
            return false;
    uint16_t scratch[2 * TARGETS_IN_EVENT_MAX];
    return texts_are_unique(&(struct texts){ &value->items->text, sizeof *value->items, value->count }, scratch);
}

/* C0, DEL and C1 controls, the separators of lines and paragraphs, and what turns the direction of writing
 * (https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters). */
static bool
may_deceive(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x061c || code == 0x200e || code == 0x200f
           || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

static bool
starts_with(struct slice text, struct slice start)
{
    return text.size >= start.size && memcmp(text.at, start.at, start.size) == 0;
}

/* A backslash does not end the authority here: readers disagree about it, and that is how an @ behind it would deceive. */
static bool
has_userinfo(struct slice url, size_t authority)
{
    for (size_t i = authority; i < url.size; i++) {
        if (url.at[i] == '@')
            return true;
        if (url.at[i] == '/' || url.at[i] == '?' || url.at[i] == '#')
            return false;
    }
    return false;
}

bool
rule_url(struct slice url)
{
    struct slice https = SLICE("https://"), http = SLICE("http://");
    bool is_https = starts_with(url, https);
    if (url.size > URL_BYTES_MAX || (!is_https && !starts_with(url, http)))
        return false;
    for (size_t place = 0; place < url.size;)
        if (may_deceive(utf8_next(url, &place)))
            return false;
    return !has_userinfo(url, is_https ? https.size : http.size);
}

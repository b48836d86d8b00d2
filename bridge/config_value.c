/* config_value.c: one value, by the type of its option, checked against its range and stored. */
#include "bridge/config_load.h"
#include "bridge/forms.h"
#include "bridge/suggest.h"
#include "codecs/check.h"

#include <stdio.h>

void
setting_error(const struct setting *setting, const char *text, const char *remedy)
{
    load_problem_at(setting->load, SEVERITY_ERROR, &setting->node->place, setting->path, text, remedy);
}

void
setting_wrong(const struct setting *setting)
{
    setting_error(setting,
                  pool_format(setting->load->scratch, "%s is not %s", load_quote(setting->load, setting->node->text),
                              option_type_text(setting->option->type)),
                  "correct it");
}

static void
store_text(const struct setting *setting, const char *text)
{
    const char *copy = pool_text(setting->load->pool, text);
    if (setting->option->size == sizeof copy)
        memcpy(setting->field, &copy, sizeof copy);
}

static void
store_number(const struct setting *setting, uint64_t number)
{
    uint32_t small = (uint32_t)number;
    bool flag = number != 0;
    if (setting->option->size == sizeof number)
        memcpy(setting->field, &number, sizeof number);
    else if (setting->option->size == sizeof small)
        memcpy(setting->field, &small, sizeof small);
    else if (setting->option->size == sizeof flag)
        memcpy(setting->field, &flag, sizeof flag);
}

/* ---- numbers with a range */

static bool
read_number(enum option_type type, const char *text, uint64_t *number)
{
    switch (type) {
    case OPTION_DURATION: {
        int64_t ms = 0;
        bool ok = form_duration(text, &ms);
        *number = (uint64_t)ms;
        return ok;
    }
    case OPTION_SIZE:
        return form_size(text, number);
    case OPTION_RATE:
    case OPTION_SPEED:
        return form_rate(text, number);
    default:
        return form_count(text, number);
    }
}

static bool
in_range(const struct setting *setting, uint64_t number)
{
    const struct option *option = setting->option;
    struct pool *scratch = setting->load->scratch;
    uint64_t min = 0, max = 0;
    check(read_number(option->type, option->min, &min) && read_number(option->type, option->max, &max));
    if (number < min)
        setting_error(setting, pool_format(scratch, "%s is below %s", setting->node->text, option->min),
                      pool_format(scratch, "set %s or more", option->min));
    else if (number > max)
        setting_error(setting, pool_format(scratch, "%s is above %s", setting->node->text, option->max),
                      pool_format(scratch, "set %s or less", option->max));
    return number >= min && number <= max;
}

static bool
is_quoted_number(const struct setting *setting)
{
    const struct node *node = setting->node;
    if (!node->quoted || node->substituted)
        return false;
    setting_error(setting,
                  pool_format(setting->load->scratch, "%s in quotes is a text, not %s", load_quote(setting->load, node->text),
                              option_type_text(setting->option->type)),
                  "write it without quotes");
    return true;
}

static void
load_number(const struct setting *setting)
{
    const struct option *option = setting->option;
    uint64_t number;
    if (option->detail != NULL && strcmp(setting->node->text, option->detail) == 0) {
        store_number(setting, option->type == OPTION_RATE ? 0 : UINT32_MAX);
    } else if (option->type == OPTION_COUNT && is_quoted_number(setting)) {
        return;
    } else if (!read_number(option->type, setting->node->text, &number)) {
        setting_wrong(setting);
    } else if (in_range(setting, number)) {
        double per_s = (double)number / 3600;
        if (option->type == OPTION_SPEED)
            memcpy(setting->field, &per_s, sizeof per_s);
        else
            store_number(setting, number);
    }
}

static void
load_share(const struct setting *setting)
{
    double share, min = 0;
    if (!form_share(setting->node->text, &share))
        setting_wrong(setting);
    else if (form_share(setting->option->min, &min) && share < min)
        setting_error(setting, pool_format(setting->load->scratch, "%s is below %s", setting->node->text, setting->option->min),
                      "set more");
    else
        memcpy(setting->field, &share, sizeof share);
}

static void
load_flag(const struct setting *setting)
{
    bool flag;
    if (is_quoted_number(setting))
        return;
    if (!form_flag(setting->node->text, &flag))
        setting_wrong(setting);
    else
        store_number(setting, flag);
}

/* ---- texts */

static bool
has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

static void
load_text(const struct setting *setting)
{
    const char *text = setting->node->text;
    bool may_be_empty = setting->option->fallback[0] != NULL && setting->option->fallback[0][0] == '\0';
    if (text[0] == '\0' && !may_be_empty)
        setting_error(setting, "is empty", "give it a value");
    else if (has_control(text))
        setting_error(setting, "holds a control character", "take it out");
    else
        store_text(setting, text);
}

static void
load_name(const struct setting *setting)
{
    const char *text = setting->node->text;
    if (!form_name(text))
        setting_error(setting, pool_format(setting->load->scratch, "%s is no name", load_quote(setting->load, text)),
                    "use a-z, 0-9, _ and -, beginning with a letter or digit, at most 64");
    else
        store_text(setting, text);
}

static int
find_word(const struct setting *setting, const struct node *node)
{
    struct load *load = setting->load;
    const char *detail = setting->option->detail;
    int index = choice_find(detail, node->text);
    if (index >= 0)
        return index;
    struct suggest suggest;
    char word[64];
    suggest_begin(&suggest, node->text);
    for (int i = 0; choice_nth(detail, i, word, sizeof word); i++)
        suggest_offer(&suggest, pool_text(load->scratch, word));
    const char *known = pool_format(load->scratch, "use one of %s", detail);
    load_problem_at(load, SEVERITY_ERROR, &node->place, setting->path,
                    pool_format(load->scratch, "unknown value %s", load_quote(load, node->text)),
                    load_meant(load, suggest.best, known));
    return -1;
}

static void
load_choice(const struct setting *setting)
{
    bool absent =
        setting->node->text[0] == '\0' && setting->option->fallback[0] != NULL && setting->option->fallback[0][0] == '\0';
    int index = absent ? 0 : find_word(setting, setting->node);
    if (setting->option->size == sizeof(char *))
        store_text(setting, index < 0 ? "" : setting->node->text);
    else if (index >= 0)
        store_number(setting, (uint64_t)index);
}

/* ---- lists and maps */

static void
load_words(const struct setting *setting)
{
    uint32_t bits = 0;
    for (const struct node *item = setting->node->first; item != NULL; item = item->next) {
        int index = find_word(setting, item);
        if (index >= 0)
            bits |= 1u << index;
    }
    if (setting->option->type == OPTION_BITS) {
        store_number(setting, bits);
        return;
    }
    for (size_t i = 0; i < setting->option->size; i++) {
        bool flag = (bits >> i & 1) != 0;
        memcpy(setting->field + i, &flag, sizeof flag);
    }
}

static void
load_texts(const struct setting *setting)
{
    const struct option *option = setting->option;
    uint32_t n = 0;
    for (const struct node *item = setting->node->first; item != NULL; item = item->next) {
        if (item->text[0] == '\0' || has_control(item->text))
            load_problem_at(setting->load, SEVERITY_ERROR, &item->place, setting->path,
                            "an element is empty or holds a control character", "correct it");
        else if (n < option->capacity && (option->detail == NULL || find_word(setting, item) >= 0)) {
            const char *copy = pool_text(setting->load->pool, item->text);
            memcpy(setting->field + n++ * sizeof copy, &copy, sizeof copy);
        }
    }
    if (setting->node->n > option->capacity)
        setting_error(setting, pool_format(setting->load->scratch, "has more than %u elements", option->capacity),
                      "shorten the list");
    if (n == 0 && (option->flags & OPTION_REQUIRED) && setting->node->n == 0)
        setting_error(setting, "is empty", "name at least one");
    memcpy(setting->base + option->count_at, &n, sizeof n);
}

static void
load_pairs(const struct setting *setting)
{
    const struct option *option = setting->option;
    uint32_t n = 0;
    for (const struct node *item = setting->node->first; item != NULL; item = item->next) {
        if (item->kind != NODE_SCALAR) {
            load_problem_at(setting->load, SEVERITY_ERROR, &item->place,
                            pool_format(setting->load->scratch, "%s.%s", setting->path, item->key), "expects a text",
                            "write one value, in quotes if it holds : or #");
            continue;
        }
        if (n == option->capacity) {
            load_problem_at(setting->load, SEVERITY_ERROR, &item->place, setting->path, "too many entries", "shorten the map");
            break;
        }
        struct config_pair pair = {pool_text(setting->load->pool, item->key), pool_text(setting->load->pool, item->text),
                                   item->place.line, item->place.column, pool_text(setting->load->pool, item->place.file)};
        memcpy(setting->field + n++ * sizeof pair, &pair, sizeof pair);
    }
    memcpy(setting->base + option->count_at, &n, sizeof n);
}

/* ---- by type */

static void
load_nothing(const struct setting *setting)
{
    (void)setting;    /* names of sources and targets are looked up once all are known */
}

static const struct {
    bool scalar, list, map;
    void (*load)(const struct setting *);
} types[OPTION_TYPE_COUNT] = {
    [OPTION_TEXT] = { .scalar = true, .load = load_text },
    [OPTION_NAME] = { .scalar = true, .load = load_name },
    [OPTION_SECRET_FILE] = { .scalar = true, .load = load_text },
    [OPTION_FLAG] = { .scalar = true, .load = load_flag },
    [OPTION_COUNT] = { .scalar = true, .load = load_number },
    [OPTION_DURATION] = { .scalar = true, .load = load_number },
    [OPTION_SIZE] = { .scalar = true, .load = load_number },
    [OPTION_RATE] = { .scalar = true, .load = load_number },
    [OPTION_SPEED] = { .scalar = true, .load = load_number },
    [OPTION_SHARE] = { .scalar = true, .load = load_share },
    [OPTION_CHOICE] = { .scalar = true, .load = load_choice },
    [OPTION_BITS] = { .list = true, .load = load_words },
    [OPTION_FLAGS] = { .list = true, .load = load_words },
    [OPTION_TEXTS] = { .list = true, .load = load_texts },
    [OPTION_PAIRS] = { .map = true, .load = load_pairs },
    [OPTION_LOCALES] = { .scalar = true, .map = true, .load = setting_locales },
    [OPTION_AUDIENCE] = { .scalar = true, .list = true, .load = setting_audience },
    [OPTION_NAMES] = { .list = true, .load = load_nothing },
    [OPTION_TO] = { .scalar = true, .load = load_nothing },
};

static bool
shape_fits(const struct setting *setting)
{
    const struct node *node = setting->node;
    enum option_type type = setting->option->type;
    bool fits = node->kind == NODE_SCALAR ? types[type].scalar : node->kind == NODE_LIST ? types[type].list : types[type].map;
    bool null = node->kind == NODE_SCALAR && !node->quoted && !node->substituted && !node->literal &&
                (node->text[0] == '\0' || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
    for (const struct node *item = node->kind == NODE_LIST ? node->first : NULL; fits && item != NULL; item = item->next)
        fits = item->kind == NODE_SCALAR && !item->broken;
    if (null)
        setting_error(setting, "has no value", "give it one, or remove the line (\"\" is an empty text)");
    else if (!fits)
        setting_error(setting,
                      pool_format(setting->load->scratch, "expects %s, not %s", option_type_text(setting->option->type),
                                  node->kind == NODE_SCALAR ? "a single value"
                                  : node->kind == NODE_LIST ? "a list like this"
                                                            : "a map"),
                      node->kind == NODE_SCALAR && types[type].list ? "write it in brackets: [a, b]" : NULL);
    return fits && !null;
}

void
load_value(struct load *load, const struct option *option, char *base, size_t at, struct node *node, const char *path)
{
    struct setting setting = { load, option, base, base + at, node, path };
    if (!node->broken && shape_fits(&setting))
        types[option->type].load(&setting);
}

/* Defaults are texts and go the same way as what a person writes. */
void
load_default(struct load *load, const struct option *option, char *base, size_t at, int target_kind)
{
    const struct place place = { .file = "default" };
    const char *text = option->fallback[target_kind] ? option->fallback[target_kind] : "";
    struct setting setting = { load, option, base, base + at, node_new(load->scratch, NODE_SCALAR, &place), option->path };
    bool words = types[option->type].list && !types[option->type].scalar;
    setting.node->text = text;
    if (option->flags & OPTION_REQUIRED || text[0] == '\0') {
        if (option->type == OPTION_TEXT || option->type == OPTION_NAME || option->type == OPTION_SECRET_FILE ||
            (option->type == OPTION_CHOICE && option->size == sizeof(char *)))
            store_text(&setting, "");
        return;
    }
    setting.node->kind = words ? NODE_LIST : NODE_SCALAR;
    for (const char *word = text; words && word != NULL; word = strchr(word, ',') ? strchr(word, ',') + 1 : NULL) {
        struct node *item = node_new(load->scratch, NODE_SCALAR, &place);
        item->text = pool_slice(load->scratch, (struct slice){ word, strcspn(word, ",") });
        node_append(setting.node, item);
    }
    types[option->type].load(&setting);
}

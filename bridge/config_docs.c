/* config_docs.c: docs/config.md and the example, from the rows of options.def. */
#include "bridge/config.h"
#include "bridge/options.h"
#include "codecs/buf.h"

#include <stdio.h>

/* ---- docs/config.md */

static void
put_cell(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            buf_char(out, '\\');
        buf_char(out, *text);
    }
}

static void
put_words(struct buf *out, const char *detail)
{
    char word[64];
    for (int i = 0; choice_nth(detail, i, word, sizeof word); i++)
        buf_format(out, "%s`%s`", i == 0 ? "" : ", ", word);
}

static const char *
type_word(enum option_type type)
{
    static const char *const words[OPTION_TYPE_COUNT] = {
        [OPTION_TEXT] = "text",
        [OPTION_NAME] = "name",
        [OPTION_SECRET_FILE] = "path",
        [OPTION_FLAG] = "`true`, `false`",
        [OPTION_COUNT] = "number",
        [OPTION_DURATION] = "duration",
        [OPTION_SIZE] = "size",
        [OPTION_RATE] = "rate",
        [OPTION_SPEED] = "rate",
        [OPTION_SHARE] = "0 to 1",
        [OPTION_CHOICE] = "",
        [OPTION_BITS] = "list of ",
        [OPTION_FLAGS] = "list of ",
        [OPTION_TEXTS] = "list of texts",
        [OPTION_PAIRS] = "map of texts",
        [OPTION_LOCALES] = "text or map of locales",
        [OPTION_AUDIENCE] = "`all` or list of users",
        [OPTION_NAMES] = "list of names",
        [OPTION_TO] = "target or `drop`",
    };
    return words[type];
}

static bool
has_words(const struct option *option)
{
    return option->type == OPTION_CHOICE || option->type == OPTION_BITS || option->type == OPTION_FLAGS;
}

static void
put_default(struct buf *out, const struct option *option)
{
    const char *notice = option->fallback[TARGET_NOTICE], *soar = option->fallback[TARGET_SOAR];
    if (option->flags & OPTION_REQUIRED)
        buf_text(out, "**required**");
    else if (strcmp(notice, soar) != 0)
        buf_format(out, "notice `%s`, soar `%s`", notice, soar);
    else
        buf_format(out, notice[0] != '\0' ? "`%s`" : "-", notice);
}

static void
put_row(struct buf *out, const struct option *option)
{
    buf_format(out, "| `%s` | %s", option->path, type_word(option->type));
    if (has_words(option))
        put_words(out, option->detail);
    else if (option->min != NULL)
        buf_format(out, ", %s to %s", option->min, option->max);
    if (option->detail != NULL && option->min != NULL)
        buf_format(out, ", or `%s`", option->detail);
    buf_text(out, " | ");
    put_default(out, option);
    buf_text(out, " | ");
    if (option->flags & FOR_SOAR)
        buf_text(out, "(soar) ");
    if (option->flags & FOR_NOTICE)
        buf_text(out, "(notice) ");
    put_cell(out, option->text);
    if (option->type == OPTION_TEXTS && option->detail != NULL) {
        buf_text(out, " One of ");
        put_words(out, option->detail);
        buf_char(out, '.');
    }
    buf_text(out, " |\n");
}

static const char docs_head[] = "# Configuration\n\nThis page is made from `bridge/options.def` by `alertbridge config docs`.\n\n"
                                "One or more YAML files (`-c FILE`, repeatable). Each layer lies over the one before: defaults, "
                                "files in order, variables, `--set path=value`. "
                                "Maps merge, lists and values replace.\n\n"
                                "- Forms: durations `1500ms 10s 5m 1h 7d`, sizes `512B 64KiB 1MiB`, rates `10/s 600/m 1000/h`, "
                                "booleans `true` and `false` only, "
                                "names `[a-z0-9][a-z0-9_-]{0,63}`.\n"
                                "- Values in files may hold `${VAR}`, `${VAR:-default}`, `${file:/path}`, and `$$` for a dollar "
                                "sign; they are replaced after parsing, once, never in "
                                "keys. A variable that is not set and has no default is an error.\n"
                                "- Variables: `ALERTBRIDGE_KAFKA_BROKERS` is `kafka.brokers`, and so on for every option outside "
                                "of sources, targets, routes and kafka.properties. Lists are "
                                "written as `[a, b]`.\n"
                                "- `--set targets[0].rate_limit=5/s`, `--set kafka.properties.session.timeout.ms=60000`.\n"
                                "- Secrets are read from files that `*_file` options name, never written here.\n"
                                "- Unknown and double keys are errors. All errors come at once: `alertbridge check -c FILE`.\n"
                                "- One document, no anchors, aliases or tags.\n";

void
config_docs(struct buf *out)
{
    char group[64] = "", name[64];
    buf_text(out, docs_head);
    for (uint32_t i = 0; i < n_options; i++) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(options[i].path, ".["), options[i].path);
        if (strcmp(name, group) != 0) {
            memcpy(group, name, sizeof group);
            buf_format(out, "\n## %s\n\n| option | value | default | meaning |\n|---|---|---|---|\n", group);
        }
        put_row(out, &options[i]);
    }
}

/* ---- the example: what is required stands there, the rest as comments with its default */

struct example {
    struct buf *out;
    int kind;           /* of the target that is being written */
    bool comment;       /* everything is a comment: the second target */
};

static const char *
example_value(const struct example *example, const struct option *option)
{
    const char *fallback = option->fallback[example->kind];
    if (option->example != NULL && strcmp(option->path, "targets[].kind") == 0)
        return example->kind == TARGET_SOAR ? "soar" : "notice";
    if (option->example != NULL && strcmp(option->path, "targets[].name") == 0)
        return example->kind == TARGET_SOAR ? "soar-prod" : "portal";
    if (option->example != NULL)
        return option->example;
    if (option->type == OPTION_PAIRS)
        return "{}";
    return fallback;
}

static bool
is_live(const struct example *example, const struct option *option)
{
    static const char *const also[] = { "targets[].region", "routes[].when.kinds" };
    for (size_t i = 0; i < sizeof also / sizeof also[0]; i++)
        if (strcmp(also[i], option->path) == 0)
            return !example->comment;
    return (option->flags & OPTION_REQUIRED) != 0 && !example->comment;
}

static const char *
special_value(const struct example *example, const struct option *option)
{
    static const struct { const char *path, *value; } values[] = {
        { "targets[].region", "ap-southeast-1" },
        { "targets[].app_name", "{default: SOC}" },
        { "targets[].channels", "[sms, email]" },
        { "targets[].lang", "zh" },
        { "targets[].message_id_prefix", "ab-" },
        { "routes[].when.kinds", "[incident.generated, alert.generated, incident.updated]" },
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (strcmp(values[i].path, option->path) == 0)
            return values[i].value;
    if (strcmp(option->path, "targets[].endpoint") == 0)
        return example->kind == TARGET_SOAR ? "https://sophonsoar.aliyuncs.com" : "https://apigw.example.com";
    return example_value(example, option);
}

static bool
is_list(enum option_type type)
{
    return type == OPTION_BITS || type == OPTION_FLAGS || type == OPTION_TEXTS || type == OPTION_NAMES;
}

static void
put_option(const struct example *example, const struct option *option, const char *name, int indent, bool dash)
{
    const char *value = special_value(example, option);
    bool brackets = is_list(option->type) && value[0] != '[';
    buf_format(example->out, "%s%*s%s%s: ", is_live(example, option) ? "" : "# ", dash ? indent - 2 : indent, "",
               dash ? "- " : "", name);
    if (brackets)
        buf_char(example->out, '[');
    for (const char *c = value; *c != '\0'; c++)
        buf_text(example->out, *c == ',' && brackets ? ", " : (const char[]){ *c, '\0' });
    buf_text(example->out, brackets ? "]" : value[0] == '\0' ? "\"\"" : "");
    buf_format(example->out, "   # %s\n", option->text);
}

/* Whether any option below is for this kind of target. */
static bool
has_any(const struct example *example, const char *pattern)
{
    size_t n = strlen(pattern);
    for (uint32_t i = 0; i < n_options; i++)
        if (strncmp(options[i].path, pattern, n) == 0 && strchr(".[", options[i].path[n]) != NULL &&
            option_is_for(&options[i], example->kind))
            return true;
    return false;
}

static bool
has_live(const struct example *example, const char *pattern)
{
    size_t n = strlen(pattern);
    for (uint32_t i = 0; i < n_options; i++)
        if (strncmp(options[i].path, pattern, n) == 0 && strchr(".[", options[i].path[n]) != NULL &&
            is_live(example, &options[i]) && option_is_for(&options[i], example->kind))
            return true;
    return false;
}

static void put_below(const struct example *, const char *pattern, int indent, bool dash);

static void
put_group(const struct example *example, const char *pattern, const char *name, int indent, bool list)
{
    char below[128];
    bool live = has_live(example, pattern);
    struct example inner = *example;
    inner.comment = example->comment || !live;
    const char *shown = strcmp(name, "<kind>") == 0 ? "alert.generated" : name;
    buf_format(example->out, "%s%*s%s:\n", live ? "" : "# ", indent, "", shown);
    struct buf text;
    buf_init(&text, below, sizeof below);
    buf_text(&text, pattern);
    buf_text(&text, list ? "[]" : "");
    (void)buf_cstr(&text);
    put_below(&inner, below, indent + (list ? 4 : 2), list);
    if (strcmp(pattern, "targets") == 0) {
        inner = (struct example){ example->out, TARGET_NOTICE, true };
        put_below(&inner, below, indent + 4, true);
    }
}

static void
put_below(const struct example *example, const char *pattern, int indent, bool dash)
{
    char name[64], below[128];
    uint32_t at = 0;
    while (option_child(pattern, &at, name, sizeof name)) {
        bool list = false;
        snprintf(below, sizeof below, "%s%s%s", pattern, pattern[0] ? "." : "", name);
        const struct option *option = option_find(below);
        if (option != NULL && !option_is_for(option, example->kind))
            continue;
        if (option != NULL)
            put_option(example, option, name, indent, dash);
        else if (option_is_group(below, &list) && has_any(example, below))
            put_group(example, below, name, indent, list);
        dash = false;
    }
}

void
config_example(struct buf *out)
{
    struct example example = { out, TARGET_SOAR, false };
    buf_text(out, "# Configuration of alertbridge. What is not commented out is required; comments show defaults or samples.\n"
                  "# All options: `alertbridge config docs`. Check: `alertbridge check -c FILE`.\n");
    put_below(&example, "", 0, false);
}

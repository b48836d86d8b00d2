/* config_schema.c: the configuration as JSON Schema 2020-12: https://json-schema.org/draft/2020-12. Values are as written, before
 * substitution. */
#include "bridge/config.h"
#include "bridge/options.h"
#include "codecs/buf.h"
#include "bridge/forms.h"

#include <stdio.h>

static void
put_member(struct buf *out, const char *name, const char *text)
{
    buf_format(out, "\"%s\":", name);
    buf_json_string(out, slice_of(text));
}

static void
put_words(struct buf *out, const char *detail)
{
    char word[64];
    buf_text(out, "{\"enum\":[");
    for (int i = 0; choice_nth(detail, i, word, sizeof word); i++)
        buf_format(out, "%s\"%s\"", i == 0 ? "" : ",", word);
    buf_text(out, "]}");
}

static void
put_count(struct buf *out, const struct option *option)
{
    buf_format(out, "{\"type\":\"integer\",\"minimum\":%s,\"maximum\":%s}", option->min, option->max);
    if (option->detail != NULL)
        buf_format(out, ",{\"const\":\"%s\"}", option->detail);
}

/* The alternatives of one value, without brackets. */
static void
put_forms(struct buf *out, const struct option *option)
{
    switch (option->type) {
    case OPTION_NAME:
        buf_text(out, "{\"type\":\"string\",\"pattern\":\"^[a-z0-9][a-z0-9_-]{0,63}$\"}");
        break;
    case OPTION_FLAG:
        buf_text(out, "{\"type\":\"boolean\"}");
        break;
    case OPTION_COUNT:
        put_count(out, option);
        break;
    case OPTION_DURATION:
        buf_text(out, "{\"type\":\"string\",\"pattern\":\"^[0-9]+(ms|s|m|h|d)$\"}");
        break;
    case OPTION_SIZE:
        buf_text(out, "{\"type\":\"string\",\"pattern\":\"^[0-9]+(B|KiB|MiB|GiB)$\"}");
        break;
    case OPTION_RATE:
    case OPTION_SPEED:
        buf_format(out, "{\"type\":\"string\",\"pattern\":\"^([0-9]+/[smh]%s%s)$\"}", option->detail ? "|" : "",
                   option->detail ? option->detail : "");
        break;
    case OPTION_SHARE:
        buf_format(out, "{\"type\":\"number\",\"minimum\":%s,\"maximum\":%s}", option->min, option->max);
        break;
    case OPTION_CHOICE:
        put_words(out, option->detail);
        break;
    case OPTION_BITS:
    case OPTION_FLAGS:
        buf_text(out, "{\"type\":\"array\",\"items\":");
        put_words(out, option->detail);
        buf_char(out, '}');
        break;
    case OPTION_TEXTS:
        buf_format(out, "{\"type\":\"array\",\"maxItems\":%u,\"items\":", option->capacity);
        if (option->detail != NULL)
            put_words(out, option->detail);
        else
            buf_text(out, "{\"type\":\"string\",\"minLength\":1}");
        buf_char(out, '}');
        break;
    case OPTION_NAMES:
        buf_text(out, "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}");
        break;
    case OPTION_PAIRS:
        buf_text(out, "{\"type\":\"object\",\"additionalProperties\":{\"type\":[\"string\",\"number\",\"boolean\"]}}");
        break;
    case OPTION_LOCALES:
        buf_text(out, "{\"type\":\"string\"},{\"type\":\"object\",\"required\":[\"default\"],\"maxProperties\":16,"
                      "\"additionalProperties\":{\"type\":\"string\",\"minLength\":1}}");
        break;
    case OPTION_AUDIENCE:
        buf_text(out, "{\"const\":\"all\"},{\"type\":\"array\",\"minItems\":1,\"maxItems\":1000,\"items\":{\"type\":[\"string\","
                      "\"integer\"]}}");
        break;
    case OPTION_TEXT:
    case OPTION_SECRET_FILE:
    case OPTION_TO:
    case OPTION_TYPE_COUNT:
        buf_text(out, "{\"type\":[\"string\",\"number\",\"boolean\"]}");
        break;
    }
}

static void
put_default(struct buf *out, const struct option *option)
{
    const char *fallback = option->fallback[TARGET_NOTICE];
    bool one = fallback != NULL && fallback[0] != '\0' && strcmp(fallback, option->fallback[TARGET_SOAR]) == 0;
    bool scalar = option->type <= OPTION_CHOICE || option->type == OPTION_AUDIENCE;
    uint64_t number;
    if (!one || !scalar)
        return;
    bool bare = option->type == OPTION_FLAG || option->type == OPTION_SHARE ||
                (option->type == OPTION_COUNT && form_count(fallback, &number));
    buf_format(out, bare ? ",\"default\":%s" : ",\"default\":\"%s\"", fallback);
}

static void
put_option(struct buf *out, const struct option *option)
{
    buf_char(out, '{');
    put_member(out, "description", option->text);
    put_default(out, option);
    buf_text(out, ",\"anyOf\":[");
    put_forms(out, option);
    buf_text(out, ",{\"$ref\":\"#/$defs/substituted\"}]}");
}

static void
put_required(struct buf *out, const char *pattern, unsigned kinds)
{
    uint32_t n = 0;
    char name[64], below[128];
    buf_text(out, "\"required\":[");
    for (uint32_t at = 0; option_child(pattern, &at, name, sizeof name);) {
        snprintf(below, sizeof below, "%s%s%s", pattern, pattern[0] ? "." : "", name);
        const struct option *option = option_find(below);
        bool one = option != NULL && (option->flags & OPTION_REQUIRED) && (option->flags & (FOR_SOAR | FOR_NOTICE)) == kinds;
        bool top = pattern[0] == '\0' && option == NULL &&
                   strstr("kafka redis sources targets routes dead_letter", name) != NULL;
        if (one || top)
            buf_format(out, "%s\"%s\"", n++ == 0 ? "" : ",", name);
    }
    buf_char(out, ']');
}

static void put_object(struct buf *, const char *pattern);

static void
put_child(struct buf *out, const char *below)
{
    const struct option *option = option_find(below);
    char inner[128];
    bool list = false;
    if (option != NULL) {
        put_option(out, option);
        return;
    }
    option_is_group(below, &list);
    struct buf text;
    buf_init(&text, inner, sizeof inner);
    buf_text(&text, below);
    buf_text(&text, list ? "[]" : "");
    (void)buf_cstr(&text);
    if (list)
        buf_format(out, "{\"type\":\"array\",\"minItems\":1,\"maxItems\":%d,\"items\":", CONFIG_LIST_MAX);
    put_object(out, inner);
    if (list)
        buf_char(out, '}');
}

static void
put_kinds(struct buf *out, const char *kind, unsigned flag)
{
    buf_format(out, "{\"if\":{\"properties\":{\"kind\":{\"const\":\"%s\"}},\"required\":[\"kind\"]},\"then\":{", kind);
    put_required(out, "targets[]", flag);
    buf_text(out, "}}");
}

static void
put_object(struct buf *out, const char *pattern)
{
    char name[64], below[128];
    uint32_t n = 0;
    buf_text(out, "{\"type\":\"object\",\"additionalProperties\":false,");
    put_required(out, pattern, 0);
    if (strcmp(pattern, "targets[]") == 0) {
        buf_text(out, ",\"allOf\":[");
        put_kinds(out, "soar", FOR_SOAR);
        buf_char(out, ',');
        put_kinds(out, "notice", FOR_NOTICE);
        buf_char(out, ']');
    }
    buf_text(out, ",\"properties\":{");
    for (uint32_t at = 0; option_child(pattern, &at, name, sizeof name);) {
        static const char *const kinds[] = { "incident.generated", "alert.generated", "incident.updated", "notice" };
        bool each = strcmp(name, "<kind>") == 0;
        snprintf(below, sizeof below, "%s%s%s", pattern, pattern[0] ? "." : "", name);
        for (size_t k = 0; k < (each ? 4 : 1); k++) {
            buf_format(out, "%s\"%s\":", n++ == 0 ? "" : ",", each ? kinds[k] : name);
            put_child(out, below);
        }
    }
    buf_text(out, "}}");
}

void
config_schema(struct buf *out)
{
    buf_text(out, "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":\"alertbridge configuration\","
                  "\"$defs\":{\"substituted\":{\"type\":\"string\",\"pattern\":\"\\\\$\\\\{[^}]+\\\\}\"}},\"allOf\":[");
    put_object(out, "");
    buf_text(out, "]}\n");
}

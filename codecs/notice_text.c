/* notice_text.c: texts in several languages in the portal's form. */
#include "codecs/notice_parts.h"
#include "codecs/template.h"

/* A filled-in template; longer ones make the event too large for the target. */
enum { FILLED_BYTES_MAX = 32 * 1024 };

bool
i18n_is_there(const struct i18n *i18n)
{
    return i18n->object || i18n->text.at;
}

uint32_t
i18n_weigh(const struct i18n *i18n)
{
    size_t bytes = i18n->text.size;
    for (uint32_t i = 0; i18n->object && i < i18n->object->count; i++)
        bytes += 11 + i18n->object->members[i].value.text.size;
    return i18n_is_there(i18n) ? 24 + (uint32_t)bytes : 0;
}

/* The plain text of an object of locales: `default`, else en_US (the schema wants one of them), else the first. */
static struct slice
plain_of(const struct value *object)
{
    const struct value *plain = value_member(object, "default");
    if (!plain)
        plain = value_member(object, "en_US");
    if (!plain && object->count > 0)
        plain = &object->members[0].value;
    return plain ? plain->text : SLICE("");
}

static void
open_locale(struct buf *buf, uint32_t before)
{
    buf_text(buf, before == 0 ? ",\"i18nValue\":{" : ",");
}

static void
put_locales(struct buf *buf, const struct value *object)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < object->count; i++) {
        const struct member *member = &object->members[i];
        if (slice_is(member->name, "default"))
            continue;
        open_locale(buf, n++);
        buf_json_string(buf, member->name);
        buf_char(buf, ':');
        buf_json_string(buf, member->value.text);
    }
    if (n > 0)
        buf_char(buf, '}');
}

void
notice_put_i18n(struct buf *buf, const struct i18n *i18n)
{
    buf_text(buf, "{\"defaultValue\":");
    buf_json_string(buf, i18n->object ? plain_of(i18n->object) : i18n->text);
    if (i18n->object)
        put_locales(buf, i18n->object);
    buf_char(buf, '}');
}

static bool
is_plain(const struct locale_text *text)
{
    return !text->locale || strcmp(text->locale, "default") == 0;
}

static const char *
plain_template(const struct template *template)
{
    const char *english = NULL;
    for (uint32_t i = 0; i < template->n; i++) {
        if (is_plain(&template->texts[i]))
            return template->texts[i].text;
        if (strcmp(template->texts[i].locale, "en_US") == 0)
            english = template->texts[i].text;
    }
    return english ? english : template->texts[0].text;
}

/* event NULL: the text as it stands, no placeholders. */
static void
put_filled(struct buf *buf, const char *text, const struct event *event)
{
    char memory[FILLED_BYTES_MAX];
    struct buf filled;
    if (!event) {
        buf_json_string(buf, slice_of(text));
        return;
    }
    buf_init(&filled, memory, sizeof(memory));
    template_write(&filled, text, event);
    buf_json_string(buf, buf_view(&filled));
    if (filled.overflow)
        buf->overflow = true;
}

void
notice_put_template(struct buf *buf, const struct template *template, const struct event *event)
{
    uint32_t n = 0;
    buf_text(buf, "{\"defaultValue\":");
    put_filled(buf, plain_template(template), event);
    for (uint32_t i = 0; i < template->n; i++) {
        const struct locale_text *text = &template->texts[i];
        if (is_plain(text))
            continue;
        open_locale(buf, n++);
        buf_json_string(buf, slice_of(text->locale));
        buf_char(buf, ':');
        put_filled(buf, text->text, event);
    }
    if (n > 0)
        buf_char(buf, '}');
    buf_char(buf, '}');
}

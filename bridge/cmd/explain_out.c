/* explain_out.c: the two forms of an outline. */
#include "bridge/cmd/explain_out.h"

#include "bridge/cmd/commands.h"
#include "codecs/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool
outline_init(struct outline *out, enum outline_form form)
{
    void *memory = malloc(OUTLINE_BYTES_MAX);       /* touched as it is used */
    *out = (struct outline){ .form = form };
    buf_init(&out->buf, memory, memory ? OUTLINE_BYTES_MAX : 0);
    if (form == OUTLINE_JSON)
        buf_char(&out->buf, '{');
    return memory != NULL;
}

void
outline_release(struct outline *out)
{
    free(out->buf.at);
    *out = (struct outline){ 0 };
}

bool
outline_print(struct outline *out)
{
    check(out->depth == 0);
    if (out->form == OUTLINE_JSON)
        buf_text(&out->buf, "}\n");
    return text_write(&out->buf);
}

static void
json_name(struct outline *out, const char *name)
{
    if (out->begun[out->depth])
        buf_char(&out->buf, ',');
    if (name) {
        buf_json_string(&out->buf, slice_of(name));
        buf_char(&out->buf, ':');
    }
}

/* An object in a list begins behind the list's dash. */
static void
text_name(struct outline *out, const char *name)
{
    bool behind_dash = out->depth > 0 && !out->begun[out->depth] && !out->lists[out->depth] && out->lists[out->depth - 1];
    for (uint32_t i = 0; i < out->depth && !behind_dash; i++)
        buf_text(&out->buf, "  ");
    if (out->lists[out->depth])
        buf_text(&out->buf, "- ");
    for (; name && *name; name++)
        buf_char(&out->buf, *name == '_' ? ' ' : *name);
    if (!out->lists[out->depth])
        buf_char(&out->buf, ':');
}

static void
put_name(struct outline *out, const char *name)
{
    check((name == NULL) == out->lists[out->depth]);
    if (out->form == OUTLINE_JSON)
        json_name(out, name);
    else
        text_name(out, name);
    out->begun[out->depth] = true;
}

static void
open_level(struct outline *out, const char *name, bool list)
{
    put_name(out, name);
    if (out->form == OUTLINE_JSON)
        buf_char(&out->buf, list ? '[' : '{');
    else if (name)
        buf_char(&out->buf, '\n');
    check(out->depth < OUTLINE_DEPTH_MAX);
    out->depth++;
    out->lists[out->depth] = list;
    out->begun[out->depth] = false;
}

void
outline_object(struct outline *out, const char *name)
{
    open_level(out, name, false);
}

void
outline_list(struct outline *out, const char *name)
{
    open_level(out, name, true);
}

void
outline_close(struct outline *out)
{
    check(out->depth > 0);
    if (out->form == OUTLINE_JSON) {
        buf_char(&out->buf, out->lists[out->depth] ? ']' : '}');
    } else if (!out->begun[out->depth] && !out->buf.overflow) {
        out->buf.size--;        /* the line's end */
        buf_text(&out->buf, " none\n");
    }
    out->depth--;
}

/* A terminal must not obey what an event holds: C0, DEL, and C1 in UTF-8 (C2 80 to C2 9F). */
static void
text_value(struct buf *buf, struct slice value)
{
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.at[i];
        bool c1 = c == 0xc2 && i + 1 < value.size && ((unsigned char)value.at[i + 1] & 0xe0) == 0x80;
        if (c < 0x20 || c == 0x7f)
            buf_format(buf, "\\x%02x", c);
        else if (c1)
            buf_format(buf, "\\x%02x", (unsigned char)value.at[++i]);
        else
            buf_char(buf, (char)c);
    }
}

void
outline_text(struct outline *out, const char *name, struct slice value)
{
    put_name(out, name);
    if (out->form == OUTLINE_JSON && value.at) {
        buf_json_string(&out->buf, value);
        return;
    }
    if (out->form == OUTLINE_JSON) {
        buf_text(&out->buf, "null");
        return;
    }
    if (name && !(value.at && value.size == 0))
        buf_char(&out->buf, ' ');
    if (value.at)
        text_value(&out->buf, value);
    else
        buf_char(&out->buf, '-');
    buf_char(&out->buf, '\n');
}

void
outline_texts(struct outline *out, const char *name, const char *value)
{
    outline_text(out, name, slice_of(value));
}

void
outline_number(struct outline *out, const char *name, int64_t value)
{
    put_name(out, name);
    if (out->form == OUTLINE_TEXT && name)
        buf_char(&out->buf, ' ');
    buf_i64(&out->buf, value);
    if (out->form == OUTLINE_TEXT)
        buf_char(&out->buf, '\n');
}

void
outline_format(struct outline *out, const char *name, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    outline_text(out, name, slice_of(text));
}

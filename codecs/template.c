/* template.c: texts with {field} placeholders, and the built-in ones. */
#include "codecs/template.h"

#include <stddef.h>

static const struct template titles[EVENT_KIND_COUNT] = {
    [EVENT_INCIDENT_GENERATED] = { { { "default", "Incident: {incidentName}" }, { "zh_CN", "事件：{incidentName}" } }, 2 },
    [EVENT_ALERT_GENERATED] = { { { "default", "Alert: {alertName}" }, { "zh_CN", "告警：{alertName}" } }, 2 },
    [EVENT_INCIDENT_UPDATED] = { { { "default", "Incident updated: {incidentName}" },
                                   { "zh_CN", "事件更新：{incidentName}" } }, 2 },
};

static const struct template bodies[EVENT_KIND_COUNT] = {
    [EVENT_INCIDENT_GENERATED] = { { { "default", "Incident {incidentID} started at {startTime}." },
                                     { "zh_CN", "事件 {incidentID} 开始于 {startTime}。" } }, 2 },
    [EVENT_ALERT_GENERATED] = { { { "default", "Alert {alertID} started at {startTime}." },
                                  { "zh_CN", "告警 {alertID} 开始于 {startTime}。" } }, 2 },
    [EVENT_INCIDENT_UPDATED] = { { { "default", "Incident {incidentID} has status {status} and level {level}. "
                                                "Started at {startTime}, ended at {endTime}." },
                                   { "zh_CN", "事件 {incidentID} 状态：{status}，级别：{level}。"
                                              "开始于 {startTime}，结束于 {endTime}。" } }, 2 },
};

const struct template *
template_default_title(enum event_kind kind)
{
    return &titles[kind];
}

const struct template *
template_default_body(enum event_kind kind)
{
    return &bodies[kind];
}

enum field_type {
    FIELD_TEXT,
    FIELD_TIME,
    FIELD_I18N,
    FIELD_KIND,
    FIELD_SEVERITY,
};

#define FIELD(name, type, member) { name, type, offsetof(struct event, member) }

static const struct field {
    const char *name;
    enum field_type type;
    size_t offset;
} fields[] = {
    FIELD("id", FIELD_TEXT, id),
    FIELD("kind", FIELD_KIND, kind),
    FIELD("time", FIELD_TIME, time),
    FIELD("source", FIELD_TEXT, source),
    FIELD("aliyunUID", FIELD_TEXT, aliyun_uid),
    FIELD("incidentName", FIELD_TEXT, incident_name),
    FIELD("incidentID", FIELD_TEXT, incident_id),
    FIELD("alertName", FIELD_TEXT, alert_name),
    FIELD("alertID", FIELD_TEXT, alert_id),
    FIELD("startTime", FIELD_TIME, start_time),
    FIELD("endTime", FIELD_TIME, end_time),
    FIELD("status", FIELD_TEXT, status),
    FIELD("level", FIELD_TEXT, level),
    FIELD("severity", FIELD_SEVERITY, severity),
    FIELD("title", FIELD_I18N, title),
    FIELD("body", FIELD_I18N, body),
    FIELD("url", FIELD_TEXT, url),
};

#define LABEL_PREFIX "labels."
enum { LABEL_PREFIX_BYTES = sizeof(LABEL_PREFIX) - 1 };

static bool
is_label(struct slice name)
{
    return name.size > LABEL_PREFIX_BYTES && memcmp(name.at, LABEL_PREFIX, LABEL_PREFIX_BYTES) == 0;
}

static const struct field *
field_of(struct slice name)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (slice_is(name, fields[i].name))
            return &fields[i];
    }
    return NULL;
}

/* The next piece of a template: plain text, or a placeholder's name. */
struct piece {
    struct slice text;
    bool is_field;
    bool is_broken;     /* a brace without its partner, or a name of no field: `text` is the place */
};

static const char *
next_piece(const char *at, struct piece *piece)
{
    size_t plain = strcspn(at, "{}");
    *piece = (struct piece){ .text = { at, plain } };
    if (plain > 0)
        return at + plain;
    if (at[0] == at[1]) {               /* {{ or }} */
        piece->text.size = 1;
        return at + 2;
    }
    size_t name = at[0] == '{' ? strcspn(at + 1, "{}") : 0;
    if (at[0] == '}' || at[1 + name] != '}') {
        *piece = (struct piece){ .text = { at, 1 }, .is_broken = true };
        return at + 1;
    }
    struct slice field = { at + 1, name };
    bool known = is_label(field) || field_of(field) != NULL;
    *piece = (struct piece){ .text = known ? field : (struct slice){ at, name + 2 }, .is_field = known, .is_broken = !known };
    return at + name + 2;
}

bool
template_check(const char *text, struct slice *culprit)
{
    struct piece piece;
    while (*text) {
        text = next_piece(text, &piece);
        if (piece.is_broken) {
            *culprit = piece.text;
            return false;
        }
    }
    return true;
}

static struct slice
text_of(const struct value *object, const char *name)
{
    const struct value *value = value_member(object, name);
    return value && value->type == VALUE_STRING ? value->text : (struct slice){ NULL, 0 };
}

static struct slice
plain_text(const struct i18n *i18n)
{
    if (!i18n->object)
        return i18n->text;
    struct slice text = text_of(i18n->object, "default");
    return text.at ? text : text_of(i18n->object, "en_US");
}

static struct slice
label_of(const struct event *event, struct slice field)
{
    struct slice name = { field.at + LABEL_PREFIX_BYTES, field.size - LABEL_PREFIX_BYTES };
    for (uint32_t i = 0; event->labels && i < event->labels->count; i++) {
        if (slice_eq(event->labels->members[i].name, name))
            return event->labels->members[i].value.text;
    }
    return (struct slice){ NULL, 0 };
}

static void
put_field(struct buf *buf, const struct field *field, const struct event *event)
{
    const void *member = (const char *)event + field->offset;
    switch (field->type) {
    case FIELD_TEXT:
        buf_slice(buf, *(const struct slice *)member);
        break;
    case FIELD_TIME:
        event_time_write(buf, member);
        break;
    case FIELD_I18N:
        buf_slice(buf, plain_text(member));
        break;
    case FIELD_KIND:
        buf_text(buf, event_kind_name(event->kind));
        break;
    case FIELD_SEVERITY:
        buf_i64(buf, event->severity);
        break;
    }
}

void
template_write(struct buf *buf, const char *text, const struct event *event)
{
    struct piece piece;
    while (*text) {
        text = next_piece(text, &piece);
        if (!piece.is_field)
            buf_slice(buf, piece.text);
        else if (is_label(piece.text))
            buf_slice(buf, label_of(event, piece.text));
        else
            put_field(buf, field_of(piece.text), event);
    }
}

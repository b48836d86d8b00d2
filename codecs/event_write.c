/* event_write.c: an event back to bytes. It becomes a small value tree on the stack first, so that both formats write the same
 * members. */
#include "codecs/buf.h"
#include "codecs/check.h"
#include "codecs/event.h"
#include "codecs/msgpack.h"

#include <stdio.h>
#include <stdlib.h>

enum { MEMBERS_MAX = 29, LINK_MEMBERS_MAX = 3, CHANNELS_MAX = 4 };

struct tree {
    struct member members[MEMBERS_MAX];
    uint32_t count;
    struct member link[LINK_MEMBERS_MAX];
    struct value channels[CHANNELS_MAX];
    struct value tags[TAGS_MAX], features[TAGS_MAX];
};

static struct value
text_value(struct slice text)
{
    return (struct value){ .type = VALUE_STRING, .text = text };
}

static void
add(struct tree *tree, const char *name, struct value value)
{
    check(tree->count < MEMBERS_MAX);
    tree->members[tree->count++] = (struct member){ .name = slice_of(name), .value = value };
}

static void
add_text(struct tree *tree, const char *name, struct slice text)
{
    if (text.at)
        add(tree, name, text_value(text));
}

static void
add_integer(struct tree *tree, const char *name, int64_t number)
{
    add(tree, name, (struct value){ .type = VALUE_INT, .integer = number });
}

static void
add_time(struct tree *tree, const char *name, const struct event_time *time)
{
    if (time->is_ms)
        add_integer(tree, name, time->ms);
    else
        add_text(tree, name, time->text);
}

static void
add_value(struct tree *tree, const char *name, const struct value *value)
{
    if (value)
        add(tree, name, *value);
}

static void
add_i18n(struct tree *tree, const char *name, const struct i18n *text)
{
    if (text->object)
        add(tree, name, *text->object);
    else
        add_text(tree, name, text->text);
}

static void
add_i18n_list(struct tree *tree, const char *name, const struct i18n *texts, uint32_t n, struct value *items)
{
    if (n == 0)
        return;
    for (uint32_t i = 0; i < n; i++)
        items[i] = texts[i].object ? *texts[i].object : text_value(texts[i].text);
    add(tree, name, (struct value){ .type = VALUE_ARRAY, .count = n, .items = items });
}

static void
add_targets(struct tree *tree, const struct event *event)
{
    if (event->audience == AUDIENCE_ALL)
        add_text(tree, "targets", SLICE("all"));
    else if (event->audience == AUDIENCE_LIST)
        add_value(tree, "targets", event->users);
}

static void
add_link(struct tree *tree, const struct event *event)
{
    if (!event->link_app_id.at)
        return;
    uint32_t n = 0;
    tree->link[n++] = (struct member){ .name = SLICE("appId"), .value = text_value(event->link_app_id) };
    tree->link[n++] = (struct member){ .name = SLICE("menuCode"), .value = text_value(event->link_menu_code) };
    if (event->link_states.at)
        tree->link[n++] = (struct member){ .name = SLICE("states"), .value = text_value(event->link_states) };
    add(tree, "link", (struct value){ .type = VALUE_OBJECT, .count = n, .members = tree->link });
}

static void
add_channels(struct tree *tree, uint32_t bits)
{
    if (!bits)
        return;
    uint32_t n = 0;
    for (uint32_t bit = CHANNEL_SMS; bit <= CHANNEL_PMSG; bit <<= 1)
        if (bits & bit)
            tree->channels[n++] = text_value(slice_of(channel_name((enum channel)bit)));
    add(tree, "channels", (struct value){ .type = VALUE_ARRAY, .count = n, .items = tree->channels });
}

static void
add_all(struct tree *tree, const struct event *event)
{
    add_integer(tree, "v", 1);
    add_text(tree, "id", event->id);
    add_text(tree, "kind", slice_of(event_kind_name(event->kind)));
    add_time(tree, "time", &event->time);
    add_text(tree, "source", event->source);
    add_text(tree, "dedupKey", event->dedup_key);
    add_text(tree, "aliyunUID", event->aliyun_uid);
    add_text(tree, "incidentName", event->incident_name);
    add_text(tree, "incidentID", event->incident_id);
    add_text(tree, "alertName", event->alert_name);
    add_text(tree, "alertID", event->alert_id);
    add_time(tree, "startTime", &event->start_time);
    add_time(tree, "endTime", &event->end_time);
    add_text(tree, "status", event->status);
    add_text(tree, "level", event->level);
    if (event->severity)
        add_integer(tree, "severity", event->severity);
    add_i18n(tree, "title", &event->title);
    add_i18n(tree, "body", &event->body);
    add_i18n_list(tree, "tags", event->tags, event->n_tags, tree->tags);
    add_i18n_list(tree, "features", event->features, event->n_features, tree->features);
    add_targets(tree, event);
    add_text(tree, "url", event->url);
    add_link(tree, event);
    add_channels(tree, event->channels);
    add_text(tree, "lang", event->lang);
    add_time(tree, "expiresAt", &event->expires_at);
    add_value(tree, "labels", event->labels);
    add_text(tree, "traceparent", event->traceparent);
    add_value(tree, "data", event->data);
}

static struct value
root_of(const struct tree *tree)
{
    return (struct value){ .type = VALUE_OBJECT, .count = tree->count, .members = tree->members };
}

void
event_to_json(struct buf *buf, const struct event *event)
{
    struct tree tree = { .count = 0 };
    add_all(&tree, event);
    struct value root = root_of(&tree);
    value_to_json(buf, &root);
}

void
event_to_msgpack(struct buf *buf, const struct event *event)
{
    struct tree tree = { .count = 0 };
    add_all(&tree, event);
    struct value root = root_of(&tree);
    msgpack_write(buf, &root);
}

/* The shortest of three precisions that reads back as the same number; ".0" keeps a whole one a real. */
static void
put_real(struct buf *buf, double real)
{
    char text[40];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, real);
        double again = strtod(text, NULL);
        if (memcmp(&again, &real, sizeof real) == 0)
            break;
    }
    buf_text(buf, text);
    if (!strpbrk(text, ".e"))
        buf_text(buf, ".0");
}

static void
put_items(struct buf *buf, const struct value *array)
{
    buf_char(buf, '[');
    for (uint32_t i = 0; i < array->count; i++) {
        if (i)
            buf_char(buf, ',');
        value_to_json(buf, &array->items[i]);
    }
    buf_char(buf, ']');
}

static void
put_members(struct buf *buf, const struct value *object)
{
    buf_char(buf, '{');
    for (uint32_t i = 0; i < object->count; i++) {
        if (i)
            buf_char(buf, ',');
        buf_json_string(buf, object->members[i].name);
        buf_char(buf, ':');
        value_to_json(buf, &object->members[i].value);
    }
    buf_char(buf, '}');
}

void
value_to_json(struct buf *buf, const struct value *value)
{
    switch (value->type) {
    case VALUE_NULL:
        buf_text(buf, "null");
        return;
    case VALUE_BOOL:
        buf_text(buf, value->boolean ? "true" : "false");
        return;
    case VALUE_INT:
        buf_i64(buf, value->integer);
        return;
    case VALUE_BIG:
        buf_slice(buf, value->text);
        return;
    case VALUE_REAL:
        if (value->text.at)
            buf_slice(buf, value->text);
        else
            put_real(buf, value->real);
        return;
    case VALUE_STRING:
        buf_json_string(buf, value->text);
        return;
    case VALUE_ARRAY:
        put_items(buf, value);
        return;
    case VALUE_OBJECT:
        put_members(buf, value);
        return;
    }
    broken("a value of an unknown type");
}

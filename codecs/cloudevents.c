/* cloudevents.c: attributes of an envelope. */
#include "codecs/cloudevents.h"

#include "codecs/buf.h"

enum { HASHED_ID_BYTES = 3 + 32 };

/* The ASCII bytes "alertbridge:ce:1", eight in each word, the first one lowest. */
static const struct sipkey identity_key = { .k0 = 0x6972627472656c61, .k1 = 0x313a65633a656764 };

struct attributes {
    struct slice specversion, type;
};

static enum fault
wrong(const char *attribute, struct slice *detail)
{
    *detail = slice_of(attribute);
    return FAULT_CLOUDEVENT;
}

static enum fault
check_attributes(const struct cloudevent *event, const struct attributes *attributes, struct slice *detail)
{
    int64_t ms;
    if (!slice_is(attributes->specversion, "1.0"))
        return wrong("specversion", detail);
    if (event->id.size == 0)
        return wrong("id", detail);
    if (!event->source.at)
        return wrong("source", detail);
    if (attributes->type.size == 0)
        return wrong("type", detail);
    if (event->time.at && !event_time_ms(&(struct event_time){ .text = event->time }, &ms))
        return wrong("time", detail);
    return FAULT_NONE;
}

enum fault
cloudevent_of_headers(struct cloudevent *event, const struct known_headers *headers, struct slice *detail)
{
    for (int header = HEADER_CE_SPECVERSION; header <= HEADER_CE_TIME; header++)
        if (headers->states[header] == HEADER_REPEATED || headers->states[header] == HEADER_UNREADABLE)
            return wrong(header_name((enum known_header)header), detail);
    *event = (struct cloudevent){
        .id = headers->values[HEADER_CE_ID],
        .source = headers->values[HEADER_CE_SOURCE],
        .time = headers->values[HEADER_CE_TIME],
        .content_type = headers->values[HEADER_CONTENT_TYPE],
        .traceparent = headers->values[HEADER_CE_TRACEPARENT],
    };
    struct attributes attributes = { headers->values[HEADER_CE_SPECVERSION], headers->values[HEADER_CE_TYPE] };
    return check_attributes(event, &attributes, detail);
}

/* A text attribute; null is the same as absent. */
static enum fault
take(const struct value *object, const char *name, struct slice *text, struct slice *detail)
{
    const struct value *value = value_member(object, name);
    *text = (struct slice){ 0 };
    if (!value || value->type == VALUE_NULL)
        return FAULT_NONE;
    if (value->type != VALUE_STRING)
        return wrong(name, detail);
    *text = value->text;
    return FAULT_NONE;
}

enum fault
cloudevent_of_object(struct cloudevent *event, const struct value *object, struct slice *detail)
{
    *event = (struct cloudevent){ 0 };
    if (object->type != VALUE_OBJECT)
        return wrong("an envelope is an object", detail);
    struct attributes attributes;
    const struct {
        const char *name;
        struct slice *text;
    } texts[] = {
        { "specversion", &attributes.specversion }, { "id", &event->id },
        { "source", &event->source },               { "type", &attributes.type },
        { "time", &event->time },                   { "datacontenttype", &event->content_type },
        { "data_base64", &event->data_base64 },
    };
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && !fault; i++)
        fault = take(object, texts[i].name, texts[i].text, detail);
    if (fault)
        return fault;
    const struct value *trace = value_member(object, "traceparent");
    if (trace && trace->type == VALUE_STRING)
        event->traceparent = trace->text;
    event->data = value_member(object, "data");
    return check_attributes(event, &attributes, detail);
}

static struct slice
hashed(struct slice text, struct arena *arena)
{
    char *memory = arena_take(arena, HASHED_ID_BYTES);
    if (!memory)
        return (struct slice){ 0 };
    struct hash128 hash = siphash128(&identity_key, text.at, text.size);
    struct buf buf;
    buf_init(&buf, memory, HASHED_ID_BYTES);
    buf_text(&buf, "ce:");
    buf_hex64(&buf, hash.high);
    buf_hex64(&buf, hash.low);
    return buf_view(&buf);
}

struct slice
cloudevent_identity(struct slice source, struct slice id, struct arena *arena)
{
    struct slice text = id;
    if (source.size > 0) {
        size_t size = source.size + 1 + id.size;
        char *memory = arena_take(arena, size);
        if (!memory)
            return (struct slice){ 0 };
        struct buf buf;
        buf_init(&buf, memory, size);
        buf_slice(&buf, source);
        buf_char(&buf, '#');
        buf_slice(&buf, id);
        text = buf_view(&buf);
    }
    return text.size > ID_BYTES_MAX ? hashed(text, arena) : text;
}

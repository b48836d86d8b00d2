/* sample_form.c: one event in each of the forms that the worker reads. */
#include "bridge/cmd/sample.h"
#include "codecs/buf.h"
#include "codecs/msgpack.h"

static const char source_of_nobody[] = "/alertbridge/produce";

enum sample_form
sample_form_of(enum format format, uint64_t n)
{
    switch (format) {
    case FORMAT_JSON:
        return SAMPLE_JSON;
    case FORMAT_MSGPACK:
        return SAMPLE_MSGPACK;
    case FORMAT_CLOUDEVENTS:
        return n % 2 == 0 ? SAMPLE_CE_BINARY : SAMPLE_CE_STRUCTURED;
    case FORMAT_AUTO:
    case FORMAT_COUNT:
        break;
    }
    return (enum sample_form)(n % SAMPLE_FORM_COUNT);
}

static void
add_header(struct sample_written *written, struct slice name, struct slice value)
{
    if (value.at)
        written->headers[written->n_headers++] = (struct header){ name, value };
}

static struct slice
text_of(const struct value *object, const char *name)
{
    const struct value *value = value_member(object, name);
    return value && value->type == VALUE_STRING ? value->text : (struct slice){ NULL, 0 };
}

static struct slice
put(struct buf *memory, size_t start)
{
    return (struct slice){ memory->at + start, memory->size - start };
}

/* What the envelope says is not said again in the data. */
static struct value
data_of(const struct value *object, struct member *members, bool time_in_envelope)
{
    struct value data = { .type = VALUE_OBJECT, .members = members };
    for (uint32_t i = 0; i < object->count; i++) {
        struct slice name = object->members[i].name;
        bool in_envelope = slice_is(name, "v") || slice_is(name, "id") || slice_is(name, "source");
        if (!in_envelope && !(time_in_envelope && slice_is(name, "time")))
            members[data.count++] = object->members[i];
    }
    return data;
}

/* The worker's id of a CloudEvent is <source>#<id>. */
static struct slice
identity(struct buf *memory, struct slice source, struct slice id)
{
    size_t start = memory->size;
    buf_slice(memory, source);
    buf_char(memory, '#');
    buf_slice(memory, id);
    return put(memory, start);
}

static void
write_ce_binary(struct sample_written *written, const struct value *data, struct slice attributes[4], struct buf *memory)
{
    add_header(written, SLICE("ce_specversion"), SLICE("1.0"));
    add_header(written, SLICE("ce_id"), attributes[0]);
    add_header(written, SLICE("ce_source"), attributes[1]);
    add_header(written, SLICE("ce_type"), attributes[2]);
    add_header(written, SLICE("ce_time"), attributes[3]);
    add_header(written, SLICE("content-type"), SLICE("application/json"));
    size_t start = memory->size;
    value_to_json(memory, data);
    written->value = put(memory, start);
}

static void
write_ce_structured(struct sample_written *written, const struct value *data, struct slice attributes[4], struct buf *memory)
{
    static const char *const names[] = { "id", "source", "type", "time" };
    struct member members[7] = {
        { SLICE("specversion"), { .type = VALUE_STRING, .text = SLICE("1.0") } },
        { SLICE("datacontenttype"), { .type = VALUE_STRING, .text = SLICE("application/json") } },
    };
    struct value envelope = { .type = VALUE_OBJECT, .count = 2, .members = members };
    for (int i = 0; i < 4; i++)
        if (attributes[i].at)
            members[envelope.count++] = (struct member){ slice_of(names[i]), { .type = VALUE_STRING, .text = attributes[i] } };
    members[envelope.count++] = (struct member){ SLICE("data"), *data };
    add_header(written, SLICE("content-type"), SLICE("application/cloudevents+json"));
    size_t start = memory->size;
    value_to_json(memory, &envelope);
    written->value = put(memory, start);
}

static bool
write_cloudevent(enum sample_form form, const struct value *object, struct buf *memory, struct sample_written *written)
{
    struct member members[SAMPLE_MEMBERS_MAX];
    struct slice attributes[] = {
        text_of(object, "id"), text_of(object, "source"), text_of(object, "kind"), text_of(object, "time"),
    };
    if (object->count > SAMPLE_MEMBERS_MAX || attributes[0].size == 0 || attributes[2].size == 0)
        return false;
    if (attributes[1].size == 0)
        attributes[1] = slice_of(source_of_nobody);
    struct value data = data_of(object, members, attributes[3].at != NULL);
    written->id = identity(memory, attributes[1], attributes[0]);
    if (form == SAMPLE_CE_BINARY)
        write_ce_binary(written, &data, attributes, memory);
    else
        write_ce_structured(written, &data, attributes, memory);
    return !memory->overflow;
}

bool
sample_write(enum sample_form form, const struct value *object, struct buf *memory, struct sample_written *written)
{
    *written = (struct sample_written){ .id = text_of(object, "id") };
    if (form == SAMPLE_CE_BINARY || form == SAMPLE_CE_STRUCTURED)
        return write_cloudevent(form, object, memory, written);
    size_t start = memory->size;
    if (form == SAMPLE_MSGPACK)
        msgpack_write(memory, object);
    else
        value_to_json(memory, object);
    add_header(written, SLICE("content-type"), form == SAMPLE_MSGPACK ? SLICE("application/msgpack") : SLICE("application/json"));
    written->value = put(memory, start);
    return !memory->overflow;
}

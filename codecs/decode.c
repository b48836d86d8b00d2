/* decode.c: from a record to its events: which form is it, read it whole, then each event by the schema. */
#include "codecs/decode.h"

#include "codecs/arena.h"
#include "codecs/base64.h"
#include "codecs/check.h"
#include "codecs/cloudevents.h"
#include "codecs/headers.h"
#include "codecs/json.h"
#include "codecs/media_type.h"
#include "codecs/msgpack.h"
#include "codecs/traceparent.h"

#include <stdlib.h>

/* How the bytes are to be read, once the format is known. */
enum form {
    FORM_UNKNOWN,
    FORM_NATIVE_JSON,
    FORM_NATIVE_MSGPACK,
    FORM_CE_BINARY,
    FORM_CE_STRUCTURED,
    FORM_CE_BATCH,
};

struct decoder {
    struct arena arena;
    struct msgpack_reader *msgpack;
    struct event *events;       /* EVENTS_IN_RECORD_MAX of them */
};

/* One call of decode(). */
struct work {
    struct decoder *decoder;
    const struct decode_rules *rules;
    const struct record_view *record;
    struct known_headers headers;
    struct decoded *decoded;
};

static const char *const format_names[FORMAT_COUNT] = {
    [FORMAT_AUTO] = "auto",
    [FORMAT_JSON] = "json",
    [FORMAT_MSGPACK] = "msgpack",
    [FORMAT_CLOUDEVENTS] = "cloudevents",
};

const char *
format_name(enum format format)
{
    check(format < FORMAT_COUNT);
    return format_names[format];
}

bool
format_of(struct slice name, enum format *format)
{
    for (int i = 0; i < FORMAT_COUNT; i++)
        if (slice_is(name, format_names[i])) {
            *format = (enum format)i;
            return true;
        }
    return false;
}

/* A structured CloudEvent may carry its data in base64, so a record's bytes can be read a second time. What overflows even so (a
 * batch of many such) is too big. The memory is untouched until a record needs it. */
static size_t
arena_bytes(void)
{
    return 2 * json_arena_bytes(RECORD_BYTES_MAX);
}

struct decoder *
decoder_new(void)
{
    struct decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return NULL;
    void *memory = malloc(arena_bytes());
    arena_init(&decoder->arena, memory, arena_bytes());
    decoder->msgpack = msgpack_reader_new();
    decoder->events = malloc(EVENTS_IN_RECORD_MAX * sizeof *decoder->events);
    if (memory && decoder->msgpack && decoder->events)
        return decoder;
    decoder_free(decoder);
    return NULL;
}

void
decoder_free(struct decoder *decoder)
{
    if (!decoder)
        return;
    free(decoder->arena.at);
    free(decoder->events);
    msgpack_reader_free(decoder->msgpack);
    free(decoder);
}

static enum form
form_of_media(enum media_type media)
{
    switch (media) {
    case MEDIA_JSON:
        return FORM_NATIVE_JSON;
    case MEDIA_MSGPACK:
        return FORM_NATIVE_MSGPACK;
    case MEDIA_CLOUDEVENT:
        return FORM_CE_STRUCTURED;
    case MEDIA_CLOUDEVENT_BATCH:
        return FORM_CE_BATCH;
    case MEDIA_OTHER:
        break;
    }
    return FORM_UNKNOWN;
}

/* Without a content type, the first byte that is no white space tells an envelope from a batch. */
static enum form
guess_envelope(struct slice bytes)
{
    size_t i = 0;
    while (i < bytes.size && strchr(" \t\r\n", bytes.at[i]) && bytes.at[i])
        i++;
    char first = i < bytes.size ? bytes.at[i] : '\0';
    return first == '{' ? FORM_CE_STRUCTURED : first == '[' ? FORM_CE_BATCH : FORM_UNKNOWN;
}

/* ce_specversion decides, then the content type, then the first byte. */
static enum form
choose_form(const struct work *work)
{
    enum form told = form_of_media(media_type_of(work->headers.values[HEADER_CONTENT_TYPE]));
    switch (work->rules->format) {
    case FORMAT_JSON:
        return FORM_NATIVE_JSON;
    case FORMAT_MSGPACK:
        return FORM_NATIVE_MSGPACK;
    case FORMAT_CLOUDEVENTS:
        if (work->headers.values[HEADER_CE_SPECVERSION].at)
            return FORM_CE_BINARY;
        return told == FORM_CE_STRUCTURED || told == FORM_CE_BATCH ? told : guess_envelope(work->record->value);
    case FORMAT_AUTO:
    case FORMAT_COUNT:
        break;
    }
    if (work->headers.values[HEADER_CE_SPECVERSION].at)
        return FORM_CE_BINARY;
    return told ? told : form_of_media(media_type_guess(work->record->value));
}

/* Only where headers decide does it matter that they are readable. */
static enum fault
check_headers(const struct work *work)
{
    static const enum known_header deciding[] = { HEADER_CE_SPECVERSION, HEADER_CONTENT_TYPE };
    if (work->rules->format == FORMAT_JSON || work->rules->format == FORMAT_MSGPACK)
        return FAULT_NONE;
    for (size_t i = 0; i < sizeof deciding / sizeof *deciding; i++)
        if (work->headers.states[deciding[i]] > HEADER_PRESENT) {
            work->decoded->detail = slice_of(header_name(deciding[i]));
            return FAULT_HEADERS;
        }
    return FAULT_NONE;
}

static enum fault
read_tree(const struct work *work, enum media_type media, struct slice bytes, const struct value **root)
{
    struct decoder *decoder = work->decoder;
    if (media == MEDIA_MSGPACK)
        return msgpack_read(decoder->msgpack, bytes, &decoder->arena, root);
    return json_read(bytes, &decoder->arena, root);
}

/* The Kafka header is the nearest hop, then the envelope, then the event itself. A bad value is passed over. */
static void
choose_trace(const struct work *work, struct event *event, struct slice envelope)
{
    struct slice header = traceparent_read(work->headers.values[HEADER_TRACEPARENT]);
    if (!header.at)
        header = traceparent_read(envelope);
    if (header.at)
        event->traceparent = header;
}

static enum fault
add_event(const struct work *work, const struct value *object, const struct event_defaults *defaults, struct slice trace)
{
    struct decoded *decoded = work->decoded;
    struct event *event = &work->decoder->events[decoded->n];
    enum fault fault = event_read(event, object, work->rules->strict, defaults, &decoded->detail);
    if (fault)
        return fault;
    choose_trace(work, event, trace);
    decoded->n++;
    decoded->unknown_fields += event->unknown_fields;
    return FAULT_NONE;
}

static enum fault
check_count(const struct work *work, const struct value *array)
{
    work->decoded->detail = SLICE("events in the array");
    if (array->count == 0)
        return FAULT_EMPTY;
    return array->count > EVENTS_IN_RECORD_MAX ? FAULT_NODES : FAULT_NONE;
}

static enum fault
decode_native(const struct work *work, enum media_type media)
{
    static const struct event_defaults none;
    const struct slice no_trace = { 0 };
    const struct value *root;
    enum fault fault = read_tree(work, media, work->record->value, &root);
    if (fault || root->type != VALUE_ARRAY)
        return fault ? fault : add_event(work, root, &none, no_trace);
    fault = check_count(work, root);
    for (uint32_t i = 0; i < root->count && !fault; i++)
        fault = add_event(work, &root->items[i], &none, no_trace);
    return fault;
}

static enum fault
wrong_data(const struct work *work, const char *attribute)
{
    work->decoded->detail = slice_of(attribute);
    return FAULT_CLOUDEVENT;
}

/* An envelope and its data, which is an event but for what the envelope says. */
static enum fault
add_cloudevent(const struct work *work, const struct cloudevent *envelope, const struct value *data)
{
    if (data->type != VALUE_OBJECT)
        return wrong_data(work, "data");
    struct slice source = work->rules->ce_identity_id ? (struct slice){ 0 } : envelope->source;
    struct event_defaults defaults = {
        .id = cloudevent_identity(source, envelope->id, &work->decoder->arena),
        .time = envelope->time,
        .source = envelope->source.size ? envelope->source : (struct slice){ 0 },
        .version_optional = true,
    };
    return add_event(work, data, &defaults, envelope->traceparent);
}

/* Bytes of data by their content type, or by their first byte where there is none. */
static enum fault
read_data(const struct work *work, const struct cloudevent *envelope, struct slice bytes, const struct value **data)
{
    enum media_type media = envelope->content_type.at ? media_type_of(envelope->content_type) : media_type_guess(bytes);
    if (media != MEDIA_JSON && media != MEDIA_MSGPACK)
        return wrong_data(work, envelope->content_type.at ? "datacontenttype" : "data");
    return read_tree(work, media, bytes, data);
}

static enum fault
decode_binary(const struct work *work)
{
    struct cloudevent envelope;
    const struct value *data;
    enum fault fault = cloudevent_of_headers(&envelope, &work->headers, &work->decoded->detail);
    if (!fault)
        fault = read_data(work, &envelope, work->record->value, &data);
    return fault ? fault : add_cloudevent(work, &envelope, data);
}

static enum fault
read_base64(const struct work *work, const struct cloudevent *envelope, const struct value **data)
{
    size_t size = envelope->data_base64.size / 4 * 3;
    char *memory = arena_take(&work->decoder->arena, size);
    if (!memory)
        return FAULT_TOO_BIG;
    struct buf bytes;
    buf_init(&bytes, memory, size);
    if (!base64_decode(&bytes, envelope->data_base64))
        return wrong_data(work, "data_base64");
    return read_data(work, envelope, buf_view(&bytes), data);
}

static enum fault
add_structured(const struct work *work, const struct value *object)
{
    struct cloudevent envelope;
    enum fault fault = cloudevent_of_object(&envelope, object, &work->decoded->detail);
    if (fault)
        return fault;
    const struct value *data = envelope.data;
    bool in_base64 = envelope.data_base64.at != NULL;
    if (in_base64 == (data != NULL))
        return wrong_data(work, "data");    /* one of the two, and only one */
    if (in_base64)
        fault = read_base64(work, &envelope, &data);
    else if (envelope.content_type.at && media_type_of(envelope.content_type) != MEDIA_JSON)
        fault = wrong_data(work, "datacontenttype");
    return fault ? fault : add_cloudevent(work, &envelope, data);
}

static enum fault
decode_structured(const struct work *work, enum form form)
{
    const struct value *root;
    enum fault fault = json_read(work->record->value, &work->decoder->arena, &root);
    if (fault || form == FORM_CE_STRUCTURED)
        return fault ? fault : add_structured(work, root);
    if (root->type != VALUE_ARRAY)
        return wrong_data(work, "a batch is an array");
    fault = check_count(work, root);
    for (uint32_t i = 0; i < root->count && !fault; i++)
        fault = add_structured(work, &root->items[i]);
    return fault;
}

static enum fault
decode_form(const struct work *work, enum form form)
{
    switch (form) {
    case FORM_NATIVE_JSON:
        work->decoded->format = FORMAT_JSON;
        return decode_native(work, MEDIA_JSON);
    case FORM_NATIVE_MSGPACK:
        work->decoded->format = FORMAT_MSGPACK;
        return decode_native(work, MEDIA_MSGPACK);
    case FORM_CE_BINARY:
        work->decoded->format = FORMAT_CLOUDEVENTS;
        return decode_binary(work);
    case FORM_CE_STRUCTURED:
    case FORM_CE_BATCH:
        work->decoded->format = FORMAT_CLOUDEVENTS;
        return decode_structured(work, form);
    case FORM_UNKNOWN:
        break;
    }
    return FAULT_FORMAT;
}

static enum fault
decode_record(struct work *work)
{
    struct slice value = work->record->value;
    if (!value.at || value.size == 0)
        return FAULT_EMPTY;
    if (value.size > work->rules->record_bytes_max || value.size > RECORD_BYTES_MAX)
        return FAULT_TOO_BIG;
    headers_find(&work->headers, work->record);
    enum fault fault = check_headers(work);
    return fault ? fault : decode_form(work, choose_form(work));
}

enum fault
decode(struct decoder *decoder, const struct decode_rules *rules, const struct record_view *record, struct decoded *decoded)
{
    struct work work = { .decoder = decoder, .rules = rules, .record = record, .decoded = decoded };
    *decoded = (struct decoded){ .format = FORMAT_AUTO };
    arena_reset(&decoder->arena);
    enum fault fault = decode_record(&work);
    if (fault) {
        decoded->n = 0;
        decoded->unknown_fields = 0;
        return fault;
    }
    decoded->events = decoder->events;
    decoded->detail = (struct slice){ 0 };
    return FAULT_NONE;
}

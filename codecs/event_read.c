/* event_read.c: an object's members to an event, by one table that follows event_v1.schema.json. */
#include "codecs/event_rules.h"
#include "codecs/traceparent.h"

struct reading {
    struct event *event;
    bool strict;
    struct slice *detail;
};

/* One member that the schema knows. The last three are the reader's to use: where it goes, and the bounds of its length. */
struct field {
    struct slice name;
    enum fault (*read)(const struct reading *, const struct field *, const struct value *);
    size_t offset;
    uint16_t min, max;
};

static void *
place_of(const struct reading *reading, const struct field *field)
{
    return (char *)reading->event + field->offset;
}

static enum fault
schema_unless(bool fits)
{
    return fits ? FAULT_NONE : FAULT_SCHEMA;
}

static enum fault
read_version(const struct reading *reading, const struct field *field, const struct value *value)
{
    (void)reading, (void)field;
    int64_t version;
    return rule_integer(value, &version) && version == 1 ? FAULT_NONE : FAULT_VERSION;
}

static enum fault
read_id(const struct reading *reading, const struct field *field, const struct value *value)
{
    (void)field;
    reading->event->id = value->text;
    return value->type == VALUE_STRING && rule_id(value->text) ? FAULT_NONE : FAULT_ID;
}

static enum fault
read_kind(const struct reading *reading, const struct field *field, const struct value *value)
{
    (void)field;
    return value->type == VALUE_STRING && event_kind_of(value->text, &reading->event->kind) ? FAULT_NONE : FAULT_KIND;
}

static enum fault
read_text(const struct reading *reading, const struct field *field, const struct value *value)
{
    *(struct slice *)place_of(reading, field) = value->text;
    return schema_unless(value->type == VALUE_STRING && rule_length(value->text, field->min, field->max));
}

static enum fault
read_account(const struct reading *reading, const struct field *field, const struct value *value)
{
    (void)field;
    reading->event->aliyun_uid = value->text;
    return schema_unless(value->type == VALUE_STRING && rule_account(value->text));
}

static enum fault
read_time(const struct reading *reading, const struct field *field, const struct value *value)
{
    return schema_unless(rule_time(value, place_of(reading, field)));
}

static enum fault
read_severity(const struct reading *reading, const struct field *field, const struct value *value)
{
    (void)field;
    int64_t severity = -1;
    bool fits = rule_integer(value, &severity) && severity >= 0 && severity <= SEVERITY_MAX;
    reading->event->severity = fits ? (int)severity : 0;
    return schema_unless(fits);
}

static enum fault
read_i18n(const struct reading *reading, const struct field *field, const struct value *value)
{
    return schema_unless(rule_i18n(value, place_of(reading, field)));
}

static enum fault
read_tags(const struct reading *reading, const struct field *field, const struct value *value)
{
    (void)field;
    return schema_unless(rule_i18n_list(value, reading->event->tags, &reading->event->n_tags));
}

static enum fault
read_features(const struct reading *reading, const struct field *field, const struct value *value)
{
    (void)field;
    return schema_unless(rule_i18n_list(value, reading->event->features, &reading->event->n_features));
}

static enum fault
read_targets(const struct reading *reading, const struct field *field, const struct value *value)
{
    (void)field;
    bool fits = rule_targets(value, &reading->event->audience);
    if (fits && reading->event->audience == AUDIENCE_LIST)
        reading->event->users = value;
    return schema_unless(fits);
}

static enum fault
read_url(const struct reading *reading, const struct field *field, const struct value *value)
{
    (void)field;
    if (value->type != VALUE_STRING)
        return FAULT_SCHEMA;
    reading->event->url = value->text;
    return rule_url(value->text) ? FAULT_NONE : FAULT_URL;
}

static enum fault
read_unknown(const struct reading *reading)
{
    reading->event->unknown_fields++;
    return schema_unless(!reading->strict);
}

static enum fault
read_link(const struct reading *reading, const struct field *field, const struct value *value)
{
    (void)field;
    struct event *event = reading->event;
    if (value->type != VALUE_OBJECT)
        return FAULT_SCHEMA;
    enum fault fault = FAULT_NONE;
    for (uint32_t i = 0; i < value->count && !fault; i++) {
        const struct member *member = &value->members[i];
        struct slice *place = slice_is(member->name, "appId")      ? &event->link_app_id
                              : slice_is(member->name, "menuCode") ? &event->link_menu_code
                              : slice_is(member->name, "states")   ? &event->link_states
                                                                   : NULL;
        if (!place)
            fault = read_unknown(reading);
        else if (member->value.type != VALUE_STRING)
            fault = FAULT_SCHEMA;
        else
            *place = member->value.text;
    }
    return fault ? fault : schema_unless(event->link_app_id.at && event->link_menu_code.at);
}

static enum fault
read_channels(const struct reading *reading, const struct field *field, const struct value *value)
{
    (void)field;
    return schema_unless(rule_channels(value, &reading->event->channels));
}

static enum fault
read_lang(const struct reading *reading, const struct field *field, const struct value *value)
{
    (void)field;
    reading->event->lang = value->text;
    return schema_unless(value->type == VALUE_STRING && (slice_is(value->text, "zh") || slice_is(value->text, "en")));
}

static enum fault
read_labels(const struct reading *reading, const struct field *field, const struct value *value)
{
    (void)field;
    reading->event->labels = value;
    return schema_unless(rule_labels(value));
}

/* A trace is never worth an event: only the strict form minds a bad value. */
static enum fault
read_traceparent(const struct reading *reading, const struct field *field, const struct value *value)
{
    (void)field;
    bool is_text = value->type == VALUE_STRING;
    if (is_text)
        reading->event->traceparent = traceparent_read(value->text);
    return schema_unless(!reading->strict || (is_text && traceparent_has_shape(value->text)));
}

static enum fault
read_data(const struct reading *reading, const struct field *field, const struct value *value)
{
    (void)field;
    reading->event->data = value;
    return FAULT_NONE;
}

#define NAME(text) { text, sizeof(text) - 1 }
#define FIELD(name, read) { NAME(name), read, 0, 0, 0 }
#define PLACED(name, read, member) { NAME(name), read, offsetof(struct event, member), 0, 0 }
#define TEXT(name, member, min, max) { NAME(name), read_text, offsetof(struct event, member), min, max }

/* The schema's order, which is also the order that producers tend to write in. */
enum {
    FIELD_V,
    FIELD_ID,
    FIELD_KIND,
    FIELD_TIME,
    FIELD_SOURCE,
    FIELD_DEDUP_KEY,
    FIELD_ALIYUN_UID,
    FIELD_INCIDENT_NAME,
    FIELD_INCIDENT_ID,
    FIELD_ALERT_NAME,
    FIELD_ALERT_ID,
    FIELD_START_TIME,
    FIELD_END_TIME,
    FIELD_STATUS,
    FIELD_LEVEL,
    FIELD_SEVERITY,
    FIELD_TITLE,
    FIELD_BODY,
    FIELD_TAGS,
    FIELD_FEATURES,
    FIELD_TARGETS,
    FIELD_URL,
    FIELD_LINK,
    FIELD_CHANNELS,
    FIELD_LANG,
    FIELD_EXPIRES_AT,
    FIELD_LABELS,
    FIELD_TRACEPARENT,
    FIELD_DATA,
    FIELD_COUNT,
};

static const struct field fields[FIELD_COUNT] = {
    [FIELD_V] = FIELD("v", read_version),
    [FIELD_ID] = FIELD("id", read_id),
    [FIELD_KIND] = FIELD("kind", read_kind),
    [FIELD_TIME] = PLACED("time", read_time, time),
    [FIELD_SOURCE] = TEXT("source", source, 0, 256),
    [FIELD_DEDUP_KEY] = TEXT("dedupKey", dedup_key, 1, 256),
    [FIELD_ALIYUN_UID] = FIELD("aliyunUID", read_account),
    [FIELD_INCIDENT_NAME] = TEXT("incidentName", incident_name, 0, 1024),
    [FIELD_INCIDENT_ID] = TEXT("incidentID", incident_id, 0, 256),
    [FIELD_ALERT_NAME] = TEXT("alertName", alert_name, 0, 1024),
    [FIELD_ALERT_ID] = TEXT("alertID", alert_id, 0, 256),
    [FIELD_START_TIME] = PLACED("startTime", read_time, start_time),
    [FIELD_END_TIME] = PLACED("endTime", read_time, end_time),
    [FIELD_STATUS] = TEXT("status", status, 0, 64),
    [FIELD_LEVEL] = TEXT("level", level, 0, 64),
    [FIELD_SEVERITY] = FIELD("severity", read_severity),
    [FIELD_TITLE] = PLACED("title", read_i18n, title),
    [FIELD_BODY] = PLACED("body", read_i18n, body),
    [FIELD_TAGS] = FIELD("tags", read_tags),
    [FIELD_FEATURES] = FIELD("features", read_features),
    [FIELD_TARGETS] = FIELD("targets", read_targets),
    [FIELD_URL] = FIELD("url", read_url),
    [FIELD_LINK] = FIELD("link", read_link),
    [FIELD_CHANNELS] = FIELD("channels", read_channels),
    [FIELD_LANG] = FIELD("lang", read_lang),
    [FIELD_EXPIRES_AT] = PLACED("expiresAt", read_time, expires_at),
    [FIELD_LABELS] = FIELD("labels", read_labels),
    [FIELD_TRACEPARENT] = FIELD("traceparent", read_traceparent),
    [FIELD_DATA] = FIELD("data", read_data),
};

#define BIT(field) (1u << (field))

static const uint32_t required[EVENT_KIND_COUNT] = {
    [EVENT_INCIDENT_GENERATED] =
        BIT(FIELD_ALIYUN_UID) | BIT(FIELD_INCIDENT_NAME) | BIT(FIELD_INCIDENT_ID) | BIT(FIELD_START_TIME),
    [EVENT_ALERT_GENERATED] = BIT(FIELD_ALIYUN_UID) | BIT(FIELD_ALERT_NAME) | BIT(FIELD_ALERT_ID) | BIT(FIELD_START_TIME),
    [EVENT_INCIDENT_UPDATED] = BIT(FIELD_ALIYUN_UID) | BIT(FIELD_INCIDENT_NAME) | BIT(FIELD_INCIDENT_ID) | BIT(FIELD_START_TIME) |
                               BIT(FIELD_END_TIME) | BIT(FIELD_STATUS) | BIT(FIELD_LEVEL),
    [EVENT_NOTICE] = 0, /* title or body, see below */
};

/* The field of that name, looked for from `start` on; FIELD_COUNT when there is none. */
static uint32_t
find_field(struct slice name, uint32_t start)
{
    for (uint32_t i = 0; i < FIELD_COUNT; i++) {
        uint32_t field = start + i < FIELD_COUNT ? start + i : start + i - FIELD_COUNT;
        if (slice_eq(fields[field].name, name))
            return field;
    }
    return FIELD_COUNT;
}

static enum fault
read_members(const struct reading *reading, const struct value *object, uint32_t *seen)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < object->count; i++) {
        const struct member *member = &object->members[i];
        uint32_t at = find_field(member->name, next);
        enum fault fault = at == FIELD_COUNT ? read_unknown(reading) : fields[at].read(reading, &fields[at], &member->value);
        if (fault) {
            *reading->detail = member->name;
            return fault;
        }
        if (at == FIELD_COUNT)
            continue;
        *seen |= BIT(at);
        next = at + 1 < FIELD_COUNT ? at + 1 : 0;
    }
    return FAULT_NONE;
}

/* What an envelope says is held to the same rules as what the event says itself. */
static enum fault
fill(const struct reading *reading, uint32_t *seen, uint32_t field, struct slice text)
{
    if (!text.at || *seen & BIT(field))
        return FAULT_NONE;
    struct value value = { .type = VALUE_STRING, .text = text };
    *seen |= BIT(field);
    *reading->detail = fields[field].name;
    return fields[field].read(reading, &fields[field], &value);
}

static enum fault
fill_defaults(const struct reading *reading, const struct event_defaults *defaults, uint32_t *seen)
{
    enum fault fault = fill(reading, seen, FIELD_ID, defaults->id);
    if (!fault)
        fault = fill(reading, seen, FIELD_TIME, defaults->time);
    if (!fault)
        fault = fill(reading, seen, FIELD_SOURCE, defaults->source);
    if (defaults->version_optional)
        *seen |= BIT(FIELD_V);
    return fault;
}

static enum fault
missing(const struct reading *reading, uint32_t field)
{
    *reading->detail = fields[field].name;
    return field == FIELD_V ? FAULT_VERSION : field == FIELD_ID ? FAULT_ID : field == FIELD_KIND ? FAULT_KIND : FAULT_SCHEMA;
}

static enum fault
check_required(const struct reading *reading, uint32_t seen)
{
    uint32_t wanted = BIT(FIELD_V) | BIT(FIELD_ID) | BIT(FIELD_KIND);
    if (seen & BIT(FIELD_KIND))
        wanted |= required[reading->event->kind];
    if (wanted & ~seen)
        return missing(reading, (uint32_t)__builtin_ctz(wanted & ~seen));
    if (reading->event->kind == EVENT_NOTICE && !(seen & (BIT(FIELD_TITLE) | BIT(FIELD_BODY))))
        return missing(reading, FIELD_TITLE);
    return FAULT_NONE;
}

enum fault
event_read(struct event *event, const struct value *object, bool strict, const struct event_defaults *defaults,
           struct slice *detail)
{
    struct reading reading = { .event = event, .strict = strict, .detail = detail };
    uint32_t seen = 0;
    *event = (struct event){ 0 };
    *detail = (struct slice){ 0 };
    if (object->type != VALUE_OBJECT)
        return FAULT_SCHEMA;
    enum fault fault = read_members(&reading, object, &seen);
    if (!fault)
        fault = fill_defaults(&reading, defaults, &seen);
    if (!fault)
        fault = check_required(&reading, seen);
    if (!fault)
        *detail = (struct slice){ 0 };
    return fault;
}

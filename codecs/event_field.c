/* event_field.c: a field of an event as text, by its name in the schema: for keys that a configuration makes of events. */
#include "codecs/check.h"
#include "codecs/event.h"

static const struct {
    const char *name;
    size_t at;          /* of a slice in struct event */
} texts[] = {
    { "source", offsetof(struct event, source) },
    { "dedupKey", offsetof(struct event, dedup_key) },
    { "aliyunUID", offsetof(struct event, aliyun_uid) },
    { "incidentName", offsetof(struct event, incident_name) },
    { "incidentID", offsetof(struct event, incident_id) },
    { "alertName", offsetof(struct event, alert_name) },
    { "alertID", offsetof(struct event, alert_id) },
    { "status", offsetof(struct event, status) },
    { "level", offsetof(struct event, level) },
};

static struct slice
severity_text(int severity)
{
    static const char digits[] = "012345";
    check(severity >= 0 && severity <= 5);
    return severity ? (struct slice){ digits + severity, 1 } : (struct slice){ 0 };
}

struct slice
event_field(const struct event *event, const char *name)
{
    struct slice text = { 0 };
    if (strcmp(name, "kind") == 0)
        return slice_of(event_kind_name(event->kind));
    if (strcmp(name, "severity") == 0)
        return severity_text(event->severity);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(name, texts[i].name) == 0) {
            memcpy(&text, (const char *)event + texts[i].at, sizeof text);
            return text.size ? text : (struct slice){ 0 };
        }
    broken("a field that cannot be part of a key");
}

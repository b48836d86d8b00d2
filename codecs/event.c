/* event.c: names of kinds and channels, and the keys that an event's order and partition follow. */
#include "codecs/event.h"

#include "codecs/check.h"

static const char *const kinds[EVENT_KIND_COUNT] = {
    [EVENT_INCIDENT_GENERATED] = "incident.generated",
    [EVENT_ALERT_GENERATED] = "alert.generated",
    [EVENT_INCIDENT_UPDATED] = "incident.updated",
    [EVENT_NOTICE] = "notice",
};

static const struct {
    enum channel channel;
    const char *name;
} channels[] = {
    { CHANNEL_SMS, "sms" },
    { CHANNEL_EMAIL, "email" },
    { CHANNEL_WEBHOOK, "webhook" },
    { CHANNEL_PMSG, "pmsg" },
};

enum { CHANNEL_COUNT = sizeof channels / sizeof *channels };

const char *
event_kind_name(enum event_kind kind)
{
    check(kind < EVENT_KIND_COUNT);
    return kinds[kind];
}

bool
event_kind_of(struct slice name, enum event_kind *kind)
{
    for (int i = 0; i < EVENT_KIND_COUNT; i++)
        if (slice_is(name, kinds[i])) {
            *kind = (enum event_kind)i;
            return true;
        }
    return false;
}

const char *
channel_name(enum channel channel)
{
    for (int i = 0; i < CHANNEL_COUNT; i++)
        if (channels[i].channel == channel)
            return channels[i].name;
    broken("a channel is exactly one bit");
}

uint32_t
channel_of(struct slice name)
{
    for (int i = 0; i < CHANNEL_COUNT; i++)
        if (slice_is(name, channels[i].name))
            return channels[i].channel;
    return 0;
}

/* An empty id orders nothing: all events with one would wait for each other. */
static bool
is_given(struct slice text)
{
    return text.at && text.size > 0;
}

struct slice
event_order_key(const struct event *event, struct slice record_key)
{
    if (is_given(event->incident_id))
        return event->incident_id;
    if (is_given(event->alert_id))
        return event->alert_id;
    return is_given(record_key) ? record_key : (struct slice){ 0 };
}

struct slice
event_record_key(const struct event *event)
{
    return event_order_key(event, event->id);
}

/* soar.c: one event to one RunNotifyComponentWithMessageCenter request: everything in the query, the body empty. */
#include "codecs/soar.h"

#include "codecs/check.h"
#include "codecs/soar_parts.h"

const char *
soar_event_id(enum event_kind kind)
{
    static const char *const ids[EVENT_KIND_COUNT] = {
        [EVENT_INCIDENT_GENERATED] = "yundun_soar_incident_generate",
        [EVENT_ALERT_GENERATED] = "yundun_soar_alert_generate",
        [EVENT_INCIDENT_UPDATED] = "yundun_soar_incident_update",
        [EVENT_NOTICE] = NULL,
    };
    check((unsigned)kind < EVENT_KIND_COUNT);
    return ids[kind];
}

static void
put_text(struct buf *buf, const char *before, struct slice value)
{
    buf_text(buf, before);
    buf_json_string(buf, value);
}

static void
put_time(struct buf *buf, const char *before, const struct event_time *time)
{
    if (!time->is_ms) {
        put_text(buf, before, time->text);
        return;
    }
    buf_text(buf, before);
    buf_char(buf, '"');
    event_time_write(buf, time);
    buf_char(buf, '"');
}

/* The members and their order: docs/interfaces.md, "Events". */
void
soar_params(struct buf *buf, const struct event *event)
{
    put_text(buf, "{\"aliyunUID\":", event->aliyun_uid);
    if (event->kind == EVENT_ALERT_GENERATED) {
        put_text(buf, ",\"alertName\":", event->alert_name);
        put_text(buf, ",\"alertID\":", event->alert_id);
    } else {
        put_text(buf, ",\"incidentName\":", event->incident_name);
        put_text(buf, ",\"incidentID\":", event->incident_id);
    }
    put_time(buf, ",\"startTime\":", &event->start_time);
    if (event->kind == EVENT_INCIDENT_UPDATED) {
        put_time(buf, ",\"endTime\":", &event->end_time);
        put_text(buf, ",\"status\":", event->status);
        put_text(buf, ",\"level\":", event->level);
    }
    buf_char(buf, '}');
}

void
soar_put_query(struct buf *target, const char *before, struct slice value)
{
    buf_text(target, before);
    percent_encode(target, value);
}

/* ChannelTypeList.1, .2, ... in the order of the bits; at most four, so the names are in byte order too. */
static void
put_channels(struct buf *target, uint32_t channels)
{
    static const enum channel all[] = { CHANNEL_SMS, CHANNEL_EMAIL, CHANNEL_WEBHOOK, CHANNEL_PMSG };
    char number = '1';
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (!(channels & all[i]))
            continue;
        buf_text(target, "&ChannelTypeList.");
        buf_char(target, number++);
        buf_char(target, '=');
        buf_text(target, channel_name(all[i]));
    }
}

/* Written in the bytewise order of the names, which makes it the canonical query as it stands: what is signed is what is sent. */
static void
put_parameters(const struct backend_settings *settings, const struct event *event, struct slice params, struct buf *target)
{
    struct slice lang = event->lang.at ? event->lang : slice_of(settings->lang);
    soar_put_query(target, "ActionName=", slice_of(settings->action_name));
    soar_put_query(target, "&Aliuid=", event->aliyun_uid);
    put_channels(target, event->channels ? event->channels : settings->channels);
    soar_put_query(target, "&ComponentName=", slice_of(settings->component_name));
    soar_put_query(target, "&EventId=", slice_of(soar_event_id(event->kind)));
    if (lang.size > 0)
        soar_put_query(target, "&Lang=", lang);
    soar_put_query(target, "&NodeName=", slice_of(settings->node_name));
    soar_put_query(target, "&Params=", params);
    soar_put_query(target, "&PlaybookUuid=", slice_of(settings->playbook_uuid));
    if (settings->role_for && settings->role_for[0])
        soar_put_query(target, "&RoleFor=", slice_of(settings->role_for));
    buf_text(target, settings->role_type == 1 ? "&RoleType=1" : "&RoleType=0");
}

static void
soar_begin(const struct backend_settings *settings, struct request *request)
{
    (void)settings;
    request_reset(request);
    request->method = "POST";
    buf_text(&request->target, SOAR_TARGET_START);
    request_header(request, "accept", SLICE("application/json"));
    request_header(request, "user-agent", SLICE("alertbridge/" ALERTBRIDGE_VERSION));
}

/* The vendor publishes no limit of the URL; scheme and host count too, to be on the safe side of any reading. */
static bool
url_fits(const struct backend_settings *settings, const struct request *request)
{
    return sizeof("https://") - 1 + strlen(settings->host) + request->target.size <= SOAR_URL_BYTES_MAX;
}

static enum encode_result
soar_add(const struct backend_settings *settings, const struct event *event, struct request *request)
{
    char memory[SOAR_URL_BYTES_MAX];
    struct buf params;
    size_t before = request->target.size;
    if (!soar_event_id(event->kind) || !event->aliyun_uid.at)
        return ENCODE_REFUSED;
    if (request->messages > 0)
        return ENCODE_FULL;

    buf_init(&params, memory, sizeof(memory));
    soar_params(&params, event);
    put_parameters(settings, event, buf_view(&params), &request->target);
    if (params.overflow || request->target.overflow || !url_fits(settings, request)) {
        request_undo(&request->target, before);
        return ENCODE_FULL;
    }
    request->messages = 1;
    return ENCODE_OK;
}

static void
soar_end(const struct backend_settings *settings, struct request *request)
{
    (void)settings;
    (void)request;
}

/* No body, and no batches that a weight could fill: the names and some for the rest of the query. */
static uint32_t
soar_weigh(const struct backend_settings *settings, const struct event *event)
{
    (void)settings;
    return 512 + (uint32_t)(event->incident_name.size + event->alert_name.size + event->incident_id.size + event->alert_id.size);
}

const struct backend soar_backend = {
    .name = "soar",
    .batch_max = 1,
    .filters_repeats = false,
    .needs_token = false,
    .begin = soar_begin,
    .add = soar_add,
    .end = soar_end,
    .sign = soar_sign,
    .judge = soar_judge,
    .weigh = soar_weigh,
};

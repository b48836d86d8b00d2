/* notice.c: up to 100 events to one notice-message/produce request. */
#include "codecs/notice.h"

#include "codecs/notice_parts.h"
#include "codecs/siphash.h"
#include "codecs/template.h"

#include <strings.h>

#define BODY_END "]}"

void
notice_message_id(struct buf *buf, const char *prefix, struct slice id)
{
    /* No secret: the hash shortens, it does not protect. Fixed, so that all workers and releases give one event one messageId. */
    static const struct sipkey key = { 0x616c657274627269, 0x6467652d6e6f7465 };
    size_t prefix_bytes = strlen(prefix);
    buf_put(buf, prefix, prefix_bytes);
    if (prefix_bytes + id.size <= MESSAGE_ID_BYTES_MAX) {
        buf_slice(buf, id);
        return;
    }
    struct hash128 hash = siphash128(&key, id.at, id.size);
    buf_char(buf, '#');
    buf_hex64(buf, hash.high);
    buf_hex64(buf, hash.low);
}

static void
put_message_id(struct buf *body, const char *prefix, struct slice id)
{
    char memory[2 * MESSAGE_ID_BYTES_MAX];
    struct buf message_id;
    buf_init(&message_id, memory, sizeof(memory));
    notice_message_id(&message_id, prefix ? prefix : "", id);
    buf_text(body, "{\"messageId\":");
    buf_json_string(body, buf_view(&message_id));
    if (message_id.overflow)
        body->overflow = true;
}

static void
put_text(struct buf *body, const char *before, struct slice text)
{
    if (!text.at)
        return;
    buf_text(body, before);
    buf_json_string(body, text);
}

static void
put_link(struct buf *body, const struct event *event)
{
    put_text(body, ",\"url\":", event->url);
    put_text(body, ",\"linkedAppId\":", event->link_app_id);
    put_text(body, ",\"linkedMenuCode\":", event->link_menu_code);
    put_text(body, ",\"linkedStates\":", event->link_states);
}

static void
put_user(struct buf *body, uint32_t before, struct slice user)
{
    if (before > 0)
        buf_char(body, ',');
    buf_json_string(body, user);
}

/* targetType 0 = all users of the organisation, 1 = the listed ones. */
static void
put_targets(struct buf *body, const struct backend_settings *settings, const struct event *event)
{
    enum audience audience = event->audience == AUDIENCE_ABSENT ? settings->default_audience : event->audience;
    if (audience != AUDIENCE_LIST) {
        buf_text(body, ",\"targetType\":0");
        return;
    }
    buf_text(body, ",\"targetType\":1,\"targets\":[");
    if (event->audience == AUDIENCE_LIST) {
        for (uint32_t i = 0; i < event->users->count; i++)
            put_user(body, i, event->users->items[i].text);
    } else {
        for (uint32_t i = 0; i < settings->n_default_users; i++)
            put_user(body, i, slice_of(settings->default_users[i]));
    }
    buf_char(body, ']');
}

/* One or the other, never both, and the same in every message: the portal's rule. */
static void
put_app(struct buf *body, const struct backend_settings *settings)
{
    if (settings->app_id && settings->app_id[0]) {
        put_text(body, ",\"appId\":", slice_of(settings->app_id));
    } else if (settings->app_name.n > 0) {
        buf_text(body, ",\"appName\":");
        notice_put_template(body, &settings->app_name, NULL);
    }
}

/* A notice brings its own text; the other kinds are written by the target's template, else by the built-in one. */
static void
put_words(struct buf *body, const char *before, const struct i18n *own, const struct template *configured,
          const struct template *built_in, const struct event *event)
{
    const struct template *template = configured->n > 0 ? configured : built_in;
    if (event->kind == EVENT_NOTICE && i18n_is_there(own)) {
        buf_text(body, before);
        notice_put_i18n(body, own);
    } else if (template->n > 0) {
        buf_text(body, before);
        notice_put_template(body, template, event);
    }
}

static void
put_list(struct buf *body, const char *before, const struct i18n *items, uint32_t n)
{
    if (n == 0)
        return;
    buf_text(body, before);
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            buf_char(body, ',');
        notice_put_i18n(body, &items[i]);
    }
    buf_char(body, ']');
}

static void
put_message(struct buf *body, const struct backend_settings *settings, const struct event *event)
{
    put_message_id(body, settings->message_id_prefix, event->id);
    buf_text(body, ",\"messageType\":1");
    put_link(body, event);
    put_targets(body, settings, event);
    put_app(body, settings);
    put_words(body, ",\"header\":", &event->title, &settings->titles[event->kind], template_default_title(event->kind), event);
    put_words(body, ",\"body\":", &event->body, &settings->bodies[event->kind], template_default_body(event->kind), event);
    put_list(body, ",\"tags\":[", event->tags, event->n_tags);
    put_list(body, ",\"features\":[", event->features, event->n_features);
    buf_char(body, '}');
}

static void
notice_begin(const struct backend_settings *settings, struct request *request)
{
    request_reset(request);
    request->method = "POST";
    buf_text(&request->target, settings->path);
    buf_text(&request->target, "?orgId=");
    percent_encode(&request->target, slice_of(settings->org_id));
    request_header(request, "Content-Type", SLICE(NOTICE_CONTENT_TYPE));
    request_header(request, "accept", SLICE("application/json"));
    request_header(request, "user-agent", SLICE(NOTICE_USER_AGENT));
    buf_text(&request->body, "{\"messages\":[");
}

static bool
may_show(const struct backend_settings *settings, struct slice url)
{
    bool is_plain_http = url.size >= 7 && strncasecmp(url.at, "http://", 7) == 0;
    return !is_plain_http || settings->allow_http_urls;
}

static enum encode_result
notice_message(const struct backend_settings *settings, const struct event *event, struct buf *out)
{
    size_t before = out->size;
    if (!may_show(settings, event->url))
        return ENCODE_REFUSED;
    if (out->overflow)
        return ENCODE_FULL;
    put_message(out, settings, event);
    if (!out->overflow)
        return ENCODE_OK;
    request_undo(out, before);
    return ENCODE_FULL;
}

/* What a message costs beside its own bytes: the comma before it and the end of the body behind it. */
static bool
has_room(const struct request *request, size_t bytes)
{
    size_t beside = (request->messages > 0) + sizeof(BODY_END) - 1;
    return request->messages < NOTICE_BATCH_MAX && !request->body.overflow &&
           request->body.capacity - request->body.size >= bytes + beside;
}

static enum encode_result
notice_add_message(struct slice message, struct request *request)
{
    if (!has_room(request, message.size))
        return ENCODE_FULL;
    if (request->messages > 0)
        buf_char(&request->body, ',');
    buf_slice(&request->body, message);
    request->messages++;
    return ENCODE_OK;
}

static enum encode_result
notice_add(const struct backend_settings *settings, const struct event *event, struct request *request)
{
    struct buf *body = &request->body;
    size_t before = body->size;
    if (!has_room(request, 0))
        return may_show(settings, event->url) ? ENCODE_FULL : ENCODE_REFUSED;
    if (request->messages > 0)
        buf_char(body, ',');
    enum encode_result result = notice_message(settings, event, body);
    if (result == ENCODE_OK && body->capacity - body->size < sizeof(BODY_END) - 1)
        result = ENCODE_FULL;
    if (result != ENCODE_OK) {
        request_undo(body, before);
        return result;
    }
    request->messages++;
    return ENCODE_OK;
}

static void
notice_end(const struct backend_settings *settings, struct request *request)
{
    (void)settings;
    buf_text(&request->body, BODY_END);
}

static uint32_t
list_weigh(const struct i18n *items, uint32_t n)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < n; i++)
        bytes += i18n_weigh(&items[i]);
    return bytes;
}

/* A template's own text in each language; what it fills in is about as long as the placeholder, but for the name in a title. */
static uint32_t
template_weigh(const struct template *configured, const struct template *built_in, size_t name_bytes)
{
    const struct template *template = configured->n > 0 ? configured : built_in;
    size_t bytes = 12;
    for (uint32_t i = 0; i < template->n; i++)
        bytes += 12 + strlen(template->texts[i].text) + name_bytes;
    return (uint32_t)bytes;
}

static uint32_t
words_weigh(const struct backend_settings *settings, const struct event *event)
{
    if (event->kind == EVENT_NOTICE)
        return i18n_weigh(&event->title) + i18n_weigh(&event->body);
    struct slice name = event->kind == EVENT_ALERT_GENERATED ? event->alert_name : event->incident_name;
    size_t name_bytes = name.size > 12 ? name.size - 12 : 0;
    return template_weigh(&settings->titles[event->kind], template_default_title(event->kind), name_bytes)
           + template_weigh(&settings->bodies[event->kind], template_default_body(event->kind), 0);
}

static uint32_t
users_weigh(const struct backend_settings *settings, const struct event *event)
{
    if (event->audience == AUDIENCE_LIST)
        return event->users->count * (3 + (event->users->count > 0 ? (uint32_t)event->users->items[0].text.size : 0));
    bool listed = event->audience == AUDIENCE_ABSENT && settings->default_audience == AUDIENCE_LIST;
    return listed && settings->n_default_users > 0
               ? settings->n_default_users * (3 + (uint32_t)strlen(settings->default_users[0]))
               : 0;
}

static uint32_t
notice_weigh(const struct backend_settings *settings, const struct event *event)
{
    size_t texts =
        event->id.size + event->url.size + event->link_app_id.size + event->link_menu_code.size + event->link_states.size;
    return 130 + (uint32_t)texts + words_weigh(settings, event) + users_weigh(settings, event) +
           list_weigh(event->tags, event->n_tags) + list_weigh(event->features, event->n_features);
}

const struct backend notice_backend = {
    .name = "notice",
    .batch_max = NOTICE_BATCH_MAX,
    .filters_repeats = true,
    .needs_token = true,
    .begin = notice_begin,
    .add = notice_add,
    .message = notice_message,
    .add_message = notice_add_message,
    .end = notice_end,
    .sign = notice_sign,
    .judge = notice_judge,
    .weigh = notice_weigh,
};

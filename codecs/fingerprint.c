/* fingerprint.c: what an event says, as 60 bits, whatever format it came in.
 *
 * Hashed are the canonical fields that are there, in ascending order of name: the name with its NUL, one letter for the form,
 * then the content with its length before it. The form is part of what Redis keeps: changing it needs a new version digit. */
#include "codecs/check.h"
#include "codecs/event.h"
#include "codecs/texts.h"

enum { VERSION = 1, VERSION_SHIFT = 60, OBJECT_FEW = 64, NAME_MAX_BYTES = 22 };

static void
put_number(struct siphash *hash, uint64_t number)
{
    unsigned char bytes[8];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(number >> (8 * i));
    siphash_update(hash, bytes, sizeof bytes);
}

static void
put_text(struct siphash *hash, struct slice text)
{
    put_number(hash, text.size);
    siphash_update(hash, text.at, text.size);
}

/* `form` is one letter, so that a text and a list of one text differ. */
static void
put_name(struct siphash *hash, const char *name, const char *form)
{
    siphash_update(hash, name, strlen(name) + 1);
    siphash_update(hash, form, 1);
}

/* The name, its form and a number in one go, because most fields begin so. */
static void
put_head(struct siphash *hash, const char *name, char form, uint64_t number)
{
    unsigned char bytes[NAME_MAX_BYTES + 2 + 8];
    size_t size = strlen(name) + 1;
    check(size <= NAME_MAX_BYTES + 1);
    memcpy(bytes, name, size);
    bytes[size++] = (unsigned char)form;
    for (unsigned i = 0; i < 8; i++)
        bytes[size++] = (unsigned char)(number >> (8 * i));
    siphash_update(hash, bytes, size);
}

static void
field_text(struct siphash *hash, const char *name, struct slice text)
{
    if (!text.at)
        return;
    put_head(hash, name, 't', text.size);
    siphash_update(hash, text.at, text.size);
}

static void
field_number(struct siphash *hash, const char *name, uint64_t number)
{
    if (number == 0)
        return;
    put_head(hash, name, 'n', number);
}

/* The same moment is the same time, however it is written; what is no time is a text. */
static void
field_time(struct siphash *hash, const char *name, const struct event_time *time)
{
    int64_t ms;
    if (!event_time_ms(time, &ms)) {
        field_text(hash, name, time->text);
        return;
    }
    put_head(hash, name, 'm', (uint64_t)ms);
}

static void
put_members(struct siphash *hash, const struct value *object, uint16_t *order, uint16_t *scratch)
{
    texts_sort(&(struct texts){ &object->members->name, sizeof *object->members, object->count }, order, scratch);
    for (uint32_t i = 0; i < object->count; i++) {
        put_text(hash, object->members[order[i]].name);
        put_text(hash, object->members[order[i]].value.text);
    }
}

/* Apart, so that only an event with so many languages takes that much stack. */
static __attribute__((noinline)) void
put_large_object(struct siphash *hash, const struct value *object)
{
    uint16_t order[NODES_MAX], scratch[NODES_MAX];
    put_members(hash, object, order, scratch);
}

/* An object of texts, by ascending name: the order of an object's members says nothing. */
static void
put_object(struct siphash *hash, const struct value *object)
{
    put_number(hash, object->count);
    if (object->count > OBJECT_FEW) {
        put_large_object(hash, object);
        return;
    }
    uint16_t order[OBJECT_FEW], scratch[OBJECT_FEW];
    put_members(hash, object, order, scratch);
}

static void
put_i18n(struct siphash *hash, const struct i18n *text)
{
    siphash_update(hash, text->object ? "o" : "t", 1);
    if (text->object)
        put_object(hash, text->object);
    else
        put_text(hash, text->text);
}

static void
field_i18n(struct siphash *hash, const char *name, const struct i18n *text)
{
    if (!text->object && !text->text.at)
        return;
    put_name(hash, name, "i");
    put_i18n(hash, text);
}

static void
field_i18n_list(struct siphash *hash, const char *name, const struct i18n *texts, uint32_t n)
{
    if (n == 0)
        return;
    put_head(hash, name, 'l', n);
    for (uint32_t i = 0; i < n; i++)
        put_i18n(hash, &texts[i]);
}

static void
field_link(struct siphash *hash, const struct event *event)
{
    if (!event->link_app_id.at)
        return;
    field_text(hash, "link.appId", event->link_app_id);
    field_text(hash, "link.menuCode", event->link_menu_code);
    field_text(hash, "link.states", event->link_states);
}

static void
field_targets(struct siphash *hash, const struct event *event)
{
    if (event->audience == AUDIENCE_ABSENT)
        return;
    put_name(hash, "targets", event->audience == AUDIENCE_ALL ? "a" : "l");
    if (event->audience == AUDIENCE_ALL)
        return;
    put_number(hash, event->users->count);
    for (uint32_t i = 0; i < event->users->count; i++)
        put_text(hash, event->users->items[i].text);
}

uint64_t
event_fingerprint(const struct event *event, const struct sipkey *key)
{
    struct siphash hash;
    siphash_init64(&hash, key);
    field_text(&hash, "alertID", event->alert_id);
    field_text(&hash, "alertName", event->alert_name);
    field_text(&hash, "aliyunUID", event->aliyun_uid);
    field_i18n(&hash, "body", &event->body);
    field_number(&hash, "channels", event->channels);
    field_text(&hash, "dedupKey", event->dedup_key);
    field_time(&hash, "endTime", &event->end_time);
    field_time(&hash, "expiresAt", &event->expires_at);
    field_i18n_list(&hash, "features", event->features, event->n_features);
    field_text(&hash, "incidentID", event->incident_id);
    field_text(&hash, "incidentName", event->incident_name);
    field_text(&hash, "kind", slice_of(event_kind_name(event->kind)));
    if (event->labels && event->labels->count > 0) {
        put_name(&hash, "labels", "o");
        put_object(&hash, event->labels);
    }
    field_text(&hash, "lang", event->lang);
    field_text(&hash, "level", event->level);
    field_link(&hash, event);
    field_number(&hash, "severity", (uint64_t)event->severity);
    field_time(&hash, "startTime", &event->start_time);
    field_text(&hash, "status", event->status);
    field_i18n_list(&hash, "tags", event->tags, event->n_tags);
    field_targets(&hash, event);
    field_i18n(&hash, "title", &event->title);
    field_text(&hash, "url", event->url);
    return (uint64_t)VERSION << VERSION_SHIFT | siphash_end64(&hash) >> (64 - VERSION_SHIFT);
}

unsigned
fingerprint_version(uint64_t fp)
{
    return (unsigned)(fp >> VERSION_SHIFT);
}

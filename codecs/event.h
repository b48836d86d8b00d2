/* event.h: one alert, incident or notice, decoded and valid. All texts are borrowed from the decode that made it.
 *
 * The native form is spec'd by `alertbridge schema event`; CloudEvents carry the same fields as data. */
#ifndef CODECS_EVENT_H
#define CODECS_EVENT_H

#include "codecs/fault.h"
#include "codecs/limits.h"
#include "codecs/siphash.h"
#include "codecs/slice.h"
#include "codecs/value.h"

#include <stdint.h>

struct buf;

enum event_kind {
    EVENT_INCIDENT_GENERATED,
    EVENT_ALERT_GENERATED,
    EVENT_INCIDENT_UPDATED,
    EVENT_NOTICE,
    EVENT_KIND_COUNT,
};

enum channel {          /* bits; the order of the bits is the order on the wire */
    CHANNEL_SMS = 1,
    CHANNEL_EMAIL = 2,
    CHANNEL_WEBHOOK = 4,
    CHANNEL_PMSG = 8,
};

enum audience {
    AUDIENCE_ABSENT,    /* the target's default_targets decide */
    AUDIENCE_ALL,
    AUDIENCE_LIST,
};

/* A time as the producer wrote it: text goes out verbatim, epoch milliseconds as "YYYY-MM-DD hh:mm:ss" UTC. Absent: text.at NULL,
 * !is_ms. */
struct event_time {
    struct slice text;
    int64_t ms;
    bool is_ms;
};

/* A text in several languages: either one plain text, or an object of locales (object != NULL, an object of strings). */
struct i18n {
    struct slice text;
    const struct value *object;
};

struct event {
    enum event_kind kind;
    struct slice id;
    struct event_time time;
    struct slice source;
    struct slice dedup_key;
    struct slice aliyun_uid;
    struct slice incident_name, incident_id;
    struct slice alert_name, alert_id;
    struct event_time start_time, end_time;
    struct slice status, level;
    int severity;                       /* 0 unknown .. 5 critical */
    struct i18n title, body;
    struct i18n tags[TAGS_MAX];
    uint32_t n_tags;
    struct i18n features[TAGS_MAX];
    uint32_t n_features;
    enum audience audience;
    const struct value *users;          /* an array of texts when AUDIENCE_LIST */
    struct slice url;
    struct slice link_app_id, link_menu_code, link_states;
    uint32_t channels;                  /* bits of enum channel; 0 = absent */
    struct slice lang;                  /* "zh", "en" or absent */
    struct event_time expires_at;
    const struct value *labels;         /* an object of texts, or NULL */
    struct slice traceparent;
    const struct value *data;           /* opaque, never sent */
    uint32_t unknown_fields;            /* members that the schema does not know; kept as they are in the record's bytes */
};

const char *event_kind_name(enum event_kind);                        /* "incident.generated" */
bool event_kind_of(struct slice name, enum event_kind *);
const char *channel_name(enum channel);
uint32_t channel_of(struct slice name);                              /* 0 = unknown */

/* Reads a native event from an object. strict: unknown members are a fault, as the schema file says.
 * `default_id`, `default_time`, `default_source` fill what the object leaves out (CloudEvents attributes); absent slices for
 * native. `detail` gets the offending member's name (static or borrowed from the object), for the log. */
struct event_defaults {
    struct slice id, time, source;
    bool version_optional;
};
enum fault event_read(struct event *, const struct value *object, bool strict, const struct event_defaults *,
                      struct slice *detail);

/* Order key: incidentID, else alertID, else `record_key`; absent when there is none. */
struct slice event_order_key(const struct event *, struct slice record_key);

/* One of the fields that a key can be made of (routes[].dedup.key lists them), as text; absent when the event has none, or an
 * empty one. Borrowed from the event. */
struct slice event_field(const struct event *, const char *name);

/* The Kafka key a producer should use: incidentID, else alertID, else the id. */
struct slice event_record_key(const struct event *);

/* fp: version digit 1 in the top 4 bits, then 60 bits of SipHash over the canonical fields (sorted, times normalised; not v, id,
 * time, source, traceparent, data). Equal for the same event in any format. Never 0. */
uint64_t event_fingerprint(const struct event *, const struct sipkey *);
unsigned fingerprint_version(uint64_t fp);

/* Epoch milliseconds of an event time; false when a text is no RFC 3339 and no "YYYY-MM-DD hh:mm:ss" (taken as UTC). */
bool event_time_ms(const struct event_time *, int64_t *ms);
void buf_rfc3339_ms(struct buf *, int64_t wall_ms);                     /* "2026-03-02T09:14:07.221Z"; from 1970 to 9999 */
void event_time_write(struct buf *, const struct event_time *);      /* what goes on the wire */

/* The event's bytes in the two native formats; members in the schema's order. */
void event_to_json(struct buf *, const struct event *);
void event_to_msgpack(struct buf *, const struct event *);
void value_to_json(struct buf *, const struct value *);

#endif

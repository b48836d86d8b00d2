/* notice_message.c: the rules of one message of notice-message/produce.
 * https://support.enos-iot.com/docs/app-portal-api/en/2.4.4/application/notice_message_produce.html */
#include "bridge/sim/notice_sim.h"

#include <stdio.h>
#include <stdlib.h>

/* Names of the page's sample and of its table; they differ in three. */
static const struct {
    const char *sample, *table;
} members[] = {
    { "messageId", "messageId" }, { "messageType", "messageType" }, { "appId", "appId" }, { "appName", "appName" },
    { "url", "url" }, { "linkedAppId", "linkedAppId" }, { "features", "features" }, { "body", "body" },
    { "linkedMenuCode", "linkedMenuCode" }, { "linkedStates", "linkedStates" }, { "header", "Header" }, { "tags", "tag" },
    { "targetType", "targetType" }, { "targets", "targets" },
};
enum { MEMBERS = sizeof(members) / sizeof(members[0]) };

/* By either name, unless the schema knob insists on one. */
static const struct value *
member_of(const struct value *json, const char *sample, const char *table)
{
    const struct value *value = value_member(json, sample);
    if (!value)
        value = value_member(json, table);
    return value && value->type != VALUE_NULL ? value : NULL;
}

static bool
refuse(struct refusal *refusal, int code, const char *message)
{
    *refusal = (struct refusal){ .code = code };
    snprintf(refusal->message, sizeof(refusal->message), "%s", message);
    return false;
}

static bool
invalid(struct refusal *refusal, const char *member)
{
    char message[96];
    snprintf(message, sizeof(message), "parameter.invalid.%s", member);
    return refuse(refusal, 31400, message);
}

static bool
follows_schema(const struct knobs *knobs, const struct value *json)
{
    bool sample = knob_is(knobs, KNOB_schema, "sample_strict"), table = knob_is(knobs, KNOB_schema, "table_strict");
    if (!sample && !table)
        return true;
    for (uint32_t i = 0; i < json->count; i++) {
        size_t m = 0;
        while (m < MEMBERS && !slice_is(json->members[i].name, sample ? members[m].sample : members[m].table))
            m++;
        if (m == MEMBERS)
            return false;
    }
    const struct value *features = member_of(json, "features", "features");
    return !features || features->type == (sample ? VALUE_ARRAY : VALUE_OBJECT);
}

static bool
is_text(const struct value *value)
{
    return value && value->type == VALUE_STRING;
}

/* {"defaultValue":..,"i18nValue":{"en_US":..}} with at least one of the two; the older flat form has default and en_US. */
static bool
is_i18n(const struct value *value)
{
    const struct value *by_locale = value_member(value, "i18nValue");
    if (value->type != VALUE_OBJECT)
        return false;
    for (uint32_t i = 0; by_locale && i < by_locale->count; i++)
        if (by_locale->type != VALUE_OBJECT || !is_text(&by_locale->members[i].value))
            return false;
    return is_text(value_member(value, "defaultValue")) || is_text(value_member(by_locale, "en_US"))
        || is_text(value_member(value, "default")) || is_text(value_member(value, "en_US"));
}

struct slice
draft_title(const struct draft *draft)
{
    const struct value *header = member_of(draft->json, "header", "Header");
    if (header && header->type == VALUE_ARRAY && header->count > 0)
        header = &header->items[0];
    const struct value *by_locale = value_member(header, "i18nValue");
    const struct value *texts[] = { value_member(header, "defaultValue"), value_member(by_locale, "en_US"),
                                    value_member(header, "default"), value_member(header, "en_US") };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (is_text(texts[i]))
            return texts[i]->text;
    return (struct slice){ "", 0 };
}

static bool
is_i18n_list(const struct value *value)
{
    if (value->type != VALUE_ARRAY)
        return is_i18n(value);
    for (uint32_t i = 0; i < value->count; i++)
        if (!is_i18n(&value->items[i]))
            return false;
    return true;
}

static void
hash_value(struct siphash *hash, const struct value *value)
{
    uint32_t head[2] = { (uint32_t)value->type, value->count };
    siphash_update(hash, head, sizeof(head));
    switch (value->type) {
    case VALUE_STRING:
    case VALUE_BIG:
        siphash_update(hash, &value->text.size, sizeof(value->text.size));
        siphash_update(hash, value->text.at, value->text.size);
        break;
    case VALUE_ARRAY:
        for (uint32_t i = 0; i < value->count; i++)
            hash_value(hash, &value->items[i]);
        break;
    case VALUE_OBJECT:
        for (uint32_t i = 0; i < value->count; i++) {
            siphash_update(hash, value->members[i].name.at, value->members[i].name.size);
            hash_value(hash, &value->members[i].value);
        }
        break;
    case VALUE_INT:
    case VALUE_REAL:
    case VALUE_BOOL:
        siphash_update(hash, &value->integer, value->type == VALUE_BOOL ? 1 : sizeof(value->integer));
        break;
    case VALUE_NULL:
        break;
    }
}

/* All members that an existing message keeps: everything but the id and whom it goes to. */
static struct hash128
content_of(const struct value *json)
{
    static const struct sipkey key = { 1, 2 };
    struct siphash hash;
    siphash_init128(&hash, &key);
    for (size_t m = 0; m < MEMBERS; m++) {
        const struct value *value = member_of(json, members[m].sample, members[m].table);
        if (!value || strcmp(members[m].sample, "messageId") == 0 || strncmp(members[m].sample, "target", 6) == 0)
            continue;
        siphash_update(&hash, members[m].sample, strlen(members[m].sample));
        hash_value(&hash, value);
    }
    return siphash_end128(&hash);
}

static bool
check_app(struct sim_call *call, struct app *app, const struct value *json, struct refusal *refusal)
{
    const struct knobs *knobs = &call->sim->knobs;
    const struct value *id = member_of(json, "appId", "appId"), *name = member_of(json, "appName", "appName");
    bool has_id = is_text(id) && id->text.size > 0;
    if (knob_is(knobs, KNOB_app_fields, "reject_31400") && has_id == (name != NULL))
        return invalid(refusal, has_id ? "appName" : "appId");
    if (name && !is_i18n(name))
        return invalid(refusal, "appName");
    if (!name || has_id)
        return true;
    struct siphash hash;
    static const struct sipkey key = { 3, 4 };
    siphash_init128(&hash, &key);
    hash_value(&hash, name);
    struct hash128 now = siphash_end128(&hash);
    if (!app->has_name) {
        app->has_name = true;
        app->name = now;
    }
    bool same = app->name.low == now.low && app->name.high == now.high;
    return same || knob_is(knobs, KNOB_appname_mismatch, "ok") || invalid(refusal, "appName");
}

static bool
check_content(const struct value *json, struct refusal *refusal)
{
    const struct value *header = member_of(json, "header", "Header"), *body = member_of(json, "body", "body");
    const struct value *tags = member_of(json, "tags", "tag"), *features = member_of(json, "features", "features");
    static const char *const texts[] = { "url", "linkedAppId", "linkedMenuCode", "linkedStates" };
    if (header && !is_i18n(header))
        return invalid(refusal, "header");
    if (body && !is_i18n(body))
        return invalid(refusal, "body");
    if (tags && !is_i18n_list(tags))
        return invalid(refusal, "tags");
    if (features && !is_i18n_list(features))
        return invalid(refusal, "features");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct value *text = member_of(json, texts[i], texts[i]);
        if (text && !is_text(text))
            return invalid(refusal, texts[i]);
    }
    return true;
}

/* What a new id must bring and an existing one need not. */
static bool
check_new(struct sim_call *call, struct app *app, const struct draft *draft, struct refusal *refusal)
{
    const struct value *type = member_of(draft->json, "messageType", "messageType");
    if (!type || type->type != VALUE_INT || type->integer != 1)
        return invalid(refusal, "messageType");
    if (draft->target_type < 0)
        return invalid(refusal, "targetType");
    if (draft->target_type == 1 && (!draft->targets || draft->targets->count == 0)
        && knob_is(&call->sim->knobs, KNOB_empty_targets, "31400"))
        return invalid(refusal, "targets");
    return check_app(call, app, draft->json, refusal) && check_content(draft->json, refusal);
}

static bool
read_targets(struct draft *draft, struct refusal *refusal)
{
    const struct value *type = member_of(draft->json, "targetType", "targetType");
    const struct value *targets = member_of(draft->json, "targets", "targets");
    draft->target_type = -1;
    if (type && (type->type != VALUE_INT || type->integer < 0 || type->integer > 1))
        return invalid(refusal, "targetType");
    if (type)
        draft->target_type = (int)type->integer;
    if (targets && targets->type != VALUE_ARRAY)
        return invalid(refusal, "targets");
    for (uint32_t i = 0; targets && i < targets->count; i++)
        if (!is_text(&targets->items[i]))
            return invalid(refusal, "targets");
    draft->targets = targets;
    return true;
}

static bool
is_poison(struct sim_call *call, struct slice id, struct refusal *refusal)
{
    const struct fault_rule *rule = faults_content(&call->sim->faults, EFFECT_poison, API_NOTICE, id, call->now_ms);
    if (!rule)
        return false;
    invalid(refusal, "messageId");
    refusal->http = (int)rule->status;
    if (rule->code[0])
        refusal->code = atoi(rule->code);
    return true;
}

bool
draft_read(struct sim_call *call, struct app *app, const struct value *json, bool is_known, struct draft *draft,
           struct refusal *refusal)
{
    const struct knobs *knobs = &call->sim->knobs;
    int64_t id_max = knob_number(knobs, KNOB_id_max);
    draft->json = json;
    if (json->type != VALUE_OBJECT || !follows_schema(knobs, json))
        return invalid(refusal, "messages");
    if (id_max > 0 && (int64_t)draft->id.size > id_max)
        return invalid(refusal, "messageId");
    if (!read_targets(draft, refusal) || is_poison(call, draft->id, refusal))
        return false;
    draft->content = content_of(json);
    return is_known || check_new(call, app, draft, refusal);
}

/* soar_describe.c: DescribePlaybooks and DescribeNotifyTemplateList: their requests, and what is wanted of the replies. */
#include "codecs/soar_describe.h"

#include "codecs/check.h"
#include "codecs/reply.h"
#include "codecs/soar_parts.h"

const char *
soar_describe_name(enum soar_describe what)
{
    static const char *const names[SOAR_DESCRIBE_COUNT] = { "DescribePlaybooks", "DescribeNotifyTemplateList" };
    check((unsigned)what < SOAR_DESCRIBE_COUNT);
    return names[what];
}

/* Parameters in the order of their names: the canonical query as it stands. */
static void
put_parameters(enum soar_describe what, const struct backend_settings *settings, struct buf *target)
{
    switch (what) {
    case SOAR_PLAYBOOKS:
        soar_put_query(target, "PlaybookUuid=", slice_of(settings->playbook_uuid));
        return;
    case SOAR_TEMPLATES:
        if (settings->role_for && settings->role_for[0])
            soar_put_query(target, "RoleFor=", slice_of(settings->role_for));
        buf_text(target, settings->role_for && settings->role_for[0] ? "&" : "");
        buf_text(target, settings->role_type == 1 ? "RoleType=1" : "RoleType=0");
        return;
    case SOAR_DESCRIBE_COUNT:
        break;
    }
}

void
soar_describe_request(enum soar_describe what, const struct backend_settings *settings, const struct credential *credential,
                      const struct stamp *stamp, struct crypto *crypto, struct request *request)
{
    request_reset(request);
    request->method = "GET";
    buf_text(&request->target, SOAR_TARGET_START);
    put_parameters(what, settings, &request->target);
    request_header(request, "accept", SLICE("application/json"));
    request_header(request, "user-agent", SLICE("alertbridge/" ALERTBRIDGE_VERSION));
    soar_sign_action(soar_describe_name(what), settings, credential, stamp, crypto, request);
}

/* ---- replies ---- */

static bool
is_item(const struct value *list, uint32_t i)
{
    return list && list->type == VALUE_ARRAY && i < list->count;
}

static void
read_playbooks(const struct value *object, void *into)
{
    struct soar_playbook *playbook = into;
    const struct value *list = reply_member(object, "Playbooks", "playbooks");
    for (uint32_t i = 0; is_item(list, i); i++) {
        struct slice uuid;
        int64_t active = 0;
        if (!reply_text(value_member(&list->items[i], "PlaybookUuid"), &uuid) || !slice_is(uuid, playbook->uuid))
            continue;
        playbook->found = true;
        playbook->active = reply_integer(value_member(&list->items[i], "Active"), &active) && active == 1;
    }
}

void
soar_playbook_read(struct slice body, struct soar_playbook *playbook)
{
    playbook->found = playbook->active = false;
    reply_read(body, read_playbooks, playbook);
}

static void
read_templates(const struct value *object, void *into)
{
    struct soar_templates *templates = into;
    const struct value *list = reply_member(object, "Data", "data");
    for (uint32_t i = 0; is_item(list, i); i++, templates->n++) {
        struct slice id;
        if (!reply_text(value_member(&list->items[i], "EventId"), &id))
            continue;
        for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++) {
            const char *ours = soar_event_id((enum event_kind)kind);
            if (ours && slice_is(id, ours))
                templates->kinds |= 1u << kind;
        }
    }
}

void
soar_templates_read(struct slice body, struct soar_templates *templates)
{
    *templates = (struct soar_templates){ 0 };
    reply_read(body, read_templates, templates);
}

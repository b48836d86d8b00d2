/* notice_sim.c: the portal: organization, batch rules, all or nothing; the rules of one message are notice_message.c's. */
#include "bridge/sim/notice_sim.h"

/* A batch on its way: drafts in the order of the call. */
struct batch {
    struct draft drafts[PORTAL_BATCH_MAX];
    uint32_t n;
    struct refusal refusal;
};

static bool
check_org(struct sim_call *call, struct slice *org)
{
    *org = call_parameter(call, "orgId");
    if (org->size == 0)
        notice_refuse(call, 31400, "parameter.invalid.orgId");
    else if (call->sim->orgs.n > 0 && !names_has(&call->sim->orgs, *org))
        notice_refuse(call, 31404, "organization.not.exist");
    else if (knob_is(&call->sim->knobs, KNOB_app_in_org, "no"))
        notice_refuse(call, 31403, "permission.denied");
    else
        return true;
    return false;
}

static void
refuse(struct sim_call *call, const struct refusal *refusal)
{
    if (refusal->http > 0)
        kong_refuse(call, refusal->http, NULL);
    else
        notice_refuse(call, refusal->code, refusal->message);
}

/* False = answered. */
static bool
check_size(struct sim_call *call, const struct value *messages, uint32_t *n)
{
    const struct knobs *knobs = &call->sim->knobs;
    *n = messages ? messages->count : 0;
    stats_batch(&call->sim->stats, *n);
    if (*n == 0) {
        if (knob_is(knobs, KNOB_empty_batch, "ok"))
            notice_succeed(call, true);
        else
            notice_refuse(call, 31400, "parameter.invalid.messages");
        return false;
    }
    if (*n <= PORTAL_BATCH_MAX)
        return true;
    if (knob_is(knobs, KNOB_over_limit, "truncate"))
        *n = PORTAL_BATCH_MAX;
    else if (knob_is(knobs, KNOB_over_limit, "http413"))
        kong_refuse(call, 413, NULL);
    else if (knob_is(knobs, KNOB_over_limit, "31415"))
        notice_refuse(call, 31415, "messages.out.range");
    else
        notice_refuse(call, 31400, "parameter.invalid.messages");
    return *n == PORTAL_BATCH_MAX;
}

static bool
stands_before(const struct batch *batch, struct slice id)
{
    uint32_t i = 0;
    while (i < batch->n && !slice_eq(batch->drafts[i].id, id))
        i++;
    return i < batch->n;
}

static bool
check_doubled(struct sim_call *call, struct batch *batch)
{
    const struct knobs *knobs = &call->sim->knobs;
    call->sim->stats.doubled_in_batch++;
    if (knob_is(knobs, KNOB_dup_in_batch, "merge_first_wins"))
        return true;
    bool exists = knob_is(knobs, KNOB_dup_in_batch, "reject_31408");
    batch->refusal = (struct refusal){ .code = exists ? 31408 : 31400 };
    strcpy(batch->refusal.message, exists ? "message.already.existed" : "parameter.invalid.messageId");
    return false;
}

/* Another call created the id a moment ago. */
static bool
check_race(struct sim_call *call, const struct message *message, struct refusal *refusal)
{
    const struct knobs *knobs = &call->sim->knobs;
    if (!message || call->now_ms - message->created_ms >= knob_number(knobs, KNOB_race_window)
        || knob_is(knobs, KNOB_create_race, "second_sends_only"))
        return true;
    *refusal = (struct refusal){ .code = 31408 };
    strcpy(refusal->message, "message.already.existed");
    if (knob_is(knobs, KNOB_create_race, "500"))
        refusal->http = 500;
    return false;
}

static bool
read_message(struct sim_call *call, struct app *app, struct slice org, const struct value *json, struct batch *batch)
{
    struct draft *draft = &batch->drafts[batch->n];
    const struct value *id = value_member(json, "messageId");
    if (!id || id->type != VALUE_STRING || id->text.size == 0) {
        batch->refusal = (struct refusal){ .code = 31400, .message = "parameter.invalid.messageId" };
        return false;
    }
    draft->id = id->text;
    bool doubled = stands_before(batch, draft->id);
    const struct message *message = message_find(call, org, draft->id);
    if (doubled && !check_doubled(call, batch))
        return false;
    if (!check_race(call, message, &batch->refusal) || !draft_read(call, app, json, doubled || message, draft, &batch->refusal))
        return false;
    batch->n++;
    return true;
}

static void
produce(struct sim_call *call, struct app *app, struct slice org, const struct value *body)
{
    const struct value *messages = value_member(body, "messages");
    struct batch batch = { .n = 0 };
    uint32_t n;
    if (messages && messages->type != VALUE_ARRAY)
        messages = NULL;
    if (!check_size(call, messages, &n))
        return;
    if (faults_content(&call->sim->faults, EFFECT_data_false, API_NOTICE, SLICE(""), call->now_ms)) {
        notice_succeed(call, false);
        return;
    }
    while (batch.n < n && read_message(call, app, org, &messages->items[batch.n], &batch))
        continue;
    bool refused = batch.n < n;
    if (!refused || knob_is(&call->sim->knobs, KNOB_batch_atomicity, "partial_then_error"))
        for (uint32_t i = 0; i < batch.n; i++)
            message_send(call, org, &batch.drafts[i]);
    if (refused)
        refuse(call, &batch.refusal);
    else
        notice_succeed(call, true);
}

enum path { PATH_PRODUCE, PATH_GET, PATH_USERS, PATH_ROSTER, PATH_COUNT };

static enum path
path_of(struct slice path)
{
    static const struct {
        const char *path;
        enum path is;
    } paths[] = {
        { "/app-portal-service/v2.2/notice-message/produce", PATH_PRODUCE },
        { "/app-portal/api/v3/notice-message/produce", PATH_PRODUCE },
        { "/app-portal-service/v2.2/notice-message/get", PATH_GET },
        { "/app-portal/api/v3/notice-message/get", PATH_GET },
        { "/app-portal-service/v2.2/user/getUserBaseInfo", PATH_USERS },
        { "/app-portal-service/v2.2/user/organization/roster", PATH_ROSTER },
    };
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (slice_is(path, paths[i].path))
            return paths[i].is;
    return PATH_COUNT;
}

static void
read_or_produce(struct sim_call *call, struct app *app, enum path path)
{
    struct slice org = { 0 };
    if ((path == PATH_PRODUCE || path == PATH_GET) && !check_org(call, &org))
        return;
    const struct value *body = call_json(call, call->request->body);
    if (!body || body->type != VALUE_OBJECT)
        notice_refuse(call, 31400, "parameter.invalid.body");
    else if (path == PATH_PRODUCE)
        produce(call, app, org, body);
    else if (path == PATH_GET)
        notice_get(call, org, body);
    else if (path == PATH_USERS)
        notice_users(call, body);
    else
        notice_roster(call, body);
}

void
notice_call(struct sim_call *call)
{
    enum path path = path_of(call->path);
    if (path == PATH_COUNT) {
        kong_refuse(call, 404, "no Route matched with those values");
        return;
    }
    if (!slice_is(call->request->method, "POST")) {
        kong_refuse(call, 405, NULL);
        return;
    }
    message_join_late(call);
    struct app *app = notice_authenticate(call);
    if (app)
        read_or_produce(call, app, path);
}

/* soar_action.c: the actions of SOAR: their parameters, and what they answer. */
#include "bridge/sim/soar_sim.h"

#include "codecs/check.h"

#include <stdio.h>

static const struct {
    const char *id, *required[8];       /* keys of Params */
} events[] = {
    { "yundun_soar_incident_generate", { "aliyunUID", "incidentName", "incidentID", "startTime" } },
    { "yundun_soar_alert_generate",    { "aliyunUID", "alertName", "alertID", "startTime" } },
    { "yundun_soar_incident_update",   { "aliyunUID", "incidentName", "incidentID", "startTime", "endTime", "status", "level" } },
};
enum { EVENTS = sizeof(events) / sizeof(events[0]) };

static void
refuse_parameter(struct sim_call *call, const char *verb, const char *name)
{
    char code[64], message[96];
    snprintf(code, sizeof(code), "%s%s", verb, name);
    if (strcmp(verb, "Missing") == 0)
        snprintf(message, sizeof(message), "%s is mandatory for this action.", name);
    else
        snprintf(message, sizeof(message), "Specified parameter %s is not valid.", name);
    soar_refuse_as(call, 400, code, message);
    stats_code(&call->sim->stats, call->api, slice_of(code));
    call->code = (struct slice){ 0 };           /* its text ends here */
}

static bool
check_required(struct sim_call *call)
{
    static const char *const names[] = { "ActionName", "Aliuid", "ComponentName", "EventId", "NodeName", "PlaybookUuid" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (call_parameter(call, names[i]).size == 0) {
            refuse_parameter(call, "Missing", names[i]);
            return false;
        }
    return true;
}

static bool
is_digits(struct slice text)
{
    size_t i = 0;
    while (i < text.size && text.at[i] >= '0' && text.at[i] <= '9')
        i++;
    return i == text.size && i > 0;
}

static bool
is_one_of(struct slice text, const char *const *words)
{
    while (*words && !slice_is(text, *words))
        words++;
    return *words != NULL;
}

/* The name of the first parameter with a value that is not allowed, or NULL. */
static const char *
bad_parameter(const struct sim_call *call)
{
    static const char *const langs[] = { "zh", "en", NULL }, *const roles[] = { "0", "1", NULL };
    static const char *const channels[] = { "sms", "email", "webhook", "pmsg", NULL };
    struct slice lang = call_parameter(call, "Lang"), role = call_parameter(call, "RoleType");
    struct slice role_for = call_parameter(call, "RoleFor");
    if (lang.size > 0 && !is_one_of(lang, langs))
        return "Lang";
    if (role.size > 0 && !is_one_of(role, roles))
        return "RoleType";
    if (role_for.size > 0 && !is_digits(role_for))
        return "RoleFor";
    for (uint32_t i = 0; i < call->n_pairs; i++) {
        struct slice name = call->pairs[i].name;
        if (name.size > 16 && memcmp(name.at, "ChannelTypeList.", 16) == 0
            && (!is_digits((struct slice){ name.at + 16, name.size - 16 }) || !is_one_of(call->pairs[i].value, channels)))
            return "ChannelTypeList";
    }
    return NULL;
}

static int
event_of(struct slice id)
{
    int i = 0;
    while (i < EVENTS && !slice_is(id, events[i].id))
        i++;
    return i;
}

static bool
check_event(struct sim_call *call, int event)
{
    const char *code;
    int status;
    if (event < EVENTS || !knob_answer(&call->sim->knobs, KNOB_bad_event_id, &status, &code))
        return true;
    soar_refuse_as(call, status, code, "Specified parameter EventId is not valid.");
    return false;
}

/* Known and active, known and disabled, or unknown; every one is known where none was named. */
static bool
check_playbook(struct sim_call *call)
{
    struct sim *sim = call->sim;
    struct slice uuid = call_parameter(call, "PlaybookUuid");
    const char *code;
    int status;
    if (names_has(&sim->disabled_playbooks, uuid)) {
        if (knob_is(&sim->knobs, KNOB_disabled_playbook, "ok"))
            return true;
    } else if (sim->playbooks.n == 0 || names_has(&sim->playbooks, uuid)) {
        return true;
    }
    bool refuses = knob_answer(&sim->knobs, KNOB_unknown_playbook, &status, &code);
    check(refuses);
    soar_refuse_as(call, status, code, "Specified parameter PlaybookUuid is not valid.");
    return false;
}

static struct slice
text_member(const struct value *object, const char *name, const char *otherwise)
{
    const struct value *value = value_member(object, name);
    if (!value)
        value = value_member(object, otherwise);
    return value && value->type == VALUE_STRING ? value->text : (struct slice){ 0 };
}

static bool
has_keys(const struct value *params, int event)
{
    for (int i = 0; event < EVENTS && i < 8 && events[event].required[i]; i++)
        if (!value_member(params, events[event].required[i]))
            return false;
    return true;
}

static bool
check_params(struct sim_call *call, int event)
{
    struct slice text = call_parameter(call, "Params");
    const struct value *params = call_json(call, text);
    bool required = knob_is(&call->sim->knobs, KNOB_params_keys, "required");
    if ((text.size > 0 && (!params || params->type != VALUE_OBJECT)) || (required && (!params || !has_keys(params, event)))) {
        refuse_parameter(call, "Invalid", "Params");
        return false;
    }
    struct slice id = text_member(params, "incidentID", "alertID");
    const struct fault_rule *poison =
        faults_content(&call->sim->faults, EFFECT_poison, API_SOAR, id.at ? id : text, call->now_ms);
    if (poison && (poison->code[0] || poison->status))
        soar_refuse_as(call, poison->status ? (int)poison->status : 400, poison->code[0] ? poison->code : "InvalidParams", NULL);
    else if (poison)
        refuse_parameter(call, "Invalid", "Params");
    return !poison;
}

bool
soar_check_parameters(struct sim_call *call, struct slice action)
{
    if (!slice_is(action, "RunNotifyComponentWithMessageCenter")) {
        bool ok = !slice_is(action, "DescribePlaybook") || call_parameter(call, "PlaybookUuid").size > 0;
        if (!ok)
            refuse_parameter(call, "Missing", "PlaybookUuid");
        return ok;
    }
    int event = event_of(call_parameter(call, "EventId"));
    if (!check_required(call))
        return false;
    const char *bad = bad_parameter(call);
    if (bad) {
        refuse_parameter(call, "Invalid", bad);
        return false;
    }
    return check_event(call, event) && check_playbook(call) && check_params(call, event);
}

/* The message leaves: one entry in the ledger. Executions of the same (Aliuid, EventId, Params) are counted together. */
static void
send_message(struct sim_call *call)
{
    struct sim *sim = call->sim;
    struct slice user = call_parameter(call, "Aliuid"), event = call_parameter(call, "EventId");
    struct slice params = call_parameter(call, "Params");
    const struct value *json = call_json(call, params);
    struct slice parts[] = { user, event, params };
    struct execution execution = { .api = API_SOAR, .wall_ms = call->request->wall_ms, .content = table_key(parts, 3),
                                   .scope = event, .user = user, .params = params,
                                   .nonce = call_header(call, "x-acs-signature-nonce"),
                                   .subject = text_member(json, "incidentID", "alertID"),
                                   .name = text_member(json, "incidentName", "alertName") };
    char text[512];
    struct buf id;
    buf_init(&id, text, sizeof(text));
    buf_slice(&id, execution.subject.at && execution.subject.size < 256 ? execution.subject : SLICE("-"));
    buf_char(&id, ':');
    buf_slice(&id, event);
    buf_char(&id, ':');
    buf_hex64(&id, execution.content.high);
    buf_hex64(&id, execution.content.low);
    execution.id = buf_view(&id);
    int64_t *times = table_put(&sim->sends, execution.content);
    execution.attempt = (uint32_t)++*times;
    sim->stats.distinct[API_SOAR] += *times == 1;
    sim->stats.repeated[API_SOAR] += *times > 1;
    ledger_add(sim->ledger, &execution);
    call->reply->executed = true;
    call->reply->delay_ms += knob_number(&sim->knobs, KNOB_send_delay);
    soar_succeed(call);
}

static void
put_playbook(struct buf *body, struct slice uuid, bool active)
{
    buf_text(body, "{\"PlaybookUuid\":");
    buf_json_string(body, uuid);
    buf_format(body, ",\"DisplayName\":\"Notify\",\"Active\":%d,\"OwnType\":\"user\",\"ParamType\":\"template-ip\","
               "\"GmtCreate\":1735689600000,\"GmtModified\":1735689600000,\"Description\":\"\",\"TenantId\":\"\"}",
               active ? 1 : 0);
}

/* A number of the request; `otherwise` where it is absent, 0 where it is none. */
static uint32_t
number_of(const struct sim_call *call, const char *name, uint32_t otherwise)
{
    struct slice text = call_parameter(call, name);
    uint32_t number = 0;
    if (text.size == 0)
        return otherwise;
    for (size_t i = 0; i < text.size && i < 9; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return 0;
        number = number * 10 + (uint32_t)(text.at[i] - '0');
    }
    return number;
}

static bool
is_listed(struct slice list, struct slice word)
{
    while (list.size > 0) {
        const char *comma = memchr(list.at, ',', list.size);
        size_t size = comma ? (size_t)(comma - list.at) : list.size;
        if (slice_eq((struct slice){ list.at, size }, word))
            return true;
        size += comma != NULL;
        list = (struct slice){ list.at + size, list.size - size };
    }
    return false;
}

/* The playbooks named at the start, those that are on first; where none was named, the one that is asked for. */
static bool
playbook_at(const struct sim_call *call, uint32_t i, struct slice *uuid, bool *active)
{
    const struct sim *sim = call->sim;
    *active = i < sim->playbooks.n;
    if (*active)
        *uuid = slice_of(sim->playbooks.text[i]);
    else if (i < sim->playbooks.n + sim->disabled_playbooks.n)
        *uuid = slice_of(sim->disabled_playbooks.text[i - sim->playbooks.n]);
    else if (i == sim->disabled_playbooks.n && sim->playbooks.n == 0)
        *active = true, *uuid = call_parameter(call, "PlaybookUuid");
    else
        return false;
    return uuid->size > 0;
}

static bool
is_asked_for(const struct sim_call *call, struct slice uuid, bool active)
{
    struct slice one = call_parameter(call, "PlaybookUuid"), several = call_parameter(call, "PlaybookUuids");
    struct slice state = call_parameter(call, "Active");
    return (one.size == 0 || slice_eq(one, uuid)) && (several.size == 0 || is_listed(several, uuid))
           && (state.size == 0 || slice_is(state, active ? "1" : "0"));
}

static void
describe_playbooks(struct sim_call *call)
{
    struct buf *body = &call->reply->body;
    uint32_t page = number_of(call, "PageNumber", 1), size = number_of(call, "PageSize", 20), n = 0, shown = 0;
    struct slice uuid;
    bool active;
    soar_begin(call);
    buf_text(body, ",\"Playbooks\":[");
    for (uint32_t i = 0; playbook_at(call, i, &uuid, &active); i++) {
        if (!is_asked_for(call, uuid, active))
            continue;
        if (page > 0 && n / (size ? size : 1) == page - 1 && shown < size) {
            buf_text(body, shown++ ? "," : "");
            put_playbook(body, uuid, active);
        }
        n++;
    }
    buf_format(body, "],\"Page\":{\"TotalCount\":%u,\"PageNumber\":%u,\"PageSize\":%u}}", n, page, size);
}

static void
describe_playbook(struct sim_call *call)
{
    struct buf *body = &call->reply->body;
    if (!check_playbook(call))
        return;
    struct slice uuid = call_parameter(call, "PlaybookUuid");
    soar_begin(call);
    buf_text(body, ",\"Playbook\":{\"PlaybookUuid\":");
    buf_json_string(body, uuid);
    buf_format(body, ",\"DisplayName\":\"Notify\",\"Description\":\"\",\"OnlineActive\":%s,\"OwnType\":\"user\","
               "\"TaskflowType\":\"x6\",\"Taskflow\":\"{\\\"cells\\\":[{\\\"shape\\\":\\\"custom\\\","
               "\\\"data\\\":{\\\"nodeName\\\":\\\"notify_message\\\",\\\"componentName\\\":"
               "\\\"NotifyMessage\\\",\\\"actionName\\\":\\\"notifyByMessageCenter\\\"}}]}\","
               "\"InputParams\":\"[]\",\"GmtCreate\":\"1735689600000\",\"GmtModified\":\"1735689600000\",\"SuccessExeNum\":0,"
               "\"FailExeNum\":0}}", names_has(&call->sim->disabled_playbooks, uuid) ? "false" : "true");
}

static void
describe_templates(struct sim_call *call)
{
    struct buf *body = &call->reply->body;
    soar_begin(call);
    buf_text(body, ",\"Data\":[");
    for (int i = 0; i < EVENTS; i++) {
        buf_format(body, "%s{\"TemplateName\":\"%s\",\"EventId\":\"%s\",\"Subject\":\"Cloud Security Information Notification\","
                   "\"Content\":\"\",\"Params\":\"", i ? "," : "", events[i].id, events[i].id);
        for (int key = 0; key < 8 && events[i].required[key]; key++)
            buf_format(body, "%s%s", key ? "," : "", events[i].required[key]);
        buf_text(body, "\"}");
    }
    buf_format(body, "],\"Page\":{\"TotalCount\":%d,\"PageNumber\":1,\"PageSize\":20}}", EVENTS);
}

static const struct {
    const char *name;
    void (*act)(struct sim_call *);
} actions[] = {
    { "RunNotifyComponentWithMessageCenter", send_message },
    { "DescribePlaybooks", describe_playbooks },
    { "DescribePlaybook", describe_playbook },
    { "DescribeNotifyTemplateList", describe_templates },
};
enum { ACTIONS = sizeof(actions) / sizeof(actions[0]) };

static size_t
action_of(struct slice action)
{
    size_t i = 0;
    while (i < ACTIONS && !slice_is(action, actions[i].name))
        i++;
    return i;
}

bool
soar_action_is_known(struct slice action)
{
    return action_of(action) < ACTIONS;
}

void
soar_act(struct sim_call *call, struct slice action)
{
    actions[action_of(action)].act(call);
}

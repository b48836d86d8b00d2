/* soar_reply.c: the replies of SOAR's gateway, in JSON, JSON with small letters, or XML. */
#include "bridge/sim/world.h"

#include <stdlib.h>

static const struct soar_code {
    const char *code;
    int status;
    enum knob knob;             /* whose word is the status; KNOB_COUNT = none */
    const char *message;
} codes[] = {
#define SOAR_CODE(code, status, knob, message) { code, status, KNOB_##knob, message },
#include "bridge/sim/soar_codes.def"
#undef SOAR_CODE
};

static const struct soar_code *
find_code(const char *code)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (strcmp(codes[i].code, code) == 0)
            return &codes[i];
    return NULL;
}

/* An upper-case UUID, as the vendor's samples show it. */
void
request_id(struct sim *sim, char text[37])
{
    random_hex(sim, text, 36);
    for (size_t i = 0; i < 36; i++)
        text[i] = (char)(text[i] >= 'a' ? text[i] - 'a' + 'A' : text[i]);
    text[8] = text[13] = text[18] = text[23] = '-';
    text[14] = '4';
}

static bool
wants_json(const struct sim_call *call)
{
    struct slice accept = call_header(call, "accept"), format = call_parameter(call, "Format");
    return (accept.size > 0 && memmem(accept.at, accept.size, "json", 4)) || slice_is(format, "json") || slice_is(format, "JSON");
}

static void
put_xml(struct buf *out, const char *name, struct slice text)
{
    buf_format(out, "<%s>", name);
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] == '<')
            buf_text(out, "&lt;");
        else if (text.at[i] == '&')
            buf_text(out, "&amp;");
        else
            buf_char(out, text.at[i]);
    buf_format(out, "</%s>", name);
}

static void
begin_error(struct sim_call *call, int status, const char *code, char id[37])
{
    request_id(call->sim, id);
    call->code = slice_of(code);
    call->reply->status = status;
    buf_reset(&call->reply->body);
    reply_header(call->reply, "x-acs-request-id", (struct slice){ id, 36 });
}

static void
put_error_xml(struct sim_call *call, const char *id, const char *code, const char *message)
{
    struct buf *body = &call->reply->body;
    reply_type(call->reply, "text/xml;charset=utf-8");
    buf_text(body, "<?xml version='1.0' encoding='UTF-8'?>\n<Error>");
    put_xml(body, "RequestId", slice_of(id));
    put_xml(body, "HostId", call_header(call, "host"));
    put_xml(body, "Code", slice_of(code));
    put_xml(body, "Message", slice_of(message));
    buf_text(body, "</Error>\n");
}

/* RAM's explanation that comes with a 403. */
static void
put_denied(struct buf *body, struct slice action, bool lower)
{
    buf_format(body, ",\"%cccessDeniedDetail\":{\"AuthAction\":\"yundun-sas:%.*s\","
               "\"AuthPrincipalType\":\"SubUser\",\"AuthPrincipalOwnerId\":\"1467890000733152\","
               "\"AuthPrincipalDisplayName\":\"2467890000733152\",\"NoPermissionType\":\"ImplicitDeny\","
               "\"PolicyType\":\"AccountLevelIdentityBasedPolicy\"}", lower ? 'a' : 'A', (int)action.size, action.at);
}

static void
put_error_json(struct sim_call *call, const char *id, const char *code, const char *message)
{
    struct buf *body = &call->reply->body;
    bool lower = knob_is(&call->sim->knobs, KNOB_error_format, "json_lower_case");
    reply_type(call->reply, "application/json;charset=utf-8");
    buf_format(body, "{\"%s\":\"%s\",\"%s\":", lower ? "requestId" : "RequestId", id, lower ? "hostId" : "HostId");
    struct slice host = call_header(call, "host");
    buf_json_string(body, host.at ? host : SLICE(""));
    buf_format(body, ",\"%s\":", lower ? "code" : "Code");
    buf_json_string(body, slice_of(code));
    buf_format(body, ",\"%s\":", lower ? "message" : "Message");
    buf_json_string(body, slice_of(message));
    if (call->reply->status == 403)
        put_denied(body, call_header(call, "x-acs-action"), lower);
    buf_format(body, ",\"%s\":\"https://next.api.aliyun.com/troubleshoot?product=sophonsoar\"}",
               lower ? "recommend" : "Recommend");
}

void
soar_refuse_as(struct sim_call *call, int status, const char *code, const char *message)
{
    const struct soar_code *row = find_code(code);
    char id[37];
    if (!message)
        message = row ? row->message : "The request was refused.";
    begin_error(call, status, code, id);
    if (knob_is(&call->sim->knobs, KNOB_error_format, "xml") || !wants_json(call))
        put_error_xml(call, id, code, message);
    else
        put_error_json(call, id, code, message);
}

void
soar_refuse(struct sim_call *call, const char *code)
{
    const struct soar_code *row = find_code(code);
    int status = row ? row->status : 400;
    if (row && row->knob != KNOB_COUNT)
        status = atoi(knob_text(&call->sim->knobs, row->knob));
    soar_refuse_as(call, status, code, NULL);
}

void
soar_refuse_xml(struct sim_call *call, int status, const char *code)
{
    const struct soar_code *row = find_code(code);
    char id[37];
    begin_error(call, status, code, id);
    put_error_xml(call, id, code, row ? row->message : "The request was refused.");
}

void
soar_throttle(struct sim_call *call, int64_t retry_after_ms)
{
    char text[24];
    struct buf number;
    soar_refuse(call, "Throttling.User");
    if (retry_after_ms <= 0)
        return;
    buf_init(&number, text, sizeof(text));
    buf_i64(&number, retry_after_ms);
    reply_header(call->reply, "x-acs-retry-after", buf_view(&number));
}

void
soar_begin(struct sim_call *call)
{
    char id[37];
    request_id(call->sim, id);
    call->reply->status = 200;
    buf_reset(&call->reply->body);
    reply_type(call->reply, "application/json;charset=utf-8");
    reply_header(call->reply, "x-acs-request-id", (struct slice){ id, 36 });
    buf_format(&call->reply->body, "{\"RequestId\":\"%s\"", id);
}

static void
succeed_xml(struct sim_call *call)
{
    char id[37];
    request_id(call->sim, id);
    reply_type(call->reply, "text/xml;charset=utf-8");
    reply_header(call->reply, "x-acs-request-id", (struct slice){ id, 36 });
    buf_format(&call->reply->body, "<?xml version='1.0' encoding='UTF-8'?>\n<RunNotifyComponentWithMessageCenterResponse>"
               "<RequestId>%s</RequestId><Data>{}</Data><Page><TotalCount>1</TotalCount>"
               "<PageNumber>1</PageNumber><PageSize>10</PageSize></Page>"
               "</RunNotifyComponentWithMessageCenterResponse>\n", id);
}

void
soar_succeed(struct sim_call *call)
{
    if (!wants_json(call)) {
        succeed_xml(call);
        return;
    }
    soar_begin(call);
    buf_text(&call->reply->body, ",\"Data\":\"{}\",\"Page\":{\"TotalCount\":1,\"PageNumber\":1,\"PageSize\":10}}");
}

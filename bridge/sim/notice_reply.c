/* notice_reply.c: the portal's replies: an HTTP 200 with a code of its own, and the shapes that nobody documents. */
#include "bridge/sim/world.h"

#include <stdio.h>

/* 31400, 99400 and 400 are one code in three families. */
static int
http_of(int code)
{
    int plain = code >= 99000 ? code - 99000 : code >= 31000 ? code - 31000 : code;
    return plain >= 400 && plain < 600 ? plain : 200;
}

static void
begin(struct sim_call *call, int status, int code)
{
    snprintf(call->code_text, sizeof(call->code_text), "%d", code);
    call->code = slice_of(call->code_text);
    call->reply->status = status;
    buf_reset(&call->reply->body);
    reply_type(call->reply, "application/json;charset=UTF-8");
}

void
notice_refuse(struct sim_call *call, int code, const char *message)
{
    begin(call, knob_is(&call->sim->knobs, KNOB_biz_http, "mirror") ? http_of(code) : 200, code);
    buf_format(&call->reply->body, "{\"code\":%d,\"message\":", code);
    buf_json_string(&call->reply->body, slice_of(message));
    buf_text(&call->reply->body, ",\"data\":null}");
}

void
notice_refuse_signature(struct sim_call *call, const char *message)
{
    if (knob_is(&call->sim->knobs, KNOB_bad_signature_shape, "http200_code497"))
        notice_refuse(call, 497, message);
    else
        kong_refuse(call, 401, NULL);
}

void
notice_succeed(struct sim_call *call, bool success)
{
    const struct knobs *knobs = &call->sim->knobs;
    const char *word = success ? "true" : "false";
    begin(call, 200, 0);
    call->code = (struct slice){ 0 };
    buf_format(&call->reply->body, "{\"code\":%s,\"message\":\"\",\"data\":", knob_text(knobs, KNOB_ok_code));
    if (knob_is(knobs, KNOB_data_form, "boolean"))
        buf_format(&call->reply->body, "%s}", word);
    else
        buf_format(&call->reply->body, "{\"success\":%s}}", word);
}

/* notice_read.c: the portal's calls that only read: a message, a user by mail or phone, the users of an organization. */
#include "bridge/sim/notice_sim.h"

#include <stdio.h>
#include <stdlib.h>

static void
begin(struct sim_call *call)
{
    reply_type(call->reply, "application/json;charset=UTF-8");
    buf_format(&call->reply->body, "{\"code\":%s,\"message\":\"\",\"data\":", knob_text(&call->sim->knobs, KNOB_ok_code));
}

void
notice_get(struct sim_call *call, struct slice org, const struct value *body)
{
    const struct value *id = value_member(body, "messageId");
    struct buf *out = &call->reply->body;
    if (!id || id->type != VALUE_STRING || id->text.size == 0) {
        notice_refuse(call, 31400, "parameter.invalid.messageId");
        return;
    }
    const struct message *message = message_find(call, org, id->text);
    if (!message) {
        notice_refuse(call, atoi(knob_text(&call->sim->knobs, KNOB_get_unknown_id)), "message.not.exist");
        return;
    }
    size_t head = message->org.size + message->id.size + message->title.size;
    bool as_sent = knob_is(&call->sim->knobs, KNOB_get_targets, "as_sent");
    const struct user_list *targets = as_sent ? &message->as_sent : &message->sent;
    begin(call);
    buf_char(out, '{');
    buf_put(out, message->text + head, message->text_bytes - head);
    buf_text(out, ",\"targets\":[");
    if (message->target_type == 1 && targets->size > 0)
        buf_put(out, targets->text, targets->size);
    buf_text(out, "]}}");
}

static void
put_user(struct buf *out, const char *id_name, int64_t number)
{
    buf_format(out, "{\"%s\":\"u%lld\",\"name\":\"User %lld\",\"email\":\"u%lld@sim.example\"", id_name, (long long)number,
               (long long)number, (long long)number);
}

/* By e-mail (uN@sim.example), by name and domain, or by phone, which nobody here has. */
void
notice_users(struct sim_call *call, const struct value *body)
{
    const struct value *mail = value_member(body, "email"), *name = value_member(body, "name");
    const struct value *phone = value_member(body, "phone");
    struct buf *out = &call->reply->body;
    char text[64];
    if (!value_member(body, "organizationId") || (!mail && !name && !phone)) {
        notice_refuse(call, 31400, "parameter.invalid.organizationId");
        return;
    }
    for (int64_t i = 1; i <= knob_number(&call->sim->knobs, KNOB_users); i++) {
        snprintf(text, sizeof(text), "u%lld@sim.example", (long long)i);
        bool found = mail && slice_is(mail->text, text);
        snprintf(text, sizeof(text), "User %lld", (long long)i);
        if (!found && !(name && slice_is(name->text, text)))
            continue;
        begin(call);
        buf_text(out, "{\"users\":[");
        put_user(out, "id", i);
        buf_text(out, ",\"domain\":\"sim\"}]}}");
        return;
    }
    notice_refuse(call, 31404, "user.not.exist");
}

static int64_t
page_number(const struct value *pagination, const char *name, int64_t otherwise)
{
    const struct value *value = value_member(pagination, name);
    return value && value->type == VALUE_INT && value->integer >= 0 && value->integer < 1000000 ? value->integer : otherwise;
}

void
notice_roster(struct sim_call *call, const struct value *body)
{
    const struct value *pagination = value_member(body, "pagination");
    int64_t page = page_number(pagination, "pageNo", 0), size = page_number(pagination, "pageSize", 1000);
    int64_t users = knob_number(&call->sim->knobs, KNOB_users);
    struct buf *out = &call->reply->body;
    if (!value_member(body, "orgId")) {
        notice_refuse(call, 31400, "parameter.invalid.orgId");
        return;
    }
    begin(call);
    buf_text(out, "{\"users\":[");
    for (int64_t i = page * size + 1; i <= users && i <= (page + 1) * size; i++) {
        buf_text(out, i > page * size + 1 ? "," : "");
        put_user(out, "userId", i);
        buf_text(out, ",\"phone\":\"\",\"phoneArea\":\"\"}");
    }
    buf_format(out, "],\"pagination\":{\"totalElements\":%lld,\"pageNo\":%lld,\"pageSize\":%lld}}}", (long long)users,
               (long long)page, (long long)size);
}

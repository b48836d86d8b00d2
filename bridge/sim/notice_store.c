/* notice_store.c: the portal's messages and who has received them. Each user is shown an id once. */
#include "bridge/sim/notice_sim.h"

#include "codecs/check.h"

#include <stdio.h>
#include <stdlib.h>

bool
user_is_known(const struct sim *sim, struct slice user)
{
    int64_t number = 0;
    if (knob_is(&sim->knobs, KNOB_roster, "open"))
        return user.size > 0 && !(user.size >= 8 && memcmp(user.at, "invalid-", 8) == 0);
    for (size_t i = 1; i < user.size && i < 8 && user.at[i] >= '0' && user.at[i] <= '9'; i++)
        number = number * 10 + (user.at[i] - '0');
    char text[24];
    snprintf(text, sizeof(text), "u%lld", (long long)number);
    return slice_is(user, text) && number >= 1 && number <= knob_number(&sim->knobs, KNOB_users);
}

/* u7 is 7; 0 = a user outside the organization's numbered ones. */
static int64_t
user_number(const struct sim *sim, struct slice user)
{
    int64_t number = 0;
    if (user.size < 2 || user.size > 7 || user.at[0] != 'u' || user.at[1] == '0')
        return 0;
    for (size_t i = 1; i < user.size; i++) {
        if (user.at[i] < '0' || user.at[i] > '9')
            return 0;
        number = number * 10 + (user.at[i] - '0');
    }
    return number <= knob_number(&sim->knobs, KNOB_users) ? number : 0;
}

static struct hash128
message_key(struct slice org, struct slice id)
{
    struct slice parts[] = { org, id };
    return table_key(parts, 2);
}

/* True the first time in this life of the message. */
static bool
receive(struct sim *sim, const struct message *message, struct slice user)
{
    struct slice parts[] = { message->org, message->id, user, { (const char *)&message->lives, sizeof(message->lives) } };
    return (*table_put(&sim->receipts, table_key(parts, 4)))++ == 0;
}

static bool
has_received(struct sim *sim, const struct message *message, struct slice user)
{
    struct slice parts[] = { message->org, message->id, user, { (const char *)&message->lives, sizeof(message->lives) } };
    return table_find(&sim->receipts, table_key(parts, 4)) != NULL;
}

static bool
is_forgotten(const struct sim_call *call, const struct message *message)
{
    int64_t ttl_ms = knob_number(&call->sim->knobs, KNOB_id_ttl);
    return ttl_ms >= 0 && call->now_ms - message->created_ms >= ttl_ms;
}

static struct message *
find_any(struct sim *sim, struct hash128 key)
{
    const int64_t *address = table_find(&sim->messages, key);
    return address ? (struct message *)(uintptr_t)*address : NULL;
}

struct message *
message_find(struct sim_call *call, struct slice org, struct slice id)
{
    struct message *message = find_any(call->sim, message_key(org, id));
    return message && !is_forgotten(call, message) ? message : NULL;
}

static void
list_add(struct user_list *list, struct slice user)
{
    size_t most = user.size * 6 + 3;
    struct buf out;
    if (list->capacity - list->size < most) {
        list->capacity = (list->size + most) * 2;
        list->text = realloc(list->text, list->capacity);
        check(list->text != NULL);
    }
    buf_init(&out, list->text + list->size, list->capacity - list->size);
    if (list->size > 0)
        buf_char(&out, ',');
    buf_json_string(&out, user);
    list->size += out.size;
}

static void
put_value(struct buf *out, const struct value *value)
{
    switch (value->type) {
    case VALUE_STRING:
        buf_json_string(out, value->text);
        return;
    case VALUE_BIG:
        buf_slice(out, value->text);
        return;
    case VALUE_INT:
        buf_i64(out, value->integer);
        return;
    case VALUE_REAL:
        buf_format(out, "%.17g", value->real);
        return;
    case VALUE_BOOL:
        buf_text(out, value->boolean ? "true" : "false");
        return;
    case VALUE_NULL:
        buf_text(out, "null");
        return;
    case VALUE_ARRAY:
        buf_char(out, '[');
        for (uint32_t i = 0; i < value->count; i++) {
            buf_text(out, i ? "," : "");
            put_value(out, &value->items[i]);
        }
        buf_char(out, ']');
        return;
    case VALUE_OBJECT:
        buf_char(out, '{');
        for (uint32_t i = 0; i < value->count; i++) {
            buf_text(out, i ? "," : "");
            buf_json_string(out, value->members[i].name);
            buf_char(out, ':');
            put_value(out, &value->members[i].value);
        }
        buf_char(out, '}');
        return;
    }
}

/* The members as they came, without targets, which change: `"messageId":"x","messageType":1,...` */
static void
put_members(struct buf *out, const struct value *json)
{
    const char *comma = "";
    for (uint32_t i = 0; i < json->count; i++) {
        if (slice_is(json->members[i].name, "targets"))
            continue;
        buf_text(out, comma);
        buf_json_string(out, json->members[i].name);
        buf_char(out, ':');
        put_value(out, &json->members[i].value);
        comma = ",";
    }
}

/* Org, id, title and members in one piece of memory; the scratch of the call is free by now. */
static void
keep_text(struct sim *sim, struct message *message, struct slice org, const struct draft *draft)
{
    struct slice parts[] = { org, draft->id, draft_title(draft) };
    struct slice *kept[] = { &message->org, &message->id, &message->title };
    struct buf out;
    size_t head = 0, at = 0;
    buf_init(&out, sim->canonical_text, CANONICAL_BYTES);
    put_members(&out, draft->json);
    if (out.overflow) {                 /* too long to be shown by notice-message/get */
        buf_reset(&out);
        buf_text(&out, "\"messageId\":");
        buf_json_string(&out, draft->id);
    }
    for (size_t i = 0; i < 3; i++)
        head += parts[i].size;
    message->text_bytes = head + out.size;
    message->text = malloc(message->text_bytes + 1);
    check(message->text != NULL);
    for (size_t i = 0; i < 3; at += parts[i++].size) {
        if (parts[i].size > 0)
            memcpy(message->text + at, parts[i].at, parts[i].size);
        *kept[i] = (struct slice){ message->text + at, parts[i].size };
    }
    memcpy(message->text + head, out.at, out.size);
}

static struct message *
create(struct sim_call *call, struct slice org, const struct draft *draft)
{
    struct sim *sim = call->sim;
    struct hash128 key = message_key(org, draft->id);
    struct message *message = find_any(sim, key);
    if (!message) {
        message = calloc(1, sizeof(*message));
        check(message != NULL);
        message->next = sim->newest;
        sim->newest = message;
        *table_put(&sim->messages, key) = (int64_t)(uintptr_t)message;
        sim->stats.distinct[API_NOTICE]++;
    }
    free(message->text);
    keep_text(sim, message, org, draft);
    message->lives++;
    message->created_ms = call->now_ms;
    message->content = draft->content;
    message->target_type = draft->target_type;
    message->first_users = 0;
    message->sent.size = message->as_sent.size = 0;
    for (uint32_t i = 0; draft->targets && i < draft->targets->count; i++)
        list_add(&message->as_sent, draft->targets->items[i].text);
    return message;
}

static void
record(struct sim_call *call, const struct message *message, struct hash128 content, struct slice user, uint32_t users)
{
    struct execution execution = { .api = API_NOTICE, .wall_ms = call->request->wall_ms, .attempt = message->lives,
                                   .users = users, .content = content, .id = message->id, .name = message->title,
                                   .scope = message->org, .user = user, .nonce = call_header(call, "apim-signature") };
    call->sim->stats.shown += users;
    ledger_add(call->sim->ledger, &execution);
}

static void
send_to_all(struct sim_call *call, struct message *message, struct hash128 content)
{
    struct sim *sim = call->sim;
    int64_t users = knob_number(&sim->knobs, KNOB_users);
    uint32_t reached = 0;
    for (int64_t i = message->first_users + 1; i <= users; i++) {
        char text[24];
        int size = snprintf(text, sizeof(text), "u%lld", (long long)i);
        if (message->sent.size == 0 || !has_received(sim, message, (struct slice){ text, (size_t)size }))
            reached++;
    }
    sim->stats.filtered_users += (uint64_t)users - reached;
    if (users > message->first_users)
        message->first_users = users;
    if (reached > 0)
        record(call, message, content, SLICE("*"), reached);
}

static void
send_to(struct sim_call *call, struct message *message, struct hash128 content, const struct value *targets)
{
    struct sim *sim = call->sim;
    for (uint32_t i = 0; targets && i < targets->count; i++) {
        struct slice user = targets->items[i].text;
        int64_t number = user_number(sim, user);
        if (!user_is_known(sim, user) || (number > 0 && number <= message->first_users) || !receive(sim, message, user)) {
            sim->stats.filtered_users++;
            continue;
        }
        list_add(&message->sent, user);
        record(call, message, content, user, 1);
    }
}

/* Whom a known id goes to again is not documented when the call says otherwise than the first one. */
static bool
goes_to_all(const struct sim *sim, const struct message *message, const struct draft *draft)
{
    bool has_targets = draft->targets && draft->targets->count > 0;
    if (knob_is(&sim->knobs, KNOB_resend_scope, "all_if_0"))
        return draft->target_type == 0;
    if (knob_is(&sim->knobs, KNOB_resend_scope, "original"))
        return message->target_type == 0;
    return message->target_type == 0 && (!has_targets || draft->target_type == 0);
}

void
message_send(struct sim_call *call, struct slice org, const struct draft *draft)
{
    struct sim *sim = call->sim;
    struct message *message = message_find(call, org, draft->id);
    call->reply->executed = true;
    if (!message) {
        message = create(call, org, draft);
        if (message->target_type == 0)
            send_to_all(call, message, message->content);
        else
            send_to(call, message, message->content, draft->targets);
        return;
    }
    sim->stats.repeated[API_NOTICE]++;
    sim->stats.content_conflicts += memcmp(&message->content, &draft->content, sizeof(draft->content)) != 0;
    if (goes_to_all(sim, message, draft))
        send_to_all(call, message, message->content);
    else
        send_to(call, message, message->content, draft->targets);
}

void
message_join_late(struct sim_call *call)
{
    struct sim *sim = call->sim;
    int64_t users = knob_number(&sim->knobs, KNOB_users);
    if (users > sim->users_seen && sim->users_seen > 0 && knob_is(&sim->knobs, KNOB_late_joiner, "yes"))
        for (struct message *message = sim->newest; message; message = message->next)
            if (message->target_type == 0 && message->first_users < users && !is_forgotten(call, message))
                send_to_all(call, message, message->content);
    sim->users_seen = users;
}

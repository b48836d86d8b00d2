/* redis_hello.c: the first commands of a connection go out together: who we are, who it is, the scripts, and the canary as the
 * last. Only when that one was answered are claims sent. */
#include "bridge/io/redis_parts.h"

#include <hiredis/hiredis.h>
#include <stdio.h>

static struct redis_slot *
take_slot(struct redis *redis)
{
    struct redis_slot *slot = redis_slot_take(redis);
    slot->op = DEDUP_PING;
    return slot;
}

static void
send_words(struct redis *redis, enum redis_step step, uint32_t n, const char *const words[])
{
    resp_begin(&redis->resp, n);
    for (uint32_t i = 0; i < n; i++)
        resp_text(&redis->resp, words[i]);
    redis_send(redis, take_slot(redis), step);
}

static void
send_auth(struct redis *redis)
{
    const char *user = redis->link.url.user;
    if (!redis->password[0])
        return;
    if (user[0])
        send_words(redis, STEP_AUTH, 3, (const char *const[]){ "AUTH", user, redis->password });
    else
        send_words(redis, STEP_AUTH, 2, (const char *const[]){ "AUTH", redis->password });
    explicit_bzero(redis->resp.bytes, sizeof(redis->resp.bytes));
}

static void
send_scripts(struct redis *redis)
{
    for (int i = 0; i < SCRIPT_COUNT; i++) {
        struct redis_slot *slot = take_slot(redis);
        slot->script = (enum redis_script)i;
        redis->scripts.sha[i][0] = '\0';
        redis_script_load(&redis->resp, slot->script);
        redis_send(redis, slot, STEP_LOAD);
    }
}

void
redis_hello_send(struct redis *redis)
{
    char db[12];
    snprintf(db, sizeof(db), "%u", redis->link.url.db);
    send_auth(redis);
    if (redis->link.url.db)
        send_words(redis, STEP_SELECT, 2, (const char *const[]){ "SELECT", db });
    send_words(redis, STEP_NAME, 3, (const char *const[]){ "CLIENT", "SETNAME", "alertbridge" });
    send_words(redis, STEP_INFO, 1, (const char *const[]){ "INFO" });
    send_words(redis, STEP_SAVE, 3, (const char *const[]){ "CONFIG", "GET", "save" });
    send_scripts(redis);
    redis_advance_send(redis, NULL, STEP_READY);
}

/* ---- what the server says of itself -------------------------------------------------------------------------------------- */

static void
take_info(struct redis *redis, struct slice info)
{
    struct redis_server *server = &redis->server;
    char before[sizeof(server->run_id)];
    memcpy(before, server->run_id, sizeof(before));
    redis_info_read(info, server);
    server->restarted |= before[0] && server->run_id[0] && strcmp(before, server->run_id) != 0;
}

static void
tell_ready(struct redis *redis)
{
    const struct redis_server *server = &redis->server;
    char text[LINK_TEXT_BYTES];
    const char *advice = "";
    if (server->policy[0] && strcmp(server->policy, "noeviction") != 0)
        advice = "; this policy may evict claims and done marks: set maxmemory-policy noeviction";
    else if (server->cluster)
        advice = "; a cluster is not supported: name a single server";
    snprintf(text, sizeof(text), "connected, version %s, role %s, %s, maxmemory-policy %s%s",
             server->version[0] ? server->version : "?", server->role[0] ? server->role : "?", redis_info_keeping(server),
             server->policy[0] ? server->policy : "?", advice);
    redis_tell(redis, true, text);
}

/* ---- replies ------------------------------------------------------------------------------------------------------------- */

static void
take_ready(struct redis *redis, struct redis_slot *slot, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) {
        redis_strange(redis, slot);
        return;
    }
    struct redis_server *server = &redis->server;
    enum canary_sight sight = redis_pulse_see(redis, reply);
    bool emptied = server->restarted && !server->append_only && server->saves == SAVES_NEVER;
    server->restarted = false;
    redis->stats.reconnects += redis->was_ready;
    redis->ready = redis->was_ready = true;
    redis->ill = false;
    redis_slot_free(redis, slot);
    redis_link_proved(&redis->link);
    tell_ready(redis);
    if (sight != CANARY_ALIVE && sight != CANARY_FRESH)
        redis_pulse_lost(redis, canary_text(sight));
    else if (emptied)
        redis_pulse_lost(redis, "another run of a server without persistence");
}

void
redis_hello_reply(struct redis *redis, struct redis_slot *slot, const redisReply *reply)
{
    if (slot->step == STEP_READY) {
        take_ready(redis, slot, reply);
        return;
    }
    if (slot->step == STEP_INFO)
        take_info(redis, redis_text_of(reply));
    else if (slot->step == STEP_SAVE)
        redis->server.saves = redis_info_saves(reply);
    else if (slot->step == STEP_LOAD && !redis_script_loaded(&redis->scripts, slot->script, redis_text_of(reply))) {
        redis_strange(redis, slot);
        return;
    }
    redis_slot_free(redis, slot);
}

/* Some answers we can do without; the rest ends the connection, which is tried again with growing pauses. */
void
redis_hello_error(struct redis *redis, struct redis_slot *slot, const char *error)
{
    static const char *const steps[STEP_COUNT] = {
        [STEP_AUTH] = "AUTH", [STEP_SELECT] = "SELECT", [STEP_LOAD] = "SCRIPT LOAD", [STEP_READY] = "writing the canary",
    };
    enum redis_step step = slot->step;
    redis_slot_free(redis, slot);
    if (step == STEP_NAME || step == STEP_INFO)
        return;
    if (step == STEP_SAVE) {
        redis->server.saves = SAVES_UNKNOWN;
        return;
    }
    char text[LINK_TEXT_BYTES];
    snprintf(text, sizeof(text), "%s: %.200s", steps[step], error);
    redis_link_drop(&redis->link, text);
}

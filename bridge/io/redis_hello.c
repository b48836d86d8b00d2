/* redis_hello.c: the first commands of a connection go out together: who we are, who it is, the scripts. If it is a server that
 * can be used, the canary follows, and only when that was answered are claims sent. */
#include "bridge/io/redis_parts.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

enum { VERSION_MIN = 7 };

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

/* The file is read anew: the password may have been rotated, which is often why there is a new connection. */
static void
send_auth(struct redis *redis)
{
    const char *user = redis->link.url.user;
    redis->password_read = secret_read(&redis->password);
    struct slice password = secret_view(&redis->password);
    if (password.size == 0)
        return;
    resp_begin(&redis->resp, user[0] ? 3 : 2);
    resp_text(&redis->resp, "AUTH");
    if (user[0])
        resp_text(&redis->resp, user);
    resp_word(&redis->resp, password);
    redis_send(redis, take_slot(redis), STEP_AUTH);
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
    struct redis_server *server = &redis->server;
    char db[12];
    server->version[0] = server->role[0] = server->policy[0] = server->master[0] = '\0';     /* were another server's, perhaps */
    server->cluster = false;
    snprintf(db, sizeof(db), "%u", redis->link.url.db);
    send_auth(redis);
    if (redis->link.url.db)
        send_words(redis, STEP_SELECT, 2, (const char *const[]){ "SELECT", db });
    send_words(redis, STEP_NAME, 3, (const char *const[]){ "CLIENT", "SETNAME", "alertbridge" });
    send_words(redis, STEP_INFO, 1, (const char *const[]){ "INFO" });
    send_words(redis, STEP_ROLE, 1, (const char *const[]){ "ROLE" });
    send_words(redis, STEP_SAVE, 3, (const char *const[]){ "CONFIG", "GET", "save" });
    send_scripts(redis);
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
    snprintf(text, sizeof(text), "connected%s, version %s, role %s, %s, maxmemory-policy %s", redis->link.tls ? " by TLS" : "",
             server->version[0] ? server->version : "?", server->role[0] ? server->role : "?", redis_info_keeping(server),
             server->policy[0] ? server->policy : "?");
    redis_tell(redis, DEDUP_UP, text);
    if (server->policy[0] == '\0' || strcmp(server->policy, "noeviction") == 0)
        return;
    snprintf(text, sizeof(text), "maxmemory-policy %s may evict claims and done marks: set maxmemory-policy noeviction",
             server->policy);
    redis_tell(redis, DEDUP_MAY_EVICT, text);
}

/* ROLE: ["master", ...] or ["slave", host, port, ...]. Where it may not be asked, INFO has said the first word. */
static void
take_role(struct redis *redis, const redisReply *reply)
{
    struct redis_server *server = &redis->server;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 1 || reply->element[0]->type != REDIS_REPLY_STRING)
        return;
    snprintf(server->role, sizeof(server->role), "%s", reply->element[0]->str);
    server->master[0] = '\0';
    if (reply->elements >= 3 && reply->element[1]->type == REDIS_REPLY_STRING && reply->element[2]->type == REDIS_REPLY_INTEGER)
        snprintf(server->master, sizeof(server->master), "%s:%lld", reply->element[1]->str, reply->element[2]->integer);
}

/* What it says of itself is not what we can work with: a text, else "". */
static void
judge_server(const struct redis_server *server, char *text, size_t size)
{
    text[0] = '\0';
    if (server->version[0] && atoi(server->version) < VERSION_MIN)
        snprintf(text, size, "version %s is below 7.0, which claims need (SET with NX and GET); use Redis 7.0 or Valkey",
                 server->version);
    else if (server->cluster)
        snprintf(text, size, "it is a node of a cluster, which is not supported: name a single server");
    else if (strcmp(server->role, "sentinel") == 0)
        snprintf(text, size, "it is a sentinel; write redis+sentinel://host:26379/master");
    else if (server->role[0] && strcmp(server->role, "master") != 0)
        snprintf(text, size, "it is a replica (role %s%s%.120s); claims go to the master", server->role,
                 server->master[0] ? ", of " : "", server->master);
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
    bool was_known = redis->canary.known;
    enum canary_sight sight = redis_pulse_see(redis, reply);
    /* A promoted replica is another run as well: where the canary is as we know it, it vouches for the rest. */
    bool vouched = was_known && sight == CANARY_ALIVE;
    bool emptied = server->restarted && !server->append_only && server->saves == SAVES_NEVER && !vouched;
    server->restarted = false;
    redis->stats.reconnects += redis->was_ready;
    redis->connection += redis->connection < CLAIM_CONNECTION_MAX;
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

/* All of the hello but the canary is answered. */
static void
all_said(struct redis *redis)
{
    char text[LINK_TEXT_BYTES];
    judge_server(&redis->server, text, sizeof(text));
    if (text[0])
        redis_refused(redis, text);
    else
        redis_advance_send(redis, NULL, STEP_READY);
}

static void
take_script(struct redis *redis, struct redis_slot *slot, const redisReply *reply)
{
    bool last = slot->script == SCRIPT_COUNT - 1;
    if (!redis_script_loaded(&redis->scripts, slot->script, redis_text_of(reply))) {
        redis_strange(redis, slot);
        return;
    }
    redis_slot_free(redis, slot);
    if (last)
        all_said(redis);
}

void
redis_hello_reply(struct redis *redis, struct redis_slot *slot, const redisReply *reply)
{
    if (slot->step == STEP_READY) {
        take_ready(redis, slot, reply);
        return;
    }
    if (slot->step == STEP_LOAD) {
        take_script(redis, slot, reply);
        return;
    }
    if (slot->step == STEP_INFO)
        take_info(redis, redis_text_of(reply));
    else if (slot->step == STEP_ROLE)
        take_role(redis, reply);
    else if (slot->step == STEP_SAVE)
        redis->server.saves = redis_info_saves(reply);
    redis_slot_free(redis, slot);
}

static const char *
auth_remedy(const struct redis *redis)
{
    switch (redis->password_read) {
    case SECRET_SAME:
    case SECRET_CHANGED:
        return redis->password.size ? "; correct redis.password_file or the user in redis.url" : "; set redis.password_file";
    case SECRET_MISSING:
        return "; redis.password_file is gone, the password before was used";
    case SECRET_EMPTY:
        return "; redis.password_file is empty, the password before was used";
    case SECRET_TOO_BIG:
    case SECRET_UNREADABLE:
        return "; redis.password_file cannot be read, the password before was used";
    }
    return "";
}

static bool
is_about_password(const char *error)
{
    return strncmp(error, "WRONGPASS", 9) == 0 || strncmp(error, "NOAUTH", 6) == 0 || strncmp(error, "ERR AUTH", 8) == 0;
}

/* Some answers we can do without; the rest ends the connection, which is tried again with growing pauses. Without a user
 * everything is refused, so that is told by whatever is refused first. */
void
redis_hello_error(struct redis *redis, struct redis_slot *slot, const char *error)
{
    static const char *const steps[STEP_COUNT] = {
        [STEP_AUTH] = "AUTH", [STEP_SELECT] = "SELECT", [STEP_LOAD] = "SCRIPT LOAD", [STEP_READY] = "writing the canary",
        [STEP_NAME] = "CLIENT SETNAME", [STEP_INFO] = "INFO", [STEP_ROLE] = "ROLE", [STEP_SAVE] = "CONFIG GET save",
    };
    enum redis_step step = slot->step;
    bool needed = step == STEP_AUTH || step == STEP_SELECT || step == STEP_LOAD || step == STEP_READY;
    bool password = is_about_password(error);
    const char *remedy;
    redis_slot_free(redis, slot);
    if (step == STEP_SAVE)
        redis->server.saves = SAVES_UNKNOWN;
    if (!needed && !password)
        return;
    char text[LINK_TEXT_BYTES];
    redis_error_cure(slice_of(error), &remedy);
    snprintf(text, sizeof(text), "%s: %.120s%s", steps[step], error, password ? auth_remedy(redis) : remedy);
    redis_refused(redis, text);
}

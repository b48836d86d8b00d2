/* redis_info.c: reads the lines of INFO that matter here. */
#include "bridge/io/redis_info.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

/* The value of `name:` at the beginning of a line, "" when it is absent. */
static void
info_field(struct slice info, const char *name, char *out, size_t out_size)
{
    size_t name_size = strlen(name);
    out[0] = '\0';
    for (const char *line = info.at, *end = line ? line + info.size : NULL; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t size = (size_t)((stop ? stop : end) - line);
        if (size > name_size && line[name_size] == ':' && memcmp(line, name, name_size) == 0) {
            size_t value_size = size - name_size - 1;
            value_size -= value_size > 0 && line[size - 1] == '\r';
            snprintf(out, out_size, "%.*s", (int)value_size, line + name_size + 1);
            return;
        }
        line = stop ? stop + 1 : end;
    }
}

static bool
info_is(struct slice info, const char *name, const char *value)
{
    char text[24];
    info_field(info, name, text, sizeof(text));
    return strcmp(text, value) == 0;
}

void
redis_info_read(struct slice info, struct redis_server *server)
{
    char number[24];
    info_field(info, "redis_version", server->version, sizeof(server->version));
    info_field(info, "role", server->role, sizeof(server->role));
    info_field(info, "maxmemory_policy", server->policy, sizeof(server->policy));
    info_field(info, "run_id", server->run_id, sizeof(server->run_id));
    info_field(info, "maxmemory", number, sizeof(number));
    server->memory_max_bytes = strtoull(number, NULL, 10);
    server->append_only = info_is(info, "aof_enabled", "1");
    server->cluster = info_is(info, "redis_mode", "cluster");
    server->loading = info_is(info, "loading", "1");
}

/* {"save", "3600 1 300 100"} */
enum redis_saves
redis_info_saves(const struct redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 || reply->element[1]->type != REDIS_REPLY_STRING)
        return SAVES_UNKNOWN;
    return reply->element[1]->len ? SAVES_SOMETIMES : SAVES_NEVER;
}

const char *
redis_info_keeping(const struct redis_server *server)
{
    if (server->append_only)
        return "append-only file";
    switch (server->saves) {
    case SAVES_NEVER:
        return "no persistence";
    case SAVES_SOMETIMES:
        return "snapshots";
    case SAVES_UNKNOWN:
        break;
    }
    return "persistence not known";
}

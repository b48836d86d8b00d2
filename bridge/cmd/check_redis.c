/* check_redis.c: judges what a Redis server says of itself. */
#include "bridge/cmd/check_connect.h"

#include <stdlib.h>

enum { VERSION_FLOOR = 7 };     /* SET takes NX and GET together from 7.0 on: https://redis.io/docs/latest/commands/set/ */

static bool
judge_reach(struct findings *findings, const char *url, const struct redis_probe *seen)
{
    switch (seen->reach) {
    case REDIS_REACHED:
        return true;
    case REDIS_AWAY:
        finding_remedy(finding_fail(findings, EXIT_UNAVAILABLE, "redis.connection", url, "cannot be reached: %s", seen->why),
                       "look at redis.url and the network");
        return false;
    case REDIS_ILL:
        finding_remedy(finding_fail(findings, EXIT_UNAVAILABLE, "redis.connection", url, "cannot be used: %s", seen->why),
                       "wait until it has loaded its data; a database number has to be one that the server has");
        return false;
    case REDIS_REFUSED:
        finding_remedy(finding_fail(findings, EXIT_NO_PERMISSION, "redis.connection", url, "the credentials are refused: %s",
                                    seen->why),
                       "put right redis.password_file, the user in redis.url, or the user's rights (keys <prefix>:*, commands of "
                       "strings and scripts)");
        return false;
    }
    return false;
}

static void
judge_version(struct findings *findings, const char *url, const struct redis_server *server)
{
    long major = strtol(server->version, NULL, 10);
    if (major >= VERSION_FLOOR)
        finding_pass(findings, "redis.version", url, "%s", server->version);
    else
        finding_remedy(finding_fail(findings, EXIT_CONFIG, "redis.version", url,
                                    "%s: claims need SET with NX and GET together, which came with 7.0",
                                    server->version[0] ? server->version : "none is told"),
                       "use Redis 7.0 or newer, or Valkey");
}

static void
judge_role(struct findings *findings, const char *url, const struct redis_server *server)
{
    if (server->cluster)
        finding_remedy(finding_fail(findings, EXIT_CONFIG, "redis.role", url, "is a node of a cluster, which is not supported"),
                       "name a single server");
    else if (strcmp(server->role, "master") == 0)
        finding_pass(findings, "redis.role", url, "primary");
    else
        finding_remedy(finding_fail(findings, EXIT_CONFIG, "redis.role", url, "its role is %s: it takes no writes",
                                    server->role[0] ? server->role : "not told"),
                       "name the primary in redis.url");
}

static void
judge_eviction(struct findings *findings, const char *url, const struct redis_server *server)
{
    if (strcmp(server->policy, "noeviction") == 0)
        finding_pass(findings, "redis.eviction", url, "noeviction, maxmemory %llu MiB%s",
                     (unsigned long long)(server->memory_max_bytes >> 20), server->memory_max_bytes ? "" : " (no limit)");
    else
        finding_remedy(finding_warn(findings, "redis.eviction", url,
                                    "maxmemory-policy %s may throw away claims and done marks when memory is short: events would "
                                    "be delivered again, unseen",
                                    server->policy[0] ? server->policy : "is not told and"),
                       "set maxmemory-policy noeviction");
}

static void
judge_persistence(struct findings *findings, const char *url, const struct redis_server *server)
{
    if (!server->append_only && server->saves == SAVES_NEVER)
        finding_remedy(finding_warn(findings, "redis.persistence", url,
                                    "none: a restart forgets done marks, claims and how often a delivery was in doubt; what "
                                    "Kafka hands out again is then delivered again (SOAR), and a doubt counts as none"),
                       "set appendonly yes; or accept it, with on_amnesia: hold where a second delivery hurts");
    else if (!server->append_only && server->saves == SAVES_SOMETIMES)
        finding_pass(findings, "redis.persistence", url, "snapshots: after a crash what came since the last one is forgotten");
    else
        finding_pass(findings, "redis.persistence", url, "%s", redis_info_keeping(server));
}

static void
judge_canary(struct findings *findings, const struct config *config, bool has_canary, enum group_past past)
{
    const char *prefix = config->redis.prefix;
    if (has_canary)
        finding_pass(findings, "redis.canary", prefix, "workers with this prefix were here, and it has not been emptied since");
    else if (past == GROUP_PAST_COMMITTED)
        finding_remedy(finding_warn(findings, "redis.canary", prefix,
                                    "knows nothing of this prefix, and group %.64s has committed offsets: it was emptied, or "
                                    "prefix or server are new; what is read again would be delivered again",
                                    config->kafka.group),
                       "if it is another server or prefix than before, name the old one; else on_amnesia decides");
    else
        finding_pass(findings, "redis.canary", prefix, "nothing stands there yet");
}

void
judge_redis(struct findings *findings, const struct config *config, const struct redis_probe *seen, enum group_past past)
{
    const char *url = config->redis.url;
    if (!judge_reach(findings, url, seen))
        return;
    finding_pass(findings, "redis.connection", url, "reached");
    if (seen->unseen[0]) {
        finding_remedy(finding_warn(findings, "redis.version", url, "version, role and memory cannot be seen: %s", seen->unseen),
                       "grant INFO, or make sure by hand: 7.0 or newer, primary, maxmemory-policy noeviction");
    } else {
        judge_version(findings, url, &seen->server);
        judge_role(findings, url, &seen->server);
        judge_eviction(findings, url, &seen->server);
        judge_persistence(findings, url, &seen->server);
    }
    judge_canary(findings, config, seen->has_canary, past);
}

void
judge_redis_memory(struct findings *findings)
{
    finding_remedy(finding_warn(findings, "redis.memory", "memory:",
                                "NO REDIS: claims and done marks live in the worker's memory. Its end forgets them all, and a "
                                "second worker does not see them: events are delivered again"),
                   "for more than a trial, set redis.url to a Redis 7.0 or newer");
}

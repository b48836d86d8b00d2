/* redis_info.h: what a Redis server says of itself: INFO and CONFIG GET save, in the words of this house. */
#ifndef BRIDGE_IO_REDIS_INFO_H
#define BRIDGE_IO_REDIS_INFO_H

#include "bridge/redis_url.h"
#include "codecs/slice.h"

#include <stdint.h>

struct redisReply;

enum redis_saves { SAVES_UNKNOWN, SAVES_NEVER, SAVES_SOMETIMES };

struct redis_server {
    char version[24], role[16], policy[32], run_id[48];     /* "" = not said */
    char master[REDIS_HOST_BYTES + 8];      /* of a replica, "host:port"; the store's, from ROLE */
    bool append_only, cluster, loading;
    uint64_t memory_max_bytes;      /* 0 = no limit, or not said */
    enum redis_saves saves;         /* snapshots */
    bool restarted;                 /* another run of a server that keeps nothing, and not told yet; the store's */
};

void redis_info_read(struct slice info, struct redis_server *);             /* leaves `saves` and `restarted` alone */
enum redis_saves redis_info_saves(const struct redisReply *);              /* to CONFIG GET save; managed servers often refuse */
const char *redis_info_keeping(const struct redis_server *);               /* "append-only file", "no persistence" */

#endif

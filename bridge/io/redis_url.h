/* redis_url.h: where Redis is: redis://[user@]host[:port][/db] or unix:/path. */
#ifndef BRIDGE_IO_REDIS_URL_H
#define BRIDGE_IO_REDIS_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct redis_url {
    char host[256];             /* "" with a path */
    char path[108];             /* of a unix socket; "" with a host */
    char user[128];
    uint16_t port;
    uint32_t db;
};

/* false with `error`, a text that names the remedy. */
bool redis_url_parse(const char *text, struct redis_url *, char *error, size_t error_size);

#endif

/* redis_probe.h: looks at a Redis server without writing: who it is, what it keeps, whether our canary stands there.
 *
 * It blocks, on a loop of its own. */
#ifndef BRIDGE_IO_REDIS_PROBE_H
#define BRIDGE_IO_REDIS_PROBE_H

#include "bridge/core/types.h"
#include "bridge/io/redis_info.h"

enum redis_reach {
    REDIS_AWAY,         /* nobody there, or no answer in time */
    REDIS_REFUSED,      /* another password or user is wanted */
    REDIS_ILL,          /* it answers with an error: loading, or no such database */
    REDIS_REACHED,
};

struct redis_probe {
    enum redis_reach reach;
    char why[256];              /* printable; "" when it was reached */
    struct redis_server server;
    char unseen[256];           /* why INFO was refused; "" = it was not */
    bool has_canary;            /* a worker with this prefix was here, and nothing was lost since */
};

struct redis_probe_config {
    const char *url, *password, *prefix;    /* password "" = none */
    const char *sentinel_password_file, *ca_file;   /* NULL or "" = none, the system's */
    ms_t timeout_ms;            /* of the whole */
};

void redis_probe_run(const struct redis_probe_config *, struct redis_probe *);

#endif

/* redis_url.h: where Redis is.
 *
 *   redis://[user@]host[:port][,host[:port]...][/db]           the one of them that is a master
 *   redis+sentinel://[user@]host[:port][,...]/master[/db]      the master that these sentinels name
 *   unix:/path
 *   rediss://, rediss+sentinel://                              the same by TLS, where hiredis has it */
#ifndef BRIDGE_REDIS_URL_H
#define BRIDGE_REDIS_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REDIS_PLACES_MAX = 8, REDIS_HOST_BYTES = 256, REDIS_MASTER_BYTES = 128 };
enum redis_way { REDIS_BY_HOST, REDIS_BY_SENTINEL, REDIS_BY_PATH };

struct redis_place {
    char host[REDIS_HOST_BYTES];
    uint16_t port;
};

struct redis_url {
    enum redis_way way;
    bool tls;
    struct redis_place places[REDIS_PLACES_MAX];    /* of servers, or of sentinels; asked in turn */
    uint32_t n_places;
    char master[REDIS_MASTER_BYTES];    /* by sentinel */
    char path[108];                     /* of a unix socket */
    char user[128];
    uint32_t db;
};

struct redis_url_fault {
    const char *what, *remedy;
    bool holds_secret;                  /* the url is not to be shown */
};

/* False with the fault, whose texts are static, when the text is none of the forms above, or asks for what this build has not. */
bool redis_url_parse(const char *text, struct redis_url *, struct redis_url_fault *);

bool redis_url_has_tls(void);           /* this build can do rediss:// */

#endif

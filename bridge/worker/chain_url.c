/* chain_url.c: addresses that the environment names: https to anywhere, http to this machine only, because secrets come back. */
#include "bridge/loopback.h"
#include "bridge/worker/chain_parse.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

enum { HOST_BYTES_MAX = 255, URL_PATH_BYTES_MAX = 2048 };

/* The host, without port and brackets. */
static bool
host_name(struct slice authority, char name[HOST_BYTES_MAX + 1])
{
    const char *port = authority.size > 0 ? memrchr(authority.at, ':', authority.size) : NULL;
    bool six = authority.size > 0 && authority.at[0] == '[';
    const char *bracket = six ? memchr(authority.at, ']', authority.size) : NULL;
    if (six && !bracket)
        return false;
    if (six && port && port < bracket)
        port = NULL;
    const char *end = authority.at + authority.size, *host_end = port ? port : end;
    if (six && host_end != bracket + 1)
        return false;
    struct slice host = { authority.at + six, (size_t)(host_end - authority.at) - 2 * six };
    for (const char *digit = port ? port + 1 : end; digit < end; digit++)
        if (!isdigit((unsigned char)*digit) || end - port > 6)
            return false;
    for (size_t i = 0; i < host.size; i++)
        if (!isalnum((unsigned char)host.at[i]) && !strchr(six ? ":." : ".-_", host.at[i]))
            return false;
    return host.size > 0 && !(port && port + 1 == end) && chain_copy(name, HOST_BYTES_MAX + 1, host);
}

static bool
path_is_sendable(struct slice path)
{
    for (size_t i = 0; i < path.size; i++)
        if (path.at[i] <= ' ' || path.at[i] > '~' || path.at[i] == '#')
            return false;
    return path.size <= URL_PATH_BYTES_MAX;
}

const char *
chain_parse_url(struct slice url, char origin[CHAIN_ORIGIN_BYTES], struct slice *path)
{
    char name[HOST_BYTES_MAX + 1];
    bool tls = url.size > 8 && strncasecmp(url.at, "https://", 8) == 0;
    size_t scheme = tls ? 8 : 7;
    if (!tls && (url.size <= 7 || strncasecmp(url.at, "http://", 7) != 0))
        return "does not begin with https:// or http://";
    struct slice authority = { url.at + scheme, 0 };
    while (scheme + authority.size < url.size && !strchr("/?#", authority.at[authority.size]))
        authority.size++;
    *path = (struct slice){ authority.at + authority.size, url.size - scheme - authority.size };
    if (path->size == 0)
        *path = SLICE("/");
    if (!host_name(authority, name))
        return "has no valid host and port";
    if (path->at[0] != '/' || !path_is_sendable(*path))
        return "has a path that cannot be sent";
    if (!tls && !host_is_loopback(name))
        return "is plain http to another machine; use https://";
    snprintf(origin, CHAIN_ORIGIN_BYTES, "%s://%.*s", tls ? "https" : "http", (int)authority.size, authority.at);
    return NULL;
}

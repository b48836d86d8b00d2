/* redis_url.c: takes a url apart; a password in it is refused, for a url is shown and logged. */
#include "bridge/io/redis_url.h"

#include "codecs/slice.h"

#include <stdio.h>

enum { PORT_DEFAULT = 6379, DB_MAX = 65535 };

static bool
refuse(char *error, size_t error_size, const char *why)
{
    snprintf(error, error_size, "redis.url: %s", why);
    return false;
}

/* Decimal digits up to `max`, all of the slice. */
static bool
number_of(struct slice text, uint32_t max, uint32_t *out)
{
    uint32_t number = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        number = number * 10 + (uint32_t)(text.at[i] - '0');
        if (number > max)
            return false;
    }
    *out = number;
    return text.size > 0;
}

static bool
copy(char *to, size_t capacity, struct slice from)
{
    if (from.size >= capacity)
        return false;
    memcpy(to, from.at, from.size);
    to[from.size] = '\0';
    return true;
}

/* Cuts `text` at the first `mark`: `before` gets what stands before it, `text` keeps what stands behind. false: there is none. */
static bool
cut(struct slice *text, char mark, struct slice *before)
{
    const char *at = text->size ? memchr(text->at, mark, text->size) : NULL;
    if (!at)
        return false;
    size_t size = (size_t)(at - text->at);
    *before = (struct slice){ text->at, size };
    *text = (struct slice){ at + 1, text->size - size - 1 };
    return true;
}

/* host, host:port, [v6] or [v6]:port */
static bool
parse_place(struct slice place, struct redis_url *url)
{
    struct slice host = place, port = { 0 };
    if (place.size && place.at[0] == '[') {
        place = (struct slice){ place.at + 1, place.size - 1 };
        if (!cut(&place, ']', &host) || (place.size && place.at[0] != ':'))
            return false;
        if (place.size)
            port = (struct slice){ place.at + 1, place.size - 1 };
    } else if (cut(&place, ':', &host)) {
        port = place;
    }
    uint32_t number = PORT_DEFAULT;
    if (port.at && (!number_of(port, 65535, &number) || number == 0))
        return false;
    url->port = (uint16_t)number;
    return host.size > 0 && copy(url->host, sizeof(url->host), host);
}

static bool
parse_tcp(struct slice rest, struct redis_url *url, char *error, size_t error_size)
{
    struct slice user = { 0 }, place = { 0 };
    if (cut(&rest, '@', &user)) {
        if (memchr(user.at, ':', user.size))
            return refuse(error, error_size, "a password has no place in a url; put it into a file and set redis.password_file");
        if (!copy(url->user, sizeof(url->user), user))
            return refuse(error, error_size, "the user is too long");
    }
    if (!cut(&rest, '/', &place)) {
        place = rest;
        rest = SLICE("");
    }
    if (rest.size && !number_of(rest, DB_MAX, &url->db))
        return refuse(error, error_size, "behind the host stands the number of a database, like redis://host:6379/0");
    if (!parse_place(place, url))
        return refuse(error, error_size, "not a host and port, like redis://host:6379/0");
    return true;
}

static bool
begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

bool
redis_url_parse(const char *text, struct redis_url *url, char *error, size_t error_size)
{
    *url = (struct redis_url){ 0 };
    if (begins(text, "rediss://"))
        return refuse(error, error_size,
                      "rediss:// needs hiredis with TLS, which this program is not built with; use redis:// on a private "
                      "network, or a local TLS tunnel and unix:/path");
    if (begins(text, "redis://"))
        return parse_tcp(slice_of(text + strlen("redis://")), url, error, error_size);
    if (!begins(text, "unix:"))
        return refuse(error, error_size, "begins with none of redis://, unix: and memory:");
    const char *path = text + strlen("unix:");
    if (begins(path, "//"))
        path += 2;
    if (path[0] != '/' || !copy(url->path, sizeof(url->path), slice_of(path)))
        return refuse(error, error_size, "unix: wants an absolute path of at most 107 bytes");
    return true;
}

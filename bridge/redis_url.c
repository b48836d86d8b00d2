/* redis_url.c: takes a url apart; a password in it is refused, for a url is shown and logged. */
#include "bridge/redis_url.h"

#include "codecs/slice.h"

enum { PORT_DEFAULT = 6379, SENTINEL_PORT_DEFAULT = 26379, DB_MAX = 65535 };

static const struct {
    const char *text;
    enum redis_way way;
    bool tls;
} schemes[] = {
    { "redis://", REDIS_BY_HOST, false },
    { "rediss://", REDIS_BY_HOST, true },
    { "redis+sentinel://", REDIS_BY_SENTINEL, false },
    { "rediss+sentinel://", REDIS_BY_SENTINEL, true },
};

bool
redis_url_has_tls(void)
{
#ifdef REDIS_TLS
    return true;
#else
    return false;
#endif
}

static bool
refuse(struct redis_url_fault *fault, const char *what, const char *remedy)
{
    *fault = (struct redis_url_fault){ what, remedy, false };
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

/* Bytes that can stand in a name; no space and nothing that would have to be escaped. */
static bool
copy(char *to, size_t capacity, struct slice from)
{
    if (from.size >= capacity)
        return false;
    for (size_t i = 0; i < from.size; i++)
        if (from.at[i] <= ' ' || from.at[i] > '~')
            return false;
    if (from.size)
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

/* The same, or all of it where the mark is missing. */
static struct slice
cut_first(struct slice *text, char mark)
{
    struct slice first;
    if (cut(text, mark, &first))
        return first;
    first = *text;
    *text = SLICE("");
    return first;
}

/* host, host:port, [v6] or [v6]:port */
static bool
parse_place(struct slice text, uint16_t port_default, struct redis_place *place)
{
    struct slice host = text, port = { 0 };
    if (text.size && text.at[0] == '[') {
        text = (struct slice){ text.at + 1, text.size - 1 };
        if (!cut(&text, ']', &host) || (text.size && text.at[0] != ':'))
            return false;
        if (text.size)
            port = (struct slice){ text.at + 1, text.size - 1 };
    } else if (cut(&text, ':', &host)) {
        port = text;
    }
    uint32_t number = port_default;
    if (port.at && (!number_of(port, 65535, &number) || number == 0))
        return false;
    place->port = (uint16_t)number;
    return host.size > 0 && copy(place->host, sizeof(place->host), host);
}

static bool
parse_places(struct slice text, struct redis_url *url)
{
    uint16_t port = url->way == REDIS_BY_SENTINEL ? SENTINEL_PORT_DEFAULT : PORT_DEFAULT;
    for (bool more = true; more;) {
        struct slice one = text;
        more = cut(&text, ',', &one);
        if (url->n_places == REDIS_PLACES_MAX || !parse_place(one, port, &url->places[url->n_places++]))
            return false;
    }
    return true;
}

static bool
parse_user(struct slice *rest, struct redis_url *url, struct redis_url_fault *fault)
{
    struct slice user;
    if (!cut(rest, '@', &user))
        return true;
    if (user.size && memchr(user.at, ':', user.size)) {
        refuse(fault, "holds a password", "put it into a file and name that with redis.password_file");
        fault->holds_secret = true;
        return false;
    }
    return copy(url->user, sizeof(url->user), user) || refuse(fault, "has a user that is too long or not plain", "correct it");
}

static bool
parse_hosts(struct slice rest, struct redis_url *url, struct redis_url_fault *fault)
{
    if (!parse_user(&rest, url, fault))
        return false;
    struct slice places = cut_first(&rest, '/');
    if (url->way == REDIS_BY_SENTINEL) {
        struct slice master = cut_first(&rest, '/');
        if (master.size == 0 || !copy(url->master, sizeof(url->master), master))
            return refuse(fault, "has no name of a master behind the sentinels",
                          "write redis+sentinel://host1:26379,host2:26379/mymaster");
    }
    if (rest.size && !number_of(rest, DB_MAX, &url->db))
        return refuse(fault, "has a database that is no number", "write redis://host:port/0");
    if (!parse_places(places, url))
        return refuse(fault, "has no valid host and port, or more than 8 of them", "write redis://host:port/0");
    return true;
}

static bool
parse_path(const char *path, struct redis_url *url, struct redis_url_fault *fault)
{
    url->way = REDIS_BY_PATH;
    if (path[0] == '/' && path[1] == '/')
        path += 2;
    if (path[0] != '/' || path[1] == '\0' || !copy(url->path, sizeof(url->path), slice_of(path)))
        return refuse(fault, "has no absolute path of at most 107 bytes", "write unix:/path");
    return true;
}

bool
redis_url_parse(const char *text, struct redis_url *url, struct redis_url_fault *fault)
{
    *url = (struct redis_url){ 0 };
    *fault = (struct redis_url_fault){ 0 };
    if (strncmp(text, "unix:", 5) == 0)
        return parse_path(text + 5, url, fault);
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t size = strlen(schemes[i].text);
        if (strncmp(text, schemes[i].text, size) != 0)
            continue;
        url->way = schemes[i].way;
        url->tls = schemes[i].tls;
        if (!parse_hosts(slice_of(text + size), url, fault))
            return false;
        return !url->tls || redis_url_has_tls() ||
               refuse(fault, "needs TLS, and the hiredis that this program was built with has none",
                      "use a build with hiredis 1.0 or later, or redis:// on a private network, or a local TLS tunnel");
    }
    return refuse(fault, "begins with none of redis://, rediss://, redis+sentinel://, rediss+sentinel://, unix:/ and memory:",
                  "write redis://host:port/0");
}

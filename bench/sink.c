/* sink.c: a backend that answers at once, and counts what came: for measuring workers, not for checking them.
 *
 *     sink PORT       on loopback; PORT 0 = any; prints "PORT=n"
 *
 * Business calls are answered with what their worker takes for success: the SOAR gateway's, the portal's, a token, or for
 * /floor any 200. It remembers how often each event's id came: distinct and repeats. GET /stats tells the counts and the times
 * of the first and the last call, GET /reset forgets all. POST /times with ids, one a line, is told how many of them never came
 * and how many came more than once. */
#include "bench/sink.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/tcp.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_BYTES_MAX = 2 << 20, REPLY_BYTES_MAX = 1024 };

struct connection {
    struct event *readable;
    size_t size, capacity;
    char *bytes;
};

static struct {
    uint64_t calls, tokens, events;
    int64_t first_us, last_us;
} counts;

static int64_t
now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- what a request says ---- */

/* Where the ids are: behind `open`, up to `close`. */
struct form {
    const char *path, *open, *close, *reply;
};

static const char token_reply[] = "{\"status\":0,\"msg\":\"success\",\"data\":{\"accessToken\":\"benchmark\",\"expire\":7200}}";
static const struct form forms[] = {
    { "/floor", "\"id\":\"", "\"", "{\"ok\":true}" },
    { "/app-portal-service/", "\"messageId\":\"", "\"", "{\"code\":0,\"message\":\"ok\",\"data\":{\"success\":true}}" },
    { "/?", "incidentID%22%3A%22", "%22", "{\"RequestId\":\"00000000-0000-0000-0000-000000000000\",\"Data\":\"\"}" },
    { "/?", "alertID%22%3A%22", "%22", "{\"RequestId\":\"00000000-0000-0000-0000-000000000000\",\"Data\":\"\"}" },
};

static uint64_t
count_ids(const struct form *form, const char *at, const char *end)
{
    uint64_t n = 0;
    size_t open = strlen(form->open), close = strlen(form->close);
    while ((at = memmem(at, (size_t)(end - at), form->open, open))) {
        at += open;
        const char *stop = memmem(at, (size_t)(end - at), form->close, close);
        if (!stop)
            break;
        seen_add(at, (size_t)(stop - at));
        at = stop;
        n++;
    }
    return n;
}

static void
write_stats(char *reply)
{
    snprintf(reply, REPLY_BYTES_MAX, "{\"calls\": %lu, \"tokens\": %lu, \"events\": %lu, \"distinct\": %lu, \"repeats\": %lu, "
             "\"first_us\": %ld, \"last_us\": %ld}", counts.calls, counts.tokens, counts.events, seen_distinct(),
             counts.events - seen_distinct(), counts.first_us, counts.last_us);
}

static void
reset(void)
{
    memset(&counts, 0, sizeof counts);
    seen_reset();
}

static bool
is_for(const char *target, const char *path)
{
    return strncmp(target, path, strlen(path)) == 0;
}

/* A business call that holds no id we know counts as a call without events, and shows as a loss. */
static const char *
take_call(const char *target, const char *end)
{
    const char *reply = "{}";
    counts.last_us = now_us();
    if (counts.calls++ == 0)
        counts.first_us = counts.last_us;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (!is_for(target, forms[i].path))
            continue;
        uint64_t n = count_ids(&forms[i], target, end);
        counts.events += n;
        reply = forms[i].reply;
        if (n > 0)
            break;
    }
    return reply;
}

static void
write_times(const char *at, const char *end, char *reply)
{
    uint64_t ids = 0, never = 0, again = 0;
    for (const char *stop; at < end && (stop = memchr(at, '\n', (size_t)(end - at))); at = stop + 1) {
        uint64_t times = seen_times(at, (size_t)(stop - at));
        ids++;
        never += times == 0;
        again += times > 1;
    }
    snprintf(reply, REPLY_BYTES_MAX, "{\"ids\": %lu, \"never\": %lu, \"again\": %lu}", ids, never, again);
}

/* A request from its target on; its body lies from `body` to `end`. */
static const char *
take(const char *target, const char *body, const char *end, char *memory)
{
    if (is_for(target, "/apim-token-service/")) {
        counts.tokens++;
        return token_reply;
    }
    if (is_for(target, "/times ")) {
        write_times(body, end, memory);
        return memory;
    }
    bool resets = is_for(target, "/reset ");
    if (!resets && !is_for(target, "/stats "))
        return take_call(target, end);
    if (resets)
        reset();
    write_stats(memory);
    return memory;
}

/* ---- a connection ---- */

static void
hang_up(struct connection *connection)
{
    close(event_get_fd(connection->readable));
    event_free(connection->readable);
    free(connection->bytes);
    free(connection);
}

/* The size of the whole request that the bytes begin with; 0 = more has to come. */
static size_t
request_size(const struct connection *connection, size_t *head_size)
{
    static const char length[] = "\r\nContent-Length:";
    const char *end = memmem(connection->bytes, connection->size, "\r\n\r\n", 4);
    if (!end)
        return 0;
    *head_size = (size_t)(end - connection->bytes) + 4;
    size_t body = 0;
    for (const char *at = connection->bytes; at < end; at++) {
        at = memchr(at, '\r', (size_t)(end - at));
        if (!at)
            break;
        if (strncasecmp(at, length, sizeof length - 1) == 0)
            body = strtoul(at + sizeof length - 1, NULL, 10);
    }
    return connection->size >= *head_size + body ? *head_size + body : 0;
}

static bool
answer(struct connection *connection, size_t head_size, size_t size)
{
    char memory[REPLY_BYTES_MAX], reply[REPLY_BYTES_MAX + 128];
    const char *target = memchr(connection->bytes, ' ', size);
    if (!target)
        return false;
    const char *body = take(target + 1, connection->bytes + head_size, connection->bytes + size, memory);
    int n = snprintf(reply, sizeof reply, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     strlen(body), body);
    return write(event_get_fd(connection->readable), reply, (size_t)n) == n;
}

static bool
grow(struct connection *connection)
{
    if (connection->size < connection->capacity)
        return true;
    connection->capacity = connection->capacity ? connection->capacity * 2 : 8192;
    connection->bytes = realloc(connection->bytes, connection->capacity);
    return connection->bytes && connection->capacity <= REQUEST_BYTES_MAX;
}

static void
on_readable(evutil_socket_t fd, short what, void *data)
{
    struct connection *connection = data;
    size_t size, head_size;
    (void)what;
    if (!grow(connection)) {
        hang_up(connection);
        return;
    }
    ssize_t got = read(fd, connection->bytes + connection->size, connection->capacity - connection->size);
    if (got <= 0) {
        hang_up(connection);
        return;
    }
    connection->size += (size_t)got;
    while ((size = request_size(connection, &head_size)) > 0) {
        if (!answer(connection, head_size, size)) {
            hang_up(connection);
            return;
        }
        connection->size -= size;
        memmove(connection->bytes, connection->bytes + size, connection->size);
    }
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from, int from_size, void *data)
{
    struct connection *connection = calloc(1, sizeof *connection);
    int yes = 1;
    (void)from, (void)from_size, (void)data;
    if (!connection)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    connection->readable = event_new(evconnlistener_get_base(listener), fd, EV_READ | EV_PERSIST, on_readable, connection);
    event_add(connection->readable, NULL);
}

int
main(int argc, char **argv)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    if (argc != 2) {
        fputs("sink PORT\n", stderr);
        return 64;
    }
    address.sin_port = htons((uint16_t)atoi(argv[1]));
    struct event_base *base = event_base_new();
    struct evconnlistener *listener =
        evconnlistener_new_bind(base, on_accept, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 256,
                                (struct sockaddr *)&address, (int)sizeof address);
    if (!listener || getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&address, &size) != 0) {
        perror("sink");
        return 69;
    }
    printf("PORT=%d\n", ntohs(address.sin_port));
    fflush(stdout);
    event_base_dispatch(base);
    return 0;
}

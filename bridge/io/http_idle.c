/* http_idle.c: one event a socket, by its number. */
#include "bridge/io/http_idle.h"

#include "codecs/check.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct idle_socket {
    struct event event;
    bool resting;
};

struct http_idle {
    struct event_base *base;
    struct idle_socket **by_fd;     /* NULL = not ours */
    int capacity;
};

struct http_idle *
http_idle_new(struct event_base *base)
{
    struct http_idle *idle = calloc(1, sizeof(*idle));
    check(idle);
    idle->base = base;
    return idle;
}

static struct idle_socket *
socket_of(const struct http_idle *idle, int fd)
{
    return fd >= 0 && fd < idle->capacity ? idle->by_fd[fd] : NULL;
}

void
http_idle_work(struct http_idle *idle, int fd)
{
    struct idle_socket *one = socket_of(idle, fd);
    if (!one || !one->resting)
        return;
    event_del(&one->event);
    one->resting = false;
}

void
http_idle_close(struct http_idle *idle, int fd)
{
    struct idle_socket *one = socket_of(idle, fd);
    if (!one)
        return;
    http_idle_work(idle, fd);
    free(one);
    idle->by_fd[fd] = NULL;
}

void
http_idle_free(struct http_idle *idle)
{
    if (!idle)
        return;
    for (int fd = 0; fd < idle->capacity; fd++)
        http_idle_close(idle, fd);
    free(idle->by_fd);
    free(idle);
}

static void
grow(struct http_idle *idle, int fd)
{
    if (fd < idle->capacity)
        return;
    int capacity = 2 * fd + 64;
    idle->by_fd = realloc(idle->by_fd, (size_t)capacity * sizeof(struct idle_socket *));
    check(idle->by_fd);
    memset(idle->by_fd + idle->capacity, 0, (size_t)(capacity - idle->capacity) * sizeof(struct idle_socket *));
    idle->capacity = capacity;
}

void
http_idle_open(struct http_idle *idle, int fd)
{
    if (fd < 0)
        return;
    grow(idle, fd);
    http_idle_close(idle, fd);      /* closed by whomever, and its number given out again */
    idle->by_fd[fd] = calloc(1, sizeof(struct idle_socket));
    check(idle->by_fd[fd]);
}

static void
on_closed(evutil_socket_t fd, short events, void *argument)
{
    (void)events;
    char bytes[4096];
    while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
        continue;
    http_idle_work(argument, fd);
}

/* EV_CLOSED tells the end of the stream apart from bytes in it; only epoll and kqueue know it. */
void
http_idle_rest(struct http_idle *idle, int fd)
{
    struct idle_socket *one = socket_of(idle, fd);
    if (!one || one->resting || !(event_base_get_features(idle->base) & EV_FEATURE_EARLY_CLOSE))
        return;
    check(event_assign(&one->event, idle->base, fd, EV_CLOSED | EV_PERSIST, on_closed, idle) == 0);
    one->resting = event_add(&one->event, NULL) == 0;
}

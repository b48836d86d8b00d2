/* http_loop.c: libcurl's multi socket interface on libevent: which sockets it wants watched, and when it wants to be called
 * next. */
#include "bridge/io/http_idle.h"
#include "bridge/io/http_parts.h"

#include "codecs/check.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <unistd.h>

/* One socket that libcurl wants watched. Kept for the next socket when it is done with: their number settles at the most seen
 * at once. */
struct watch {
    struct http_loop *loop;
    struct watch *next_free, *next_made;
    short events;
    struct event event;
};

struct http_loop {
    struct event_base *base;
    CURLM *multi;
    struct http_idle *idle;
    struct event timer;
    struct watch *free, *made;
    http_loop_done *done;
    void *owner;
};

/* Hands out what ended. Asked after every action, because an ended transfer is not said again. */
static void
loop_drain(struct http_loop *loop)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(loop->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;
        curl_multi_remove_handle(loop->multi, easy);    /* ends the life of `message` */
        loop->done(loop->owner, easy, (int)code);
    }
}

static void
loop_act(struct http_loop *loop, curl_socket_t fd, int events)
{
    int running;
    check(curl_multi_socket_action(loop->multi, fd, events, &running) == CURLM_OK);
    loop_drain(loop);
}

static void
on_socket_event(evutil_socket_t fd, short events, void *argument)
{
    struct watch *watch = argument;
    int action = (events & EV_READ ? CURL_CSELECT_IN : 0) | (events & EV_WRITE ? CURL_CSELECT_OUT : 0);
    loop_act(watch->loop, fd, action);      /* the watch may be gone from here on */
}

static void
on_timer(evutil_socket_t fd, short events, void *argument)
{
    (void)fd;
    (void)events;
    loop_act(argument, CURL_SOCKET_TIMEOUT, 0);
}

/* Only arms the timer, also for 0 ms: libcurl must not be entered from its own callback. */
static int
on_want_timer(CURLM *multi, long timeout_ms, void *argument)
{
    (void)multi;
    struct http_loop *loop = argument;
    if (timeout_ms < 0)
        return event_del(&loop->timer);
    struct timeval after = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };
    return event_add(&loop->timer, &after);
}

static struct watch *
watch_take(struct http_loop *loop)
{
    struct watch *watch = loop->free;
    if (watch) {
        loop->free = watch->next_free;
        return watch;
    }
    watch = calloc(1, sizeof(*watch));
    check(watch);
    watch->loop = loop;
    watch->next_made = loop->made;
    loop->made = watch;
    return watch;
}

static void
watch_drop(struct watch *watch)
{
    event_del(&watch->event);
    watch->events = 0;
    watch->next_free = watch->loop->free;
    watch->loop->free = watch;
}

static void
watch_set(struct watch *watch, curl_socket_t fd, short events)
{
    if (watch->events == events)
        return;
    if (watch->events)
        event_del(&watch->event);
    check(event_assign(&watch->event, watch->loop->base, fd, (short)(events | EV_PERSIST), on_socket_event, watch) == 0);
    /* The kernel may have no room for one more watch: then the call ends by its time limit, or with libcurl's next wish. */
    watch->events = event_add(&watch->event, NULL) == 0 ? events : 0;
}

static int
on_want_socket(CURL *easy, curl_socket_t fd, int what, void *argument, void *socket_data)
{
    (void)easy;
    struct http_loop *loop = argument;
    struct watch *watch = socket_data;
    if (what == CURL_POLL_REMOVE) {
        if (watch)
            watch_drop(watch);
        curl_multi_assign(loop->multi, fd, NULL);
        http_idle_rest(loop->idle, fd);
        return 0;
    }
    if (!watch) {
        http_idle_work(loop->idle, fd);
        watch = watch_take(loop);
        curl_multi_assign(loop->multi, fd, watch);
    }
    watch_set(watch, fd, (short)((what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0)));
    return 0;
}

struct http_loop *
http_loop_new(struct event_base *base, uint32_t connections, http_loop_done *done, void *owner)
{
    struct http_loop *loop = calloc(1, sizeof(*loop));
    check(loop);
    *loop = (struct http_loop){ .base = base, .multi = curl_multi_init(), .done = done, .owner = owner };
    check(loop->multi);
    loop->idle = http_idle_new(base);
    check(evtimer_assign(&loop->timer, base, on_timer, loop) == 0);
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_want_socket);
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_want_timer);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    /* Idle ones kept; those in use have no limit here, so that libcurl never queues a call behind another. */
    curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, (long)connections);
    curl_multi_setopt(loop->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, 0L);
    return loop;
}

void
http_loop_free(struct http_loop *loop)
{
    if (!loop)
        return;
    curl_multi_cleanup(loop->multi);
    http_idle_free(loop->idle);
    event_del(&loop->timer);
    while (loop->made) {
        struct watch *watch = loop->made;
        loop->made = watch->next_made;
        if (watch->events)
            event_del(&watch->event);
        free(watch);
    }
    free(loop);
}

int
http_loop_opened(struct http_loop *loop, int fd)
{
    http_idle_open(loop->idle, fd);
    return fd;
}

int
http_loop_close(void *loop, int fd)
{
    http_idle_close(((struct http_loop *)loop)->idle, fd);
    return close(fd);
}

bool
http_loop_add(struct http_loop *loop, void *easy)
{
    return curl_multi_add_handle(loop->multi, easy) == CURLM_OK;
}

void
http_loop_remove(struct http_loop *loop, void *easy)
{
    curl_multi_remove_handle(loop->multi, easy);
}

/* sim_connection.c: one connection of the traffic address: requests in, replies out, and the ends that faults ask for. */
#include "bridge/sim/http_parse.h"
#include "bridge/sim/sim_io.h"
#include "bridge/sim/world.h"
#include "codecs/check.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>

enum state {
    READING,        /* for the next request; the timer, if it runs, is idle_close */
    DELAYED,        /* the reply is in `pending`, the timer ends its delay */
    DRIPPING,       /* the reply is in `pending`, the timer lets the next bytes go */
    HANGING,        /* the timer closes */
    FLUSHING,       /* closed when everything is written */
};

struct sim_connection {
    struct sim_server *server;
    struct sim_connection *next, **link;
    struct bufferevent *stream;
    struct evbuffer *pending;
    struct event *timer;
    enum state state;
    bool close_after;
    bool continued;             /* 100 Continue was said for the request being read */
    size_t needed;              /* bytes of the request being read, 0 = not known */
    int64_t drip_bytes, drip_ms, idle_close_ms;
};

static void read_requests(struct sim_connection *connection);

static void
close_now(struct sim_connection *connection)
{
    if (connection->next)
        connection->next->link = connection->link;
    *connection->link = connection->next;
    if (connection->timer)
        event_free(connection->timer);
    evbuffer_free(connection->pending);
    bufferevent_free(connection->stream);
    free(connection);
}

static void
reset_now(struct sim_connection *connection)
{
    struct linger reset = { .l_onoff = 1, .l_linger = 0 };
    setsockopt(bufferevent_getfd(connection->stream), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close_now(connection);
}

static void
start_timer(struct sim_connection *connection, int64_t ms)
{
    struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
    event_add(connection->timer, &wait);
}

/* Writes at once what the socket takes: that spares the loop a turn and two changes of its interest. */
static void
write_out(struct sim_connection *connection)
{
    struct evbuffer *output = bufferevent_get_output(connection->stream);
    if (evbuffer_get_length(output) == 0 && evbuffer_get_length(connection->pending) > 0)
        (void)evbuffer_write(connection->pending, bufferevent_getfd(connection->stream));
    if (evbuffer_get_length(connection->pending) > 0)
        evbuffer_add_buffer(output, connection->pending);
}

/* The reply has left `pending`. False = the connection is gone. */
static bool
finish_reply(struct sim_connection *connection)
{
    if (connection->close_after) {
        connection->state = FLUSHING;
        if (evbuffer_get_length(bufferevent_get_output(connection->stream)) == 0) {
            close_now(connection);
            return false;
        }
        return true;
    }
    connection->state = READING;
    if (connection->idle_close_ms >= 0)
        start_timer(connection, connection->idle_close_ms);
    return true;
}

static void
drip(struct sim_connection *connection)
{
    size_t size = evbuffer_get_length(connection->pending);
    if ((size_t)connection->drip_bytes < size)
        size = (size_t)connection->drip_bytes;
    evbuffer_remove_buffer(connection->pending, bufferevent_get_output(connection->stream), size);
    if (evbuffer_get_length(connection->pending) > 0)
        start_timer(connection, connection->drip_ms);
    else if (finish_reply(connection))
        read_requests(connection);
}

static bool
send_reply(struct sim_connection *connection)
{
    if (connection->drip_bytes > 0) {
        connection->state = DRIPPING;
        start_timer(connection, 0);
        return true;
    }
    write_out(connection);
    return finish_reply(connection);
}

static void
on_timer(evutil_socket_t fd, short what, void *data)
{
    struct sim_connection *connection = data;
    (void)fd, (void)what;
    switch (connection->state) {
    case READING:
    case HANGING:
        close_now(connection);
        return;
    case DELAYED:
        if (send_reply(connection) && connection->state == READING)
            read_requests(connection);
        return;
    case DRIPPING:
        drip(connection);
        return;
    case FLUSHING:
        return;
    }
}

static void
add_spaces(struct evbuffer *out, uint64_t bytes)
{
    static char spaces[64 * 1024];
    if (!spaces[0])
        memset(spaces, ' ', sizeof(spaces));
    for (; bytes > 0; bytes -= bytes < sizeof(spaces) ? bytes : sizeof(spaces))
        evbuffer_add_reference(out, spaces, bytes < sizeof(spaces) ? (size_t)bytes : sizeof(spaces), NULL, NULL);
}

/* Turns the reply into bytes in `pending`. */
static void
write_reply(struct sim_connection *connection, const struct sim_reply *reply)
{
    struct evbuffer *out = connection->pending;
    uint64_t length = reply->body.size + reply->filler_bytes;
    uint64_t cut = reply->cut_at >= 0 && (uint64_t)reply->cut_at < length ? (uint64_t)reply->cut_at : length;
    char head[160];
    struct buf line;
    buf_init(&line, head, sizeof(head));
    buf_format(&line, "HTTP/1.1 %d %s\r\nContent-Length: %lld\r\nConnection: %s\r\n", reply->status, status_text(reply->status),
               (long long)length + reply->length_error < 0 ? 0 : (long long)length + reply->length_error,
               connection->close_after && reply->end != SIM_END_CLOSE_SILENTLY && reply->cut_at < 0 ? "close" : "keep-alive");
    evbuffer_add(out, line.at, line.size);
    evbuffer_add(out, reply->head.at, reply->head.size);
    evbuffer_add(out, "\r\n", 2);
    evbuffer_add(out, reply->body.at, cut < reply->body.size ? (size_t)cut : reply->body.size);
    if (cut > reply->body.size)
        add_spaces(out, cut - reply->body.size);
}

/* False = the connection is gone. */
static bool
answer(struct sim_connection *connection, const struct sim_reply *reply, bool keep_alive)
{
    switch (reply->end) {
    case SIM_END_NO_REPLY_CLOSE:
        close_now(connection);
        return false;
    case SIM_END_NO_REPLY_RESET:
        reset_now(connection);
        return false;
    case SIM_END_HANG:
        connection->state = HANGING;
        start_timer(connection, reply->hang_ms);
        return true;
    case SIM_END_KEEP:
    case SIM_END_CLOSE:
    case SIM_END_CLOSE_SILENTLY:
        break;
    }
    connection->close_after = !keep_alive || reply->end != SIM_END_KEEP || reply->cut_at >= 0;
    connection->drip_bytes = reply->drip_bytes;
    connection->drip_ms = reply->drip_ms;
    connection->idle_close_ms = reply->idle_close_ms;
    write_reply(connection, reply);
    if (reply->delay_ms <= 0)
        return send_reply(connection);
    connection->state = DELAYED;
    start_timer(connection, reply->delay_ms);
    return true;
}

/* What the server itself refuses: no request of either API. */
static void
refuse(struct sim_connection *connection, int status)
{
    struct sim_reply *reply = &connection->server->reply;
    reply_reset(reply);
    reply->status = status;
    reply->end = SIM_END_CLOSE;
    answer(connection, reply, false);
}

/* One request, if it is whole. True = look for another. */
static bool
read_request(struct sim_connection *connection)
{
    static struct http_request http;
    struct evbuffer *input = bufferevent_get_input(connection->stream);
    size_t size = evbuffer_get_length(input);
    if (size == 0 || size < connection->needed)
        return false;
    struct slice bytes = { (const char *)evbuffer_pullup(input, -1), size };
    switch (http_parse(bytes, &http)) {
    case HTTP_MORE:
        connection->needed = http.needed;
        if (http.expects_continue && !connection->continued) {
            connection->continued = true;
            bufferevent_write(connection->stream, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        }
        return false;
    case HTTP_BAD:
        refuse(connection, http.status);
        return false;
    case HTTP_WHOLE:
        break;
    }
    struct sim_server *server = connection->server;
    connection->needed = 0;
    connection->continued = false;
    http.request.wall_ms = sim_wall_ms();
    sim_handle(server->sim, &http.request, &server->reply);
    evbuffer_drain(input, http.bytes);
    return answer(connection, &server->reply, http.keep_alive) && connection->state == READING;
}

static void
read_requests(struct sim_connection *connection)
{
    while (connection->state == READING && read_request(connection))
        continue;
}

static void
on_read(struct bufferevent *stream, void *data)
{
    struct sim_connection *connection = data;
    (void)stream;
    if (connection->state == READING && event_pending(connection->timer, EV_TIMEOUT, NULL))
        event_del(connection->timer);
    read_requests(connection);
}

static void
on_written(struct bufferevent *stream, void *data)
{
    struct sim_connection *connection = data;
    (void)stream;
    if (connection->state == FLUSHING)
        close_now(connection);
}

static void
on_end(struct bufferevent *stream, short what, void *data)
{
    (void)stream;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        close_now(data);
}

void
sim_connection_open(struct sim_server *server, int fd)
{
    struct sim_connection *connection = calloc(1, sizeof(*connection));
    check(connection != NULL);
    evutil_make_socket_nonblocking(fd);
    connection->server = server;
    connection->idle_close_ms = -1;
    connection->stream = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
    connection->pending = evbuffer_new();
    connection->timer = evtimer_new(server->base, on_timer, connection);
    check(connection->stream && connection->pending && connection->timer);
    connection->next = server->connections;
    connection->link = &server->connections;
    if (connection->next)
        connection->next->link = &connection->next;
    server->connections = connection;
    bufferevent_setcb(connection->stream, on_read, on_written, on_end, connection);
    bufferevent_enable(connection->stream, EV_READ | EV_WRITE);
}

void
sim_connections_close(struct sim_server *server)
{
    while (server->connections)
        close_now(server->connections);
}

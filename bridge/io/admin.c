/* admin.c: what the admin port answers. The gate in front of it is admin_gate.c. */
#include "bridge/io/admin.h"

#include "bridge/io/admin_parts.h"
#include "bridge/io/clock.h"
#include "bridge/space.h"
#include "codecs/check.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    HEADER_BYTES_MAX = 8 * 1024,
    IDLE_S = 5,
    METRICS_BYTES_MAX = 8 * 1024 * 1024,    /* reserved, touched as used */
    METRICS_FRESH_MS = 1000,
    TEXT_BYTES_MAX = 16 * 1024,
};

struct admin {
    struct admin_handler handler;
    struct evhttp *server;
    struct gate *gate;
    struct buf metrics;             /* rendered at metrics_ms */
    ms_t metrics_ms;
    struct buf text;                /* every other answer */
    char text_memory[TEXT_BYTES_MAX];
};

static const char TEXT_PLAIN[] = "text/plain; charset=utf-8";

/* ---- sending ---- */

static void
send_headers(struct evhttp_request *request, const char *content_type, size_t body_size)
{
    char length[24];
    snprintf(length, sizeof(length), "%zu", body_size);
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    evhttp_add_header(headers, "Content-Type", content_type);
    evhttp_add_header(headers, "Content-Length", length);
    evhttp_add_header(headers, "Connection", "close");
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    evhttp_add_header(headers, "Referrer-Policy", "no-referrer");
    evhttp_add_header(headers, "Cross-Origin-Resource-Policy", "same-origin");
}

/* The body is copied: its buffer may be written anew while a slow reader still takes it. */
static void
send_reply(struct evhttp_request *request, int status, const char *content_type, const struct buf *body)
{
    if (body->overflow)
        status = HTTP_INTERNAL;
    struct slice bytes = body->overflow ? SLICE("the answer does not fit its buffer\n") : buf_view(body);
    send_headers(request, body->overflow ? TEXT_PLAIN : content_type, bytes.size);
    struct evbuffer *copy = NULL;
    if (evhttp_request_get_command(request) != EVHTTP_REQ_HEAD) {
        copy = evbuffer_new();
        check(copy && evbuffer_add(copy, bytes.at, bytes.size) == 0);
    }
    evhttp_send_reply(request, status, NULL, copy);
    if (copy)
        evbuffer_free(copy);
}

static void
send_text(struct admin *admin, struct evhttp_request *request, int status, const char *text)
{
    buf_reset(&admin->text);
    buf_text(&admin->text, text);
    send_reply(request, status, TEXT_PLAIN, &admin->text);
}

/* ---- the endpoints ---- */

static bool
is_verbose(struct evhttp_request *request)
{
    const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request));
    for (; query; query = strchr(query, '&')) {
        query += *query == '&';
        size_t size = strcspn(query, "&");
        if (slice_is((struct slice){ query, size }, "verbose=1") || slice_is((struct slice){ query, size }, "verbose"))
            return true;
    }
    return false;
}

/* One line a check, as kubectl's users know them from the API server: "[+]kafka ok", "[-]redis failed: no answer for 30 s". */
static void
answer_checks(struct admin *admin, struct evhttp_request *request, const struct admin_check *checks, uint32_t n)
{
    bool verbose = is_verbose(request), ok = true;
    struct buf *text = &admin->text;
    buf_reset(text);
    for (uint32_t i = 0; i < n; i++) {
        ok = ok && checks[i].ok;
        if (!checks[i].ok)
            buf_format(text, "[-]%s failed: %s\n", checks[i].name, checks[i].why ? checks[i].why : "no reason given");
        else if (verbose)
            buf_format(text, "[+]%s ok\n", checks[i].name);
    }
    if (ok)
        buf_text(text, "ok\n");
    send_reply(request, ok ? HTTP_OK : HTTP_SERVUNAVAIL, TEXT_PLAIN, text);
}

/* That the loop came here is the whole check. */
static void
answer_livez(struct admin *admin, struct evhttp_request *request)
{
    struct admin_check loop = { "loop", true, NULL };
    answer_checks(admin, request, &loop, 1);
}

static void
answer_readyz(struct admin *admin, struct evhttp_request *request)
{
    struct admin_check checks[ADMIN_CHECKS_MAX];
    uint32_t n = admin->handler.checks(admin->handler.owner, checks);
    check(n <= ADMIN_CHECKS_MAX);
    answer_checks(admin, request, checks, n);
}

static void
answer_startupz(struct admin *admin, struct evhttp_request *request)
{
    struct admin_check started = { "started", admin->handler.started(admin->handler.owner), "starting" };
    answer_checks(admin, request, &started, 1);
}

/* However many ask, the loop renders once a second. */
static void
answer_metrics(struct admin *admin, struct evhttp_request *request)
{
    ms_t now_ms = clock_now_ms();
    if (now_ms - admin->metrics_ms >= METRICS_FRESH_MS) {
        buf_reset(&admin->metrics);
        admin->handler.metrics(admin->handler.owner, &admin->metrics);
        admin->metrics_ms = now_ms;
    }
    send_reply(request, HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", &admin->metrics);
}

static void
answer_version(struct admin *admin, struct evhttp_request *request)
{
    buf_reset(&admin->text);
    admin->handler.version(admin->handler.owner, &admin->text);
    send_reply(request, HTTP_OK, "application/json", &admin->text);
}

static const struct {
    const char *path;
    void (*answer)(struct admin *, struct evhttp_request *);
} endpoints[] = {
    { "/livez",    answer_livez    },
    { "/readyz",   answer_readyz   },
    { "/startupz", answer_startupz },
    { "/metrics",  answer_metrics  },
    { "/version",  answer_version  },
};

static void
on_request(struct evhttp_request *request, void *argument)
{
    struct admin *admin = argument;
    gate_requested(admin->gate, evhttp_connection_get_bufferevent(evhttp_request_get_connection(request)));
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
    size_t i = 0, n = sizeof(endpoints) / sizeof(endpoints[0]);
    while (i < n && strcmp(endpoints[i].path, path ? path : "") != 0)
        i++;
    if (i == n) {
        send_text(admin, request, HTTP_NOTFOUND, "not found; there are /livez /readyz /startupz /metrics /version\n");
        return;
    }
    if (evhttp_request_get_command(request) & (EVHTTP_REQ_GET | EVHTTP_REQ_HEAD)) {
        endpoints[i].answer(admin, request);
        return;
    }
    evhttp_add_header(evhttp_request_get_output_headers(request), "Allow", "GET, HEAD");
    send_text(admin, request, HTTP_BADMETHOD, "only GET and HEAD\n");
}

/* ---- the header's functions ---- */

static void
server_limits(struct evhttp *server)
{
    evhttp_set_max_headers_size(server, HEADER_BYTES_MAX);
    evhttp_set_max_body_size(server, 0);
    evhttp_set_timeout(server, IDLE_S);
    /* All methods come to on_request: to one outside its mask libevent answers 501, which is wrong for one that it knows. */
    evhttp_set_allowed_methods(server, UINT16_MAX);
}

struct admin *
admin_new(struct event_base *base, const char *listen, const struct admin_handler *handler, char *error, size_t error_size)
{
    struct admin *admin = calloc(1, sizeof(*admin));
    check(admin);
    admin->handler = *handler;
    admin->metrics_ms = clock_now_ms() - METRICS_FRESH_MS;
    buf_init(&admin->text, admin->text_memory, sizeof(admin->text_memory));
    buf_init(&admin->metrics, space_map(METRICS_BYTES_MAX), METRICS_BYTES_MAX);

    admin->server = evhttp_new(base);
    check(admin->server);
    server_limits(admin->server);
    evhttp_set_gencb(admin->server, on_request, admin);
    admin->gate = gate_new(base, admin->server, listen, error, error_size);
    if (!admin->gate) {
        admin_free(admin);
        return NULL;
    }
    return admin;
}

void
admin_free(struct admin *admin)
{
    if (!admin)
        return;
    evhttp_free(admin->server);
    gate_free(admin->gate);
    space_unmap(admin->metrics.at, METRICS_BYTES_MAX);
    free(admin);
}

uint16_t
admin_port(const struct admin *admin)
{
    return gate_port(admin->gate);
}

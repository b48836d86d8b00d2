/* sim_control.c: the control address: what was carried out, what was counted, and the faults to play. */
#include "bridge/sim/sim_io.h"

#include "codecs/check.h"
#include "codecs/json.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>

enum { CONTROL_BYTES = 256 * 1024, CONTROL_BODY_BYTES_MAX = 1024 * 1024 };

static void
reply_with(struct evhttp_request *request, int status, const char *type, struct slice text)
{
    struct evbuffer *out = evbuffer_new();
    check(out != NULL);
    evbuffer_add(out, text.at, text.size);
    evbuffer_add(out, "\n", 1);
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", type);
    evhttp_send_reply(request, status, status == 200 ? "OK" : "Refused", out);
    evbuffer_free(out);
}

static void
reply_json(struct evhttp_request *request, struct slice text)
{
    reply_with(request, 200, "application/json", text);
}

static void
refuse(struct evhttp_request *request, int status, const char *why)
{
    char memory[8192];
    struct buf out;
    buf_init(&out, memory, sizeof(memory));
    buf_text(&out, "{\"error\":");
    buf_json_string(&out, slice_of(why));
    buf_char(&out, '}');
    reply_with(request, status, "application/json", buf_view(&out));
}

static void
show_live(struct evhttp_request *request, struct sim_server *server)
{
    (void)server;
    reply_with(request, 200, "text/plain", SLICE("ok"));
}

static void
show_stats(struct evhttp_request *request, struct sim_server *server)
{
    struct buf out;
    void *memory = malloc(CONTROL_BYTES);
    check(memory != NULL);
    buf_init(&out, memory, CONTROL_BYTES);
    sim_stats_json(server->sim, &out);
    reply_json(request, buf_view(&out));
    free(memory);
}

static void
show_faults(struct evhttp_request *request, struct sim_server *server)
{
    char memory[32 * 1024];
    struct buf out;
    buf_init(&out, memory, sizeof(memory));
    faults_json(sim_faults(server->sim), &out);
    reply_json(request, buf_view(&out));
}

/* ?since=N skips the first N, so that a reader can follow. */
static uint64_t
read_since(struct evhttp_request *request)
{
    struct evkeyvalq query;
    const char *text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request));
    uint64_t since = 0;
    if (!text || evhttp_parse_query_str(text, &query) != 0)
        return 0;
    const char *value = evhttp_find_header(&query, "since");
    if (value)
        since = strtoull(value, NULL, 10);
    evhttp_clear_headers(&query);
    return since;
}

/* JSON lines, in the order of execution. */
static void
show_ledger(struct evhttp_request *request, struct sim_server *server)
{
    const struct execution *execution;
    struct evbuffer *out = evbuffer_new();
    char *memory = malloc(CONTROL_BYTES);
    check(out != NULL && memory != NULL);
    for (uint64_t i = read_since(request); (execution = ledger_at(sim_ledger(server->sim), i)) != NULL; i++) {
        struct buf line;
        buf_init(&line, memory, CONTROL_BYTES);
        execution_json(execution, &line);
        buf_char(&line, '\n');
        evbuffer_add(out, line.at, line.size);
    }
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", "application/x-ndjson");
    evhttp_send_reply(request, 200, "OK", out);
    evbuffer_free(out);
    free(memory);
}

static void
reset(struct evhttp_request *request, struct sim_server *server)
{
    sim_reset(server->sim);
    reply_json(request, SLICE("{}"));
}

static void
clear_faults(struct evhttp_request *request, struct sim_server *server)
{
    faults_clear(sim_faults(server->sim));
    reply_json(request, SLICE("[]"));
}

/* Parses the body and hands it to `take`, which explains in `error` what it does not take. */
static void
with_json(struct evhttp_request *request, struct sim_server *server,
          bool (*take)(struct sim *, const struct value *, char *error, size_t error_size),
          void (*then)(struct evhttp_request *, struct sim_server *))
{
    struct evbuffer *input = evhttp_request_get_input_buffer(request);
    struct slice text = { (const char *)evbuffer_pullup(input, -1), evbuffer_get_length(input) };
    char error[4096] = "the body is not JSON";
    size_t needed = json_arena_bytes(text.size);
    void *memory = aligned_alloc(16, (needed + 15) / 16 * 16);
    const struct value *root = NULL;
    struct arena arena;
    check(memory != NULL);
    arena_init(&arena, memory, needed);
    if (text.size > 0 && json_read(text, &arena, &root) == FAULT_NONE && take(server->sim, root, error, sizeof(error)))
        then(request, server);
    else
        refuse(request, 400, error);
    free(memory);
}

static bool
take_faults(struct sim *sim, const struct value *json, char *error, size_t error_size)
{
    int64_t now_ms = sim_wall_ms() + knob_number(sim_knobs(sim), KNOB_clock_offset);
    return faults_add_json(sim_faults(sim), json, now_ms, error, error_size);
}

static void
add_faults(struct evhttp_request *request, struct sim_server *server)
{
    with_json(request, server, take_faults, show_faults);
}

/* {"knob":"value",...}: all or none. */
static bool
take_knobs(struct sim *sim, const struct value *json, char *error, size_t error_size)
{
    struct knobs changed = *sim_knobs(sim);
    for (uint32_t i = 0; json->type == VALUE_OBJECT && i < json->count; i++)
        if (!knobs_set(&changed, json->members[i].name, json->members[i].value.text, error, error_size))
            return false;
    *sim_knobs(sim) = changed;
    return json->type == VALUE_OBJECT;
}

static void
show_knobs(struct evhttp_request *request, struct sim_server *server)
{
    char memory[16 * 1024];
    struct buf out;
    buf_init(&out, memory, sizeof(memory));
    knobs_json(sim_knobs(server->sim), &out);
    reply_json(request, buf_view(&out));
}

static void
set_knobs(struct evhttp_request *request, struct sim_server *server)
{
    with_json(request, server, take_knobs, show_knobs);
}

static const struct route {
    enum evhttp_cmd_type method;
    const char *path;
    void (*serve)(struct evhttp_request *, struct sim_server *);
} routes[] = {
    { EVHTTP_REQ_GET, "/livez", show_live },       { EVHTTP_REQ_GET, "/stats", show_stats },
    { EVHTTP_REQ_GET, "/ledger", show_ledger },    { EVHTTP_REQ_GET, "/faults", show_faults },
    { EVHTTP_REQ_POST, "/faults", add_faults },    { EVHTTP_REQ_DELETE, "/faults", clear_faults },
    { EVHTTP_REQ_GET, "/knobs", show_knobs },      { EVHTTP_REQ_POST, "/knobs", set_knobs },
    { EVHTTP_REQ_POST, "/reset", reset },
};

static void
on_request(struct evhttp_request *request, void *data)
{
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        if (path && strcmp(path, routes[i].path) == 0 && evhttp_request_get_command(request) == routes[i].method) {
            routes[i].serve(request, data);
            return;
        }
    refuse(request, 404, "GET /livez /stats /ledger /faults /knobs; POST /faults /knobs /reset; DELETE /faults");
}

void
sim_control_serve(struct sim_server *server)
{
    evhttp_set_max_body_size(server->control, CONTROL_BODY_BYTES_MAX);
    evhttp_set_allowed_methods(server->control, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_DELETE);
    evhttp_set_gencb(server->control, on_request, server);
}

/* reply.c: the parts of a reply that both backends share, and the portal's gateway's own errors. */
#include "bridge/sim/world.h"

#include <time.h>

enum { HEAD_BYTES = 16 * 1024 };

void
sim_reply_init(struct sim_reply *reply, void *memory)
{
    *reply = (struct sim_reply){ 0 };
    buf_init(&reply->head, memory, HEAD_BYTES);
    buf_init(&reply->body, (char *)memory + HEAD_BYTES, SIM_REPLY_BYTES - HEAD_BYTES);
}

void
reply_reset(struct sim_reply *reply)
{
    struct buf head = reply->head, body = reply->body;
    buf_reset(&head);
    buf_reset(&body);
    *reply = (struct sim_reply){ .status = 200, .head = head, .body = body, .idle_close_ms = -1, .cut_at = -1 };
}

void
reply_header(struct sim_reply *reply, const char *name, struct slice value)
{
    buf_text(&reply->head, name);
    buf_text(&reply->head, ": ");
    buf_slice(&reply->head, value);
    buf_text(&reply->head, "\r\n");
}

void
reply_type(struct sim_reply *reply, const char *content_type)
{
    reply_header(reply, "Content-Type", slice_of(content_type));
}

/* RFC 9110, 5.6.7. The text is made once a second. */
void
reply_date(struct sim_call *call)
{
    struct sim *sim = call->sim;
    time_t now = (time_t)(call->now_ms / 1000);
    if (now != sim->date_s || !sim->date[0]) {
        struct tm tm;
        gmtime_r(&now, &tm);
        strftime(sim->date, sizeof(sim->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
        sim->date_s = now;
    }
    reply_header(call->reply, "Date", slice_of(sim->date));
}

const char *
status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        { 200, "OK" },           { 302, "Found" },             { 400, "Bad Request" },           { 401, "Unauthorized" },
        { 403, "Forbidden" },    { 404, "Not Found" },         { 405, "Method Not Allowed" },    { 413, "Payload Too Large" },
        { 414, "URI Too Long" }, { 429, "Too Many Requests" }, { 500, "Internal Server Error" }, { 502, "Bad Gateway" },
        { 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "Status";
}

/* What a load balancer in front of the gateways says. */
void
reply_html(struct sim_call *call, int status)
{
    const char *text = status_text(status);
    call->reply->status = status;
    buf_reset(&call->reply->body);
    reply_type(call->reply, "text/html");
    buf_format(&call->reply->body, "<html>\r\n<head><title>%d %s</title></head>\r\n<body>\r\n<center><h1>%d %s</h1></center>\r\n"
               "</body>\r\n</html>\r\n", status, text, status, text);
}

void
kong_refuse(struct sim_call *call, int status, const char *message)
{
    static const struct {
        int status;
        const char *message;
    } messages[] = {
        { 400, "Cannot process request body" }, { 401, "Invalid authentication credentials" },
        { 403, "Your IP address is not allowed" }, { 413, "Request size limit exceeded" }, { 429, "API rate limit exceeded" },
        { 500, "An unexpected error occurred" }, { 503, "Service unavailable" },
    };
    for (size_t i = 0; !message && i < sizeof(messages) / sizeof(messages[0]); i++)
        if (messages[i].status == status)
            message = messages[i].message;
    call->reply->status = status;
    buf_reset(&call->reply->body);
    reply_type(call->reply, "application/json; charset=utf-8");
    buf_text(&call->reply->body, "{\"message\":");
    buf_json_string(&call->reply->body, slice_of(message ? message : status_text(status)));
    buf_char(&call->reply->body, '}');
}

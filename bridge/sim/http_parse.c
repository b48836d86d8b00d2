/* http_parse.c: request line, header lines, Content-Length (RFC 9112). */
#include "bridge/sim/http_parse.h"

#include <strings.h>

static enum http_parsed
bad(struct http_request *http, int status)
{
    http->status = status;
    return HTTP_BAD;
}

/* The next line without its CRLF; false at the end of the text. */
static bool
take_line(struct slice *text, struct slice *line)
{
    const char *end = text->size > 0 ? memmem(text->at, text->size, "\r\n", 2) : NULL;
    if (!end)
        return false;
    *line = (struct slice){ text->at, (size_t)(end - text->at) };
    *text = (struct slice){ end + 2, text->size - line->size - 2 };
    return true;
}

static bool
read_request_line(struct slice line, struct http_request *http)
{
    const char *first = memchr(line.at, ' ', line.size);
    if (!first || first == line.at)
        return false;
    size_t method = (size_t)(first - line.at), rest = line.size - method - 1;
    const char *second = memchr(first + 1, ' ', rest);
    if (!second || first[1] != '/')
        return false;
    http->request.method = (struct slice){ line.at, method };
    http->request.target = (struct slice){ first + 1, (size_t)(second - first - 1) };
    struct slice version = { second + 1, rest - http->request.target.size - 1 };
    http->keep_alive = slice_is(version, "HTTP/1.1");
    return http->keep_alive || slice_is(version, "HTTP/1.0");
}

static bool
read_header(struct slice line, struct sim_header *header)
{
    const char *colon = line.size > 0 ? memchr(line.at, ':', line.size) : NULL;
    if (!colon || colon == line.at || line.at[0] == ' ' || line.at[0] == '\t' || colon[-1] == ' ')
        return false;
    header->name = (struct slice){ line.at, (size_t)(colon - line.at) };
    struct slice value = { colon + 1, line.size - header->name.size - 1 };
    while (value.size > 0 && (value.at[0] == ' ' || value.at[0] == '\t'))
        value = (struct slice){ value.at + 1, value.size - 1 };
    while (value.size > 0 && (value.at[value.size - 1] == ' ' || value.at[value.size - 1] == '\t'))
        value.size--;
    header->value = value;
    return true;
}

static bool
is_named(const struct sim_header *header, const char *name)
{
    return header->name.size == strlen(name) && strncasecmp(header->name.at, name, header->name.size) == 0;
}

static bool
is_word(struct slice value, const char *word)
{
    return value.size == strlen(word) && strncasecmp(value.at, word, value.size) == 0;
}

static bool
read_length(struct slice value, size_t *length)
{
    *length = 0;
    if (value.size == 0 || value.size > 12)
        return false;
    for (size_t i = 0; i < value.size; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return false;
        *length = *length * 10 + (size_t)(value.at[i] - '0');
    }
    return true;
}

/* What the connection itself needs to know. 0 = fine, else the status to refuse with. */
static int
read_framing(struct http_request *http, size_t *length)
{
    bool has_length = false;
    *length = 0;
    for (uint32_t i = 0; i < http->request.n_headers; i++) {
        const struct sim_header *header = &http->headers[i];
        if (is_named(header, "transfer-encoding"))
            return 411;
        if (is_named(header, "content-length")) {
            if (has_length || !read_length(header->value, length))
                return 400;
            has_length = true;
        } else if (is_named(header, "connection")) {
            http->keep_alive = http->keep_alive ? !is_word(header->value, "close") : is_word(header->value, "keep-alive");
        } else if (is_named(header, "expect")) {
            http->expects_continue = is_word(header->value, "100-continue");
        }
    }
    return *length > SIM_BODY_BYTES_MAX ? 413 : 0;
}

enum http_parsed
http_parse(struct slice bytes, struct http_request *http)
{
    http->request = (struct sim_request){ .headers = http->headers };
    http->bytes = http->needed = 0;
    http->expects_continue = false;
    const char *end = bytes.size > 0 ? memmem(bytes.at, bytes.size, "\r\n\r\n", 4) : NULL;
    if (!end)
        return bytes.size > HTTP_HEAD_BYTES_MAX ? bad(http, 431) : HTTP_MORE;
    struct slice head = { bytes.at, (size_t)(end - bytes.at) + 2 }, line;
    size_t length, head_bytes = head.size + 2;
    if (!take_line(&head, &line) || !read_request_line(line, http))
        return bad(http, 400);
    while (take_line(&head, &line)) {
        if (http->request.n_headers == SIM_REQUEST_HEADERS_MAX)
            return bad(http, 431);
        if (!read_header(line, &http->headers[http->request.n_headers++]))
            return bad(http, 400);
    }
    int status = read_framing(http, &length);
    if (status)
        return bad(http, status);
    http->bytes = http->needed = head_bytes + length;
    http->request.body = (struct slice){ bytes.at + head_bytes, length };
    return bytes.size < http->needed ? HTTP_MORE : HTTP_WHOLE;
}

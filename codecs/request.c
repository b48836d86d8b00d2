/* request.c: one HTTP request in memory that is given once and used again; percent-encoding. */
#include "codecs/request.h"

void
request_init(struct request *request, void *memory, size_t target_bytes, size_t body_bytes, size_t head_bytes)
{
    char *at = memory;
    *request = (struct request){ .method = "POST" };
    buf_init(&request->target, at, target_bytes);
    buf_init(&request->body, at + target_bytes, body_bytes);
    buf_init(&request->head, at + target_bytes + body_bytes, head_bytes);
}

void
request_reset(struct request *request)
{
    buf_reset(&request->target);
    buf_reset(&request->body);
    buf_reset(&request->head);
    request->n_lines = 0;
    request->messages = 0;
}

/* A line break inside a value would be a header of its own: nothing that comes from a file or an event may do that. */
static bool
is_one_line(struct slice value)
{
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

void
request_header(struct request *request, const char *name, struct slice value)
{
    struct buf *head = &request->head;
    if (request->n_lines == REQUEST_HEADERS_MAX || !is_one_line(value))
        head->overflow = true;
    if (head->overflow)
        return;
    const char *line = head->at + head->size;
    buf_text(head, name);
    buf_text(head, ": ");
    buf_slice(head, value);
    buf_char(head, '\0');
    if (!head->overflow)
        request->lines[request->n_lines++] = line;
}

static bool
line_is(const char *line, const char *name)
{
    size_t size = strlen(name);
    return strncmp(line, name, size) == 0 && line[size] == ':';
}

void
request_drop_from(struct request *request, const char *name)
{
    struct buf *head = &request->head;
    for (uint32_t i = 0; i < request->n_lines; i++) {
        if (!line_is(request->lines[i], name))
            continue;
        size_t kept = (size_t)(request->lines[i] - head->at);
        memset(head->at + kept, 0, head->size - kept);
        request_undo(head, kept);
        request->n_lines = i;
        return;
    }
}

void
request_undo(struct buf *buf, size_t size)
{
    buf->size = size;
    buf->overflow = false;
}

bool
request_is_whole(const struct request *request)
{
    return !request->target.overflow && !request->body.overflow && !request->head.overflow;
}

static bool
is_unreserved(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' || c == '_' || c == '.' || c == '~';
}

void
percent_encode(struct buf *buf, struct slice text)
{
    static const char digits[] = "0123456789ABCDEF";
    char chunk[192];    /* whole escapes only, so that one put serves many bytes */
    size_t used = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (is_unreserved(c)) {
            chunk[used++] = (char)c;
        } else {
            chunk[used++] = '%';
            chunk[used++] = digits[c >> 4];
            chunk[used++] = digits[c & 15];
        }
        if (used > sizeof(chunk) - 3) {
            buf_put(buf, chunk, used);
            used = 0;
        }
    }
    buf_put(buf, chunk, used);
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
percent_decode(struct buf *buf, struct slice text, bool plus_is_space)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (c == '%') {
            int high = i + 2 < text.size ? hex_digit(text.at[i + 1]) : -1;
            int low = i + 2 < text.size ? hex_digit(text.at[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        buf_char(buf, c);
    }
    return true;
}

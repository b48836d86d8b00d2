/* request.c: one HTTP request in memory that is given once and used again; percent-encoding. */
#include "codecs/request.h"

#include <stdint.h>

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

static bool
is_control(unsigned char c)
{
    return (c < 0x20 && c != '\t') || c == 0x7f;
}

/* Eight bytes at once: true when one of them may be a control character, always when one is. Borrows of the subtractions run
 * upwards only from a byte that is one, and spoil nothing but a sure yes. */
static bool
may_hold_control(const char *at)
{
    const uint64_t each = UINT64_C(0x0101010101010101), top = each << 7;
    uint64_t eight, deleted;
    memcpy(&eight, at, sizeof eight);
    deleted = eight ^ each * 0x7f;
    return (((eight - each * 0x20) & ~eight) | ((deleted - each) & ~deleted)) & top;
}

/* A line break inside a value would be a header of its own: nothing that comes from a file or an event may do that. */
static bool
is_one_line(struct slice value)
{
    size_t i = 0;
    while (i < value.size) {
        if (value.size - i >= 8 && !may_hold_control(value.at + i))
            i += 8;
        else if (is_control((unsigned char)value.at[i++]))
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
    static const uint64_t set[4] = { 0x03ff600000000000, 0x47fffffe87fffffe };      /* "-.", 0-9; A-Z, "_", a-z, "~" */
    return set[c >> 6] >> (c & 63) & 1;
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

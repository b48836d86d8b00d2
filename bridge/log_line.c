/* log_line.c: the two forms of a line. Everything that comes from outside is escaped and cut: content cannot forge a line or move
 * a cursor. */
#include "bridge/log_line.h"

#include "codecs/event.h"

enum { FIELD_BYTES_MAX = 480, ERROR_BYTES_MAX = 512, ERROR_ESCAPED_MAX = 1024 };

#define LOG_VERSION ALERTBRIDGE_VERSION
const struct log_row log_rows[LOG_CODE_COUNT] = {
#define LOG(code, level, component, text, cause, action)                                                                         \
    [LOG_##code] = {#code, LOG_LEVEL_##level, component, text, cause, action},
#include "bridge/log.def"
#undef LOG
};

const char *
log_level_name(enum log_level level)
{
    static const char *const names[LOG_LEVEL_COUNT] = { "error", "warning", "info", "debug" };
    return names[level];
}

/* Length of the valid UTF-8 sequence at `at`, 0 when it is none; one that a terminal acts upon (C1, line and paragraph
 * separators) counts as none. */
static size_t
sequence(const unsigned char *at, size_t left)
{
    size_t size = at[0] < 0x80                    ? 1
                  : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
                  : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
                  : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
                                                  : 0;
    if (size == 0 || size > left)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f);
    bool surrogate = at[0] == 0xed && at[1] > 0x9f;
    bool c1 = at[0] == 0xc2 && at[1] < 0xa0;
    bool separator = at[0] == 0xe2 && at[1] == 0x80 && (at[2] >= 0xa8 && at[2] <= 0xae);
    return overlong || surrogate || c1 || separator ? 0 : size;
}

static void
put_escaped(struct buf *out, struct slice text, size_t bytes_max)
{
    const unsigned char *at = (const unsigned char *)text.at;
    size_t end = out->size + bytes_max;
    for (size_t i = 0; i < text.size && out->size + 6 <= end;) {
        size_t n = sequence(at + i, text.size - i);
        if (at[i] == '"' || at[i] == '\\')
            buf_format(out, "\\%c", at[i]);
        else if (at[i] < 0x20 || at[i] == 0x7f)
            buf_format(out, "\\u%04x", at[i]);
        else if (n == 0)
            buf_text(out, "\\ufffd");
        else
            buf_put(out, at + i, n);
        i += n == 0 ? 1 : n;
    }
}

/* ---- fields, in their fixed order, for both forms */

struct style {
    struct buf *out;
    bool json;
};

static void
put_name(const struct style *style, const char *name)
{
    if (style->json)
        buf_format(style->out, ",\"%s\":", name);
    else
        buf_format(style->out, " %s=", name);
}

static bool
is_plain(struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] <= 0x20 || text.at[i] == 0x7f || text.at[i] == '"' || text.at[i] == '\\' || text.at[i] == '=')
            return false;
    return text.size > 0;
}

static void
put_slice(const struct style *style, const char *name, struct slice text, size_t bytes_max)
{
    if (text.at == NULL || text.size == 0)
        return;
    put_name(style, name);
    bool quotes = style->json || !is_plain(text);
    if (quotes)
        buf_char(style->out, '"');
    put_escaped(style->out, text, bytes_max);
    if (quotes)
        buf_char(style->out, '"');
}

static void
put_text(const struct style *style, const char *name, const char *text)
{
    put_slice(style, name, slice_of(text), FIELD_BYTES_MAX);
}

static void
put_number(const struct style *style, const char *name, int64_t number)
{
    put_name(style, name);
    buf_i64(style->out, number);
}

static void
put_time(const struct style *style, const char *name, int64_t wall_ms)
{
    if (wall_ms <= 0)
        return;
    put_name(style, name);
    if (style->json)
        buf_char(style->out, '"');
    buf_rfc3339_ms(style->out, wall_ms);
    if (style->json)
        buf_char(style->out, '"');
}

/* What is said of how a delivery ended, beside what each line may say. */
static void
put_journal_fields(const struct style *style, const struct log_fields *fields)
{
    put_text(style, "reason", fields->reason);
    if (fields->doubt != 0)
        put_number(style, "doubt", fields->doubt);
    put_time(style, "first", fields->first_ms);
    put_time(style, "last", fields->last_ms);
    put_slice(style, "suppressed_by", fields->suppressed_by, FIELD_BYTES_MAX);
    if (fields->replay)
        put_number(style, "replay", 1);
}

static void
put_fields(const struct style *style, const struct log_fields *fields)
{
    put_text(style, "source", fields->source);
    put_text(style, "route", fields->route);
    put_text(style, "target", fields->target);
    put_text(style, "topic", fields->topic);
    if (fields->has_partition)
        put_number(style, "partition", fields->partition);
    if (fields->has_offset)
        put_number(style, "offset", fields->offset);
    put_slice(style, "message_id", fields->message_id, FIELD_BYTES_MAX);
    if (fields->attempt != 0)
        put_number(style, "attempt", fields->attempt);
    if (fields->count != 0)
        put_number(style, "count", (int64_t)fields->count);
    put_text(style, "outcome", fields->outcome);
    if (fields->http_status != 0)
        put_number(style, "http_status", fields->http_status);
    put_text(style, "backend_code", fields->backend_code);
    put_text(style, "request_id", fields->request_id);
    if (fields->duration_ms > 0) {
        put_name(style, "duration_s");
        buf_format(style->out, "%lld.%03d", (long long)(fields->duration_ms / 1000), (int)(fields->duration_ms % 1000));
    }
    put_journal_fields(style, fields);
    put_slice(style, "trace_id", fields->trace_id, FIELD_BYTES_MAX);
    put_slice(style, "span_id", fields->span_id, FIELD_BYTES_MAX);
    struct slice error = slice_of(fields->error);
    error.size = error.size < ERROR_BYTES_MAX ? error.size : ERROR_BYTES_MAX;
    put_slice(style, "error", error, ERROR_ESCAPED_MAX);
}

void
log_line_json(struct buf *out, const struct log_row *row, const char *text, const struct log_fields *fields, uint64_t suppressed,
              int64_t wall_ms)
{
    struct style style = { out, true };
    buf_text(out, "{\"ts\":\"");
    buf_rfc3339_ms(out, wall_ms);
    buf_format(out, "\",\"level\":\"%s\",\"code\":\"%s\",\"msg\":\"", log_level_name(row->level), row->code);
    put_escaped(out, slice_of(text ? text : row->text), ERROR_ESCAPED_MAX);
    buf_format(out, "\",\"component\":\"%s\"", row->component);
    if (fields != NULL)
        put_fields(&style, fields);
    if (suppressed > 0)
        buf_format(out, ",\"suppressed\":%llu", (unsigned long long)suppressed);
    buf_text(out, "}\n");
}

void
log_line_text(struct buf *out, const struct log_row *row, const char *text, const struct log_fields *fields, uint64_t suppressed,
              int64_t wall_ms)
{
    struct style style = { out, false };
    buf_rfc3339_ms(out, wall_ms);
    buf_format(out, " %-7s %s ", log_level_name(row->level), row->code);
    put_escaped(out, slice_of(text ? text : row->text), ERROR_ESCAPED_MAX);
    if (fields != NULL)
        put_fields(&style, fields);
    if (suppressed > 0)
        buf_format(out, " suppressed=%llu", (unsigned long long)suppressed);
    buf_char(out, '\n');
}

/* fuzz_log_line.c: whatever stands in its fields, a log line is one line, and in its JSON form one JSON object. */
#include "bridge/log_line.h"
#include "tests/fuzz/shared.h"

#include <stdlib.h>

static void
must_be_one_line(const struct buf *line)
{
    check(!line->overflow && line->size > 0 && line->at[line->size - 1] == '\n');
    check(memchr(line->at, '\n', line->size - 1) == NULL);
    for (size_t i = 0; i + 1 < line->size; i++)
        check((unsigned char)line->at[i] >= ' ' && line->at[i] != 0x7f);
}

static const char *
take_text(struct bytes *bytes, char **kept)
{
    *kept = bytes_text(bytes_part(bytes, '\n'));
    return **kept ? *kept : NULL;
}

int
FUZZ(log_line)(const uint8_t *data, size_t size)
{
    struct bytes bytes = { data, size };
    char memory[LOG_LINE_BYTES_MAX], *kept[11];
    struct buf line;
    uint8_t flags = bytes_u8(&bytes);
    const struct log_row *row = &log_rows[bytes_u8(&bytes) % LOG_CODE_COUNT];
    struct log_fields fields = {
        .source = take_text(&bytes, &kept[0]), .route = take_text(&bytes, &kept[1]), .target = take_text(&bytes, &kept[2]),
        .topic = take_text(&bytes, &kept[3]), .has_partition = flags & 1, .partition = (int32_t)bytes_time(&bytes),
        .has_offset = flags & 2, .offset = bytes_time(&bytes), .attempt = bytes_u8(&bytes), .http_status = bytes_u8(&bytes),
        .duration_ms = bytes_time(&bytes), .doubt = bytes_u8(&bytes), .first_ms = bytes_time(&bytes),
        .last_ms = bytes_time(&bytes), .replay = flags & 4, .backend_code = take_text(&bytes, &kept[4]),
        .request_id = take_text(&bytes, &kept[5]), .error = take_text(&bytes, &kept[6]),
    };
    fields.message_id = slice_of(take_text(&bytes, &kept[8]));
    fields.suppressed_by = slice_of(take_text(&bytes, &kept[9]));
    fields.trace_id = slice_of(take_text(&bytes, &kept[10]));
    const char *text = take_text(&bytes, &kept[7]);
    buf_init(&line, memory, sizeof(memory));
    log_line_json(&line, row, text, &fields, flags >> 4, 1767322000000);
    must_be_one_line(&line);
    json_must_be_whole((struct slice){ line.at, line.size - 1 });
    buf_reset(&line);
    log_line_text(&line, row, text, &fields, flags >> 4, 1767322000000);
    must_be_one_line(&line);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        free(kept[i]);
    return 0;
}

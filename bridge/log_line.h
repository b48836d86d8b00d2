/* log_line.h: one line as bytes, apart from where it goes; and the clock, which tests replace. */
#ifndef BRIDGE_LOG_LINE_H
#define BRIDGE_LOG_LINE_H

#include "bridge/log.h"

enum { LOG_LINE_BYTES_MAX = 8192, LOG_RING_BYTES = 1024 * 1024 };

struct log_row {
    const char *code;           /* "AB5107" */
    enum log_level level;
    const char *component, *text, *cause, *action;
};
extern const struct log_row log_rows[LOG_CODE_COUNT];
const char *log_level_name(enum log_level);

/* Writes the line with its newline. `text` NULL = the row's own. */
void log_line_json(struct buf *, const struct log_row *, const char *text, const struct log_fields *, uint64_t suppressed,
                   int64_t wall_ms);
void log_line_text(struct buf *, const struct log_row *, const char *text, const struct log_fields *, uint64_t suppressed,
                   int64_t wall_ms);

struct log_clock {
    int64_t (*boot_ms)(void);
    int64_t (*wall_ms)(void);
};
void log_use_clock(const struct log_clock *);   /* NULL = the machine's */

#endif

/* log.h: one line per fact on stderr. Codes, levels and texts are rows of log.def; docs/errors.md comes from it.
 *
 * auto: human text on a terminal, JSON otherwise. A line goes to a ring of 1 MiB, drained as the descriptor takes it: only
 * log_line_surely waits. Each code has a burst of 20 lines, then one a second (AB5107 and AB8* have no limit); the next that
 * passes has `suppressed`. Only the fields below can be logged (allow-list): no content, no secret. */
#ifndef BRIDGE_LOG_H
#define BRIDGE_LOG_H

#include "codecs/buf.h"

#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_COUNT };
enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Codes: AB + 4 digits; LOG_AB1201 and so on, from log.def. */
enum log_code {
#define LOG(code, level, component, text, cause, action) LOG_##code,
#include "bridge/log.def"
#undef LOG
    LOG_CODE_COUNT,
};

/* Fields that a line may carry; zero, NULL or absent = left out. Integers that may be 0 have a has_ flag. */
struct log_fields {
    const char *source, *route, *target, *topic;
    bool has_partition, has_offset;
    int32_t partition;
    int64_t offset;
    struct slice message_id;
    uint32_t attempt;
    uint64_t count;                 /* of whatever the line is about: deliveries, marks, partitions */
    const char *outcome;
    int http_status;
    const char *backend_code, *request_id;
    int64_t duration_ms;            /* written as duration_s */
    const char *reason;
    uint32_t doubt;
    int64_t first_ms, last_ms;      /* wall clock, of the calls */
    struct slice suppressed_by;
    bool replay;
    const char *error;              /* a library's own text, cut at 512 bytes */
    struct slice trace_id, span_id;
};

void log_open(int fd, enum log_level, enum log_format);     /* process-wide; before it, lines go to stderr as text */
void log_set_level(enum log_level);
void log_line(enum log_code, const struct log_fields *);    /* NULL = no fields */
/* Waits until the line and all before it are written, whatever the level and however slow the reader: only a reader that is gone
 * for good lets it go. For what must be known before it is done. */
void log_line_surely(enum log_code, const struct log_fields *);
void log_level_holds(void);                                 /* from here to log_open: for these lines too, as in the demo */
bool log_writes(enum log_code);                             /* at the present level */
void log_trace(const char *text, size_t size);              /* an engine step, at level debug */
void log_flush(void);                                       /* what the descriptor takes now */
/* As the process ends, from any thread: written past the ring, if the descriptor takes it, and without asking for memory. */
void log_last(enum log_code, const struct log_fields *);
void log_close(void);                                       /* flushes, at most 200 ms */

struct log_stats {
    uint64_t lines[LOG_LEVEL_COUNT], suppressed[LOG_LEVEL_COUNT], dropped;
};
void log_stats(struct log_stats *);
void log_docs(struct buf *);                                /* docs/errors.md: codes, park reasons, faults, exit codes */

#endif

/* trace.c: one line a step: "[  10] portal   call 2: inc-1 inc-2". Logs, story tests and the simulation read the same line. */
#include "bridge/core/state.h"

#include "codecs/buf.h"

#include <stdarg.h>
#include <stdio.h>

enum { TRACE_LINE_BYTES = 1024 };

static size_t
line_start(const struct engine *engine, const char *who, char *line, size_t size)
{
    int n = snprintf(line, size, "[%4lld] %-8s ", (long long)(engine->now_ms - engine->start_ms), who);
    return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

void
trace(struct engine *engine, const char *who, const char *format, ...)
{
    if (!engine->trace)
        return;
    char line[TRACE_LINE_BYTES];
    size_t used = line_start(engine, who, line, sizeof(line));
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line + used, sizeof(line) - used, format, arguments);
    va_end(arguments);
    used += n < 0 ? 0 : (size_t)n;
    engine->trace(engine->trace_owner, line, used < sizeof(line) ? used : sizeof(line) - 1);
}

/* "call 4: a b c d": the members in order, cut where the line ends. */
void
trace_batch(struct engine *engine, const struct batch *batch, const char *verb)
{
    if (!engine->trace)
        return;
    char line[TRACE_LINE_BYTES];
    struct buf text;
    buf_init(&text, line, sizeof(line));
    text.size = line_start(engine, batch->target->policy->name, line, sizeof(line));
    buf_text(&text, verb);
    buf_char(&text, ' ');
    buf_u64(&text, batch->members.size);
    buf_char(&text, ':');
    for (struct node *node = list_first(&batch->members); node; node = list_next(&batch->members, node)) {
        buf_char(&text, ' ');
        buf_slice(&text, delivery_id(LIST_ENTRY(node, struct delivery, link)));
    }
    engine->trace(engine->trace_owner, text.at, text.size);
}

const char *
target_name(const struct engine *engine, int target)
{
    return target >= 0 ? engine->config.targets[target].name : target == TARGET_DROP ? "_drop" : "_none";
}

/* log_docs.c: docs/errors.md: log codes, faults, exit codes. */
#include "bridge/log.h"
#include "codecs/fault.h"

#define LOG_VERSION "<version>"
static const struct {
    const char *code, *level, *component, *text, *cause, *action;
} rows[] = {
#define LOG(code, level, component, text, cause, action) { #code, #level, component, text, cause, action },
#include "bridge/log.def"
#undef LOG
};

static const struct {
    const char *name, *text;
} faults[] = {
#define FAULT_ROW(constant, name, text) { name, text },
    FAULTS(FAULT_ROW)
#undef FAULT_ROW
};

static const struct {
    int number;
    const char *name, *when;
} exits[] = {
#define EXIT(constant, number, name, when) { number, name, when },
#include "bridge/exit.def"
#undef EXIT
};

static const char *
chapter(char digit)
{
    static const char *const names[] = {"Configuration and secrets",
                                        "Kafka",
                                        "Decode and route",
                                        "Redis and claims",
                                        "Calls",
                                        "Dead letters",
                                        "Admin",
                                        "Life cycle",
                                        "Internal"};
    return names[digit - '1'];
}

static void
put_lower(struct buf *out, const char *word)
{
    for (; *word != '\0'; word++)
        buf_char(out, (char)(*word >= 'A' && *word <= 'Z' ? *word - 'A' + 'a' : *word));
}

static void
put_codes(struct buf *out)
{
    char digit = '0';
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].code[2] != digit) {
            digit = rows[i].code[2];
            buf_format(out, "\n### %s\n\n| code | level | line | cause | what to do |\n|---|---|---|---|---|\n", chapter(digit));
        }
        buf_format(out, "| `%s` | ", rows[i].code);
        put_lower(out, rows[i].level);
        buf_format(out, " | %s | %s | %s |\n", rows[i].text, rows[i].cause, rows[i].action);
    }
}

void
log_docs(struct buf *out)
{
    buf_text(out, "# Errors and log codes\n\nThis page is made from `bridge/log.def`, `codecs/fault.h` and "
                  "`bridge/exit.def`.\n\n## Log codes\n\n"
                  "One line a fact on stderr: text on a terminal, JSON elsewhere. A code's meaning never changes, its text may. "
                  "Each code has a burst of "
                  "20 lines, then one a second; the next line that passes carries `suppressed`. Life cycle lines and AB5107 are "
                  "never held back.\n\n"
                  "Fields, in this order: `ts` `level` `code` `msg` `component` `source` `route` `target` `topic` `partition` "
                  "`offset` `message_id` "
                  "`attempt` `outcome` `http_status` `backend_code` `request_id` `duration_s` `reason` `doubt` `first` `last` "
                  "`suppressed_by` `replay` `trace_id` `span_id` `error` `suppressed`. "
                  "Nothing else can be logged: no content, no secret.\n");
    put_codes(out);
    buf_text(out, "\n## Exit codes\n\n| code | sysexits | when |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++)
        buf_format(out, "| %d | %s | %s |\n", exits[i].number, exits[i].name, exits[i].when);
    buf_text(out, "\n## Faults\n\nWhy a record was parked as `bad_input.<fault>`.\n\n| fault | meaning |\n|---|---|\n");
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        buf_format(out, "| `%s` | %s |\n", faults[i].name, faults[i].text);
}

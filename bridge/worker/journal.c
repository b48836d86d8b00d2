/* journal.c: one JOURNAL effect: a line of the log and an entry in Redis, with the same fields. */
#include "bridge/worker/parts.h"

enum { REASON_BYTES = 64 };

static enum log_code
code_of(const struct journal_entry *entry)
{
    if (entry->what == JOURNAL_RESEND)
        return LOG_AB5107;
    switch (entry->end) {
    case TERMINAL_DELIVERED:
        return LOG_AB5109;
    case TERMINAL_DUPLICATE:
        return LOG_AB4205;
    case TERMINAL_DROPPED:
        return LOG_AB3203;
    case TERMINAL_PARKED:
        return entry->reason == REASON_BAD_INPUT ? LOG_AB3101 : entry->reason == REASON_NO_ROUTE ? LOG_AB3201 : LOG_AB6101;
    case TERMINAL_ABANDONED:
    case TERMINAL_COUNT:
        break;
    }
    broken("an end that is none");
}

static void
tell(enum log_code code, const struct journal_entry *entry)
{
    char memory[REASON_BYTES];
    struct buf reason;
    struct log_fields fields = {
        .route = entry->route, .target = entry->target, .topic = entry->topic, .has_partition = true,
        .partition = entry->partition, .has_offset = true, .offset = entry->offset, .message_id = entry->id,
        .attempt = entry->attempts, .outcome = journal_outcome(entry), .http_status = entry->status,
        .backend_code = entry->code, .request_id = entry->request_id, .doubt = entry->doubt, .first_ms = entry->first_ms,
        .last_ms = entry->last_ms, .suppressed_by = entry->suppressed_by, .replay = entry->replay,
    };
    buf_init(&reason, memory, sizeof(memory));
    if (entry->reason != REASON_COUNT) {
        journal_put_reason(&reason, entry->reason, entry->fault);
        fields.reason = buf_cstr(&reason);
    }
    if (entry->what == JOURNAL_RESEND)
        log_line_surely(code, &fields);
    else
        log_line(code, &fields);
}

/* The line first: of a call that is made twice at most Redis may forget, whoever reads the log does not. */
void
perform_journal(struct worker *worker, const struct journal_entry *entry)
{
    enum log_code code = code_of(entry);
    if (!entry->again && (entry->what == JOURNAL_RESEND || log_writes(code)))
        tell(code, entry);
    dedup_journal(worker->dedup, entry);
}

/* journal.h: one entry of the journal: how a delivery ended, or that it is sent again although it may have been carried out.
 *
 * The store writes entries as Redis sees them (bridge/io/redis_journal.c), the worker writes the same fields as log lines
 * (bridge/worker/journal.c): docs/interfaces.md, "Journal". Never the only copy of an event. */
#ifndef BRIDGE_CORE_JOURNAL_H
#define BRIDGE_CORE_JOURNAL_H

#include "bridge/core/reason.h"
#include "bridge/core/types.h"
#include "codecs/buf.h"
#include "codecs/fault.h"

enum terminal { TERMINAL_DELIVERED, TERMINAL_DUPLICATE, TERMINAL_DROPPED, TERMINAL_PARKED, TERMINAL_ABANDONED, TERMINAL_COUNT };

const char *terminal_name(enum terminal);

enum journal_what {
    JOURNAL_END,        /* terminal: delivered, duplicate, dropped or parked */
    JOURNAL_RESEND,     /* in doubt, and about to be sent again */
};

/* Texts are borrowed until the next input or effect. */
struct journal_entry {
    enum journal_what what;
    bool again;                 /* it was given out before and perhaps not written: its log line was */
    struct slice id;            /* absent if unreadable */
    const char *target;         /* "_none" and "_drop" as in metrics */
    const char *route;          /* NULL = none */
    enum terminal end;          /* with JOURNAL_END */
    enum reason reason;         /* REASON_COUNT = none */
    enum fault fault;           /* with REASON_BAD_INPUT */
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t first_ms, last_ms;  /* wall clock of the calls; 0 = none */
    int status;                 /* of the last answer; 0 = none */
    const char *code;           /* the backend's; "" = none */
    const char *request_id;     /* the backend's; "" = none */
    uint32_t attempts;          /* calls it was part of */
    uint32_t doubt;             /* calls, over all workers, whose end is not known */
    struct slice suppressed_by; /* id of the event whose repeat it is; absent = none */
    bool replay;
};

const char *journal_outcome(const struct journal_entry *);                  /* "delivered", ..., "resend" */
void journal_put_reason(struct buf *, enum reason, enum fault);             /* "rejected", "bad_input.depth" */
void journal_put_code(struct buf *, int status, const char *code);          /* "<http>/<backend>", "-" = nothing was answered */

#endif

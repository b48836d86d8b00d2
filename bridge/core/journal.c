/* journal.c: what is to be journaled, and the words of it. */
#include "bridge/core/journal.h"

#include "bridge/core/state.h"

const char *
terminal_name(enum terminal terminal)
{
    static const char *const names[TERMINAL_COUNT] = { "delivered", "duplicate", "dropped", "parked", "abandoned" };
    return names[terminal];
}

const char *
journal_outcome(const struct journal_entry *entry)
{
    return entry->what == JOURNAL_RESEND ? "resend" : terminal_name(entry->end);
}

void
journal_put_reason(struct buf *out, enum reason reason, enum fault fault)
{
    buf_text(out, reason_name(reason));
    if (reason != REASON_BAD_INPUT)
        return;
    buf_char(out, '.');
    buf_text(out, fault_name(fault));
}

void
journal_put_code(struct buf *out, int status, const char *code)
{
    if (status == 0 && code[0] == '\0') {
        buf_char(out, '-');
        return;
    }
    buf_u64(out, (uint64_t)status);
    buf_char(out, '/');
    buf_text(out, code[0] ? code : "-");
}

void
journal_end(struct engine *engine, struct delivery *delivery)
{
    todo_push(engine, EFFECT_JOURNAL, delivery->slot, delivery->serial);
}

/* One entry for each doubt: what was surely not carried out in between adds none. */
void
journal_resend(struct engine *engine, struct delivery *delivery)
{
    if (delivery->doubt <= delivery->doubt_journaled)
        return;
    delivery->doubt_journaled = delivery->doubt;
    delivery->journal_again = false;
    bool filters_repeats = engine->config.targets[delivery->target].backend->filters_repeats;
    if (!filters_repeats && !MUTATED(resend_uncounted))
        target_stats(engine, delivery->target)->possible_duplicates++;
    if (MUTATED(notice_unannounced) && filters_repeats)
        return;
    TRACE(engine, delivery->id, "resend, doubt %u", delivery->doubt);
    todo_push(engine, EFFECT_JOURNAL, delivery->slot, delivery->serial);
}

static enum reason
reason_of(const struct delivery *delivery)
{
    bool conflict = delivery->terminal == TERMINAL_DUPLICATE && delivery->reason == REASON_CONFLICT;
    return delivery->terminal == TERMINAL_PARKED || conflict ? delivery->reason : REASON_COUNT;
}

bool
journal_fill(const struct engine *engine, const struct delivery *delivery, struct journal_entry *entry)
{
    const struct record *record = delivery->record;
    bool is_end = delivery->state == DELIVERY_SETTLING || delivery->state == DELIVERY_ENDING;
    *entry = (struct journal_entry){
        .what = is_end ? JOURNAL_END : JOURNAL_RESEND,
        .again = delivery->journal_again,
        .id = delivery->id_size ? delivery_id(delivery) : (struct slice){ 0 },
        .target = target_name(engine, delivery->target),
        .route = delivery->route < engine->config.n_routes ? engine->config.routes[delivery->route].name : NULL,
        .end = delivery->terminal,
        .reason = is_end ? reason_of(delivery) : REASON_COUNT,
        .fault = delivery->fault,
        .topic = record->topic,
        .partition = record->number,
        .offset = record->offset,
        .first_ms = delivery->first_ms,
        .last_ms = delivery->last_ms,
        .status = delivery->status,
        .code = delivery_code(delivery),
        .request_id = delivery_request_id(delivery),
        .attempts = delivery->calls,
        .doubt = delivery->doubt,
        .suppressed_by = delivery_leader(delivery),
        .replay = delivery->replay,
    };
    return is_end || delivery->state == DELIVERY_CALLING || delivery->state == DELIVERY_BACKOFF;
}

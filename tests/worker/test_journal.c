/* test_journal.c: an entry of the journal as a line of the log: which code, at which level, with which fields. */
#include "bridge/log_line.h"
#include "bridge/worker/parts.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static struct worker worker;
static int ends[2];

static int64_t
test_wall(void)
{
    return 1772442847221;   /* 2026-03-02T09:14:07.221Z */
}

static void
setup(void)
{
    static const struct log_clock clock = { .wall_ms = test_wall };
    static const struct dedup_handler handler;
    static const char *const targets[] = { "soar-prod" };
    struct dedup_config config = { .url = "memory:", .prefix = "ab", .targets = targets, .n_targets = 1, .orders = 8 };
    char error[128];
    worker.base = event_base_new();
    worker.dedup = dedup_new(&config, worker.base, &handler, error, sizeof(error));
    cr_assert_not_null(worker.dedup);
    cr_assert_eq(pipe2(ends, O_NONBLOCK), 0);
    log_use_clock(&clock);
}

static void
teardown(void)
{
    dedup_free(worker.dedup);
    event_base_free(worker.base);
    close(ends[0]);
    close(ends[1]);
}

TestSuite(worker_journal, .init = setup, .fini = teardown);

/* What is written for an entry at that level, without the time that stands in front. */
static const char *
line_of(enum log_level level, const struct journal_entry *entry)
{
    static char text[4096];
    log_open(ends[1], level, LOG_FORMAT_TEXT);
    perform_journal(&worker, entry);
    ssize_t n = read(ends[0], text, sizeof(text) - 1);
    if (n <= 0)
        return "";
    text[n] = '\0';
    return text + strlen("2026-03-02T09:14:07.221Z ");
}

static struct journal_entry
entry_of(enum terminal end)
{
    return (struct journal_entry){ .what = JOURNAL_END, .id = SLICE("inc-7"), .target = "soar-prod", .route = "all", .end = end,
                                   .reason = REASON_COUNT, .topic = "sec.alerts", .partition = 3, .offset = 1207, .code = "",
                                   .request_id = "" };
}

Test(worker_journal, a_resend_is_written_at_every_level_and_once)
{
    struct journal_entry entry = entry_of(TERMINAL_DELIVERED);
    entry.what = JOURNAL_RESEND;
    entry.attempts = 1;
    entry.doubt = 1;
    entry.first_ms = entry.last_ms = 1772442840001;
    cr_expect_str_eq(line_of(LOG_LEVEL_ERROR, &entry),
                     "warning AB5107 sent again in doubt route=all target=soar-prod topic=sec.alerts partition=3 offset=1207 "
                     "message_id=inc-7 attempt=1 outcome=resend doubt=1 first=2026-03-02T09:14:00.001Z "
                     "last=2026-03-02T09:14:00.001Z\n");
    entry.again = true;
    cr_expect_str_empty(line_of(LOG_LEVEL_ERROR, &entry));
}

Test(worker_journal, each_end_has_its_code_and_its_level)
{
    static const struct {
        enum terminal end;
        enum reason reason;
        enum log_level level;
        const char *code, *rest;
    } rows[] = {
        { TERMINAL_DELIVERED, REASON_COUNT, LOG_LEVEL_DEBUG, "AB5109", "outcome=delivered" },
        { TERMINAL_DUPLICATE, REASON_COUNT, LOG_LEVEL_DEBUG, "AB4205", "outcome=duplicate" },
        { TERMINAL_DUPLICATE, REASON_CONFLICT, LOG_LEVEL_DEBUG, "AB4205", "outcome=duplicate reason=conflict" },
        { TERMINAL_DROPPED, REASON_COUNT, LOG_LEVEL_DEBUG, "AB3203", "outcome=dropped" },
        { TERMINAL_PARKED, REASON_BUDGET, LOG_LEVEL_WARNING, "AB6101", "outcome=parked reason=budget" },
        { TERMINAL_PARKED, REASON_BAD_INPUT, LOG_LEVEL_WARNING, "AB3101", "outcome=parked reason=bad_input.depth" },
        { TERMINAL_PARKED, REASON_NO_ROUTE, LOG_LEVEL_WARNING, "AB3201", "outcome=parked reason=no_route" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct journal_entry entry = entry_of(rows[i].end);
        entry.reason = rows[i].reason;
        entry.fault = FAULT_DEPTH;
        const char *line = line_of(rows[i].level, &entry);
        cr_expect(strstr(line, rows[i].code) && strstr(line, rows[i].rest), "row %zu: %s", i, line);
        cr_expect_str_empty(line_of((enum log_level)(rows[i].level - 1), &entry), "row %zu", i);
    }
}

Test(worker_journal, all_that_an_entry_holds_stands_in_its_line)
{
    struct journal_entry entry = entry_of(TERMINAL_PARKED);
    entry.reason = REASON_REJECTED;
    entry.status = 400;
    entry.code = "InvalidParameter";
    entry.request_id = "R-1";
    entry.attempts = 2;
    entry.doubt = 1;
    entry.suppressed_by = SLICE("inc-6");
    entry.replay = true;
    const char *line = line_of(LOG_LEVEL_INFO, &entry);
    cr_expect(strstr(line, "attempt=2 outcome=parked http_status=400 backend_code=InvalidParameter request_id=R-1 "
                           "reason=rejected doubt=1 suppressed_by=inc-6 replay=1\n"), "%s", line);
}

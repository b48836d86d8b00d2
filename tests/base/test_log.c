/* test_log.c: lines as bytes: escaping, order of fields, rate limit, ring, levels. The clock is the test's. */
#include "bridge/log_line.h"

#include "codecs/arena.h"
#include "codecs/json.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int64_t now_ms = 1000000;

static int64_t
test_boot(void)
{
    return now_ms;
}

static int64_t
test_wall(void)
{
    return 1772442847221;   /* 2026-03-02T09:14:07.221Z */
}

static int ends[2];

static void
open_log(enum log_level level, enum log_format format)
{
    static const struct log_clock clock = { test_boot, test_wall };
    cr_assert_eq(pipe2(ends, O_NONBLOCK), 0);
    log_use_clock(&clock);
    log_open(ends[1], level, format);
}

/* Everything written so far. */
static const char *
written(void)
{
    static char text[4 * 1024 * 1024];
    size_t size = 0;
    for (;;) {
        log_flush();
        ssize_t n = read(ends[0], text + size, sizeof text - 1 - size);
        if (n <= 0)
            break;
        size += (size_t)n;
    }
    text[size] = '\0';
    return text;
}

static unsigned
count(const char *text, const char *what)
{
    unsigned n = 0;
    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
        n++;
    return n;
}

static void
expect_json(const char *line)
{
    size_t size = strcspn(line, "\n");
    void *memory = malloc(json_arena_bytes(size));
    struct arena arena;
    const struct value *root;
    arena_init(&arena, memory, json_arena_bytes(size));
    cr_expect_eq(json_read((struct slice){ line, size }, &arena, &root), FAULT_NONE, "%.*s", (int)size, line);
    free(memory);
}

Test(log, a_json_line_has_its_keys_in_the_fixed_order)
{
    open_log(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    log_line(LOG_AB5107, &(struct log_fields){.target = "soar-prod",
                                              .topic = "sec.alerts",
                                              .has_partition = true,
                                              .partition = 3,
                                              .has_offset = true,
                                              .offset = 1207,
                                              .message_id = SLICE("inc-7"),
                                              .attempt = 1,
                                              .duration_ms = 10002});
    cr_assert_str_eq(written(),
                     "{\"ts\":\"2026-03-02T09:14:07.221Z\",\"level\":\"warning\",\"code\":\"AB5107\",\"msg\":\"sent again "
                     "in doubt\","
                     "\"component\":\"call\",\"target\":\"soar-prod\",\"topic\":\"sec.alerts\",\"partition\":3,\"offset\":1207,"
                     "\"message_id\":\"inc-7\",\"attempt\":1,\"duration_s\":10.002}\n");
}

Test(log, the_fields_of_the_journal_follow_in_their_order)
{
    open_log(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_line(LOG_AB6101, &(struct log_fields){ .reason = "rejected", .doubt = 2, .first_ms = 1772442847221,
                                               .last_ms = 1772442847222, .suppressed_by = SLICE("inc-1"), .replay = true });
    cr_assert_str_eq(written(),
                     "2026-03-02T09:14:07.221Z warning AB6101 event parked reason=rejected doubt=2 "
                     "first=2026-03-02T09:14:07.221Z last=2026-03-02T09:14:07.222Z suppressed_by=inc-1 replay=1\n");
}

Test(log, a_text_line_says_the_same)
{
    open_log(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_line(LOG_AB5201, &(struct log_fields){ .target = "soar-prod", .http_status = 503, .error = "a b" });
    cr_assert_str_eq(written(),
                     "2026-03-02T09:14:07.221Z warning AB5201 circuit open target=soar-prod http_status=503 error=\"a b\"\n");
}

Test(log, zero_is_a_partition_and_an_offset)
{
    open_log(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    log_line(LOG_AB2201, &(struct log_fields){ .topic = "t", .has_partition = true, .has_offset = true });
    cr_assert(strstr(written(), "\"topic\":\"t\",\"partition\":0,\"offset\":0}\n"));
}

Test(log, content_cannot_forge_a_line)
{
    static const char *const hostile[] = {
        "x\n{\"ts\":\"forged\"}",
        "x\",\"level\":\"error",
        "a\\",
        "\x1b[2J\x7f",
        "\xc2\x9b"
        "1m",
        "\xff\xfe",
        "\xe2\x80\xa8"
        "next",
        "\xed\xa0\x80",
        "\r\n",
        "\xf0\x9f",
    };
    for (enum log_format format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++) {
        for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
            open_log(LOG_LEVEL_INFO, format);
            log_line(LOG_AB8201,
                     &(struct log_fields){.topic = hostile[i], .message_id = slice_of(hostile[i]), .error = hostile[i]});
            const char *text = written();
            cr_expect_eq(count(text, "\n"), 1, "row %zu: %s", i, text);
            cr_expect(strpbrk(text, "\x1b\x7f\r") == NULL && !strstr(text, "\xc2\x9b") && !strstr(text, "\xff") &&
                          !strstr(text, "\xe2\x80\xa8"),
                      "row %zu", i);
            if (format == LOG_FORMAT_JSON)
                expect_json(text);
        }
    }
}

Test(log, the_longest_fields_fit_a_line)
{
    static char long_text[4096];
    memset(long_text, '\x01', sizeof long_text - 1);
    open_log(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    struct slice slice = slice_of(long_text);
    log_line(LOG_AB8201, &(struct log_fields){long_text, long_text, long_text, long_text, true, true, 1, 2, slice, 3, 4,
                                              long_text, 5, long_text, long_text, 6, long_text, 7, 8, 9, slice, true, long_text,
                                              slice, slice});
    const char *text = written();
    cr_assert_eq(count(text, "\n"), 1);
    cr_assert(strlen(text) <= LOG_LINE_BYTES_MAX);
    expect_json(text);
}

Test(log, a_burst_of_20_then_one_a_second_with_what_was_held_back)
{
    struct log_stats stats;
    open_log(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    for (int i = 0; i < 50; i++)
        log_line(LOG_AB5102, NULL);
    cr_assert_eq(count(written(), "\n"), 20);
    now_ms += 999;
    log_line(LOG_AB5102, NULL);
    cr_assert_eq(count(written(), "\n"), 0);
    now_ms += 1;
    log_line(LOG_AB5102, NULL);
    log_line(LOG_AB5102, NULL);
    const char *text = written();
    cr_assert_eq(count(text, "\n"), 1);
    cr_assert(strstr(text, "\"suppressed\":31}"), "%s", text);
    log_stats(&stats);
    cr_assert_eq(stats.lines[LOG_LEVEL_INFO], 21);
    cr_assert_eq(stats.suppressed[LOG_LEVEL_INFO], 32);
    log_line(LOG_AB5101, NULL);
    cr_assert_eq(count(written(), "\n"), 1, "each code has its own");
}

Test(log, life_cycle_and_journal_lines_are_not_held_back)
{
    open_log(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    for (int i = 0; i < 100; i++) {
        log_line(LOG_AB8201, NULL);
        log_line(LOG_AB5107, NULL);
    }
    cr_assert_eq(count(written(), "\n"), 200);
}

Test(log, a_reader_that_stands_still_costs_lines_and_no_time)
{
    struct log_stats stats;
    open_log(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
    for (int i = 0; i < 20000; i++)
        log_trace("a step of the engine that nobody reads, long enough to fill the ring at last", 76);
    log_stats(&stats);
    cr_assert(stats.dropped > 0);
    uint64_t dropped = stats.dropped;
    log_line(LOG_AB2401, NULL);
    log_line(LOG_AB8203, NULL);
    log_stats(&stats);
    cr_assert_eq(stats.dropped, dropped, "an error still has room when debug has none");
    const char *text = written();
    cr_assert_eq(count(text, "AB2401"), 1);
    cr_assert_eq(count(text, "AB8203"), 1);
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
        cr_assert(line[0] == '{' && strchr(line, '\n')[-1] == '}', "lines stay whole");
}

/* Reads until the writer is gone; leaves with 0 when all lines before came, and AB5107 as the last one. */
static pid_t
read_aside(unsigned lines_before)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    static char text[4 * 1024 * 1024];
    size_t size = 0;
    ssize_t n;
    close(ends[1]);
    fcntl(ends[0], F_SETFL, 0);
    while ((n = read(ends[0], text + size, sizeof text - 1 - size)) > 0)
        size += (size_t)n;
    const char *last = strstr(text, "AB5107");
    _exit(count(text, "AB9001") == lines_before && last != NULL && strchr(last, '\n') == text + size - 1 ? 0 : 1);
}

Test(log, a_line_that_must_be_written_waits_for_the_reader_with_all_before_it, .timeout = 20)
{
    struct log_stats stats;
    int status;
    open_log(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
    cr_assert(fcntl(ends[1], F_SETPIPE_SZ, 4096) > 0);
    for (int i = 0; i < 4000; i++)
        log_trace("a step of the engine that nobody reads yet, long enough to fill the pipe many times", 82);
    pid_t child = read_aside(4000);
    log_set_level(LOG_LEVEL_ERROR);
    log_line_surely(LOG_AB5107, &(struct log_fields){ .message_id = SLICE("inc-7") });
    close(ends[1]);             /* what still stands in the ring is lost here */
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0, "all is written, whatever the level");
    log_stats(&stats);
    cr_assert_eq(stats.dropped, 0);
}

Test(log, where_the_level_holds_for_all_a_line_above_it_is_not_written_until_the_log_is_opened_again)
{
    open_log(LOG_LEVEL_ERROR, LOG_FORMAT_JSON);
    log_level_holds();
    log_line_surely(LOG_AB5107, NULL);
    log_flush();
    cr_assert_str_empty(written());
    log_open(ends[1], LOG_LEVEL_ERROR, LOG_FORMAT_JSON);
    log_line_surely(LOG_AB5107, NULL);
    cr_assert(strstr(written(), "AB5107"));
}

Test(log, a_reader_that_is_gone_holds_up_nobody, .timeout = 20)
{
    struct log_stats stats;
    signal(SIGPIPE, SIG_IGN);
    open_log(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    close(ends[0]);
    log_line_surely(LOG_AB5107, NULL);
    log_stats(&stats);
    cr_assert_eq(stats.dropped, 1);
}

Test(log, levels_below_the_set_one_are_not_written)
{
    open_log(LOG_LEVEL_WARNING, LOG_FORMAT_TEXT);
    log_line(LOG_AB2101, NULL);
    log_trace("x", 1);
    cr_assert_str_empty(written());
    log_set_level(LOG_LEVEL_DEBUG);
    log_line(LOG_AB2101, NULL);
    log_trace("[   0] portal call 4", 20);
    const char *text = written();
    cr_assert(strstr(text, "AB2101") && strstr(text, "AB9001 [   0] portal call 4\n"), "%s", text);
}

Test(log, each_code_is_unique_and_explained)
{
    for (int i = 0; i < LOG_CODE_COUNT; i++) {
        const struct log_row *row = &log_rows[i];
        cr_expect(strncmp(row->code, "AB", 2) == 0 && strlen(row->code) == 6 && strspn(row->code + 2, "0123456789") == 4, "%s",
                  row->code);
        cr_expect(row->text[0] && row->cause[0] && row->action[0] && row->component[0], "%s", row->code);
        cr_expect(i == 0 || strcmp(log_rows[i - 1].code, row->code) < 0, "%s is not in order", row->code);
    }
}

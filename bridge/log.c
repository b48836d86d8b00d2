/* log.c: the ring, the rate limit and the descriptor. One process, one thread, one log. */
#include "bridge/log_line.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What must get through even when the ring is nearly full; then what is worth less than a warning. */
enum { RESERVE_BYTES = 32 * 1024, RESERVE_FOR_WARNINGS_BYTES = LOG_RING_BYTES / 4 };
enum { BURST_LINES = 20, CLOSE_WAIT_MS = 200 };

struct bucket {
    int64_t filled_ms;      /* when it last gained a line */
    uint32_t spent;         /* of the burst */
    uint64_t suppressed;
};

static struct {
    int fd;
    enum log_level level;
    bool json, journal, is_socket, level_holds;
    size_t head, size;      /* bytes waiting begin at head */
    struct bucket buckets[LOG_CODE_COUNT];
    struct log_stats stats;
    struct log_clock clock;
    char ring[LOG_RING_BYTES];
} log_state = { .fd = STDERR_FILENO, .level = LOG_LEVEL_INFO };

/* ---- clock */

static int64_t
clock_ms(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t
boot_ms(void)
{
    return log_state.clock.boot_ms ? log_state.clock.boot_ms() : clock_ms(CLOCK_BOOTTIME);
}

static int64_t
wall_ms(void)
{
    return log_state.clock.wall_ms ? log_state.clock.wall_ms() : clock_ms(CLOCK_REALTIME);
}

void
log_use_clock(const struct log_clock *clock)
{
    log_state.clock = clock ? *clock : (struct log_clock){ 0 };
}

/* ---- opening */

/* systemd names the journal's stream so that a program can tell: "device:inode". */
static bool
is_journal(const struct stat *status)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char mine[64];
    snprintf(mine, sizeof mine, "%llu:%llu", (unsigned long long)status->st_dev, (unsigned long long)status->st_ino);
    return stream != NULL && strcmp(stream, mine) == 0;
}

void
log_open(int fd, enum log_level level, enum log_format format)
{
    struct stat status = { 0 };
    bool known = fstat(fd, &status) == 0;
    log_state.fd = fd;
    log_state.level = level;
    log_state.level_holds = false;
    log_state.json = format == LOG_FORMAT_JSON || (format == LOG_FORMAT_AUTO && !isatty(fd));
    log_state.is_socket = known && S_ISSOCK(status.st_mode);
    log_state.journal = known && is_journal(&status);
    log_state.head = log_state.size = 0;
    log_state.stats = (struct log_stats){ 0 };
    memset(log_state.buckets, 0, sizeof log_state.buckets);
}

void
log_set_level(enum log_level level)
{
    log_state.level = level;
}

void
log_level_holds(void)
{
    log_state.level_holds = true;
}

void
log_stats(struct log_stats *stats)
{
    *stats = log_state.stats;
}

/* ---- ring */

static void
ring_put(struct slice bytes)
{
    size_t at = (log_state.head + log_state.size) % LOG_RING_BYTES;
    size_t first = LOG_RING_BYTES - at < bytes.size ? LOG_RING_BYTES - at : bytes.size;
    memcpy(log_state.ring + at, bytes.at, first);
    memcpy(log_state.ring, bytes.at + first, bytes.size - first);
    log_state.size += bytes.size;
}

/* Whether the descriptor takes PIPE_BUF bytes now without blocking. */
static bool
is_writable(void)
{
    struct pollfd poll_fd = { .fd = log_state.fd, .events = POLLOUT };
    return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLOUT) != 0;
}

static ssize_t
write_some(const char *bytes, size_t size)
{
    size_t piece = size < PIPE_BUF ? size : PIPE_BUF;
    if (log_state.is_socket)
        return send(log_state.fd, bytes, piece, MSG_DONTWAIT | MSG_NOSIGNAL);
    return is_writable() ? write(log_state.fd, bytes, piece) : -1;
}

void
log_flush(void)
{
    while (log_state.size > 0) {
        size_t whole = LOG_RING_BYTES - log_state.head;
        ssize_t n = write_some(log_state.ring + log_state.head, log_state.size < whole ? log_state.size : whole);
        if (n <= 0)
            return;
        log_state.head = (log_state.head + (size_t)n) % LOG_RING_BYTES;
        log_state.size -= (size_t)n;
    }
}

void
log_close(void)
{
    int64_t end = clock_ms(CLOCK_MONOTONIC) + CLOSE_WAIT_MS;
    log_flush();
    for (int64_t left = CLOSE_WAIT_MS; log_state.size > 0 && left > 0; left = end - clock_ms(CLOCK_MONOTONIC)) {
        struct pollfd poll_fd = { .fd = log_state.fd, .events = POLLOUT };
        if (poll(&poll_fd, 1, (int)left) <= 0 || (poll_fd.revents & POLLOUT) == 0)
            break;
        log_flush();
    }
    log_state.stats.dropped += log_state.size > 0;
    log_state.size = 0;
    log_state.fd = STDERR_FILENO;
    log_state.json = log_state.journal = log_state.is_socket = false;
}

/* ---- lines */

/* Life cycle and exit lines: no limit holds them back, and none holds back AB5107, the line of a re-send in doubt. */
static bool
is_exempt(enum log_code code)
{
    return log_rows[code].code[2] == '8' || code == LOG_AB5107;
}

static bool
bucket_take(struct bucket *bucket, int64_t now_ms)
{
    int64_t gained = (now_ms - bucket->filled_ms) / 1000;
    if (gained > 0) {
        bucket->spent -= gained < (int64_t)bucket->spent ? (uint32_t)gained : bucket->spent;
        bucket->filled_ms += gained * 1000;
    }
    if (bucket->spent == BURST_LINES)
        return false;
    if (bucket->spent == 0)
        bucket->filled_ms = now_ms;
    bucket->spent++;
    return true;
}

/* Until all is written. False when waiting is of no use: the reader is gone, the disk is full. */
static bool
flush_surely(void)
{
    while (log_state.size > 0) {
        struct pollfd poll_fd = { .fd = log_state.fd, .events = POLLOUT };
        size_t before = log_state.size;
        errno = 0;
        log_flush();
        if (log_state.size < before)
            continue;
        if (errno != 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (poll(&poll_fd, 1, -1) > 0 && !(poll_fd.revents & POLLOUT))
            return false;
    }
    return true;
}

static void
emit(enum log_code code, const char *text, const struct log_fields *fields, uint64_t suppressed)
{
    static char memory[LOG_LINE_BYTES_MAX + 1];
    static const char *const prefixes[LOG_LEVEL_COUNT] = { "<3>", "<4>", "<6>", "<7>" };
    const struct log_row *row = &log_rows[code];
    struct buf line;
    buf_init(&line, memory, sizeof memory);
    if (log_state.journal)
        buf_text(&line, prefixes[row->level]);
    if (log_state.json)
        log_line_json(&line, row, text, fields, suppressed, wall_ms());
    else
        log_line_text(&line, row, text, fields, suppressed, wall_ms());
    size_t reserve = is_exempt(code) ? 0 : row->level <= LOG_LEVEL_WARNING ? RESERVE_BYTES : RESERVE_FOR_WARNINGS_BYTES;
    if (line.overflow || log_state.size + line.size + reserve > LOG_RING_BYTES) {
        log_state.stats.dropped++;
        return;
    }
    log_state.stats.lines[row->level]++;
    ring_put(buf_view(&line));
}

void
log_line(enum log_code code, const struct log_fields *fields)
{
    enum log_level level = log_rows[code].level;
    struct bucket *bucket = &log_state.buckets[code];
    if (level > log_state.level)
        return;
    if (!is_exempt(code) && !bucket_take(bucket, boot_ms())) {
        bucket->suppressed++;
        log_state.stats.suppressed[level]++;
        return;
    }
    uint64_t suppressed = bucket->suppressed;
    bucket->suppressed = 0;
    emit(code, NULL, fields, suppressed);
    log_flush();
}

void
log_last(enum log_code code, const struct log_fields *fields)
{
    char memory[PIPE_BUF];
    struct buf line;
    buf_init(&line, memory, sizeof memory);
    if (log_state.json)
        log_line_json(&line, &log_rows[code], NULL, fields, 0, wall_ms());
    else
        log_line_text(&line, &log_rows[code], NULL, fields, 0, wall_ms());
    (void)write_some(line.at, line.size);
}

bool
log_writes(enum log_code code)
{
    return log_rows[code].level <= log_state.level;
}

/* The ring is emptied first: then it has room. A reader that is gone costs the line; the ring keeps what it can. */
void
log_line_surely(enum log_code code, const struct log_fields *fields)
{
    if (log_state.level_holds && !log_writes(code))
        return;
    (void)flush_surely();
    emit(code, NULL, fields, 0);
    if (!flush_surely())
        log_state.stats.dropped++;
}

void
log_trace(const char *text, size_t size)
{
    char line[1024];
    if (log_state.level < LOG_LEVEL_DEBUG)
        return;
    size_t n = size < sizeof line - 1 ? size : sizeof line - 1;
    memcpy(line, text, n);
    line[n] = '\0';
    emit(LOG_AB9001, line, NULL, 0);
    if (log_state.size > LOG_RING_BYTES / 8)
        log_flush();
}

/* test_admin.c: what the admin port answers, and what it puts up with. Clients are plain sockets on the test's own loop. */
#include "bridge/io/admin.h"
#include "bridge/io/clock.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct admin_bench {
    struct event_base *base;
    struct admin *admin;
    bool redis_up, started;
    uint32_t rendered;
    char reply[65536];
};

static uint32_t
on_checks(void *owner, struct admin_check out[ADMIN_CHECKS_MAX])
{
    struct admin_bench *bench = owner;
    out[0] = (struct admin_check){ "kafka", true, NULL };
    out[1] = (struct admin_check){ "redis", bench->redis_up, "no answer for 30 s" };
    return 2;
}

static bool
on_started(void *owner)
{
    return ((struct admin_bench *)owner)->started;
}

static void
on_metrics(void *owner, struct buf *text)
{
    buf_format(text, "alertbridge_renderings %u\n", ++((struct admin_bench *)owner)->rendered);
}

static void
on_version(void *owner, struct buf *json)
{
    (void)owner;
    buf_text(json, "{\"version\":\"0.1.0\"}");
}

static struct admin *
admin_start(struct admin_bench *bench, const char *listen, char *error, size_t error_size)
{
    struct admin_handler handler = { bench, on_checks, on_started, on_metrics, on_version };
    return admin_new(bench->base, listen, &handler, error, error_size);
}

static struct admin_bench *
bench_start(void)
{
    signal(SIGPIPE, SIG_IGN);
    struct admin_bench *bench = calloc(1, sizeof(*bench));
    *bench = (struct admin_bench){ .base = event_base_new(), .redis_up = true, .started = true };
    char error[256] = "";
    bench->admin = admin_start(bench, "127.0.0.1:0", error, sizeof(error));
    cr_assert(bench->admin, "%s", error);
    return bench;
}

static void
bench_stop(struct admin_bench *bench)
{
    admin_free(bench->admin);
    event_base_free(bench->base);
    free(bench);
}

static int
client_open(const struct admin_bench *bench)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(admin_port(bench->admin)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static void
client_send(int fd, const char *text)
{
    cr_assert_eq(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
}

static void
loop_turn(struct admin_bench *bench)
{
    struct timeval moment = { 0, 10000 };
    event_base_loopexit(bench->base, &moment);
    event_base_dispatch(bench->base);
}

/* Turns the loop until the server ends the connection; returns what came, or NULL when it is still open at the deadline. */
static const char *
client_read(struct admin_bench *bench, int fd, ms_t deadline_ms)
{
    size_t size = 0;
    for (ms_t end_ms = clock_now_ms() + deadline_ms; clock_now_ms() < end_ms;) {
        loop_turn(bench);
        ssize_t got = recv(fd, bench->reply + size, sizeof(bench->reply) - 1 - size, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            close(fd);
            bench->reply[size] = 0;
            return bench->reply;
        }
        size += got > 0 ? (size_t)got : 0;
    }
    return NULL;
}

static const char *
ask(struct admin_bench *bench, const char *request)
{
    int fd = client_open(bench);
    client_send(fd, request);
    const char *reply = client_read(bench, fd, 10000);
    cr_assert(reply, "no end of the reply to %s", request);
    return reply;
}

static bool
has_status(const char *reply, int status)
{
    char line[32];
    snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
    return strncmp(reply, line, strlen(line)) == 0;
}

static const char *
body_of(const char *reply)
{
    const char *end = strstr(reply, "\r\n\r\n");
    return end ? end + 4 : "(no body)";
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define HEAD(path) "HEAD " path " HTTP/1.1\r\nHost: a\r\n\r\n"

Test(admin, each_path_answers_with_its_status_and_text)
{
    static const struct { bool redis_up, started; const char *request; int status; const char *body; } rows[] = {
        { true,  true,  GET("/livez"), 200, "ok\n" },
        { false, false, GET("/livez"), 200, "ok\n" },
        { true,  true,  GET("/livez?verbose=1"), 200, "[+]loop ok\nok\n" },
        { true,  true,  GET("/readyz"), 200, "ok\n" },
        { true,  true,  GET("/readyz?x=1&verbose=1"), 200, "[+]kafka ok\n[+]redis ok\nok\n" },
        { true,  true,  GET("/readyz?notverbose=1"), 200, "ok\n" },
        { false, true,  GET("/readyz"), 503, "[-]redis failed: no answer for 30 s\n" },
        { false, true,  GET("/readyz?verbose=1"), 503, "[+]kafka ok\n[-]redis failed: no answer for 30 s\n" },
        { false, true,  GET("/startupz"), 200, "ok\n" },
        { true,  false, GET("/startupz"), 503, "[-]started failed: starting\n" },
        { true,  true,  GET("/version"), 200, "{\"version\":\"0.1.0\"}" },
        { true,  true,  GET("/livezz"), 404, NULL },
        { true,  true,  GET("/"), 404, NULL },
        { true,  true,  GET("/livez/"), 404, NULL },
    };
    struct admin_bench *bench = bench_start();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bench->redis_up = rows[i].redis_up;
        bench->started = rows[i].started;
        const char *reply = ask(bench, rows[i].request);
        cr_expect(has_status(reply, rows[i].status), "row %zu: %s", i, reply);
        if (rows[i].body)
            cr_expect_str_eq(body_of(reply), rows[i].body, "row %zu: %s", i, reply);
    }
    bench_stop(bench);
}

Test(admin, every_answer_closes_is_not_stored_and_not_sniffed)
{
    static const char *const requests[] = { GET("/livez"), GET("/metrics"), GET("/nowhere"), HEAD("/version"),
                                            "POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" };
    static const char *const lines[] = { "Connection: close\r\n", "Cache-Control: no-store\r\n",
                                         "X-Content-Type-Options: nosniff\r\n",
                                         "Referrer-Policy: no-referrer\r\n", "Cross-Origin-Resource-Policy: same-origin\r\n" };
    struct admin_bench *bench = bench_start();
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        const char *reply = ask(bench, requests[i]);
        for (size_t k = 0; k < sizeof(lines) / sizeof(lines[0]); k++)
            cr_expect(strstr(reply, lines[k]), "%s: no %s", requests[i], lines[k]);
        const char *length = strstr(reply, "Content-Length: ");
        cr_assert(length, "%s", reply);
        cr_expect_not(strstr(length + 1, "Content-Length: "), "twice: %s", reply);
    }
    cr_expect(strstr(ask(bench, GET("/metrics")), "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    cr_expect(strstr(ask(bench, GET("/version")), "Content-Type: application/json\r\n"));
    bench_stop(bench);
}

Test(admin, head_has_the_length_of_get_and_no_body)
{
    struct admin_bench *bench = bench_start();
    const char *reply = ask(bench, HEAD("/version"));
    cr_expect(has_status(reply, 200));
    cr_expect(strstr(reply, "Content-Length: 19\r\n"), "%s", reply);
    cr_expect_str_eq(body_of(reply), "");
    bench->redis_up = false;
    cr_expect(has_status(ask(bench, HEAD("/readyz")), 503));
    bench_stop(bench);
}

Test(admin, a_wrong_method_is_405_with_what_is_allowed)
{
    static const char *const methods[] = { "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH" };
    struct admin_bench *bench = bench_start();
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        char request[128];
        snprintf(request, sizeof(request), "%s /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", methods[i]);
        const char *reply = ask(bench, request);
        cr_expect(has_status(reply, 405), "%s: %s", methods[i], reply);
        cr_expect(strstr(reply, "Allow: GET, HEAD\r\n"), "%s", methods[i]);
    }
    cr_expect(has_status(ask(bench, "POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"), 404));
    bench_stop(bench);
}

Test(admin, a_body_is_not_taken)
{
    struct admin_bench *bench = bench_start();
    const char *reply = ask(bench, "POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    cr_expect(has_status(reply, 413), "%s", reply);
    reply = ask(bench, "POST /livez HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    cr_expect_not(has_status(reply, 200), "%s", reply);
    bench_stop(bench);
}

Test(admin, headers_above_8_kib_are_refused)
{
    struct admin_bench *bench = bench_start();
    static char request[16384];
    int size = sprintf(request, "GET /livez HTTP/1.1\r\nHost: a\r\nx-long: ");
    memset(request + size, 'x', 7000);
    strcpy(request + size + 7000, "\r\n\r\n");
    cr_expect(has_status(ask(bench, request), 200), "7 KB are fine");
    memset(request + size, 'x', 9000);
    strcpy(request + size + 9000, "\r\n\r\n");
    const char *reply = ask(bench, request);
    cr_expect_not(has_status(reply, 200), "%s", reply);
    cr_expect(has_status(ask(bench, GET("/livez")), 200), "and the next is served");
    bench_stop(bench);
}

/* The next connection gets the descriptor number of the last; a leftover of that one must not read on it. */
Test(admin, a_connection_never_takes_the_bytes_of_the_next)
{
    struct admin_bench *bench = bench_start();
    static char request[8192];
    int size = sprintf(request, "GET /readyz HTTP/1.1\r\nHost: a\r\nx-long: ");
    memset(request + size, 'x', 7000);
    strcpy(request + size + 7000, "\r\n\r\n");
    for (int i = 0; i < 30; i++)
        cr_assert(has_status(ask(bench, request), 200), "request %d", i);
    bench_stop(bench);
}

Test(admin, metrics_are_rendered_at_most_once_a_second)
{
    struct admin_bench *bench = bench_start();
    ms_t start_ms = clock_now_ms();
    uint32_t asked = 0;
    cr_expect_str_eq(body_of(ask(bench, GET("/metrics"))), "alertbridge_renderings 1\n");
    cr_expect_eq(bench->rendered, 1);
    while (bench->rendered < 2) {
        ask(bench, GET("/metrics"));
        asked++;
        cr_assert_lt(clock_now_ms() - start_ms, 60000);
    }
    cr_expect_geq(clock_now_ms() - start_ms, 1000, "rendered again after %lld ms", (long long)(clock_now_ms() - start_ms));
    cr_expect_gt(asked, 1);
    cr_expect_str_eq(body_of(bench->reply), "alertbridge_renderings 2\n");
    bench_stop(bench);
}

Test(admin, the_65th_connection_waits_for_a_place)
{
    struct admin_bench *bench = bench_start();
    int fds[64];
    for (size_t i = 0; i < 64; i++)
        fds[i] = client_open(bench);
    for (int i = 0; i < 20; i++)
        loop_turn(bench);
    int late = client_open(bench);      /* the kernel takes it, nobody else */
    client_send(late, GET("/livez"));
    cr_expect_null(client_read(bench, late, 600), "served beyond the limit");
    client_send(fds[10], GET("/livez"));
    const char *reply = client_read(bench, fds[10], 10000);
    cr_assert(reply);
    cr_expect(has_status(reply, 200), "those inside are served");
    reply = client_read(bench, late, 4000);
    cr_assert(reply, "a place that was left is not given on");
    cr_expect(has_status(reply, 200));
    for (size_t i = 0; i < 64; i++)
        if (i != 10)
            close(fds[i]);
    bench_stop(bench);
}

/* Two gates: which of them is short of descriptors must be found out. */
Test(admin, a_connection_that_finds_no_descriptor_is_taken_a_second_later)
{
    struct admin_bench *bench = bench_start(), *other = bench_start();
    struct rlimit limit, none;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    int fd = client_open(bench);
    client_send(fd, GET("/livez"));
    none.rlim_cur = (rlim_t)fd;
    setrlimit(RLIMIT_NOFILE, &none);
    const char *reply = client_read(bench, fd, 300);
    setrlimit(RLIMIT_NOFILE, &limit);
    cr_assert_null(reply, "%s", reply);
    cr_expect(has_status(ask(other, GET("/livez")), 200));
    reply = client_read(bench, fd, 10000);
    cr_assert(reply, "never taken");
    cr_expect(has_status(reply, 200));
    bench_stop(other);
    bench_stop(bench);
}

/* libevent's own timeout starts again with every byte. */
Test(admin, a_slow_sender_is_cut_off_after_five_seconds)
{
    struct admin_bench *bench = bench_start();
    int fd = client_open(bench);
    client_send(fd, "GET /livez HTTP/1.1\r\nx: ");
    ms_t start_ms = clock_now_ms(), took_ms = 0;
    char byte;
    for (int i = 0; !took_ms && i < 3000; i++) {
        if (i % 10 == 0)
            (void)!send(fd, "x", 1, 0);
        loop_turn(bench);
        ssize_t got = recv(fd, &byte, 1, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            took_ms = clock_now_ms() - start_ms;
    }
    cr_expect_geq(took_ms, 4900, "%lld ms", (long long)took_ms);
    cr_expect_lt(took_ms, 15000, "%lld ms", (long long)took_ms);
    close(fd);
    cr_expect(has_status(ask(bench, GET("/livez")), 200));
    bench_stop(bench);
}

Test(admin, an_address_that_cannot_be_bound_says_why)
{
    struct admin_bench *bench = bench_start();
    char taken[32], error[256];
    snprintf(taken, sizeof(taken), "127.0.0.1:%u", admin_port(bench->admin));
    const struct { const char *listen, *says; } rows[] = {
        { taken, "Address already in use" },
        { "192.0.2.1:9464", "Cannot assign requested address" },
        { "localhost:9464", "is not an address and a port" },
        { "127.0.0.1", "is not an address and a port" },
        { "127.0.0.1:", "is not an address and a port" },
        { "127.0.0.1:70000", "is not an address and a port" },
        { "127.0.0.1:80x", "is not an address and a port" },
        { "::1", "is not an address and a port" },
        { "[::1]", "is not an address and a port" },
        { ":9464", "is not an address and a port" },
        { "", "is not an address and a port" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        error[0] = 0;
        cr_expect_null(admin_start(bench, rows[i].listen, error, sizeof(error)), "row %zu", i);
        cr_expect(strstr(error, rows[i].says), "row %zu: %s", i, error);
        cr_expect(strstr(error, rows[i].listen), "row %zu: %s", i, error);
    }
    bench_stop(bench);
}

Test(admin, it_can_be_freed_with_connections_open)
{
    struct admin_bench *bench = bench_start();
    int fds[5];
    for (size_t i = 0; i < 5; i++) {
        fds[i] = client_open(bench);
        client_send(fds[i], "GET /liv");
    }
    for (int i = 0; i < 5; i++)
        loop_turn(bench);
    bench_stop(bench);
    for (size_t i = 0; i < 5; i++)
        close(fds[i]);
}

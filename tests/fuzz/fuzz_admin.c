/* fuzz_admin.c: any bytes to the admin port, over a real connection on the loopback interface: it answers, or hangs up, and goes
 * on. */
#include "bridge/io/admin.h"
#include "tests/fuzz/shared.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TURNS_MAX = 6, REPLY_BYTES = 64 * 1024, CONNECTIONS_MAX = 32, DIALS_MAX = 400, DIAL_AGAIN_US = 20 * 1000 };

static struct event_base *base;
static struct admin *admin;

static uint32_t
checks(void *owner, struct admin_check out[ADMIN_CHECKS_MAX])
{
    (void)owner;
    out[0] = (struct admin_check){ "kafka", true, NULL };
    out[1] = (struct admin_check){ "redis", false, "no answer" };
    return 2;
}

static bool
started(void *owner)
{
    (void)owner;
    return true;
}

static void
metrics(void *owner, struct buf *text)
{
    (void)owner;
    buf_text(text, "alertbridge_up 1\n");
}

static void
version(void *owner, struct buf *json)
{
    (void)owner;
    buf_text(json, "{\"version\":\"1\"}");
}

/* The gate looks for places that are free again a few times a second, which is too slow here: a new port after some. */
static void
start(void)
{
    static const struct admin_handler handler = { .checks = checks, .started = started, .metrics = metrics, .version = version };
    char error[256];
    if (!base)
        base = event_base_new();
    check(base);
    admin_free(admin);
    admin = admin_new(base, "127.0.0.1:0", &handler, error, sizeof(error));
    check(admin);
}

/* Closed by a reset: thousands of ends a second would leave no port. */
static int
dial_once(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(admin_port(admin)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct linger reset = { .l_onoff = 1, .l_linger = 0 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

/* A system that has no port just then, or the fuzzer's own alarm in the midst of it, says nothing about the admin port. */
static int
dial(void)
{
    int fd = dial_once();
    for (int tries = 1; fd < 0 && tries < DIALS_MAX; tries++) {
        usleep(DIAL_AGAIN_US);
        start();
        fd = dial_once();
    }
    if (fd < 0)
        perror("connect to the admin port");
    check(fd >= 0);
    return fd;
}

/* The status stands behind the first blank, not at a fixed place: evhttp answers in the version it was asked in, be it 1.666. */
static void
reply_must_be_sound(const char *reply, size_t size)
{
    if (size == 0)
        return;
    check(size > 12 && memcmp(reply, "HTTP/", 5) == 0);
    const char *blank = strchr(reply, ' ');
    check(blank);
    int status = atoi(blank + 1);
    check(status == 200 || (status >= 400 && status <= 505));
}

int
FUZZ(admin)(const uint8_t *data, size_t size)
{
    static char reply[REPLY_BYTES];
    static uint32_t connections;
    size_t got = 0;
    if (connections++ % CONNECTIONS_MAX == 0)
        start();
    int fd = dial();
    ssize_t sent = send(fd, data, size < 32768 ? size : 32768, MSG_NOSIGNAL | MSG_DONTWAIT);
    check(sent >= 0 || size == 0);
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        ssize_t n = recv(fd, reply + got, sizeof(reply) - 1 - got, MSG_DONTWAIT);
        if (n == 0)
            break;
        got += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    event_base_loop(base, EVLOOP_NONBLOCK);
    reply[got] = '\0';
    reply_must_be_sound(reply, got);
    return 0;
}

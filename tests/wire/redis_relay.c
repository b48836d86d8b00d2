/* redis_relay.c: a process of its own that serves one connection after the other, so the loop under test is not disturbed. */
#include "tests/wire/redis_relay.h"

#include "tests/wire/redis_server.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BYTES_MAX = 1 << 17, KEPT_MAX = 1 << 12 };

struct relay_rule {
    enum relay_act act;
    char words[64], text[1024];
    volatile uint32_t times, hits;
    char kept[KEPT_MAX];
    size_t kept_size;
};

struct stream {
    int fd;
    size_t size;
    char at[BYTES_MAX];
};

/* Bytes of the first complete value, commands being values too; 0 = there is more to come. */
static size_t
value_size(const char *at, size_t size)
{
    const char *end = size ? memchr(at, '\n', size) : NULL;
    if (!end)
        return 0;
    size_t line = (size_t)(end - at) + 1;
    long n = strtol(at + 1, NULL, 10);
    if ((at[0] != '$' && at[0] != '*') || n < 0)
        return line;
    if (at[0] == '$')
        return size >= line + (size_t)n + 2 ? line + (size_t)n + 2 : 0;
    for (size_t whole = line; n > 0; n--) {
        size_t one = value_size(at + whole, size - whole);
        if (one == 0)
            return 0;
        whole += one;
        line = whole;
    }
    return line;
}

/* 0 = the stream is over. */
static size_t
read_value(struct stream *stream)
{
    for (;;) {
        size_t whole = value_size(stream->at, stream->size);
        if (whole)
            return whole;
        ssize_t got = read(stream->fd, stream->at + stream->size, BYTES_MAX - stream->size);
        if (got <= 0)
            return 0;
        stream->size += (size_t)got;
    }
}

static void
drop(struct stream *stream, size_t size)
{
    memmove(stream->at, stream->at + size, stream->size - size);
    stream->size -= size;
}

/* The words of a command with a space behind each. */
static void
words_of(const char *at, size_t size, char *out, size_t out_size)
{
    size_t n = 0;
    for (const char *end = at + size; at < end;) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        if (at[0] == '$') {
            size_t word = strtoul(at + 1, NULL, 10);
            n += (size_t)snprintf(out + n, out_size - n, "%.*s ", (int)word, line + 1);
            if (n + 64 > out_size || word > 64)
                return;
            at = line + 1 + word + 2;
        } else {
            at = line + 1;
        }
    }
}

static void
reset(int fd)
{
    struct linger hard = { .l_onoff = 1 };
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

static enum relay_act
act_on(struct relay_rule *rule, const struct stream *client, size_t size)
{
    char words[512] = "";
    words_of(client->at, size, words, sizeof(words));
    bool meant = rule->words[0] == '~' ? strstr(words, rule->words + 1) != NULL
                                       : strncmp(words, rule->words, strlen(rule->words)) == 0;
    if (rule->times == 0 || !meant)
        return RELAY_PASS;
    rule->times--;
    rule->hits++;
    return rule->act;
}

static bool
say(int fd, const char *text, size_t size)
{
    return write(fd, text, size) == (ssize_t)size;
}

static void
keep(struct relay_rule *rule, const char *command, size_t size)
{
    rule->kept_size = size < KEPT_MAX ? size : 0;
    memcpy(rule->kept, command, rule->kept_size);
}

/* One command and its answer; false: this connection is over. */
static bool
serve_one(struct relay_rule *rule, struct stream *client, struct stream *server)
{
    size_t size = read_value(client);
    if (size == 0)
        return false;
    enum relay_act act = act_on(rule, client, size);
    bool cut = act == RELAY_CUT || act == RELAY_KEEP;
    if (act == RELAY_KEEP)
        keep(rule, client->at, size);
    if (cut)
        reset(client->fd);
    if (cut || (act != RELAY_INSTEAD && !say(server->fd, client->at, size)))
        return false;
    drop(client, size);
    if (act == RELAY_INSTEAD)
        return say(client->fd, rule->text, strlen(rule->text));
    size = read_value(server);
    if (size == 0)
        return false;
    bool good = false;
    if (act == RELAY_PASS)
        good = say(client->fd, server->at, size);
    else if (act == RELAY_REPLACE)
        good = say(client->fd, rule->text, strlen(rule->text));
    else if (act == RELAY_HALF)
        good = say(client->fd, server->at, size / 2) && usleep(20000) != 0;     /* half of it is read, then the reset */
    drop(server, size);
    if (!good)
        reset(client->fd);
    return good;
}

static int
socket_to(uint16_t port, bool listens)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (listens)
        return bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 16) == 0 ? fd : -1;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void
serve(struct relay_rule *rule, int listener, uint16_t server_port)
{
    static struct stream client, server;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        client = (struct stream){ .fd = accept(listener, NULL, NULL) };
        server = (struct stream){ .fd = socket_to(server_port, false) };
        while (client.fd >= 0 && server.fd >= 0 && serve_one(rule, &client, &server))
            ;
        close(client.fd);
        close(server.fd);
    }
}

void
relay_start(struct redis_relay *relay, uint16_t server_port)
{
    relay->port = free_port();
    relay->rule = mmap(NULL, sizeof(*relay->rule), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(relay->rule, MAP_FAILED);
    int listener = socket_to(relay->port, true);
    cr_assert(listener >= 0);
    relay->pid = fork();
    cr_assert(relay->pid >= 0);
    if (relay->pid == 0)
        serve(relay->rule, listener, server_port);
    close(listener);
}

void
relay_stop(struct redis_relay *relay)
{
    kill(relay->pid, SIGKILL);
    waitpid(relay->pid, NULL, 0);
    munmap(relay->rule, sizeof(*relay->rule));
}

void
relay_set(struct redis_relay *relay, enum relay_act act, const char *words, const char *text, uint32_t times)
{
    relay->rule->times = 0;
    relay->rule->hits = 0;
    relay->rule->act = act;
    snprintf(relay->rule->words, sizeof(relay->rule->words), "%s", words);
    snprintf(relay->rule->text, sizeof(relay->rule->text), "%s", text);
    relay->rule->times = times;
}

uint32_t
relay_hits(const struct redis_relay *relay)
{
    return relay->rule->hits;
}

const char *
relay_kept(const struct redis_relay *relay, size_t *size)
{
    *size = relay->rule->kept_size;
    return relay->rule->kept;
}

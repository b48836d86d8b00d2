/* redis_server.c: starts redis-server without persistence and ends it by its own process number. */
#include "tests/wire/redis_server.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static redisReply *last;

static uint16_t
free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

void
server_prepare(struct redis_server_of_test *server)
{
    *server = (struct redis_server_of_test){ .port = free_port() };
    snprintf(server->directory, sizeof(server->directory), "/tmp/alertbridge-redis-XXXXXX");
    cr_assert_not_null(mkdtemp(server->directory));
    snprintf(server->path, sizeof(server->path), "%s/socket", server->directory);
}

static void
exec_server(const struct redis_server_of_test *server)
{
    char port[8];
    snprintf(port, sizeof(port), "%u", server->port);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!freopen("/dev/null", "w", stdout))
        _exit(126);
    execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", server->directory, "--save", "",
           "--appendonly", "no", "--unixsocket", server->path, "--requirepass", server->password, (char *)NULL);
    _exit(127);
}

static bool
control_open(struct redis_server_of_test *server)
{
    if (server->control)
        redisFree(server->control);
    server->control = redisConnect("127.0.0.1", server->port);
    if (!server->control || server->control->err)
        return false;
    if (server->password[0])
        server_says(server, "AUTH %s", server->password);
    const redisReply *pong = server_says(server, "PING");
    return pong && pong->type == REDIS_REPLY_STATUS;
}

void
server_start(struct redis_server_of_test *server)
{
    server->pid = fork();
    cr_assert(server->pid >= 0);
    if (server->pid == 0)
        exec_server(server);
    for (int i = 0; i < 500 && !control_open(server); i++)
        usleep(10000);
    cr_assert(server->control && !server->control->err, "redis-server does not answer on port %u", server->port);
}

void
server_kill(struct redis_server_of_test *server)
{
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
    }
    server->pid = 0;
}

void
server_freeze(struct redis_server_of_test *server)
{
    int status;
    kill(server->pid, SIGSTOP);
    cr_assert_eq(waitpid(server->pid, &status, WUNTRACED), server->pid);
}

void
server_thaw(struct redis_server_of_test *server)
{
    kill(server->pid, SIGCONT);
}

void
server_release(struct redis_server_of_test *server)
{
    server_kill(server);
    if (last)
        freeReplyObject(last);
    last = NULL;
    if (server->control)
        redisFree(server->control);
    unlink(server->path);
    rmdir(server->directory);
}

const struct redisReply *
server_says(struct redis_server_of_test *server, const char *format, ...)
{
    va_list words;
    if (last)
        freeReplyObject(last);
    va_start(words, format);
    last = redisvCommand(server->control, format, words);
    va_end(words);
    return last;
}

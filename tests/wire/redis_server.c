/* redis_server.c: starts redis-server without persistence and ends it by its own process number. */
#include "tests/wire/redis_server.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static redisReply *last;

void
server_prepare(struct redis_server_of_test *server)
{
    *server = (struct redis_server_of_test){ .port = free_port() };
    cr_assert(temp_dir_make(&server->dir));
    snprintf(server->path, sizeof(server->path), "%s/socket", server->dir.path);
}

/* A sentinel rewrites its file as it learns. */
static void
write_sentinel_file(struct redis_server_of_test *server)
{
    char path[96];
    snprintf(path, sizeof(path), "%s/sentinel.conf", server->dir.path);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fprintf(file, "port %u\nbind 127.0.0.1\ndir %s\n", server->port, server->dir.path);
    if (server->password[0])
        fprintf(file, "requirepass %s\n", server->password);
    if (server->watched)
        fprintf(file, "sentinel monitor the-master 127.0.0.1 %u 1\nsentinel down-after-milliseconds the-master 500\n"
                      "sentinel failover-timeout the-master 2000\n", server->watched);
    fclose(file);
}

static void
exec_sentinel(const struct redis_server_of_test *server)
{
    char path[96];
    snprintf(path, sizeof(path), "%s/sentinel.conf", server->dir.path);
    execlp("redis-server", "redis-server", path, "--sentinel", (char *)NULL);
}

static const char *
program_of(const struct redis_server_of_test *server)
{
    return server->program ? server->program : "redis-server";
}

static void
exec_server(const struct redis_server_of_test *server)
{
    char port[8];
    snprintf(port, sizeof(port), "%u", server->port);
    const char *words[16 + SERVER_WORDS_MAX] = {
        program_of(server), "--port", port, "--bind", "127.0.0.1", "--dir", server->dir.path, "--save", "", "--appendonly", "no",
        "--unixsocket", server->path, "--requirepass", server->password,
    };
    for (int i = 0, n = 15; i < SERVER_WORDS_MAX && server->words[i]; i++)
        words[n++] = server->words[i];
    execvp(program_of(server), (char *const *)words);
}

static void
become_server(const struct redis_server_of_test *server)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!freopen("/dev/null", "w", stdout))
        _exit(126);
    if (server->is_sentinel)
        exec_sentinel(server);
    else
        exec_server(server);
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
    if (server->is_sentinel)
        write_sentinel_file(server);
    server->pid = fork();
    cr_assert(server->pid >= 0);
    if (server->pid == 0)
        become_server(server);
    for (int i = 0; i < 3000 && !control_open(server); i++)
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
    temp_dir_remove(&server->dir);
}

/* A failover closes all connections to the promoted server, this one too. */
static bool
control_again(struct redis_server_of_test *server)
{
    return server->pid > 0 && server->control->err && control_open(server);
}

const struct redisReply *
server_says(struct redis_server_of_test *server, const char *format, ...)
{
    va_list words, again;
    if (last)
        freeReplyObject(last);
    va_start(words, format);
    va_copy(again, words);
    last = redisvCommand(server->control, format, words);
    if (!last && control_again(server)) {
        freeReplyObject(last);
        last = redisvCommand(server->control, format, again);
    }
    va_end(again);
    va_end(words);
    return last;
}

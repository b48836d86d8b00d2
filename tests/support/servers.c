/* servers.c: starts and ends redis-server and Kafka for tests, and keeps the house clean after them. */
#include "tests/support/servers.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define KAFKA_SCRIPT SOURCE_ROOT "/tests/support/kafka.sh"

enum { PORT_LOWEST = 20000, PORTS = 12768 };    /* up to 32767: /proc/sys/net/ipv4/ip_local_port_range begins after it */

static struct sockaddr_in
loopback(uint16_t port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static bool
port_is_free(uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    if (fd >= 0)
        close(fd);
    return bound;
}

uint16_t
free_port(void)
{
    for (int tries = 0; tries < 1000; tries++) {
        uint16_t drawn = 0;
        if (getrandom(&drawn, sizeof(drawn), 0) != (ssize_t)sizeof(drawn))
            break;
        uint16_t port = (uint16_t)(PORT_LOWEST + drawn % PORTS);
        if (port_is_free(port))
            return port;
    }
    fprintf(stderr, "servers: no free port on 127.0.0.1\n");
    abort();
}

/* ---- folders --------------------------------------------------------------------------------------------------------------- */

/* Holds nothing of its parent's open but the one pipe, whose end it waits for. */
static void
janitor(int alive_fd, const char *path)
{
    dup2(alive_fd, STDIN_FILENO);
    int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    closefrom(STDERR_FILENO + 1);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    char byte;
    bool asked = read(STDIN_FILENO, &byte, 1) == 1;
    if (!asked)
        usleep(200000);         /* the parent died: let its servers die too before their folder goes */
    execlp("rm", "rm", "-rf", "--", path, (char *)NULL);
    _exit(127);
}

bool
temp_dir_make(struct temp_dir *dir)
{
    int ends[2];
    *dir = (struct temp_dir){ .path = "/tmp/alertbridge-test-XXXXXX" };
    if (!mkdtemp(dir->path) || pipe2(ends, O_CLOEXEC) != 0) {
        perror("servers: temporary folder");
        return false;
    }
    dir->janitor = fork();
    if (dir->janitor == 0)
        janitor(ends[0], dir->path);
    close(ends[0]);
    dir->alive_fd = ends[1];
    return dir->janitor > 0;
}

void
temp_dir_remove(struct temp_dir *dir)
{
    if (dir->janitor <= 0)
        return;
    if (write(dir->alive_fd, "x", 1) != 1)
        fprintf(stderr, "servers: the janitor of %s is gone\n", dir->path);
    close(dir->alive_fd);
    waitpid(dir->janitor, NULL, 0);
    *dir = (struct temp_dir){ 0 };
}

/* ---- processes ------------------------------------------------------------------------------------------------------------- */

/* Becomes the program; dies with the parent, holds none of its files. */
static void
become(pid_t parent, const char *log, const char *const arguments[])
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)    /* it died before the line above */
        _exit(126);
    int in = open("/dev/null", O_RDONLY), out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    closefrom(STDERR_FILENO + 1);
    execvp(arguments[0], (char *const *)arguments);
    perror(arguments[0]);
    _exit(127);
}

static pid_t
launch(const char *log, const char *const arguments[])
{
    pid_t parent = getpid(), child = fork();
    if (child == 0)
        become(parent, log, arguments);
    return child;
}

static bool
is_running(pid_t pid)
{
    siginfo_t info = { 0 };
    return pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

static void
end(pid_t *pid, int signal_number)
{
    if (*pid > 0) {
        kill(*pid, signal_number);
        waitpid(*pid, NULL, 0);
    }
    *pid = 0;
}

static void
show(const char *path)
{
    char line[512];
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file))
        fputs(line, stderr);
    if (file)
        fclose(file);
}

/* ---- Redis ----------------------------------------------------------------------------------------------------------------- */

static bool
redis_answers(uint16_t port)
{
    char reply[8] = "";
    struct sockaddr_in address = loopback(port);
    struct timeval patience = { .tv_sec = 1 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    bool ok = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6
           && recv(fd, reply, 7, MSG_WAITALL) == 7 && strcmp(reply, "+PONG\r\n") == 0;
    close(fd);
    return ok;
}

bool
private_redis_start_again(struct private_redis *redis)
{
    char port[8], log[96];
    snprintf(port, sizeof(port), "%u", redis->port);
    snprintf(log, sizeof(log), "%s/redis.log", redis->dir.path);
    const char *const arguments[] = { "redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", redis->dir.path,
                                      "--save", "", "--appendonly", "no", "--daemonize", "no", NULL };
    redis->pid = launch(log, arguments);
    for (int waits = 0; waits < 1000 && is_running(redis->pid); waits++) {
        if (redis_answers(redis->port))
            return true;
        usleep(10000);
    }
    fprintf(stderr, "servers: redis-server does not answer on port %u\n", redis->port);
    show(log);
    end(&redis->pid, SIGKILL);
    return false;
}

bool
private_redis_start(struct private_redis *redis)
{
    *redis = (struct private_redis){ .port = free_port() };
    return temp_dir_make(&redis->dir) && private_redis_start_again(redis);
}

void
private_redis_kill(struct private_redis *redis)
{
    end(&redis->pid, SIGKILL);
}

void
private_redis_release(struct private_redis *redis)
{
    private_redis_kill(redis);
    temp_dir_remove(&redis->dir);
}

/* ---- Kafka ----------------------------------------------------------------------------------------------------------------- */

/* "kafka.sh wait" asks the node until it answers, and prints its address. */
static bool
kafka_wait(struct private_kafka *kafka, const char *node)
{
    char command[512], line[128] = "";
    snprintf(command, sizeof(command), "'%s' wait '%s' %d", KAFKA_SCRIPT, node, (int)kafka->pid);
    FILE *said = popen(command, "re");
    if (!said)
        return false;
    bool ok = fgets(line, sizeof(line), said) && sscanf(line, "BROKERS=%31s", kafka->brokers) == 1;
    return pclose(said) == 0 && ok;
}

bool
private_kafka_start_again(struct private_kafka *kafka)
{
    char log[96], node[96];
    snprintf(log, sizeof(log), "%s/start.log", kafka->dir.path);
    snprintf(node, sizeof(node), "%s/node", kafka->dir.path);
    const char *const arguments[] = { KAFKA_SCRIPT, "run", kafka->version, node, NULL };
    kafka->pid = launch(log, arguments);
    if (kafka->pid > 0 && kafka_wait(kafka, node))
        return true;
    show(log);
    end(&kafka->pid, SIGKILL);
    return false;
}

bool
private_kafka_start(struct private_kafka *kafka, const char *version)
{
    *kafka = (struct private_kafka){ 0 };
    snprintf(kafka->version, sizeof(kafka->version), "%s", version);
    return temp_dir_make(&kafka->dir) && private_kafka_start_again(kafka);
}

void
private_kafka_kill(struct private_kafka *kafka)
{
    end(&kafka->pid, SIGKILL);
}

bool
private_kafka_topic(const struct private_kafka *kafka, const char *name, int partitions, const char *setting)
{
    char count[12], log[96];
    snprintf(count, sizeof(count), "%d", partitions);
    snprintf(log, sizeof(log), "%s/topic.log", kafka->dir.path);
    const char *const arguments[] = { KAFKA_SCRIPT, "topic", kafka->brokers, name, count, setting, NULL };
    pid_t pid = launch(log, arguments);
    int status = -1;
    bool ok = pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!ok)
        show(log);
    return ok;
}

void
private_kafka_release(struct private_kafka *kafka)
{
    private_kafka_kill(kafka);
    temp_dir_remove(&kafka->dir);
}

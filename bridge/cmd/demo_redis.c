/* demo_redis.c: a redis-server of the demo's own, where one is installed: no port, no file but its socket, dead when we are. */
#include "bridge/cmd/demo.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_MS = 3000, LOOK_MS = 20 };

static _Noreturn void
become_redis(const char *socket_path)
{
    char program[] = "redis-server", port[] = "--port", zero[] = "0";
    char sock[] = "--unixsocket", perm[] = "--unixsocketperm", mode[] = "700";
    char save[] = "--save", nothing[] = "", aof[] = "--appendonly", no[] = "no", dir[] = "--dir", root[] = "/";
    char policy[] = "--maxmemory-policy", noeviction[] = "noeviction", path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char *argv[] = { program, port, zero, sock, path, perm, mode, save, nothing, aof, no, dir, root, policy, noeviction, NULL };
    snprintf(path, sizeof(path), "%s", socket_path);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        _exit(EXIT_INTERNAL);
    signal(SIGINT, SIG_IGN);            /* Ctrl-C is the demo's: it still needs its store to end well */
    setsid();
    execvp(program, argv);
    _exit(EXIT_UNAVAILABLE);
}

static bool
answers(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char reply[8] = "";
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && write(fd, "PING\r\n", 6) == 6 &&
                read(fd, reply, sizeof(reply) - 1) >= 5 && strncmp(reply, "+PONG", 5) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

bool
demo_redis_start(const char *folder, char *url, size_t url_size, pid_t *pid)
{
    char path[DEMO_PATH_BYTES + 16];
    struct timespec wait = { .tv_nsec = LOOK_MS * 1000000L };
    int status;
    snprintf(path, sizeof(path), "%s/redis.sock", folder);
    *pid = fork();
    if (*pid == 0)
        become_redis(path);
    for (int i = 0; *pid > 0 && i < START_MS / LOOK_MS; i++) {
        if (waitpid(*pid, &status, WNOHANG) == *pid) {      /* there is no redis-server, or it would not start */
            *pid = 0;
            return false;
        }
        if (answers(path)) {
            snprintf(url, url_size, "unix:%s", path);
            return true;
        }
        nanosleep(&wait, NULL);
    }
    demo_redis_stop(*pid);
    *pid = 0;
    return false;
}

void
demo_redis_stop(pid_t pid)
{
    if (pid <= 0)
        return;
    kill(pid, SIGKILL);                 /* it keeps nothing */
    waitpid(pid, NULL, 0);
}

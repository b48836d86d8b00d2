/* preload.c: the functions that can be made to fail, each before the one of its name: of the C library, and the answers of
 * hiredis, libcurl and librdkafka. Which call fails, fails.c says. */
#include "tests/torture/fails.h"

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <threads.h>
#include <unistd.h>

/* FAIL: what is done when it fails, ending in a return. The function behind is found at the first call. */
#define WRAP(kind, type, name, parameters, arguments, ...)                                                                       \
    type name parameters                                                                                                         \
    {                                                                                                                            \
        static type (*next) parameters;                                                                                          \
        if (!next)                                                                                                               \
            next = next_of(#name);                                                                                               \
        if (fails(kind, #name))                                                                                                  \
            __VA_ARGS__;                                                                                                         \
        return next arguments;                                                                                                   \
    }
#define WITH(number, value) do { errno = number; return value; } while (0)

/* ---- the C library ----------------------------------------------------------------------------------------------------- */

static int
broken_pipe_or_disk(int fd)
{
    struct stat stat;
    return fstat(fd, &stat) == 0 && S_ISSOCK(stat.st_mode) ? ECONNRESET : EIO;
}

WRAP(ALLOC, void *, malloc, (size_t size), (size), WITH(ENOMEM, NULL))
WRAP(ALLOC, void *, calloc, (size_t n, size_t size), (n, size), WITH(ENOMEM, NULL))
WRAP(ALLOC, void *, realloc, (void *old, size_t size), (old, size), WITH(ENOMEM, NULL))
WRAP(ALLOC, void *, memalign, (size_t alignment, size_t size), (alignment, size), WITH(ENOMEM, NULL))
WRAP(ALLOC, void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size), WITH(ENOMEM, NULL))
WRAP(ALLOC, int, posix_memalign, (void **at, size_t alignment, size_t size), (at, alignment, size), return ENOMEM)
WRAP(ALLOC, void *, mmap, (void *at, size_t size, int prot, int flags, int fd, off_t offset),
     (at, size, prot, flags, fd, offset), WITH(ENOMEM, MAP_FAILED))
WRAP(ALLOC, void *, mmap64, (void *at, size_t size, int prot, int flags, int fd, off64_t offset),
     (at, size, prot, flags, fd, offset), WITH(ENOMEM, MAP_FAILED))

/* As the C library makes them: through the program's own door. A sanitizer's go past it. */
char *
strndup(const char *text, size_t most)
{
    size_t size = strnlen(text, most);
    char *copy = malloc(size + 1);
    if (copy) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

char *
strdup(const char *text)
{
    return strndup(text, strlen(text));
}

void *
reallocarray(void *old, size_t n, size_t size)
{
    return realloc(old, n * size);
}

#define OPENER(name)                                                                                                             \
    int name(const char *path, int flags, ...)                                                                                   \
    {                                                                                                                            \
        static int (*next)(const char *, int, ...);                                                                              \
        va_list list;                                                                                                            \
        va_start(list, flags);                                                                                                   \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0;                                                  \
        va_end(list);                                                                                                            \
        if (!next)                                                                                                               \
            next = next_of(#name);                                                                                               \
        if (fails(FD, #name))                                                                                                    \
            WITH(EMFILE, -1);                                                                                                    \
        return next(path, flags, mode);                                                                                          \
    }
OPENER(open)
OPENER(open64)
WRAP(FD, FILE *, fopen, (const char *path, const char *mode), (path, mode), WITH(EMFILE, NULL))
WRAP(FD, FILE *, fopen64, (const char *path, const char *mode), (path, mode), WITH(EMFILE, NULL))
WRAP(FD, DIR *, opendir, (const char *path), (path), WITH(EMFILE, NULL))
WRAP(FD, int, access, (const char *path, int mode), (path, mode), WITH(EACCES, -1))
WRAP(FD, int, fstat, (int fd, struct stat *stat), (fd, stat), WITH(EIO, -1))
WRAP(FD, int, fstat64, (int fd, struct stat64 *stat), (fd, stat), WITH(EIO, -1))
WRAP(FD, int, socket, (int domain, int type, int protocol), (domain, type, protocol), WITH(EMFILE, -1))
WRAP(FD, int, socketpair, (int domain, int type, int protocol, int fds[2]), (domain, type, protocol, fds), WITH(EMFILE, -1))
WRAP(FD, int, accept, (int fd, __SOCKADDR_ARG at, socklen_t *size), (fd, at, size), WITH(EMFILE, -1))
WRAP(FD, int, accept4, (int fd, __SOCKADDR_ARG at, socklen_t *size, int flags), (fd, at, size, flags), WITH(EMFILE, -1))
WRAP(FD, int, connect, (int fd, __CONST_SOCKADDR_ARG to, socklen_t size), (fd, to, size), WITH(ECONNREFUSED, -1))
WRAP(FD, int, bind, (int fd, __CONST_SOCKADDR_ARG to, socklen_t size), (fd, to, size), WITH(EADDRINUSE, -1))
WRAP(FD, int, listen, (int fd, int backlog), (fd, backlog), WITH(EADDRINUSE, -1))
WRAP(FD, int, setsockopt, (int fd, int level, int name, const void *value, socklen_t size), (fd, level, name, value, size),
     WITH(ENOBUFS, -1))
WRAP(FD, int, getsockname, (int fd, __SOCKADDR_ARG at, socklen_t *size), (fd, at, size), WITH(ENOBUFS, -1))
WRAP(FD, int, epoll_create1, (int flags), (flags), WITH(EMFILE, -1))
WRAP(FD, int, epoll_ctl, (int at, int op, int fd, struct epoll_event *event), (at, op, fd, event), WITH(ENOSPC, -1))
WRAP(FD, int, eventfd, (unsigned count, int flags), (count, flags), WITH(EMFILE, -1))
WRAP(FD, int, pipe2, (int fds[2], int flags), (fds, flags), WITH(EMFILE, -1))
WRAP(FD, int, pipe, (int fds[2]), (fds), WITH(EMFILE, -1))
WRAP(THREAD, int, thrd_create, (thrd_t *thread, int (*run)(void *), void *data), (thread, run, data), WITH(EAGAIN, thrd_nomem))

WRAP(READ, ssize_t, read, (int fd, void *at, size_t size), (fd, at, size), WITH(broken_pipe_or_disk(fd), -1))
WRAP(READ, ssize_t, readv, (int fd, const struct iovec *at, int n), (fd, at, n), WITH(broken_pipe_or_disk(fd), -1))
WRAP(READ, ssize_t, recv, (int fd, void *at, size_t size, int flags), (fd, at, size, flags), WITH(ECONNRESET, -1))
WRAP(READ, ssize_t, recvfrom, (int fd, void *at, size_t size, int flags, __SOCKADDR_ARG from, socklen_t *bytes),
     (fd, at, size, flags, from, bytes), WITH(ECONNRESET, -1))
WRAP(READ, size_t, fread, (void *at, size_t size, size_t n, FILE *file), (at, size, n, file), WITH(EIO, 0))
WRAP(READ, char *, fgets, (char *at, int size, FILE *file), (at, size, file), WITH(EIO, NULL))
WRAP(READ, struct dirent *, readdir, (DIR *folder), (folder), WITH(EIO, NULL))
WRAP(READ, ssize_t, getrandom, (void *at, size_t size, unsigned flags), (at, size, flags), WITH(EINTR, -1))

WRAP(WRITE, ssize_t, write, (int fd, const void *at, size_t size), (fd, at, size), WITH(broken_pipe_or_disk(fd), -1))
WRAP(WRITE, ssize_t, writev, (int fd, const struct iovec *at, int n), (fd, at, n), WITH(broken_pipe_or_disk(fd), -1))
WRAP(WRITE, ssize_t, send, (int fd, const void *at, size_t size, int flags), (fd, at, size, flags), WITH(ECONNRESET, -1))
WRAP(WRITE, ssize_t, sendto, (int fd, const void *at, size_t size, int flags, __CONST_SOCKADDR_ARG to, socklen_t bytes),
     (fd, at, size, flags, to, bytes), WITH(ECONNRESET, -1))
WRAP(WRITE, size_t, fwrite, (const void *at, size_t size, size_t n, FILE *file), (at, size, n, file), WITH(ENOSPC, 0))
WRAP(WRITE, int, fputs, (const char *text, FILE *file), (text, file), WITH(ENOSPC, EOF))
WRAP(WRITE, int, fflush, (FILE *file), (file), WITH(ENOSPC, EOF))

WRAP(POLL, int, poll, (struct pollfd *at, nfds_t n, int ms), (at, n, ms), WITH(EINTR, -1))
WRAP(POLL, int, epoll_wait, (int fd, struct epoll_event *at, int n, int ms), (fd, at, n, ms), WITH(EINTR, -1))

/* ---- the libraries' answers -------------------------------------------------------------------------------------------- */

int
redisGetReply(redisContext *context, void **reply)
{
    static int (*next)(redisContext *, void **);
    if (!next)
        next = next_of("redisGetReply");
    int result = next(context, reply);
    if (result != REDIS_OK || !reply || !*reply || !fails(REDIS, "redisGetReply"))
        return result;
    freeReplyObject(*reply);
    *reply = NULL;
    if (strcmp(fails_how(), "reset") == 0) {
        context->err = REDIS_ERR_IO;
        snprintf(context->errstr, sizeof(context->errstr), "%s", strerror(ECONNRESET));
        return REDIS_ERR;
    }
    bool nil = strcmp(fails_how(), "nil") == 0;
    redisReply *made = calloc(1, sizeof(*made));
    made->type = nil ? REDIS_REPLY_NIL : REDIS_REPLY_ERROR;
    made->str = nil ? NULL : strdup(fails_how());
    made->len = nil ? 0 : strlen(fails_how());
    *reply = made;
    return REDIS_OK;
}

CURLMsg *
curl_multi_info_read(CURLM *multi, int *left)
{
    static CURLMsg *(*next)(CURLM *, int *);
    static CURLMsg changed;
    if (!next)
        next = next_of("curl_multi_info_read");
    CURLMsg *message = next(multi, left);
    if (!message || message->msg != CURLMSG_DONE || !fails(CURL_END, "curl_multi_info_read"))
        return message;
    changed = *message;
    changed.data.result = (CURLcode)atoi(fails_how());
    return &changed;
}

#define FULL rd_kafka_error_new(RD_KAFKA_RESP_ERR__QUEUE_FULL, "made to fail")
WRAP(KAFKA, rd_kafka_error_t *, rd_kafka_produceva, (rd_kafka_t *rk, const rd_kafka_vu_t *vus, size_t n), (rk, vus, n),
     return FULL)
WRAP(KAFKA, rd_kafka_error_t *, rd_kafka_consumer_close_queue, (rd_kafka_t *rk, rd_kafka_queue_t *queue), (rk, queue),
     return FULL)
WRAP(KAFKA, rd_kafka_resp_err_t, rd_kafka_assign, (rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list), (rk, list),
     return RD_KAFKA_RESP_ERR__STATE)
WRAP(KAFKA, rd_kafka_resp_err_t, rd_kafka_subscribe, (rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list), (rk, list),
     return RD_KAFKA_RESP_ERR__INVALID_ARG)
WRAP(KAFKA, rd_kafka_resp_err_t, rd_kafka_commit_queue,
     (rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list, rd_kafka_queue_t *queue,
      void (*told)(rd_kafka_t *, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t *, void *), void *opaque),
     (rk, list, queue, told, opaque), return RD_KAFKA_RESP_ERR__STATE)
WRAP(KAFKA, rd_kafka_t *, rd_kafka_new, (rd_kafka_type_t type, rd_kafka_conf_t *conf, char *error, size_t size),
     (type, conf, error, size), do { snprintf(error, size, "made to fail"); return NULL; } while (0))

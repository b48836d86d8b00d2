/* preload.c: makes the n-th operation of a kind fail inside the program as it is shipped. For LD_PRELOAD; sites.py builds it.
 *
 * TORTURE_KIND   alloc, fd, read, write, redis, curl, kafka, poll; or `none`: nothing fails, all are counted
 * TORTURE_N      which one, from 1; with TORTURE_SITE the n-th of that site
 * TORTURE_SITE   FUNCTION@HEX: calls of that function, with that return address in the program, from its load address
 * TORTURE_STICKY set: that one and all after it
 * TORTURE_HOW    curl: the code. redis: `reset`, `nil`, or the text of the error
 * TORTURE_REPORT file; gets a line `site KIND FUNCTION ADDRESS` for each site when it is first come by, `failed ...` for what
 *                failed, and `total KIND N` at the end
 *
 * Counted is what the program does on its one thread, by itself or through a library; the site is the return address of the
 * nearest frame that is the program's, so a library's malloc counts for the line of ours that called the library. What
 * librdkafka does on its own threads is its own affair; what it tells us is the kind `kafka`. */
#include <curl/curl.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <librdkafka/rdkafka.h>
#include <link.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <unwind.h>

enum kind { ALLOC, FD, READ, WRITE, REDIS, CURL_END, KAFKA, POLL, KINDS };
static const char *const kind_names[KINDS] = { "alloc", "fd", "read", "write", "redis", "curl", "kafka", "poll" };

enum { SITES = 8192 };
struct site {
    uintptr_t address;
    const char *function;
    uint64_t seen;
};

static struct {
    uintptr_t base, text_from, text_to;     /* the program's code */
    enum kind kind;                         /* KINDS: none */
    uint64_t n;
    uintptr_t site;
    const char *function;                   /* of the site */
    bool sticky, begun;
    const char *how;
    int report;
    uint64_t total[KINDS];
    struct site sites[SITES];
} state = { .kind = KINDS, .report = -1 };
static __thread bool inside __attribute__((tls_model("initial-exec")));

/* ---- who calls --------------------------------------------------------------------------------------------------------- */

static int
on_object(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size, (void)data;
    state.base = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X)) {
            state.text_from = state.base + part->p_vaddr;
            state.text_to = state.text_from + part->p_memsz;
        }
    }
    return 1;       /* the program stands first */
}

static bool
is_ours(uintptr_t address)
{
    return address >= state.text_from && address < state.text_to;
}

/* The program's own door to memory is on the way of every allocation, and nobody's site. */
static bool
is_door(uintptr_t address)
{
    static const char *const doors[] = { "malloc", "calloc", "realloc", "memalign", "aligned_alloc", "posix_memalign" };
    Dl_info info;
    ElfW(Sym) *symbol = NULL;
    if (!dladdr1((void *)address, &info, (void **)&symbol, RTLD_DL_SYMENT) || !info.dli_sname || !symbol ||
        address > (uintptr_t)info.dli_saddr + symbol->st_size)
        return false;
    for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++)
        if (strcmp(info.dli_sname, doors[i]) == 0)
            return true;
    return false;
}

static _Unwind_Reason_Code
on_frame(struct _Unwind_Context *context, void *data)
{
    uintptr_t address = _Unwind_GetIP(context);
    if (!is_ours(address) || is_door(address))
        return _URC_NO_REASON;
    *(uintptr_t *)data = address;
    return _URC_NORMAL_STOP;
}

/* ---- what fails -------------------------------------------------------------------------------------------------------- */

static void
report(const char *word, enum kind kind, const char *function, uintptr_t address)
{
    char line[128];
    int size = snprintf(line, sizeof(line), "%s %s %s %lx\n", word, kind_names[kind], function, (unsigned long)address);
    ssize_t (*out)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    if (state.report >= 0 && size > 0)
        (void)!out(state.report, line, (size_t)size);
}

/* A function's name is one literal: its address tells it. */
static struct site *
site_of(enum kind kind, uintptr_t address, const char *function)
{
    size_t at = (address * 31 + (uintptr_t)function) % SITES;
    while (state.sites[at].address && (state.sites[at].address != address || state.sites[at].function != function))
        at = (at + 1) % SITES;
    struct site *site = &state.sites[at];
    if (!site->address) {
        *site = (struct site){ address, function, 0 };
        report("site", kind, function, address);
    }
    return site;
}

static bool
is_chosen(uintptr_t address, const char *function)
{
    size_t size = strlen(function);
    return state.site == address && strncmp(state.function, function, size) == 0 && state.function[size] == '@';
}

static bool
is_due(uint64_t n)
{
    return state.n > 0 && (n == state.n || (state.sticky && n > state.n));
}

static bool
fails(enum kind kind, const char *function)
{
    uintptr_t address = 0;
    if (state.report < 0 || inside || gettid() != getpid() || (state.kind != KINDS && state.kind != kind))
        return false;
    inside = true;
    int error = errno;
    bool failed = false;
    _Unwind_Backtrace(on_frame, &address);
    if (address) {
        address -= state.base;
        struct site *site = site_of(kind, address, function);
        state.total[kind]++;
        site->seen++;
        failed = state.kind == kind
                 && (state.site ? is_chosen(address, function) && is_due(site->seen) : is_due(state.total[kind]));
        if (failed && !state.begun)
            report("failed", kind, function, address);
        state.begun |= failed;
    }
    errno = error;
    inside = false;
    return failed;
}

static void *
next_of(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        abort();
    return found;
}

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
    if (strcmp(state.how, "reset") == 0) {
        context->err = REDIS_ERR_IO;
        snprintf(context->errstr, sizeof(context->errstr), "%s", strerror(ECONNRESET));
        return REDIS_ERR;
    }
    bool nil = strcmp(state.how, "nil") == 0;
    redisReply *made = calloc(1, sizeof(*made));
    made->type = nil ? REDIS_REPLY_NIL : REDIS_REPLY_ERROR;
    made->str = nil ? NULL : strdup(state.how);
    made->len = nil ? 0 : strlen(state.how);
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
    changed.data.result = (CURLcode)atoi(state.how);
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

/* ---- begin and end ----------------------------------------------------------------------------------------------------- */

/* By exit or by _exit, whichever comes first. */
__attribute__((destructor)) static void
tell_totals(void)
{
    for (int kind = 0; kind < KINDS && state.report >= 0; kind++)
        report("total", (enum kind)kind, "-", (uintptr_t)state.total[kind]);
    state.report = -1;
}

void
_exit(int code)
{
    static void (*next)(int) __attribute__((noreturn));
    if (!next)
        next = next_of("_exit");
    tell_totals();
    next(code);
}

__attribute__((constructor)) static void
begin(void)
{
    const char *kind = getenv("TORTURE_KIND"), *n = getenv("TORTURE_N"), *site = getenv("TORTURE_SITE");
    const char *path = getenv("TORTURE_REPORT");
    dl_iterate_phdr(on_object, NULL);
    for (int i = 0; kind && i < KINDS; i++)
        if (strcmp(kind, kind_names[i]) == 0)
            state.kind = (enum kind)i;
    state.n = n ? strtoull(n, NULL, 10) : 0;
    state.function = site;
    state.site = site && strchr(site, '@') ? strtoull(strchr(site, '@') + 1, NULL, 16) : 0;
    state.sticky = getenv("TORTURE_STICKY") != NULL;
    state.how = getenv("TORTURE_HOW") ? getenv("TORTURE_HOW") : "";
    if (path)
        state.report = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

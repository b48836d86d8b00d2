/* secrets.c: reads a secret file, and wipes every copy that it made on the way. */
#include "bridge/io/secrets.h"

#include "bridge/io/clock.h"
#include "codecs/check.h"
#include "codecs/siphash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = SECRET_BYTES_MAX + 2 };     /* with CR LF behind */

/* Keyed by the process, so that `seen` in a core or a log would tell nothing about the secret. 0 stands for "not read yet". */
static uint64_t
secret_hash(const char *text, size_t size)
{
    static struct sipkey key;
    if (!key.k0 && !key.k1)
        entropy(&key, sizeof(key));
    uint64_t hash = siphash64(&key, text, size);
    return hash ? hash : 1;
}

static ssize_t
read_whole(int fd, char *bytes, size_t capacity)
{
    size_t size = 0;
    while (size < capacity) {
        ssize_t got = read(fd, bytes + size, capacity - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        size += (size_t)got;
    }
    return (ssize_t)size;
}

/* The bytes of the file, or -1. Non-blocking, because opening a FIFO would otherwise wait for a writer for ever. */
static ssize_t
file_bytes(const char *path, char *bytes, size_t capacity, enum secret_result *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        *why = errno == ENOENT || errno == ENOTDIR ? SECRET_MISSING : SECRET_UNREADABLE;
        return -1;
    }
    struct stat stat;
    ssize_t size = -1;
    if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode))
        size = read_whole(fd, bytes, capacity);
    *why = SECRET_UNREADABLE;
    close(fd);
    return size;
}

static size_t
without_newline(const char *text, size_t size)
{
    if (size > 0 && text[size - 1] == '\n')
        size -= size > 1 && text[size - 2] == '\r' ? 2 : 1;
    return size;
}

static enum secret_result
secret_take(struct secret *secret, const char *text, size_t size)
{
    if (size == 0)
        return SECRET_EMPTY;
    if (size > SECRET_BYTES_MAX)
        return SECRET_TOO_BIG;
    if (memchr(text, 0, size))      /* would be cut where it is used as a C string */
        return SECRET_UNREADABLE;
    uint64_t seen = secret_hash(text, size);
    if (secret->text && seen == secret->seen)
        return SECRET_SAME;

    char *copy = malloc(size + 1);
    check(copy);
    memcpy(copy, text, size);
    copy[size] = 0;
    secret_wipe(secret);
    secret->text = copy;
    secret->size = size;
    secret->seen = seen;
    return SECRET_CHANGED;
}

enum secret_result
secret_read(struct secret *secret)
{
    if (!secret->path || !secret->path[0])
        return SECRET_SAME;         /* no such secret: nothing to read, nothing to complain about */

    char bytes[FILE_BYTES_MAX + 1];
    enum secret_result result;
    ssize_t size = file_bytes(secret->path, bytes, sizeof(bytes), &result);
    if (size >= 0)
        result = secret_take(secret, bytes, without_newline(bytes, (size_t)size));
    explicit_bzero(bytes, sizeof(bytes));
    return result;
}

struct slice
secret_view(const struct secret *secret)
{
    return (struct slice){ secret->text, secret->size };
}

void
secret_wipe(struct secret *secret)
{
    if (!secret->text)
        return;
    explicit_bzero(secret->text, secret->size);
    free(secret->text);
    secret->text = NULL;
    secret->size = 0;
    secret->seen = 0;
}

const char *
secret_result_text(enum secret_result result)
{
    switch (result) {
    case SECRET_SAME:
        return "unchanged";
    case SECRET_CHANGED:
        return "changed";
    case SECRET_MISSING:
        return "the file does not exist";
    case SECRET_EMPTY:
        return "the file is empty";
    case SECRET_TOO_BIG:
        return "the file is above 8192 bytes";
    case SECRET_UNREADABLE:
        return "the file cannot be read as a text file";
    }
    broken("a secret_result");
    return "";
}

/* doors.c: the one door to memory, and that to librdkafka's threads. Who asks gets what it wants, or the process ends: a line
 * that says so, and exit code 71 (space.h).
 *
 * Part of the program alone, not of a room: these are the names that every library of the process calls, so what they ask for
 * comes through here as well, on any thread. The allocator behind stays what it is, the C library's or a preloaded one. Built
 * without a sanitizer: it is called before theirs has begun. Why the process ends and does not limp: docs/design.md, D49. */
#include "bridge/space.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void *(*memalign)(size_t, size_t);
    int (*thrd_create)(thrd_t *, thrd_start_t, void *);
} behind;

/* By copying bytes: ISO C knows no way from an object pointer to a function pointer. */
static void
find(const char *name, void *function)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        __builtin_trap();       /* a C library without them */
    __builtin_memcpy(function, &found, sizeof(found));
}

/* The first who asks; that is before main, while there is one thread. */
static void
find_behind(void)
{
    find("calloc", &behind.calloc);
    find("realloc", &behind.realloc);
    find("memalign", &behind.memalign);
    find("malloc", &behind.malloc);
}

void *
malloc(size_t size)
{
    if (!behind.malloc)
        find_behind();
    void *memory = behind.malloc(size);
    if (!memory && size > 0)
        space_gone(size);
    return memory;
}

void *
calloc(size_t n, size_t size)
{
    if (!behind.malloc)
        find_behind();
    void *memory = behind.calloc(n, size);
    if (!memory && n > 0 && size > 0)
        space_gone(size > SIZE_MAX / n ? SIZE_MAX : n * size);
    return memory;
}

void *
realloc(void *old, size_t size)
{
    if (!behind.malloc)
        find_behind();
    void *memory = behind.realloc(old, size);
    if (!memory && size > 0)
        space_gone(size);
    return memory;
}

void *
memalign(size_t alignment, size_t size)
{
    if (!behind.malloc)
        find_behind();
    void *memory = behind.memalign(alignment, size);
    if (!memory && size > 0)
        space_gone(size);
    return memory;
}

void *
aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int
posix_memalign(void **memory, size_t alignment, size_t size)
{
    *memory = memalign(alignment, size);
    return 0;
}

/* Without it librdkafka ends by an assertion, waits for ever, or goes on and never reads from the broker whose thread it was. */
int
thrd_create(thrd_t *thread, thrd_start_t run, void *data)
{
    if (!behind.thrd_create)
        find("thrd_create", &behind.thrd_create);
    int result = behind.thrd_create(thread, run, data);
    if (result != thrd_success)
        space_no_thread();
    return result;
}

/* space.c: address space from the system, and the last words of a process that is short of something. */
#include "bridge/space.h"

#include "bridge/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
#define EXIT(constant, number, name, when) constant = number,
#include "bridge/exit.def"
#undef EXIT
};

void *
space_map(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        space_gone(bytes);
    return memory;
}

void
space_unmap(void *memory, size_t bytes)
{
    if (memory)
        munmap(memory, bytes);
}

/* Who runs short once more while it says so just ends. */
static _Noreturn void
end(enum log_code code, const char *why)
{
    static _Atomic bool ending;
    if (!atomic_exchange(&ending, true))
        log_last(code, &(struct log_fields){ .error = why });
    _exit(EXIT_SYSTEM);
}

_Noreturn void
space_gone(size_t bytes)
{
    char text[64];
    snprintf(text, sizeof(text), "%zu bytes were asked for", bytes);
    end(LOG_AB8205, text);
}

_Noreturn void
space_no_thread(void)
{
    end(LOG_AB8206, "librdkafka has a thread for each broker, and a few beside them");
}

/* space.c: address space from the system, and the last words of a process that gets no more. */
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

_Noreturn void
space_gone(size_t bytes)
{
    static _Atomic bool ending;
    char text[64];
    if (!atomic_exchange(&ending, true)) {      /* who is short of memory while it says so just ends */
        snprintf(text, sizeof(text), "%zu bytes were asked for", bytes);
        log_last(LOG_AB8205, &(struct log_fields){ .error = text });
    }
    _exit(EXIT_SYSTEM);
}

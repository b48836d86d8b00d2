/* fails.c: makes the n-th operation of a kind fail inside the program as it is shipped. With preload.c for LD_PRELOAD.
 *
 * TORTURE_KIND   alloc, fd, read, write, redis, curl, kafka, poll, thread; or `none`: nothing fails, all are counted
 * TORTURE_N      which one, from 1; with TORTURE_SITE the n-th of that site
 * TORTURE_SITE   FUNCTION@HEX: calls of that function, with that return address in the program, from its load address
 * TORTURE_STICKY set: that one and all after it
 * TORTURE_HOW    curl: the code. redis: `reset`, `nil`, or the text of the error
 * TORTURE_REPORT file; gets a line `site KIND FUNCTION ADDRESS` for each site when it is first come by, `failed ...` for what
 *                failed and `moment ... MS` for when, and `total KIND N` at the end; numbers are hexadecimal
 *
 * Counted is what the program does on its one thread, by itself or through a library; the site is the return address of the
 * nearest frame that is the program's, so a library's malloc counts for the line of ours that called the library. What
 * librdkafka does on its own threads is its own affair; what it tells us is the kind `kafka`. */
#include "tests/torture/fails.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <unwind.h>

static const char *const kind_names[KINDS] = { "alloc", "fd", "read", "write", "redis", "curl", "kafka", "poll", "thread" };

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
    static const char *const doors[] = { "malloc", "calloc", "realloc", "memalign", "aligned_alloc", "posix_memalign",
                                         "thrd_create" };
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

static uintptr_t
wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uintptr_t)now.tv_sec * 1000 + (uintptr_t)now.tv_nsec / 1000000;
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

bool
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
        if (failed && !state.begun) {
            report("failed", kind, function, address);
            report("moment", kind, function, wall_ms());
        }
        state.begun |= failed;
    }
    errno = error;
    inside = false;
    return failed;
}

void *
next_of(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        abort();
    return found;
}

const char *
fails_how(void)
{
    return state.how;
}

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

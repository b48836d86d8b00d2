/* fuzz_config.c: any text as the configuration. Parts are divided by NUL: the file, then settings (--set), or variables where
 * they begin with "ALERTBRIDGE_". No file of the machine is opened: there are the configuration itself and one secret. */
#include "bridge/config.h"
#include "tests/fuzz/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PARTS_MAX = 8, REPORT_BYTES = 4 * 1024 * 1024 };

static int config_fd = -1, secret_fd = -1;

/* Only while a configuration is loaded: the runtime of the sanitizers opens files too. */
static bool loading;

int __real_open(const char *, int, ...);
int __wrap_open(const char *, int, ...);
int __real_open64(const char *, int, ...);
int __wrap_open64(const char *, int, ...);
int __real_access(const char *, int);
int __wrap_access(const char *, int);

static int
open_known(const char *path)
{
    int fd = strcmp(path, "/fuzz/bridge.yaml") == 0 ? config_fd : strncmp(path, "/secret", 7) == 0 ? secret_fd : -1;
    if (fd < 0) {
        errno = ENOENT;
        return -1;
    }
    lseek(fd, 0, SEEK_SET);
    return dup(fd);
}

int
__wrap_open(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    int mode = flags & O_CREAT ? va_arg(list, int) : 0;
    va_end(list);
    return loading ? open_known(path) : __real_open(path, flags, mode);
}

int
__wrap_open64(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    int mode = flags & O_CREAT ? va_arg(list, int) : 0;
    va_end(list);
    return loading ? open_known(path) : __real_open64(path, flags, mode);
}

int
__wrap_access(const char *path, int mode)
{
    if (!loading)
        return __real_access(path, mode);
    errno = ENOENT;
    return strncmp(path, "/secret", 7) == 0 ? 0 : -1;
}

static void
files_make(struct slice yaml)
{
    if (config_fd < 0) {
        config_fd = memfd_create("bridge.yaml", MFD_CLOEXEC);
        secret_fd = memfd_create("secret", MFD_CLOEXEC);
        check(config_fd >= 0 && secret_fd >= 0 && pwrite(secret_fd, "s3cret\n", 7, 0) == 7);
    }
    check(ftruncate(config_fd, 0) == 0);
    check(pwrite(config_fd, yaml.at, yaml.size, 0) == (ssize_t)yaml.size);
}

static void
report_must_be_sound(const struct config_report *report)
{
    static char memory[REPORT_BYTES];
    struct buf out;
    buf_init(&out, memory, sizeof(memory));
    config_report_text(&out, report);
    buf_reset(&out);
    config_report_json(&out, report);
    if (!out.overflow)
        json_must_be_whole(buf_view(&out));
    for (uint32_t i = 0; i < report->n; i++)
        check(report->problems[i].text && report->problems[i].path && report->problems[i].line >= 0);
}

static void
config_must_be_sound(const struct config *config)
{
    check(config->n_sources <= CONFIG_LIST_MAX && config->n_targets <= CONFIG_LIST_MAX && config->n_routes <= CONFIG_LIST_MAX);
    for (uint32_t i = 0; i < config->n_routes; i++)
        check(config->routes[i].target == -2 || (uint32_t)config->routes[i].target < config->n_targets);
    for (uint32_t i = 0; i < config->n_targets; i++) {
        const struct config_target *target = &config->targets[i];
        const struct backend *backend = backend_of(target->settings.kind);
        check(target->name[0] && target->settings.host && target->settings.path && target->concurrency > 0);
        check(target->batch_messages >= 1 && target->batch_messages <= backend->batch_max);
    }
}

int
FUZZ(config)(const uint8_t *data, size_t size)
{
    static const char *const file = "/fuzz/bridge.yaml";
    struct bytes bytes = { data, size };
    char *parts[PARTS_MAX], *sets[PARTS_MAX], *environment[PARTS_MAX + 1] = { NULL };
    struct config_load given = { .files = &file, .n_files = 1, .sets = (const char *const *)sets, .environment = environment };
    struct config_report report;
    uint32_t n = 0, variables = 0;
    if (size > FUZZ_BYTES_MAX)
        return 0;
    files_make(bytes_part(&bytes, '\0'));
    while (bytes.size > 0 && n < PARTS_MAX) {
        parts[n] = bytes_text(bytes_part(&bytes, '\0'));
        if (strncmp(parts[n], "ALERTBRIDGE_", 12) == 0)
            environment[variables++] = parts[n];
        else
            sets[given.n_sets++] = parts[n];
        n++;
    }
    loading = true;
    struct config *config = config_load(&given, &report);
    loading = false;
    check((config != NULL) == (report.errors == 0));
    report_must_be_sound(&report);
    if (config)
        config_must_be_sound(config);
    config_free(config);
    config_report_free(&report);
    while (n > 0)
        free(parts[--n]);
    return 0;
}

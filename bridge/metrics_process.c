/* metrics_process.c: the process_* metrics that every exporter has, from /proc/self. */
#include "bridge/metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

struct proc_stat {
    unsigned long long user_ticks, system_ticks, start_ticks, virtual_bytes;
    long long resident_pages;
};

/* Field 2 of /proc/self/stat is the program's name in brackets and may hold anything: the rest is read behind the last bracket.
 */
static bool
read_stat(struct proc_stat *stat)
{
    char text[1024];
    FILE *file = fopen("/proc/self/stat", "re");
    if (file == NULL)
        return false;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    const char *rest = strrchr(text, ')');
    return rest != NULL &&
           sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d %llu %llu %lld",
                  &stat->user_ticks, &stat->system_ticks, &stat->start_ticks, &stat->virtual_bytes, &stat->resident_pages) == 5;
}

static uint64_t
open_fds(void)
{
    uint64_t n = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return 0;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        n += entry->d_name[0] != '.';
    closedir(folder);
    return n > 0 ? n - 1 : 0;   /* the folder's own */
}

/* Unix time of the machine's start, in seconds; 0 when unknown. */
static uint64_t
boot_time_s(void)
{
    char line[256];
    unsigned long long s = 0;
    FILE *file = fopen("/proc/stat", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "btime %llu", &s) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return s;
}

static void
put_gauge(struct buf *out, enum metric metric, uint64_t value)
{
    metrics_begin(out, metric);
    metrics_u64(out, metric, value, NULL);
}

void
metrics_process(struct buf *out)
{
    struct proc_stat stat;
    struct rlimit limit;
    double ticks_per_s = (double)sysconf(_SC_CLK_TCK);
    put_gauge(out, METRIC_PROCESS_OPEN_FDS, open_fds());
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        put_gauge(out, METRIC_PROCESS_MAX_FDS, limit.rlim_cur);
    if (!read_stat(&stat))
        return;
    metrics_begin(out, METRIC_PROCESS_CPU);
    metrics_f64(out, METRIC_PROCESS_CPU, (double)(stat.user_ticks + stat.system_ticks) / ticks_per_s, NULL);
    put_gauge(out, METRIC_PROCESS_RESIDENT, (uint64_t)stat.resident_pages * (uint64_t)sysconf(_SC_PAGESIZE));
    put_gauge(out, METRIC_PROCESS_VIRTUAL, stat.virtual_bytes);
    metrics_begin(out, METRIC_PROCESS_START);
    metrics_f64(out, METRIC_PROCESS_START, (double)boot_time_s() + (double)stat.start_ticks / ticks_per_s, NULL);
}

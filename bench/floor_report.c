/* floor_report.c: what the floor loop says at its end, good or bad. */
#include "bench/floor.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

_Noreturn void
floor_die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("floor: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    _exit(1);
}

static long
peak_kb(void)
{
    long kb = 0;
    char line[256];
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file) && sscanf(line, "VmHWM: %ld", &kb) != 1)
        ;
    if (file)
        fclose(file);
    return kb;
}

static double
seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

void
floor_report(double wall_s, uint64_t posts, uint64_t events, uint64_t records)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("{\"wall_s\": %.6f, \"cpu_user_s\": %.6f, \"cpu_system_s\": %.6f, \"peak_rss_kb\": %ld, \"posts\": %lu, "
           "\"events\": %lu, \"records\": %lu}\n", wall_s, seconds_of(used.ru_utime), seconds_of(used.ru_stime), peak_kb(), posts,
           events, records);
}

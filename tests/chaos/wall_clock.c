/* wall_clock.c: preloaded into one worker: its wall clock is off by WALL_CLOCK_OFFSET_S seconds, every other clock is right.
 *
 * libfaketime also moves timespec_get, and leaves alone the waits of C11 threads that are given such a time: librdkafka's waits
 * would then end at once, or minutes late. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t
offset_s(void)
{
    const char *text = getenv("WALL_CLOCK_OFFSET_S");
    return text ? (time_t)atol(text) : 0;
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
    long failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += offset_s();
    return (int)failed;
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &precise) != 0)
        return -1;
    *now = (struct timeval){ precise.tv_sec, precise.tv_nsec / 1000 };
    return 0;
}

time_t
time(time_t *now)
{
    struct timespec precise = { 0 };
    (void)clock_gettime(CLOCK_REALTIME, &precise);
    if (now)
        *now = precise.tv_sec;
    return precise.tv_sec;
}

/* clock.c: the kernel's clocks and its random bytes. */
#include "bridge/io/clock.h"

#include "codecs/check.h"
#include "codecs/mutant.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static int64_t
clock_read(clockid_t clock, int64_t units_per_second)
{
    struct timespec now;
    check(clock_gettime(clock, &now) == 0);
    return (int64_t)now.tv_sec * units_per_second + (int64_t)now.tv_nsec / (1000000000 / units_per_second);
}

ms_t
clock_now_ms(void)
{
    return clock_read(MUTATED(monotonic_clock) ? CLOCK_MONOTONIC : CLOCK_BOOTTIME, 1000);
}

int64_t
clock_wall_ms(void)
{
    return clock_read(CLOCK_REALTIME, 1000);
}

int64_t
clock_now_us(void)
{
    return clock_read(CLOCK_MONOTONIC, 1000000);
}

void
entropy(void *bytes, size_t size)
{
    char *at = bytes;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        check(got > 0);
        at += got;
        size -= (size_t)got;
    }
}

enum { NONCE_BYTES = 16, POOL_BYTES = 4096 };

/* One system call for 256 nonces. Not for threads, and not across fork: a child would hand out its parent's nonces. */
static unsigned char pool[POOL_BYTES];
static size_t pool_left;

void
entropy_nonce(char hex[33])
{
    static const char digits[] = "0123456789abcdef";
    if (pool_left < NONCE_BYTES) {
        entropy(pool, sizeof(pool));
        pool_left = sizeof(pool);
    }
    unsigned char *taken = pool + sizeof(pool) - pool_left;
    for (size_t i = 0; i < NONCE_BYTES; i++) {
        hex[2 * i] = digits[taken[i] >> 4];
        hex[2 * i + 1] = digits[taken[i] & 15];
    }
    hex[2 * NONCE_BYTES] = 0;
    explicit_bzero(taken, NONCE_BYTES);
    if (!MUTATED(nonce_twice))
        pool_left -= NONCE_BYTES;
}

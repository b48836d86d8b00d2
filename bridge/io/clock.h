/* clock.h: time and randomness, for the worker to hand to the core. */
#ifndef BRIDGE_IO_CLOCK_H
#define BRIDGE_IO_CLOCK_H

#include "bridge/core/types.h"

ms_t clock_now_ms(void);            /* CLOCK_BOOTTIME: goes on while the machine or the process sleeps */
int64_t clock_wall_ms(void);        /* CLOCK_REALTIME, epoch milliseconds */
int64_t clock_now_us(void);         /* CLOCK_MONOTONIC, for durations in metrics */

void entropy(void *bytes, size_t size);         /* getrandom(2); aborts when the kernel cannot */
void entropy_nonce(char hex[33]);               /* 16 random bytes as 32 hex digits */

#endif

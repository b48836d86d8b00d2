/* sink.h: the ids that the sink has seen, and how often. By a hash of 64 bits: among a few million ids a clash is less likely
 * than one in a million runs. */
#ifndef BENCH_SINK_H
#define BENCH_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void seen_add(const char *id, size_t size);
uint64_t seen_times(const char *id, size_t size);
uint64_t seen_distinct(void);
void seen_reset(void);

#endif

/* floor_offsets.c: which offsets of each partition are finished, as a ring of flags behind the committable offset. */
#include "bench/floor.h"

#include <stdlib.h>

struct run {
    int64_t first, committed;           /* `first`: the lowest not finished */
    uint8_t finished[OFFSETS_SPAN];
};

struct offsets {
    struct run *runs[FLOOR_PARTITIONS];
};

struct offsets *
offsets_new(void)
{
    return calloc(1, sizeof(struct offsets));
}

void
offsets_free(struct offsets *offsets)
{
    for (size_t i = 0; i < FLOOR_PARTITIONS; i++)
        free(offsets->runs[i]);
    free(offsets);
}

void
offsets_receive(struct offsets *offsets, int32_t partition, int64_t offset)
{
    if (partition >= FLOOR_PARTITIONS)
        floor_die("partition %d is above %d", partition, FLOOR_PARTITIONS - 1);
    struct run *run = offsets->runs[partition];
    if (!run) {
        run = offsets->runs[partition] = calloc(1, sizeof *run);
        if (!run)
            floor_die("out of memory");
        run->first = run->committed = offset;
    }
    if (offset - run->first >= OFFSETS_SPAN)
        floor_die("partition %d: offset %ld is too far ahead of %ld", partition, (long)offset, (long)run->first);
}

void
offsets_finish(struct offsets *offsets, int32_t partition, int64_t offset)
{
    struct run *run = offsets->runs[partition];
    run->finished[offset % OFFSETS_SPAN] = 1;
    while (run->finished[run->first % OFFSETS_SPAN]) {
        run->finished[run->first % OFFSETS_SPAN] = 0;
        run->first++;
    }
}

int64_t
offsets_moved(struct offsets *offsets, int32_t partition)
{
    struct run *run = offsets->runs[partition];
    if (!run || run->first == run->committed)
        return -1;
    return run->committed = run->first;
}

/* lanes.c: the hash table behind lanes.h: linear probing over half-empty cells, closed up on removal so that no grave slows a
 * search. */
#include "bridge/core/lanes.h"

#include "codecs/check.h"

enum { CAPACITY_MAX = 1 << 28, PART_ALIGNMENT = 16 };

static size_t
part_size(size_t count, size_t size)
{
    return (count * size + PART_ALIGNMENT - 1) / PART_ALIGNMENT * PART_ALIGNMENT;
}

/* A power of two, at least twice the capacity: a search ends at an empty cell soon. */
static uint32_t
cells_for(uint32_t capacity)
{
    uint32_t cells = 2;
    while (cells < 2 * capacity)
        cells *= 2;
    return cells;
}

size_t
lanes_size(uint32_t capacity)
{
    check(capacity > 0 && capacity <= CAPACITY_MAX);
    return part_size(capacity, sizeof(struct lane)) + part_size(cells_for(capacity), sizeof(uint32_t))
         + part_size(capacity, sizeof(uint32_t));
}

void
lanes_init(struct lanes *lanes, void *memory, uint32_t capacity)
{
    check(capacity > 0 && capacity <= CAPACITY_MAX);
    char *at = memory;
    *lanes = (struct lanes){ .capacity = capacity, .table_size = cells_for(capacity) };
    lanes->slots = (struct lane *)(void *)at;
    at += part_size(capacity, sizeof(struct lane));
    lanes->table = (uint32_t *)(void *)at;
    at += part_size(lanes->table_size, sizeof(uint32_t));
    lanes->free = (uint32_t *)(void *)at;
}

static uint32_t
home_of(const struct lanes *lanes, uint64_t key)
{
    return (uint32_t)key & (lanes->table_size - 1);
}

/* The cell that holds the key, or the empty one where it would go. */
static uint32_t
cell_of(const struct lanes *lanes, uint64_t key)
{
    check(key != 0);
    uint32_t cell = home_of(lanes, key);
    while (lanes->table[cell] != 0 && lanes->slots[lanes->table[cell] - 1].key != key)
        cell = (cell + 1) & (lanes->table_size - 1);
    return cell;
}

struct lane *
lanes_find(const struct lanes *lanes, uint64_t key)
{
    uint32_t entry = lanes->table[cell_of(lanes, key)];
    return entry == 0 ? NULL : &lanes->slots[entry - 1];
}

struct lane *
lanes_open(struct lanes *lanes, uint64_t key)
{
    check(lanes->count < lanes->capacity);
    uint32_t cell = cell_of(lanes, key);
    check(lanes->table[cell] == 0);
    /* Slots in use and slots given back are the first count + n_free; with none given back the next fresh one is `count`. */
    uint32_t slot = lanes->n_free > 0 ? lanes->free[--lanes->n_free] : lanes->count;
    struct lane *lane = &lanes->slots[slot];
    lane->key = key;
    list_init(&lane->waiting);
    lanes->table[cell] = slot + 1;
    lanes->count++;
    return lane;
}

/* Entries behind the hole that it would cut off from their home move up, until the next empty cell. */
static void
close_hole(struct lanes *lanes, uint32_t hole)
{
    uint32_t mask = lanes->table_size - 1;
    for (uint32_t cell = (hole + 1) & mask; lanes->table[cell] != 0; cell = (cell + 1) & mask) {
        uint32_t home = home_of(lanes, lanes->slots[lanes->table[cell] - 1].key);
        if (((cell - home) & mask) < ((cell - hole) & mask))
            continue;
        lanes->table[hole] = lanes->table[cell];
        hole = cell;
    }
    lanes->table[hole] = 0;
}

void
lanes_close(struct lanes *lanes, struct lane *lane)
{
    check(lane->key != 0 && lane->waiting.size == 0);
    uint32_t cell = cell_of(lanes, lane->key);
    uint32_t slot = (uint32_t)(lane - lanes->slots);
    check(lanes->table[cell] == slot + 1);
    close_hole(lanes, cell);
    lane->key = 0;
    lanes->free[lanes->n_free++] = slot;
    lanes->count--;
}

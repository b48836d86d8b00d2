/* memory_table.c: open addressing with linear probing. What expired stays as a mark in its chain and is swept when the table is
 * rebuilt. */
#include "bridge/io/memory_table.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 1024 };

static bool
init(struct memory_table *table, uint32_t capacity, uint32_t capacity_max)
{
    *table = (struct memory_table){ .capacity = capacity, .capacity_max = capacity_max };
    table->at = calloc(table->capacity, sizeof(*table->at));
    return table->at != NULL;
}

bool
memory_table_init(struct memory_table *table, uint32_t capacity_max)
{
    return init(table, CAPACITY_FIRST, capacity_max);
}

bool
memory_table_init_whole(struct memory_table *table, uint32_t capacity)
{
    return init(table, capacity, capacity);
}

void
memory_table_clear(struct memory_table *table)
{
    if (table->n > 0)           /* an untouched one stays so, and takes no memory */
        memset(table->at, 0, table->capacity * sizeof(*table->at));
    table->n = 0;
}

void
memory_table_release(struct memory_table *table)
{
    free(table->at);
    table->at = NULL;
}

static bool
is_empty(const struct memory_entry *entry)
{
    return entry->value.state == CLAIM_STATE_NONE;
}

/* The entry of the key, live or not, or the empty one where it belongs. The table is never full. */
static struct memory_entry *
find(const struct memory_table *table, struct hash128 key)
{
    uint32_t mask = table->capacity - 1, i = (uint32_t)key.low & mask;
    while (!is_empty(&table->at[i]) && (table->at[i].key.low != key.low || table->at[i].key.high != key.high))
        i = (i + 1) & mask;
    return &table->at[i];
}

const struct memory_entry *
memory_table_get(const struct memory_table *table, struct hash128 key, ms_t now_ms)
{
    const struct memory_entry *entry = find(table, key);
    return is_empty(entry) || entry->expires_ms <= now_ms ? NULL : entry;
}

static uint32_t
count_live(const struct memory_table *table, ms_t now_ms)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < table->capacity; i++)
        live += !is_empty(&table->at[i]) && table->at[i].expires_ms > now_ms;
    return live;
}

/* Sweeps what expired; doubles when that leaves the table more than a third full. */
static bool
rebuild(struct memory_table *table, ms_t now_ms)
{
    uint32_t live = count_live(table, now_ms);
    struct memory_table fresh = *table;
    if (live > table->capacity / 3 && table->capacity < table->capacity_max)
        fresh.capacity *= 2;
    if (live >= fresh.capacity / 10 * 7 || !(fresh.at = calloc(fresh.capacity, sizeof(*fresh.at))))
        return false;
    for (uint32_t i = 0; i < table->capacity; i++)
        if (!is_empty(&table->at[i]) && table->at[i].expires_ms > now_ms)
            *find(&fresh, table->at[i].key) = table->at[i];
    fresh.n = live;
    memory_table_release(table);
    *table = fresh;
    return true;
}

bool
memory_table_put(struct memory_table *table, struct hash128 key, const struct claim_value *value, ms_t now_ms, ms_t ttl_ms)
{
    struct memory_entry *entry = find(table, key);
    if (is_empty(entry) && table->n >= table->capacity / 10 * 7) {
        if (!rebuild(table, now_ms))
            return false;
        entry = find(table, key);
    }
    table->n += is_empty(entry);
    *entry = (struct memory_entry){ .key = key, .value = *value, .written_ms = now_ms, .expires_ms = now_ms + ttl_ms };
    return true;
}

void
memory_table_remove(struct memory_table *table, struct hash128 key, ms_t now_ms)
{
    find(table, key)->expires_ms = now_ms;
}

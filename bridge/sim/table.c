/* table.c: open addressing with linear probing, never more than half full. */
#include "bridge/sim/table.h"

#include "codecs/check.h"

#include <stdlib.h>

void
table_release(struct table *table)
{
    free(table->rows);
    *table = (struct table){ 0 };
}

/* The row of the key, or the empty one where it belongs. */
static struct table_row *
probe(const struct table *table, struct hash128 key)
{
    size_t mask = table->capacity - 1;
    for (size_t i = (size_t)key.low & mask;; i = (i + 1) & mask) {
        struct table_row *row = &table->rows[i];
        if ((row->key.low == key.low && row->key.high == key.high) || (row->key.low == 0 && row->key.high == 0))
            return row;
    }
}

static bool
is_empty(const struct table_row *row)
{
    return row->key.low == 0 && row->key.high == 0;
}

int64_t *
table_find(const struct table *table, struct hash128 key)
{
    if (table->capacity == 0)
        return NULL;
    struct table_row *row = probe(table, key);
    return is_empty(row) ? NULL : &row->number;
}

static void
grow(struct table *table)
{
    struct table bigger = { .capacity = table->capacity ? table->capacity * 2 : 1024, .used = table->used };
    bigger.rows = calloc(bigger.capacity, sizeof(bigger.rows[0]));
    check(bigger.rows != NULL);
    for (size_t i = 0; i < table->capacity; i++)
        if (!is_empty(&table->rows[i]))
            *probe(&bigger, table->rows[i].key) = table->rows[i];
    free(table->rows);
    *table = bigger;
}

int64_t *
table_put(struct table *table, struct hash128 key)
{
    if ((table->used + 1) * 2 > table->capacity)
        grow(table);
    struct table_row *row = probe(table, key);
    if (is_empty(row)) {
        row->key = key;
        table->used++;
    }
    return &row->number;
}

struct hash128
table_key(const struct slice *parts, size_t n)
{
    static const struct sipkey key = { 0x616c657274627269U, 0x6467652d73696d21U };
    struct siphash hash;
    siphash_init128(&hash, &key);
    for (size_t i = 0; i < n; i++) {
        uint64_t size = parts[i].size;
        siphash_update(&hash, &size, sizeof(size));
        siphash_update(&hash, parts[i].at, parts[i].size);
    }
    return siphash_end128(&hash);
}

/* recall.c: two generations; a look-up asks the younger first, so an older value of the same key is never seen. */
#include "bridge/io/recall.h"

#include "codecs/check.h"

bool
recall_init(struct recall *recall)
{
    return memory_table_init_whole(&recall->young, RECALL_CAPACITY) && memory_table_init_whole(&recall->old, RECALL_CAPACITY);
}

void
recall_release(struct recall *recall)
{
    memory_table_release(&recall->young);
    memory_table_release(&recall->old);
}

const struct memory_entry *
recall_get(const struct recall *recall, struct hash128 key, ms_t now_ms)
{
    const struct memory_entry *entry = memory_table_get(&recall->young, key, now_ms);
    return entry ? entry : memory_table_get(&recall->old, key, now_ms);
}

static void
turn_over(struct recall *recall)
{
    struct memory_table oldest = recall->old;
    recall->old = recall->young;
    recall->young = oldest;
    memory_table_clear(&recall->young);
}

void
recall_put(struct recall *recall, struct hash128 key, const struct claim_value *value, ms_t now_ms, ms_t ttl_ms)
{
    if (recall->young.n >= RECALL_LEAST)
        turn_over(recall);
    check(memory_table_put(&recall->young, key, value, now_ms, ttl_ms));
}

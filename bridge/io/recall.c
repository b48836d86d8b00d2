/* recall.c: a row of ends, and two generations of a table behind it; a look-up asks the younger first, so an older value of the
 * same key is never seen. */
#include "bridge/io/recall.h"

#include "codecs/check.h"

#include <stdlib.h>

/* An end as it waits to be looked for: no end has an owner, a lease or an age. */
struct recall_end {
    struct hash128 key;
    uint64_t fp;
    ms_t expires_ms;
    uint32_t attempt, doubt;
    enum claim_state state;
};

bool
recall_init(struct recall *recall)
{
    recall->first = recall->n_ends = 0;
    recall->ends = calloc(RECALL_LEAST, sizeof(*recall->ends));
    return recall->ends && memory_table_init_whole(&recall->young, RECALL_CAPACITY) &&
           memory_table_init_whole(&recall->old, RECALL_CAPACITY);
}

void
recall_release(struct recall *recall)
{
    free(recall->ends);
    recall->ends = NULL;
    memory_table_release(&recall->young);
    memory_table_release(&recall->old);
}

size_t
recall_size(void)
{
    return 2 * (size_t)RECALL_CAPACITY * sizeof(struct memory_entry) + (size_t)RECALL_LEAST * sizeof(struct recall_end);
}

static void
turn_over(struct recall *recall)
{
    struct memory_table oldest = recall->old;
    recall->old = recall->young;
    recall->young = oldest;
    memory_table_clear(&recall->young);
}

static void
to_table(struct recall *recall, struct hash128 key, const struct claim_value *value, ms_t now_ms, ms_t ttl_ms)
{
    if (recall->young.n >= RECALL_LEAST)
        turn_over(recall);
    check(memory_table_put(&recall->young, key, value, now_ms, ttl_ms));
}

/* In the order they came: the newest value of a key is the one that stays. */
static void
ends_to_table(struct recall *recall, ms_t now_ms)
{
    for (; recall->n_ends > 0; recall->n_ends--) {
        const struct recall_end *end = &recall->ends[recall->first];
        struct claim_value value = { .state = end->state, .attempt = end->attempt, .doubt = end->doubt, .fp = end->fp };
        to_table(recall, end->key, &value, now_ms, end->expires_ms - now_ms);
        recall->first = (recall->first + 1) % RECALL_LEAST;
    }
}

/* A full row is as much as has to be remembered. What is in the tables is older than all of it, and goes before any of it does:
 * else an older value would be found where a newer one was forgotten. */
static void
make_room(struct recall *recall)
{
    if (recall->n_ends < RECALL_LEAST)
        return;
    memory_table_clear(&recall->young);
    memory_table_clear(&recall->old);
    recall->first = (recall->first + 1) % RECALL_LEAST;
    recall->n_ends--;
}

const struct memory_entry *
recall_get(struct recall *recall, struct hash128 key, ms_t now_ms)
{
    ends_to_table(recall, now_ms);
    const struct memory_entry *entry = memory_table_get(&recall->young, key, now_ms);
    return entry ? entry : memory_table_get(&recall->old, key, now_ms);
}

void
recall_put(struct recall *recall, struct hash128 key, const struct claim_value *value, ms_t now_ms, ms_t ttl_ms)
{
    if (value->state == CLAIM_STATE_CLAIMED) {
        ends_to_table(recall, now_ms);
        to_table(recall, key, value, now_ms, ttl_ms);
        return;
    }
    make_room(recall);
    recall->ends[(recall->first + recall->n_ends++) % RECALL_LEAST] = (struct recall_end){
        .key = key, .fp = value->fp, .expires_ms = now_ms + ttl_ms, .attempt = value->attempt, .doubt = value->doubt,
        .state = value->state };
}

/* memory.c: the store in the process's own memory, for one process and for the demo. It decides by the same two tables as Redis
 * does and forgets everything when the process ends. */
#include "bridge/io/clock.h"
#include "bridge/io/dedup_custody.h"
#include "bridge/io/dedup_store.h"
#include "bridge/io/memory_table.h"
#include "bridge/io/memory_windows.h"
#include "codecs/check.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TABLE_CAPACITY_MAX = 1 << 22,       /* entries; about 450 MB */
    WINDOWS_CAPACITY_MAX = 1 << 21,     /* about 320 MB */
};

struct memory_answer {
    struct tag tag;
    enum dedup_op op;
    struct claim_answer claim;
    enum settle_answer settle;
    uint8_t leader_size;                /* of claim.leader, which is kept in memory.leaders */
};

struct leader {
    char text[ID_BYTES_MAX];
};

struct memory {
    struct dedup dedup;
    struct memory_table table;
    struct memory_windows windows;
    struct custodies custodies;
    struct memory_answer *answers;      /* a ring: decided when they were asked, said from the loop */
    struct leader *leaders;             /* beside each answer; most are never touched */
    uint32_t n_answers, first, capacity;
    struct event *deliver;
    struct dedup_stats stats;
    bool told_start, told_full;
};

static const char start_text[] = "memory: claims and done marks are kept in this process only: they are forgotten when it ends, "
                                 "and other workers do not see them; use a Redis server for anything but a trial";

static struct memory *
memory_of(struct dedup *dedup)
{
    return (struct memory *)dedup;
}

static void
tell_full(struct memory *memory)
{
    if (memory->told_full)
        return;
    memory->told_full = true;
    memory->stats.up = false;
    memory->dedup.handler.state(memory->dedup.handler.owner, DEDUP_REFUSES,
                                "memory: the store is full; use a Redis server, or a shorter dedup_ttl");
}

static void
say(struct memory *memory, const struct memory_answer *answer)
{
    const struct dedup_handler *handler = &memory->dedup.handler;
    bool unknown = answer->op == DEDUP_CLAIM ? answer->claim.verdict == CLAIM_UNKNOWN : answer->settle == SETTLE_UNKNOWN;
    if (unknown)
        tell_full(memory);
    memory->stats.commands[answer->op][unknown ? 1 : 0]++;
    if (answer->op == DEDUP_CLAIM)
        handler->claimed(handler->owner, answer->tag, &answer->claim);
    else
        handler->settled(handler->owner, answer->tag, answer->settle);
}

/* By a timer of no time and not by event_active: the loop looks at its sockets in between. */
static void
deliver_soon(struct memory *memory)
{
    if (!evtimer_pending(memory->deliver, NULL))
        evtimer_add(memory->deliver, &(struct timeval){ 0 });
}

/* Those that are there now: what the handler asks meanwhile is answered in the next turn. */
static void
on_deliver(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    struct memory *memory = data;
    if (!memory->told_start) {
        memory->told_start = true;
        memory->dedup.handler.state(memory->dedup.handler.owner, DEDUP_IN_MEMORY, start_text);
    }
    for (uint32_t n = memory->n_answers; n > 0; n--) {
        struct memory_answer answer = memory->answers[memory->first];
        struct leader leader;
        memcpy(leader.text, memory->leaders[memory->first].text, answer.leader_size);
        if (answer.leader_size)
            answer.claim.leader = (struct slice){ leader.text, answer.leader_size };
        memory->first = (memory->first + 1) % memory->capacity;
        memory->n_answers--;
        say(memory, &answer);
    }
    memory->stats.last_answer_ms = clock_now_ms();
    if (memory->n_answers)
        deliver_soon(memory);
}

static struct hash128
hash_of(const struct memory *memory, const struct buf *text)
{
    check(!text->overflow);
    return siphash128(&memory->dedup.names.hash_key, text->at, text->size);
}

static const struct memory_entry *
leader_entry(const struct memory *memory, const struct claim_order *order, struct slice leader, ms_t now_ms)
{
    char text[DEDUP_KEY_BYTES_MAX];
    struct buf buf;
    buf_init(&buf, text, sizeof(text));
    dedup_key_of_leader(&memory->dedup, order, leader, &buf);
    return memory_table_get(&memory->table, hash_of(memory, &buf), now_ms);
}

static struct hash128
window_key_of(const struct memory *memory, const struct claim_window *window)
{
    char text[DEDUP_KEY_BYTES_MAX];
    struct buf buf;
    buf_init(&buf, text, sizeof(text));
    dedup_window_key_of(&memory->dedup, window, &buf);
    return hash_of(memory, &buf);
}

/* The key became ours: whether the event's window is, too. */
static bool
decide_window(struct memory *memory, const struct claim_order *order, ms_t now_ms, struct claim_answer *answer,
              struct claim_value *write)
{
    struct hash128 key = window_key_of(memory, order->window);
    struct slice leader = memory_windows_leader(&memory->windows, key, now_ms);
    const struct memory_entry *met = leader.at ? leader_entry(memory, order, leader, now_ms) : NULL;
    switch (claim_meet_window(order, memory->dedup.own, leader, met ? &met->value : NULL, met ? now_ms - met->written_ms : 0,
                              answer, write)) {
    case WINDOW_KEEP:
        return true;
    case WINDOW_OPEN:
        return memory_windows_open(&memory->windows, key, order->id, now_ms, order->window->window_ms);
    case WINDOW_HAND_OVER:
        memory_windows_hand_over(&memory->windows, key, order->id);
        return true;
    }
    broken("a window is kept, opened or handed over");
}

static void
decide_claim(struct memory *memory, const struct claim_order *order, struct hash128 key, ms_t now_ms, struct claim_answer *answer)
{
    const struct memory_entry *entry = memory_table_get(&memory->table, key, now_ms);
    const struct claim_value *met = entry ? &entry->value : NULL;
    bool open_here = met && custodies_is_open(&memory->custodies, met->dispatch, met->lease_ms, now_ms);
    struct claim_value write;
    claim_meet(order, memory->dedup.own, met, entry ? now_ms - entry->written_ms : 0, open_here, answer, &write);
    bool room = write.state == CLAIM_STATE_NONE || !order->window || decide_window(memory, order, now_ms, answer, &write);
    if (room && write.state != CLAIM_STATE_NONE)
        room = memory_table_put(&memory->table, key, &write, now_ms, order->ttl_ms);
    else if (met && answer->verdict == CLAIM_TWIN)      /* given back: there was nothing before this claim */
        memory_table_remove(&memory->table, key, now_ms);
    if (!room)
        *answer = (struct claim_answer){ .verdict = CLAIM_UNKNOWN };
    else if (custody_ends_with(answer->verdict))
        custodies_close(&memory->custodies, order->dispatch);
}

static enum settle_answer
decide_end(struct memory *memory, const struct claim_order *order, enum dedup_op op, struct hash128 key, ms_t now_ms)
{
    const struct memory_entry *entry = memory_table_get(&memory->table, key, now_ms);
    struct claim_value write;
    enum settle_answer answer = claim_settle_meet(order, memory->dedup.own, entry ? &entry->value : NULL, &write);
    if (write.state != CLAIM_STATE_NONE && !memory_table_put(&memory->table, key, &write, now_ms, order->ttl_ms))
        return SETTLE_UNKNOWN;
    if (op == DEDUP_SETTLE)
        custodies_close(&memory->custodies, order->dispatch);
    return answer;
}

void
memory_seed(struct dedup *dedup, const struct claim_order *order, const struct claim_value *value, ms_t age_ms)
{
    struct memory *memory = memory_of(dedup);
    check(memory_table_put(&memory->table, dedup_hash_of(dedup, order), value, clock_now_ms() - age_ms, order->ttl_ms));
}

bool
memory_peek(struct dedup *dedup, const struct claim_order *order, struct claim_value *value)
{
    const struct memory_entry *entry = memory_table_get(&memory_of(dedup)->table, dedup_hash_of(dedup, order), clock_now_ms());
    if (entry)
        *value = entry->value;
    return entry != NULL;
}

void
memory_seed_window(struct dedup *dedup, const struct claim_window *window, struct slice leader)
{
    struct memory *memory = memory_of(dedup);
    check(memory_windows_open(&memory->windows, window_key_of(memory, window), leader, clock_now_ms(), window->window_ms));
}

struct slice
memory_peek_window(struct dedup *dedup, const struct claim_window *window)
{
    const struct memory *memory = memory_of(dedup);
    return memory_windows_leader(&memory->windows, window_key_of(memory, window), clock_now_ms());
}

static void
memory_order(struct dedup *dedup, const struct claim_order *order, enum dedup_op op)
{
    struct memory *memory = memory_of(dedup);
    check(memory->n_answers < memory->capacity);
    ms_t now_ms = clock_now_ms();
    struct hash128 key = dedup_hash_of(dedup, order);

    uint32_t at = (memory->first + memory->n_answers++) % memory->capacity;
    struct memory_answer *answer = &memory->answers[at];
    struct leader *leader = &memory->leaders[at];
    *answer = (struct memory_answer){ .tag = order->tag, .op = op };
    if (op == DEDUP_CLAIM)
        custodies_open(&memory->custodies, order->dispatch, now_ms);
    else
        custodies_heard(&memory->custodies, order->dispatch, now_ms);
    if (op == DEDUP_CLAIM)
        decide_claim(memory, order, key, now_ms, &answer->claim);
    else
        answer->settle = decide_end(memory, order, op, key, now_ms);
    answer->leader_size = (uint8_t)answer->claim.leader.size;
    memcpy(leader->text, answer->claim.leader.at ? answer->claim.leader.at : "", answer->leader_size);
    deliver_soon(memory);
}

static void
memory_flush(struct dedup *dedup)
{
    struct memory *memory = memory_of(dedup);
    memory->stats.flushes += memory->n_answers > 0;
}

static void
memory_poke(struct dedup *dedup)
{
    (void)dedup;        /* there is nothing to connect to */
}

static void
memory_stats(const struct dedup *dedup, struct dedup_stats *stats)
{
    *stats = ((const struct memory *)dedup)->stats;
}

static void
memory_free(struct dedup *dedup)
{
    struct memory *memory = memory_of(dedup);
    if (memory->deliver)
        event_free(memory->deliver);
    custodies_release(&memory->custodies);
    memory_table_release(&memory->table);
    memory_windows_release(&memory->windows);
    free(memory->answers);
    free(memory->leaders);
    dedup_release(dedup);
    free(memory);
}

static const struct dedup_kind memory_kind = {
    .free = memory_free, .order = memory_order, .flush = memory_flush, .poke = memory_poke, .stats = memory_stats,
};

struct dedup *
memory_new(const struct dedup_config *config, struct event_base *base, const struct dedup_handler *handler, char *error,
           size_t error_size)
{
    struct memory *memory = calloc(1, sizeof(*memory));
    check(memory != NULL);
    if (!dedup_init(&memory->dedup, &memory_kind, config, handler, error, error_size))
        goto fail;
    memory->capacity = config->orders;
    memory->answers = calloc(config->orders, sizeof(*memory->answers));
    memory->leaders = calloc(config->orders, sizeof(*memory->leaders));
    memory->deliver = evtimer_new(base, on_deliver, memory);
    memory->windows.capacity_max = WINDOWS_CAPACITY_MAX;
    if (!memory->answers || !memory->leaders || !memory->deliver || !memory_table_init(&memory->table, TABLE_CAPACITY_MAX) ||
        !custodies_init(&memory->custodies)) {
        snprintf(error, error_size, "memory: out of memory");
        goto fail;
    }
    memory->stats.up = true;
    deliver_soon(memory);
    return &memory->dedup;
fail:
    memory_free(&memory->dedup);
    return NULL;
}

/* redis_journal.c: the journal as a stream: one XADD an entry, asked for and forgotten. Whatever becomes of it, deliveries go on:
 * the log has the lines that matter, and Kafka the events. */
#include "bridge/io/redis_parts.h"

#include "codecs/check.h"
#include "codecs/event.h"

#include <hiredis/hiredis.h>
#include <stdio.h>

enum { TRIM_EVERY_MS = 60000 };

/* ---- one entry ----------------------------------------------------------------------------------------------------------- */

/* The words of a command are counted before they are written: fields are gathered first. */
struct fields {
    struct slice names[JOURNAL_FIELDS_MAX], values[JOURNAL_FIELDS_MAX];
    uint32_t n;
    struct buf text;            /* of the values that are not borrowed */
    char memory[1024];
};

static void
add(struct fields *fields, struct slice name, struct slice value)
{
    if (value.at == NULL || value.size == 0)
        return;
    check(fields->n < JOURNAL_FIELDS_MAX);
    fields->names[fields->n] = name;
    fields->values[fields->n++] = value;
}

static struct slice
since(const struct fields *fields, size_t start)
{
    return (struct slice){ fields->text.at + start, fields->text.size - start };
}

static void
add_count(struct fields *fields, struct slice name, uint32_t count)
{
    size_t start = fields->text.size;
    if (count == 0)
        return;
    buf_u64(&fields->text, count);
    add(fields, name, since(fields, start));
}

static void
add_time(struct fields *fields, struct slice name, int64_t wall_ms)
{
    size_t start = fields->text.size;
    if (wall_ms <= 0)
        return;
    buf_rfc3339_ms(&fields->text, wall_ms);
    add(fields, name, since(fields, start));
}

static void
add_place(struct fields *fields, const struct journal_entry *entry)
{
    size_t start = fields->text.size;
    buf_text(&fields->text, entry->topic);
    buf_char(&fields->text, '/');
    buf_i64(&fields->text, entry->partition);
    buf_char(&fields->text, '/');
    buf_i64(&fields->text, entry->offset);
    add(fields, SLICE("tpo"), since(fields, start));
}

static void
add_reason(struct fields *fields, const struct journal_entry *entry)
{
    size_t start = fields->text.size;
    if (entry->reason == REASON_COUNT)
        return;
    journal_put_reason(&fields->text, entry->reason, entry->fault);
    add(fields, SLICE("reason"), since(fields, start));
}

static void
add_code(struct fields *fields, const struct journal_entry *entry)
{
    size_t start = fields->text.size;
    if (entry->status == 0 && entry->code[0] == '\0')
        return;
    journal_put_code(&fields->text, entry->status, entry->code);
    add(fields, SLICE("code"), since(fields, start));
}

/* Names and order are a contract (docs/interfaces.md). The order also keeps the stream small: Redis keeps the names of an entry
 * once for all that follow with the same ones. */
static void
gather(struct fields *fields, const struct journal_entry *entry)
{
    fields->n = 0;
    buf_init(&fields->text, fields->memory, sizeof(fields->memory));
    add(fields, SLICE("id"), entry->id);
    add(fields, SLICE("target"), slice_of(entry->target));
    add(fields, SLICE("route"), slice_of(entry->route));
    add(fields, SLICE("outcome"), slice_of(journal_outcome(entry)));
    add_reason(fields, entry);
    add_place(fields, entry);
    add_time(fields, SLICE("first"), entry->first_ms);
    add_time(fields, SLICE("last"), entry->last_ms);
    add_code(fields, entry);
    add(fields, SLICE("request_id"), slice_of(entry->request_id));
    add_count(fields, SLICE("attempts"), entry->attempts);
    add_count(fields, SLICE("doubt"), entry->doubt);
    add(fields, SLICE("suppressed_by"), entry->suppressed_by);
    if (entry->replay)
        add(fields, SLICE("replay"), SLICE("1"));
    check(!fields->text.overflow);
}

void
redis_journal_write(struct resp *resp, struct slice key, uint64_t max_len, const struct journal_entry *entry)
{
    struct fields fields;
    gather(&fields, entry);
    resp_begin(resp, 6 + 2 * fields.n);
    resp_text(resp, "XADD");
    resp_word(resp, key);
    resp_text(resp, "MAXLEN");
    resp_text(resp, "~");
    resp_number(resp, (int64_t)max_len);
    resp_text(resp, "*");
    for (uint32_t i = 0; i < fields.n; i++) {
        resp_word(resp, fields.names[i]);
        resp_word(resp, fields.values[i]);
    }
}

/* ---- sending and what comes back ------------------------------------------------------------------------------------------ */

static struct redis_slot *
take_slot(struct redis *redis)
{
    struct redis_slot *slot = redis_slot_take(redis);
    slot->op = DEDUP_JOURNAL;
    redis->journal.under_way++;
    return slot;
}

void
redis_journal_over(struct redis *redis, struct redis_slot *slot)
{
    check(redis->journal.under_way > 0);
    redis->journal.under_way--;
    redis_slot_free(redis, slot);
}

/* Not sent at all: there is no connection, or it answers too slowly. */
static void
unwritten(struct redis *redis, const char *why)
{
    redis->stats.commands[DEDUP_JOURNAL][3]++;
    redis_journal_failed(redis, why);
}

void
redis_journal(struct dedup *dedup, const struct journal_entry *entry)
{
    struct redis *redis = (struct redis *)dedup;
    struct redis_journal *journal = &redis->journal;
    if (journal->max_len == 0)
        return;
    if (!redis->ready) {
        unwritten(redis, "Redis is away");
        return;
    }
    if (journal->under_way >= REDIS_JOURNAL_MOST) {
        unwritten(redis, "too many entries wait for Redis");
        return;
    }
    redis_journal_write(&redis->resp, slice_of(journal->key), journal->max_len, entry);
    redis->unflushed++;
    redis_send(redis, take_slot(redis), STEP_JOURNAL);
}

/* The id of the new entry is the time of Redis's own clock, by which old ones are told. */
static void
trim(struct redis *redis, struct slice id)
{
    struct redis_journal *journal = &redis->journal;
    int64_t now_ms = 0;
    for (size_t i = 0; i < id.size && id.at[i] >= '0' && id.at[i] <= '9' && now_ms < INT64_MAX / 16; i++)
        now_ms = now_ms * 10 + (id.at[i] - '0');
    if (journal->max_age_ms <= 0 || now_ms <= journal->max_age_ms || redis_now(redis) < journal->trim_at_ms)
        return;
    journal->trim_at_ms = redis_now(redis) + TRIM_EVERY_MS;
    resp_begin(&redis->resp, 5);
    resp_text(&redis->resp, "XTRIM");
    resp_text(&redis->resp, journal->key);
    resp_text(&redis->resp, "MINID");
    resp_text(&redis->resp, "~");
    resp_number(&redis->resp, now_ms - journal->max_age_ms);
    redis_send(redis, take_slot(redis), STEP_TRIM);
}

void
redis_journal_reply(struct redis *redis, struct redis_slot *slot, const redisReply *reply)
{
    bool added = slot->step == STEP_JOURNAL;
    redis_journal_over(redis, slot);
    if (added)
        trim(redis, redis_text_of(reply));
}

void
redis_journal_failed(struct redis *redis, const char *why)
{
    if (!redis->closing)
        redis->dedup.handler.unjournaled(redis->dedup.handler.owner, why);
}

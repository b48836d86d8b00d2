/* redis_journal.c: the journal as a stream: one XADD an entry, asked for and forgotten. Whatever becomes of it, deliveries go on:
 * the log has the lines that matter, and Kafka the events. */
#include "bridge/io/redis_parts.h"

#include "codecs/check.h"
#include "codecs/event.h"

#include <hiredis/hiredis.h>
#include <stdio.h>

enum { TRIM_EVERY_MS = 60000 };

/* ---- one entry ----------------------------------------------------------------------------------------------------------- */

#define WORD(size, text) SLICE("$" #size "\r\n" text "\r\n")

/* Written straight into the command; what is not at hand as one text is put together in `scratch` first. */
struct writer {
    struct resp *resp;
    struct redis_journal *journal;
    uint32_t n;                 /* fields so far */
    struct buf scratch;
    char memory[512];
};

static void
put(struct writer *writer, struct slice name_word, struct slice value)
{
    if (value.at == NULL || value.size == 0)
        return;
    writer->n++;
    buf_slice(&writer->resp->buf, name_word);
    resp_word(writer->resp, value);
}

static void
put_scratch(struct writer *writer, struct slice name_word)
{
    check(!writer->scratch.overflow);
    put(writer, name_word, buf_view(&writer->scratch));
    buf_reset(&writer->scratch);
}

static void
put_count(struct writer *writer, struct slice name_word, uint32_t count)
{
    if (count > 0)
        buf_u64(&writer->scratch, count);
    put_scratch(writer, name_word);
}

/* Many entries in a row tell of the same calls. */
static void
put_time(struct writer *writer, struct slice name_word, int64_t wall_ms)
{
    struct redis_journal *journal = writer->journal;
    struct buf text;
    if (wall_ms <= 0)
        return;
    buf_init(&text, journal->time, sizeof(journal->time));
    if (journal->time_ms != wall_ms)
        buf_rfc3339_ms(&text, wall_ms);
    else
        text.size = journal->time_size;
    check(!text.overflow);
    journal->time_ms = wall_ms;
    journal->time_size = text.size;
    put(writer, name_word, buf_view(&text));
}

static void
put_place(struct writer *writer, const struct journal_entry *entry)
{
    buf_text(&writer->scratch, entry->topic);
    buf_char(&writer->scratch, '/');
    buf_i64(&writer->scratch, entry->partition);
    buf_char(&writer->scratch, '/');
    buf_i64(&writer->scratch, entry->offset);
    put_scratch(writer, WORD(3, "tpo"));
}

static void
put_reason(struct writer *writer, const struct journal_entry *entry)
{
    if (entry->reason == REASON_COUNT)
        return;
    journal_put_reason(&writer->scratch, entry->reason, entry->fault);
    put_scratch(writer, WORD(6, "reason"));
}

static void
put_code(struct writer *writer, const struct journal_entry *entry)
{
    if (entry->status == 0 && entry->code[0] == '\0')
        return;
    journal_put_code(&writer->scratch, entry->status, entry->code);
    put_scratch(writer, WORD(4, "code"));
}

/* Names and order are a contract (docs/interfaces.md). The order also keeps the stream small: Redis keeps the names of an entry
 * once for all that follow with the same ones. */
static void
put_fields(struct writer *writer, const struct journal_entry *entry)
{
    put(writer, WORD(2, "id"), entry->id);
    put(writer, WORD(6, "target"), slice_of(entry->target));
    put(writer, WORD(5, "route"), slice_of(entry->route));
    put(writer, WORD(7, "outcome"), slice_of(journal_outcome(entry)));
    put_reason(writer, entry);
    put_place(writer, entry);
    put_time(writer, WORD(5, "first"), entry->first_ms);
    put_time(writer, WORD(4, "last"), entry->last_ms);
    put_code(writer, entry);
    put(writer, WORD(10, "request_id"), slice_of(entry->request_id));
    put_count(writer, WORD(8, "attempts"), entry->attempts);
    put_count(writer, WORD(5, "doubt"), entry->doubt);
    put(writer, WORD(13, "suppressed_by"), entry->suppressed_by);
    put(writer, WORD(6, "replay"), entry->replay ? SLICE("1") : (struct slice){ 0 });
}

/* The words before the fields, with the number of words to be filled in: target, outcome and tpo are always there and there are
 * not fifty fields, so it has two digits. */
static void
write_head(struct redis_journal *journal)
{
    struct resp resp;
    resp_begin(&resp, 10);
    resp_text(&resp, "XADD");
    resp_text(&resp, journal->key);
    resp_text(&resp, "MAXLEN");
    resp_text(&resp, "~");
    resp_number(&resp, (int64_t)journal->max_len);
    resp_text(&resp, "*");
    journal->head_size = resp.buf.size;
    check(!resp.buf.overflow && resp.buf.size <= sizeof(journal->head));
    memcpy(journal->head, resp.bytes, resp.buf.size);
}

void
redis_journal_init(struct redis_journal *journal, const char *prefix, uint64_t max_len, ms_t max_age_ms)
{
    snprintf(journal->key, sizeof(journal->key), "%s:j", prefix);
    journal->max_len = max_len;
    journal->max_age_ms = max_age_ms;
    write_head(journal);
}

static void
write_entry(struct redis_journal *journal, struct resp *resp, const struct journal_entry *entry)
{
    enum { WORDS_OF_HEAD = 6 };
    struct writer writer;
    writer.resp = resp;
    writer.journal = journal;
    writer.n = 0;
    buf_init(&writer.scratch, writer.memory, sizeof(writer.memory));
    buf_init(&resp->buf, resp->bytes, sizeof(resp->bytes));
    buf_put(&resp->buf, journal->head, journal->head_size);
    put_fields(&writer, entry);
    uint32_t words = WORDS_OF_HEAD + 2 * writer.n;
    check(words >= 10 && words < 100);
    resp->bytes[1] = (char)('0' + words / 10);
    resp->bytes[2] = (char)('0' + words % 10);
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
    write_entry(journal, &redis->resp, entry);
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
    else if (reply->type == REDIS_REPLY_INTEGER && reply->integer > 0)
        redis->journal.trim_at_ms = 0;      /* `~` takes out 10,000 at most: there may be more */
}

void
redis_journal_failed(struct redis *redis, const char *why)
{
    if (!redis->closing)
        redis->dedup.handler.unjournaled(redis->dedup.handler.owner, why);
}

/* claim_value.c: writes and strictly reads the value of a delivery's key: what it reads it would write byte for byte. */
#include "codecs/claim_value.h"

#include "codecs/check.h"

enum { CONNECTIONS = CLAIM_CONNECTION_MAX + 1 };

static void
put_number(struct buf *buf, uint64_t number)
{
    buf_char(buf, ':');
    buf_u64(buf, number);
}

/* One number, for whoever knows of one only. */
static void
put_custody(struct buf *buf, uint64_t dispatch, uint32_t connection)
{
    check(connection <= CLAIM_CONNECTION_MAX);
    check(dispatch <= (UINT64_MAX - connection) / CONNECTIONS);
    buf_u64(buf, dispatch * CONNECTIONS + connection);
}

static void
put_ms(struct buf *buf, int64_t ms)
{
    check(ms >= 0);
    put_number(buf, (uint64_t)ms);
}

void
claim_value_write(struct buf *buf, const struct claim_value *value)
{
    check(value->state != CLAIM_STATE_NONE);
    buf_char(buf, (char)value->state);
    switch (value->state) {
    case CLAIM_STATE_CLAIMED:
        put_number(buf, value->attempt);
        buf_char(buf, ':');
        buf_hex64(buf, value->owner);
        buf_char(buf, '.');
        put_custody(buf, value->dispatch, value->connection);
        put_number(buf, value->doubt);
        if (value->idle)
            buf_char(buf, '=');
        put_ms(buf, value->first_sent_ms);
        put_ms(buf, value->lease_ms);
        put_ms(buf, value->ttl_ms);
        break;
    case CLAIM_STATE_RELEASED:
        put_number(buf, value->attempt);
        break;
    case CLAIM_STATE_UNCONFIRMED:
        put_number(buf, value->doubt);
        break;
    case CLAIM_STATE_DONE:
    case CLAIM_STATE_DEAD:
    case CLAIM_STATE_NONE:
        break;
    }
    buf_char(buf, ':');
    buf_hex64(buf, value->fp);
}

/* What is left of the text, and whether all of it so far was as written by us. */
struct cursor {
    const char *at, *end;
    bool ok;
};

static void
take(struct cursor *cursor, char expected)
{
    if (cursor->ok && cursor->at < cursor->end && *cursor->at == expected)
        cursor->at++;
    else
        cursor->ok = false;
}

/* Decimal without sign or leading zero, at most `max`. */
static uint64_t
take_number(struct cursor *cursor, uint64_t max)
{
    const char *start = cursor->at;
    uint64_t number = 0;
    for (; cursor->ok && cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++) {
        uint64_t digit = (uint64_t)(*cursor->at - '0');
        if (number > (max - digit) / 10)
            cursor->ok = false;
        else
            number = number * 10 + digit;
    }
    if (cursor->at == start || (*start == '0' && cursor->at > start + 1))
        cursor->ok = false;
    return cursor->ok ? number : 0;
}

static int64_t
take_ms(struct cursor *cursor)
{
    take(cursor, ':');
    return (int64_t)take_number(cursor, INT64_MAX);
}

static uint32_t
take_count(struct cursor *cursor)
{
    take(cursor, ':');
    return (uint32_t)take_number(cursor, UINT32_MAX);
}

/* Whether the mark stands here. */
static bool
take_mark(struct cursor *cursor, char mark)
{
    bool stands = cursor->ok && cursor->at < cursor->end && *cursor->at == mark;
    cursor->at += stands;
    return stands;
}

static uint64_t
take_hex64(struct cursor *cursor)
{
    uint64_t number = 0;
    take(cursor, ':');
    for (int i = 0; i < 16 && cursor->ok; i++) {
        char c = cursor->at < cursor->end ? *cursor->at : '\0';
        if (c >= '0' && c <= '9')
            number = number << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            number = number << 4 | (uint64_t)(c - 'a' + 10);
        else
            cursor->ok = false;
        cursor->at += cursor->ok;
    }
    return number;
}

static void
take_claimed(struct cursor *cursor, struct claim_value *value)
{
    value->attempt = take_count(cursor);
    value->owner = take_hex64(cursor);
    take(cursor, '.');
    uint64_t custody = take_number(cursor, UINT64_MAX);
    value->dispatch = custody / CONNECTIONS;
    value->connection = (uint32_t)(custody % CONNECTIONS);
    value->doubt = take_count(cursor);
    value->idle = take_mark(cursor, '=');
    value->first_sent_ms = take_ms(cursor);
    value->lease_ms = take_ms(cursor);
    value->ttl_ms = take_ms(cursor);
}

bool
claim_value_read(struct slice text, struct claim_value *value)
{
    struct cursor cursor = { text.at, text.at + text.size, text.size > 1 };
    struct claim_value read = { 0 };
    char state = cursor.ok ? *cursor.at++ : '\0';
    switch (state) {
    case CLAIM_STATE_CLAIMED:
        take_claimed(&cursor, &read);
        break;
    case CLAIM_STATE_RELEASED:
        read.attempt = take_count(&cursor);
        break;
    case CLAIM_STATE_UNCONFIRMED:
        read.doubt = take_count(&cursor);
        break;
    case CLAIM_STATE_DONE:
    case CLAIM_STATE_DEAD:
        break;
    default:
        return false;
    }
    read.fp = take_hex64(&cursor);
    if (!cursor.ok || cursor.at != cursor.end)
        return false;
    read.state = (enum claim_state)state;
    *value = read;
    return true;
}

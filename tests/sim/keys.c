/* keys.c: the keys of a Redis and the commands upon them: SET with NX, GET and PX, GET, PTTL, and the three scripts. */
#include "tests/sim/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    char *key, *value;          /* key NULL = an empty place */
    int64_t expires_ms;         /* 0 = never */
};

struct keys {
    struct entry *at;
    uint32_t room, n;           /* room is a power of two; n counts those that are there, expired ones too */
};

enum { ROOM_FIRST = 64, PTTL_NONE = -1, PTTL_NO_KEY = -2 };

static uint32_t
hash_of(const char *key)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * UINT64_C(1099511628211);
    return (uint32_t)(hash >> 16);
}

struct keys *
keys_new(void)
{
    struct keys *keys = calloc(1, sizeof(*keys));
    keys->room = ROOM_FIRST;
    keys->at = calloc(keys->room, sizeof(*keys->at));
    return keys;
}

void
keys_flush(struct keys *keys)
{
    for (uint32_t i = 0; i < keys->room; i++) {
        free(keys->at[i].key);
        free(keys->at[i].value);
    }
    memset(keys->at, 0, keys->room * sizeof(*keys->at));
    keys->n = 0;
}

void
keys_free(struct keys *keys)
{
    if (!keys)
        return;
    keys_flush(keys);
    free(keys->at);
    free(keys);
}

static struct entry *
place_of(const struct keys *keys, const char *key)
{
    uint32_t at = hash_of(key) & (keys->room - 1);
    while (keys->at[at].key && strcmp(keys->at[at].key, key) != 0)
        at = (at + 1) & (keys->room - 1);
    return &keys->at[at];
}

static void
grow(struct keys *keys)
{
    struct keys old = *keys;
    keys->room *= 2;
    keys->at = calloc(keys->room, sizeof(*keys->at));
    for (uint32_t i = 0; i < old.room; i++)
        if (old.at[i].key)
            *place_of(keys, old.at[i].key) = old.at[i];
    free(old.at);
}

/* Whoever stands behind it in the same run of places moves up. */
static void
take_out(struct keys *keys, struct entry *entry)
{
    uint32_t hole = (uint32_t)(entry - keys->at);
    free(entry->key);
    free(entry->value);
    *entry = (struct entry){ 0 };
    keys->n--;
    for (uint32_t at = (hole + 1) & (keys->room - 1); keys->at[at].key; at = (at + 1) & (keys->room - 1)) {
        struct entry moved = keys->at[at];
        keys->at[at] = (struct entry){ 0 };
        *place_of(keys, moved.key) = moved;
    }
}

static struct entry *
live(struct keys *keys, int64_t now_ms, const char *key)
{
    struct entry *entry = place_of(keys, key);
    if (!entry->key)
        return NULL;
    if (entry->expires_ms == 0 || entry->expires_ms > now_ms)
        return entry;
    take_out(keys, entry);
    return NULL;
}

static void
put(struct keys *keys, const char *key, const char *value, int64_t expires_ms)
{
    struct entry *entry = place_of(keys, key);
    char *copy = strdup(value);
    if (!entry->key) {
        entry->key = strdup(key);
        keys->n++;
    }
    free(entry->value);
    entry->value = copy;
    entry->expires_ms = expires_ms;
    if (2 * keys->n > keys->room)
        grow(keys);
}

struct keys *
keys_copy(const struct keys *keys)
{
    struct keys *copy = keys_new();
    for (uint32_t i = 0; i < keys->room; i++)
        if (keys->at[i].key)
            put(copy, keys->at[i].key, keys->at[i].value, keys->at[i].expires_ms);
    return copy;
}

uint32_t
keys_count(const struct keys *keys)
{
    return keys->n;
}

const char *
keys_name(const struct keys *keys, uint32_t n)
{
    for (uint32_t i = 0; i < keys->room; i++)
        if (keys->at[i].key && n-- == 0)
            return keys->at[i].key;
    return NULL;
}

/* Those of `keys` that the other has not, or not so. */
static void
tell_others(const struct keys *keys, const struct keys *other, bool missing_only, void *owner, void (*tell)(void *, const char *))
{
    for (uint32_t i = 0; i < keys->room; i++) {
        const struct entry *one = &keys->at[i], *same = one->key ? place_of(other, one->key) : NULL;
        if (!same || (missing_only && same->key))
            continue;
        if (!same->key || strcmp(one->value, same->value) != 0 || one->expires_ms != same->expires_ms)
            tell(owner, one->key);
    }
}

void
keys_differ(const struct keys *a, const struct keys *b, void *owner, void (*tell)(void *, const char *))
{
    tell_others(a, b, false, owner, tell);
    tell_others(b, a, true, owner, tell);
}

static const char spoilt[] = "spoilt";

void
keys_spoil(struct keys *keys, const char *key)
{
    struct entry *entry = place_of(keys, key);
    if (!entry->key)
        return;
    free(entry->value);
    entry->value = strdup(spoilt);
}

/* Taking one out moves others up: it is looked from the begin again. */
uint32_t
keys_heal(struct keys *keys)
{
    uint32_t healed = 0;
    for (uint32_t i = 0; i < keys->room; i++) {
        if (!keys->at[i].key || strcmp(keys->at[i].value, spoilt) != 0)
            continue;
        take_out(keys, &keys->at[i]);
        healed++;
        i = UINT32_MAX;
    }
    return healed;
}

void
keys_drop(struct keys *keys, const char *key)
{
    struct entry *entry = place_of(keys, key);
    if (entry->key)
        take_out(keys, entry);
}

/* ---- commands ------------------------------------------------------------------------------------------------------------ */

static void
text(struct store_reply *reply, const char *value)
{
    reply->kind = STORE_TEXT;
    snprintf(reply->text, sizeof(reply->text), "%s", value);
}

static int64_t
pttl(struct keys *keys, int64_t now_ms, const char *key)
{
    const struct entry *entry = live(keys, now_ms, key);
    return !entry ? PTTL_NO_KEY : entry->expires_ms == 0 ? PTTL_NONE : entry->expires_ms - now_ms;
}

void
keys_get(struct keys *keys, int64_t now_ms, const char *key, struct store_reply *reply)
{
    const struct entry *entry = live(keys, now_ms, key);
    *reply = (struct store_reply){ .kind = STORE_NIL };
    if (entry)
        text(reply, entry->value);
}

void
keys_pttl(struct keys *keys, int64_t now_ms, const char *key, struct store_reply *reply)
{
    *reply = (struct store_reply){ .kind = STORE_NUMBER, .number = pttl(keys, now_ms, key) };
}

void
keys_set_nx_get(struct keys *keys, int64_t now_ms, const char *key, const char *value, int64_t px_ms, struct store_reply *reply)
{
    keys_get(keys, now_ms, key, reply);
    if (reply->kind == STORE_NIL)
        put(keys, key, value, now_ms + px_ms);
}

void
keys_set(struct keys *keys, int64_t now_ms, const char *key, const char *value, int64_t px_ms, struct store_reply *reply)
{
    put(keys, key, value, px_ms > 0 ? now_ms + px_ms : 0);
    *reply = (struct store_reply){ .kind = STORE_OK };
}

void
keys_swap(struct keys *keys, int64_t now_ms, const char *key, const char *expected, const char *value, int64_t ttl_ms,
          int64_t pttl_most_ms, struct store_reply *reply)
{
    keys_get(keys, now_ms, key, reply);
    int64_t left = pttl(keys, now_ms, key);
    if (strcmp(reply->text, expected) == 0 && left <= pttl_most_ms) {
        put(keys, key, value, now_ms + ttl_ms);
        *reply = (struct store_reply){ .kind = STORE_NUMBER, .number = 1 };
        return;
    }
    reply->kind = STORE_TEXT;
    reply->number = left;
}

static const char digits[] = "0123456789", hex_digits[] = "0123456789abcdefABCDEF";

/* Behind one or more of these and the mark; NULL = it does not go on like that. */
static const char *
skip(const char *text, const char *of, char mark)
{
    size_t size = text ? strspn(text, of) : 0;
    return size > 0 && text[size] == mark ? text + size + 1 : NULL;
}

enum { CONNECTION_DIGITS = 7 };

/* "<owner>.<dispatch>" and the connection of a claim "C:<attempt>:<owner>.<dispatch><connection>:...", of that one or older. */
static bool
is_held_by(const char *value, const char *holder, uint32_t connection)
{
    if (strncmp(value, "C:", 2) != 0)
        return false;
    const char *from = skip(value + 2, digits, ':');
    const char *number = skip(from, hex_digits, '.');
    const char *end = skip(number, digits, ':');
    if (!end || end - 1 - number <= CONNECTION_DIGITS)
        return false;
    const char *last = end - 1 - CONNECTION_DIGITS;
    return (size_t)(last - from) == strlen(holder) && strncmp(from, holder, strlen(holder)) == 0 &&
           strtoul(last, NULL, 10) <= connection;
}

void
keys_hold(struct keys *keys, int64_t now_ms, const char *key, const struct store_holder *holder, const char *value,
          int64_t ttl_ms, struct store_reply *reply)
{
    keys_get(keys, now_ms, key, reply);
    if (reply->kind == STORE_TEXT && !is_held_by(reply->text, holder->text, holder->connection))
        return;
    put(keys, key, value, now_ms + ttl_ms);
    *reply = (struct store_reply){ .kind = STORE_NUMBER, .number = 1 };
}

void
keys_give_back(struct keys *keys, int64_t now_ms, const char *key, const struct store_holder *holder, const char *value,
               int64_t ttl_ms, struct store_reply *reply)
{
    keys_get(keys, now_ms, key, reply);
    reply->kind = STORE_TEXT;
    if (!is_held_by(reply->text, holder->text, holder->connection))
        return;
    if (value[0])
        put(keys, key, value, now_ms + ttl_ms);
    else
        take_out(keys, live(keys, now_ms, key));
    *reply = (struct store_reply){ .kind = STORE_NUMBER, .number = 1 };
}

/* Keeps the time that is left; no key is "". */
void
keys_promote(struct keys *keys, int64_t now_ms, const char *key, const char *expected, const char *value,
             struct store_reply *reply)
{
    const struct entry *entry = live(keys, now_ms, key);
    keys_get(keys, now_ms, key, reply);
    reply->kind = STORE_TEXT;
    if (strcmp(reply->text, expected) != 0)
        return;
    put(keys, key, value, entry ? entry->expires_ms : 0);
    *reply = (struct store_reply){ .kind = STORE_NUMBER, .number = 1 };
}

/* "<generation>:<n>" counted up; a foreign text begins anew. The reply's text is what stood there before. */
void
keys_canary(struct keys *keys, int64_t now_ms, const char *key, const char *generation, struct store_reply *reply)
{
    char now[STORE_TEXT_BYTES];
    keys_get(keys, now_ms, key, reply);
    const char *count = skip(reply->text, hex_digits, ':');
    bool good = count && *count && strspn(count, digits) == strlen(count);
    snprintf(now, sizeof(now), "%.*s:%.0f", good ? (int)(count - 1 - reply->text) : (int)strlen(generation),
             good ? reply->text : generation, good ? strtod(count, NULL) + 1 : 1.0);
    put(keys, key, now, 0);
    reply->kind = STORE_TEXT;
}

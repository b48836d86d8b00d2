/* dedup_key.c: the keys of deliveries and windows: readable where that is possible, and bounded whatever the event. */
#include "bridge/io/dedup_store.h"

static void
put_hash(struct buf *buf, struct hash128 hash)
{
    buf_hex64(buf, hash.high);
    buf_hex64(buf, hash.low);
}

void
dedup_key(struct buf *buf, const char *prefix, const char *target, struct slice id, const struct sipkey *hash_key)
{
    buf_text(buf, prefix);
    buf_text(buf, ":d:");
    buf_text(buf, target);
    buf_char(buf, ':');
    if (id.size <= DEDUP_ID_BYTES_READABLE) {
        buf_slice(buf, id);
        return;
    }
    buf_char(buf, '#');
    put_hash(buf, siphash128(hash_key, id.at, id.size));
}

void
dedup_window_key(struct buf *buf, const char *prefix, const char *route, struct hash128 hash)
{
    buf_text(buf, prefix);
    buf_text(buf, ":w:");
    buf_text(buf, route);
    buf_char(buf, ':');
    put_hash(buf, hash);
}

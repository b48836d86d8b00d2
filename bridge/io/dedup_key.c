/* dedup_key.c: the key of a delivery: readable, and bounded whatever the id. */
#include "bridge/io/dedup_store.h"

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
    struct hash128 hash = siphash128(hash_key, id.at, id.size);
    buf_char(buf, '#');
    buf_hex64(buf, hash.high);
    buf_hex64(buf, hash.low);
}

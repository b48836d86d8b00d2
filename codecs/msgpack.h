/* msgpack.h: strict MessagePack to a value tree. The only file that knows msgpack-c. */
#ifndef CODECS_MSGPACK_H
#define CODECS_MSGPACK_H

#include "codecs/arena.h"
#include "codecs/buf.h"
#include "codecs/fault.h"
#include "codecs/value.h"

struct msgpack_reader;

struct msgpack_reader *msgpack_reader_new(void);
void msgpack_reader_free(struct msgpack_reader *);

/* Counts are checked against the bytes left before msgpack-c sees them (`df 03 ff ff ff` alone makes 4.0.0 reserve 4 GiB). Texts
 * borrow from `bytes`, the tree is in `arena`. A timestamp extension becomes an integer of epoch milliseconds; other extensions
 * and binary are FAULT_TYPE. */
enum fault msgpack_read(struct msgpack_reader *, struct slice bytes, struct arena *, const struct value **root);

void msgpack_write(struct buf *, const struct value *);

#endif

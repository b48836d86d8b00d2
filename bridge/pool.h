/* pool.h: memory of a load: taken piece by piece, given back all at once. Used at start and by commands, never on the way of an
 * event.
 *
 * Memory that the machine refuses ends the process: there is nothing to go on with. */
#ifndef BRIDGE_POOL_H
#define BRIDGE_POOL_H

#include "codecs/slice.h"

struct pool;

struct pool *pool_new(void);
void pool_free(struct pool *);      /* NULL is fine */

void *pool_take(struct pool *, size_t size);                        /* zeroed, aligned to 16, never NULL */
const char *pool_text(struct pool *, const char *text);             /* a copy */
const char *pool_slice(struct pool *, struct slice);                /* a copy with a final NUL */
const char *pool_format(struct pool *, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

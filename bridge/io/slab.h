/* slab.h: the bytes of records that are in work. A held Kafka message would pin its whole fetch buffer, so each is copied here
 * once.
 *
 * Memory is reserved at start and touched as it is used; what was touched and is free is used again first. Not for threads. */
#ifndef BRIDGE_IO_SLAB_H
#define BRIDGE_IO_SLAB_H

#include "codecs/decode.h"

struct slab;

/* bytes: limits.window_bytes, records: how many handles. A record that does not fit takes memory of its own and gives it back. */
struct slab *slab_new(size_t bytes, uint32_t records);
void slab_free(struct slab *);

/* Copies key, value and headers. Returns the handle, or UINT32_MAX when handles or memory are short. */
uint32_t slab_put(struct slab *, const struct record_view *);
const struct record_view *slab_view(const struct slab *, uint32_t handle);  /* valid until slab_drop */
uint32_t slab_bytes(const struct slab *, uint32_t handle);                  /* what it occupies */
void slab_drop(struct slab *, uint32_t handle);
size_t slab_used(const struct slab *);
size_t slab_size(size_t bytes, uint32_t records);   /* what slab_new reserves, for `check` */

#endif

/* tree.h: what the readers of JSON and MessagePack share when they build a value tree: the limits of limits.h and the check of
 * names. */
#ifndef CODECS_TREE_H
#define CODECS_TREE_H

#include "codecs/arena.h"
#include "codecs/fault.h"
#include "codecs/value.h"

/* Counts `more` values against the limit of a record. */
enum fault tree_count(uint32_t *nodes, size_t more);

/* A member's name: 1 to 256 bytes. */
enum fault tree_name(struct slice name);

/* FAULT_DUPLICATE_KEY when two members share a name. Scratch comes from the arena and is given back. */
enum fault tree_unique(struct arena *, const struct member *, uint32_t count);

#endif

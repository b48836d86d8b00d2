/* tree.c: limits on a value tree, the same for every format. */
#include "codecs/tree.h"

#include "codecs/limits.h"
#include "codecs/texts.h"

enum fault
tree_count(uint32_t *nodes, size_t more)
{
    if (more > NODES_MAX - *nodes)
        return FAULT_NODES;
    *nodes += (uint32_t)more;
    return FAULT_NONE;
}

enum fault
tree_name(struct slice name)
{
    return name.size >= 1 && name.size <= KEY_BYTES_MAX ? FAULT_NONE : FAULT_KEY;
}

enum fault
tree_unique(struct arena *arena, const struct member *members, uint32_t count)
{
    struct texts names = { .first = &members->name, .stride = sizeof *members, .count = count };
    uint16_t *scratch = NULL;
    size_t used = arena->used;
    if (count > TEXTS_FEW && !(scratch = arena_take(arena, 2 * sizeof *scratch * count)))
        return FAULT_TOO_BIG;
    bool unique = texts_are_unique(&names, scratch);
    arena->used = used;
    return unique ? FAULT_NONE : FAULT_DUPLICATE_KEY;
}

/* soar_flatten.c: a parameter tree to query pairs, as the vendor's clients flatten it. */
#include "codecs/soar.h"

struct flat {
    struct buf *names;      /* outlives the pairs; its memory never moves */
    struct pair *pairs;
    uint32_t capacity, n;
    bool overflow;
};

/* "prefix.step", or the step alone at the top. */
static struct slice
joined(struct flat *flat, struct slice prefix, struct slice step)
{
    size_t start = flat->names->size;
    buf_slice(flat->names, prefix);
    if (prefix.size > 0)
        buf_char(flat->names, '.');
    buf_slice(flat->names, step);
    return (struct slice){ flat->names->at + start, flat->names->size - start };
}

static struct slice
decimal(struct flat *flat, int64_t number)
{
    size_t start = flat->names->size;
    buf_i64(flat->names, number);
    return (struct slice){ flat->names->at + start, flat->names->size - start };
}

static void
add_pair(struct flat *flat, struct slice name, struct slice value)
{
    if (flat->n == flat->capacity)
        flat->overflow = true;
    else
        flat->pairs[flat->n++] = (struct pair){ name, value };
}

/* Depth is bounded by the decoder that made the tree. */
static void
flatten(struct flat *flat, struct slice name, const struct value *value)
{
    switch (value->type) {
    case VALUE_NULL:
        break;
    case VALUE_BOOL:
        add_pair(flat, name, slice_of(value->boolean ? "true" : "false"));
        break;
    case VALUE_INT:
        add_pair(flat, name, decimal(flat, value->integer));
        break;
    case VALUE_BIG:
    case VALUE_REAL:
    case VALUE_STRING:
        add_pair(flat, name, value->text);
        break;
    case VALUE_ARRAY:
        for (uint32_t i = 0; i < value->count; i++)
            flatten(flat, joined(flat, name, decimal(flat, (int64_t)i + 1)), &value->items[i]);
        break;
    case VALUE_OBJECT:
        for (uint32_t i = 0; i < value->count; i++)
            flatten(flat, joined(flat, name, value->members[i].name), &value->members[i].value);
        break;
    }
}

bool
soar_flatten(const struct value *object, struct buf *names, struct pair *pairs, uint32_t capacity, uint32_t *n)
{
    struct flat flat = { .names = names, .pairs = pairs, .capacity = capacity };
    flatten(&flat, (struct slice){ NULL, 0 }, object);
    *n = flat.n;
    return !flat.overflow && !names->overflow;
}

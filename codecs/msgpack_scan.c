/* msgpack_scan.c: the pre-scan, after https://github.com/msgpack/msgpack/blob/master/spec.md. */
#include "codecs/msgpack_scan.h"

#include "codecs/limits.h"
#include "codecs/tree.h"
#include "codecs/utf8.h"

enum shape {
    SHAPE_SCALAR,   /* nil, booleans, integers */
    SHAPE_FLOAT,
    SHAPE_TEXT,
    SHAPE_ARRAY,
    SHAPE_MAP,
    SHAPE_EXTENSION,
    SHAPE_BINARY,
    SHAPE_NEVER,    /* 0xc1 */
};

/* The types 0xc0 to 0xdf: big-endian bytes that hold the count, or the count itself. It counts bytes, in an array items, in a map
 * pairs. */
struct type {
    unsigned char shape, count_bytes, count;
};

static const struct type types[32] = {
    /* nil - false true */
    { SHAPE_SCALAR, 0, 0 },     { SHAPE_NEVER, 0, 0 },     { SHAPE_SCALAR, 0, 0 },    { SHAPE_SCALAR, 0, 0 },
    { SHAPE_BINARY, 1, 0 },     { SHAPE_BINARY, 2, 0 },    { SHAPE_BINARY, 4, 0 },    { SHAPE_EXTENSION, 1, 0 },
    { SHAPE_EXTENSION, 2, 0 },  { SHAPE_EXTENSION, 4, 0 }, { SHAPE_FLOAT, 0, 4 },     { SHAPE_FLOAT, 0, 8 },
    { SHAPE_SCALAR, 0, 1 },     { SHAPE_SCALAR, 0, 2 },    { SHAPE_SCALAR, 0, 4 },    { SHAPE_SCALAR, 0, 8 }, /* uint */
    { SHAPE_SCALAR, 0, 1 },     { SHAPE_SCALAR, 0, 2 },    { SHAPE_SCALAR, 0, 4 },    { SHAPE_SCALAR, 0, 8 }, /* int */
    { SHAPE_EXTENSION, 0, 1 },  { SHAPE_EXTENSION, 0, 2 }, { SHAPE_EXTENSION, 0, 4 }, { SHAPE_EXTENSION, 0, 8 },
    { SHAPE_EXTENSION, 0, 16 }, { SHAPE_TEXT, 1, 0 },      { SHAPE_TEXT, 2, 0 },      { SHAPE_TEXT, 4, 0 },
    { SHAPE_ARRAY, 2, 0 },      { SHAPE_ARRAY, 4, 0 },     { SHAPE_MAP, 2, 0 },       { SHAPE_MAP, 4, 0 },
};

/* One container that is open: what is still to come of it, names counted. */
struct level {
    uint64_t left;
    bool is_map;
};

struct scan {
    const unsigned char *at;
    size_t left;
    uint32_t nodes;
    unsigned depth;
    struct level levels[DEPTH_MAX];
};

struct item {
    enum shape shape;
    uint32_t count;
};

static struct item
item_of_small_type(unsigned char first)
{
    if (first < 0x80 || first >= 0xe0)
        return (struct item){ .shape = SHAPE_SCALAR };
    if (first < 0x90)
        return (struct item){ .shape = SHAPE_MAP, .count = first & 15u };
    if (first < 0xa0)
        return (struct item){ .shape = SHAPE_ARRAY, .count = first & 15u };
    return (struct item){ .shape = SHAPE_TEXT, .count = first & 31u };
}

/* Reads the head of what comes next; false when the bytes end before its count does. */
static bool
take_head(struct scan *scan, struct item *item)
{
    if (scan->left == 0)
        return false;
    unsigned char first = *scan->at++;
    scan->left--;
    if (first < 0xc0 || first >= 0xe0) {
        *item = item_of_small_type(first);
        return true;
    }
    const struct type *type = &types[first & 31];
    if (type->count_bytes > scan->left)
        return false;
    *item = (struct item){ .shape = type->shape, .count = type->count };
    for (unsigned i = 0; i < type->count_bytes; i++)
        item->count = item->count << 8 | scan->at[i];
    scan->at += type->count_bytes;
    scan->left -= type->count_bytes;
    return true;
}

/* The bytes of a leaf's payload; at NULL when they are not all there. */
static struct slice
take_payload(struct scan *scan, size_t size)
{
    if (size > scan->left)
        return (struct slice){ 0 };
    struct slice payload = { (const char *)scan->at, size };
    scan->at += size;
    scan->left -= size;
    return payload;
}

static enum fault
scan_text(struct slice text)
{
    if (text.size > STRING_BYTES_MAX)
        return FAULT_STRING;
    return memchr(text.at, '\0', text.size) || !utf8_valid(text) ? FAULT_UTF8 : FAULT_NONE;
}

/* IEEE 754: all bits of the exponent set means infinite or no number. */
static enum fault
scan_float(struct slice payload)
{
    unsigned high = (unsigned char)payload.at[0], low = (unsigned char)payload.at[1];
    unsigned exponent = (high & 0x7f) << 8 | low, all = payload.size == 4 ? 0x7f80 : 0x7ff0;
    return (exponent & all) == all ? FAULT_NUMBER : FAULT_NONE;
}

/* The one extension that the format itself defines: type -1, in 32, 64 or 96 bits. */
static enum fault
scan_extension(struct slice payload)
{
    bool fits = payload.size == 1 + 4 || payload.size == 1 + 8 || payload.size == 1 + 12;
    return fits && (unsigned char)payload.at[0] == 0xff ? FAULT_NONE : FAULT_TYPE;
}

static enum fault
scan_leaf(struct scan *scan, const struct item *item)
{
    if (item->shape == SHAPE_NEVER)
        return FAULT_SYNTAX;
    struct slice payload = take_payload(scan, (size_t)item->count + (item->shape == SHAPE_EXTENSION));
    if (!payload.at)
        return FAULT_SYNTAX;
    if (item->shape == SHAPE_TEXT)
        return scan_text(payload);
    if (item->shape == SHAPE_FLOAT)
        return scan_float(payload);
    if (item->shape == SHAPE_EXTENSION)
        return scan_extension(payload);
    return item->shape == SHAPE_BINARY ? FAULT_TYPE : FAULT_NONE;
}

static enum fault
scan_name(struct scan *scan, const struct item *item)
{
    if (item->shape != SHAPE_TEXT)
        return FAULT_KEY;
    struct slice name = take_payload(scan, item->count);
    if (!name.at)
        return FAULT_SYNTAX;
    enum fault fault = tree_name(name);
    return fault ? fault : scan_text(name);
}

/* Each value takes a byte at least, so a count above the bytes left is a lie that nobody needs to reserve memory for. */
static enum fault
open_container(struct scan *scan, const struct item *item)
{
    bool is_map = item->shape == SHAPE_MAP;
    uint64_t values = (uint64_t)item->count << is_map;
    if (values > scan->left)
        return FAULT_SYNTAX;
    if (scan->depth == DEPTH_MAX)
        return FAULT_DEPTH;
    scan->levels[scan->depth++] = (struct level){ .left = values, .is_map = is_map };
    return tree_count(&scan->nodes, item->count);
}

static enum fault
scan_item(struct scan *scan, bool is_name)
{
    struct item item;
    if (!take_head(scan, &item))
        return FAULT_SYNTAX;
    if (is_name)
        return scan_name(scan, &item);
    if (item.shape == SHAPE_ARRAY || item.shape == SHAPE_MAP)
        return open_container(scan, &item);
    return scan_leaf(scan, &item);
}

enum fault
msgpack_scan(struct slice bytes)
{
    struct scan scan = { .at = (const unsigned char *)bytes.at, .left = bytes.size, .nodes = 1 };
    enum fault fault = scan_item(&scan, false);
    while (!fault && scan.depth > 0) {
        struct level *level = &scan.levels[scan.depth - 1];
        if (level->left == 0) {
            scan.depth--;
            continue;
        }
        bool is_name = level->is_map && level->left % 2 == 0;
        level->left--;
        fault = scan_item(&scan, is_name);
    }
    if (fault)
        return fault;
    return scan.left ? FAULT_TRAILING : FAULT_NONE;
}

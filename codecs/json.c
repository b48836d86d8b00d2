/* json.c: yyjson reads, this file holds its result against our limits and turns it into a value tree.
 *
 * yyjson takes its memory from the arena: first its copy of the text, then one block of values that grows at the arena's end.
 * Numbers come as their source text, so that integers stay exact whatever their length. */
#include "codecs/json.h"

#include "codecs/json_fault.h"
#include "codecs/limits.h"
#include "codecs/tree.h"

#include <math.h>
#include <yyjson.h>

/* More values of yyjson's (which counts names as well) than this never become a tree: growing beyond is refused on the way. */
enum { READER_VALUES_MAX = 2 * NODES_MAX + 16, READER_GROWTH_NUM = 3, READER_GROWTH_DEN = 2, READER_TEXT_PER_VALUE = 6 };

struct reader {
    struct arena *arena;
    uint32_t nodes;
    bool escapes;   /* the text has a backslash: only then can U+0000 hide in a string */
    bool full;      /* yyjson was refused more values */
};

static void *
take(void *context, size_t size)
{
    struct reader *reader = context;
    return arena_take(reader->arena, size);
}

/* The block that grows is always the last one taken, so it grows where it is. */
static void *
grow(void *context, void *block, size_t old_size, size_t size)
{
    struct reader *reader = context;
    struct arena *arena = reader->arena;
    if (old_size >= READER_VALUES_MAX * sizeof(yyjson_val)) {
        reader->full = true;
        return NULL;
    }
    size_t start = (size_t)((char *)block - arena->at);
    if (start + old_size != arena->used || size > arena->capacity - start) {
        arena->overflow = true;
        return NULL;
    }
    arena->used = start + size;
    return block;
}

static void
give_back(void *context, void *block)
{
    (void)context, (void)block;     /* all at once, with the arena */
}

static enum fault
read_text(const struct reader *reader, yyjson_val *from, struct slice *text)
{
    *text = (struct slice){ yyjson_get_str(from), yyjson_get_len(from) };
    return reader->escapes && memchr(text->at, '\0', text->size) ? FAULT_UTF8 : FAULT_NONE;
}

/* Digits that int64 cannot hold are kept as digits. */
static void
read_integer(struct slice digits, struct value *value)
{
    uint64_t ceiling = INT64_MAX, magnitude = 0;
    bool negative = digits.at[0] == '-';
    ceiling += negative;
    value->type = VALUE_BIG;
    value->text = digits;
    for (size_t i = negative; i < digits.size; i++) {
        uint64_t digit = (uint64_t)(digits.at[i] - '0');
        if (magnitude > (ceiling - digit) / 10)
            return;
        magnitude = magnitude * 10 + digit;
    }
    value->type = VALUE_INT;
    value->integer = (int64_t)(negative ? 0 - magnitude : magnitude);
    value->text = (struct slice){ 0 };
}

static enum fault
read_number(yyjson_val *from, struct value *value)
{
    struct slice source = { yyjson_get_raw(from), yyjson_get_len(from) };
    bool whole = true;
    for (size_t i = 0; i < source.size && whole; i++)
        whole = source.at[i] != '.' && source.at[i] != 'e' && source.at[i] != 'E';
    if (whole) {
        read_integer(source, value);
        return FAULT_NONE;
    }
    yyjson_val number;
    if (!yyjson_read_number(source.at, &number, 0, NULL, NULL) || !isfinite(yyjson_get_num(&number)))
        return FAULT_NUMBER;
    value->type = VALUE_REAL;
    value->real = yyjson_get_num(&number);
    value->text = source;
    return FAULT_NONE;
}

static enum fault read_value(struct reader *, yyjson_val *from, unsigned depth, struct value *);

static enum fault
read_array(struct reader *reader, yyjson_val *from, unsigned depth, struct value *value)
{
    size_t count = yyjson_arr_size(from);
    enum fault fault = depth > DEPTH_MAX ? FAULT_DEPTH : tree_count(&reader->nodes, count);
    if (fault)
        return fault;
    struct value *items = arena_take(reader->arena, count * sizeof *items);
    if (!items)
        return FAULT_TOO_BIG;
    yyjson_arr_iter iter = yyjson_arr_iter_with(from);
    for (size_t i = 0; i < count && !fault; i++)
        fault = read_value(reader, yyjson_arr_iter_next(&iter), depth, &items[i]);
    *value = (struct value){ .type = VALUE_ARRAY, .count = (uint32_t)count, .items = items };
    return fault;
}

static enum fault
read_member(struct reader *reader, yyjson_val *name, unsigned depth, struct member *member)
{
    enum fault fault = read_text(reader, name, &member->name);
    if (!fault)
        fault = tree_name(member->name);
    return fault ? fault : read_value(reader, yyjson_obj_iter_get_val(name), depth, &member->value);
}

static enum fault
read_object(struct reader *reader, yyjson_val *from, unsigned depth, struct value *value)
{
    size_t count = yyjson_obj_size(from);
    enum fault fault = depth > DEPTH_MAX ? FAULT_DEPTH : tree_count(&reader->nodes, count);
    if (fault)
        return fault;
    struct member *members = arena_take(reader->arena, count * sizeof *members);
    if (!members)
        return FAULT_TOO_BIG;
    yyjson_obj_iter iter = yyjson_obj_iter_with(from);
    for (size_t i = 0; i < count && !fault; i++)
        fault = read_member(reader, yyjson_obj_iter_next(&iter), depth, &members[i]);
    *value = (struct value){ .type = VALUE_OBJECT, .count = (uint32_t)count, .members = members };
    return fault ? fault : tree_unique(reader->arena, members, value->count);
}

/* Recursion is bounded by DEPTH_MAX. `depth` counts the containers around `from`. */
static enum fault
read_value(struct reader *reader, yyjson_val *from, unsigned depth, struct value *value)
{
    *value = (struct value){ .type = VALUE_NULL };
    switch (yyjson_get_type(from)) {
    case YYJSON_TYPE_NULL:
        return FAULT_NONE;
    case YYJSON_TYPE_BOOL:
        value->type = VALUE_BOOL;
        value->boolean = yyjson_get_bool(from);
        return FAULT_NONE;
    case YYJSON_TYPE_RAW:
        return read_number(from, value);
    case YYJSON_TYPE_STR:
        value->type = VALUE_STRING;
        if (yyjson_get_len(from) > STRING_BYTES_MAX)
            return FAULT_STRING;
        return read_text(reader, from, &value->text);
    case YYJSON_TYPE_ARR:
        return read_array(reader, from, depth + 1, value);
    case YYJSON_TYPE_OBJ:
        return read_object(reader, from, depth + 1, value);
    default:
        return FAULT_SYNTAX;
    }
}

static enum fault
fault_of(const struct reader *reader, struct slice text, const yyjson_read_err *error)
{
    if (json_is_too_deep(text))
        return FAULT_DEPTH;
    if (error->code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return reader->full ? FAULT_NODES : FAULT_TOO_BIG;
    if (error->code == YYJSON_READ_ERROR_UNEXPECTED_CONTENT)
        return FAULT_TRAILING;
    if (error->code == YYJSON_READ_ERROR_INVALID_STRING)
        return json_has_bad_text(text) ? FAULT_UTF8 : FAULT_SYNTAX;
    return json_is_no_number(text, error->pos) ? FAULT_NUMBER : FAULT_SYNTAX;
}

enum fault
json_read(struct slice text, struct arena *arena, const struct value **root)
{
    struct reader reader = { .arena = arena, .nodes = 1 };
    yyjson_alc memory = { .malloc = take, .realloc = grow, .free = give_back, .ctx = &reader };
    yyjson_read_err error;
    if (text.size == 0)
        return FAULT_SYNTAX;
    reader.escapes = memchr(text.at, '\\', text.size) != NULL;
    /* The text is only written to when YYJSON_READ_INSITU is given. */
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)text.at, text.size, YYJSON_READ_NUMBER_AS_RAW, &memory, &error);
    if (!doc)
        return fault_of(&reader, text, &error);
    struct value *value = arena_take(arena, sizeof *value);
    if (!value)
        return FAULT_TOO_BIG;
    *root = value;
    return read_value(&reader, yyjson_doc_get_root(doc), 0, value);
}

size_t
json_arena_bytes(size_t text_bytes)
{
    size_t nodes = text_bytes < NODES_MAX ? text_bytes + 1 : NODES_MAX;
    size_t values = text_bytes < READER_VALUES_MAX ? text_bytes + 16 : READER_VALUES_MAX;
    size_t grown = values * READER_GROWTH_NUM / READER_GROWTH_DEN + 16;
    size_t guessed = text_bytes / READER_TEXT_PER_VALUE + 64;       /* what yyjson takes before it has read anything */
    size_t reading = (grown > guessed ? grown : guessed) * sizeof(yyjson_val);
    size_t scratch = 2 * sizeof(uint16_t) * nodes;
    return text_bytes + reading + (nodes + 1) * sizeof(struct member) + scratch + 1024;
}

/* msgpack.c: msgpack-c reads what the pre-scan let through, this file turns its result into a value tree; and the way back. */
#include "codecs/msgpack.h"

#include "codecs/check.h"
#include "codecs/limits.h"
#include "codecs/msgpack_scan.h"
#include "codecs/tree.h"

#include <msgpack.h>
#include <stdlib.h>

/* msgpack-c's memory for one record: a block for the largest tree the pre-scan lets through, so it never asks for more. */
enum { ZONE_BYTES = (NODES_MAX + 64) * sizeof(msgpack_object_kv) };

struct msgpack_reader {
    msgpack_zone zone;
};

struct msgpack_reader *
msgpack_reader_new(void)
{
    struct msgpack_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return NULL;
    if (msgpack_zone_init(&reader->zone, ZONE_BYTES))
        return reader;
    free(reader);
    return NULL;
}

void
msgpack_reader_free(struct msgpack_reader *reader)
{
    if (!reader)
        return;
    msgpack_zone_destroy(&reader->zone);
    free(reader);
}

static struct slice
text_of(const msgpack_object_str *text)
{
    return (struct slice){ text->size ? text->ptr : "", text->size };
}

/* An unsigned integer above int64 is kept as digits, as in JSON. */
static enum fault
read_unsigned(struct arena *arena, uint64_t number, struct value *value)
{
    value->type = VALUE_INT;
    value->integer = (int64_t)number;
    if (number <= INT64_MAX)
        return FAULT_NONE;
    char *digits = arena_take(arena, 20);
    if (!digits)
        return FAULT_TOO_BIG;
    struct buf buf;
    buf_init(&buf, digits, 20);
    buf_u64(&buf, number);
    *value = (struct value){ .type = VALUE_BIG, .text = buf_view(&buf) };
    return FAULT_NONE;
}

/* Parts of a millisecond are cut off, towards the past. */
static enum fault
read_timestamp(const msgpack_object *from, struct value *value)
{
    msgpack_timestamp stamp;
    if (!msgpack_object_to_timestamp(from, &stamp) || stamp.tv_nsec > 999999999)
        return FAULT_NUMBER;
    value->type = VALUE_INT;
    if (__builtin_mul_overflow(stamp.tv_sec, 1000, &value->integer)
        || __builtin_add_overflow(value->integer, stamp.tv_nsec / 1000000, &value->integer))
        return FAULT_NUMBER;
    return FAULT_NONE;
}

static enum fault read_value(struct arena *, const msgpack_object *from, struct value *);

static enum fault
read_array(struct arena *arena, const msgpack_object_array *from, struct value *value)
{
    struct value *items = arena_take(arena, from->size * sizeof *items);
    if (!items)
        return FAULT_TOO_BIG;
    *value = (struct value){ .type = VALUE_ARRAY, .count = from->size, .items = items };
    enum fault fault = FAULT_NONE;
    for (uint32_t i = 0; i < from->size && !fault; i++)
        fault = read_value(arena, &from->ptr[i], &items[i]);
    return fault;
}

static enum fault
read_map(struct arena *arena, const msgpack_object_map *from, struct value *value)
{
    struct member *members = arena_take(arena, from->size * sizeof *members);
    if (!members)
        return FAULT_TOO_BIG;
    *value = (struct value){ .type = VALUE_OBJECT, .count = from->size, .members = members };
    enum fault fault = FAULT_NONE;
    for (uint32_t i = 0; i < from->size && !fault; i++) {
        members[i].name = text_of(&from->ptr[i].key.via.str);
        fault = read_value(arena, &from->ptr[i].val, &members[i].value);
    }
    return fault ? fault : tree_unique(arena, members, value->count);
}

/* Recursion is bounded: the pre-scan refused what is nested deeper than DEPTH_MAX. */
static enum fault
read_value(struct arena *arena, const msgpack_object *from, struct value *value)
{
    *value = (struct value){ .type = VALUE_NULL };
    switch (from->type) {
    case MSGPACK_OBJECT_NIL:
        return FAULT_NONE;
    case MSGPACK_OBJECT_BOOLEAN:
        value->type = VALUE_BOOL;
        value->boolean = from->via.boolean;
        return FAULT_NONE;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return read_unsigned(arena, from->via.u64, value);
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        value->type = VALUE_INT;
        value->integer = from->via.i64;
        return FAULT_NONE;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        value->type = VALUE_REAL;
        value->real = from->via.f64;
        return FAULT_NONE;
    case MSGPACK_OBJECT_STR:
        value->type = VALUE_STRING;
        value->text = text_of(&from->via.str);
        return FAULT_NONE;
    case MSGPACK_OBJECT_ARRAY:
        return read_array(arena, &from->via.array, value);
    case MSGPACK_OBJECT_MAP:
        return read_map(arena, &from->via.map, value);
    case MSGPACK_OBJECT_EXT:
        return read_timestamp(from, value);
    case MSGPACK_OBJECT_BIN:
        break;
    }
    return FAULT_TYPE;
}

enum fault
msgpack_read(struct msgpack_reader *reader, struct slice bytes, struct arena *arena, const struct value **root)
{
    enum fault fault = msgpack_scan(bytes);
    if (fault)
        return fault;
    msgpack_object object;
    msgpack_zone_clear(&reader->zone);
    if (msgpack_unpack(bytes.at, bytes.size, NULL, &reader->zone, &object) != MSGPACK_UNPACK_SUCCESS)
        return FAULT_SYNTAX;
    struct value *value = arena_take(arena, sizeof *value);
    if (!value)
        return FAULT_TOO_BIG;
    *root = value;
    return read_value(arena, &object, value);
}

static int
put(void *context, const char *bytes, size_t size)
{
    buf_put(context, bytes, size);
    return 0;   /* the buffer remembers an overflow by itself */
}

static void
write_text(msgpack_packer *packer, struct slice text)
{
    msgpack_pack_str(packer, text.size);
    msgpack_pack_str_body(packer, text.at, text.size);
}

/* MessagePack ends at uint64; an integer beyond goes out as its digits in a text, which loses its type and nothing else. */
static void
write_big(msgpack_packer *packer, struct slice digits)
{
    uint64_t number = 0;
    bool fits = digits.size > 0 && digits.at[0] != '-';
    for (size_t i = 0; i < digits.size && fits; i++)
        fits = !__builtin_mul_overflow(number, 10, &number)
               && !__builtin_add_overflow(number, (uint64_t)(digits.at[i] - '0'), &number);
    if (fits)
        msgpack_pack_uint64(packer, number);
    else
        write_text(packer, digits);
}

static void write_value(msgpack_packer *, const struct value *);

static void
write_members(msgpack_packer *packer, const struct value *object)
{
    msgpack_pack_map(packer, object->count);
    for (uint32_t i = 0; i < object->count; i++) {
        write_text(packer, object->members[i].name);
        write_value(packer, &object->members[i].value);
    }
}

static void
write_value(msgpack_packer *packer, const struct value *value)
{
    switch (value->type) {
    case VALUE_NULL:
        msgpack_pack_nil(packer);
        return;
    case VALUE_BOOL:
        (void)(value->boolean ? msgpack_pack_true(packer) : msgpack_pack_false(packer));
        return;
    case VALUE_INT:
        msgpack_pack_int64(packer, value->integer);
        return;
    case VALUE_BIG:
        write_big(packer, value->text);
        return;
    case VALUE_REAL:
        msgpack_pack_double(packer, value->real);
        return;
    case VALUE_STRING:
        write_text(packer, value->text);
        return;
    case VALUE_ARRAY:
        msgpack_pack_array(packer, value->count);
        for (uint32_t i = 0; i < value->count; i++)
            write_value(packer, &value->items[i]);
        return;
    case VALUE_OBJECT:
        write_members(packer, value);
        return;
    }
    broken("a value of an unknown type");
}

void
msgpack_write(struct buf *buf, const struct value *value)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, buf, put);
    write_value(&packer, value);
}

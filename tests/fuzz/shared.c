/* shared.c: see shared.h. */
#include "tests/fuzz/shared.h"

#include "codecs/json.h"
#include "codecs/utf8.h"

#include <stdlib.h>

uint8_t
bytes_u8(struct bytes *bytes)
{
    if (bytes->size == 0)
        return 0;
    bytes->size--;
    return *bytes->at++;
}

uint64_t
bytes_u64(struct bytes *bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | bytes_u8(bytes);
    return number;
}

uint32_t
bytes_below(struct bytes *bytes, uint32_t bound)
{
    return bytes_u8(bytes) % bound;
}

int64_t
bytes_time(struct bytes *bytes)
{
    uint8_t kind = bytes_u8(bytes);
    if (kind < 128)
        return kind;
    if (kind < 192)
        return (int64_t)(kind - 128) << (bytes_u8(bytes) % 57);
    if (kind < 224)
        return -(int64_t)(kind - 192);
    return kind < 240 ? INT64_MAX - (kind - 224) : (int64_t)bytes_u64(bytes);
}

struct slice
bytes_take(struct bytes *bytes, size_t size)
{
    size = size < bytes->size ? size : bytes->size;
    struct slice taken = { size ? (const char *)bytes->at : "", size };
    bytes->at += size;
    bytes->size -= size;
    return taken;
}

struct slice
bytes_part(struct bytes *bytes, char end)
{
    const uint8_t *at = bytes->size ? memchr(bytes->at, end, bytes->size) : NULL;
    struct slice part = bytes_take(bytes, at ? (size_t)(at - bytes->at) : bytes->size);
    if (at)
        bytes_u8(bytes);
    return part;
}

struct slice
bytes_rest(struct bytes *bytes)
{
    return bytes_take(bytes, bytes->size);
}

char *
bytes_text(struct slice slice)
{
    char *text = strndup(slice.size ? slice.at : "", slice.size);
    check(text);
    return text;
}

/* ---- what must hold of what came out ------------------------------------------------------------------------------------- */

static void
text_must_be_sound(struct slice text, size_t bytes_max)
{
    check(text.at && text.size <= bytes_max);
    check(utf8_valid(text) && memchr(text.at, '\0', text.size) == NULL);
}

static void
must_be_sound(const struct value *value, uint32_t depth, uint32_t *nodes)
{
    check(depth <= DEPTH_MAX && ++*nodes <= NODES_MAX);
    if (value->type == VALUE_STRING)
        text_must_be_sound(value->text, STRING_BYTES_MAX);
    if (value->type == VALUE_ARRAY)
        for (uint32_t i = 0; i < value->count; i++)
            must_be_sound(&value->items[i], depth + 1, nodes);
    if (value->type != VALUE_OBJECT)
        return;
    for (uint32_t i = 0; i < value->count; i++) {
        text_must_be_sound(value->members[i].name, KEY_BYTES_MAX);
        check(value->members[i].name.size > 0);
        if (value->count <= 64)
            for (uint32_t j = 0; j < i; j++)
                check(!slice_eq(value->members[i].name, value->members[j].name));
        must_be_sound(&value->members[i].value, depth + 1, nodes);
    }
}

void
value_must_be_sound(const struct value *value)
{
    uint32_t nodes = 0;
    must_be_sound(value, 0, &nodes);
}

void
text_must_be_printable(const char *text, size_t size)
{
    const char *end = memchr(text, '\0', size);
    check(end);
    for (; text < end; text++)
        check(*text >= ' ' && *text < 0x7f);
}

void
json_must_be_whole(struct slice json)
{
    const struct value *root;
    struct arena arena;
    size_t size = json_arena_bytes(json.size);
    void *memory = malloc(size);
    check(memory);
    arena_init(&arena, memory, size);
    check(json_read(json, &arena, &root) == FAULT_NONE);
    free(memory);
}

enum fault
shared_decode(const struct decode_rules *rules, const struct record_view *record, struct decoded *decoded)
{
    static struct decoder *decoder;
    if (!decoder)
        decoder = decoder_new();
    check(decoder);
    return decode(decoder, rules, record, decoded);
}

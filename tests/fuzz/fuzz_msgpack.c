/* fuzz_msgpack.c: any bytes as MessagePack: the limits hold, and what is written again is read as the same. */
#include "tests/fuzz/shared.h"

#include "codecs/event.h"
#include "codecs/msgpack.h"

enum { ARENA_BYTES = 4 * 1024 * 1024 };

static const struct value *
read_bytes(struct slice bytes, struct arena *arena)
{
    static struct msgpack_reader *reader;
    const struct value *root = NULL;
    if (!reader)
        reader = msgpack_reader_new();
    check(reader);
    arena_reset(arena);
    enum fault fault = msgpack_read(reader, bytes, arena, &root);
    check(fault < FAULT_COUNT && !arena->overflow);
    if (fault != FAULT_NONE)
        return NULL;
    value_must_be_sound(root);
    return root;
}

int
FUZZ(msgpack)(const uint8_t *data, size_t size)
{
    static _Alignas(16) char trees[2][ARENA_BYTES];
    static char texts[2][16 * FUZZ_BYTES_MAX], packed[2 * FUZZ_BYTES_MAX];
    struct arena arenas[2];
    struct buf json[2], again;
    if (size > FUZZ_BYTES_MAX)
        return 0;
    arena_init(&arenas[0], trees[0], sizeof(trees[0]));
    arena_init(&arenas[1], trees[1], sizeof(trees[1]));
    const struct value *first = read_bytes((struct slice){ (const char *)data, size }, &arenas[0]);
    if (!first)
        return 0;
    buf_init(&again, packed, sizeof(packed));
    msgpack_write(&again, first);
    check(!again.overflow);
    const struct value *second = read_bytes(buf_view(&again), &arenas[1]);
    check(second);
    const struct value *roots[2] = { first, second };
    for (int i = 0; i < 2; i++) {
        buf_init(&json[i], texts[i], sizeof(texts[i]));
        value_to_json(&json[i], roots[i]);
        check(!json[i].overflow);
    }
    check(slice_eq(buf_view(&json[0]), buf_view(&json[1])));
    json_must_be_whole(buf_view(&json[0]));
    return 0;
}

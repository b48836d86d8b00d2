/* fuzz_json.c: any bytes as JSON: the limits hold, the arena suffices, and what is written again is read as the same. */
#include "tests/fuzz/shared.h"

#include "codecs/event.h"
#include "codecs/json.h"

#include <stdlib.h>

struct reading {
    struct arena arena;
    const struct value *root;
    enum fault fault;
};

static void
read_text(struct reading *reading, struct slice text)
{
    size_t size = json_arena_bytes(text.size);
    void *memory = malloc(size);
    check(memory);
    arena_init(&reading->arena, memory, size);
    reading->root = NULL;
    reading->fault = json_read(text, &reading->arena, &reading->root);
    check(reading->fault < FAULT_COUNT && !reading->arena.overflow);
    if (reading->fault == FAULT_NONE)
        value_must_be_sound(reading->root);
}

int
FUZZ(json)(const uint8_t *data, size_t size)
{
    static char memory[2][16 * FUZZ_BYTES_MAX];
    struct reading first, second;
    struct buf texts[2];
    if (size > FUZZ_BYTES_MAX)
        return 0;
    read_text(&first, (struct slice){ (const char *)data, size });
    if (first.fault == FAULT_NONE) {
        buf_init(&texts[0], memory[0], sizeof(memory[0]));
        buf_init(&texts[1], memory[1], sizeof(memory[1]));
        value_to_json(&texts[0], first.root);
        check(!texts[0].overflow);
        read_text(&second, buf_view(&texts[0]));
        check(second.fault == FAULT_NONE);
        value_to_json(&texts[1], second.root);
        check(slice_eq(buf_view(&texts[0]), buf_view(&texts[1])));
        free(second.arena.at);
    }
    free(first.arena.at);
    return 0;
}

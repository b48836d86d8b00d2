/* vectors.c: the signing vectors of tests/data/vectors.json. */
#include "tests/codecs/vectors.h"

#include "codecs/json.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static const struct value *root;

static void
load(void)
{
    static char text[256 * 1024];
    FILE *file = fopen(TEST_DATA "/vectors.json", "rb");
    cr_assert(file, "tests/data/vectors.json is missing");
    size_t size = fread(text, 1, sizeof(text), file);
    fclose(file);
    cr_assert(size > 0 && size < sizeof(text));

    static void *memory;    /* reachable to the end of the process: the tree lives in it */
    struct arena arena;
    memory = malloc(json_arena_bytes(size));
    arena_init(&arena, memory, json_arena_bytes(size));
    enum fault fault = json_read((struct slice){ text, size }, &arena, &root);
    cr_assert(fault == FAULT_NONE, "vectors.json: %s", fault_name(fault));
}

const struct value *
vectors(const char *api, const char *name)
{
    if (!root)
        load();
    const struct value *list = member_at(member_at(root, api), name);
    cr_assert(list->type == VALUE_ARRAY && list->count > 0, "no vectors in %s.%s", api, name);
    return list;
}

const struct value *
member_at(const struct value *object, const char *name)
{
    const struct value *member = value_member(object, name);
    cr_assert(member, "no member %s", name);
    return member;
}

struct slice
text_at(const struct value *object, const char *name)
{
    const struct value *member = member_at(object, name);
    cr_assert(member->type == VALUE_STRING, "%s is no text", name);
    return member->text;
}

void
expect_slice(const char *file, int line, struct slice actual, struct slice expected, const char *about)
{
    cr_expect(slice_eq(actual, expected), "%s:%d: %s\n  is        %.*s\n  should be %.*s", file, line, about, (int)actual.size,
              actual.at, (int)expected.size, expected.at);
}

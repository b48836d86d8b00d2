/* test_slab.c: records copied into the slab come out as they went in, and memory that was used is used again. */
#include "bridge/io/slab.h"
#include "tests/support/draw.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIB = 1024 * 1024 };

static struct record_view
plain(const char *bytes, size_t size)
{
    return (struct record_view){ .value = { bytes, size }, .timestamp_ms = -1 };
}

static void
expect_same(struct slice a, struct slice b, const char *what)
{
    cr_expect((a.at == NULL) == (b.at == NULL), "%s: absent and empty are told apart", what);
    cr_expect(slice_eq(a, b), "%s: same bytes", what);
}

Test(slab, a_record_comes_out_as_it_went_in_and_owns_its_bytes)
{
    char key[] = "inc-1", value[] = "{\"v\":1}", name[] = "content-type", text[] = "application/json";
    struct header headers[] = {
        { { name, 12 }, { text, 16 } },
        { SLICE("empty"), SLICE("") },
        { SLICE("null"), { NULL, 0 } },
    };
    struct record_view view = { { key, 5 }, { value, 7 }, headers, 3, 1700000000123 };
    struct slab *slab = slab_new(MIB, 10);
    uint32_t handle = slab_put(slab, &view);
    cr_assert_neq(handle, UINT32_MAX);
    memset(key, 'x', 5), memset(value, 'x', 7), memset(name, 'x', 12), memset(text, 'x', 16);

    const struct record_view *got = slab_view(slab, handle);
    cr_expect(slice_is(got->key, "inc-1"));
    cr_expect(slice_is(got->value, "{\"v\":1}"));
    cr_expect_eq(got->timestamp_ms, 1700000000123);
    cr_assert_eq(got->n_headers, 3);
    cr_expect(slice_is(got->headers[0].name, "content-type"));
    cr_expect(slice_is(got->headers[0].value, "application/json"));
    expect_same(got->headers[1].value, SLICE(""), "empty header");
    expect_same(got->headers[2].value, (struct slice){ NULL, 0 }, "null header");
    slab_free(slab);
}

Test(slab, null_and_empty_keys_and_values_are_kept_apart)
{
    const struct slice null = { NULL, 0 }, empty = SLICE("");
    const struct record_view views[] = {
        { .key = null, .value = null },
        { .key = empty, .value = null },
        { .key = null, .value = empty },
        { .key = empty, .value = empty },
    };
    struct slab *slab = slab_new(MIB, 10);
    for (size_t i = 0; i < 4; i++) {
        uint32_t handle = slab_put(slab, &views[i]);
        expect_same(slab_view(slab, handle)->key, views[i].key, "key");
        expect_same(slab_view(slab, handle)->value, views[i].value, "value");
        cr_expect_gt(slab_bytes(slab, handle), 0, "row %zu", i);
    }
    slab_free(slab);
}

Test(slab, what_was_freed_last_is_used_first)
{
    struct slab *slab = slab_new(MIB, 10);
    struct record_view view = plain("0123456789", 10);
    uint32_t a = slab_put(slab, &view), b = slab_put(slab, &view), c = slab_put(slab, &view);
    const char *of_b = slab_view(slab, b)->value.at;
    (void)a, (void)c;
    slab_drop(slab, b);
    uint32_t d = slab_put(slab, &view);
    cr_expect_eq(d, b);
    cr_expect_eq(slab_view(slab, d)->value.at, of_b, "the same memory");
    slab_free(slab);
}

Test(slab, it_says_when_handles_are_short_and_goes_on_after_a_drop)
{
    struct slab *slab = slab_new(MIB, 3);
    struct record_view view = plain("x", 1);
    uint32_t first = slab_put(slab, &view);
    slab_put(slab, &view);
    slab_put(slab, &view);
    cr_expect_eq(slab_put(slab, &view), UINT32_MAX);
    slab_drop(slab, first);
    cr_expect_eq(slab_put(slab, &view), first);
    slab_free(slab);
}

Test(slab, a_record_beyond_the_classes_or_the_pages_has_memory_of_its_own)
{
    char *large = malloc(300 * 1024);
    memset(large, 'L', 300 * 1024);
    struct slab *slab = slab_new(64 * 1024, 100);       /* one page */
    struct record_view view = plain(large, 300 * 1024), page_full = plain(large, 16384);
    uint32_t handle = slab_put(slab, &view);
    cr_expect_eq(slab_bytes(slab, handle), 300 * 1024);
    cr_expect_eq(memcmp(slab_view(slab, handle)->value.at, large, 300 * 1024), 0);
    for (int i = 0; i < 6; i++)
        cr_expect_neq(slab_put(slab, &page_full), UINT32_MAX, "row %d", i);
    cr_expect_eq(slab_used(slab), 300 * 1024 + 6 * 16384);
    slab_drop(slab, handle);
    cr_expect_eq(slab_used(slab), 6 * 16384);
    slab_free(slab);    /* the leak check sees what has memory of its own */
    free(large);
}

Test(slab, an_empty_page_serves_another_size)
{
    static char bytes[16384];
    struct slab *slab = slab_new(64 * 1024, 1000);
    struct record_view small = plain(bytes, 100), large = plain(bytes, 16384);
    uint32_t handles[512];
    for (int i = 0; i < 512; i++)
        handles[i] = slab_put(slab, &small);
    const char *page = slab_view(slab, handles[0])->value.at;
    for (int i = 0; i < 512; i++)
        slab_drop(slab, handles[i]);
    cr_expect_eq(slab_used(slab), 0);
    cr_expect_eq(slab_view(slab, slab_put(slab, &large))->value.at, page, "the page is used again, not new memory");
    slab_free(slab);
}

/* Records of all sizes come and go at random; every byte is checked when it goes. */
Test(slab, nothing_is_mixed_up_over_a_long_life)
{
    enum { SLOTS = 600, STEPS = 60000, LARGEST = 20000 };
    static char bytes[LARGEST + 256];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    struct { uint32_t handle; size_t size; unsigned char from; } held[SLOTS];
    for (int i = 0; i < SLOTS; i++)
        held[i].handle = UINT32_MAX;
    struct slab *slab = slab_new(2 * MIB, SLOTS);
    uint64_t state = 7;
    for (int step = 0; step < STEPS; step++) {
        uint32_t i = draw(&state, SLOTS);
        if (held[i].handle != UINT32_MAX) {
            struct slice value = slab_view(slab, held[i].handle)->value;
            cr_assert_eq(value.size, held[i].size);
            cr_assert_eq(memcmp(value.at, bytes + held[i].from, value.size), 0, "step %d", step);
            slab_drop(slab, held[i].handle);
            held[i].handle = UINT32_MAX;
            continue;
        }
        held[i].from = (unsigned char)draw(&state, 256);
        held[i].size = draw(&state, 100) < 90 ? draw(&state, 2000) : draw(&state, LARGEST);
        struct record_view view = plain(bytes + held[i].from, held[i].size);
        held[i].handle = slab_put(slab, &view);
        cr_assert_neq(held[i].handle, UINT32_MAX);
        cr_assert_geq(slab_bytes(slab, held[i].handle), held[i].size);
    }
    for (int i = 0; i < SLOTS; i++)
        if (held[i].handle != UINT32_MAX)
            slab_drop(slab, held[i].handle);
    cr_expect_eq(slab_used(slab), 0);
    slab_free(slab);
}

static size_t
resident_bytes(void)
{
    size_t total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    cr_assert_eq(fscanf(file, "%zu %zu", &total, &resident), 2);
    fclose(file);
    return resident * 4096;
}

Test(slab, a_large_slab_costs_only_what_is_touched)
{
    static char bytes[480];
    size_t before = resident_bytes();
    struct slab *slab = slab_new((size_t)256 * MIB, 100000);
    struct record_view view = plain(bytes, sizeof bytes);
    for (int i = 0; i < 100000; i++)
        slab_drop(slab, slab_put(slab, &view));
    size_t grown = resident_bytes() - before;
    cr_expect_lt(grown, 4 * MIB, "grown by %zu", grown);
    cr_expect_gt(slab_size((size_t)256 * MIB, 100000), (size_t)256 * MIB);
    slab_free(slab);
}

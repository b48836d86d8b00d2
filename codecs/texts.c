/* texts.c: a bottom-up merge sort over positions. */
#include "codecs/texts.h"

#include "codecs/check.h"

static struct slice
text_at(const struct texts *texts, uint32_t i)
{
    return *(const struct slice *)(const void *)((const char *)texts->first + i * texts->stride);
}

int
text_compare(struct slice a, struct slice b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter ? memcmp(a.at, b.at, shorter) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* Merges the runs [from, middle) and [middle, to) of `in` into `out`. */
static void
merge(const struct texts *texts, const uint16_t *in, uint16_t *out, uint32_t from, uint32_t middle, uint32_t to)
{
    uint32_t left = from, right = middle;
    for (uint32_t i = from; i < to; i++) {
        bool take_left = right >= to
                         || (left < middle && text_compare(text_at(texts, in[left]), text_at(texts, in[right])) <= 0);
        out[i] = take_left ? in[left++] : in[right++];
    }
}

static uint32_t
at_most(uint32_t number, uint32_t ceiling)
{
    return number < ceiling ? number : ceiling;
}

void
texts_sort(const struct texts *texts, uint16_t *order, uint16_t *scratch)
{
    uint32_t n = texts->count;
    check(n <= UINT16_MAX);
    for (uint32_t i = 0; i < n; i++)
        order[i] = (uint16_t)i;
    uint16_t *in = order, *out = scratch;
    for (uint32_t run = 1; run < n; run *= 2) {
        for (uint32_t from = 0; from < n; from += 2 * run)
            merge(texts, in, out, from, at_most(from + run, n), at_most(from + 2 * run, n));
        uint16_t *sorted = out;
        out = in;
        in = sorted;
    }
    if (in != order)
        memcpy(order, in, n * sizeof *order);
}

static bool
few_are_unique(const struct texts *texts)
{
    for (uint32_t i = 1; i < texts->count; i++)
        for (uint32_t j = 0; j < i; j++)
            if (slice_eq(text_at(texts, i), text_at(texts, j)))
                return false;
    return true;
}

bool
texts_are_unique(const struct texts *texts, uint16_t *scratch)
{
    if (texts->count <= TEXTS_FEW)
        return few_are_unique(texts);
    check(scratch);
    texts_sort(texts, scratch, scratch + texts->count);
    for (uint32_t i = 1; i < texts->count; i++)
        if (slice_eq(text_at(texts, scratch[i - 1]), text_at(texts, scratch[i])))
            return false;
    return true;
}

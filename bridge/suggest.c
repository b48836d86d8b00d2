/* suggest.c: optimal string alignment distance, with a bound that grows with the length of the word. */
#include "bridge/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { WORD_BYTES_MAX = 63, FAR = 1000 };

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
    unsigned least_of_two = a < b ? a : b;
    return least_of_two < c ? least_of_two : c;
}

static bool
same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

unsigned
suggest_distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    if (n > WORD_BYTES_MAX || m > WORD_BYTES_MAX)
        return FAR;
    unsigned rows[3][WORD_BYTES_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= m; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            now[j] = least(last[j] + 1, now[j - 1] + 1, last[j - 1] + !same(a[i - 1], b[j - 1]));
            bool swapped = i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]);
            if (swapped && before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        unsigned *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[m];
}

void
suggest_begin(struct suggest *suggest, const char *word)
{
    size_t bound = strlen(word) / 3;
    *suggest = (struct suggest){ .word = word, .distance = (unsigned)(bound < 1 ? 1 : bound > 3 ? 3 : bound) + 1 };
}

void
suggest_offer(struct suggest *suggest, const char *known)
{
    unsigned distance = suggest_distance(suggest->word, known);
    if (distance < suggest->distance) {
        suggest->distance = distance;
        suggest->best = known;
    }
}

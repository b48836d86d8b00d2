/* redis_canary.c: compares the canary that is read with the one that was there before. */
#include "bridge/io/redis_canary.h"

#include <stddef.h>

enum { GENERATION_DIGITS = 16 };

static bool
read_digit(char c, uint64_t base, uint64_t *number)
{
    uint64_t digit;
    if (c >= '0' && c <= '9')
        digit = (uint64_t)(c - '0');
    else if (base == 16 && c >= 'a' && c <= 'f')
        digit = (uint64_t)(c - 'a' + 10);
    else
        return false;
    if (*number > (UINT64_MAX - digit) / base)
        return false;
    *number = *number * base + digit;
    return true;
}

static bool
canary_read(struct slice text, uint64_t *generation, uint64_t *n)
{
    *generation = *n = 0;
    if (text.size <= GENERATION_DIGITS + 1 || text.at[GENERATION_DIGITS] != ':')
        return false;
    for (size_t i = 0; i < GENERATION_DIGITS; i++)
        if (!read_digit(text.at[i], 16, generation))
            return false;
    for (size_t i = GENERATION_DIGITS + 1; i < text.size; i++)
        if (!read_digit(text.at[i], 10, n))
            return false;
    return true;
}

void
canary_wrote(struct canary *canary, struct slice text)
{
    canary->known = canary_read(text, &canary->generation, &canary->n);
    canary->seen |= canary->known;
}

enum canary_sight
canary_see(struct canary *canary, struct slice text)
{
    struct canary before = *canary;
    canary_wrote(canary, text);
    if (!before.known)
        return canary->known || before.seen ? CANARY_ALIVE : CANARY_FRESH;
    if (!canary->known)
        return CANARY_GONE;
    if (canary->generation != before.generation)
        return CANARY_OTHER;
    return canary->n < before.n ? CANARY_OLDER : CANARY_ALIVE;
}

const char *
canary_text(enum canary_sight sight)
{
    switch (sight) {
    case CANARY_ALIVE:
        return "nothing was lost";
    case CANARY_FRESH:
        return "no canary stands there yet";
    case CANARY_GONE:
        return "the canary is gone: it was emptied, or started without its data";
    case CANARY_OTHER:
        return "the canary is of another generation: it was emptied, or is another server";
    case CANARY_OLDER:
        return "the canary went back: an old copy was restored, or a failover lost the newest writes";
    }
    return "";
}

/* forms.c: digits and a unit from a table. */
#include "bridge/forms.h"

#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;
};

/* The digits at the start of `text`; returns what follows, NULL when there is none or it is too large. */
static const char *
digits(const char *text, uint64_t *number)
{
    uint64_t sum = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (sum > (INT64_MAX - digit) / 10)
            return NULL;
        sum = sum * 10 + digit;
    }
    *number = sum;
    return at == text ? NULL : at;
}

static bool
with_unit(const char *text, const struct unit *units, uint64_t *number)
{
    uint64_t count;
    const char *rest = digits(text, &count);
    for (const struct unit *unit = units; rest != NULL && unit->name != NULL; unit++) {
        if (strcmp(rest, unit->name) != 0)
            continue;
        *number = count * unit->factor;
        return count <= INT64_MAX / unit->factor;
    }
    return false;
}

bool
form_count(const char *text, uint64_t *count)
{
    const char *rest = digits(text, count);
    return rest != NULL && *rest == '\0';
}

bool
form_duration(const char *text, int64_t *ms)
{
    static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
    uint64_t number;
    bool ok = with_unit(text, units, &number);
    if (ok)
        *ms = (int64_t)number;
    return ok;
}

bool
form_size(const char *text, uint64_t *bytes)
{
    static const struct unit units[] = {{"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}, {NULL, 0}};
    return with_unit(text, units, bytes);
}

bool
form_rate(const char *text, uint64_t *per_hour)
{
    static const struct unit units[] = { { "/s", 3600 }, { "/m", 60 }, { "/h", 1 }, { NULL, 0 } };
    return with_unit(text, units, per_hour) && *per_hour > 0;
}

bool
form_share(const char *text, double *share)
{
    size_t plain = strspn(text, "0123456789.");
    if (plain == 0 || plain > 20 || strcmp(text, ".") == 0)
        return false;
    char *end;
    double number = strtod(text, &end);
    if (strcmp(end, "%") == 0)
        number /= 100;
    else if (*end != '\0')
        return false;
    *share = number;
    return number >= 0 && number <= 1;
}

bool
form_flag(const char *text, bool *flag)
{
    *flag = strcmp(text, "true") == 0;
    return *flag || strcmp(text, "false") == 0;
}

bool
form_name(const char *text)
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return size > 0 && size <= 64 && text[size] == '\0' && text[0] != '_' && text[0] != '-';
}

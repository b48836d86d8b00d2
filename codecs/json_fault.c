/* json_fault.c: a second look at a text that could not be read. */
#include "codecs/json_fault.h"

#include "codecs/limits.h"
#include "codecs/utf8.h"

#include <stdint.h>
#include <strings.h>

bool
json_is_too_deep(struct slice text)
{
    bool in_string = false;
    size_t depth = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (c == '"')
            in_string = !in_string;
        else if (in_string)
            i += c == '\\';
        else if (c == '[' || c == '{') {
            if (++depth > DEPTH_MAX)
                return true;
        } else if ((c == ']' || c == '}') && depth > 0)
            depth--;
    }
    return false;
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The unit of a \uxxxx escape at `place`, or -1. */
static int32_t
escaped_unit(struct slice text, size_t place)
{
    if (text.size < 6 || place > text.size - 6 || text.at[place] != '\\' || text.at[place + 1] != 'u')
        return -1;
    int32_t unit = 0;
    for (size_t i = place + 2; i < place + 6; i++) {
        int digit = hex_digit(text.at[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static bool
has_lone_surrogate(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] != '\\')
            continue;
        int32_t unit = escaped_unit(text, i);
        if (unit >= 0xd800 && unit <= 0xdfff) {
            int32_t low = escaped_unit(text, i + 6);
            if (unit >= 0xdc00 || low < 0xdc00 || low > 0xdfff)
                return true;
            i += 6;
        }
        i += unit < 0 ? 1 : 5;
    }
    return false;
}

bool
json_has_bad_text(struct slice text)
{
    return !utf8_valid(text) || has_lone_surrogate(text);
}

static bool
starts_with(struct slice text, size_t place, const char *word)
{
    size_t size = strlen(word);
    return place <= text.size && text.size - place >= size && strncasecmp(text.at + place, word, size) == 0;
}

bool
json_is_no_number(struct slice text, size_t place)
{
    if (place > 0 && place <= text.size && text.at[place - 1] == '-')
        place--;
    if (place < text.size && text.at[place] == '-')
        place++;
    return starts_with(text, place, "nan") || starts_with(text, place, "inf");
}

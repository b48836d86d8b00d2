/* media_type.c: content types by name, or by the first byte. */
#include "codecs/media_type.h"

#include <strings.h>

static const struct {
    const char *name;
    enum media_type type;
} types[] = {
    { "application/json", MEDIA_JSON },
    { "text/json", MEDIA_JSON },
    { "application/msgpack", MEDIA_MSGPACK },
    { "application/x-msgpack", MEDIA_MSGPACK },
    { "application/vnd.msgpack", MEDIA_MSGPACK },
    { "application/cloudevents+json", MEDIA_CLOUDEVENT },
    { "application/cloudevents-batch+json", MEDIA_CLOUDEVENT_BATCH },
};

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct slice
without_parameters(struct slice text)
{
    if (!text.at)
        return text;
    const char *semicolon = memchr(text.at, ';', text.size);
    if (semicolon)
        text.size = (size_t)(semicolon - text.at);
    while (text.size && is_blank(text.at[0])) {
        text.at++;
        text.size--;
    }
    while (text.size && is_blank(text.at[text.size - 1]))
        text.size--;
    return text;
}

static bool
is_same(struct slice text, const char *name)
{
    return text.size == strlen(name) && strncasecmp(text.at, name, text.size) == 0;
}

enum media_type
media_type_of(struct slice content_type)
{
    const size_t suffix = sizeof "+json" - 1;
    struct slice name = without_parameters(content_type);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (is_same(name, types[i].name))
            return types[i].type;
    if (name.size > suffix && is_same((struct slice){ name.at + name.size - suffix, suffix }, "+json"))
        return MEDIA_JSON;
    return MEDIA_OTHER;
}

enum media_type
media_type_guess(struct slice bytes)
{
    if (bytes.size == 0)
        return MEDIA_OTHER;
    unsigned char first = (unsigned char)bytes.at[0];
    if (first == '{' || first == '[' || first == ' ' || first == '\t' || first == '\r' || first == '\n')
        return MEDIA_JSON;
    return (first >= 0x80 && first <= 0x9f) || (first >= 0xdc && first <= 0xdf) ? MEDIA_MSGPACK : MEDIA_OTHER;
}

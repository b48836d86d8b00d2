/* headers.c: known headers of a record. */
#include "codecs/headers.h"

#include "codecs/limits.h"
#include "codecs/utf8.h"

#include <strings.h>

#define NAME(text) { text, sizeof(text) - 1 }

static const struct slice names[HEADER_COUNT] = {
    [HEADER_CONTENT_TYPE] = NAME("content-type"),
    [HEADER_TRACEPARENT] = NAME("traceparent"),
    [HEADER_CE_SPECVERSION] = NAME("ce_specversion"),
    [HEADER_CE_ID] = NAME("ce_id"),
    [HEADER_CE_SOURCE] = NAME("ce_source"),
    [HEADER_CE_TYPE] = NAME("ce_type"),
    [HEADER_CE_TIME] = NAME("ce_time"),
    [HEADER_CE_TRACEPARENT] = NAME("ce_traceparent"),
};

const char *
header_name(enum known_header header)
{
    return names[header].at;
}

static void
note(struct known_headers *headers, int header, struct slice value)
{
    bool first = headers->states[header] == HEADER_ABSENT;
    bool readable = value.at && utf8_valid(value) && (value.size == 0 || !memchr(value.at, '\0', value.size));
    headers->states[header] = !first ? HEADER_REPEATED : readable ? HEADER_PRESENT : HEADER_UNREADABLE;
    headers->values[header] = first && readable ? value : (struct slice){ 0 };
}

void
headers_find(struct known_headers *headers, const struct record_view *record)
{
    *headers = (struct known_headers){ 0 };
    uint32_t n = record->n_headers < HEADERS_MAX ? record->n_headers : HEADERS_MAX;
    for (uint32_t i = 0; i < n; i++) {
        struct slice name = record->headers[i].name;
        for (int known = 0; known < HEADER_COUNT; known++)
            if (name.size == names[known].size && (name.at[0] | 0x20) == names[known].at[0] &&
                strncasecmp(name.at, names[known].at, name.size) == 0)
                note(headers, known, record->headers[i].value);
    }
}

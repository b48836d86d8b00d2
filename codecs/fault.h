/* fault.h: why an input was refused. The list is closed: the dead letter's reason is `bad_input.<name>`,
 * and metrics use it as a label. */
#ifndef CODECS_FAULT_H
#define CODECS_FAULT_H

/*    constant              name             what a person should know */
#define FAULTS(X) \
    X(FAULT_EMPTY,          "empty",         "the record has no value")                                                  \
    X(FAULT_TOO_BIG,        "too_big",       "the record is above limits.record_bytes")                                  \
    X(FAULT_FORMAT,         "format",        "the record is neither JSON, MessagePack nor a CloudEvent of this source")  \
    X(FAULT_SYNTAX,         "syntax",        "the bytes are not well-formed in their format")                            \
    X(FAULT_TRAILING,       "trailing",      "bytes follow after the value")                                             \
    X(FAULT_UTF8,           "utf8",          "a text is not valid UTF-8, or holds U+0000")                               \
    X(FAULT_DEPTH,          "depth",         "nested deeper than 32")                                                    \
    X(FAULT_NODES,          "nodes",         "more than 16,384 values, or more than 1,000 events")                       \
    X(FAULT_KEY,            "key",           "a member's name is empty, no text, or over 256 bytes")                     \
    X(FAULT_DUPLICATE_KEY,  "duplicate_key", "an object names a member twice")                                           \
    X(FAULT_STRING,         "string",        "a text is over 64 KiB")                                                    \
    X(FAULT_NUMBER,         "number",        "a number is NaN, infinite, or not exact")                                  \
    X(FAULT_TYPE,           "type",          "a MessagePack type that an event cannot have (binary, extension)")         \
    X(FAULT_SCHEMA,         "schema",        "the event does not satisfy its schema")                                    \
    X(FAULT_ID,             "id",            "the id is missing or not 1 to 128 printable ASCII characters")             \
    X(FAULT_KIND,           "kind",          "the kind is missing or unknown")                                           \
    X(FAULT_VERSION,        "version",       "the event's v is not 1")                                                   \
    X(FAULT_URL,            "url",           "the url may not be shown: scheme, userinfo, control or bidi characters")   \
    X(FAULT_CLOUDEVENT,     "cloudevent",    "a CloudEvents attribute is missing or wrong")                              \
    X(FAULT_HEADERS,        "headers",       "a header that decides the format appears twice or is unreadable")

enum fault {
    FAULT_NONE,
#define FAULT_ENUM(constant, name, text) constant,
    FAULTS(FAULT_ENUM)
#undef FAULT_ENUM
    FAULT_COUNT,
};

const char *fault_name(enum fault);    /* "syntax"; "none" for FAULT_NONE */
const char *fault_text(enum fault);

#endif
